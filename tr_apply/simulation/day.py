"""One day in the routing engine, under a virtual clock.

The engine does the work of TaskRouter; this module adds the world around it: customers call and hang up, workers
answer, finish, take breaks. Both are events on one agenda; at equal times the engine's own events come first.
"""

import heapq
from collections.abc import Callable, Sequence
from itertools import count
from typing import ClassVar, TypeAlias

from tr_apply.routing.engine.engine import Engine
from tr_apply.routing.engine.log import EngineState
from tr_apply.routing.engine.tasks import NewTask
from tr_apply.routing.events import Event
from tr_apply.routing.records import Reservation, Worker
from tr_apply.simulation.demand import Customer, callers_of_day, later_ring
from tr_apply.simulation.durations import NEVER
from tr_apply.simulation.load import Scenario
from tr_apply.simulation.staffing import ActivityMove, moves_of_day
from tr_apply.simulation.tally import NO_QUEUE, Counts, DayTally, GroupCounts, StepCounts, WaitingTimes

_Action: TypeAlias = Callable[..., None]
"""A method of `_Day`, to be called with its subject and the moment."""


class _Contact:
    """A task on its way."""

    __slots__ = ("caller", "first", "here", "is_decided", "is_gone", "offers", "sid")

    def __init__(self, caller: Customer, sid: str) -> None:
        self.caller = caller
        self.sid = sid
        self.offers = 0
        """Reservations so far."""
        self.first: StepCounts | None = None
        """The first step that it came to."""
        self.here: StepCounts | None = None
        """The step that it is in; of a task that is decided, the last one."""
        self.is_decided = False
        """Whether its outcome has been counted."""
        self.is_gone = False
        """Whether the customer has left and nobody has noticed."""


class _Desk:
    """A worker at work."""

    __slots__ = ("counts", "holding", "is_available", "last_ms", "missed_until", "planned", "sid")

    def __init__(self, worker: Worker, counts: GroupCounts, opens_ms: int) -> None:
        self.sid = worker.sid
        self.counts = counts
        self.planned = worker.activity_sid
        """The activity that the plan says."""
        self.holding = 0
        """Accepted tasks in hand."""
        self.is_available = False
        self.missed_until = -1
        """Until when a missed reservation keeps the worker away."""
        self.last_ms = opens_ms

    def account(self, now_ms: int) -> None:
        """Add the time since the last change to the counts."""
        passed = now_ms - self.last_ms
        if passed > 0:
            self.last_ms = now_ms
            if self.holding:
                self.counts.busy_ms += passed
                self.counts.staffed_ms += passed
            elif self.is_available:
                self.counts.staffed_ms += passed


def simulated_day(scenario: Scenario, replication: int) -> DayTally:
    """The figures of day *replication* in *scenario*."""
    return _Day(scenario, replication).run()


class _Day:
    def __init__(self, scenario: Scenario, replication: int) -> None:
        self.scenario, self.replication = scenario, replication
        self.tally = DayTally()
        self._hours = scenario.hours
        self._waits = WaitingTimes()
        self._contacts: dict[str, _Contact] = {}
        self._undecided = 0
        self._order = count()
        self._serial = count(1)
        self._queues = {queue.sid: queue.name for queue in scenario.setup.queues}
        self._available = {each.sid for each in scenario.setup.activities if each.available}
        moves = moves_of_day(scenario, replication)
        self._desks = [
            _Desk(each.worker, self.tally.groups.setdefault(each.group, GroupCounts()), self._hours.opens_ms)
            for each in scenario.people
        ]
        self._desk_of = {desk.sid: desk for desk in self._desks}
        self._begin(moves)
        self._agenda: list[tuple[int, int, _Action, object]] = [
            (move.at_ms, next(self._order), _Day._move, move) for move in moves if move.at_ms > self._hours.opens_ms
        ]
        callers = callers_of_day(scenario, replication)
        self._agenda += [(caller.at_ms, next(self._order), _Day._arrive, caller) for caller in callers]
        self._undecided = len(callers)
        heapq.heapify(self._agenda)

    def _begin(self, moves: Sequence[ActivityMove]) -> None:
        """Put everyone where the plan says at opening."""
        opens = self._hours.opens_ms
        for move in moves:
            if move.at_ms <= opens:
                self._desks[move.worker].planned = move.activity_sid
        for desk in self._desks:
            desk.is_available = desk.planned in self._available
        workers = tuple(
            each.worker._replace(activity_sid=desk.planned)
            for each, desk in zip(self.scenario.people, self._desks, strict=True)
        )
        numbers = self._serial
        snapshot = EngineState(now_ms=opens, workers=workers)
        self.engine = Engine(self.scenario.setup, lambda prefix: f"{prefix}{next(numbers)}", snapshot)

    def run(self) -> DayTally:
        """Let the day pass."""
        engine, agenda, ends = self.engine, self._agenda, self._hours.ends_ms
        closes = self._hours.closes_ms
        while agenda:
            at_ms = agenda[0][0]
            due = engine.next_timer()
            if due is not None and due <= at_ms:
                if due > ends:
                    break
                engine.advance(due)
                self._react()
                continue
            if at_ms > ends or (at_ms > closes and not self._undecided):
                break
            _, _, action, subject = heapq.heappop(agenda)
            action(self, subject, at_ms)
        self._close()
        return self.tally

    def _close(self) -> None:
        for desk in self._desks:
            desk.account(self._hours.closes_ms)
        for contact in self._contacts.values():
            if not contact.is_decided:
                self._counts(contact, self._queue_of(contact)).waiting += 1
                if contact.here is not None:
                    contact.here.waiting += 1
        names = [each.name for each in self.scenario.contacts]
        channels = [each.channel for each in self.scenario.contacts]
        self.tally.waits_ms = self._waits.quantiles(names, channels)

    def _later(self, at_ms: int, action: Callable[..., None], subject: object) -> None:
        heapq.heappush(self._agenda, (at_ms, next(self._order), action, subject))

    # Customers

    def _arrive(self, caller: Customer, now_ms: int) -> None:
        contact = _Contact(caller, f"WT{next(self._serial)}")
        self._contacts[contact.sid] = contact
        load = self.scenario.contacts[caller.contact]
        workflow_sid = self.scenario.workflow_sids[caller.contact]
        new = NewTask(contact.sid, workflow_sid, caller.attributes, load.channel, load.priority)
        if caller.patience_ms < NEVER:
            self._later(now_ms + caller.patience_ms, _Day._give_up, contact)
        self.engine.create_task(new, now_ms)
        self._react()

    def _give_up(self, contact: _Contact, now_ms: int) -> None:
        if contact.is_decided:
            return
        queue = self._queue_of(contact)
        counts = self._decide(contact, queue, now_ms)
        counts.abandoned += 1
        if contact.here is not None:
            contact.here.abandoned += 1
        target = self.scenario.target(self.scenario.contacts[contact.caller.contact].channel, queue)
        counts.short_abandoned += contact.caller.patience_ms <= target.short_ms
        if contact.caller.is_silent:
            contact.is_gone = True
            return
        self.engine.cancel_task(contact.sid, "abandoned", now_ms)
        self._react()

    def _decide(self, contact: _Contact, queue: str, now_ms: int, *, answered: bool = False) -> Counts:
        contact.is_decided = True
        self._undecided -= 1
        self._waits.add(contact.caller.contact, queue, now_ms - contact.caller.at_ms, answered=answered)
        return self._counts(contact, queue)

    def _counts(self, contact: _Contact, queue: str) -> Counts:
        """The counts of where a task ended, which it is counted in now."""
        counts = self._cell(contact, queue)
        counts.offered += 1
        return counts

    def _cell(self, contact: _Contact, queue: str) -> Counts:
        caller = contact.caller
        return self.tally.cell((caller.contact, queue, self._hours.interval_of(caller.at_ms)))

    def _queue_of(self, contact: _Contact) -> str:
        sid = self.engine.state.task(contact.sid).task.queue_sid
        return NO_QUEUE if sid is None else self._queues[sid]

    # Workers

    def _answer(self, reservation_sid: str, now_ms: int) -> None:
        reservation = self.engine.state.reservations.get(reservation_sid)
        if reservation is None or reservation.status != "pending":
            return
        contact = self._contacts[reservation.task_sid]
        desk = self._desk_of[reservation.worker_sid]
        desk.account(min(now_ms, self._hours.closes_ms))
        others = desk.holding
        desk.holding += 1
        self.engine.accept(reservation_sid, now_ms)
        load = self.scenario.contacts[contact.caller.contact]
        if contact.is_gone:
            lasts, after = load.noticed_ms, 0
        else:
            self._count_answer(contact, reservation, now_ms)
            desk.counts.answered += 1
            lasts = round(contact.caller.handle_ms * (1 + load.slowdown * others))
            after = contact.caller.after_contact_ms
        if after:
            self._later(now_ms + lasts, _Day._wrap_up, contact)
        self._later(now_ms + lasts + after, _Day._finish, (contact, desk))
        self._react()

    def _count_answer(self, contact: _Contact, reservation: Reservation, now_ms: int) -> None:
        queue = NO_QUEUE if reservation.queue_sid is None else self._queues[reservation.queue_sid]
        wait_ms = now_ms - contact.caller.at_ms
        counts = self._decide(contact, queue, now_ms, answered=True)
        counts.answered += 1
        counts.wait_ms += wait_ms
        counts.within += wait_ms <= self.scenario.target(reservation.channel, queue).threshold_ms
        if (step := contact.here) is not None:
            step.answered += 1
            step.answered_ms += wait_ms
            counts.overflowed += step is not contact.first

    def _wrap_up(self, contact: _Contact, now_ms: int) -> None:
        self.engine.wrap_up_task(contact.sid, None, now_ms)
        self._react()

    def _finish(self, subject: tuple[_Contact, _Desk], now_ms: int) -> None:
        contact, desk = subject
        desk.account(min(now_ms, self._hours.closes_ms))
        desk.holding -= 1
        self.engine.complete_task(contact.sid, None, now_ms)
        if not self.scenario.setup.workspace.multi_task_enabled and not desk.holding:
            self._send(desk, now_ms)  # the activity of assigned tasks ends by itself nowhere
        self._react()

    def _move(self, move: ActivityMove, now_ms: int) -> None:
        desk = self._desks[move.worker]
        desk.account(min(now_ms, self._hours.closes_ms))
        desk.planned = move.activity_sid
        self._send(desk, now_ms)
        self._react()

    def _return(self, desk: _Desk, now_ms: int) -> None:
        if now_ms >= desk.missed_until:
            desk.account(min(now_ms, self._hours.closes_ms))
            self._send(desk, now_ms)
            self._react()

    def _send(self, desk: _Desk, now_ms: int) -> None:
        """Send a worker to the planned activity, unless a missed reservation or a task in hand is in the way."""
        desk.is_available = desk.planned in self._available and now_ms >= desk.missed_until
        if desk.is_available or desk.planned not in self._available:
            multi = self.scenario.setup.workspace.multi_task_enabled
            if multi or not desk.holding:
                self.engine.set_activity(desk.sid, desk.planned, now_ms)

    # Effects of the engine

    def _react(self) -> None:
        for event in self.engine.take_events():
            if (reaction := self._REACTIONS.get(event.type)) is not None:
                reaction(self, event)

    def _offered(self, event: Event) -> None:
        reservation = event.its_reservation
        contact = self._contacts[reservation.task_sid]
        rules = self.scenario.rules
        ring, missed = contact.caller.ring, contact.caller.missed
        if contact.offers:
            ring, missed = later_ring(self.scenario, self.replication, contact.caller, contact.offers)
        contact.offers += 1
        if missed >= rules.no_answer:
            self._later(event.at_ms + rules.answer_delay.at(ring), _Day._answer, reservation.sid)

    def _missed(self, event: Event) -> None:
        reservation = event.its_reservation
        contact, desk = self._contacts[reservation.task_sid], self._desk_of[reservation.worker_sid]
        queue = NO_QUEUE if reservation.queue_sid is None else self._queues[reservation.queue_sid]
        self._cell(contact, queue).missed_reservations += 1
        desk.counts.missed_reservations += 1
        if self.scenario.setup.workspace.timeout_activity_sid is not None:
            desk.account(min(event.at_ms, self._hours.closes_ms))
            desk.is_available = False
            desk.missed_until = event.at_ms + self.scenario.rules.returns_after_ms
            self._later(desk.missed_until, _Day._return, desk)

    def _canceled(self, event: Event) -> None:
        contact = self._contacts[event.its_task.sid]
        if not contact.is_decided:
            queue = event.its_task.queue_sid
            self._decide(contact, NO_QUEUE if queue is None else self._queues[queue], event.at_ms).canceled += 1
            if contact.here is not None:
                contact.here.canceled += 1

    def _matched(self, event: Event) -> None:
        task = event.its_task
        place = task.its_place
        contact = self._contacts[task.sid]
        if contact.is_decided:
            return  # nobody has noticed yet that the customer has left
        step = self.tally.step((task.workflow_sid, place.filter, place.target))
        step.came += 1
        if contact.here is None:
            contact.first = step
        else:
            contact.here.went_on += 1
            contact.here.went_on_ms += event.at_ms - contact.caller.at_ms
        contact.here = step

    _REACTIONS: ClassVar[dict[str, Callable[["_Day", Event], None]]] = {
        "reservation.created": _offered,
        "reservation.timeout": _missed,
        "task.canceled": _canceled,
        "workflow.target-matched": _matched,
    }
