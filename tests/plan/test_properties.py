"""Properties of every configuration and of every change between two."""

import contextlib
import copy
import random
from dataclasses import replace

from hypothesis import HealthCheck, given, settings

from tests.seeded import Choices, chosen
from tr_apply.plan.saved.document import plan_document

ACTIVITIES = ["Offline", "Available", "Break", "Lunch", "Training"]
CHANNELS = ["voice", "email", "fax", "chat"]
QUEUES = ["Gold", "Silver", "Bronze", "Everyone", "Night"]
WORKFLOWS = ["Incoming", "Outgoing", "Callbacks"]
WORKERS = ["alice", "bob", "carol", "dave", "erin", "frank"]
EXPRESSIONS = ["1==1", "level > 3", "languages HAS 'es'", "team == 'emea' AND (level >= 2 OR vip == true)"]
FILTERS = ["type == 'ticket'", "customer_value == 'Gold'", "language IN ['es', 'ca']"]
ATTRIBUTES = [{}, {"level": 1}, {"level": True}, {"level": 1.5, "languages": ["en", "es"]}, {"contact": {"phone": "1"}}]


def examples(*makes):
    """The values that these make. All of them are one draw: of two, hypothesis would often make the second equal to the first."""
    return chosen(lambda choices: [value for make in makes for value in make(choices)], 3 * SIZE + 16)


SIZE = 344
"""Of a configuration, in bytes."""


def two(choices):
    """A configuration, and another one; in every fourth example it is the first one with some changes."""
    changes = choices.choice([0, 0, 0, 230])
    first, other, kept = (choices.taken(SIZE) for _ in range(3))
    second = bytes(new if keep >= changes else old for old, new, keep in zip(first, other, kept, strict=True))
    return configuration(Choices(first)), configuration(Choices(second))


def renamed(choices):
    """A configuration, and the same with new names."""
    first = configuration(choices)
    return first, with_new_names(choices, first)


def changed(choices):
    """A configuration, and either of the two."""
    return renamed(choices) if choices.flag() else two(choices)


def number(choices):
    """A number, whose remainder is one of as many as a test needs."""
    return [choices.below(2**16)]


def killing(choices):
    """How many requests there are at a time, and whether the run is killed before a write or after it."""
    return choices.choice([1, 10]), choices.choice(["at", "after"])


def configuration(choices):
    activities = [{"name": "Offline", "available": False}, *section(choices, ACTIVITIES[1:], activity, size=2)]
    activities.sort(key=lambda each: each["name"])
    names = [each["name"] for each in activities]
    queues = section(choices, QUEUES, lambda part, name: queue(part, name, names), size=6)
    channels = section(choices, CHANNELS, channel, size=1)
    queue_names = [each["name"] for each in queues]
    workers = section(choices, WORKERS, lambda part, name: worker(part, name, names, channels, queue_names), size=24)
    workspace = {
        "name": "Center",
        "default_activity": "Offline",
        "timeout_activity": choices.choice(names),
        "prioritize_queue_order": choices.choice(["FIFO", "LIFO"]),
    }
    routes = WORKFLOWS if queues else []
    workflows = section(choices, routes, lambda part, name: workflow(part, name, queue_names), size=50)
    return {
        "workspace": workspace,
        "activities": activities,
        "task_channels": channels,
        "task_queues": queues,
        "workflows": workflows,
        "workers": workers,
    }


def section(choices, pool, make, *, size):
    """Resources with some of the names in *pool*, in any order, each made by means of *size* bytes of its own.

    As the bytes belong to the name, any can be left out, and the others stay.
    """
    least = choices.choice(LEFT_OUT)
    parts = [(name, Choices(choices.taken(size))) for name in pool]
    placed = sorted((part.below(256), name, part) for name, part in parts)
    return [make(part, name) for place, name, part in placed if place >= least]


LEFT_OUT = [256, 256, 192, 128, 64, 0]
"""Of 256, how many resources of a section are left out: all of them in every third."""


def activity(choices, name):
    return {"name": name, "available": choices.flag()}


def channel(_, name):
    return {"unique_name": name, "name": name.title()}


def queue(choices, name, activities):
    fields = {
        "name": name,
        "target_workers": choices.choice(EXPRESSIONS),
        "max_reserved_workers": 1 + choices.below(3),
    }
    if choices.flag():
        fields["reservation_activity"] = choices.choice(activities)
        fields["assignment_activity"] = choices.choice(activities)
    return fields


def workflow(choices, name, queues):
    fields = {"name": name, "task_reservation_timeout": choices.choice([30, 120])}
    if choices.flag():
        fields["default_filter"] = {"queue": choices.choice(queues)}
    filters = choices.several(lambda part: filter_of(part, queues), 3, size=14)
    return fields | {"filters": filters}


def filter_of(choices, queues):
    title = choices.choice([None, "Gold", "Spanish"])
    return ({"name": title} if title else {}) | {
        "expression": choices.choice(FILTERS),
        "targets": choices.several(lambda part: target(part, queues), 2, least=1, size=5),
    }


def target(choices, queues):
    fields = {"queue": choices.choice(queues)}
    if choices.flag():
        fields |= {"timeout": 1 + choices.below(60), "priority": choices.below(4)}
    return fields


def worker(choices, name, activities, channels, queues):
    fields = {"name": name}
    if choices.flag():
        fields["activity"] = choices.choice(activities)
    if choices.flag():
        fields["attributes"] = copy.deepcopy(choices.choice(ATTRIBUTES))
        if choices.flag():
            fields["attributes"]["activity"] = f"${{sid:activity/{choices.choice(activities)}}}"
        if queues and choices.flag():
            fields["attributes"]["queue"] = f"of ${{sid:task_queue/{choices.choice(queues)}}}"
    if channels and choices.flag():
        names = [each["unique_name"] for each in channels]
        fields["channels"] = dict(section(choices, names, channel_of_worker, size=3))
    return fields


def channel_of_worker(choices, name):
    return name, {"capacity": choices.below(3), "available": choices.flag()}


def with_new_names(choices, document):
    """*document* with some names changed, some of them exchanged, and everything that led to them following."""
    result = copy.deepcopy(document)
    for key, pool in (
        ("task_queues", QUEUES),
        ("workers", WORKERS),
        ("workflows", WORKFLOWS),
        ("activities", ACTIVITIES[1:]),
    ):
        part = Choices(choices.taken(13))
        names = [each["name"] for each in result[key] if each["name"] != "Offline"]
        least = part.choice(LEFT_OUT)
        moved = [name for name in names if part.below(256) >= least]
        free = [name for name in pool if name in moved or name not in names]
        ways = {old: new for old in moved if (new := free.pop(part.below(len(free)))) != old}
        for each in result[key]:
            if each["name"] in ways:
                each["renamed_from"] = [each["name"]]
                each["name"] = ways[each["name"]]
        follow(result, key, ways)
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
@given(examples(two))
def test_an_applied_plan_is_in_order_leaves_nothing_to_do_and_sends_the_planned_requests(new_world, both):
    world, (first, second) = new_world(), both

    world.apply(first)
    plan = world.plan(second)
    seen = set()
    for operation in plan.operations:
        assert set(operation.depends_on) <= seen
        seen.add(operation.id)
    if not is_refused(plan):
        world.apply(second, planned=plan)

    world.close()


@quick
@given(examples(renamed))
def test_renames_keep_every_sid(new_world, both):
    world, (first, second) = new_world(), both
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
@given(examples(two, number))
def test_the_order_of_a_file_does_not_change_the_plan(new_world, example):
    world, (document, other, seed) = new_world(), example
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
@given(examples(changed, killing, number))
def test_a_killed_run_is_finished_by_the_next(new_world, example):
    world, whole, (first, second, concurrency, moment, killed) = new_world(), new_world(), example
    for each in (world, whole):
        each.apply(first)
    plan = world.plan(second)
    if not is_refused(plan):
        whole.apply(second, planned=plan)  # the one is a copy of the other
        world.concurrency = concurrency
        world.apply_and_die(second, **{moment: killed % (plan.requests + 1)}, planned=plan)
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
@given(examples(two, number))
def test_no_write_can_be_left_out(new_world, example):
    world, (first, second, left_out) = new_world(), example
    world.apply(first)
    plan = world.plan(second)
    if plan.requests and not is_refused(plan):
        less = without_a_write(plan, left_out % plan.requests)

        with contextlib.suppress(AssertionError):  # a SID that nobody has, as what would have it is not created
            world.carry_out(second, less)

        assert world.plan(second).operations
    world.close()


def test_a_plan_is_the_same_in_every_run(world):
    text = "workspace: {name: Center}\ntask_queues: [{name: A}, {name: B}]\nworkers: [{name: x}]"

    assert plan_document(world.plan(text)) == plan_document(world.plan(f"{text}\n"))  # which is read anew
