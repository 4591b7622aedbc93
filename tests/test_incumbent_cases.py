"""Problems of other tools between a file and a live workspace that are solved here: one situation a test."""

import gc
import json

import httpx
import pytest

from tr_apply.cli import run
from tr_apply.report.terminal import plan_text

CENTER = {
    "workspace": {
        "name": "Center",
        "multi_task_enabled": False,
        "default_activity": "Offline",
        "timeout_activity": "Away",
    },
    "activities": [
        {"name": "Offline", "available": False},
        {"name": "Away", "available": False},
        {"name": "Busy", "available": False},
        {"name": "Available", "available": True},
    ],
    "task_queues": [
        {
            "name": name,
            "target_workers": f"team == '{name}'",
            "assignment_activity": "Busy",
            "reservation_activity": "Busy",
        }
        for name in ("Gold", "Silver", "Spare")
    ],
    "workflows": [
        {
            "name": "Incoming",
            "filters": [
                {
                    "name": "Gold",
                    "expression": "tier == 'gold'",
                    "targets": [{"queue": "Gold", "priority": 5}, {"queue": "Silver"}],
                },
                {"name": "Silver", "expression": "tier == 'silver'", "targets": [{"queue": "Silver"}]},
            ],
            "default_filter": {"queue": "Silver"},
        }
    ],
    "workers": [
        {
            "name": "alice",
            "activity": "Available",
            "attributes": {"team": "Gold", "level": 3},
            "channels": {"voice": {"capacity": 1}},
        },
        {"name": "bob", "activity": "Busy", "attributes": {"team": "Silver"}},
        {"name": "carol", "activity": "Offline", "attributes": {"team": "Silver"}},
        {"name": "dave", "activity": "Away"},
        {"name": "erin"},
        {"name": "frank"},
    ],
    "safety": {"max_deletes": "100%"},
}


@pytest.fixture
def tr_apply(tmp_path, capsys):
    """The command line on a TaskRouter of its own: exit code, stdout, stderr."""

    def called(command, *arguments):
        try:
            code = run([command, *map(str, arguments), "--local-db", str(tmp_path / "local.db")])
        finally:
            gc.enable()  # a process that ends immediately does without
        return code, *capsys.readouterr()

    return called


def changed(**sections):
    """The whole configuration with other sections."""
    return {**CENTER, **sections}


def with_item(section, called, **fields):
    """The whole configuration in which one resource has other fields."""
    items = [{**item, **fields} if item["name"] == called else item for item in CENTER[section]]
    return changed(**{section: items})


def without(section, *names):
    return changed(**{section: [item for item in CENTER[section] if item["name"] not in names]})


def leading_elsewhere(old, new):
    """The workflows, with one queue in the place of another."""
    return json.loads(json.dumps(CENTER["workflows"]).replace(f'"queue": "{old}"', f'"queue": "{new}"'))


@pytest.fixture
def center(world):
    world.apply(CENTER)
    return world


def nothing_is_left(world, text):
    return not world.plan(text).operations


# Changes to the workspace outside the file


def test_fields_that_somebody_changed_are_seen_by_name_and_set_right(center, changed):
    center.change("TaskQueues", "Gold", TargetWorkers="1==1")
    center.change("Workers", "alice", Attributes='{"team": "Gold", "level": 4}')
    queue = center.sid("TaskQueues", "Silver")
    document = {"task_routing": {"filters": [], "default_filter": {"queue": queue}}}
    center.change("Workflows", "Incoming", Configuration=json.dumps(document))

    plan = center.apply(CENTER)

    assert plan.requests == 3
    told = changed(plan)
    assert told["task_queue/Gold"] == {"target_workers": ("1==1", "team == 'Gold'")}
    assert told["worker/alice"] == {"attributes.level": (4, 3)}
    assert set(told["workflow/Incoming"]) == {"filters[Gold]", "filters[Silver]"}
    assert queue not in plan_text(plan)
    assert nothing_is_left(center, CENTER)


def test_a_change_that_goes_unnoticed_elsewhere_is_seen(center, told_plan):
    center.change("TaskQueues", "Gold", AssignmentActivitySid=center.sid("Activities", "Away"))
    center.rest("POST", center.path(), DefaultActivitySid=center.sid("Activities", "Away"))
    worker = center.sid("Workers", "alice")
    center.rest("POST", f"{center.path()}/Workers/{worker}/Channels/voice", Capacity="7")
    center.change("Workers", "carol", FriendlyName="karol")
    center.make("TaskQueues", FriendlyName="Nobody's", AssignmentActivitySid=center.sid("Activities", "Busy"), ReservationActivitySid=center.sid("Activities", "Busy"))  # fmt: skip

    plan = center.apply(CENTER)

    assert sorted(told_plan(plan)) == [
        ("create", "worker", "carol"),
        ("delete", "task_queue", "Nobody's"),
        ("delete", "worker", "karol"),
        ("update", "task_queue", "Gold"),
        ("update", "worker_channel", "alice/voice"),
        ("update", "workspace", "Center"),
    ]


def test_the_present_activity_of_people_is_not_drift(center):
    center.change("Workers", "erin", ActivitySid=center.sid("Activities", "Available"))

    assert nothing_is_left(center, CENTER)


def test_a_queue_that_somebody_deleted_is_created_and_its_workflow_leads_to_it(center, told_plan):
    document = {"task_routing": {"filters": [], "default_filter": {"queue": center.sid("TaskQueues", "Spare")}}}
    center.change("Workflows", "Incoming", Configuration=json.dumps(document))
    center.delete("TaskQueues", "Silver")

    plan = center.apply(CENTER)

    assert told_plan(plan) == [("create", "task_queue", "Silver"), ("update", "workflow", "Incoming")]
    assert plan.requests == 2


def test_a_workspace_that_somebody_deleted_is_created_whole_and_once(center):
    before = center.state()
    center.rest("DELETE", center.path())

    center.apply(CENTER)

    assert len(center.items("Workspaces")) == 1
    assert center.state() == before


# The file changes


def test_a_queue_with_another_name_is_one_request_and_keeps_its_sid(center):
    sid = center.sid("TaskQueues", "Spare")

    plan = center.apply(with_item("task_queues", "Spare", name="Reserve", renamed_from=["Spare"]))

    assert plan.requests == 1
    assert center.sid("TaskQueues", "Reserve") == sid


def test_the_order_of_a_file_is_nobody_s_address(center):
    assert nothing_is_left(
        center, changed(**{key: CENTER[key][::-1] for key in ("activities", "task_queues", "workers")})
    )


def test_the_names_of_two_queues_are_exchanged_in_place(center):
    gold, silver = center.sid("TaskQueues", "Gold"), center.sid("TaskQueues", "Silver")
    names = {"Gold": "Silver", "Silver": "Gold", "Spare": "Spare"}
    queues = [
        {
            **queue,
            "name": names[queue["name"]],
            **({"renamed_from": [queue["name"]]} if queue["name"] != "Spare" else {}),
        }
        for queue in CENTER["task_queues"]
    ]

    plan = center.apply(changed(task_queues=queues))

    assert (center.sid("TaskQueues", "Silver"), center.sid("TaskQueues", "Gold")) == (gold, silver)
    assert {operation.action.value for operation in plan.operations} == {"update"}
    assert nothing_is_left(center, changed(task_queues=queues))


@pytest.mark.parametrize("name", ["Offline", "Away", "Busy"])
def test_an_activity_that_all_use_becomes_available(center, name):
    activities = [{**each, "available": each["available"] or each["name"] == name} for each in CENTER["activities"]]

    plan = center.apply(changed(activities=activities))

    assert [operation.action.value for operation in plan.operations] == ["replace"]
    assert center.names("Activities") == ["Available", "Away", "Busy", "Offline"]


def test_a_default_activity_goes_in_the_change_that_names_another(center):
    text = without("activities", "Offline")
    text["workspace"] = {**CENTER["workspace"], "default_activity": "Away"}
    text["workers"] = [{**each, "activity": "Away"} if each["name"] == "carol" else each for each in CENTER["workers"]]

    center.apply(text)

    assert center.names("Activities") == ["Available", "Away", "Busy"]


def test_a_queue_goes_in_the_change_that_leads_its_workflow_elsewhere(center):
    text = {**without("task_queues", "Gold"), "workflows": leading_elsewhere("Gold", "Spare")}

    center.apply(text)

    assert center.names("TaskQueues") == ["Silver", "Spare"]


def test_an_activity_goes_in_the_change_that_sends_its_workers_elsewhere(center):
    queues = [
        {**queue, "assignment_activity": "Away", "reservation_activity": "Away"} for queue in CENTER["task_queues"]
    ]
    workers = [{**each, "activity": "Away"} if each["name"] == "bob" else each for each in CENTER["workers"]]

    center.apply({**without("activities", "Busy"), "task_queues": queues, "workers": workers})

    assert next(w["activity_name"] for w in center.items("Workers") if w["friendly_name"] == "bob") == "Away"


def test_a_worker_who_is_available_can_go(center):
    plan = center.apply(without("workers", "alice"))

    assert plan.requests == 2
    assert "alice" not in center.names("Workers")


def test_a_workspace_with_people_at_work_is_destroyed_whole(tr_apply, tmp_path):
    path = tmp_path / "center.yaml"
    path.write_text(json.dumps(CENTER))
    assert tr_apply("apply", path, "--auto-approve")[0] == 0

    code, _, _ = tr_apply("destroy", path, "--confirm", "Center")

    assert code == 0
    assert "(new workspace)" in tr_apply("plan", path)[1]


# Two spellings of one thing


RESPELLED = {
    "indented": lambda document: json.dumps(document, indent=4),
    "keys in another order": lambda document: json.dumps(document, sort_keys=True),
    "a number as text": lambda document: json.dumps(document).replace('"priority": 5', '"priority": "5"'),
    "blanks in an expression": lambda document: json.dumps(document).replace("tier == 'gold'", "tier  ==  'gold'"),
    "another key": lambda document: json.dumps(document).replace("filter_friendly_name", "friendly_name"),
    "escapes": lambda document: json.dumps(document).replace("'", "\\u0027"),
}


@pytest.mark.parametrize("respelled", RESPELLED.values(), ids=RESPELLED)
def test_a_document_in_another_spelling_is_not_a_change(center, respelled):
    document = json.loads(center.items("Workflows")[0]["configuration"])
    center.change("Workflows", "Incoming", Configuration=respelled(document))

    assert nothing_is_left(center, CENTER)


# Mistakes


def test_all_mistakes_are_found_together_and_before_anything_is_sent(tr_apply, tmp_path):
    text = """\
workspace: {name: Center}
task_queues:
- {name: Gold, target_workers: "team == == 'gold'"}
- {name: Silver}
- {name: silver}
workflows:
- name: Incoming
  filtres: []
  filters:
  - {expression: "tier == 'gold", targets: [{queue: Gold}]}
  - {expression: "tier == 'silver'", targets: [{queue: Bronze}]}
"""
    path = tmp_path / "center.yaml"
    path.write_text(text)

    code, _, found = tr_apply("apply", path, "--auto-approve")

    assert code == 3
    places = sorted(int(line.split(":")[1]) for line in found.splitlines() if line.startswith(f"{path}:"))
    assert places == [3, 5, 8, 10, 11]
    assert "filters" in next(line for line in found.splitlines() if ":8:" in line)


# A workspace that was there before


def test_a_large_workspace_is_adopted_by_name_with_nothing_to_write_down(tr_apply, tmp_path):
    queues = [{"name": f"Queue {number}", "target_workers": f"n == {number}"} for number in range(60)]
    workers = [{"name": f"worker {number}", "attributes": {"n": number}} for number in range(200)]
    live = {"workspace": {"name": "Center"}, "task_queues": queues, "workers": workers}
    path, exported = tmp_path / "center.yaml", tmp_path / "exported.yaml"
    path.write_text(json.dumps(live))
    assert tr_apply("apply", path, "--auto-approve")[0] == 0

    assert tr_apply("export", "Center", "--output", exported)[0] == 0

    code, out, _ = tr_apply("plan", exported, "--detailed-exitcode")
    assert (code, "No changes." in out) == (0, True)
    text = exported.read_text()
    assert not [sid for sid in ("WS", "WQ", "WA", "WK", "WW") if f"{sid}0" in text]
    exported.write_text(text.replace("name: Center", "name: Center\n  template: NONE"))
    assert tr_apply("plan", exported, "--detailed-exitcode")[0] == 0


# A network that is not perfect


class Weather:
    """Between us and TaskRouter: *choose* says for each request what happens to it."""

    def __init__(self, world, choose):
        self._requests = world.requests
        self._inner = world.requests.handle_async_request
        self._choose = choose
        self._number = 0
        world.requests.handle_async_request = self.handle_async_request

    def clears(self):
        self._requests.handle_async_request = self._inner

    async def handle_async_request(self, request):
        self._number += 1
        what = self._choose(self._number, request)
        if isinstance(what, int):
            return httpx.Response(what, json={"code": 20429, "message": "no", "status": what})
        answer = await self._inner(request)
        if what == "lost":
            raise httpx.RemoteProtocolError("Server disconnected without sending a response.")
        if what == "truncated":
            return httpx.Response(answer.status_code, content=b'{"sid": "WQ')
        return answer


def applied_and_applied_again(world, weather):
    """Whether the first run came through; the second one, in fair weather, must."""
    first = world.carry_out(CENTER, world.plan(CENTER))
    weather.clears()
    again = world.carry_out(CENTER, world.plan(CENTER))
    assert again.verified
    assert len(world.items("Workspaces")) == 1
    return bool(first.verified)


def test_a_server_that_limits_us_costs_nothing_but_time(world, new_world):
    calm = new_world()
    calm.apply(CENTER)

    assert applied_and_applied_again(world, Weather(world, lambda number, _: 429 if number % 6 == 0 else None))

    assert world.state() == calm.state()


@pytest.mark.parametrize("status", [500, 503])
@pytest.mark.parametrize("every", [2, 5])
def test_after_a_failing_server_running_again_fixes_everything(world, new_world, status, every):
    calm = new_world()
    calm.apply(CENTER)

    applied_and_applied_again(world, Weather(world, lambda number, _: status if number % every == 0 else None))

    assert world.state() == calm.state()


@pytest.mark.parametrize("fate", ["lost", "truncated"])
def test_a_request_whose_answer_was_lost_is_not_carried_out_twice(world, new_world, fate):
    calm = new_world()
    calm.apply(CENTER)
    seen = set()

    def once(_, request):
        known = (request.method, request.url.path, request.content) in seen
        seen.add((request.method, request.url.path, request.content))
        return None if known or request.method == "GET" else fate

    assert applied_and_applied_again(world, Weather(world, once))

    assert world.state() == calm.state()


@pytest.mark.parametrize("after", [True, False])
@pytest.mark.parametrize("at", range(0, 16, 5))
def test_killed_anywhere_and_run_again_nothing_is_there_twice(world, new_world, at, after):
    calm = new_world()
    calm.apply(CENTER)
    assert world.apply_and_die(CENTER, **({"after": at} if after else {"at": at}))

    world.apply(CENTER)

    assert len(world.items("Workspaces")) == 1
    assert world.state() == calm.state()
