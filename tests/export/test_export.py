"""The content of an export, and the parts that it leaves out."""

import json
from datetime import date

import pytest
import yaml

from tr_apply.findings import Severity
from tr_apply.lint import lint

HEAD = "workspace: {name: Center}\n"
GONE = "WQ" + "0f" * 16
FULL = """
workspace:
  name: Center
  prioritize_queue_order: LIFO
  event_callback_url: https://example.com/events
  events_filter: [task.created]
  timeout_activity: Unavailable
activities:
  - {name: Offline, available: false}
  - {name: Unavailable, available: false}
  - {name: Available, available: true}
task_channels:
  - {unique_name: fax, name: Fax, channel_optimized_routing: true}
task_queues:
  - {name: Zero}
  - name: alpha
    target_workers: "id == '${sid:worker/bob}' OR id == '${sid:workspace}'"
    reservation_activity: Unavailable
workflows:
  - name: Incoming
    assignment_callback_url: "https://example.com/?queue=${sid:task_queue/alpha}"
    filters:
      - {name: Z, expression: "1==1", targets: [{queue: Zero, timeout: 5}, {queue: alpha}]}
      - {expression: "a == 'b'", targets: [{queue: alpha, extra: {unknown: 1}}], extra: {more: [1]}}
    default_filter: {queue: Zero}
    extra: {also: true}
workers:
  - name: bob
  - name: alice
    activity: Available
    attributes: {queue: "${sid:task_queue/alpha}", text: "$${not} a variable", n: no}
    channels: {fax: {capacity: 2}, voice: {available: false}, sms: {capacity: 1}}
"""


def sections(text):
    return yaml.safe_load(text)


@pytest.fixture
def full(world):
    world.apply(FULL)
    return world


def test_the_sections_have_the_order_of_the_documentation(full, exported):
    text = exported(full)

    order = ["workspace", "activities", "task_channels", "task_queues", "workflows", "workers", "manage"]
    assert list(sections(text)) == order
    assert "\n\n".join(text.split("\n\n")) == text
    assert text.count("\n\n") == len(order) - 1


def test_resources_are_sorted_by_name_without_case_and_filters_are_not(full, exported):
    found = sections(exported(full))

    assert [each["name"] for each in found["task_queues"]] == ["alpha", "Zero"]
    assert [each["name"] for each in found["workers"]] == ["alice", "bob"]
    assert [each.get("name") for each in found["workflows"][0]["filters"]] == ["Z", None]


def test_defaults_activities_of_workers_dates_and_sids_are_left_out(full, exported):
    found = sections(exported(full))

    assert found["workspace"] == {
        "name": "Center",
        "prioritize_queue_order": "LIFO",
        "event_callback_url": "https://example.com/events",
        "events_filter": ["task.created"],
        "timeout_activity": "Unavailable",
    }
    assert found["task_queues"][1] == {"name": "Zero"}
    assert found["workers"][1] == {"name": "bob", "attributes": {}}  # left out would keep the live value


def test_sids_in_strings_are_references_again(full, exported):
    found = sections(exported(full))

    assert found["task_queues"][0]["target_workers"] == "id == '${sid:worker/bob}' OR id == '${sid:workspace}'"
    assert found["workflows"][0]["assignment_callback_url"] == "https://example.com/?queue=${sid:task_queue/alpha}"
    assert found["workers"][0]["attributes"]["queue"] == "${sid:task_queue/alpha}"


def test_a_literal_variable_is_escaped(full, exported):
    assert sections(exported(full))["workers"][0]["attributes"]["text"] == "$${not} a variable"


def test_a_key_that_tr_apply_does_not_have_is_kept_at_its_level(full, exported):
    [workflow] = sections(exported(full))["workflows"]

    assert workflow["extra"] == {"also": True}
    assert workflow["filters"][1]["extra"] == {"more": [1]}
    assert workflow["filters"][1]["targets"] == [{"queue": "alpha", "extra": {"unknown": 1}}]


def test_worker_channels_are_written_where_they_differ_from_taskrouters_defaults(full, exported):
    assert sections(exported(full))["workers"][0]["channels"] == {"fax": {"capacity": 2}, "voice": {"available": False}}


def test_text_reads_alike_by_either_schema_of_yaml(full, exported):
    assert sections(exported(full))["workers"][0]["attributes"]["n"] == "no"
    assert "n: 'no'" in exported(full)


def test_an_export_makes_the_same_workspace_elsewhere(full, exported, new_world, told_plan):
    text = exported(full)
    other = new_world()

    other.apply(text)

    assert exported(other) == text
    assert told_plan(other.plan(text)) == []
    without_activities = [
        {key: value for key, value in each.items() if key != "activity_sid"} for each in full.state()["Workers"]
    ]
    assert [each["attributes"] for each in other.state()["Workers"]] == [
        each["attributes"] for each in without_activities
    ]


def test_an_export_reads_manage_of_the_existing_file_and_prints_no_secret(full, exported, told_plan):
    full.change("Workers", "alice", Attributes=json.dumps({"phone": "hunter2", "level": 1}))

    written = "manage: {workers: {mode: additive, sensitive: [attributes.phone]}}"
    text = exported(full).replace("manage:\n  workers: additive", written)
    plan = full.plan(text.replace("level: 1", "level: 2"))

    assert told_plan(full.plan(text)) == []
    assert told_plan(plan) == [("update", "worker", "alice")]
    assert "hunter2" not in json.dumps(full.document(text))


def test_workers_that_are_hired_elsewhere_are_left_alone(world, exported, told_plan):
    world.apply(HEAD + "workers: [{name: bob}]\n")

    text = exported(world)
    world.make("Workers", FriendlyName="new.hire")

    assert sections(text)["manage"] == {"workers": "additive"}
    assert told_plan(world.plan(text)) == []


def test_without_workers_the_export_has_no_entry_for_them(world, exported):
    world.apply(HEAD)

    assert list(sections(exported(world))) == ["workspace", "activities", "task_channels"]


def test_equal_workspaces_give_one_text_for_any_order_of_json_keys(new_world, exported):
    attributes = [
        '{"level": 3, "skills": [{"b": 1, "a": 2}], "extra": {"z": 1, "y": 2}}',
        '{"extra": {"y": 2, "z": 1.0}, "skills": [{"a": 2.0, "b": 1}], "level": 3.0}',
    ]
    texts = []
    for turn, text in zip((1, -1), attributes, strict=True):
        world = new_world()
        world.apply(HEAD + "task_queues: [{name: Q}]\nworkers: [{name: bob}]\nworkflows: [{name: W}]\n")
        world.change("Workers", "bob", Attributes=text)
        more = dict([("one", 1), ("two", {"c": 1, "d": 2})][::turn])
        target = {"queue": world.sid("TaskQueues", "Q"), **more}
        routing = {"filters": [{"expression": "1==1", "targets": [target], **more}], **more}
        world.change("Workflows", "W", Configuration=json.dumps({"task_routing": routing, **more}))
        world.rest("POST", world.path(), EventsFilter=",".join(["task.created", "task.canceled"][::turn]))
        texts.append(exported(world))

    assert texts[0] == texts[1]


def without_queue(world):
    """A workflow whose queue is gone: TaskRouter refuses that now, and has not always."""
    world.apply(FULL)
    document = {
        "task_routing": {
            "filters": [{"expression": "1==1", "targets": [{"queue": world.sid("TaskQueues", "alpha")}]}],
            "default_filter": {"queue": world.sid("TaskQueues", "alpha")},
        }
    }
    text = json.dumps(document).replace(world.sid("TaskQueues", "alpha"), GONE)
    world.sql("UPDATE workflow SET configuration = ?", text)


def test_a_queue_that_is_gone_stays_a_sid_and_is_left_alone(world, exported, told_plan):
    without_queue(world)

    text = exported(world)
    configuration = world.configuration(text)
    lint(configuration, today=date(2026, 1, 1))

    [workflow] = sections(text)["workflows"]
    assert workflow["filters"][0]["targets"] == [{"queue": GONE}]
    assert workflow["default_filter"] == {"queue": GONE}
    codes = [(each.code, each.severity) for each in configuration.diagnostics if each.path.startswith("workflows")]
    assert codes == [("dangling-sid", Severity.WARNING)] * 2
    configuration.require_valid()
    assert told_plan(world.plan(text)) == []


@pytest.mark.parametrize(
    "routing",
    [
        {"filters": [{"expression": "1==1", "targets": [{"timeout": 5}]}]},
        {"default_filter": {}},
        {"filters": [{"expression": "1==1", "targets": [{"queue": "WQ" + "0" * 32, "extra": {"x": 1}}]}]},
    ],
    ids=["a first target without a queue", "a default_filter without one", "a key that is called extra"],
)
def test_a_document_that_no_file_would_say_is_exported_and_plans_empty(world, exported, told_plan, routing):
    without_queue(world)
    world.sql("UPDATE workflow SET configuration = ?", json.dumps({"task_routing": routing}))

    assert told_plan(world.plan(exported(world))) == []


def test_a_queue_that_is_not_a_sid_is_kept_as_it_is(world, exported, told_plan):
    without_queue(world)
    document = {"task_routing": {"filters": [{"expression": "1==1", "targets": [{"queue": "alpha"}]}]}}
    world.sql("UPDATE workflow SET configuration = ?", json.dumps(document))

    text = exported(world)

    assert sections(text)["workflows"][0]["filters"][0]["targets"] == [{"extra": {"queue": "alpha"}}]
    assert told_plan(world.plan(text)) == []


@pytest.mark.parametrize(
    ("live", "written"),
    [
        ("{sid}", "${sid:worker/bob}"),
        ("client:{sid}_voice", "client:${sid:worker/bob}_voice"),
        ("a{sid}{sid}", "a${sid:worker/bob}${sid:worker/bob}"),
        ("${{{sid}}}", "$${${sid:worker/bob}}"),
        ("${sid}", "${sid}"),  # as a reference it would read as an escape
        ("$${{x}}", "$$${x}"),
        ("WK" + "f" * 32, "WK" + "f" * 32),
    ],
)
def test_a_sid_inside_text_is_a_reference_wherever_that_reads_as_one(world, exported, told_plan, live, written):
    world.apply(HEAD + "workers: [{name: bob}, {name: alice}]\n")
    sid = world.sid("Workers", "bob")
    world.change("Workers", "alice", Attributes=json.dumps({"text": live.format(sid=sid)}))

    text = exported(world)

    assert (
        sections(text)["workers"][0]["attributes"]["text"] == written.format(sid=sid) if "{sid}" in written else written
    )
    assert told_plan(world.plan(text)) == []


@pytest.mark.parametrize("name", ["a}b", "${x}", "$${", "a/b", "no", "012", "- a", "#", "'\"", "é\n\U0001f600", "<<"])
def test_any_name_is_exported_as_it_is(world, exported, told_plan, name):
    world.apply(HEAD)
    queue = world.make("TaskQueues", FriendlyName=name, TargetWorkers=f"a == '{name[:1]}'".replace("'''", '"\'"'))
    routing = {"task_routing": {"filters": [], "default_filter": {"queue": queue["sid"]}}}
    world.make("Workflows", FriendlyName=name, Configuration=json.dumps(routing))
    worker = world.make("Workers", FriendlyName=name, Attributes=json.dumps({name: f"of {queue['sid']}"}))
    world.change("Workers", worker["friendly_name"], FriendlyName=name)

    text = exported(world)

    assert told_plan(world.plan(text)) == []
    document = world.configuration(text).document
    assert document.task_queues[0].name == document.workers[0].name == document.workflows[0].name == name
    assert document.workflows[0].default_filter.queue == name
    assert list(document.workers[0].attributes) == [name]


def test_text_that_is_not_unicode_is_an_error_that_says_so(new_local):
    live = new_local()
    path = f"/Workspaces/{live.post('/Workspaces', data={'FriendlyName': 'Center'}).json()['sid']}"
    made = live.post(f"{path}/Workers", data={"FriendlyName": "a", "Attributes": '{"a": "\\ud800"}'})

    code, out = live.command("export", "Center", "--format", "yaml")

    assert made.status_code == 201
    assert (code, out) == (1, "")


def test_a_folder_with_other_configuration_is_not_written_into(new_local, tmp_path):
    live = new_local()
    live.post("/Workspaces", data={"FriendlyName": "Center"})
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "mine.yaml").write_text("workers: []\n")

    code, _ = live.command("export", "Center", "--output", tmp_path / "folder")

    assert code == 1
    assert [path.name for path in (tmp_path / "folder").iterdir()] == ["mine.yaml"]


def test_a_folder_is_written_again_over_itself(new_local, tmp_path):
    live = new_local()
    live.post("/Workspaces", data={"FriendlyName": "Center"})

    codes = [live.command("export", "Center", "--output", f"{tmp_path}/folder/")[0] for _ in range(2)]

    assert codes == [0, 0]
    assert live.plan(tmp_path / "folder") == (0, [], [])
