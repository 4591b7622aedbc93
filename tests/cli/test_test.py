"""``tr-apply test``: routing tests pass or fail for reasons that a reader can follow."""

import json
import os
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from tests.closed_schema import not_described
from tr_apply.cli import run
from tr_apply.manual import page

WORKSPACE = """\
workspace: {name: Center}
vars: {spanish: es}
task_queues:
  - {name: Everyone}
  - {name: Gold, target_workers: "level >= 3"}
  - {name: Unused, target_workers: "1==0"}
workflows:
  - name: Incoming
    filters:
      - name: Gold tickets
        expression: "customer_value == 'Gold' AND type == 'ticket'"
        targets:
          - {queue: Gold, priority: 10, timeout: 60}
          - {queue: Everyone}
      - expression: "type == 'unnamed'"
        targets: [{queue: Everyone, timeout: 30}]
      - name: Mine
        expression: "agent == '${sid:worker/bob}'"
        targets: [{queue: Everyone, known_worker_sid: task.agent}]
    default_filter: {queue: Everyone}
  - name: Strict
    filters:
      - {name: One, expression: "a == 1", targets: [{queue: Gold, timeout: 30}]}
workers:
  - {name: alice, attributes: {level: 3}}
  - {name: bob, attributes: {level: 1}, activity: Offline}
activities: [{name: Offline}, {name: Here, available: true}]
"""

CONTRACT = """\
tests:
  - name: Gold tickets try Gold for a minute, then everyone
    workflow: Incoming
    task: {customer_value: Gold, type: ticket, language: es}
    available: [alice, bob]              # default: every declared worker
    expect:
      filter: Gold tickets               # or default_filter: true, or unrouted: true
      steps:
        - {queue: Gold, priority: 10, timeout: 60, eligible: [alice]}
        - {queue: Everyone}
      at: {90s: {queue: Everyone}}       # where the task is when nobody takes it
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "workspace.yaml").write_text(WORKSPACE)
    return tmp_path


@pytest.fixture
def tried(folder, capsys):
    """Exit code and JSON document of a suite."""

    def run_it(text, *options):
        (folder / "a.test.yaml").write_text(text if isinstance(text, str) else json.dumps({"tests": text}))
        code = run(["test", str(folder), "--format", "json", *options])
        document = json.loads(capsys.readouterr().out)
        assert (document["exit_code"], document["command"]) == (code, "test")
        assert not_described(document) == []
        return code, document

    return run_it


def one(expect, *, task=None, **more):
    return [{"name": "T", "workflow": "Incoming", "task": task or {}, "expect": expect, **more}]


GOLD = {"customer_value": "Gold", "type": "ticket"}


def test_the_example_of_the_contract_passes(tried):
    code, document = tried(CONTRACT)

    assert code == 0
    assert document["summary"] == {"passed": 1, "failed": 0}
    assert document["errors"] == []
    [test] = document["tests"]
    assert (test["passed"], test["line"], test["differences"], test["route"]) == (True, 2, [], None)


PASSING = [
    ({"default_filter": True}, {}, {}),
    ({"filter": "Gold tickets"}, GOLD, {}),
    ({"unrouted": True}, {"a": 2}, {"workflow": "Strict"}),
    ({"steps": []}, {"a": 2}, {"workflow": "strict"}),
    ({"filter": "One", "at": {"29s": {"queue": "gold"}, "30s": {"unrouted": True}}}, {"a": 1}, {"workflow": "Strict"}),
    ({"at": {"0s": {"queue": "Gold"}, "59s": {"queue": "Gold"}, "1m": {"queue": "Everyone"}}}, GOLD, {}),
    ({"at": {"0m59s": {"queue": "Gold"}, "1m0s": {"queue": "Everyone"}}}, GOLD, {}),
    ({"at": {"23h59m59s": {"queue": "Everyone"}, "23h60m": {"unrouted": True}}}, {}, {}),
    ({"at": {"23h": {"queue": "Everyone"}, "24h": {"unrouted": True}}}, {}, {}),
    ({"steps": [{"queue": "Everyone", "eligible": ["bob", "alice"]}]}, {}, {"available": ["bob", "alice"]}),
    ({"steps": [{"queue": "Everyone", "eligible": []}]}, {}, {"available": []}),
    ({"steps": [{"queue": "Everyone", "priority": 9}]}, {}, {"priority": 9, "channel": "chat"}),
    ({"filter": "Mine", "steps": [{"queue": "Everyone", "eligible": ["bob"]}]}, {"agent": "${sid:worker/bob}"}, {}),
    ({"filter": "Gold tickets"}, {**GOLD, "language": "${spanish}"}, {}),
    ({"filter": "Gold tickets"}, {**GOLD, "in": ["${sid:workspace}", {"of": "${sid:activity/Offline}"}]}, {}),
    ({"steps": [{"queue": "Everyone", "timeout": 30}]}, {"type": "unnamed"}, {}),
]


@pytest.mark.parametrize(("expect", "task", "more"), PASSING, ids=range(len(PASSING)))
def test_a_true_expectation_passes(tried, expect, task, more):
    code, document = tried(one(expect, task=task, **more))

    assert document["errors"] == []
    assert code == 0


FAILING = [
    ({"filter": "Gold tickets"}, {}, ("filter", {"filter": "Gold tickets"}, {"default_filter": True})),
    ({"default_filter": True}, GOLD, ("filter", {"default_filter": True}, {"filter": "Gold tickets"})),
    ({"default_filter": True}, {"type": "unnamed"}, ("filter", {"default_filter": True}, {"filter": 2})),
    ({"unrouted": True}, GOLD, ("filter", {"unrouted": True}, {"filter": "Gold tickets"})),
    ({"steps": [{"queue": "Gold"}]}, GOLD, ("steps", ["Gold"], ["Gold", "Everyone"])),
    ({"steps": [{"queue": "Gold"}]}, {}, ("step 1: queue", "Gold", "Everyone")),
    ({"steps": [{"queue": "Everyone", "priority": 1}]}, {}, ("step 1: priority", 1, 0)),
    ({"steps": [{"queue": "Everyone", "timeout": 1}]}, {}, ("step 1: timeout", 1, None)),
    ({"steps": [{"queue": "Everyone", "eligible": ["bob", "alice"]}]}, {},
     ("step 1: eligible", ["bob", "alice"], ["alice", "bob"])),
    ({"steps": [{"queue": "Everyone", "eligible": ["bob"]}]}, {}, ("step 1: eligible", ["bob"], ["alice", "bob"])),
    ({"at": {"61s": {"queue": "Gold"}}}, GOLD, ("at 61s", {"queue": "Gold"}, {"queue": "Everyone"})),
    ({"at": {"61s": {"unrouted": True}}}, GOLD, ("at 61s", {"unrouted": True}, {"queue": "Everyone"})),
    ({"at": {"25h": {"queue": "Gold"}}}, GOLD, ("at 25h", {"queue": "Gold"}, {"unrouted": True})),
]  # fmt: skip


@pytest.mark.parametrize(("expect", "task", "difference"), FAILING, ids=range(len(FAILING)))
def test_a_false_expectation_fails_with_expected_and_actual(tried, expect, task, difference):
    code, document = tried(one(expect, task=task))

    [test] = document["tests"]
    found = [(each["about"], each["expected"], each["actual"]) for each in test["differences"]]
    assert code == 3
    assert found == [difference]
    assert test["route"]["steps"]
    [error] = document["errors"]
    assert (error["code"], error["line"]) == ("routing-test-failed", 1)


def test_an_unknown_filter_is_reported_with_the_existing_ones(tried):
    _, document = tried(one({"filter": "Gold"}, task=GOLD))

    [difference] = document["tests"][0]["differences"]
    assert "it has: Gold tickets, Mine" in difference["hint"]


def test_a_failure_in_text_shows_expected_actual_and_the_way_of_the_task(folder, capsys):
    (folder / "a.test.yaml").write_text(CONTRACT.replace("eligible: [alice]", "eligible: [bob]"))

    code = run(["test", str(folder)])

    shown = capsys.readouterr().out
    assert code == 3
    assert (
        f"""\
  FAIL Gold tickets try Gold for a minute, then everyone
    {folder}/a.test.yaml:2
    step 1: eligible
      expected: bob
      actual:   alice

    A task for the workflow Incoming
"""
        in shown
    )
    assert "bob: not in the queue: level >= 3 is false: level is 1" in shown
    assert "0 passed, 1 failed." in shown


@pytest.mark.parametrize(
    ("expect", "task", "said"),
    [
        ({"filter": "Nope"}, {}, "actual:   the default filter"),
        ({"filter": "Nope"}, {}, "no filter of that name"),
        ({"unrouted": True}, {}, "expected: nothing takes it: it is in no queue"),
        ({"default_filter": True}, GOLD, "actual:   filter Gold tickets"),
        ({"steps": []}, {}, "expected: none"),
        ({"steps": [{"queue": "Everyone", "timeout": 5}]}, {}, "actual:   none"),
        ({"at": {"5m": {"queue": "Gold"}}}, {}, "actual:   queue Everyone"),
    ],
)
def test_the_text_says(folder, capsys, expect, task, said):
    (folder / "a.test.yaml").write_text(json.dumps({"tests": one(expect, task=task)}))

    run(["test", str(folder)])

    assert said in capsys.readouterr().out


def test_coverage_lists_what_no_test_reaches(tried):
    _, document = tried(CONTRACT, "--coverage")

    [coverage] = document["coverage"]
    assert coverage["percentage"] == 100 * 5 // 14
    assert [coverage[sort]["total"] for sort in ("filters", "targets", "queues")] == [5, 6, 3]
    assert coverage["filters"]["missed"] == [
        {"workflow": "Incoming", "filter": 2},
        {"workflow": "Incoming", "filter": 3, "filter_name": "Mine"},
        {"workflow": "Incoming", "default_filter": True},
        {"workflow": "Strict", "filter": 1, "filter_name": "One"},
    ]
    assert coverage["targets"]["missed"][0] == {"workflow": "Incoming", "filter": 2, "target": 1, "queue": "Everyone"}
    assert coverage["queues"] == {"reached": 2, "total": 3, "percentage": 66, "missed": [{"queue": "Unused"}]}


def test_coverage_in_text(folder, capsys):
    (folder / "a.test.yaml").write_text(CONTRACT)

    assert run(["test", str(folder), "--coverage"]) == 0

    assert (
        """\
Coverage: 35 % (5 of 14)
  filters: 20 % (1 of 5)
    not reached: Incoming, filter 2
    not reached: Incoming, filter 3 "Mine"
    not reached: Incoming, the default filter
    not reached: Strict, filter 1 "One"
  targets: 33 % (2 of 6)
    not reached: Incoming, filter 2, target 1 (Everyone)
    not reached: Incoming, filter 3 "Mine", target 1 (Everyone)
    not reached: Incoming, the default filter (Everyone)
    not reached: Strict, filter 1 "One", target 1 (Gold)
  queues: 66 % (2 of 3)
    not reached: queue Unused

1 passed, 0 failed.
"""
        in capsys.readouterr().out
    )


HOSTILE = "<b>&\"' ]]> \x00\x1b[31m \u202e\n::error::é \ufffe 日本"


def test_junit_is_valid_whatever_a_test_is_called(folder, capsys):
    (folder / "a.test.yaml").write_text(
        json.dumps({"tests": [{**one({"filter": HOSTILE}, task={"x": HOSTILE})[0], "name": HOSTILE}, *one({}, task=GOLD)]})
        .replace('"expect": {}', '"expect": {"filter": "Gold tickets"}')
    )  # fmt: skip

    code = run(["test", str(folder), "--format", "junit"])

    root = ET.fromstring(capsys.readouterr().out)
    assert code == 3
    assert root.tag == "testsuites"
    [suite] = root
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("2", "1", "0")
    hostile, good = suite
    assert hostile.get("name").startswith("<b>&\"' ]]> ")
    assert hostile.get("name").endswith("\\u202e\\n::error::é \\ufffe 日本")
    assert not {"\u202e", "\n"} & {*hostile.get("name") + hostile.find("failure").get("message")}
    assert "\u202e" not in hostile.find("failure").text
    assert hostile.find("failure").get("message").startswith("filter: expected filter <b>")
    assert "A task for the workflow Incoming" in hostile.find("failure").text
    assert (good.get("name"), good.get("classname"), len(good)) == ("T", "Incoming", 0)


def test_junit_of_a_configuration_that_cannot_be_read_is_an_error(folder, capsys):
    (folder / "a.test.yaml").write_text("tests: [{name: T}]\n")

    code = run(["test", str(folder), "--format", "junit"])

    captured = capsys.readouterr()
    [suite] = ET.fromstring(captured.out)
    assert code == 3
    assert suite.get("errors") == "1"
    assert "`workflow` is missing" in suite.find("testcase/error").text
    assert "`workflow` is missing" in captured.err


# Mistakes in a file of tests: the text, with an arrow before the place, and the message

MISTAKES = [
    ("tests: [{name: T, workflow: ▶Incomming, expect: {unrouted: true}}]", "did you mean 'Incoming'?"),
    ("tests: [{name: T, workflow: ▶zzz, expect: {unrouted: true}}]", "declared in `workflows`"),
    ("tests: [{name: T, workflow: Incoming, available: [▶alise], expect: {unrouted: true}}]", "did you mean 'alice'?"),
    ("tests: [{name: T, workflow: Incoming, expect: {steps: [{queue: ▶Golf}]}}]", "did you mean 'Gold'?"),
    ("tests: [{name: T, workflow: Incoming, expect: {steps: [{queue: Gold, eligible: [▶bop]}]}}]", "mean 'bob'?"),
    ("tests: [{name: T, workflow: Incoming, expect: {at: {9s: {queue: ▶Golf}}}}]", "did you mean 'Gold'?"),
    ("tests: [{name: T, workflow: Incoming, channel: ▶vioce, expect: {unrouted: true}}]", "did you mean 'voice'?"),
    ("tests: [{name: T, workflow: Incoming, task: {a: [▶'${sid:worker/bop}']}, expect: {unrouted: true}}]", "'bob'?"),
    (
        "tests: [{name: T, workflow: Incoming, task: {a: ▶'${sid:agent/bob}'}, expect: {unrouted: true}}]",
        "is not a kind of",
    ),
    ("tests: [{name: T, workflow: Incoming, task: {a: '▶${nope}'}, expect: {unrouted: true}}]", "nope has no value"),
    ("tests: [{name: T, workflow: Incoming, task: {a: ▶+14155551234}, expect: {unrouted: true}}]", "quote it"),
    ("tests: [{name: T, workflow: Incoming, ▶expects: {unrouted: true}}]", "did you mean `expect`?"),
    ("tests: [{name: T, workflow: Incoming, expect: {at: {▶9d: {queue: Gold}}}}]", "such as 90s"),
    ("tests: [{name: T, workflow: Incoming, expect: {at: {▶30s2m: {queue: Gold}}}}]", "such as 90s"),
    ("tests: [{name: T, workflow: Incoming, expect: {at: {▶'': {queue: Gold}}}}]", "such as 90s"),
    ("workers: [{name: zoe, activity: ▶Hier}]\ntests: []", "did you mean 'Here'?"),
    ("workers: [{name: zoe, attributes: {a: ▶'${sid:worker/bop}'}}]\ntests: []", "did you mean 'bob'?"),
    ("workers: [{name: zoe, attributes: {a: ▶+14155551234}}]\ntests: []", "quote it"),
    ("workers: [{name: zoe}, {name: ▶ZOE}]\ntests: []", "written twice"),
    ("workers: [{name: zoe, tasks: ▶-1}]\ntests: []", "0"),
    ("workers: [{name: zoe, ▶task: 1}]\ntests: []", "did you mean `tasks`?"),
    ("tests: [{name: T, workflow: Incoming, expect: {at: {9s: ▶{}}}}]", "either a queue or unrouted"),
    ("tests: [{name: T, workflow: Incoming, expect: ▶{}}]", "expected a filter"),
    ("tests: [{name: T, workflow: Incoming, expect: ▶{unrouted: true, filter: X}}]", "only one of"),
    ("tests:\n  - {name: T, workflow: Incoming, expect: {steps: ▶null}}", "null"),
    ("tests: [\n▶", "end of the file"),
    ("▶[]", "found a list"),
    ("▶test: []", "did you mean `tests`?"),
]


@pytest.mark.parametrize(("text", "said"), MISTAKES, ids=range(len(MISTAKES)))
def test_a_mistake_in_a_test_is_reported_with_its_place(tried, text, said):
    before = text[: text.index("▶")]
    place = (before.count("\n") + 1, len(before) - before.rfind("\n"))

    code, document = tried(text.replace("▶", ""))

    told = [(error["line"], error["column"], error["message"]) for error in document["errors"]]
    assert code == 3
    assert any((line, column) == place and said in message for line, column, message in told), told
    assert document["tests"] == []


def test_all_mistakes_of_a_file_are_reported_together(tried):
    _, document = tried(
        """\
tests:
  - {name: A, workflow: Nowhere, expect: {steps: [{queue: Nope}]}}
  - {name: B, workflow: Incoming, available: [nobody], expect: {unrouted: true}}
"""
    )

    assert [(each["line"], each["code"]) for each in document["errors"]] == [
        (2, "unknown-reference"),
        (2, "unknown-reference"),
        (3, "unknown-reference"),
    ]


def test_a_literal_key_is_a_warning_and_the_test_runs(folder, capsys):
    (folder / "a.test.yaml").write_text(
        "tests:\n  - {name: T, workflow: Incoming, task: {'${a}': 1}, expect: {default_filter: true}}\n"
    )

    assert run(["test", str(folder)]) == 0

    assert "literal-key" in capsys.readouterr().err


# Which files


@pytest.mark.parametrize("chosen", [["a.test.yaml"], ["b.test.yml", "c.test.yaml"], ["", "c.test.yaml"]])
def test_a_path_to_a_file_of_tests_runs_that_file_only(folder, capsys, chosen):
    for name in ("a.test.yaml", "b.test.yml", "c.test.yaml"):
        (folder / name).write_text(CONTRACT)

    code = run(["test", *(str(folder / name) for name in chosen), "--format", "json"])

    tests = json.loads(capsys.readouterr().out)["tests"]
    assert code == 0
    assert [(Path(each["file"]).name, each["path"]) for each in tests] == [
        (name, str(folder)) for name in chosen if name
    ]


def test_tests_are_found_below_a_folder_but_not_in_overlays_or_hidden_ones(folder, capsys):
    for name in ("sub/a.test.yaml", "overlays/b.test.yaml", ".hidden/c.test.yaml", "sub/.d.test.yaml"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(CONTRACT)

    run(["test", str(folder), "--format", "json"])

    [test] = json.loads(capsys.readouterr().out)["tests"]
    assert test["file"] == str(folder / "sub" / "a.test.yaml")


def test_a_single_file_has_the_tests_of_its_name_or_all_in_its_folder(folder, capsys):
    def files():
        run(["test", str(folder / "workspace.yaml"), "--format", "json"])
        return [Path(test["file"]).name for test in json.loads(capsys.readouterr().out)["tests"]]

    (folder / "a.test.yaml").write_text(CONTRACT)
    assert files() == ["a.test.yaml"]
    (folder / "workspace.test.yaml").write_text(CONTRACT)
    (folder / "workspace.more.test.yaml").write_text(CONTRACT)
    assert files() == ["workspace.more.test.yaml", "workspace.test.yaml"]


def test_no_tests_at_all_is_an_error(folder, capsys):
    code = run(["test", str(folder)])

    assert code == 3
    assert "no *.test.yaml next to this configuration" in capsys.readouterr().err


def test_a_path_that_does_not_exist_is_a_usage_error(folder):
    assert run(["test", str(folder / "nowhere.test.yaml")]) == 64
    assert run(["test", str(folder), "--overlay", "nowhere.yaml"]) == 64


def test_several_paths_are_several_workspaces_and_one_that_is_broken_does_not_stop_the_others(folder, capsys):
    for name in ("one", "two", "three"):
        (folder / name).mkdir()
        (folder / name / "w.yaml").write_text(WORKSPACE if name != "two" else "workspace: {}\n")
        (folder / name / "w.test.yaml").write_text(CONTRACT)
    paths = [str(folder / name) for name in ("one", "two", "three")]

    code = run(["test", *paths])

    captured = capsys.readouterr()
    assert code == 3
    assert captured.out.count("1 passed, 0 failed.") == 2
    assert "`name` is missing" in captured.err
    assert "In all: 2 passed, 0 failed." in captured.err


def test_the_result_can_go_to_a_file(folder, capsys):
    (folder / "a.test.yaml").write_text(CONTRACT)

    run(["test", str(folder), "--format", "junit", "--output", str(folder / "out" / "report.xml")])

    assert capsys.readouterr().out == ""
    assert ET.parse(folder / "out" / "report.xml").getroot().get("tests") == "1"


def test_a_file_has_no_colours(folder, capsys):
    (folder / "a.test.yaml").write_text(CONTRACT)

    run(["test", str(folder), "--output", str(folder / "report.txt")])

    assert (folder / "report.txt").read_text().startswith(f"{folder}\n  ok   Gold")
    assert capsys.readouterr().out == ""


def test_a_pipe_is_not_waited_for(folder, capsys):
    os.mkfifo(folder / "a.test.yaml")

    assert run(["test", str(folder)]) == 3

    assert "not a regular file" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["gold tickets TRY", "for a minute, then"])
def test_k_selects_the_tests_whose_name_contains_the_text(folder, capsys, text):
    (folder / "a.test.yaml").write_text(CONTRACT)
    (folder / "b.test.yaml").write_text(json.dumps({"tests": one({"unrouted": True}, task=GOLD)}))

    code = run(["test", str(folder), "-k", text, "--format", "json"])

    [test] = json.loads(capsys.readouterr().out)["tests"]
    assert (code, test["name"]) == (0, "Gold tickets try Gold for a minute, then everyone")


def test_a_text_that_selects_no_test_is_a_usage_error(folder, capsys):
    (folder / "a.test.yaml").write_text(CONTRACT)

    assert run(["test", str(folder), "-k", "silver"]) == 64

    assert "-k 'silver': no test has a name that contains this" in capsys.readouterr().err


def test_the_text_ends_with_a_list_of_the_failures_of_all_configurations(folder, capsys):
    failing = json.dumps({"tests": [*one({"unrouted": True}, task=GOLD), *one({"filter": "Gold tickets"}, task=GOLD)]})
    for name in ("one", "two"):
        (folder / name).mkdir()
        (folder / name / "w.yaml").write_text(WORKSPACE)
        (folder / name / "w.test.yaml").write_text(failing)

    run(["test", str(folder / "one"), str(folder / "two")])

    assert capsys.readouterr().out.endswith(f"""\
1 passed, 1 failed.

Failed:
  {folder}/one/w.test.yaml:1 T
  {folder}/two/w.test.yaml:1 T
""")


def test_without_failures_the_text_ends_with_the_numbers(folder, capsys):
    (folder / "a.test.yaml").write_text(CONTRACT)

    run(["test", str(folder)])

    assert capsys.readouterr().out.endswith("\n1 passed, 0 failed.\n")


def test_in_the_format_of_github_a_failure_is_an_annotation_at_its_line(folder, capsys, monkeypatch):
    monkeypatch.setenv("GITHUB_WORKSPACE", str(folder.parent))
    (folder / "a.test.yaml").write_text(CONTRACT.replace("filter: Gold tickets", "filter: Mine"))

    code = run(["test", str(folder), "--format", "github"])

    captured = capsys.readouterr()
    assert code == 3
    assert captured.out == (
        f"::error file={folder.name}/a.test.yaml,line=2,col=5::Gold tickets try Gold for a minute, then everyone: "
        "filter: expected filter Mine, not filter Gold tickets [routing-test-failed]\n"
    )
    assert captured.err == "In all: 0 passed, 1 failed.\n"


def test_in_the_format_of_github_a_broken_file_is_annotated_where_it_is_wrong(folder, capsys):
    (folder / "a.test.yaml").write_text(CONTRACT.replace("workflow: Incoming", "workflow: Outgoing"))

    code = run(["test", str(folder), "--format", "github"])

    [line] = capsys.readouterr().out.splitlines()
    assert code == 3
    assert line.startswith(f"::error file={folder}/a.test.yaml,line=3,col=15::there is no workflow 'Outgoing'")


# People of a file's own

NO_WORKERS = """\
workspace: {name: Flex}
activities: [{name: Offline}, {name: Here, available: true}, {name: Lunch}]
task_queues:
  - {name: Spanish, target_workers: "languages HAS 'es'"}
workflows:
  - {name: Voice, default_filter: {queue: Spanish}}
"""


def eligible(folder, capsys, workers, **test):
    """Who is eligible for a task of `voice` with these people."""
    expect = {"steps": [{"queue": "Spanish", "eligible": ["ned"]}]}
    tests = [{"name": "T", "workflow": "Voice", "channel": "voice", "expect": expect, **test}]
    ned = {"name": "ned", "attributes": {"languages": []}}
    (folder / "people.test.yaml").write_text(json.dumps({"workers": [ned, *workers], "tests": tests}))

    run(["test", str(folder), "--format", "json"])

    document = json.loads(capsys.readouterr().out)
    assert {each["code"] for each in document["errors"]} == {"routing-test-failed"}, document["errors"]
    [test] = document["tests"]
    return test["route"]["steps"][0]["eligible"], test["route"]


def worker(name, **more):
    return {"name": name, "attributes": {"languages": ["es"]}, **more}


@pytest.fixture
def flex(folder):
    (folder / "workspace.yaml").write_text(NO_WORKERS)
    return folder


def test_a_file_may_bring_people_where_the_configuration_declares_none(flex, capsys):
    assert eligible(flex, capsys, [worker("zoe"), worker("ann")])[0] == ["zoe", "ann"]


@pytest.mark.parametrize(
    ("person", "is_eligible"),
    [
        (worker("zoe", activity="Here"), True),
        (worker("zoe", activity="here"), True),
        (worker("zoe", activity="Lunch"), False),
        (worker("zoe", channels={"voice": {"available": False}}), False),
        (worker("zoe", channels={"voice": {"capacity": 0}}), False),
        (worker("zoe", channels={"chat": {"capacity": 0}}), True),
        (worker("zoe", tasks=1), False),
        (worker("zoe", tasks=2, channels={"voice": {"capacity": 2}}), False),
        (worker("zoe", tasks=2, channels={"voice": {"capacity": 3}}), True),
    ],
)
def test_activity_channels_and_tasks_in_hand_decide_who_is_eligible(flex, capsys, person, is_eligible):
    assert eligible(flex, capsys, [person])[0] == (["zoe"] if is_eligible else [])


def test_who_is_named_as_available_is_so_whatever_the_activity(flex, capsys):
    people = [worker("zoe", activity="Lunch"), worker("ann")]

    assert eligible(flex, capsys, people, available=["zoe"])[0] == ["zoe"]
    assert eligible(flex, capsys, people, available=["zoe", "ann"])[0] == ["zoe", "ann"]


def test_who_is_away_is_not_among_those_that_the_route_calls_available(flex, capsys):
    _, route = eligible(flex, capsys, [worker("zoe", activity="Lunch"), worker("ann")])

    assert (route["available"], route["all_available"]) == (["ned", "ann"], True)
    assert [each for each in route["steps"][0]["excluded"] if each["worker"] == "zoe"] == [
        {"worker": "zoe", "obstacle": "activity", "because": None, "found": {"activity": "Lunch"}}
    ]


def test_tasks_in_hand_are_shown_as_what_excludes_the_worker(flex, capsys):
    _, route = eligible(flex, capsys, [worker("zoe", tasks=3)])

    [zoe] = [each for each in route["steps"][0]["excluded"] if each["worker"] == "zoe"]
    assert (zoe["obstacle"], zoe["found"]) == ("capacity", {"used": 3, "capacity": 1})


def test_tasks_in_hand_are_on_the_channel_of_each_test(flex):
    tests = [
        {"name": channel, "workflow": "Voice", "channel": channel,
         "expect": {"steps": [{"queue": "Spanish", "eligible": names}]}}
        for channel, names in (("voice", []), ("chat", ["zoe"]), ("voice", []))
    ]  # fmt: skip
    people = [worker("zoe", tasks=1, channels={"chat": {"capacity": 2}})]
    (flex / "people.test.yaml").write_text(json.dumps({"workers": people, "tests": tests}))

    assert run(["test", str(flex)]) == 0


def test_a_worker_of_a_single_tasking_workspace_with_a_task_takes_no_other(flex, capsys):
    text = NO_WORKERS.replace("name: Flex", "name: Flex, multi_task_enabled: false").replace(
        "{name: Spanish,", "{name: Spanish, reservation_activity: Lunch, assignment_activity: Lunch,"
    )
    (flex / "workspace.yaml").write_text(text)

    found, _ = eligible(flex, capsys, [worker("zoe", tasks=1), worker("ann")])

    assert found == ["ann"]


def test_expressions_read_the_numbers_of_tasks_in_hand(flex, capsys):
    text = NO_WORKERS.replace(
        "{queue: Spanish}", "{queue: Spanish, expression: 'worker.channel.voice.assigned_tasks < 2'}"
    )
    (flex / "workspace.yaml").write_text(text)
    roomy = {"voice": {"capacity": 9}}

    found, _ = eligible(flex, capsys, [worker("zoe", tasks=2, channels=roomy), worker("ann", tasks=1, channels=roomy)])

    assert found == ["ann"]


def test_a_person_of_the_same_name_replaces_the_declared_one_for_that_file_alone(folder, capsys):
    def expecting(names):
        return one({"filter": "Gold tickets", "steps": [{"queue": "Gold", "eligible": names}, {"queue": "Everyone"}]},
                   task=GOLD)  # fmt: skip

    own = {"workers": [{"name": "Alice", "attributes": {"level": 1}}, {"name": "zoe", "attributes": {"level": 9}}]}
    (folder / "a.test.yaml").write_text(json.dumps({"tests": expecting(["alice"])}))
    (folder / "b.test.yaml").write_text(json.dumps({**own, "tests": expecting(["zoe"])}))
    (folder / "c.test.yaml").write_text(json.dumps({"tests": expecting(["alice"])}))

    code = run(["test", str(folder), "--format", "json"])

    assert json.loads(capsys.readouterr().out)["errors"] == []
    assert code == 0


def test_people_may_have_an_activity_and_a_channel_of_a_section_that_is_not_managed(flex, capsys):
    (flex / "workspace.yaml").write_text(NO_WORKERS.replace("activities:", "# "))

    people = [worker("zoe", activity="Break"), worker("ann", activity="Available", channels={"fax": {"capacity": 2}})]

    assert eligible(flex, capsys, people)[0] == ["ann"]
    assert eligible(flex, capsys, people, channel="fax")[0] == ["ann"]


def test_the_example_of_the_manual_passes(flex):
    readme = page("testing")
    [example] = [block for block in re.findall("```yaml\n(.*?)```", readme, re.DOTALL) if block.startswith("workers:")]
    (flex / "workspace.yaml").write_text(NO_WORKERS.replace("activities:", "# "))
    (flex / "readme.test.yaml").write_text(example)

    assert run(["test", str(flex)]) == 0


# Whose tests


@pytest.mark.parametrize("called", ["absolute", "relative", "from inside"])
def test_a_file_of_tests_is_for_the_nearest_folder_upwards_that_declares_a_workspace(
    folder, capsys, monkeypatch, called
):
    deep = folder / "tests" / "voice"
    deep.mkdir(parents=True)
    (folder / "tests" / "more.yaml").write_text("# nothing is declared here\n")
    (deep / "a.test.yaml").write_text(CONTRACT)
    monkeypatch.chdir(deep if called == "from inside" else folder)
    file = {"absolute": str(deep / "a.test.yaml"), "relative": "tests/voice/a.test.yaml", "from inside": "a.test.yaml"}

    code = run(["test", file[called], "--format", "json"])

    [test] = json.loads(capsys.readouterr().out)["tests"]
    assert code == 0
    assert test["path"] == ("." if called == "relative" else str(folder))


def test_a_nearer_workspace_wins(folder, capsys):
    nearer = folder / "emea"
    nearer.mkdir()
    (nearer / "w.yaml").write_text(WORKSPACE.replace("level >= 3", "level >= 9"))
    (nearer / "a.test.yaml").write_text(CONTRACT)

    code = run(["test", str(nearer / "a.test.yaml"), "--format", "json"])

    [test] = json.loads(capsys.readouterr().out)["tests"]
    assert (code, test["path"]) == (3, str(nearer))
    assert test["differences"] == [{"about": "step 1: eligible", "expected": ["alice"], "actual": [], "hint": None}]
