"""``tr-apply test`` with recorded tasks: their routes, the parts that they reach, and tests made from them."""

import json
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.closed_schema import not_described
from tr_apply.cli import run
from tr_apply.config.added_tests import with_tests

WORKSPACE = """\
workspace: {name: Center}
task_queues: [{name: Everyone}, {name: Gold, target_workers: "level >= 3"}, {name: Unused}]
workflows:
  - name: Incoming
    filters:
      - name: Gold tickets
        expression: "customer_value == 'Gold'"
        targets: [{queue: Gold, priority: 10, timeout: 60}, {queue: Everyone}]
      - expression: "type == 'unnamed' OR text == 'never'"
        targets: [{queue: Everyone, timeout: 30}]
    default_filter: {queue: Everyone}
  - name: Strict
    filters:
      - {name: One, expression: "a == 1", targets: [{queue: Gold, timeout: 30}]}
workers: [{name: alice, attributes: {level: 3}}]
"""
TASKS = """\
workflow,channel,priority,count,attributes.customer_value,attributes.type,attributes.a,attributes.text
Incoming,voice,0,6,Gold,,,
incoming,voice,0,1,Gold,x,,
Incoming,nowhere,5,2,,unnamed,,"${sid:worker/alice} $${x}"
Incoming,default,0,1,,,,
Strict,default,0,3,,,2,
Strict,default,0,1,,,1,
Elsewhere,default,0,9,,,,
"""
TEST = """\
tests:
  - name: Gold
    workflow: Incoming
    task: {customer_value: Gold}
    expect: {filter: Gold tickets}
"""


@pytest.fixture(autouse=True)
def _center():
    Path("center").mkdir()
    Path("center/workspace.yaml").write_text(WORKSPACE)
    Path("center/gold.test.yaml").write_text(TEST)
    Path("tasks.csv").write_text(TASKS)


def test_tasks(*options):
    return run(["test", "center", "--tasks", "tasks.csv", *options])


test_tasks.__test__ = False

SPREAD = """\
center
  ok   Gold

Recorded tasks (tasks.csv): 14
  Incoming
          7  50.0%  filter 1 "Gold tickets"
          2  14.3%  filter 2
          1   7.1%  the default filter
  Strict
          1   7.1%  filter 1 "One"
          3  21.4%  no filter: nothing takes them
  Queues: tasks that come to them first, and at all if nobody takes them before
          8  57.1%  Gold (8)
          3  21.4%  Everyone (10)
  Not counted: 9 of the workflow Elsewhere, which is not declared here

1 passed, 0 failed.
"""


def test_recorded_tasks_spread_over_filters_and_queues(capsys):
    assert test_tasks() == 0

    assert capsys.readouterr().out == SPREAD


def test_the_spread_is_in_the_document(capsys):
    assert test_tasks("--format", "json") == 0

    document = json.loads(capsys.readouterr().out)
    [found] = document["tasks"]
    assert not_described(document) == []
    assert (found["path"], found["file"], found["total"]) == ("center", "tasks.csv", 14)
    assert found["filters"][1:3] == [
        {"workflow": "Incoming", "filter": 2, "count": 2},
        {"workflow": "Incoming", "default_filter": True, "count": 1},
    ]
    assert found["filters"][-1] == {"workflow": "Strict", "count": 3}
    assert found["queues"][0] == {"queue": "Gold", "first": 8, "reached": 8}
    assert found["others"] == [{"workflow": "Elsewhere", "count": 9}]


def test_without_recorded_tasks_the_report_has_none(capsys):
    assert run(["test", "center", "--format", "json"]) == 0

    assert "tasks" not in json.loads(capsys.readouterr().out)


def test_a_ci_server_shows_the_spread(capsys):
    assert test_tasks("--format", "junit") == 0
    suite = ET.fromstring(capsys.readouterr().out)[0]
    assert test_tasks("--format", "github") == 0
    notices = capsys.readouterr().out

    assert suite.get("tests") == "1"
    assert 'filter 1 "Gold tickets"' in suite.findtext("system-out")
    assert notices == (
        "::warning::14 recorded tasks of tasks.csv in center: Gold 57.1%25, Everyone 21.4%25; "
        "nothing takes 3 of them [recorded-tasks]\n"
    )


def test_where_every_task_is_taken_a_ci_server_shows_a_notice(capsys):
    Path("tasks.csv").write_text("workflow\nIncoming\n")

    assert test_tasks("--format", "github") == 0
    assert capsys.readouterr().out.startswith("::notice::1 recorded tasks of tasks.csv in center: Everyone 100.0%25 [")


def test_a_record_of_no_task_at_all_is_one(capsys):
    Path("tasks.csv").write_text("workflow\n")

    assert test_tasks() == test_tasks("--format", "github") == 0
    out = capsys.readouterr().out
    assert '0      -  filter 1 "Gold tickets"' in out
    assert "0 recorded tasks of tasks.csv in center: no queue" in out


def test_recorded_tasks_count_for_the_coverage(capsys):
    def reached(*options):
        assert run(["test", "center", "--coverage", "--format", "json", *options]) == 0
        [found] = json.loads(capsys.readouterr().out)["coverage"]
        return found["filters"]["reached"], [each["queue"] for each in found["queues"]["missed"]]

    assert reached() == (1, ["Unused"])
    assert reached("--tasks", "tasks.csv") == (4, ["Unused"])


def test_recorded_tasks_need_no_tests(capsys):
    Path("center/gold.test.yaml").unlink()

    assert test_tasks("-q") == 0
    assert "0 passed, 0 failed." in capsys.readouterr().out
    assert run(["test", "center", "-q"]) == 3


def test_a_file_of_tasks_that_cannot_be_read_is_an_error_with_its_place(capsys):
    Path("tasks.csv").write_text("workflow,count\nIncoming,none\n")

    assert test_tasks() == 3
    assert "tasks.csv:2:10: error: none is not a whole number" in capsys.readouterr().err
    assert run(["test", "center", "--tasks", "missing.csv"]) == 64


# Tests made from recorded tasks

RECORDED = """\
# Written by tr-apply test --record: what happens to recorded tasks is what these tests expect.
tests:
- name: 'Incoming: recorded tasks of filter 2 go to Everyone'
  workflow: Incoming
  task:
    text: $${sid:worker/alice} $$${x}
    type: unnamed
  priority: 5
  expect:
    steps:
    - queue: Everyone
      priority: 5
      timeout: 30
- name: 'Incoming: recorded tasks of the default filter go to Everyone'
  workflow: Incoming
  task: {}
  expect:
    default_filter: true
    steps:
    - queue: Everyone
      priority: 0
- name: 'Strict: recorded tasks of One go to Gold'
  workflow: Strict
  task:
    a: 1
  expect:
    filter: One
    steps:
    - queue: Gold
      priority: 0
      timeout: 30
- name: 'Strict: recorded tasks that no filter takes'
  workflow: Strict
  task:
    a: 2
  expect:
    unrouted: true
"""


def test_a_test_is_added_for_each_way_that_no_test_goes(capsys):
    file = Path("center/recorded.test.yaml")

    assert test_tasks("--record", str(file)) == 0
    said = capsys.readouterr()
    again = test_tasks("--record", str(file), "-q")

    assert file.read_text() == RECORDED
    assert "added 4 tests to center/recorded.test.yaml" in said.err
    assert "5 passed, 0 failed." in said.out
    assert again == 0
    assert file.read_text() == RECORDED


def test_a_second_test_of_the_same_name_gets_a_number():
    Path("center/gold.test.yaml").write_text(
        TEST.replace("name: Gold", "name: 'Strict: recorded tasks of One go to Gold'")
    )

    assert test_tasks("--record", "center/recorded.test.yaml", "-q") == 0
    assert "go to Gold (2)" in Path("center/recorded.test.yaml").read_text()


def test_tests_are_added_to_those_that_somebody_wrote():
    before = Path("center/gold.test.yaml").read_text()

    assert test_tasks("--record", "center/gold.test.yaml", "-q") == 0

    text = Path("center/gold.test.yaml").read_text()
    assert text.startswith(before)
    assert "\n  - name: 'Strict: recorded tasks that no filter takes'\n    workflow: Strict\n" in text


def test_one_added_test_is_one(capsys):
    Path("tasks.csv").write_text("workflow\nIncoming\n")

    assert test_tasks("--record", "center/gold.test.yaml") == 0
    assert "added 1 test to" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "code", "says"),
    [
        (["center", "--record", "center/x.test.yaml"], 64, "give one PATH, and --tasks FILE"),
        (["center", ".", "--tasks", "tasks.csv", "--record", "center/x.test.yaml"], 64, "give one PATH"),
        (["center", "--tasks", "tasks.csv", "--record", "center/x.yaml"], 64, "not a *.test.yaml in the folder"),
        (["center", "--tasks", "tasks.csv", "--record", "x.test.yaml"], 64, "its tests would not be found"),
        (["center", "--tasks", "tasks.csv", "--record", "center/overlays/x.test.yaml"], 64, "would not be found"),
        (["center/workspace.yaml", "--tasks", "tasks.csv", "--record", "x.test.yaml"], 64, "would not be found"),
        (
            ["center/workspace.yaml", "--tasks", "tasks.csv", "--record", "center/workspace.test.yaml"],
            64,
            "not be found",
        ),
    ],
)
def test_a_file_that_would_not_be_found_again_is_a_mistake_of_the_caller(capsys, options, code, says):
    assert run(["test", *options]) == code
    assert says in capsys.readouterr().err
    assert sorted(each.name for each in Path("center").iterdir()) == ["gold.test.yaml", "workspace.yaml"]


def test_tests_of_a_single_file_are_written_next_to_it():
    assert run(["test", "center/workspace.yaml", "--tasks", "tasks.csv", "--record", "center/x.test.yaml", "-q"]) == 0


def test_a_file_whose_tests_are_in_brackets_stays_as_it_is(capsys):
    text = "tests: [{name: Gold, workflow: Incoming, task: {customer_value: Gold}, expect: {filter: Gold tickets}}]\n"
    Path("center/gold.test.yaml").write_text(text)

    assert test_tasks("--record", "center/gold.test.yaml") == 6
    assert "nothing was written, because `tests` is not a list with a line for each" in capsys.readouterr().err
    assert Path("center/gold.test.yaml").read_text() == text


def test_a_broken_test_keeps_others_from_being_added(capsys):
    Path("center/gold.test.yaml").write_text("tests: [5]\n")

    assert test_tasks("--record", "center/x.test.yaml") == 3
    assert not Path("center/x.test.yaml").exists()
    assert "gold.test.yaml:1" in capsys.readouterr().err


ADDED = [{"name": "New", "workflow": "V", "task": {}, "expect": {"unrouted": True}}]
ITEM = "- name: New\n  workflow: V\n  task: {}\n  expect:\n    unrouted: true\n"


def indented(text, by):
    return "".join(f"{' ' * by}{line}" for line in text.splitlines(keepends=True))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("tests:\n- {name: a}", f"tests:\n- {{name: a}}\n{ITEM}"),
        (
            "tests:\n  - name: a\n  # note\n\nworkers: []\n",
            f"tests:\n  - name: a\n{indented(ITEM, 2)}  # note\n\nworkers: []\n",
        ),
        ("tests:\n- name: |\n    a\n    # no note\n", f"tests:\n- name: |\n    a\n    # no note\n{ITEM}"),
        ("tests:\n- name: |+\n    a\n\n\n", f"tests:\n- name: |+\n    a\n\n\n{ITEM}"),
        ("workers: []\n", f"workers: []\n\ntests:\n{ITEM}"),
        ("# mine", f"# mine\n\ntests:\n{ITEM}"),
        ("tests: []\n", None),
        ("tests: 5\n", None),
        ("- a\n", None),
        ("tests: [\n", None),
    ],
)
def test_text_keeps_every_character_that_somebody_wrote(before, after):
    assert with_tests(before, ADDED) == after


NAMES = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), min_size=1, max_size=8)


@settings(max_examples=40)
@given(
    st.lists(NAMES, min_size=1, max_size=3),
    st.sampled_from(["", "\n", "# end\n", "\n\n  # end\nworkers: []\n"]),
    st.integers(0, 3),
)
def test_new_tests_come_after_the_existing_ones(names, end, indent):
    text = "tests:\n" + "".join(
        f"{' ' * indent}- name: {json.dumps(each)}  # {number}\n" for number, each in enumerate(names)
    )

    found = with_tests(text + end, ADDED)

    assert found.startswith(text.removesuffix("\n"))
    assert found.count("# ") >= len(names)


def test_an_attribute_that_no_expression_reads_makes_no_other_task_and_is_in_no_test():
    rows = "".join(f"Incoming,{number}\n" for number in range(50))
    Path("tasks.csv").write_text(f"workflow,attributes.phone\n{rows}")

    assert test_tasks("--record", "center/recorded.test.yaml", "-q") == 0
    assert "task: {}" in Path("center/recorded.test.yaml").read_text()


def test_objects_and_lists_of_a_task_are_in_a_test_as_expressions_see_them():
    text = WORKSPACE.replace("type == 'unnamed' OR text == 'never'", "who.tags HAS 'vip' OR who.steps[1].id == 'x'")
    Path("center/workspace.yaml").write_text(text)
    task = {
        "who": {"tags": ["vip", {"name": "Ana"}], "steps": [{"id": "a"}, {"id": "b", "name": "Ana"}], "name": "Ana"}
    }
    Path("tasks.jsonl").write_text(json.dumps({"workflow": "Incoming", "attributes": task}))

    assert run(["test", "center", "--tasks", "tasks.jsonl", "--record", "center/recorded.test.yaml", "-q"]) == 0

    written = Path("center/recorded.test.yaml").read_text()
    assert "Ana" not in written
    assert "id: b" in written
    assert "- vip" in written
