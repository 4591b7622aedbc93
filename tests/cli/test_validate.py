"""validate shows the same in every format, and no text of a file can be a command to its reader."""

import json
import os
import pty
import re
from urllib.parse import unquote, urlsplit

import click
import pytest

from tr_apply.cli import run
from tr_apply.config.rules import RULES
from tr_apply.findings import Finding, Severity
from tr_apply.lint import rules
from tr_apply.report.github import annotations
from tr_apply.report.sarif import sarif

COMMAND = re.compile(r"::(error|warning|notice)(?: ([^:]*))?::(.*)\Z")

# An error, a warning and an info, each at a place that is known.
THREE = """\
workspace: {name: X}
task_queues:
  - {name: A, max_reserved_workers: 99}
workflows:
  - name: W
    assignment_callback_url: not-a-url
    filters:
      - expression: 1==1
        targets: [{queue: A, timeout: 5}]
"""

HOSTILE_NAMES = ["50%25,line=1:col=2 ::error::x.yaml", "two\nlines.yaml", "bell\x07\r.yaml", "späße #1?.yaml"]


@pytest.fixture(autouse=True)
def _elsewhere(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GITHUB_WORKSPACE", raising=False)


@pytest.fixture
def three(tmp_path):
    (tmp_path / "w.yaml").write_text(THREE)
    return "w.yaml"


@pytest.fixture
def validated(capsys):
    """Exit code, stdout and stderr of the command."""

    def validate(*arguments):
        code = run(["validate", *arguments])
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return validate


def parsed(line):
    """A workflow command as GitHub's runner reads it."""
    command, properties, message = COMMAND.match(line).groups()
    pairs = dict(pair.split("=", 1) for pair in (properties or "").split(",") if pair)
    return command, {key: unquote(value) for key, value in pairs.items()}, unquote(message)


def results(text):
    [run] = json.loads(text)["runs"]
    return run["results"]


def place(result):
    [location] = result["locations"]
    region = location["physicalLocation"]["region"]
    return location["physicalLocation"]["artifactLocation"]["uri"], region["startLine"], region["startColumn"]


# The same in every format


def test_every_format_shows_the_same_findings(validated, three):
    _, text, summary = validated(three)
    _, document, _ = validated(three, "--format", "json")
    _, commands, _ = validated(three, "--format", "github")
    _, log, _ = validated(three, "--format", "sarif")

    found = [(d["severity"], d["line"], d["column"], d["code"]) for d in json.loads(document)["diagnostics"]]
    levels = {"notice": "info", "note": "info"}
    assert {severity for severity, *_ in found} == {"error", "warning", "info"}
    lines = [re.match(r"w\.yaml:(\d+):(\d+): (\w+): .*\[([a-z-]+)\]", line).groups() for line in text.splitlines()]
    assert [(severity, int(line), int(column), code) for line, column, severity, code in lines] == found
    annotated = [parsed(line) for line in commands.splitlines()]
    assert [
        (levels.get(command, command), int(p["line"]), int(p["col"]), re.search(r"\[([a-z-]+)\]", message)[1])
        for command, p, message in annotated
    ] == found
    assert [
        (levels.get(r["level"], r["level"]), *place(r)[1:], r["ruleId"]) for r in results(log)
    ] == found  # fmt: skip
    assert summary.splitlines()[-1].startswith("1 error, ")


def test_an_annotation_is_a_workflow_command_with_its_place_first(validated, three):
    _, commands, _ = validated(three, "--format", "github")

    assert commands.startswith("::error file=w.yaml,line=3,col=37::must be at most 50, found 99 [out-of-range]")


@pytest.mark.parametrize("format_name", ["text", "json", "github", "sarif"])
@pytest.mark.parametrize(("fail_on", "code"), [("error", 0), ("warning", 3)])
def test_fail_on_warning_makes_a_warning_fatal_in_every_format(validated, tmp_path, format_name, fail_on, code):
    (tmp_path / "w.yaml").write_text("workspace: {name: X, event_callback_url: nowhere}\n")

    exit_code, out, _ = validated("w.yaml", "--format", format_name, "--fail-on", fail_on)

    assert exit_code == code
    assert "invalid-url" in out
    if format_name in {"json", "sarif"}:
        assert f'{"exit_code" if format_name == "json" else "exitCode"}": {code}' in out


@pytest.mark.parametrize(
    ("numbers", "told"),
    [
        ((0, 0, 1), "1 info"),
        ((0, 0, 2), "2 infos"),
        ((2, 1, 0), "2 errors, 1 warning"),
        ((1, 2, 0), "1 error, 2 warnings"),
    ],
)
def test_the_summary_counts_in_plain_english(validated, tmp_path, numbers, told):
    errors, warnings, infos = numbers
    urls = "".join(
        f"    {key}: nowhere\n" for key in ("assignment_callback_url", "fallback_assignment_callback_url")[:warnings]
    )
    workflows = "workflows:\n  - name: W\n" + urls + "    default_filter: {queue: Q0}\n"
    queues = "task_queues:\n" + "".join(f"  - {{name: Q{n}}}\n" for n in range(infos + 1))
    extra = "".join(f"unknown{n}: 1\n" for n in range(errors))
    (tmp_path / "w.yaml").write_text("workspace: {name: X}\n" + queues + workflows + extra)

    _, _, summary = validated("w.yaml")

    assert summary == f"{told}\n"


def test_the_absence_of_findings_is_reported_on_stderr(validated, tmp_path):
    (tmp_path / "w.yaml").write_text("workspace: {name: X}\n")

    assert validated("w.yaml") == (0, "", "w.yaml: valid\n")
    assert validated("w.yaml", "--format", "github") == (0, "", "w.yaml: valid\n")
    assert results(validated("w.yaml", "--format", "sarif")[1]) == []


# Routing tests


TESTS = """\
tests:
  - {name: one, workflow: W, task: {}, expect: {default_filter: true}}
  - {name: two, workflow: Nobody, task: {}, expect: {default_filter: true}}
"""


@pytest.mark.usefixtures("three")
def test_a_file_of_routing_tests_is_checked_by_itself(validated, tmp_path):
    (tmp_path / "w.test.yaml").write_text(TESTS)
    (tmp_path / "other.test.yaml").write_text("tests: 1\n")

    code, text, summary = validated("w.test.yaml")

    assert code == 3
    [line] = text.splitlines()
    assert line.startswith("w.test.yaml:3:27: error: ")
    assert summary == "1 error\n"


def test_a_file_of_routing_tests_that_is_right_is_valid(validated, tmp_path):
    folder = tmp_path / "taskrouter"
    folder.mkdir()
    (folder / "w.yaml").write_text(THREE.replace("max_reserved_workers: 99", "max_reserved_workers: 9"))
    (folder / "w.test.yaml").write_text(TESTS.replace("Nobody", "W"))

    assert validated("taskrouter/w.test.yaml") == (0, "", "taskrouter/w.test.yaml: valid\n")


def test_a_folder_is_checked_with_its_routing_tests(validated, tmp_path):
    folder = tmp_path / "taskrouter"
    (folder / "tests").mkdir(parents=True)
    (folder / "w.yaml").write_text(THREE.replace("max_reserved_workers: 99", "max_reserved_workers: 9"))
    (folder / "tests" / "w.test.yaml").write_text(TESTS)

    code, text, _ = validated("taskrouter")

    assert code == 3
    assert [line for line in text.splitlines() if ": error: " in line] == [
        (
            "taskrouter/tests/w.test.yaml:3:27: error: there is no workflow 'Nobody'; it must be declared in "
            "`workflows` [unknown-reference] (tests[1].workflow)"
        )
    ]
    for format_name in ("json", "github", "sarif"):
        assert "taskrouter/tests/w.test.yaml" in validated("taskrouter", "--format", format_name)[1]


def test_a_file_of_routing_tests_below_a_given_folder_is_checked_once(validated, tmp_path):
    (tmp_path / "w.yaml").write_text(THREE.replace("max_reserved_workers: 99", "max_reserved_workers: 9"))
    (tmp_path / "w.test.yaml").write_text(TESTS)

    _, text, _ = validated(".", "w.test.yaml")

    assert text.count("w.test.yaml:3:27: error: ") == 1


def test_routing_tests_are_not_held_against_a_configuration_that_could_not_be_read(validated, tmp_path):
    (tmp_path / "w.yaml").write_text(THREE.replace("workflows:", "workflow:"))
    (tmp_path / "w.test.yaml").write_text(TESTS)

    code, text, _ = validated(".")

    assert code == 3
    assert "w.test.yaml" not in text


def test_a_folder_without_routing_tests_is_valid(validated, tmp_path):
    (tmp_path / "w.yaml").write_text("workspace: {name: X}\n")

    assert validated(".") == (0, "", ".: valid\n")


# Hostile names


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_a_hostile_name_of_a_file_stays_a_name(validated, tmp_path, name):
    (tmp_path / name).write_text("workspace: {name: X}\nnonsense: 1\n")

    _, text, _ = validated(name)
    _, commands, _ = validated(name, "--format", "github")
    _, log, _ = validated(name, "--format", "sarif")

    [line] = text.splitlines()
    assert line.isprintable()
    [command] = commands.split("\n")[:-1]
    assert "\r" not in command
    assert parsed(command)[:2] == ("error", {"file": name, "line": "2", "col": "1"})
    [result] = results(log)
    assert unquote(place(result)[0]) == name
    parts = urlsplit(place(result)[0])
    assert (parts.scheme, parts.netloc, parts.query, parts.fragment) == ("", "", "", "")


def test_a_hostile_key_ends_neither_the_command_nor_the_line(validated, tmp_path):
    (tmp_path / "w.yaml").write_text('workspace: {name: X}\n"a\\n::stop-commands::x\\e[2J%0A": 1\n')

    _, commands, _ = validated("w.yaml", "--format", "github")

    [command] = commands.splitlines()
    kind, properties, message = parsed(command)
    assert (kind, properties["line"]) == ("error", "2")
    assert message.isprintable()
    assert "%250A" in command


def test_a_name_of_bytes_that_are_not_text_is_escaped(validated, tmp_path):
    path = tmp_path / "configuration"
    path.mkdir()
    try:
        (path / b"\xff.yaml".decode("utf-8", "surrogateescape")).write_text("nonsense: 1\n")
    except OSError:
        pytest.skip("this file system holds names of text only")

    _, log, _ = validated(str(path), "--format", "sarif")

    assert {unquote(place(result)[0]).rpartition("/")[2] for result in results(log)} == {r"\xff.yaml"}


# Where files are, for GitHub


@pytest.mark.parametrize("written", ["w.yaml", "../team/w.yaml", "{absolute}"])
def test_in_a_workflow_files_are_named_from_the_repository(validated, tmp_path, monkeypatch, written):
    folder = tmp_path / "team"
    folder.mkdir()
    (folder / "w.yaml").write_text(THREE)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("GITHUB_WORKSPACE", str(tmp_path))
    path = written.format(absolute=folder / "w.yaml")

    _, commands, _ = validated(path, "--format", "github")
    _, log, _ = validated(path, "--format", "sarif")

    assert {parsed(line)[1]["file"] for line in commands.splitlines()} == {"team/w.yaml"}
    assert {place(result)[0] for result in results(log)} == {"team/w.yaml"}


def test_a_file_outside_of_the_repository_keeps_its_name(validated, tmp_path, monkeypatch, three):
    monkeypatch.setenv("GITHUB_WORKSPACE", str(tmp_path / "elsewhere"))

    _, commands, _ = validated(three, "--format", "github")
    _, log, _ = validated(str(tmp_path / three), "--format", "sarif")

    assert parsed(commands.splitlines()[0])[1]["file"] == three
    assert place(results(log)[0])[0] == (tmp_path / three).as_uri()


# SARIF


def test_the_log_has_every_rule_once_and_every_result_leads_to_its_own(validated, three):
    _, text, _ = validated(three, "--format", "sarif")

    log = json.loads(text)
    [found] = log["runs"]
    described = found["tool"]["driver"]["rules"]
    ids = [rule["id"] for rule in described]
    assert log["version"] == "2.1.0"
    assert len(ids) == len(set(ids))
    assert set(ids) == {rule.code for rule in (*RULES, *rules())}
    assert all(rule["shortDescription"]["text"] for rule in described)
    assert [ids[result["ruleIndex"]] for result in found["results"]] == [r["ruleId"] for r in found["results"]]
    assert found["invocations"] == [{"executionSuccessful": True, "exitCode": 3}]


def test_an_accepted_finding_is_suppressed_in_the_log_and_shown_nowhere_else(validated, tmp_path):
    (tmp_path / "w.yaml").write_text(
        "lint: {accept: [{code: empty-workflow, in: workflow/W, because: built next week}]}\n"
        "workspace: {name: X}\nworkflows: [{name: W}]\n"
    )

    assert [validated("w.yaml", "--format", name, "--fail-on", "warning")[:2] for name in ("text", "github")] == [
        (0, ""),
        (0, ""),
    ]
    [result] = results(validated("w.yaml", "--format", "sarif")[1])
    assert result["ruleId"] == "empty-workflow"
    assert result["suppressions"] == [{"kind": "inSource", "justification": "built next week"}]


def test_a_finding_without_a_place_or_a_known_code_is_shown_all_the_same():
    finding = Finding(Severity.WARNING, "brand-new", "something")
    half = Finding(Severity.ERROR, "brand-new", "in a file", "a.yaml")
    column = Finding(Severity.ERROR, "brand-new", "in a line", "a.yaml", 3)

    log = json.loads(sarif([finding, half, column], exit_code=0))

    assert (
        annotations([finding, half]) == "::warning::something [brand-new]\n::error file=a.yaml::in a file [brand-new]\n"
    )
    [first, second, third] = log["runs"][0]["results"]
    assert first["locations"] == []
    assert second["locations"] == [{"physicalLocation": {"artifactLocation": {"uri": "a.yaml"}}}]
    assert third["locations"][0]["physicalLocation"]["region"] == {"startLine": 3}
    assert log["runs"][0]["tool"]["driver"]["rules"][first["ruleIndex"]]["id"] == "brand-new"


def test_brackets_in_a_message_make_no_link():
    text = sarif([Finding(Severity.ERROR, "empty", "see [here](https://evil.example)")], exit_code=3)

    assert json.loads(text)["runs"][0]["results"][0]["message"]["text"] == r"see \[here\](https://evil.example)"


def test_half_a_surrogate_pair_is_shown_as_an_escape():
    text = sarif([Finding(Severity.ERROR, "empty", "\ud800", "\ud800.yaml", 1, 1)], exit_code=3)

    assert json.loads(text.encode())["runs"][0]["results"][0]["message"]["text"] == "\\ud800"


# On a terminal


SENSITIVE = """
workspace: {name: X}
manage: {workers: {sensitive: [attributes.phone]}}
workers:
  - {name: ann, attributes: {phone: "+15550001111", a-b: 1}, activty: Here}
"""


@pytest.fixture
def on_terminal(forking):
    """The output of ``validate`` on a terminal."""

    def validated(*arguments, **environment):
        controller, terminal = pty.openpty()
        variables = {**os.environ, "COLUMNS": "60", "TERM": "xterm", **environment}
        variables = {key: value for key, value in variables.items() if value is not None}
        process = forking.start("as_installed", ["validate", *arguments], environment=variables, screen=terminal)
        os.close(terminal)
        seen = b""
        while chunk := _read(controller):
            seen += chunk
        process.communicate(60)
        os.close(controller)
        return seen.decode().replace("\r\n", "\n")

    return validated


def _read(controller):
    try:
        return os.read(controller, 65536)
    except OSError:  # how Linux says that nobody writes any more
        return b""


def test_a_terminal_shows_the_line_with_a_mark_and_colours(on_terminal, three):
    text = on_terminal(three, NO_COLOR=None)

    assert "\x1b[31m" in text
    lines = click.unstyle(text).splitlines()
    first = lines.index("    3 |   - {name: A, max_reserved_workers: 99}")
    assert lines[first + 1].index("^") == lines[first].index("99")
    assert all(len(line) <= 60 or line.startswith("w.yaml:") for line in lines)


def test_no_color_leaves_the_line_and_the_mark(on_terminal, three):
    text = on_terminal(three, NO_COLOR="1")

    assert "\x1b" not in text
    assert "^" in text


def test_a_line_with_something_sensitive_is_not_shown(on_terminal, tmp_path):
    (tmp_path / "s.yaml").write_text(SENSITIVE)

    text = on_terminal("s.yaml", NO_COLOR="1")

    assert "s.yaml:5:" in text
    assert "0001111" not in text


# Findings about several places


def test_sarif_points_at_the_filter_to_blame_too(validated, tmp_path):
    (tmp_path / "w.yaml").write_text(
        "workspace: {name: X}\n"
        "task_queues: [{name: Q}]\n"
        "workflows:\n"
        "  - name: W\n"
        "    filters:\n"
        "      - {name: Digital, expression: \"k IN ['web', 'sms']\", targets: [{queue: Q}]}\n"
        "      - {expression: \"k == 'sms'\", targets: [{queue: Q}]}\n"
        "    default_filter: {queue: Q}\n",
        encoding="utf-8",
    )

    [result] = results(validated("w.yaml", "--format", "sarif")[1])

    assert (result["ruleId"], place(result)[1:]) == ("unreachable-filter", (7, 22))
    [related] = result["relatedLocations"]
    region = related["physicalLocation"]["region"]
    assert (region["startLine"], region["startColumn"]) == (6, 37)
    assert related["message"]["text"] == "filter 1 (Digital)"
    assert related["logicalLocations"] == [{"fullyQualifiedName": "workflows[0].filters[0].expression"}]


def test_an_example_task_never_quotes_a_secret(validated, tmp_path, monkeypatch):
    monkeypatch.setenv("TR_SECRET_PIN", 'a"1')
    (tmp_path / "w.yaml").write_text(
        "workspace: {name: X}\n"
        "task_queues: [{name: Q}]\n"
        "workflows:\n"
        "  - name: W\n"
        "    filters:\n"
        "      - {expression: \"pin == '${PIN}' OR k == 1\", targets: [{queue: Q}]}\n"
        "      - {expression: \"k == 1 OR pin IN ['${PIN}']\", targets: [{queue: Q}]}\n"
        "    default_filter: {queue: Q}\n",
        encoding="utf-8",
    )

    for format_name in ("text", "json", "sarif", "github"):
        _, printed, _ = validated("w.yaml", "--format", format_name)

        assert "unreachable-filter" in printed
        assert not re.search(r"a\W+1\b", printed)
