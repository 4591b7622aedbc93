"""The workers of a workspace in an engine: who they are, what they have in hand, and who is available."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from tr_apply.routing.engine.engine import Engine
from tr_apply.routing.engine.log import EngineState
from tr_apply.routing.engine.setup import Setup
from tr_apply.routing.names import name_key
from tr_apply.routing.records import NO_ATTRIBUTES, Reservation, Task, Worker

_LATEST_S = 86_400  # the longest that a task may wait


@dataclass(frozen=True, slots=True)
class Person:
    """One worker, with the two activities that the worker changes between."""

    worker: Worker
    """As a worker who is away."""

    at_work: str
    """SID of an activity that is available, where there is one."""

    is_available: bool = True
    """Whether the worker is available unless a request says who is."""

    tasks: int = 0
    """How many tasks the worker has in hand."""

    @property
    def usually(self) -> Worker:
        """The worker, where no request says who is available."""
        return self.worker._replace(activity_sid=self.at_work) if self.is_available else self.worker


class Staff:
    """The workers of a workspace, by name, and the engines in which they take tasks.

    Building an engine takes as long as a thousand tasks, so one serves many requests. Another is needed where the
    workers have tasks in hand and the requests come by another channel.
    """

    def __init__(self, setup: Setup, people: Mapping[str, Person]) -> None:
        """Take up *people*, by what two equal names share, the one who has been idle longest first."""
        self._setup = setup
        self._staff = people
        self._have_tasks = any(each.tasks for each in people.values())
        self._usual: dict[str, Engine] = {}
        self._called: dict[str, _Attendance] = {}

    @property
    def people(self) -> Sequence[Person]:
        """All of them."""
        return list(self._staff.values())

    @property
    def available(self) -> list[str]:
        """Those who are available unless a request says who is."""
        return [each.worker.name for each in self._staff.values() if each.is_available]

    def engine(self, available: Sequence[str] | None, channel: str) -> Engine:
        """An engine in which these workers, the first of them idle longest, and no others are available.

        What the workers have in hand came by *channel*.
        """
        key = channel if self._have_tasks else ""
        if available is None:
            if key not in self._usual:
                self._usual[key] = self._new_engine(channel, [each.usually for each in self._staff.values()])
            return self._usual[key]
        if key not in self._called:
            away = self._new_engine(channel, [each.worker for each in self._staff.values()])
            self._called[key] = _Attendance(away, self._staff)
        return self._called[key].called([name_key(each) for each in available])

    def _new_engine(self, channel: str, workers: Sequence[Worker]) -> Engine:
        tasks = list(self._tasks(channel))
        snapshot = EngineState(
            serial=2 * len(tasks),
            tasks=tuple(task for task, _ in tasks),
            reservations=tuple(reservation for _, reservation in tasks),
            workers=tuple(workers),
        )
        return Engine(self._setup, lambda prefix: prefix, snapshot)

    def _tasks(self, channel: str) -> Iterator[tuple[Task, Reservation]]:
        serial = 0
        for each in self._staff.values():
            for _ in range(each.tasks):
                serial += 2
                yield in_hand(each.worker, channel, self._setup.workflows[0].sid, serial)


def in_hand(
    worker: Worker, channel: str, workflow_sid: str, serial: int, *, wraps: bool = False
) -> tuple[Task, Reservation]:
    """A task that *worker* has accepted, and perhaps *wraps* up."""
    task = Task(
        sid=f"WT{serial:032x}",
        serial=serial - 1,
        channel=channel,
        workflow_sid=workflow_sid,
        workflow_version=0,
        attributes=NO_ATTRIBUTES,
        priority=0,
        timeout_s=_LATEST_S,
        routing_target=None,
        ignore_capacity=False,
        created_ms=0,
        virtual_start_ms=0,
        status="wrapping" if wraps else "assigned",
        reason=None,
        queue_sid=None,
        queue_entered_ms=None,
        place=None,
        assignments=1,
        assigned_ms=0,
        ended_ms=None,
        updated_ms=0,
        version=0,
    )
    reservation = Reservation(
        sid=f"WR{serial:032x}",
        serial=serial,
        task_sid=task.sid,
        worker_sid=worker.sid,
        worker_name=worker.name,
        status="wrapping" if wraps else "accepted",
        queue_sid=None,
        workflow_sid=workflow_sid,
        channel=channel,
        timeout_ms=None,
        previous_activity_sid=None,
        canceled_reason_code=None,
        created_ms=0,
        updated_ms=0,
        version=0,
    )
    return task, reservation


@dataclass(slots=True)
class _Attendance:
    """An engine in which those are available who were called last."""

    engine: Engine
    people: Mapping[str, Person]
    now_ms: int = 0
    present: Sequence[str] = field(default_factory=list)

    def called(self, names: Sequence[str]) -> Engine:
        """The engine, with these workers available; the first has been so for the longest time."""
        if names != self.present:
            for sid, activity_sid in self._moves(names):
                self.now_ms += 1
                self.engine.set_activity(sid, activity_sid, self.now_ms)
            self.engine.outcome()  # no one reads these events
            self.present = names
        return self.engine

    def _moves(self, names: Sequence[str]) -> Iterator[tuple[str, str]]:
        for name in self.present:
            yield self.people[name].worker.sid, self.people[name].worker.activity_sid
        for name in names:
            yield self.people[name].worker.sid, self.people[name].at_work
