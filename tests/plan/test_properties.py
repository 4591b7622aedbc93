"""Properties of every configuration and of every change between two."""

import contextlib
import copy
import random
from dataclasses import replace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tr_apply.plan.saved.document import plan_document

ACTIVITIES = ["Offline", "Available", "Break", "Lunch", "Training"]
CHANNELS = ["voice", "email", "fax", "chat"]
QUEUES = ["Gold", "Silver", "Bronze", "Everyone", "Night"]
WORKFLOWS = ["Incoming", "Outgoing", "Callbacks"]
WORKERS = ["alice", "bob", "carol", "dave", "erin", "frank"]
EXPRESSIONS = ["1==1", "level > 3", "languages HAS 'es'", "team == 'emea' AND (level >= 2 OR vip == true)"]
FILTERS = ["type == 'ticket'", "customer_value == 'Gold'", "language IN ['es', 'ca']"]
ATTRIBUTES = [{}, {"level": 1}, {"level": True}, {"level": 1.5, "languages": ["en", "es"]}, {"contact": {"phone": "1"}}]


def some(draw, names, least=0):
    return draw(st.lists(st.sampled_from(names), unique=True, min_size=least))


@st.composite
def documents(draw):
    activities = [
        {"name": name, "available": name != "Offline" and draw(st.booleans())}
        for name in sorted({"Offline", *some(draw, ACTIVITIES)})
    ]
    names = [each["name"] for each in activities]
    queues = [queue(draw, name, names) for name in some(draw, QUEUES)]
    channels = [{"unique_name": name, "name": name.title()} for name in some(draw, CHANNELS)]
    queue_names = [each["name"] for each in queues]
    return {
        "workspace": {
            "name": "Center",
            "default_activity": "Offline",
            "timeout_activity": draw(st.sampled_from(names)),
            "prioritize_queue_order": draw(st.sampled_from(["FIFO", "LIFO"])),
        },
        "activities": activities,
        "task_channels": channels,
        "task_queues": queues,
        "workflows": [workflow(draw, name, queue_names) for name in some(draw, WORKFLOWS) if queue_names],
        "workers": [worker(draw, name, names, channels, queue_names) for name in some(draw, WORKERS)],
    }


def queue(draw, name, activities):
    fields = {
        "name": name,
        "target_workers": draw(st.sampled_from(EXPRESSIONS)),
        "max_reserved_workers": draw(st.integers(1, 3)),
    }
    if draw(st.booleans()):
        fields["reservation_activity"] = draw(st.sampled_from(activities))
        fields["assignment_activity"] = draw(st.sampled_from(activities))
    return fields


def workflow(draw, name, queues):
    filters = [
        ({"name": title} if (title := draw(st.sampled_from(["Gold", "Spanish", None]))) else {})
        | {
            "expression": draw(st.sampled_from(FILTERS)),
            "targets": [target(draw, queues) for _ in range(draw(st.integers(1, 2)))],
        }
        for _ in range(draw(st.integers(0, 3)))
    ]
    fields = {"name": name, "filters": filters, "task_reservation_timeout": draw(st.sampled_from([30, 120]))}
    return fields | ({"default_filter": {"queue": draw(st.sampled_from(queues))}} if draw(st.booleans()) else {})


def target(draw, queues):
    fields = {"queue": draw(st.sampled_from(queues))}
    if draw(st.booleans()):
        fields |= {"timeout": draw(st.integers(1, 60)), "priority": draw(st.integers(0, 3))}
    return fields


def worker(draw, name, activities, channels, queues):
    fields = {"name": name}
    if draw(st.booleans()):
        fields["activity"] = draw(st.sampled_from(activities))
    if draw(st.booleans()):
        fields["attributes"] = copy.deepcopy(draw(st.sampled_from(ATTRIBUTES)))
        if draw(st.booleans()):
            fields["attributes"]["activity"] = f"${{sid:activity/{draw(st.sampled_from(activities))}}}"
        if queues and draw(st.booleans()):
            fields["attributes"]["queue"] = f"of ${{sid:task_queue/{draw(st.sampled_from(queues))}}}"
    if channels and draw(st.booleans()):
        names = draw(st.lists(st.sampled_from([each["unique_name"] for each in channels]), unique=True))
        fields["channels"] = {
            channel: {"capacity": draw(st.integers(0, 2)), "available": draw(st.booleans())} for channel in names
        }
    return fields


@st.composite
def renamed(draw, document):
    """*document* with some names changed, some of them exchanged, and everything that led to them following."""
    result = copy.deepcopy(document)
    for section, pool in (
        ("task_queues", QUEUES),
        ("workers", WORKERS),
        ("workflows", WORKFLOWS),
        ("activities", ACTIVITIES[1:]),
    ):
        items = [each for each in result[section] if each["name"] != "Offline"]
        chosen = draw(st.lists(st.sampled_from(items), unique_by=lambda each: each["name"])) if items else []
        names = [each["name"] for each in chosen]
        taken = {each["name"] for each in result[section]} - set(names)
        free = [name for name in pool if name not in taken]
        new = draw(st.permutations(free))[: len(names)]
        ways = {old: name for old, name in zip(names, new, strict=True) if old != name}
        if len(set(new)) < len(names):
            continue
        for each in chosen:
            if each["name"] in ways:
                each["renamed_from"] = [each["name"]]
                each["name"] = ways[each["name"]]
        follow(result, section, ways)
    return result


def follow(document, section, ways):
    """Let everything in *document* lead to the new names."""

    def name(written):
        return ways.get(written, written)

    for holder, key in references(document, section):
        holder[key] = name(holder[key])
    kind = {"activities": "activity", "task_queues": "queue"}.get(section)
    for attributes in (worker.get("attributes", {}) for worker in document["workers"]):
        if kind in attributes:
            head, _, rest = attributes[kind].partition("/")
            attributes[kind] = f"{head}/{name(rest.removesuffix('}'))}}}"


def references(document, section):
    if section == "activities":
        holders = [document["workspace"], *document["task_queues"], *document["workers"]]
        keys = ["timeout_activity", "reservation_activity", "assignment_activity", "activity"]
    elif section == "task_queues":
        steps = [step for each in document["workflows"] for one in each["filters"] for step in one["targets"]]
        holders = [*steps, *(each.get("default_filter", {}) for each in document["workflows"])]
        keys = ["queue"]
    else:
        return []
    return [(holder, key) for holder in holders for key in keys if key in holder]


def shuffled(document, seed):
    result = copy.deepcopy(document)
    for section in ("activities", "task_channels", "task_queues", "workflows", "workers"):
        random.Random(seed).shuffle(result[section])
    return dict(random.Random(seed).sample(list(result.items()), len(result)))


def is_refused(plan):
    return any(each.code in {"in-use", "nowhere-to-go"} for each in plan.blocked)


quick = settings(max_examples=40, suppress_health_check=list(HealthCheck))


@quick
@given(first=documents(), second=documents())
def test_an_applied_plan_is_in_order_leaves_nothing_to_do_and_sends_the_planned_requests(new_world, first, second):
    world = new_world()

    world.apply(first)
    plan = world.plan(second)
    seen = set()
    for operation in plan.operations:
        assert set(operation.depends_on) <= seen
        seen.add(operation.id)
    if not is_refused(plan):
        world.apply(second)

    world.close()


@quick
@given(first=documents(), data=st.data())
def test_renames_keep_every_sid(new_world, first, data):
    world = new_world()
    second = data.draw(renamed(first))
    world.apply(first)
    before = {
        (kind, item["sid"])
        for kind in ("Activities", "TaskQueues", "Workflows", "Workers")
        for item in world.items(kind)
    }

    world.apply(second)

    after = {
        (kind, item["sid"])
        for kind in ("Activities", "TaskQueues", "Workflows", "Workers")
        for item in world.items(kind)
    }
    assert before == after
    world.close()


@quick
@given(document=documents(), other=documents(), seed=st.integers(0, 99))
def test_the_order_of_a_file_does_not_change_the_plan(new_world, document, other, seed):
    world = new_world()
    assert world.document(document) == world.document(shuffled(document, seed))

    world.apply(other)

    assert without_places(world.document(document)) == without_places(world.document(shuffled(document, seed)))
    world.close()


def without_places(plan):
    """A plan without the places in the file that its findings name."""
    for finding in plan["impact"]["findings"]:
        del finding["path"]
    return plan


@quick
@given(first=documents(), second=documents(), data=st.data())
def test_a_killed_run_is_finished_by_the_next(new_world, first, second, data):
    world, whole = new_world(), new_world()
    for each in (world, whole):
        each.apply(first)
    if data.draw(st.booleans()):
        second = data.draw(renamed(first))
    plan = world.plan(second)
    if not is_refused(plan):
        whole.apply(second)
        world.concurrency = data.draw(st.sampled_from([1, 10]))
        moment = data.draw(st.sampled_from(["at", "after"]))
        world.apply_and_die(second, **{moment: data.draw(st.integers(0, plan.requests))})
        world.apply(second)

        assert world.state() == whole.state()
    for each in (world, whole):
        each.close()


def without_a_write(plan, number):
    """*plan* without its write of that *number*, and without the operation if that was its only one."""
    operations = []
    for operation in plan.operations:
        writes = [write for at, write in enumerate(operation.writes) if at != number]
        number -= len(operation.writes)
        if writes:
            operations.append(replace(operation, writes=writes))
    return replace(plan, operations=operations)


@settings(quick, max_examples=15)
@given(first=documents(), second=documents(), data=st.data())
def test_no_write_can_be_left_out(new_world, first, second, data):
    world = new_world()
    world.apply(first)
    plan = world.plan(second)
    if plan.requests and not is_refused(plan):
        less = without_a_write(plan, data.draw(st.integers(0, plan.requests - 1)))

        with contextlib.suppress(AssertionError):  # a SID that nobody has, as what would have it is not created
            world.carry_out(second, less)

        assert world.plan(second).operations
    world.close()


def test_a_plan_is_the_same_in_every_run(world):
    text = "workspace: {name: Center}\ntask_queues: [{name: A}, {name: B}]\nworkers: [{name: x}]"

    assert plan_document(world.plan(text)) == plan_document(world.plan(text))
