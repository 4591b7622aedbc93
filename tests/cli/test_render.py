"""``tr-apply render``: the configuration that a run would use, readable again, without what must not be shown."""

import json
from pathlib import Path

import pytest

from tests.closed_schema import not_described
from tests.yaml_files import TEXTS, content_of
from tr_apply.cli import run
from tr_apply.config.load import Inputs, load
from tr_apply.export import yaml_text
from tr_apply.findings import errors_of
from tr_apply.rendering import rendered

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
CASES = content_of(ROOT / "tests" / "config" / "cases.yaml", TEXTS)

WORKSPACE = """\
vars: {domain: example.com, most: "5"}
workspace:
  name: Center $${literal}
  event_callback_url: https://${domain}/events
activities: [{name: Offline}, {name: Here, available: true}]
task_queues:
  - {name: "Gold ${domain}", max_reserved_workers: "${most}", renamed_from: ["Old $${x}"]}
workflows:
  - name: Incoming
    assignment_callback_url: "https://${domain}/assign?token=hush"
    filters:
      - {name: VIP, expression: "tier == '${tier:-gold}'", targets: [{queue: "Gold ${domain}", timeout: 30}]}
      - {expression: "secret == 'hush'", targets: [{queue: "Gold ${domain}"}]}
workers:
  - {name: ann, attributes: {agent: "${sid:worker/ann}", phone: hush, pay: {level: 3}, tags: [a, b]}}
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def shown(folder, capsys):
    """The one configuration of a document, and its exit code."""

    def render(text, *options):
        (folder / "w.yaml").write_text(text)
        code = run(["render", "w.yaml", "--format", "json", *options])
        document = json.loads(capsys.readouterr().out)
        assert not_described(document) == []
        assert (document["command"], document["exit_code"], document["errors"]) == ("render", code, [])
        [each] = document["configurations"]
        assert (code, each["path"]) == (0, "w.yaml")
        return each["configuration"]

    return render


def test_variables_are_put_in_and_their_sections_left_out(shown):
    content = shown(WORKSPACE, "--var", "tier=platinum")

    assert "vars" not in content
    assert content["workspace"]["event_callback_url"] == "https://example.com/events"
    assert content["workflows"][0]["filters"][0]["expression"] == "tier == 'platinum'"
    assert content["task_queues"] == [
        {"name": "Gold example.com", "renamed_from": ["Old $${x}"], "max_reserved_workers": 5}
    ]


def test_sids_to_fill_in_and_literal_text_stay_as_a_file_writes_them(shown):
    content = shown(WORKSPACE)

    assert content["workspace"]["name"] == "Center $${literal}"
    assert content["workers"][0]["attributes"]["agent"] == "${sid:worker/ann}"


def test_only_written_keys_are_shown(shown):
    assert shown("workspace: {name: W}\ntask_queues: [{name: Q}]\nactivities: []\n") == {
        "workspace": {"name": "W"},
        "activities": [],
        "task_queues": [{"name": "Q"}],
    }


def test_an_overlay_is_laid_over(shown, folder):
    (folder / "staging.yaml").write_text("workspace: {name: Staging}\nworkers: [{name: ann, delete: true}]\n")

    content = shown(WORKSPACE, "--overlay", "staging.yaml")

    assert (content["workspace"]["name"], content["workers"]) == ("Staging", [])


def test_workers_of_a_table_are_a_list(shown, folder):
    (folder / "agents.csv").write_text("name,attributes.level\nzoe,3\n")

    content = shown("workspace: {name: W}\nworkers: {csv: agents.csv}\n")

    assert content["workers"] == [{"name": "zoe", "attributes": {"level": 3}}]


SECRETS = """\
manage:
  workspace: {sensitive: [event_callback_url]}
  workflows: {sensitive: [assignment_callback_url, "filters[*].expression"]}
  workers: {sensitive: [attributes.phone, attributes.pay]}
"""


def test_a_value_declared_sensitive_is_hidden(shown):
    content = shown(WORKSPACE + SECRETS)

    hidden = "(sensitive)"
    [workflow] = content["workflows"]
    assert content["workspace"]["event_callback_url"] == hidden
    assert workflow["assignment_callback_url"] == hidden
    assert [each["expression"] for each in workflow["filters"]] == [hidden, hidden]
    assert workflow["filters"][0]["targets"] == [{"queue": "Gold example.com", "timeout": 30}]
    assert content["workers"][0]["attributes"] == {
        "agent": "${sid:worker/ann}", "phone": hidden, "pay": hidden, "tags": ["a", "b"],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("pattern", "hidden"),
    [("filters[VIP].expression", [True, False]), ("filters[#2].expression", [False, True]), ("filters", None)],
)
def test_a_filter_is_hidden_by_its_name_or_its_number(shown, pattern, hidden):
    [workflow] = shown(f"{WORKSPACE}manage: {{workflows: {{sensitive: ['{pattern}']}}}}\n")["workflows"]

    if hidden is None:
        assert workflow["filters"] == "(sensitive)"
    else:
        assert [each["expression"] == "(sensitive)" for each in workflow["filters"]] == hidden


@pytest.mark.parametrize("format_name", ["yaml", "json"])
def test_a_secret_is_in_no_format(folder, capsys, format_name):
    (folder / "w.yaml").write_text(WORKSPACE + SECRETS)

    assert run(["render", "w.yaml", "--format", format_name]) == 0

    captured = capsys.readouterr()
    assert "hush" not in captured.out + captured.err


def without_variables(document):
    return document.model_copy(update={"vars": {}, "variables": {}})


def read_again(configuration, folder):
    """The document of the rendered text, as YAML and as JSON."""
    content = rendered(configuration).configuration
    for name, text in (("again.yaml", yaml_text(content)), ("again.json.yaml", json.dumps(content))):
        (folder / name).write_text(text, encoding="utf-8")
        again = load(folder / name)
        assert errors_of(again.diagnostics) == ()
        yield again.document


@pytest.mark.parametrize("path", [EXAMPLES / "minimal.yaml", EXAMPLES / "support-center"], ids=lambda path: path.name)
def test_the_rendered_text_is_the_same_configuration(tmp_path, path):
    configuration = load(path)

    for again in read_again(configuration, tmp_path):
        assert again == without_variables(configuration.document)


def test_every_valid_case_of_the_loader_is_rendered_as_the_same_configuration(folder):
    tried = 0
    for case in CASES:
        if "text" not in case or "overlays" in case:
            continue
        (folder / "agents.csv").write_text("name\nalice\n")
        (folder / "c.yaml").write_text(case["text"], encoding="utf-8", newline="")
        inputs = Inputs(**{key: case[key] for key in ("given", "environment") if key in case})
        configuration = load(Path("c.yaml"), inputs)
        if errors_of(configuration.diagnostics) or any(
            configuration.document.sensitive(section)
            for section in ("workspace", "activities", "task_channels", "task_queues", "workflows", "workers")
        ):
            continue
        tried += 1
        for again in read_again(configuration, folder):
            assert again == without_variables(configuration.document), case["name"]
    assert tried > 20


def test_several_paths_are_several_documents(folder, capsys):
    for name in ("one", "two"):
        (folder / f"{name}.yaml").write_text(f"workspace: {{name: {name}}}\n")

    assert run(["render", "one.yaml", "two.yaml"]) == 0

    text = capsys.readouterr().out
    assert text == "---\n# one.yaml\nworkspace:\n  name: one\n---\n# two.yaml\nworkspace:\n  name: two\n"


@pytest.mark.parametrize("format_name", ["yaml", "json"])
def test_a_broken_path_does_not_stop_the_others(folder, capsys, format_name):
    (folder / "one.yaml").write_text("workspace: {nam: one}\n")
    (folder / "two.yaml").write_text("workspace: {name: two}\n")

    code = run(["render", "one.yaml", "two.yaml", "--format", format_name])

    captured = capsys.readouterr()
    assert code == 3
    if format_name == "yaml":
        assert captured.out == "workspace:\n  name: two\n"
        assert "one.yaml:1:13: error: " in captured.err
    else:
        document = json.loads(captured.out)
        assert [each["path"] for each in document["configurations"]] == ["two.yaml"]
        assert {each["file"] for each in document["errors"]} == {"one.yaml"}


def test_a_path_that_does_not_exist_is_a_usage_error(folder):
    assert run(["render", str(folder / "nowhere.yaml")]) == 64
