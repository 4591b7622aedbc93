"""Means with half-widths, without a library for statistics."""

import math
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tr_apply.simulation.estimates import Estimate, estimate, paired, student_quantile


@pytest.mark.parametrize(
    ("probability", "freedom", "quantile"),
    [
        (0.975, 1, 12.706204736),
        (0.975, 2, 4.302652730),
        (0.95, 5, 2.015048373),
        (0.975, 29, 2.045229642),
        (0.9995, 9, 4.780912586),
        (0.995, 199, 2.600760216),
        (0.999, 29, 3.396240289),
        (0.5, 7, 0.0),
    ],
)
def test_students_quantiles_are_those_of_tables(probability, freedom, quantile):
    assert student_quantile(probability, freedom) == pytest.approx(quantile, abs=2e-6)


def test_many_degrees_of_freedom_are_the_normal_distribution():
    assert student_quantile(0.975, 9_999) == pytest.approx(statistics.NormalDist().inv_cdf(0.975), abs=3e-4)


def test_a_mean_has_the_half_width_of_students_interval():
    found = estimate([1.0, 2.0, 3.0, 4.0], 0.95)

    assert found.mean == 2.5
    assert found.half_width == pytest.approx(3.182446 * statistics.stdev([1, 2, 3, 4]) / 2, abs=1e-5)


def test_days_without_a_value_do_not_count():
    assert estimate([None, 3.0, None, 3.0], 0.95) == Estimate(3.0, 0.0)
    assert estimate([None], 0.95) == Estimate(None, None)
    assert estimate([2.0], 0.95) == Estimate(2.0, None)
    assert (Estimate(2.0, None).low, Estimate(2.0, None).high) == (-math.inf, math.inf)


@given(st.lists(st.floats(0, 1e6) | st.none(), min_size=1, max_size=20))
def test_a_change_to_the_same_is_exactly_nothing(values):
    found = paired(values, values, 0.95)

    assert found.mean in (None, 0.0)
    assert found.half_width in (None, 0.0)
