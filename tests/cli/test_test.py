"""``tr-apply test``: routing tests pass or fail for reasons that a reader can follow."""

import json
import os
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from tr_apply.cli import run
from tr_apply.schema import schema

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
        Draft202012Validator(schema("plan")).validate(document)
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
def test_what_holds_passes(tried, expect, task, more):
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
def test_what_does_not_hold_fails_with_expected_and_actual(tried, expect, task, difference):
    code, document = tried(one(expect, task=task))

    [test] = document["tests"]
    found = [(each["about"], each["expected"], each["actual"]) for each in test["differences"]]
    assert code == 3
    assert found == [difference]
    assert test["route"]["steps"]
    [error] = document["errors"]
    assert (error["code"], error["line"]) == ("routing-test-failed", 1)


def test_a_filter_that_there_is_not_is_told_with_those_there_are(tried):
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


HOSTILE = "<b>&\"' ]]> \x00\x1b[31m é \ufffe 日本"


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
    assert hostile.get("name").endswith("é \ufffd 日本")
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


# What is wrong in a file of tests: the text, with an arrow before the place, and what is said about it

MISTAKES = [
    ("tests: [{name: T, workflow: ▶Incomming, expect: {unrouted: true}}]", "did you mean 'Incoming'?"),
    ("tests: [{name: T, workflow: ▶zzz, expect: {unrouted: true}}]", "declared in `workflows`"),
    ("tests: [{name: T, workflow: Incoming, available: [▶alise], expect: {unrouted: true}}]", "did you mean 'alice'?"),
    ("tests: [{name: T, workflow: Incoming, expect: {steps: [{queue: ▶Golf}]}}]", "did you mean 'Gold'?"),
    ("tests: [{name: T, workflow: Incoming, expect: {steps: [{queue: Gold, eligible: [▶bop]}]}}]", "mean 'bob'?"),
    ("tests: [{name: T, workflow: Incoming, expect: {at: {9s: {queue: ▶Golf}}}}]", "did you mean 'Gold'?"),
    ("tests: [{name: T, workflow: Incoming, channel: ▶vioce, expect: {unrouted: true}}]", "did you mean 'voice'?"),
    ("tests: [{name: T, workflow: Incoming, task: {a: [▶'${sid:worker/bop}']}, expect: {unrouted: true}}]", "'bob'?"),
    ("tests: [{name: T, workflow: Incoming, task: {a: ▶'${sid:agent/bob}'}, expect: {unrouted: true}}]", "no kind of"),
    ("tests: [{name: T, workflow: Incoming, task: {a: '▶${nope}'}, expect: {unrouted: true}}]", "nope has no value"),
    ("tests: [{name: T, workflow: Incoming, task: {a: ▶+14155551234}, expect: {unrouted: true}}]", "quote it"),
    ("tests: [{name: T, workflow: Incoming, ▶expects: {unrouted: true}}]", "did you mean `expect`?"),
    ("tests: [{name: T, workflow: Incoming, expect: {at: {▶9d: {queue: Gold}}}}]", "such as 90s"),
    ("tests: [{name: T, workflow: Incoming, expect: {at: {9s: ▶{}}}}]", "either a queue or unrouted"),
    ("tests: [{name: T, workflow: Incoming, expect: ▶{}}]", "expected a filter"),
    ("tests: [{name: T, workflow: Incoming, expect: ▶{unrouted: true, filter: X}}]", "only one of"),
    ("tests:\n  - {name: T, workflow: Incoming, expect: {steps: ▶null}}", "null"),
    ("tests: [\n▶", "end of the file"),
    ("▶[]", "found a list"),
    ("▶test: []", "did you mean `tests`?"),
]


@pytest.mark.parametrize(("text", "said"), MISTAKES, ids=range(len(MISTAKES)))
def test_a_mistake_in_a_test_is_told_with_its_place(tried, text, said):
    before = text[: text.index("▶")]
    place = (before.count("\n") + 1, len(before) - before.rfind("\n"))

    code, document = tried(text.replace("▶", ""))

    told = [(error["line"], error["column"], error["message"]) for error in document["errors"]]
    assert code == 3
    assert any((line, column) == place and said in message for line, column, message in told), told
    assert document["tests"] == []


def test_every_mistake_of_a_file_is_told_at_once(tried):
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


def test_a_path_to_a_file_of_tests_tests_the_folder_it_lies_in(folder, capsys):
    for name in ("a.test.yaml", "b.test.yml"):
        (folder / name).write_text(CONTRACT)

    code = run(["test", str(folder / "a.test.yaml"), str(folder / "b.test.yml"), "--format", "json"])

    assert code == 0
    assert json.loads(capsys.readouterr().out)["summary"] == {"passed": 2, "failed": 0}


def test_tests_are_found_below_a_folder_but_not_in_overlays_or_hidden_ones(folder, capsys):
    for name in ("sub/a.test.yaml", "overlays/b.test.yaml", ".hidden/c.test.yaml", "sub/.d.test.yaml"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(CONTRACT)

    run(["test", str(folder), "--format", "json"])

    [test] = json.loads(capsys.readouterr().out)["tests"]
    assert test["file"] == str(folder / "sub" / "a.test.yaml")


def test_a_single_file_has_the_tests_of_its_name_or_all_beside_it(folder, capsys):
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
    assert "no *.test.yaml beside this configuration" in capsys.readouterr().err


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
