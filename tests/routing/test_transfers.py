"""Transfers: an assigned task is offered to another worker or queue, and comes back if nobody takes it."""

import itertools
import json
from contextlib import suppress

import pytest
from hypothesis import given

from tests.seeded import chosen
from tr_apply.routing.engine.engine import Engine
from tr_apply.routing.engine.log import EngineState
from tr_apply.routing.engine.setup import Setup
from tr_apply.routing.engine.tasks import LONGEST_ASSIGNMENT_MS, NewTask, TaskUpdate
from tr_apply.routing.engine.transfers import NewTransfer
from tr_apply.routing.engine.workers import WorkerUpdate
from tr_apply.routing.records import HOLDING, Attributes, Transfer, Worker, WorkerChannel
from tr_apply.routing.refusals import (
    IllegalStepError,
    InUseError,
    NotAssignedError,
    RoutingRefusedError,
    UnknownResourceError,
)
from tr_apply.routing.workspace import Activity, TaskQueue, Workflow, Workspace

DOCUMENT = json.dumps({"task_routing": {"filters": [], "default_filter": {"queue": "Sales"}}})
SETUP = Setup(
    Workspace("WS", timeout_activity_sid="Off"),
    (Activity("Here", "Here", available=True), Activity("Off", "Off", available=False)),
    queues=(
        TaskQueue("Sales", "Sales"),
        TaskQueue("Support", "Support", "support == 1"),
        TaskQueue("Nobody", "Nobody", "1==0"),
    ),
    workflows=(Workflow("W", "W", DOCUMENT, 30),),
)
STAFF = (
    Worker("ann", "ann", "Here", Attributes.of({"support": 1}), {"default": WorkerChannel(3)}),
    Worker("bob", "bob", "Off", Attributes.of({"support": 1})),
    Worker("cid", "cid", "Off", Attributes.of({"support": 1})),
)


class Floor:
    """An engine in which ann has accepted a task, T."""

    def __init__(self):
        self.numbers = itertools.count(1)
        self.engine = Engine(SETUP, self.sid, EngineState(workers=STAFF))
        self.now = 0
        self.engine.create_task(NewTask("T", "W", timeout_s=60), 0)
        [self.first] = self.open_of("ann")
        self.engine.accept(self.first, 0)
        self.engine.outcome()

    def sid(self, prefix):
        return f"{prefix}{next(self.numbers)}"

    def open_of(self, worker):
        return [
            each.sid
            for each in self.engine.state.reservations.values()
            if each.worker_sid == worker and each.status in HOLDING
        ]

    def offered(self, worker):
        [sid] = [each for each in self.open_of(worker) if self.status(each) == "pending"]
        return sid

    def status(self, sid):
        return self.engine.state.reservations[sid].status

    @property
    def task(self):
        return self.engine.state.tasks["T"].task

    def come(self, *workers):
        for worker in workers:
            self.engine.set_activity(worker, "Here", self.now)
        self.engine.outcome()

    def transfer(self, to, mode="WARM", **more):
        return self.engine.transfer(NewTransfer(self.first, to, mode, **more), self.now)

    def events(self):
        """The events of the task since the last call, with the status of the transfer or else of the task."""
        events = [each for each in self.engine.outcome().events if each.task is not None]
        return [
            (each.type, each.about.status if isinstance(each.about, Transfer) else each.task.status) for each in events
        ]


@pytest.fixture
def floor():
    return Floor()


def test_a_transfer_to_a_worker_reserves_the_worker_while_the_first_keeps_the_task(floor):
    floor.come("bob")

    transfer = floor.transfer("bob")

    assert (transfer.status, transfer.type, transfer.queue_sid, transfer.reservation_sid) == (
        "initiated",
        "WORKER",
        "Sales",
        floor.first,
    )
    assert (floor.task.status, floor.status(floor.first)) == ("reserved", "accepted")
    assert floor.engine.state.reservations[floor.offered("bob")].transfer_sid == transfer.sid
    assert floor.events() == [
        ("task.transfer-initiated", "initiated"),
        ("task.updated", "reserved"),
        ("reservation.created", "initiated"),
    ]


def test_accepting_completes_the_transfer_and_both_have_the_task(floor):
    floor.come("bob")
    transfer = floor.transfer("bob")
    floor.events()

    floor.engine.accept(second := floor.offered("bob"), 5)

    assert floor.engine.state.transfers[transfer.sid].status == "complete"
    assert (floor.task.status, floor.status(floor.first), floor.status(second)) == ("assigned", "accepted", "accepted")
    assert floor.events() == [
        ("reservation.accepted", "complete"),
        ("task.transfer-completed", "complete"),
        ("task.updated", "assigned"),
    ]


@pytest.mark.parametrize(
    ("end", "reason"),
    [
        ("reject", "Transfer failed because the reservation was rejected"),
        ("time_out_reservation", "Transfer failed because the reservation timed out"),
        ("fail_reservation", "Transfer failed because the reservation was canceled"),
        ("rescind_reservation", "Transfer failed because the reservation was rescinded"),
    ],
)
def test_a_transfer_that_the_worker_does_not_accept_fails_and_the_task_is_as_before(floor, end, reason):
    floor.come("bob")
    transfer = floor.transfer("bob")
    floor.events()

    ended = getattr(floor.engine, end)(floor.offered("bob"), 5)

    failed = floor.engine.state.transfers[transfer.sid]
    assert (failed.status, failed.failed_reason, failed.updated_ms) == ("failed", reason, 5)
    assert (floor.task.status, floor.task.queue_sid, floor.status(floor.first)) == ("assigned", "Sales", "accepted")
    assert floor.events()[0] == (f"reservation.{ended.status}", "failed")
    assert floor.transfer("bob").status in {"initiated", "failed"}


def test_a_reservation_of_a_transfer_times_out_by_itself(floor):
    floor.come("bob")
    transfer = floor.transfer("bob")

    floor.engine.advance(30_000)

    assert floor.engine.state.transfers[transfer.sid].status == "failed"
    assert floor.engine.state.workers["bob"].worker.activity_sid == "Off"


def test_a_worker_who_is_not_available_fails_the_transfer_immediately(floor):
    transfer = floor.transfer("bob")

    assert (transfer.status, transfer.failed_reason) == (
        "failed",
        "Transfer failed because the worker is not available",
    )
    assert floor.task.status == "assigned"
    assert [each[0] for each in floor.events()] == ["task.transfer-initiated", "task.transfer-failed", "task.updated"]


def test_a_transfer_to_a_queue_waits_there_for_others_than_the_worker_who_has_the_task(floor):
    transfer = floor.transfer("Support", attributes=Attributes.of({"more": 1}), priority=9)

    assert (transfer.type, floor.task.status, floor.task.queue_sid) == ("QUEUE", "pending", "Support")
    assert (floor.task.priority, floor.task.attributes.values) == (9, {"more": 1})
    assert floor.events() == [
        ("task.transfer-initiated", "initiated"),
        ("task-queue.moved", "assigned"),
        ("task-queue.entered", "pending"),
        ("task.updated", "pending"),
    ]
    floor.come("bob")
    floor.engine.accept(floor.offered("bob"), 5)
    assert (floor.task.status, floor.task.queue_sid) == ("assigned", "Support")


def test_a_transfer_to_the_same_queue_moves_nothing_and_one_from_no_queue_only_enters(floor):
    floor.transfer("Sales")
    assert [kind for kind, _ in floor.events()] == ["task.transfer-initiated", "task.updated"]

    other = Floor()
    other.engine.create_task(NewTask("D", "W", routing_target="ann"), 0)
    [_, directed] = other.open_of("ann")
    other.engine.accept(directed, 0)
    other.events()
    other.engine.transfer(NewTransfer(directed, "Support"), 0)
    assert [kind for kind, _ in other.events()] == ["task.transfer-initiated", "task-queue.entered", "task.updated"]


def test_an_attempt_that_fails_leaves_the_task_waiting_in_the_queue(floor):
    floor.come("bob", "cid")
    transfer = floor.transfer("Support")
    [first] = [each for worker in ("bob", "cid") for each in floor.open_of(worker)]
    floor.events()

    floor.engine.time_out_reservation(first, 5)

    waiting = floor.engine.state.transfers[transfer.sid]
    assert (waiting.status, waiting.failed_reason) == (
        "initiated",
        "Transfer attempt failed on reservation timeout because there are no more pending reservations",
    )
    assert floor.events()[:3] == [
        ("reservation.timeout", "initiated"),
        ("task.transfer-attempt-failed", "initiated"),
        ("task.updated", "pending"),
    ]
    assert floor.task.status == "reserved", "the other worker is there"


def test_of_several_offers_the_last_one_decides_and_the_others_are_rescinded(floor):
    floor.engine.put_queue(TaskQueue("Support", "Support", "support == 1", max_reserved_workers=2), 0)
    floor.come("bob", "cid")
    floor.transfer("Support")
    floor.events()

    floor.engine.reject(floor.offered("bob"), 1)

    assert floor.events()[0] == ("reservation.rejected", "initiated")
    assert floor.task.status == "reserved"
    floor.engine.accept(third := floor.offered("cid"), 2)
    assert floor.status(third) == floor.status(floor.first) == "accepted"

    again = Floor()
    again.engine.put_queue(TaskQueue("Support", "Support", "support == 1", max_reserved_workers=2), 0)
    again.come("bob", "cid")
    again.transfer("Support")
    other = again.offered("bob")
    again.engine.accept(again.offered("cid"), 2)
    assert (again.status(other), again.status(again.first)) == ("rescinded", "accepted")


@pytest.mark.parametrize("to", ["bob", "Support"])
def test_a_transfer_is_canceled_once_and_the_task_is_as_before(floor, to):
    floor.come("bob")
    transfer = floor.transfer(to)
    offered = floor.offered("bob")
    floor.events()

    assert floor.engine.cancel_transfer(transfer.sid, 5).status == "canceled"

    assert (floor.status(offered), floor.task.status, floor.task.queue_sid) == ("canceled", "assigned", "Sales")
    assert floor.events() == [
        ("reservation.canceled", "canceled"),
        ("task.transfer-canceled", "canceled"),
        ("task.updated", "assigned"),
    ]
    with pytest.raises(
        IllegalStepError, match=f"Transfer {transfer.sid} is already canceled . Cannot cancel transfer."
    ):
        floor.engine.cancel_transfer(transfer.sid, 6)
    with pytest.raises(UnknownResourceError):
        floor.engine.cancel_transfer("TT0", 6)


def test_a_cold_transfer_begins_to_wrap_the_task_up_where_it_was(floor):
    floor.come("bob")

    floor.transfer("bob", "COLD")

    assert (floor.status(floor.first), floor.task.status) == ("wrapping", "reserved")
    floor.engine.complete_reservation(floor.first, 1)
    assert floor.task.status == "reserved"
    floor.engine.accept(second := floor.offered("bob"), 2)
    floor.engine.complete_reservation(second, 3)
    assert floor.task.status == "completed"


def test_a_cold_transfer_that_fails_leaves_the_task_wrapping(floor):
    floor.come("bob")
    floor.transfer("bob", "COLD")

    floor.engine.reject(floor.offered("bob"), 1)

    assert (floor.status(floor.first), floor.task.status) == ("wrapping", "wrapping")


def test_a_task_that_nobody_has_any_more_ends_with_its_transfer(floor):
    floor.come("bob")
    floor.transfer("bob", "COLD")
    floor.engine.complete_reservation(floor.first, 1)

    floor.engine.reject(floor.offered("bob"), 2)

    assert (floor.task.status, floor.task.reason) == (
        "canceled",
        "Transfer failed because the reservation was rejected",
    )


def test_after_a_transfer_each_worker_wraps_up_and_completes_for_herself(floor):
    floor.come("bob")
    floor.transfer("bob")
    floor.engine.accept(second := floor.offered("bob"), 1)

    floor.engine.wrap_up_reservation(floor.first, 2)
    assert floor.task.status == "assigned"
    floor.engine.complete_reservation(second, 3)
    assert (floor.task.status, floor.status(floor.first)) == ("wrapping", "wrapping")
    floor.engine.complete_reservation(floor.first, 4)
    assert floor.task.status == "completed"


def test_after_a_transfer_the_task_itself_is_wrapped_up_and_completed_for_both(floor):
    floor.come("bob")
    floor.transfer("bob")
    floor.engine.accept(second := floor.offered("bob"), 1)
    floor.engine.wrap_up_reservation(second, 2)

    floor.engine.wrap_up_task("T", None, 3)

    assert (floor.status(floor.first), floor.status(second)) == ("wrapping", "wrapping")
    floor.engine.complete_reservation(second, 4)
    assert floor.task.status == "wrapping"
    floor.engine.complete_task("T", None, 5)
    assert floor.status(floor.first) == "completed"


def test_a_task_under_way_to_somebody_else_cannot_be_completed_or_wrapped_up(floor):
    floor.come("bob")
    floor.transfer("bob")

    for step in (floor.engine.complete_task, floor.engine.wrap_up_task):
        with pytest.raises(NotAssignedError):
            step("T", None, 1)
    floor.engine.wrap_up_reservation(floor.first, 1)
    assert floor.task.status == "reserved"


@pytest.mark.parametrize(("end", "reason"), [("cancel_task", ("over",)), ("delete_task", ())])
def test_with_its_task_a_transfer_ends(floor, end, reason):
    floor.come("bob")
    transfer = floor.transfer("bob")

    getattr(floor.engine, end)("T", *reason, 1)

    outcome = floor.engine.outcome()
    assert ("task.transfer-canceled", transfer.sid) in [
        (each.type, each.about.sid) for each in outcome.events if isinstance(each.about, Transfer)
    ]
    assert floor.open_of("ann") == floor.open_of("bob") == []


@pytest.mark.parametrize("to", ["bob", "Support", "Nobody"])
def test_a_transfer_may_take_longer_than_the_time_that_the_task_had_to_wait_but_not_for_ever(floor, to):
    floor.now = 59_000
    floor.come("bob")
    floor.transfer(to)

    floor.engine.advance(61_000)
    assert floor.task.status in {"pending", "reserved"}
    floor.engine.advance(LONGEST_ASSIGNMENT_MS)
    assert "T" not in floor.engine.state.tasks
    assert floor.engine.state.transfers == {}


def test_changed_attributes_and_a_changed_workflow_do_not_send_a_transferred_task_elsewhere(floor):
    floor.transfer("Nobody")

    floor.engine.update_task("T", TaskUpdate(attributes=Attributes.of({"x": 1})), 1)
    floor.engine.put_workflow(Workflow("W", "W", DOCUMENT.replace("[]", "[ ]"), 30), 2, re_evaluate=True)

    assert (floor.task.status, floor.task.queue_sid) == ("pending", "Nobody")


def test_a_queue_that_a_task_may_come_back_to_stays(floor):
    floor.transfer("Nobody")

    floor.engine.put_workflow(Workflow("W", "W", DOCUMENT.replace("Sales", "Support")), 1)
    with pytest.raises(InUseError):
        floor.engine.delete_queue("Sales", 1)


def test_an_impossible_transfer_is_refused(floor):
    floor.come("bob")

    with pytest.raises(UnknownResourceError):
        floor.transfer("nobody")
    with pytest.raises(IllegalStepError, match="worker who has it"):
        floor.transfer("ann")
    floor.transfer("bob")
    with pytest.raises(IllegalStepError, match="is reserved"):
        floor.transfer("Support")
    assert [each for each in floor.events() if "transfer" in each[0]] == [("task.transfer-initiated", "initiated")]


def step(choices):
    return choices.below(13), choices.below(8), choices.choice(["bob", "cid", "ann", "Support", "Nobody"])


@given(chosen(lambda choices: choices.several(step, choices.choice([8, 8, 8, 40]), size=3), 162))
def test_after_any_actions_the_records_agree_and_a_restart_changes_nothing(steps):
    floor = Floor()
    engine, names = floor.engine, itertools.count()
    for number, which, name in steps:
        floor.now += 7_000 * which
        do_something(engine, floor.now, number, which, name, names)
        check_books(engine)
        again = Engine(SETUP, floor.sid, engine.snapshot())
        assert again.snapshot() == engine.snapshot()
        assert again.next_timer() == engine.next_timer()
        for sid, party in again.state.tasks.items():
            assert (party.transfer, list(party.open)) == (
                engine.state.tasks[sid].transfer,
                list(engine.state.tasks[sid].open),
            )


def do_something(engine, now, number, which, name, names):
    engine.advance(now)
    held = [each.sid for each in engine.state.reservations.values() if each.status in HOLDING]
    reservation = held[which % len(held)] if held else "WR0"
    moving = [each.sid for each in engine.state.transfers.values() if each.status == "initiated"]
    steps = [
        lambda: engine.create_task(NewTask(f"T{next(names)}", "W", timeout_s=60), now),
        lambda: engine.accept(reservation, now),
        lambda: engine.accept(reservation, now),
        lambda: engine.reject(reservation, now),
        lambda: engine.transfer(NewTransfer(reservation, name, "COLD" if which % 2 else "WARM"), now),
        lambda: engine.transfer(NewTransfer(reservation, name), now),
        lambda: engine.cancel_transfer(moving[0] if moving else "TT0", now),
        lambda: engine.complete_reservation(reservation, now),
        lambda: engine.wrap_up_reservation(reservation, now),
        lambda: engine.set_activity("bob", "Off" if which % 2 else "Here", now),
        lambda: (
            engine.set_activity("cid", "Off", now, reject_pending=True)
            if which % 2
            else engine.set_activity("cid", "Here", now)
        ),
        lambda: engine.update_worker("bob", WorkerUpdate(attributes=Attributes.of({"support": which % 2})), now),
        lambda: engine.cancel_task(next(iter(engine.state.tasks), "T0"), "over", now),
    ]
    with suppress(RoutingRefusedError):
        steps[number]()


def check_books(engine):
    state = engine.state
    for party in state.tasks.values():
        held = [state.reservations[sid].status for sid in party.open]
        under_way = [sid for sid in party.transfers if state.transfers[sid].status == "initiated"]
        assert under_way == ([party.transfer.sid] if party.transfer else [])
        match party.task.status:
            case "pending":
                assert "pending" not in held
                assert party.transfer or not held
            case "reserved":
                assert "pending" in held
            case "assigned":
                assert "accepted" in held
                assert party.transfer is None
            case "wrapping":
                assert set(held) == {"wrapping"}
            case _:
                assert held == []
                assert party.transfer is None
    for worker in state.workers.values():
        held = [state.reservations[sid].status for sid in worker.open]
        assert worker.held == len(held)
        assert worker.accepted.get("default", 0) == held.count("accepted")
