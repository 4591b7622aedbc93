"""Call centres with known figures, and the counts of one day for tests."""

from tr_apply.routing.engine.setup import Setup
from tr_apply.routing.records import Attributes, Worker, WorkerChannel
from tr_apply.routing.workspace import Activity, TaskChannel, TaskQueue, Workflow, Workspace
from tr_apply.simulation.durations import DurationSpread
from tr_apply.simulation.load import (
    AnswerTarget,
    ContactLoad,
    DayHours,
    PersonPlan,
    Scenario,
    WorkPeriod,
    WorkRules,
)
from tr_apply.simulation.tally import Counts

HOUR = 3_600_000
USUAL = (AnswerTarget(),)
HALF_HOUR = HOUR // 2
FOR_EVERYONE = '{"task_routing": {"filters": [], "default_filter": {"queue": "WQ1"}}}'


def exponential(mean_s):
    return DurationSpread("exponential", 1000 * mean_s)


def constant(seconds):
    return DurationSpread("constant", 1000 * seconds)


def setup(document=FOR_EVERYONE, *, queues=None, reservation_timeout_s=120, multi=True, **workspace):
    """A workspace with the queue WQ1 for everyone, or with *queues*, and the activities on and off."""
    return Setup(
        Workspace(multi_task_enabled=multi, **workspace),
        activities=(Activity("off", "Offline", available=False), Activity("on", "Available", available=True), Activity("away", "Away", available=False)),
        channels=(TaskChannel("voice"), TaskChannel("chat")),
        queues=queues or (TaskQueue("WQ1", "Everyone"),),
        workflows=(Workflow("WW1", "Voice", document, reservation_timeout_s),),
    )  # fmt: skip


def people(number, begin_ms=0, end_ms=26 * HOUR, *, capacity=1, attributes=None, prefix=""):
    """Workers who work all day."""
    return tuple(
        PersonPlan(
            Worker(
                f"WK{prefix}{n:03d}",
                f"{prefix}w{n}",
                "off",
                Attributes.of(attributes or {}),
                {"chat": WorkerChannel(capacity)},
            ),
            "all",
            (WorkPeriod(begin_ms, end_ms, "on"),),
        )
        for n in range(number)
    )


def contact(name="Calls", an_hour=60.0, handle=None, *, intervals=48, channel="voice", **more):
    offered = tuple([an_hour / 2] * intervals) if isinstance(an_hour, float | int) else tuple(an_hour)
    return ContactLoad(name, "Voice", channel, offered, handle or exponential(180), **more)


def scenario(*contacts, staff=(), hours=None, rules=None, targets=USUAL, seed=1, name="after", **of_setup):
    return Scenario(
        name=name,
        setup=setup(**of_setup),
        hours=hours or DayHours(HALF_HOUR, 0, 24 * HOUR, 26 * HOUR),
        contacts=contacts,
        workflow_sids=("WW1",) * len(contacts),
        people=staff,
        rules=rules or WorkRules(),
        targets=targets,
        seed=seed,
    )


def total(tally, *, since=0):
    """All counts of a day, of tasks that arrive in the interval *since* or later."""
    counts = Counts()
    for (_, _, interval), each in tally.cells.items():
        if interval >= since:
            counts.add(each)
    return counts
