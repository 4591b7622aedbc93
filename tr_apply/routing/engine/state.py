"""Everything the engine knows at one moment, and the only way to change a record: through `put_…`, which notes it."""

import heapq
from collections.abc import Callable
from operator import attrgetter
from typing import Final

from tr_apply.routing.engine.eligibility import Ready, preference, ready_for_one, ready_for_several
from tr_apply.routing.engine.line import Key, Line
from tr_apply.routing.engine.parties import QueueParty, TaskParty, Waiting, WorkerParty
from tr_apply.routing.events import Event
from tr_apply.routing.membership import Membership
from tr_apply.routing.records import Reservation, Transfer, changed
from tr_apply.routing.refusals import UnknownResourceError
from tr_apply.routing.unsure import UNSET_QUEUE_ORDER
from tr_apply.routing.worker_index import Bits, numbers_in
from tr_apply.routing.workflow import Routing, Step
from tr_apply.routing.workspace import Activity, TaskChannel, TaskQueue, Workflow, Workspace

_SPARE: Final = 64  # entries that may be stale before it is worth cleaning up


class Timers:
    """A heap of times. A timer that is set again or cleared leaves its old entry in the heap; it is skipped later."""

    __slots__ = ("_due", "_heap")

    def __init__(self) -> None:
        self._due: dict[str, int] = {}
        self._heap: list[tuple[int, int, str]] = []

    def set(self, sid: str, serial: int, due_ms: int) -> None:
        """Set or move the timer of *sid*; of those due together the one with the lowest *serial* comes first."""
        if self._due.get(sid) != due_ms:
            self._due[sid] = due_ms
            heapq.heappush(self._heap, (due_ms, serial, sid))
            if len(self._heap) > 2 * len(self._due) + _SPARE:
                self._compact()

    def clear(self, sid: str) -> None:
        """Forget the timer of *sid*, if it has one."""
        self._due.pop(sid, None)

    def next(self) -> int | None:
        """The moment of the next timer."""
        heap, due = self._heap, self._due
        while heap:
            moment, _, sid = heap[0]
            if due.get(sid) == moment:
                return moment
            heapq.heappop(heap)
        return None

    def pop(self, now_ms: int) -> tuple[int, str] | None:
        """Take out the next timer that is due: its moment and its SID."""
        heap, due = self._heap, self._due
        while heap and heap[0][0] <= now_ms:
            moment, _, sid = heapq.heappop(heap)
            if due.get(sid) == moment:
                del due[sid]
                return moment, sid
        return None

    def _compact(self) -> None:
        due = self._due
        self._heap = [entry for entry in self._heap if due.get(entry[2]) == entry[0]]
        heapq.heapify(self._heap)


_IDLE: Final[Callable[[WorkerParty], Key]] = attrgetter("idle")


class State:
    """The state, its indexes, and what has changed since somebody asked."""

    __slots__ = (
        "activities",
        "changed_reservations",
        "changed_tasks",
        "changed_transfers",
        "changed_workers",
        "channels",
        "directed",
        "dropped_versions",
        "events",
        "freed",
        "in_activity",
        "kept_versions",
        "load_matters",
        "membership",
        "named",
        "new_sid",
        "now",
        "numbered",
        "queues",
        "ready",
        "removed_tasks",
        "removed_workers",
        "reservations",
        "routings",
        "serial",
        "tasks",
        "tickets",
        "timers",
        "transfers",
        "turns",
        "users",
        "workers",
        "workflows",
        "workspace",
    )

    def __init__(self, workspace: Workspace, new_sid: Callable[[str], str]) -> None:
        self.new_sid = new_sid
        self.now = 0
        self.serial = 0
        self.tickets = 0
        self.ready: Ready
        self.set_workspace(workspace)
        self.activities: dict[str, Activity] = {}
        self.channels: dict[str, TaskChannel] = {}
        self.queues: dict[str, QueueParty] = {}
        self.workflows: dict[str, Workflow] = {}
        self.routings: dict[tuple[str, int], Routing] = {}
        """Documents by workflow and version: the present ones, and those that tasks still go by."""
        self.users: dict[tuple[str, int], int] = {}
        """How many tasks go by each document."""
        self.workers: dict[str, WorkerParty] = {}
        self.tasks: dict[str, TaskParty] = {}
        self.reservations: dict[str, Reservation] = {}
        self.transfers: dict[str, Transfer] = {}
        self.directed = Waiting(None)
        """Tasks that wait for the worker who is their RoutingTarget."""
        self.named: dict[str, WorkerParty] = {}
        """Workers by name, without regard to case."""
        self.membership = Membership()
        self.numbered: dict[int, WorkerParty] = {}
        """Workers by their number in *membership*."""
        self.in_activity: dict[str, Bits] = {}
        """Which workers, by number, are in each activity."""
        self.timers = Timers()
        self.freed: dict[WorkerParty, None] = {}
        """Workers who may be eligible for tasks that wait; they choose before the call is over."""
        self.load_matters = False
        """Whether some expression asks what workers hold."""
        self.forget_changes()

    def forget_changes(self) -> None:
        """Begin a new outcome."""
        self.events: list[Event] = []
        self.changed_tasks: dict[str, TaskParty] = {}
        self.changed_reservations: dict[str, Reservation] = {}
        self.changed_workers: dict[str, WorkerParty] = {}
        self.turns: dict[tuple[str, str], int] = {}
        self.removed_tasks: list[str] = []
        self.removed_workers: list[str] = []
        self.kept_versions: list[tuple[str, int]] = []
        self.dropped_versions: list[tuple[str, int]] = []
        self.changed_transfers: dict[str, Transfer] = {}

    def has_changes(self) -> bool:
        """Whether the next outcome would hold anything."""
        return bool(
            self.events
            or self.changed_tasks
            or self.changed_reservations
            or self.changed_workers
            or self.turns
            or self.removed_tasks
            or self.removed_workers
            or self.kept_versions
            or self.dropped_versions
            or self.changed_transfers
        )

    def set_workspace(self, workspace: Workspace) -> None:
        """Take on other settings of the workspace."""
        self.workspace = workspace
        self.ready = ready_for_several if workspace.multi_task_enabled else ready_for_one

    def next_serial(self) -> int:
        """A number greater than all before."""
        self.serial += 1
        return self.serial

    def next_ticket(self) -> int:
        """The same, for places in groups."""
        self.tickets += 1
        return self.tickets

    # Finding by SID

    def task(self, sid: str) -> TaskParty:
        """The task of that SID."""
        if (party := self.tasks.get(sid)) is None:
            raise UnknownResourceError(f"There is no task {sid}")
        return party

    def reservation(self, sid: str) -> Reservation:
        """The reservation of that SID."""
        if (reservation := self.reservations.get(sid)) is None:
            raise UnknownResourceError(f"There is no reservation {sid}")
        return reservation

    def worker(self, sid: str) -> WorkerParty:
        """The worker of that SID."""
        if (party := self.workers.get(sid)) is None:
            raise UnknownResourceError(f"There is no worker {sid}")
        return party

    def activity(self, sid: str) -> Activity:
        """The activity of that SID."""
        if (activity := self.activities.get(sid)) is None:
            raise UnknownResourceError(f"There is no activity {sid}")
        return activity

    def queue(self, sid: str) -> QueueParty:
        """The queue of that SID."""
        if (party := self.queues.get(sid)) is None:
            raise UnknownResourceError(f"There is no task queue {sid}")
        return party

    def workflow(self, sid: str) -> Workflow:
        """The workflow of that SID."""
        if (workflow := self.workflows.get(sid)) is None:
            raise UnknownResourceError(f"There is no workflow {sid}")
        return workflow

    def channel(self, unique_name: str) -> TaskChannel:
        """The task channel of that name."""
        if (channel := self.channels.get(unique_name)) is None:
            raise UnknownResourceError(f"There is no task channel {unique_name}")
        return channel

    # Changing records

    def put_reservation(self, reservation: Reservation) -> None:
        """Store a new or changed reservation."""
        self.reservations[reservation.sid] = self.changed_reservations[reservation.sid] = reservation

    def put_transfer(self, party: TaskParty, transfer: Transfer) -> None:
        """Store a new or changed transfer of a task, which is under way as long as it is initiated."""
        self.transfers[transfer.sid] = self.changed_transfers[transfer.sid] = transfer
        party.transfer = transfer if transfer.status == "initiated" else None

    def put_task(self, party: TaskParty, **changes: object) -> None:
        """Change a task."""
        task = party.task
        changes["updated_ms"], changes["version"] = self.now, task.version + 1
        party.task = changed(task, changes)
        self.changed_tasks[task.sid] = party

    # Reading indexes

    def transfer_from(self, reservation: Reservation) -> Transfer | None:
        """The transfer under way that goes out from a reservation."""
        party = self.tasks.get(reservation.task_sid)
        transfer = None if party is None else party.transfer
        return transfer if transfer is not None and transfer.reservation_sid == reservation.sid else None

    def members(self, queue_sid: str) -> list[WorkerParty]:
        """The workers of a queue."""
        return [self.numbered[number] for number in numbers_in(self.membership.members[queue_sid])]

    def line(self, queue: QueueParty, step: Step, channel: str) -> Line[WorkerParty]:
        """The workers of a queue as *step* orders them, set up when first asked for."""
        key = (channel, step.order_by)
        if (line := queue.lines.get(key)) is None:
            key_of = preference(step, self.idle_key(channel))
            line = queue.lines[key] = Line(channel, self.members(queue.queue.sid), key_of=key_of, ready=self.ready)
        return line

    def idle_key(self, channel: str) -> Callable[[WorkerParty], Key]:
        """How long a worker is idle, among all or among those who take turns on *channel*."""
        known = self.channels.get(channel)
        if known is None or not known.channel_optimized_routing:
            return _IDLE
        return lambda worker: worker.idle_on(channel)

    def goes_second(self, queue: TaskQueue | None) -> bool:
        """Whether queues of the other order are served before this one."""
        order = "FIFO" if queue is None else queue.task_order
        return order != (self.workspace.prioritize_queue_order or UNSET_QUEUE_ORDER)
