"""The ``*.test.yaml`` files of a configuration, and the mistakes in them with their places."""

from pathlib import Path

import pytest

from tr_apply.config.load import load
from tr_apply.config.routing_test_files import is_routing_test
from tr_apply.config.routing_tests import load_routing_tests

WORKSPACE = """
vars: {topic: billing}
workspace: {name: W}
task_queues: [{name: Gold}]
workflows: [{name: Incoming, default_filter: {queue: Gold}}]
workers: [{name: alice}]
"""
GOOD = """
tests:
  - name: it works
    workflow: incoming
    channel: voice
    task: {topic: "${topic}", agent: "${sid:worker/alice}", also: ["${sid:workspace}", 5]}
    available: [alice]
    expect:
      default_filter: true
      steps: [{queue: Gold, eligible: [alice]}]
      at: {5s: {queue: Gold}, 25h: {unrouted: true}}
"""


@pytest.fixture
def suite(folder):  # noqa: ARG001
    """Writes files, and loads the tests of their configuration."""

    def load_(files, path="."):
        for name, text in files.items():
            Path(name).parent.mkdir(parents=True, exist_ok=True)
            Path(name).write_text(text)
        return load_routing_tests(load(Path(path)))

    return load_


def findings(suite):
    return [f"{each.file}:{each.line}:{each.column} {each.code} {each.path}" for each in suite.diagnostics]


def test_a_test_is_read_with_its_variables_and_its_place(suite):
    found = suite({"w.yaml": WORKSPACE, "w.test.yaml": GOOD})

    assert findings(found) == []
    [located] = found.tests
    assert (located.test.name, located.file, located.line, located.column) == ("it works", "w.test.yaml", 3, 5)
    assert located.test.task["topic"] == "billing"


def test_a_folder_has_all_tests_below_it_in_the_order_of_their_paths(suite):
    files = ["b.test.yaml", "a/z.test.yml", "overlays/x.test.yaml", ".hidden/x.test.yaml", ".x.test.yaml", "a/b.yaml"]

    found = suite({"w.yaml": WORKSPACE, **dict.fromkeys(files[:-1], GOOD), "a/b.yaml": "manage: {workers: exact}\n"})

    assert [each.file for each in found.tests] == ["a/z.test.yml", "b.test.yaml"]


def test_a_file_has_the_tests_that_begin_with_its_name_if_there_are_any(suite):
    files = {
        "w.yaml": WORKSPACE,
        "v.yaml": WORKSPACE,
        "w.test.yaml": GOOD,
        "w.more.test.yaml": GOOD,
        "x.test.yaml": GOOD,
    }

    assert [each.file for each in suite(files, "w.yaml").tests] == ["w.more.test.yaml", "w.test.yaml"]
    assert [each.file for each in suite(files, "v.yaml").tests] == ["w.more.test.yaml", "w.test.yaml", "x.test.yaml"]


def test_a_configuration_without_tests_is_reported(suite):
    assert findings(suite({"w.yaml": WORKSPACE})) == [".:None:None no-tests None"]


def test_a_file_of_tests_is_known_by_its_name():
    assert is_routing_test(Path("a/b.test.yaml"))
    assert not is_routing_test(Path("a/test.yaml"))


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("workflow: incoming", "workflow: Incomming", "w.test.yaml:4:15 unknown-reference tests[0].workflow"),
        ("channel: voice", "channel: fax", "w.test.yaml:5:14 unknown-reference tests[0].channel"),
        ("available: [alice]", "available: [bob]", "w.test.yaml:7:17 unknown-reference tests[0].available[0]"),
        (
            "eligible: [alice]",
            "eligible: [x]",
            "w.test.yaml:10:40 unknown-reference tests[0].expect.steps[0].eligible[0]",
        ),
        ("5s: {queue: Gold}", "5s: {queue: Old}", "w.test.yaml:11:24 unknown-reference tests[0].expect.at.5s.queue"),
        ("{sid:worker/alice}", "{sid:worker/bob}", "w.test.yaml:6:38 unknown-reference tests[0].task.agent"),
        ("{sid:worker/alice}", "{sid:person/bob}", "w.test.yaml:6:38 unknown-kind tests[0].task.agent"),
        ('"${topic}"', '"${nothing}"', "w.test.yaml:6:20 unknown-variable None"),
        ('"${topic}"', "+14155550100", "w.test.yaml:6:19 phone-number tests[0].task.topic"),
        ("task: {topic:", "task: {'${x}': 1, topic:", "w.test.yaml:6:12 literal-key tests[0].task.${x}"),
        ("default_filter: true", "default_filter: null", "w.test.yaml:9:23 null tests[0].expect.default_filter"),
        ("5s: {queue", "soon: {queue", "w.test.yaml:11:12 invalid-value tests[0].expect.at.soon"),
        ("name: it works", "nam: it works", "w.test.yaml:3:5 unknown-key tests[0].nam"),
        ("tests:", "tests: [", "w.test.yaml:3:3 yaml-syntax tests[0]"),
    ],
)
def test_a_mistake_is_reported_with_its_place(suite, old, new, expected):
    found = findings(suite({"w.yaml": WORKSPACE, "w.test.yaml": GOOD.replace(old, new, 1)}))

    assert expected in found


@pytest.mark.parametrize(
    ("sections", "expected"),
    [
        ("", []),
        ("activities: []\n", ["w.test.yaml:2:33 unknown-reference workers[0].activity"]),
        ("task_channels: []\n", ["w.test.yaml:2:51 unknown-reference workers[0].channels.fax"]),
        ("task_channels: [{unique_name: fax, name: Fax}]\nactivities: [{name: Break}]\n", []),
        ("activities: []\nmanage: {activities: additive}\n", []),
    ],
)
def test_people_have_activities_and_channels_that_can_exist(suite, sections, expected):
    people = "\nworkers: [{name: zoe, activity: Break, channels: {fax: {}}}]\n"
    tests = "tests: [{name: T, workflow: Incoming, available: [zoe], expect: {default_filter: true}}]\n"

    found = suite({"w.yaml": WORKSPACE + sections, "w.test.yaml": people + tests})

    assert findings(found) == expected


def test_the_people_of_a_file_are_known_in_that_file_alone(suite):
    people = "workers: [{name: zoe}]\n"
    test = "tests: [{name: T, workflow: Incoming, available: [zoe], expect: {default_filter: true}}]\n"

    found = suite({"w.yaml": WORKSPACE, "a.test.yaml": people + test, "b.test.yaml": test})

    assert findings(found) == ["b.test.yaml:1:51 unknown-reference tests[0].available[0]"]
    [of_a, of_b] = found.tests
    assert ([each.name for each in of_a.workers], of_b.workers) == (["zoe"], ())


def test_names_that_a_section_left_out_may_have_are_those_that_are_referred_to(suite):
    without_queues = WORKSPACE.replace("task_queues: [{name: Gold}]\n", "")

    assert findings(suite({"w.yaml": without_queues, "w.test.yaml": GOOD})) == []


def test_a_test_holds_no_secret_and_no_value_of_a_for_each(suite):
    secret = "variables: {t: {secret: true, default: canary}}" + WORKSPACE
    odd = GOOD.replace('"${topic}"', '"x ${t}"').replace("available: [alice]", "available: ['${t}']")

    found = suite({"w.yaml": secret, "w.test.yaml": odd.replace("5]", "'${each.q}']")})

    assert [(each.code, each.line) for each in found.diagnostics] == [
        ("secret-misplaced", 6),
        ("unknown-each", 6),
        ("secret-misplaced", 7),
    ]
    assert "canary" not in str(found.diagnostics)
