"""``tr-apply route``: the route of one task, as text and as JSON."""

import json
import subprocess
import sys

import pytest

from tests.closed_schema import not_described
from tr_apply.cli import run
from tr_apply.schema import schema

WORKSPACE = """\
workspace: {name: Center}
activities:
  - {name: Offline}
  - {name: Here, available: true}
task_channels:
  - {unique_name: fax, name: Fax}
task_queues:
  - {name: Everyone}
  - {name: Gold, target_workers: "level >= 3", max_reserved_workers: 2}
  - {name: Spanish, target_workers: "languages HAS 'es'"}
  - {name: Nobody, target_workers: ""}
workflows:
  - name: Incoming
    filters:
      - name: Own agent
        expression: "agent != null"
        targets:
          - {queue: Everyone, known_worker_friendly_name: task.agent, timeout: 30}
      - name: Gold tickets
        expression: "customer_value == 'Gold' AND type == 'ticket'"
        targets:
          - {queue: Gold, priority: 10, timeout: 60, order_by: "worker.level DESC"}
          - {queue: Spanish, timeout: 60, expression: "task.language IN worker.languages"}
          - {queue: Everyone}
      - name: Skipped
        expression: "type == 'skip'"
        targets:
          - {queue: Nobody, skip_if: "workers.available == 0"}
      - expression: "type == 'ticket'"
        targets:
          - {queue: Spanish, timeout: 90, skip_if: "workers.available == 0"}
    default_filter: {queue: Everyone}
  - name: Dead end
    filters:
      - {name: Once, expression: "a == 1", targets: [{queue: Gold, timeout: 10}]}
      - {name: Again, expression: "a >= 1", targets: [{queue: Spanish, timeout: 5}]}
  - name: Own
    default_filter: {queue: Everyone, known_worker_sid: task.agent}
  - name: Nowhere
    filters:
      - {name: Skipping, expression: "a == 1", targets: [{queue: Nobody, skip_if: "1==1"}]}
workers:
  - {name: alice, attributes: {level: 3, languages: [en, es]}, channels: {fax: {available: false}}}
  - {name: bob, attributes: {level: 4, languages: [en]}, channels: {fax: {capacity: 0}}}
  - {name: carol, attributes: {level: 1, languages: [es], phone: "555-0100"}}
manage:
  workers:
    sensitive: [attributes.phone]
"""


@pytest.fixture
def path(tmp_path):
    file = tmp_path / "workspace.yaml"
    file.write_text(WORKSPACE)
    return str(file)


@pytest.fixture
def told(path, capsys):
    """The JSON about a task."""

    def ask(task, *options, workflow="Incoming"):
        code = run(
            ["route", path, "--workflow", workflow, "--task", json.dumps(task), "--format", "json", *map(str, options)]
        )
        document = json.loads(capsys.readouterr().out)
        assert (document["exit_code"], document["command"], document["errors"]) == (code, "route", [])
        assert code == 0
        assert not_described(document) == []
        return document["route"]

    return ask


@pytest.fixture
def text(path, capsys):
    """The text about a task."""

    def ask(task, *options, workflow="Incoming"):
        assert run(["route", path, "--workflow", workflow, "--task", json.dumps(task), *map(str, options)]) == 0
        return capsys.readouterr().out

    return ask


def test_filters_say_why_they_do_not_match_until_one_does(told):
    filters = told({"type": "ticket", "customer_value": "Gold"})["filters"]

    assert [(each["name"], each["matches"], each["reached"]) for each in filters] == [
        ("Own agent", False, False),
        ("Gold tickets", True, True),
        ("Skipped", False, False),
        (None, True, False),
    ]
    assert filters[0]["because"] == {"comparison": "agent != null", "found": {"agent": None}}
    assert filters[1]["because"] is None


def test_the_first_false_comparison_is_shown_with_the_value_found(told):
    filters = told({"type": "call", "customer_value": "Gold"})["filters"]

    assert filters[1]["because"] == {"comparison": "type == 'ticket'", "found": {"type": "call"}}


def test_every_step_has_queue_priority_deadline_and_its_workers_in_order(told):
    steps = told({"type": "ticket", "customer_value": "Gold", "language": "es"})["steps"]

    assert [(s["queue"], s["priority"], s["timeout"], s["deadline"], s["left_by"]) for s in steps] == [
        ("Gold", 10, 60, 60, "timeout"),
        ("Spanish", 10, 60, 120, "timeout"),
        ("Everyone", 10, None, None, None),
    ]
    assert [s["eligible"] for s in steps] == [["bob", "alice"], ["alice", "carol"], ["alice", "bob", "carol"]]
    assert [s["offered_to"] for s in steps] == [2, 1, 1]


def test_ineligible_workers_are_listed_with_the_condition_nearest_first(told):
    steps = told({"type": "ticket", "customer_value": "Gold", "language": "en"}, "--available", "carol")["steps"]

    assert [(e["worker"], e["obstacle"]) for e in steps[0]["excluded"]] == [
        ("alice", "activity"),
        ("bob", "activity"),
        ("carol", "not_in_queue"),
    ]
    assert steps[0]["excluded"][0]["found"] == {"activity": "Offline"}
    assert steps[0]["excluded"][2]["because"] == {"comparison": "level >= 3", "found": {"level": 1}}
    assert steps[1]["excluded"][1] == {
        "worker": "carol",
        "obstacle": "expression",
        "because": {
            "comparison": "task.language IN worker.languages",
            "found": {"task.language": "en", "worker.languages": ["es"]},
        },
        "found": None,
    }


def test_a_channel_that_a_worker_does_not_take_excludes(told):
    [step] = told({}, "--channel", "fax")["steps"]

    assert step["eligible"] == ["carol"]
    assert [(e["worker"], e["obstacle"], e["found"]) for e in step["excluded"]] == [
        ("bob", "capacity", {"used": 0, "capacity": 0}),
        ("alice", "channel", None),
    ]


def test_a_known_worker_is_the_only_one(told):
    steps = told({"agent": "BOB"})["steps"]

    assert steps[0]["eligible"] == ["bob"]
    assert steps[0]["known_worker"] == {"value": "BOB", "debugger_code": None, "by": "friendly_name"}
    assert {e["obstacle"] for e in steps[0]["excluded"]} == {"not_wanted"}


def test_a_task_that_times_out_goes_on_to_the_next_filter_that_matches(told):
    route = told({"a": 1}, workflow="Dead end")

    assert [(s["filter_name"], s["entered"], s["deadline"]) for s in route["steps"]] == [
        ("Once", 0, 10),
        ("Again", 10, 15),
    ]
    assert route["end"] == {"how": "timed_out", "at": 15, "reason": "Task canceled on Workflow timeout"}


def test_a_step_is_skipped_only_where_nobody_is_eligible(told):
    skipped = told({"type": "skip"})
    kept = told({"type": "ticket"}, "--available", "alice")

    assert [(s["queue"], s["default_filter"], s["left_by"]) for s in skipped["steps"]] == [
        ("Nobody", False, "skip"),
        ("Everyone", True, None),
    ]
    assert [(s["queue"], s["left_by"]) for s in kept["steps"]] == [("Spanish", "timeout")]


def test_without_a_filter_and_a_default_there_is_no_route(told, text):
    route = told({}, workflow="Dead end")

    assert route["steps"] == []
    assert route["end"]["how"] == "no_route"
    assert "there is no default filter" in text({}, workflow="Dead end")


def test_priority_and_the_order_of_who_is_there_come_from_the_command_line(told):
    [step] = told({}, "--priority", 7, "--available", "carol", "--available", "Alice")["steps"]

    assert step["priority"] == 7
    assert step["eligible"] == ["carol", "alice"]


def test_the_text_shows_the_whole_way(text):
    assert text({"type": "ticket", "customer_value": "Gold", "language": "es"}, "--available", "alice") == (
        """\
A task for the workflow Incoming
  attributes: {"type": "ticket", "customer_value": "Gold", "language": "es"}
  available: alice

Filters
  no   Own agent: agent != null is false: agent is missing or null
  yes  Gold tickets: customer_value == 'Gold' AND type == 'ticket'
       2 more are not looked at

Step 1: queue Gold
  filter 2 "Gold tickets", target 1; priority 10; deadline at 1m
  eligible: alice
  not eligible:
    bob: not available: in the activity Offline
    carol: not in the queue: level >= 3 is false: level is 1
  at 1m, if no one has taken it: on to step 2

Step 2: queue Spanish
  filter 2 "Gold tickets", target 2; priority 10; deadline at 2m
  only workers with: task.language IN worker.languages
  eligible: alice
  not eligible:
    carol: not available: in the activity Offline
    bob: not in the queue: languages HAS 'es' is false: languages is ["en"]
  at 2m, if no one has taken it: on to step 3

Step 3: queue Everyone
  filter 2 "Gold tickets", target 3; priority 10; no deadline
  eligible: alice
  not eligible:
    bob: not available: in the activity Offline
    carol: not available: in the activity Offline
  if no one takes it, it waits here

End: it waits in Everyone until somebody takes it; at 24h it is canceled
  (Task TTL Exceeded).
"""
    )


@pytest.mark.parametrize(
    ("task", "options", "workflow", "said"),
    [
        ({"agent": 3}, [], "Incoming", "wants the known worker 3 alone, who cannot be had (TaskRouter's error 40154)"),
        ({"agent": "zoe"}, [], "Incoming", "error 40155"),
        ({"score": 1.5}, [], "Own", "wants a known worker, but the task names none: nobody can take it"),
        ({"type": "skip"}, [], "Incoming", "skipped immediately, because workers.available == 0"),
        ({"type": "skip"}, [], "Incoming", "on to step 2, of the default filter"),
        ({"type": "skip"}, [], "Incoming", "not in the queue: its target_workers is empty"),
        ({"a": 1}, [], "Dead end", 'on to step 2, of filter 2 "Again"'),
        ({"a": 1}, [], "Dead end", "at 15s it falls out of the workflow and is canceled"),
        ({"a": 1}, [], "Dead end", "at 15s, if no one has taken it: it leaves the workflow"),
        ({"a": 1}, [], "Nowhere", "it skips out of the workflow and is canceled at 0s"),
        ({}, ["--channel", "fax"], "Incoming", "takes no tasks of this channel now"),
        ({}, ["--channel", "fax"], "Incoming", "no capacity: 0 of 0 in use"),
        ({}, ["--channel", "fax", "--priority", 3], "Incoming", "channel: fax\n  priority: 3"),
        ({"agent": "bob"}, [], "Incoming", "alice: is not the worker wanted"),
        (
            {"type": "ticket"},
            ["--available", "alice", "--channel", "fax"],
            "Incoming",
            "(not skipped: workers.available == 0 is false: workers.available is 1)",
        ),
    ],
)
def test_the_text_says(text, task, options, workflow, said):
    shown = text(task, *options, workflow=workflow)

    assert " ".join(said.split()) in " ".join(shown.split())


def test_of_many_who_are_not_eligible_the_nearest_are_named(tmp_path, capsys):
    path = tmp_path / "many.yaml"
    staff = "".join(f"  - {{name: w{number}}}\n" for number in range(50))
    path.write_text(
        'workspace: {name: X}\ntask_queues: [{name: Q, target_workers: "a == 1"}]\n'
        f"workflows: [{{name: W, default_filter: {{queue: Q}}}}]\nworkers:\n{staff}"
    )

    assert run(["route", str(path), "--workflow", "W", "--task", "{}"]) == 0
    assert "    and 47 more\n" in capsys.readouterr().out
    assert run(["route", str(path), "--workflow", "W", "--task", "{}", "--format", "json"]) == 0
    [step] = json.loads(capsys.readouterr().out)["route"]["steps"]
    assert [each["worker"] for each in step["excluded"]] == [f"w{number}" for number in range(20)]
    assert step["excluded_count"] == 50


def test_the_text_is_narrow_enough(text):
    for task in ({"type": "ticket", "customer_value": "Gold"}, {"type": "skip"}, {"agent": "x" * 20}, {}):
        assert max(map(len, text(task).splitlines())) <= 80


def test_nothing_in_a_name_or_a_value_can_steer_the_terminal(text):
    shown = text({"type": "\x1b[2J", "agent": None})

    assert "\x1b" not in shown
    assert "\\u001b[2J" in shown


def test_a_sensitive_attribute_is_not_shown(path, tmp_path, capsys):
    text = WORKSPACE.replace('target_workers: "level >= 3"', "target_workers: \"phone == 'x'\"")
    text = text.replace("task.language IN worker.languages", "worker.phone == task.phone")
    (tmp_path / "workspace.yaml").write_text(text)
    for form in ("text", "json"):
        task = '{"type": "ticket", "customer_value": "Gold", "phone": "1"}'
        assert run(["route", path, "--workflow", "Incoming", "--task", task, "--format", form]) == 0
        shown = capsys.readouterr().out
        assert "555" not in shown
        assert shown.count("(sensitive)") >= 2


def test_a_sensitive_expression_is_not_shown(path, tmp_path, capsys):
    text = (
        WORKSPACE.replace("level >= 3", "level >= 333")
        .replace("type == 'skip'", "type == 'skip' AND canary == 'canary'")
        .replace("task.language IN worker.languages", "task.language == worker.canary")
        .replace(
            "{queue: Gold, priority: 10, timeout: 60,", "{queue: Gold, skip_if: workers.available == 77, timeout: 60,"
        )
    )
    rules = "  task_queues: {sensitive: [target_workers]}\n"
    rules += "  workflows: {sensitive: ['filters[Skipped].expression', 'filters[Gold tickets].targets']}\n"
    (tmp_path / "workspace.yaml").write_text(text + rules)
    for form in ("text", "json"):
        for task in ('{"type": "ticket", "customer_value": "Gold"}', '{"type": "skip"}'):
            assert run(["route", path, "--workflow", "Incoming", "--task", task, "--format", form]) == 0
            shown = capsys.readouterr().out
            assert not [secret for secret in ("canary", "333", "77") if secret in shown]
            assert "agent != null" in shown
            assert "(sensitive) is false" in shown or '"comparison": "(sensitive)"' in shown


def test_a_queue_that_is_not_declared_is_marked(tmp_path, capsys):
    path = tmp_path / "part.yaml"
    path.write_text(
        "workspace: {name: X}\nworkflows:\n  - {name: W, default_filter: {queue: Elsewhere}}\nworkers: [{name: ann}]\n"
    )

    assert run(["route", str(path), "--workflow", "w", "--task", "{}"]) == 0

    assert "This queue is not declared in the configuration" in capsys.readouterr().out


def test_where_everybody_is_eligible_nobody_is_named_as_not(tmp_path, capsys):
    path = tmp_path / "small.yaml"
    path.write_text(
        "workspace: {name: X}\ntask_queues: [{name: Q}]\nworkflows: [{name: W, default_filter: {queue: Q}}]\n"
        "workers: [{name: ann}]\n"
    )

    assert run(["route", str(path), "--workflow", "W", "--task", "{}"]) == 0

    assert "  eligible: ann\n  if no one takes it, it waits here\n" in capsys.readouterr().out


def test_sids_of_declared_resources_can_be_named_and_are_shown_as_names(tmp_path, capsys):
    path = tmp_path / "sids.yaml"
    path.write_text(
        """\
workspace: {name: X}
task_queues: [{name: Q}]
workflows:
  - name: W
    filters:
      - expression: "agent == '${sid:worker/ann}' AND place == '${sid:workspace}'"
        targets: [{queue: Q, known_worker_sid: task.agent, expression: "worker.sid == '${sid:worker/bob}'"}]
workers: [{name: ann}, {name: bob}]
"""
    )

    task = '{"agent": "${sid:worker/ann}", "place": "${sid:workspace}"}'
    assert run(["route", str(path), "--workflow", "W", "--task", task, "--format", "json"]) == 0
    [step] = json.loads(capsys.readouterr().out)["route"]["steps"]

    assert step["known_worker"]["value"] == "${sid:worker/ann}"
    assert step["excluded"][0]["because"] == {
        "comparison": "worker.sid == '${sid:worker/bob}'",
        "found": {"worker.sid": "${sid:worker/ann}"},
    }


def test_single_tasking_and_activities_of_ones_own_are_known(tmp_path, capsys):
    path = tmp_path / "single.yaml"
    path.write_text(
        """\
workspace: {name: X, multi_task_enabled: false, default_activity: Offline}
task_queues: [{name: Q, target_workers: "activity_name == 'Idle'", reservation_activity: Reserved, assignment_activity: Busy}]
workflows: [{name: W, default_filter: {queue: Q}}]
workers: [{name: ann}, {name: bob, activity: Lunch}]
"""
    )

    assert run(["route", str(path), "--workflow", "W", "--task", "{}", "--format", "json"]) == 0
    [step] = json.loads(capsys.readouterr().out)["route"]["steps"]

    assert step["eligible"] == ["ann", "bob"]


WRONG = [
    (["--workflow", "Incomming", "--task", "{}"], "did you mean 'Incoming'?"),
    (["--workflow", "xyz", "--task", "{}"], "known here: Incoming, Dead end, Own"),
    (["--workflow", "Incoming", "--task", "{]"], "not valid JSON"),
    (["--workflow", "Incoming", "--task", "[]"], "expected a JSON object"),
    (["--workflow", "Incoming", "--task", '{"a": NaN}'], "not a number in JSON"),
    (["--workflow", "Incoming", "--task", '{"a": 1e999}'], "not a number in JSON"),
    (["--workflow", "Incoming", "--task", '{"a":' + "[" * 500 + "]" * 500 + "}"], "levels deep"),
    (["--workflow", "Incoming", "--task", "[" * 2000 + "]" * 2000], "levels deep"),
    (["--workflow", "Incoming", "--task", '{"a": "' + "x" * 5000 + '"}'], "at most 4096"),
    (["--workflow", "Incoming", "--task", "{}", "--available", "alise"], "did you mean 'alice'?"),
    (["--workflow", "Incoming", "--task", "{}", "--channel", "vioce"], "did you mean 'voice'?"),
    (["--workflow", "Incoming", "--task", "{}", "--priority", "-1"], "--priority"),
    (["--workflow", "Incoming"], "--task"),
    (["--task", "{}"], "--workflow"),
]


@pytest.mark.parametrize(("arguments", "said"), WRONG, ids=range(len(WRONG)))
def test_a_wrong_question_is_a_usage_error(path, capsys, arguments, said):
    code = run(["route", path, *arguments])

    assert code == 64
    assert said in capsys.readouterr().err


def test_an_invalid_configuration_is_3_with_its_place(tmp_path, capsys):
    path = tmp_path / "broken.yaml"
    path.write_text("workspace: {name: X}\ntask_queues: [{name: Q, target_workers: 'a =='}]\n")

    code = run(["route", str(path), "--workflow", "W", "--task", "{}", "--format", "json"])

    [error] = json.loads(capsys.readouterr().out)["errors"]
    assert (code, error["line"]) == (3, 2)


def test_the_same_question_has_the_same_answer_in_every_process(path):
    command = [sys.executable, "-m", "tr_apply", "route", path, "--workflow", "Incoming", "--task", '{"type":"ticket"}']

    answers = {
        subprocess.run(command, capture_output=True, check=True, env={"PYTHONHASHSEED": seed}).stdout
        for seed in ("1", "2")
    }

    assert len(answers) == 1


# The document, as the contract names its parts

FILTER_KEYS = ["number", "name", "expression", "matches", "reached", "because"]
STEP_KEYS = [
    "number",
    "filter",
    "filter_name",
    "default_filter",
    "target",
    "queue",
    "priority",
    "timeout",
    "expression",
    "entered",
    "deadline",
    "eligible",
    "offered_to",
    "excluded",
    "excluded_count",
]


def test_the_document_has_every_name_of_the_contract(told):
    route = told({"type": "ticket", "customer_value": "Gold", "language": "es"})

    assert {"workflow", "task", "available", "filters", "steps", "end"} <= route.keys()
    assert [list(each) for each in route["filters"]] == [FILTER_KEYS] * 4
    for step in route["steps"]:
        assert [key for key in step if key in STEP_KEYS] == STEP_KEYS
    assert route["task"] == {
        "attributes": {"type": "ticket", "customer_value": "Gold", "language": "es"},
        "channel": "default",
        "priority": 0,
    }
    assert route["end"] == {"how": "expired", "at": 86_400, "reason": "Task TTL Exceeded"}


def test_filters_steps_and_targets_are_numbered_from_1(told):
    route = told({"type": "ticket", "customer_value": "Gold", "language": "es"})

    assert [each["number"] for each in route["filters"]] == [1, 2, 3, 4]
    assert [(each["number"], each["filter"], each["target"], each["queue"]) for each in route["steps"]] == [
        (1, 2, 1, "Gold"),
        (2, 2, 2, "Spanish"),
        (3, 2, 3, "Everyone"),
    ]


def test_a_step_says_everything_about_itself(told):
    route = told({"type": "ticket", "customer_value": "Gold", "language": "es"})

    first = route["steps"][0]
    assert {key: first[key] for key in STEP_KEYS if not key.startswith("excluded")} == {
        "number": 1,
        "filter": 2,
        "filter_name": "Gold tickets",
        "default_filter": False,
        "target": 1,
        "queue": "Gold",
        "priority": 10,
        "timeout": 60,
        "expression": None,
        "entered": 0,
        "deadline": 60,
        "eligible": ["bob", "alice"],
        "offered_to": 2,
    }
    assert first["excluded"] == [
        {
            "worker": "carol",
            "obstacle": "not_in_queue",
            "because": {"comparison": "level >= 3", "found": {"level": 1}},
            "found": None,
        }
    ]
    assert first["excluded_count"] == 1


def test_the_default_filter_has_no_number(told):
    [step] = told({"type": "call"})["steps"]

    assert (step["filter"], step["filter_name"], step["default_filter"], step["target"]) == (None, None, True, 1)


def test_deadlines_are_the_sum_of_the_time_outs(tmp_path, capsys):
    timeouts = [210, 390, 300, 300, 300, None]
    targets = [{"queue": "Q"} if each is None else {"queue": "Q", "timeout": each} for each in timeouts]
    path = tmp_path / "w.yaml"
    path.write_text(
        json.dumps(
            {
                "workspace": {"name": "X"},
                "task_queues": [{"name": "Q"}],
                "workflows": [{"name": "W", "filters": [{"expression": "1==1", "targets": targets}]}],
            }
        )
    )

    assert run(["route", str(path), "--workflow", "W", "--task", "{}", "--format", "json"]) == 0

    steps = json.loads(capsys.readouterr().out)["route"]["steps"]
    assert [each["timeout"] for each in steps] == timeouts
    assert [each["deadline"] for each in steps] == [210, 600, 900, 1200, 1500, None]
    assert [each["entered"] for each in steps] == [0, 210, 600, 900, 1200, 1500]


def test_the_route_says_whether_workers_were_named_as_available(told):
    assert told({})["all_available"] is True
    route = told({}, "--available", "carol")
    assert (route["all_available"], route["available"]) == (False, ["carol"])


def test_the_schema_knows_every_key_of_a_route(told):
    definitions = schema("plan")["$defs"]
    route = told({"type": "ticket", "customer_value": "Gold"})
    own_agent = told({"agent": "carol"})["steps"][0]

    for name, value in (
        ("route", route),
        ("route_task", route["task"]),
        ("route_filter", route["filters"][0]),
        ("false_comparison", route["filters"][0]["because"]),
        ("route_step", route["steps"][0]),
        ("excluded_worker", route["steps"][0]["excluded"][0]),
        ("wanted_worker", own_agent["known_worker"]),
        ("route_end", route["end"]),
    ):
        only_live = {"available"} if name == "route_step" else set()
        assert definitions[name]["properties"].keys() - only_live == value.keys(), name
        assert set(definitions[name]["required"]) == value.keys(), name


def test_attributes_reach_the_document_as_they_are(told):
    task = {"big": 10**30, "small": 1.5, "nested": [{"a": None}], "text": "é"}

    assert told(task)["task"]["attributes"] == task
