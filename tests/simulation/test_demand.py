"""The callers of a day: as many as are written, the same for every configuration."""

import statistics
import subprocess
import sys
from collections import Counter

import pytest

from tests.simulation.centers import HALF_HOUR, HOUR, contact, exponential, people, scenario
from tr_apply.routing.workspace import TaskQueue
from tr_apply.simulation.demand import callers_of_day, later_ring
from tr_apply.simulation.durations import NEVER, DurationSpread
from tr_apply.simulation.load import AttributeChoice, DayHours

TEN_HOURS = DayHours(HALF_HOUR, 9 * HOUR, 19 * HOUR, 21 * HOUR)


def offered(numbers, **more):
    return scenario(contact(an_hour=numbers, **more), hours=TEN_HOURS)


def numbers(center, days=200):
    return [len(callers_of_day(center, day)) for day in range(days)]


def test_arrivals_come_at_the_rate_of_their_interval():
    center = offered([0.0] * 4 + [20.0, 5.0] + [0.0] * 14)

    counts = Counter(TEN_HOURS.interval_of(each.at_ms) for day in range(100) for each in callers_of_day(center, day))

    assert set(counts) == {4, 5}
    assert counts[4] / 100 == pytest.approx(20, abs=1.5)
    assert counts[5] / 100 == pytest.approx(5, abs=0.8)


def test_a_poisson_day_varies_as_much_as_its_mean_and_dispersion_makes_it_vary_more():
    plain = numbers(offered([5.0] * 20))
    busy = numbers(offered([5.0] * 20, dispersion=4.0))

    assert statistics.variance(plain) / statistics.mean(plain) == pytest.approx(1.0, abs=0.35)
    assert statistics.variance(busy) / statistics.mean(busy) == pytest.approx(4.0, abs=1.4)
    assert statistics.mean(busy) == pytest.approx(100, abs=5)


def test_exact_arrivals_are_as_many_as_recorded_with_fractions_carried_over():
    center = offered([0.5] * 20, arrivals="exact")

    assert numbers(center, 3) == [10, 10, 10]


def test_attributes_are_drawn_by_their_shares_and_the_rest_has_none():
    choices = (AttributeChoice("language", ("en", "es"), (0.6, 0.9)),)
    center = offered([50.0] * 20, choices=choices, attributes={"topic": "sales"})

    found = Counter(each.attributes.values.get("language") for each in callers_of_day(center, 0))
    whole = sum(found.values())

    assert found["en"] / whole == pytest.approx(0.6, abs=0.06)
    assert found[None] / whole == pytest.approx(0.1, abs=0.04)
    assert all(each.attributes.values["topic"] == "sales" for each in callers_of_day(center, 0))


def test_more_demand_keeps_the_callers_and_lets_them_come_earlier():
    before = callers_of_day(offered([5.0] * 20), 0)
    after = callers_of_day(offered([10.0] * 20), 0)

    for one, other in zip(before, after, strict=False):
        assert one._replace(at_ms=0) == other._replace(at_ms=0)
        assert other.at_ms <= one.at_ms


def test_callers_are_the_same_in_another_configuration_and_next_to_another_demand():
    calls = contact(an_hour=20.0)
    other = contact(name="Chats", an_hour=50.0, channel="chat")
    alone = callers_of_day(scenario(calls), 1)
    together = callers_of_day(scenario(calls, other, staff=people(3), queues=(TaskQueue("WQ1", "Sales"),)), 1)

    assert [each for each in together if each.contact == 0] == alone


def test_callers_do_not_depend_on_how_python_hashes():
    program = (
        "from tests.simulation.centers import contact, scenario\n"
        "from tr_apply.simulation.demand import callers_of_day\n"
        "print(callers_of_day(scenario(contact(an_hour=20.0)), 0)[:5])"
    )

    said = {
        subprocess.run(
            [sys.executable, "-c", program], env={"PYTHONHASHSEED": seed, "PYTHONPATH": "."}, capture_output=True,
            text=True, check=True,
        ).stdout
        for seed in ("1", "2")
    }  # fmt: skip

    assert len(said) == 1
    assert "Customer" in said.pop()


def test_a_later_reservation_of_a_task_has_numbers_of_its_own():
    center = offered([5.0] * 20)
    caller = callers_of_day(center, 0)[0]

    rings = [later_ring(center, 0, caller, offer) for offer in (1, 2, 1)]

    assert rings[0] == rings[2] != rings[1]
    assert all(0 <= each < 1 for ring in rings for each in ring)


@pytest.mark.parametrize(
    ("spread", "mean_s"),
    [
        (exponential(100), 100),
        (DurationSpread.lognormal(260_000, 560_000), 260),
        (DurationSpread.weibull(90_000, 1.5), 90),
        (DurationSpread("constant", 5_000), 5),
        (DurationSpread("sample", sample=(1_000.0, 3_000.0)), 2),
        (DurationSpread("constant", 5_000, factor=2.0), 10),
    ],
)
def test_a_spread_has_its_mean_and_grows_with_its_share(spread, mean_s):
    shares = [(n + 0.5) / 20_000 for n in range(20_000)]
    times = [spread.at(each) for each in shares]

    assert statistics.mean(times) / 1000 == pytest.approx(mean_s, rel=0.01)
    assert times == sorted(times)
    assert spread.at(0.0) >= 0


def test_a_lognormal_has_its_90_per_cent_quantile():
    assert DurationSpread.lognormal(260_000, 560_000).at(0.9) == pytest.approx(560_000, rel=1e-6)
    assert DurationSpread.lognormal(260_000, 260_000).at(0.9) == 260_000


def test_patience_may_be_for_ever():
    assert DurationSpread("never").at(0.5) == NEVER
