"""Plans that are saved, looked at, and applied later: by themselves, and only where and while they are still true."""

import json
import re
from pathlib import Path

import pytest

from tr_apply.live import Live, predicted
from tr_apply.plan.saved.document import checksum_of
from tr_apply.resources.workspace import Workspace

PLAN = Path("plan.json")

BEFORE = """
workspace: {name: Center}
activities: [{name: Offline}, {name: Available, available: true}, {name: Away}, {name: Lunch}]
task_queues:
  - {name: Gold}
  - {name: Silver}
  - {name: Night}
  - {name: Staff, reservation_activity: Away}
workflows:
  - name: Incoming
    filters: [{name: Vip, expression: "vip == 1", targets: [{queue: Gold}]}]
    default_filter: {queue: Silver}
workers:
  - {name: alice, attributes: {level: 1, team: a}, channels: {voice: {capacity: 2}}}
  - {name: bob, attributes: {level: 1}}
  - {name: carol, activity: Lunch}
"""
AFTER = """
workspace: {name: Center}
activities: [{name: Offline}, {name: Available, available: true}, {name: Away}]
task_queues:
  - {name: Gold, max_reserved_workers: 5}
  - {name: Silver}
  - {name: Late, renamed_from: [Night]}
  - {name: Staff, reservation_activity: Away}
  - {name: New}
workflows:
  - name: Incoming
    filters: [{name: Vip, expression: "vip == 2", targets: [{queue: Gold}]}]
    default_filter: {queue: Silver}
workers:
  - {name: alice, attributes: {level: 2, team: a}, channels: {voice: {capacity: 3}}}
  - {name: bob, attributes: {level: 1}}
  - {name: carol, activity: Offline}
safety: {max_deletes: 0}
"""


@pytest.fixture(scope="module")
def kept():
    """The plan as it was saved first; the worlds that it is for are copies of each other."""
    return []


@pytest.fixture
def saved(begun, cli, write, live, kept):  # noqa: ARG001  # the file must be there
    """The saved plan, on top of the live workspace."""
    begun(write("w.yaml", BEFORE))
    write("w.yaml", AFTER)
    if not kept:
        said = cli("plan", "w.yaml", "--out", "plan.json")
        assert said.code == 0, said.err
        kept.append(PLAN.read_text())
    PLAN.write_text(kept[0])
    return json.loads(kept[0])["plans"][0]


@pytest.mark.usefixtures("saved")
def test_a_saved_plan_is_exactly_the_json_document(cli):
    said = cli("plan", "w.yaml", "--format", "json")

    assert said.out == PLAN.read_text()


def test_a_saved_plan_is_applied_without_its_configuration(cli, saved, tmp_path):
    (tmp_path / "w.yaml").unlink()

    said = cli("apply", "--plan", "plan.json", "--format", "json")

    assert said.code == 0, said.err
    [plan] = said.document["plans"]
    assert plan["plan_id"] == saved["plan_id"]
    assert plan["verified"] is True
    assert {result["status"] for result in plan["results"]} == {"done"}
    assert sum(result["requests"] for result in plan["results"]) == saved["summary"]["requests"]
    (tmp_path / "w.yaml").write_text(AFTER)
    assert cli("plan", "w.yaml", "--detailed-exitcode").code == 0


NEW = """
workspace: {name: Shop, template: FIFO, default_activity: Home, prioritize_queue_order: LIFO}
activities: [{name: Home, renamed_from: [Offline]}, {name: Available}]
task_channels: [{unique_name: fax, name: Fax}]
task_queues: [{name: Main, renamed_from: [Sample Queue]}, {name: Gold, target_workers: "level > 1"}]
workflows:
  - {name: Default Fifo Workflow, default_filter: {queue: Gold}}
  - {name: Other, default_filter: {queue: Main}, filters: [{expression: "1==1", targets: [{queue: Gold, extra: {$odd: 1}}]}]}
workers: [{name: alice, activity: Home, attributes: {$sid: x, q: "${sid:task_queue/Gold}"}, channels: {fax: {capacity: 3}}}]
"""


def test_a_saved_plan_for_a_new_workspace_needs_no_configuration_either(cli, write):
    path = write("new.yaml", NEW)
    cli("plan", path, "--out", "plan.json")

    said = cli("apply", "--plan", "plan.json", "--format", "json")

    [plan] = said.document["plans"]
    assert (said.code, plan["verified"]) == (0, True), said.err
    assert {result["status"] for result in plan["results"]} == {"done"}
    assert cli("plan", path, "--detailed-exitcode").code == 0


def test_a_workspace_that_was_created_since_then_is_not_made_twice(cli, write, live):
    path = write("new.yaml", NEW)
    cli("plan", path, "--out", "plan.json")
    live.rest("POST", "/Workspaces", FriendlyName="shop")

    said = cli("apply", "--plan", "plan.json")

    assert said.code == 5
    assert len(live.items("Workspaces")) == 1


@pytest.mark.usefixtures("live")
def test_a_new_workspace_that_is_not_as_predicted_is_left_as_it_is(cli, write, monkeypatch):
    path = write("new.yaml", NEW)
    cli("plan", path, "--out", "plan.json")
    monkeypatch.setattr("tr_apply.deployment.saved.prediction", other_prediction)

    said = cli("apply", "--plan", "plan.json", "--format", "json")

    assert said.code == 4
    [first, *rest] = said.document["plans"][0]["results"]
    assert first["requests"] == 1
    assert {each["status"] for each in rest} == {"skipped"}
    assert "not as predicted: activity/Pause" in rest[0]["error"]
    assert cli("apply", path, "--auto-approve").code == 0


def other_prediction(_plan):
    found = predicted(None, Workspace(name="Shop", template="FIFO"))
    pause = Live("activity", "Pause", "WA" + "9" * 32, {"friendly_name": "Pause", "available": False})
    return type(found)(None, found.workspace, {**found.by_kind, "activity": [*found.by_kind["activity"], pause]})


# The changes since then: (who did what, the row of the table)

DRIFT = {
    "a field that is changed": (
        lambda live: live.change("TaskQueues", "Gold", MaxReservedWorkers="9"),
        ("task_queue/Gold", "max_reserved_workers", 1, 9, 5),
    ),
    "another field of what is touched": (
        lambda live: live.change("TaskQueues", "Gold", TargetWorkers="level > 3"),
        ("task_queue/Gold", "target_workers", "1==1", "level > 3", None),
    ),
    "a field of what is only referred to": (
        lambda live: live.change("TaskQueues", "Silver", TaskOrder="LIFO"),
        ("task_queue/Silver", "task_order", "FIFO", "LIFO", None),
    ),
    "a key of the attributes": (
        lambda live: live.change("Workers", "alice", Attributes='{"level": 7, "team": "a"}'),
        ("worker/alice", "attributes.level", 1, 7, 2),
    ),
    "a channel": (
        lambda live: live.rest(
            "POST", f"{live.path()}/Workers/{live.sid('Workers', 'alice')}/Channels/voice", Capacity="8"
        ),
        ("worker_channel/alice/voice", "capacity", 2, 8, 3),
    ),
    "a name that is taken": (
        lambda live: live.make("TaskQueues", FriendlyName="new"),
        ("task_queue/new", "", "(none)", ..., None),
    ),
    "any new name of a kind that gets one": (
        lambda live: live.make("TaskQueues", FriendlyName="Other"),
        ("task_queue/Other", "", "(none)", ..., None),
    ),
    "something that goes is renamed": (
        lambda live: live.change("Activities", "Lunch", FriendlyName="Meal"),
        ("activity/Lunch", "name", "Lunch", "Meal", "deleted"),
    ),
    "somebody enters an activity that goes": (
        lambda live: live.change("Workers", "bob", ActivitySid=live.sid("Activities", "Lunch")),
        ("activity/Lunch", "workers in it", ["carol"], ["bob", "carol"], "deleted"),
    ),
}


@pytest.mark.parametrize("case", DRIFT)
@pytest.mark.usefixtures("saved")
def test_a_change_of_the_state_that_the_plan_relies_on_is_stale(cli, live, case):
    deed, row = DRIFT[case]
    deed(live)
    before = live.state()

    said = cli("apply", "--plan", "plan.json", "--format", "json")

    assert said.code == 5
    assert live.state() == before
    [plan] = said.document["plans"]
    found = [tuple(each.values()) for each in plan["drift"]]
    assert any(all(want in (..., got) for want, got in zip(row, each, strict=True)) for each in found), found
    assert {(result["status"], result["requests"]) for result in plan["results"]} == {("skipped", 0)}


@pytest.mark.usefixtures("saved")
def test_the_table_says_planned_from_live_now_planned_to(cli, live):
    live.change("TaskQueues", "Gold", MaxReservedWorkers="9")
    workflow = live.items("Workflows")[0]
    configuration = json.loads(workflow["configuration"])
    configuration["task_routing"]["filters"][0]["expression"] = "vip == 3"
    live.change("Workflows", "Incoming", Configuration=json.dumps(configuration))

    said = cli("apply", "--plan", "plan.json")

    assert said.code == 5
    header, *rows = said.err[said.err.index("changed since then") :].splitlines()
    assert re.split("  +", header) == ["changed since then", "planned from", "live now", "planned to"]
    told = " ".join(rows)
    assert "task_queue/Gold max_reserved_workers" in told
    assert "vip == 3" in told
    assert max(map(len, rows)) <= 100


@pytest.mark.usefixtures("saved")
def test_the_workspace_has_gone(cli, live):
    live.rest("DELETE", live.path())

    said = cli("apply", "--plan", "plan.json")

    assert said.code == 5
    assert "deleted" in said.err


UNRELATED = {
    "activities": lambda live: live.change("Activities", "Available", FriendlyName="Ready"),
    "workers": lambda live: live.change("Workers", "bob", Attributes='{"level": 9}'),
}


@pytest.mark.parametrize("kind", UNRELATED)
def test_a_change_that_the_plan_does_not_rely_on_only_warns(begun, cli, write, live, kind):
    begun(path := write("w.yaml", BEFORE))
    write(
        "w.yaml",
        BEFORE.replace("{name: Gold}", "{name: Gold, max_reserved_workers: 5}").replace(
            "level: 1, team", "level: 2, team"
        ),
    )
    cli("plan", path, "--out", "plan.json")
    UNRELATED[kind](live)

    said = cli("apply", "--plan", "plan.json")

    assert said.code == 0, said.err
    assert f"Warning: {kind} that the plan does not rely on have changed" in said.err


@pytest.mark.usefixtures("saved")
def test_people_at_work_do_not_make_a_plan_stale(cli, live):
    live.change("Workers", "alice", ActivitySid=live.sid("Activities", "Available"))

    assert cli("apply", "--plan", "plan.json").code == 0


@pytest.mark.usefixtures("saved")
def test_a_plan_that_is_applied_again_sends_nothing(cli, live):
    assert cli("apply", "--plan", "plan.json").code == 0
    before = live.state()

    said = cli("apply", "--plan", "plan.json", "--format", "json")

    [plan] = said.document["plans"]
    assert (said.code, plan["verified"]) == (0, True)
    assert {(result["status"], result["requests"]) for result in plan["results"]} == {("done", 0)}
    assert live.state() == before


def test_a_plan_that_makes_true_of_one_is_not_done_already(cli, write, live):
    path = write("w.yaml", "workspace: {name: Center}\nworkers: [{name: alice, attributes: {vip: 1}}]")
    cli("apply", path, "--auto-approve")
    write("w.yaml", "workspace: {name: Center}\nworkers: [{name: alice, attributes: {vip: true}}]")
    cli("plan", path, "--out", "plan.json")

    said = cli("apply", "--plan", "plan.json")

    assert said.code == 0, said.err
    [alice] = live.items("Workers")
    assert alice["attributes"] == '{"vip":true}'


def test_a_saved_plan_is_consent_to_its_deletes_and_no_protection_is_lifted(cli, saved, write):
    assert saved["blocked"][0]["code"] == "needs-consent"
    write("w.yaml", AFTER.replace("max_deletes: 0", "max_deletes: 0, protect: [activity/Lunch]"))
    cli("plan", "w.yaml", "--out", "protected.json")

    protected = cli("apply", "--plan", "protected.json")
    assert protected.code == 6
    assert "protected" in protected.err
    assert cli("apply", "--plan", "plan.json").code == 0


# Where it was made


@pytest.mark.usefixtures("saved")
def test_a_plan_for_one_taskrouter_is_not_for_another(cli, monkeypatch):
    monkeypatch.setenv("TWILIO_ACCOUNT_SID", "AC" + "0" * 32)
    monkeypatch.setenv("TWILIO_AUTH_TOKEN", "x")

    said = cli("apply", "--plan", "plan.json", "--base-url", "http://127.0.0.1:9")

    assert said.code == 6
    assert "the plan was made for local, and this is http://127.0.0.1:9" in said.err


# The file


def edited(document, change):
    change(document)
    return json.dumps(document)


def forged(document, change):
    """Edited by somebody who knows how a checksum is made."""
    change(document)
    return json.dumps(document | {"checksum": checksum_of(document)})


def first(document):
    return document["plans"][0]


EDITS = {
    "an operation": lambda d: first(d)["operations"][0].update(name="Other"),
    "a request": lambda d: first(d)["operations"][0]["writes"][0]["form"].update(MaxReservedWorkers="50"),
    "no operation": lambda d: first(d)["operations"].pop(),
    "no reason against it": lambda d: first(d).update(blocked=[]),
    "the base": lambda d: first(d)["base"]["objects"].clear(),
    "the target": lambda d: first(d)["target"].update(workspace_sid="WS" + "0" * 32),
    "a sid": lambda d: first(d)["sids"].update(workspace="WS" + "0" * 32),
    "no checksum": lambda d: d.pop("checksum"),
    "the errors": lambda d: d.update(errors=[{}]),
}
VERSIONS = {
    "2.0": "the format 2.0",
    "0.9": "the format 0.9",
    "x": "not a plan",
    "1": "not a plan",
    None: "not a plan",
}


@pytest.mark.parametrize("case", EDITS)
@pytest.mark.usefixtures("saved")
def test_an_edited_plan_is_refused(cli, write, case):
    write("plan.json", edited(json.loads(PLAN.read_text()), EDITS[case]))

    said = cli("apply", "--plan", "plan.json")

    assert said.code == 6
    assert "edited" in said.err


@pytest.mark.parametrize("case", ["an operation", "the target", "the base"])
@pytest.mark.usefixtures("saved")
def test_a_plan_whose_id_is_another_ones_is_refused(cli, write, case):
    write("plan.json", forged(json.loads(PLAN.read_text()), EDITS[case]))

    said = cli("apply", "--plan", "plan.json")

    assert said.code == 6
    assert "plan id does not belong" in said.err


FORGED = {
    "a kind": lambda d: first(d)["operations"][0].update(kind="queue"),
    "a SID": lambda d: first(d)["operations"][0].update(sid="../../Workspaces"),
    "a verb": lambda d: first(d)["operations"][0]["writes"][0].update(verb="burn"),
    "a form": lambda d: first(d)["operations"][0]["writes"][0].update(form=[1]),
    "a value": lambda d: first(d)["operations"][0]["writes"][0]["form"].update(X=1),
    "no plans": lambda d: d.update(plans=None),
    "no base": lambda d: first(d).pop("base"),
    "a label": lambda d: first(d)["operations"][0]["writes"][0].update(needs=["nothing"]),
}


@pytest.mark.parametrize("case", FORGED)
@pytest.mark.usefixtures("saved")
def test_a_plan_of_another_form_is_refused(cli, write, case):
    write("plan.json", forged(json.loads(PLAN.read_text()), FORGED[case]))

    said = cli("apply", "--plan", "plan.json")

    assert said.code == 6
    assert "not that of a plan" in said.err


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.usefixtures("saved")
def test_a_plan_from_another_major_version_is_refused(cli, write, version):
    write("plan.json", edited(json.loads(PLAN.read_text()), lambda d: d.update(format_version=version)))

    said = cli("apply", "--plan", "plan.json")

    assert said.code == 6
    assert VERSIONS[version] in said.err


@pytest.mark.usefixtures("saved")
def test_a_plan_from_a_newer_minor_version_is_taken(cli, write):
    write("plan.json", edited(json.loads(PLAN.read_text()), lambda d: d.update(format_version="1.7")))

    assert cli("apply", "--plan", "plan.json").code == 0


@pytest.mark.parametrize("share", [0, 0.1, 0.5, 0.99])
@pytest.mark.usefixtures("saved")
def test_a_plan_that_was_cut_off_is_refused(cli, write, share):
    text = PLAN.read_text()
    write("plan.json", text[: int(len(text) * share)])

    said = cli("apply", "--plan", "plan.json")

    assert said.code == 6
    assert "a part of it" in said.err


NO_PLANS = ["[]", "null", '"x"', "{}", '{"format_version": NaN}', "[" * 100_000, "9" * 5000, "workspace: {name: X}"]


@pytest.mark.parametrize("text", NO_PLANS, ids=lambda text: text[:20])
def test_a_file_that_is_not_a_plan_is_refused(cli, write, text):
    assert cli("apply", "--plan", write("plan.json", text)).code == 6


def test_a_file_that_is_not_text_is_refused(cli, tmp_path):
    (tmp_path / "plan.json").write_bytes(b"\xff\xfe\x00")

    assert cli("apply", "--plan", "plan.json").code == 6


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="this system has no file that cannot be read")
def test_a_plan_file_that_cannot_be_read_is_reported(cli):
    said = cli("apply", "--plan", "/proc/self/mem")

    assert said.code == 1
    assert "/proc/self/mem cannot be read: Input/output error" in said.err


@pytest.mark.usefixtures("saved")
def test_the_result_of_an_apply_is_not_a_plan(cli):
    cli("apply", "--plan", "plan.json", "--format", "json", "--output", "applied.json")

    said = cli("apply", "--plan", "applied.json")

    assert said.code == 6
    assert "the result of another command than plan" in said.err


def test_a_plan_file_of_a_failed_plan_is_refused(cli, write):
    path = write("w.yaml", "workspace: {name: X}\ntask_queues: [{name: A, task_order: X}]")
    assert cli("plan", path, "--out", "plan.json").code == 3

    said = cli("apply", "--plan", "plan.json")

    assert said.code == 6
    assert "there is no plan in it: expected 'FIFO' or 'LIFO'" in said.err


@pytest.mark.parametrize("errors", [[], None, [{}], "no list"])
@pytest.mark.usefixtures("saved")
def test_a_plan_file_without_a_plan_that_does_not_say_why_is_refused(cli, write, errors):
    write("plan.json", forged(json.loads(PLAN.read_text()), lambda d: d.update(plans=[], errors=errors)))

    said = cli("apply", "--plan", "plan.json")

    assert said.code == 6
    assert "there is no plan in it: planning failed" in said.err


OPTIONS = [
    ["--target", "task_queue/Gold"],
    ["--allow-delete", "activity=1"],
    ["--expect", "x"],
    ["--var", "a=b"],
    ["--var-file", "vars.yaml"],
    ["--overlay", "more.yaml"],
]


@pytest.mark.parametrize("options", OPTIONS, ids=lambda options: options[0])
@pytest.mark.usefixtures("saved")
def test_an_option_that_would_change_a_saved_plan_is_a_usage_error(cli, options):
    said = cli("apply", "--plan", "plan.json", *options)

    assert said.code == 64
    assert options[0] in said.err


def test_a_plan_file_that_is_not_there_is_a_usage_error(cli):
    assert cli("apply", "--plan", "nowhere.json").code == 64
    assert cli("apply").code == 64


@pytest.mark.usefixtures("saved")
def test_a_configuration_for_none_of_the_plans_is_a_usage_error(cli, write):
    other = write("other.yaml", "workspace: {name: Other}")

    assert cli("apply", "--plan", "plan.json", other).code == 64


@pytest.mark.usefixtures("live")
@pytest.mark.parametrize(
    "text",
    [
        "workspace: {name: [",
        "workspace: {name: Center}\ntask_queues: []\nworkflows: [{name: V, default_filter: {queue: No}}]",
    ],
)
def test_errors_of_a_configuration_that_is_given_with_a_plan_are_shown(cli, write, text):
    write("w.yaml", "workspace: {name: Center}")
    cli("plan", "w.yaml", "--out", "plan.json")
    write("w.yaml", text)

    said = cli("apply", "--plan", "plan.json", "w.yaml")

    assert said.code == 3
    assert "w.yaml:" in said.err


def test_nothing_to_do_can_be_saved_and_applied(cli, write):
    path = write("w.yaml", BEFORE)
    cli("apply", path, "--auto-approve")
    cli("plan", path, "--out", "plan.json")

    said = cli("apply", "--plan", "plan.json")
    told = cli("apply", "--plan", "plan.json", "--format", "json").document["plans"][0]

    assert (said.code, "No changes." in said.out) == (0, True)
    assert told["verified"] is None  # nothing was read
