"""One simulated day: its counts, and that nobody does anything that the configuration forbids."""

from collections import Counter
from dataclasses import astuple, fields
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.simulation.centers import HALF_HOUR, HOUR, constant, contact, exponential, people, scenario, total
from tr_apply import api
from tr_apply.routing.survey import survey
from tr_apply.routing.workspace import TaskQueue
from tr_apply.simulation import day as days
from tr_apply.simulation.day import simulated_day
from tr_apply.simulation.durations import DurationSpread
from tr_apply.simulation.load import AnswerTarget, DayHours, PersonPlan, WorkPeriod, WorkRules
from tr_apply.simulation.reading import load_simulation
from tr_apply.simulation.scenario import scenario_of
from tr_apply.simulation.tally import NO_QUEUE, Counts, StepCounts

EXAMPLE = Path(__file__).parents[2] / "examples" / "support-center"
ONE_HOUR = DayHours(HALF_HOUR, 0, HOUR, 2 * HOUR)


@pytest.fixture(scope="module")
def example():
    configuration = api.load(EXAMPLE)
    return scenario_of("after", configuration.document, load_simulation(EXAMPLE / "simulation.yaml", configuration))


def an_hour(*contacts, staff=1, **more):
    """The counts of an hour with exactly as many tasks as each contact offers in its first half."""
    workers = people(staff) if isinstance(staff, int) else staff
    center = scenario(*contacts, staff=workers, hours=more.pop("hours", ONE_HOUR), **more)
    return simulated_day(center, 0)


def first_half(number, **more):
    return contact(an_hour=(number, 0.0), arrivals="exact", **more)


def test_counts_are_added_up_name_by_name():
    names = [each.name for each in fields(Counts)]
    first, second = (Counts(**{name: scale * n for n, name in enumerate(names, 1)}) for scale in (1, 100))

    first.add(second)

    assert astuple(first) == tuple(101 * n for n in range(1, len(names) + 1))


# The course of tasks


@given(
    agents=st.integers(0, 4),
    calls=st.integers(0, 30),
    patience=st.sampled_from([None, 5, 60]),
    rules=st.builds(
        WorkRules,
        answer_delay=st.sampled_from([constant(0), exponential(15)]),
        no_answer=st.sampled_from([0.0, 0.3]),
        returns_after_ms=st.sampled_from([0, 300_000]),
        absence=st.sampled_from([0.0, 0.5]),
        shrinkage=st.sampled_from([0.0, 0.4]),
    ),
    multi=st.booleans(),
    seed=st.integers(0, 5),
)
@settings(max_examples=60, deadline=None)
def test_every_task_is_answered_abandoned_canceled_or_still_waits(agents, calls, patience, rules, multi, seed):
    more = {} if patience is None else {"patience": exponential(patience), "silent": 0.3, "noticed_ms": 20_000}
    tally = an_hour(
        first_half(calls, **more), staff=agents, rules=rules, multi=multi, seed=seed, reservation_timeout_s=20,
        timeout_activity_sid="away",
    )  # fmt: skip
    counts = total(tally)

    assert counts.offered == calls
    assert counts.offered == counts.answered + counts.abandoned + counts.canceled + counts.waiting
    assert counts.within <= counts.answered
    [step] = tally.steps.values() if calls else [StepCounts()]
    assert (step.came, step.went_on) == (calls, 0)
    assert [step.answered, step.abandoned, step.canceled, step.waiting] == [
        counts.answered, counts.abandoned, counts.canceled, counts.waiting,
    ]  # fmt: skip
    assert step.answered_ms == counts.wait_ms
    for group in tally.groups.values():
        assert group.busy_ms <= group.staffed_ms <= agents * HOUR


def test_a_worker_takes_one_call_after_the_other():
    tally = an_hour(first_half(6, handle=constant(600)), hours=DayHours(HALF_HOUR, 0, HOUR, HOUR))

    counts = total(tally)
    assert counts.answered in (5, 6)
    assert counts.answered + counts.waiting == 6


def test_after_contact_work_keeps_a_worker_busy():
    without = total(an_hour(first_half(6, handle=constant(600))))
    with_work = total(an_hour(first_half(6, handle=constant(600), after_contact=constant(600))))

    assert with_work.wait_ms > without.wait_ms


def test_customers_abandon_when_their_patience_ends_and_the_earliest_do_not_count():
    counts = total(
        an_hour(
            first_half(5, patience=constant(4)), staff=0, targets=(AnswerTarget(short_ms=5_000),)
        )
    )  # fmt: skip

    assert (counts.abandoned, counts.short_abandoned) == (5, 5)
    assert counts.service_level is None


def test_a_silent_customer_is_gone_and_costs_a_worker_time():
    def busy(silent):
        tally = an_hour(
            first_half(2, handle=constant(1200), patience=constant(10), silent=silent, noticed_ms=100_000),
            rules=WorkRules(constant(15)),
            reservation_timeout_s=60,
        )
        assert total(tally).abandoned == 2
        return tally.everybody().busy_ms

    assert busy(0.0) == 0
    assert busy(1.0) == 200_000


def test_a_ring_that_is_too_long_is_a_missed_reservation_and_the_worker_is_away_for_a_while():
    def missed(returns_after_ms):
        tally = an_hour(
            first_half(1), rules=WorkRules(constant(30), returns_after_ms=returns_after_ms), reservation_timeout_s=20,
            timeout_activity_sid="away", hours=DayHours(HALF_HOUR, 0, HOUR, 24 * HOUR),
        )  # fmt: skip
        return total(tally).missed_reservations, tally.everybody().staffed_ms

    at_once, staffed = missed(0)
    later, less = missed(600_000)

    assert at_once > later > 1
    assert staffed == HOUR
    assert less < HOUR


def test_without_an_answer_a_task_is_offered_until_the_workflow_ends():
    counts = total(an_hour(first_half(1), rules=WorkRules(no_answer=1.0), reservation_timeout_s=2))

    assert counts.missed_reservations == 1_000  # TaskRouter's own limit
    assert counts.canceled == 1


def test_a_task_that_no_step_takes_is_canceled_and_counts_against_the_service_level():
    document = '{"task_routing": {"filters": []}}'

    tally = an_hour(first_half(3), document=document)

    assert total(tally).canceled == 3
    assert {queue for _, queue, _ in tally.cells} == {NO_QUEUE}
    assert total(tally).service_level == 0
    assert total(tally).abandonment == 1


def test_a_task_that_is_answered_in_a_later_step_has_overflowed():
    document = """{"task_routing": {"filters": [{"expression": "1==1", "targets": [
        {"queue": "WQ1", "timeout": 60}, {"queue": "WQ2"}]}]}}"""
    queues = (TaskQueue("WQ1", "Nobody", "1==0"), TaskQueue("WQ2", "Everyone"))

    tally = an_hour(first_half(2, handle=constant(1)), document=document, queues=queues)

    counts = total(tally)
    assert (counts.answered, counts.overflowed) == (2, 2)
    assert counts.wait_ms >= 120_000
    assert {queue for _, queue, _ in tally.cells} == {"Everyone"}


def test_who_comes_to_a_step_is_answered_there_leaves_or_goes_on():
    document = """{"task_routing": {"filters": [
        {"expression": "1==1", "targets": [{"queue": "WQ1", "timeout": 60}, {"queue": "WQ2", "timeout": 30}]}]}}"""
    queues = (TaskQueue("WQ1", "Nobody", "1==0"), TaskQueue("WQ2", "Few"))

    tally = an_hour(
        first_half(40, handle=constant(100), patience=exponential(100), silent=0.5, noticed_ms=1000),
        document=document, queues=queues,
    )  # fmt: skip

    counts, steps = total(tally), [tally.steps["WW1", 0, target] for target in (0, 1)]
    for step in steps:
        assert step.came == step.answered + step.abandoned + step.canceled + step.waiting + step.went_on
    assert (steps[0].came, steps[0].went_on) == (40, steps[1].came)
    assert steps[0].went_on_ms == 60_000 * steps[0].went_on
    assert (steps[1].answered, steps[1].answered_ms) == (counts.answered, counts.wait_ms)
    assert steps[0].abandoned + steps[1].abandoned == counts.abandoned > steps[0].abandoned > 0
    assert (steps[0].canceled, steps[1].canceled) == (0, counts.canceled)
    assert counts.canceled


def test_every_other_task_in_hand_slows_a_chat_down():
    def busy(slowdown):
        chat = first_half(2, channel="chat", handle=constant(1000), slowdown=slowdown)
        return an_hour(chat, staff=people(1, capacity=2)).everybody().busy_ms

    assert busy(0.5) > busy(0.0)


def test_a_service_level_is_measured_against_the_first_target_that_fits():
    calls, chats = first_half(1), first_half(1, name="Chats", channel="chat")
    targets = (AnswerTarget("chat", None, 60_000), AnswerTarget(None, "Everyone", 10_000), AnswerTarget(None, None, 0))

    tally = an_hour(calls, chats, rules=WorkRules(constant(30)), staff=2, targets=targets)

    within = {contact: counts.within for (contact, _, _), counts in tally.cells.items()}
    assert within == {0: 0, 1: 1}


# People


def test_nobody_works_before_the_shift_and_tasks_wait_for_it():
    late = people(1, begin_ms=40 * 60_000)

    tally = an_hour(first_half(1, handle=constant(60)), staff=late)

    assert total(tally).wait_ms > 10 * 60_000
    assert tally.everybody().staffed_ms == 20 * 60_000


def test_a_break_interrupts_the_work():
    [person] = people(1)
    work = (WorkPeriod(0, 10 * 60_000, "on"), WorkPeriod(50 * 60_000, 2 * HOUR, "on"))
    resting = PersonPlan(person.worker, "all", work, (WorkPeriod(10 * 60_000, 50 * 60_000, "away"),))

    assert an_hour(first_half(0), staff=(resting,)).everybody().staffed_ms == 20 * 60_000


def test_unplanned_pauses_take_their_share_of_the_work():
    tallies = [
        simulated_day(
            scenario(contact(an_hour=0.0), staff=people(10, 0, 24 * HOUR), rules=WorkRules(shrinkage=0.2)), number
        )
        for number in range(5)
    ]

    staffed = sum(each.everybody().staffed_ms for each in tallies)
    assert staffed == pytest.approx(0.8 * 5 * 10 * 24 * HOUR, rel=0.01)


def test_absence_keeps_people_away_for_the_whole_day():
    center = scenario(contact(an_hour=0.0), staff=people(50, 0, 24 * HOUR), rules=WorkRules(absence=0.3))

    at_work = [simulated_day(center, number).everybody().staffed_ms / (24 * HOUR) for number in range(20)]

    assert sum(at_work) / 20 == pytest.approx(35, abs=3)
    assert all(float(each).is_integer() for each in at_work)


def test_in_a_single_tasking_workspace_a_worker_is_available_again_after_each_task():
    queues = (TaskQueue("WQ1", "Everyone", reservation_activity_sid="away", assignment_activity_sid="off"),)

    counts = total(an_hour(first_half(5, handle=constant(60)), queues=queues, multi=False))

    assert counts.answered == 5


def test_a_worker_who_has_missed_two_tasks_is_away_until_the_later_return():
    chats = first_half(12, channel="chat")
    late = WorkRules(exponential(40), returns_after_ms=200_000)

    tally = an_hour(
        chats, staff=people(1, capacity=3), rules=late, reservation_timeout_s=20, timeout_activity_sid="away"
    )  # fmt: skip

    assert total(tally).missed_reservations > 2
    assert tally.everybody().staffed_ms < HOUR


def test_a_worker_who_has_missed_a_task_does_not_return_when_a_break_ends():
    [person] = people(1)
    minutes = [n * 60_000 for n in range(60)]
    on = tuple(WorkPeriod(at, at + 30_000, "on") for at in minutes)
    off = tuple(WorkPeriod(at + 30_000, at + 60_000, "off") for at in minutes)
    busy = PersonPlan(person.worker, "all", on, off)
    rules = WorkRules(constant(30), returns_after_ms=1_000_000)

    tally = an_hour(first_half(20), staff=(busy,), rules=rules, reservation_timeout_s=20, timeout_activity_sid="away")

    assert 1 <= total(tally).missed_reservations <= 4
    assert tally.everybody().staffed_ms < 30 * 60_000


def test_a_worker_without_a_shift_is_away():
    [person] = people(1)

    tally = an_hour(first_half(2), staff=(PersonPlan(person.worker),))

    assert total(tally).waiting == 2


# Invariants


class _Watched(days._Day):
    """Looks at the engine at many moments."""

    looks = 0

    def _react(self):
        super()._react()
        self._look()

    def _look(self):
        type(self).looks += 1
        state = self.engine.state
        for party in state.tasks.values():
            if party.task.status == "pending" and party.step is not None:
                assert survey(state, party.step, party.task, nearest=0).eligible == ()
        for worker in state.workers.values():
            for channel, load in worker.load.items():
                assert load <= worker.channel(channel).capacity

    def _offered(self, event):
        """The worker of a reservation is in the queue and matches the step; only capacity or activity may stop it now."""
        state = self.engine.state
        party = state.tasks[event.reservation.task_sid]
        worker = state.workers[event.reservation.worker_sid]
        found = survey(state, party.step, party.task)
        obstacles = {each.worker.sid: each.obstacle.name for each in found.excluded}
        assert obstacles.get(worker.worker.sid, "CAPACITY") in {"CAPACITY", "ACTIVITY"}
        super()._offered(event)

    _REACTIONS = {**days._Day._REACTIONS, "reservation.created": _offered}  # noqa: RUF012


def test_no_worker_is_over_capacity_or_not_eligible_and_no_task_waits_for_somebody_free(example):
    _Watched.looks = 0
    for replication in range(2):
        _Watched(example, replication).run()

    assert _Watched.looks > 1_000


def test_a_day_is_the_same_every_time(example):
    assert simulated_day(example, 3) == simulated_day(example, 3)
    assert simulated_day(example, 3) != simulated_day(example, 4)


def test_the_example_uses_all_its_queues_and_both_channels(example):
    found = Counter()
    for replication in range(3):
        for (contact_index, queue, _), counts in simulated_day(example, replication).cells.items():
            found[example.contacts[contact_index].channel] += counts.answered
            found[queue] += counts.answered

    assert {"voice", "chat", "Sales", "Billing", "Technical", "Everyone", "Spanish", "VIP"} <= set(found)


def test_a_duration_that_never_ends_is_never_scheduled():
    counts = total(an_hour(first_half(1, patience=DurationSpread("never")), staff=0))

    assert counts.waiting == 1
