"""Simulated days against Erlang's formulas: a fixed seed, inside of intervals of 99.9 %."""

import math

import pytest

from tests.simulation.centers import contact, exponential, people, scenario, total
from tests.simulation.erlang import erlang_a, erlang_c
from tr_apply.simulation.day import simulated_day
from tr_apply.simulation.estimates import estimate
from tr_apply.simulation.load import AnswerTarget

WARM_UP = 4  # intervals
SURE = 0.999


def counts(agents, an_hour, handle_s, *, days, threshold_s=20, patience_s=None):
    more = {} if patience_s is None else {"patience": exponential(patience_s)}
    center = scenario(
        contact(an_hour=an_hour, handle=exponential(handle_s), **more),
        staff=people(agents),
        targets=(AnswerTarget(threshold_ms=1000 * threshold_s),),
    )
    return [total(simulated_day(center, day), since=WARM_UP) for day in range(days)]


def is_inside(truth, values):
    found = estimate(values, SURE)
    return found.low <= truth <= found.high


def test_the_formulas_agree_with_tables():
    assert erlang_c(2, 60, 60, 20).waits == pytest.approx(1 / 3)  # a load of one: 1/3, by hand
    assert erlang_c(30, 405, 240, 20).mean_wait_s == pytest.approx(37.7, abs=0.1)


def test_with_patience_like_handle_times_the_number_present_is_poisson():
    load, agents = 11.0, 10
    present = [math.exp(-load) * load**n / math.factorial(n) for n in range(100)]

    truth = erlang_a(agents, load * 3600 / 300, 300, 300, 20)

    assert truth.waits == pytest.approx(sum(present[agents:]))
    assert truth.abandons == pytest.approx(sum((n - agents) * p for n, p in enumerate(present) if n > agents) / load)


def test_waits_without_abandonment_are_erlangs():
    truth = erlang_c(10, 102, 300, 20)

    days = counts(10, 102, 300, days=4)

    assert is_inside(truth.mean_wait_s, [each.asa_s for each in days])
    assert is_inside(truth.service_level, [each.service_level for each in days])


def test_who_waits_at_all_is_as_erlang_says():
    days = counts(10, 102, 300, days=3, threshold_s=0)

    assert is_inside(1 - erlang_c(10, 102, 300, 0).waits, [each.service_level for each in days])


def test_an_overloaded_center_loses_as_many_as_palm_says():
    truth = erlang_a(10, 132, 300, 120, 20)

    days = counts(10, 132, 300, days=3, patience_s=120)

    assert is_inside(truth.abandons, [each.abandonment for each in days])
    assert is_inside(truth.service_level, [each.service_level for each in days])
