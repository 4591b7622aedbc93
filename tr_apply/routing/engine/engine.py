"""The engine: a workspace that routes, over whatever clock it is given."""

from collections.abc import Callable, Sequence

from tr_apply.routing.engine import answers, configuration, tasks, transfers, workers
from tr_apply.routing.engine.dispatch import settle
from tr_apply.routing.engine.log import EngineState, Outcome
from tr_apply.routing.engine.setup import Setup, outcome_of, snapshot_of, state_of
from tr_apply.routing.engine.state import State
from tr_apply.routing.engine.tasks import NewTask, TaskUpdate
from tr_apply.routing.engine.transfers import NewTransfer
from tr_apply.routing.engine.workers import WorkerUpdate
from tr_apply.routing.events import Event
from tr_apply.routing.records import Attributes, Reservation, Task, Transfer, Worker
from tr_apply.routing.workspace import Activity, TaskChannel, TaskQueue, Workflow, Workspace


class Engine:
    """Tasks, reservations and workers as one state machine.

    Every call passes the time, in whole milliseconds. Everything due until then happens first, each at its own time. A
    time before an earlier one counts as that one. `outcome` returns the effects of a call, even if the call raised.

    All methods with a SID raise UnknownResourceError. Those that change a resource also raise IllegalStepError,
    RescindedError or InUseError; then only the effects of time have happened.
    """

    def __init__(self, setup: Setup, new_sid: Callable[[str], str], snapshot: EngineState | None = None) -> None:
        """Load a workspace.

        Args:
            setup: Its configuration.
            new_sid: Returns a fresh SID for a reservation; its argument is the prefix.
            snapshot: Workers, tasks and reservations; None for an empty workspace. If the first call has a later
                ``now_ms``, timers that were due since the snapshot go off then.
        """
        self.state = state_of(setup, snapshot or EngineState(), new_sid)
        """For reading, by code that explains and counts."""

    # Time, and what happened

    def advance(self, now_ms: int) -> None:
        """Carry out everything due until *now_ms*."""
        state = self.state
        while (due := state.timers.pop(now_ms)) is not None:
            moment, sid = due
            state.now = max(state.now, moment)
            if sid in state.tasks:
                tasks.on_timer(state, state.tasks[sid])
            else:
                answers.on_timer(state, state.reservations[sid])
            settle(state)
        if now_ms > state.now:  # noqa: PLR1730  # as a call, it takes four times as long
            state.now = now_ms

    def next_timer(self) -> int | None:
        """When something is due next; None for never."""
        return self.state.timers.next()

    @property
    def has_outcome(self) -> bool:
        """Whether anything has happened since the outcome before."""
        return self.state.has_changes()

    def outcome(self) -> Outcome:
        """The events and changes since the previous outcome."""
        return outcome_of(self.state)

    def take_events(self) -> Sequence[Event]:
        """The events since they were taken before, for a caller who stores nothing; the changed records are forgotten.

        A caller uses either this or `outcome`.
        """
        state = self.state
        events = state.events
        if events:
            state.forget_changes()
        return events

    def snapshot(self) -> EngineState:
        """Everything needed to build the engine again, except the configuration."""
        return snapshot_of(self.state)

    # Tasks

    def create_task(self, new: NewTask, now_ms: int) -> Task:
        """Create a task."""
        state = self._at(now_ms)
        tasks.check_new(state, new)
        party = tasks.create(state, new)
        settle(state)
        return party.task

    def update_task(self, sid: str, changes: TaskUpdate, now_ms: int) -> Task:
        """Change what a task says."""
        state = self._at(now_ms)
        party = state.task(sid)
        tasks.update(state, party, changes)
        settle(state)
        return party.task

    def cancel_task(self, sid: str, reason: str | None, now_ms: int, *, attributes: Attributes | None = None) -> Task:
        """Cancel a pending or reserved task, and set its *attributes* where they are given."""
        state = self._at(now_ms)
        party = state.task(sid)
        tasks.cancel_by_caller(state, party, reason, attributes)
        settle(state)
        return party.task

    def wrap_up_task(self, sid: str, reason: str | None, now_ms: int) -> Task:
        """Move an assigned task to wrapping: its worker finishes the rest of the work."""
        state = self._at(now_ms)
        party = state.task(sid)
        tasks.wrap(state, party, reason)
        settle(state)
        return party.task

    def complete_task(self, sid: str, reason: str | None, now_ms: int) -> Task:
        """Complete an assigned or wrapping task."""
        state = self._at(now_ms)
        party = state.task(sid)
        tasks.complete(state, party, reason)
        settle(state)
        return party.task

    def delete_task(self, sid: str, now_ms: int) -> None:
        """Delete a task, in whatever state it is."""
        state = self._at(now_ms)
        tasks.delete(state, state.task(sid))
        settle(state)

    # Reservations

    def accept(self, sid: str, now_ms: int) -> Reservation:
        """Accept a pending reservation."""
        state = self._at(now_ms)
        answers.accept(state, state.reservation(sid))
        return self._settled(sid)

    def reject(self, sid: str, now_ms: int, *, activity_sid: str | None = None) -> Reservation:
        """Reject a pending reservation, and send the worker to an activity if one is given."""
        state = self._at(now_ms)
        answers.reject(state, state.reservation(sid), activity_sid)
        return self._settled(sid)

    def fail_reservation(self, sid: str, now_ms: int, *, reason_code: int | None = None) -> Reservation:
        """Cancel a pending reservation because it could not be carried out."""
        state = self._at(now_ms)
        answers.fail(state, state.reservation(sid), reason_code)
        return self._settled(sid)

    def rescind_reservation(self, sid: str, now_ms: int) -> Reservation:
        """Withdraw a pending reservation from its worker."""
        state = self._at(now_ms)
        answers.rescind(state, state.reservation(sid))
        return self._settled(sid)

    def time_out_reservation(self, sid: str, now_ms: int) -> Reservation:
        """End a pending reservation as if nobody had answered in time."""
        state = self._at(now_ms)
        answers.time_out(state, state.reservation(sid))
        return self._settled(sid)

    def wrap_up_reservation(self, sid: str, now_ms: int) -> Reservation:
        """The same as wrapping its task up."""
        state = self._at(now_ms)
        answers.wrap_up(state, state.reservation(sid))
        return self._settled(sid)

    def complete_reservation(self, sid: str, now_ms: int) -> Reservation:
        """The same as completing its task."""
        state = self._at(now_ms)
        answers.finish(state, state.reservation(sid))
        return self._settled(sid)

    # Transfers

    def transfer(self, new: NewTransfer, now_ms: int) -> Transfer:
        """Offer an assigned task to another worker, or to those of a queue."""
        transfer = transfers.initiate(self._at(now_ms), new)
        settle(self.state)
        return self.state.transfers[transfer.sid]

    def cancel_transfer(self, sid: str, now_ms: int) -> Transfer:
        """Cancel a transfer that nobody has accepted yet."""
        transfer = transfers.withdraw(self._at(now_ms), sid)
        settle(self.state)
        return transfer

    # Workers

    def create_worker(self, worker: Worker, now_ms: int) -> Worker:
        """Add a worker."""
        state = self._at(now_ms)
        party = workers.create(state, worker)
        settle(state)
        return party.worker

    def update_worker(self, sid: str, changes: WorkerUpdate, now_ms: int) -> Worker:
        """Change a worker's name or attributes."""
        state = self._at(now_ms)
        party = state.worker(sid)
        workers.update(state, party, changes)
        settle(state)
        return party.worker

    def set_activity(self, sid: str, activity_sid: str, now_ms: int, *, reject_pending: bool = False) -> Worker:
        """Send a worker to an activity; with *reject_pending*, one that is not available."""
        state = self._at(now_ms)
        party = state.worker(sid)
        workers.set_activity(state, party, activity_sid, reject_pending=reject_pending)
        settle(state)
        return party.worker

    def set_worker_channel(
        self, sid: str, channel: str, now_ms: int, *, capacity: int | None = None, available: bool | None = None
    ) -> Worker:
        """Change how much of a channel a worker takes."""
        state = self._at(now_ms)
        party = state.worker(sid)
        workers.set_channel(state, party, channel, capacity=capacity, available=available)
        settle(state)
        return party.worker

    def delete_worker(self, sid: str, now_ms: int) -> None:
        """Remove a worker who is not available and holds nothing."""
        state = self._at(now_ms)
        workers.delete(state, state.worker(sid))

    # Configuration

    def set_workspace(self, workspace: Workspace, now_ms: int) -> None:
        """Change the settings of the workspace."""
        configuration.set_workspace(self._at(now_ms), workspace)
        settle(self.state)

    def put_activity(self, activity: Activity, now_ms: int) -> None:
        """Add an activity, or rename one."""
        configuration.put_activity(self._at(now_ms), activity)
        settle(self.state)

    def delete_activity(self, sid: str, now_ms: int) -> None:
        """Remove an activity that no worker is in."""
        configuration.delete_activity(self._at(now_ms), sid)

    def put_channel(self, channel: TaskChannel, now_ms: int) -> None:
        """Add a task channel, or change one."""
        configuration.put_channel(self._at(now_ms), channel)

    def delete_channel(self, unique_name: str, now_ms: int) -> None:
        """Remove a task channel that no open task is of."""
        configuration.delete_channel(self._at(now_ms), unique_name)

    def put_queue(self, queue: TaskQueue, now_ms: int) -> None:
        """Add a task queue, or change one."""
        configuration.put_queue(self._at(now_ms), queue)
        settle(self.state)

    def delete_queue(self, sid: str, now_ms: int) -> None:
        """Remove a task queue that nothing needs."""
        configuration.delete_queue(self._at(now_ms), sid)

    def put_workflow(self, workflow: Workflow, now_ms: int, *, re_evaluate: bool = False) -> Workflow:
        """Add or change a workflow. The engine sets its version, which must be stored with it."""
        stored = configuration.put_workflow(self._at(now_ms), workflow, re_evaluate=re_evaluate)
        settle(self.state)
        return stored

    def delete_workflow(self, sid: str, now_ms: int) -> None:
        """Remove a workflow that no task waits in."""
        configuration.delete_workflow(self._at(now_ms), sid)

    def _at(self, now_ms: int) -> State:
        self.advance(now_ms)
        return self.state

    def _settled(self, reservation_sid: str) -> Reservation:
        settle(self.state)
        return self.state.reservations[reservation_sid]
