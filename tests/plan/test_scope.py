"""The scope of a file: the sections and fields that it has, and TaskRouter's seeds in a new workspace."""

import pytest

from tr_apply.apply import Status

CENTER = "workspace: {name: Center}\n"
SINGLE = "workspace: {name: Center, multi_task_enabled: false}\n"
FIFO = "workspace: {name: Center, template: FIFO}\n"

SECTIONS = {
    "activities": ("Activities", "Extra", {"FriendlyName": "Extra"}),
    "task_channels": ("TaskChannels", "extra", {"FriendlyName": "Extra", "UniqueName": "extra"}),
    "task_queues": ("TaskQueues", "Extra", {"FriendlyName": "Extra"}),
    "workflows": ("Workflows", "Extra", {"FriendlyName": "Extra", "Configuration": '{"task_routing":{"filters":[]}}'}),
    "workers": ("Workers", "Extra", {"FriendlyName": "Extra"}),
}


def operations(plan):
    return [(operation.action.value, operation.name) for operation in plan.operations]


@pytest.mark.parametrize("section", SECTIONS)
def test_a_section_that_is_left_out_is_left_alone(world, section):
    collection, _, form = SECTIONS[section]
    world.apply(CENTER)
    world.make(collection, **form)

    assert world.plan(CENTER).operations == []


@pytest.mark.parametrize("section", SECTIONS)
def test_an_empty_section_means_that_none_may_exist(world, section):
    collection, name, form = SECTIONS[section]
    world.apply(CENTER)
    world.make(collection, **form)

    assert ("delete", name) in operations(world.plan(f"{CENTER}{section}: []"))


@pytest.mark.parametrize("section", SECTIONS)
@pytest.mark.parametrize("mode", ["additive", "ignore"])
def test_a_section_that_is_not_exact_deletes_nothing(world, section, mode):
    collection, _, form = SECTIONS[section]
    world.apply(CENTER)
    world.make(collection, **form)

    plan = world.plan(f"{CENTER}{section}: []\nmanage: {{{section}: {mode}}}")

    assert plan.operations == []


def test_an_additive_section_creates_and_updates(world):
    text = CENTER + "task_queues: [{name: A, task_order: LIFO}, {name: B}]\nmanage: {task_queues: additive}"
    world.apply(CENTER)
    world.make("TaskQueues", FriendlyName="A")
    world.make("TaskQueues", FriendlyName="Extra")

    assert operations(world.apply(text)) == [("update", "A"), ("create", "B")]


def test_an_ignored_section_is_not_even_read(world):
    text = CENTER + "task_queues: [{name: A, task_order: LIFO}, {name: B}]\nmanage: {task_queues: ignore}"
    world.apply(CENTER)

    assert world.plan(text).operations == []
    assert [path for path in world.requests.reads if "Queues" in path] == []


WORKER = CENTER + "workers: [{name: alice, attributes: {level: 1}, channels: {voice: {capacity: 2}}}]"


def test_a_field_that_a_worker_leaves_out_keeps_its_live_value(world):
    world.apply(WORKER)

    assert world.plan(CENTER + "workers: [{name: alice}]").operations == []


def test_a_field_that_the_workspace_leaves_out_keeps_its_live_value(world):
    world.apply(CENTER)
    world.rest("POST", world.path(), EventCallbackUrl="http://x", EventsFilter="a.b", PrioritizeQueueOrder="LIFO")

    assert world.plan(CENTER).operations == []


def test_channels_that_a_worker_does_not_name_keep_their_live_values(world):
    world.apply(WORKER)
    world.rest("POST", f"{world.path()}/Workers/{world.sid('Workers', 'alice')}/Channels/sms", Capacity="7")

    assert world.plan(WORKER).operations == []


def test_an_empty_object_of_attributes_takes_everything_away(world, changed):
    world.apply(WORKER)

    plan = world.plan(CENTER + "workers: [{name: alice, attributes: {}}]")

    assert changed(plan) == {"worker/alice": {"attributes.level": (1, None)}}


# The content of a new workspace -> the remaining changes for a file that lists all of it, or nothing of it.
SEEDED = {
    "multitasking": (CENTER, ["Available", "Offline", "Unavailable"], {"Available": True}),
    "single-tasking": (SINGLE, ["Busy", "Idle", "Offline", "Reserved"], {"Idle": True}),
}


@pytest.mark.parametrize("mode", SEEDED)
def test_the_seeds_of_a_new_workspace_are_adopted_by_name(world, mode):
    head, names, available = SEEDED[mode]
    activities = [f"{{name: {name.upper()}, available: {str(available.get(name, False)).lower()}}}" for name in names]

    plan = world.apply(f"{head}activities: [{', '.join(activities)}]")

    assert operations(plan) == [("create", "Center"), *(("update", name.upper()) for name in names)]
    assert world.names("Activities") == [name.upper() for name in names]


@pytest.mark.parametrize("mode", SEEDED)
def test_the_seeds_of_a_new_workspace_go_without_consent_where_they_are_not_declared(world, mode):
    head, names, _ = SEEDED[mode]

    plan = world.apply(f"{head}activities: []")

    assert operations(plan)[1:] == [("delete", name) for name in names if name != "Offline"]
    assert plan.blocked == []
    assert world.names("Activities") == ["Offline"]
    assert [each.code for each in plan.diagnostics] == ["kept"]


def test_seeded_task_channels_are_never_deleted(world):
    plan = world.apply(f"{CENTER}task_channels: []")

    assert operations(plan) == [("create", "Center")]
    assert world.names("TaskChannels") == ["Default", "Programmable Chat", "SMS", "Video", "Voice"]


def test_a_seeded_task_channel_is_adopted_and_its_name_is_a_field(world, changed):
    text = CENTER + "task_channels: [{unique_name: voice, name: Phone}, {unique_name: chat}]"

    plan = world.apply(text)

    assert changed(plan) == {
        "task_channel/voice": {"name": ("Voice", "Phone")},
        "task_channel/chat": {"name": ("Programmable Chat", "chat")},
    }


def test_the_queue_and_the_workflow_of_a_fifo_workspace_are_adopted(world):
    text = FIFO + (
        "task_queues: [{name: Sample Queue}]\n"
        "workflows: [{name: Default Fifo Workflow, default_filter: {queue: Sample Queue}}]"
    )

    assert operations(world.apply(text)) == [("create", "Center")]


def test_the_queue_and_the_workflow_of_a_fifo_workspace_go_without_consent(world):
    plan = world.apply(FIFO + "task_queues: [{name: Mine}]\nworkflows: []")

    assert operations(plan)[1:] == [
        ("create", "Mine"),
        ("delete", "Default Fifo Workflow"),
        ("delete", "Sample Queue"),
    ]
    assert plan.blocked == []


def test_the_template_is_never_a_difference(world):
    world.apply(FIFO)

    assert world.plan(CENTER).operations == world.plan(FIFO).operations == []


def test_a_queue_of_a_new_single_tasking_workspace_needs_its_activities(world):
    text = SINGLE + (
        "activities: [{name: Offline}, {name: Ringing}, {name: Talking}]\n"
        "task_queues: [{name: A, reservation_activity: Ringing, assignment_activity: talking}]"
    )

    plan = world.apply(text)

    assert operations(plan)[:4] == [
        ("create", "Center"),
        ("create", "Ringing"),
        ("create", "Talking"),
        ("create", "A"),
    ]
    assert plan.operations[3].depends_on == ("op-1", "op-2", "op-3")


def test_a_new_workspace_takes_a_second_request_for_its_activities(world):
    text = (
        "workspace: {name: Center, default_activity: Lunch, timeout_activity: Unavailable, event_callback_url: http://x}\n"
        "activities: [{name: Lunch}, {name: Unavailable}]"
    )

    plan = world.apply(text)

    assert plan.operations[0].requests == 2
    [workspace] = world.items("Workspaces")
    assert workspace["default_activity_name"] == "Lunch"
    assert workspace["timeout_activity_name"] == "Unavailable"
    assert world.names("Activities") == ["Lunch", "Unavailable"]


def test_a_seeded_activity_can_be_replaced_in_the_same_plan(world, told_plan):
    text = (
        "workspace: {name: Center}\nactivities: [{name: Offline, available: true}, {name: Away}]\nworkers: [{name: a}]"
    )

    plan = world.apply(text)

    assert ("replace", "activity", "Offline") in told_plan(plan)
    assert world.items("Workspaces")[0]["default_activity_name"] == "Offline"


# A new workspace that is not as predicted: something happens between its creation and the first look into it.


class Surprise:
    """Does something to the new workspace before anybody reads it."""

    def __init__(self, world, *statements):
        self._world, self._statements = world, statements
        self._inner = world.requests.handle_async_request
        world.requests.handle_async_request = self.handle_async_request

    async def handle_async_request(self, request):
        answer = await self._inner(request)
        if request.method == "POST" and request.url.path == "/v1/Workspaces":
            for statement in self._statements:
                self._world.sql(statement)
        return answer


def test_a_new_workspace_that_holds_something_else_is_planned_again(world):
    Surprise(world, "UPDATE activity SET friendly_name = 'Away', name_key = 'away' WHERE friendly_name = 'Unavailable'")
    text = CENTER + "activities: [{name: Offline}, {name: Available, available: true}, {name: Unavailable}]"
    plan = world.plan(text)

    applied = world.carry_out(text, plan)

    assert operations(plan) == [("create", "Center")]
    assert [result.operation.name for result in applied.results] == ["Center", "Unavailable", "Away"]
    assert {result.status for result in applied.results} == {Status.DONE}
    assert any("not as predicted" in note for note in applied.notes)
    assert applied.verified
    assert world.names("Activities") == ["Available", "Offline", "Unavailable"]


def test_an_operation_that_a_new_workspace_does_not_need_is_not_sent(world):
    Surprise(world, "DELETE FROM activity WHERE friendly_name = 'Unavailable'")
    text = CENTER + "activities: [{name: Offline}, {name: Available, available: true}]"
    plan = world.plan(text)

    applied = world.carry_out(text, plan)

    assert operations(plan) == [("create", "Center"), ("delete", "Unavailable")]
    assert applied.verified
    assert len(world.requests.writes) == sum(result.requests for result in applied.results) == 1


def test_an_operation_that_is_refused_in_an_unexpected_new_workspace_is_not_done(world):
    Surprise(world, "UPDATE activity SET friendly_name = 'Mine', name_key = 'mine' WHERE friendly_name = 'Unavailable'")
    text = (
        CENTER
        + "activities: [{name: Offline}, {name: Available, available: true}]\nsafety: {protect: ['activity/mine']}"
    )
    plan = world.plan(text)

    applied = world.carry_out(text, plan)

    assert "Mine" in world.names("Activities")
    assert not applied.verified


def test_a_new_workspace_whose_making_was_killed_is_finished_by_the_next_run(world, new_world):
    text = (
        "workspace: {name: Center, template: FIFO, default_activity: Lunch}\n"
        "activities: [{name: Offline, available: true}, {name: Lunch}]\n"
        "task_queues: [{name: Mine}]\nworkflows: []\nworkers: [{name: alice, channels: {voice: {capacity: 3}}}]"
    )
    whole = new_world()
    whole.apply(text)
    state = whole.state()

    for _ in world.moments(text, writes=13):
        world.apply(text)

        assert world.state() == state
