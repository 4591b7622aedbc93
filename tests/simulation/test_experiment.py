"""Replications, differences of pairs, and limits that are undecided until they are not."""

import math
import pickle
import shutil
import statistics
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
import yaml

from tests.simulation.centers import HALF_HOUR, HOUR, constant, contact, exponential, people, scenario
from tr_apply import api
from tr_apply.errors import UsageError
from tr_apply.resources import SECTIONS
from tr_apply.simulation.day import simulated_day
from tr_apply.simulation.estimates import Estimate
from tr_apply.simulation.executors import open_executor
from tr_apply.simulation.experiment import Experiment, GateLimit, Trials, formula, state_of
from tr_apply.simulation.load import AnswerTarget, DayHours, WorkRules
from tr_apply.simulation.measures import EVERYTHING, MEASURES
from tr_apply.simulation.request import SimulationRequest
from tr_apply.simulation.results import MeanEstimate
from tr_apply.simulation.staffing import moves_of_day
from tr_apply.simulation.what_if import Variation

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "support-center"
LOAD = EXAMPLE / "simulation.yaml"
SMALL = DayHours(HALF_HOUR, 9 * HOUR, 11 * HOUR, 12 * HOUR)


def small(name="after", agents=4, *, seed=1, **more):
    calls = contact(an_hour=(20.0, 20.0, 20.0, 20.0), patience=exponential(60), **more)
    return scenario(calls, staff=people(agents), hours=SMALL, name=name, seed=seed)


class Remembered:
    """Simulates each day of a scenario once for all tests: it is the same every time (test_day.py)."""

    def __init__(self, scenarios):
        self._scenarios = [(each, pickle.dumps(each)) for each in scenarios]

    def days(self, wanted):
        for index, replication in wanted:
            each, key = self._scenarios[index]
            if (key, replication) not in DAYS:
                DAYS[key, replication] = simulated_day(each, replication)
            yield index, replication, DAYS[key, replication]


DAYS = {}


@cache
def center():
    return api.load(EXAMPLE)


def run(*scenarios, trials=None):
    experiment = Experiment(scenarios, [each.name for each in scenarios], trials or Trials(10, 10, 0.95))
    experiment.run(Remembered(scenarios), lambda _done, _total: None)
    return experiment


def gates(*written):
    return tuple(GateLimit(option, float(limit) / 100, f"{limit}pp") for option, limit in written)


@pytest.fixture(scope="module")
def changed(tmp_path_factory):
    """The example, in which sales calls wait for sales people alone."""
    folder = tmp_path_factory.mktemp("changed") / "center"
    shutil.copytree(EXAMPLE, folder)
    voice = folder / "workflows" / "voice.yaml"
    text = voice.read_text(encoding="utf-8")
    before = "          - {queue: Sales, timeout: 60, priority: 5}\n          - {queue: Everyone, priority: 10}\n"
    assert before in text
    voice.write_text(text.replace(before, "          - {queue: Sales, priority: 5}\n"), encoding="utf-8")
    return api.load(folder)


# Comparisons


def test_a_against_a_differs_by_exactly_nothing_and_passes_every_limit():
    trials = Trials(6, 200, 0.95, gates=gates(("max-sl-drop", 0), ("max-abandonment-rise", 0)))

    results = run(small("before"), small(), trials=trials).results()

    assert {(each.mean, each.half_width, each.sure) for each in results.differences} == {(0.0, 0.0, False)}
    assert {each.state for each in results.gates} == {"passed"}
    assert results.replications == 6


@pytest.fixture(scope="module")
def compared(changed):
    limits = gates(("max-abandonment-rise", 1), ("max-sl-drop", 2))
    request = SimulationRequest(changed, LOAD, center(), replications=12, max_replications=12, gates=limits)
    experiment = request.experiment()
    with open_executor("serial", 1, experiment.scenarios) as opened:
        experiment.run(opened, lambda _done, _total: None)
    return experiment


def test_pairs_are_much_more_precise_than_independent_days(compared):
    sides = [each.values(EVERYTHING, "service_level") for each in compared.days()]

    together = statistics.variance([b - a for a, b in zip(*sides, strict=True)])
    independent = sum(map(statistics.variance, sides))

    assert independent / together >= 5


def test_sales_that_no_longer_overflow_lose_two_points_more_of_their_callers(compared):
    results = compared.results()

    states = {(each.limit, each.name): each.state for each in results.gates}
    assert states["max-abandonment-rise=1pp", "Sales calls"] == "failed"
    assert {state for (limit, _), state in states.items() if limit == "max-sl-drop=2pp"} == {"passed"}
    [rise] = [e for e in results.differences if (e.by, e.name, e.measure) == ("demand", "Sales calls", "abandonment")]
    assert rise.sure
    assert round(100 * rise.mean) == 2
    assert rise.half_width < 0.01


def test_one_limit_that_failed_ends_the_run():
    limits = gates(("max-abandonment-rise", 0), ("max-sl-drop", 0))

    results = run(small("before", 8), small(agents=1), trials=Trials(5, 100, 0.95, gates=limits)).results()

    assert results.replications == 5
    assert "failed" in {each.state for each in results.gates}


def test_more_people_serve_better_and_a_sweep_compares_each_with_the_first():
    base = small("before")
    more = [replace(base, people=people(4 + n), name=f"+{n}") for n in (1, 2)]

    results = run(base, *more).results()

    levels = [each.results[0].service_level.mean for each in results.scenarios]
    assert levels == sorted(levels)
    assert {each.scenario for each in results.differences} == {"+1", "+2"}
    assert [each.workers for each in results.scenarios] == [4, 5, 6]


# Results


def test_groups_add_up_and_every_number_has_a_half_width():
    chats = contact(name="Chats", an_hour=(5.0,) * 4, channel="chat")
    center = small()
    center = replace(center, contacts=(*center.contacts, chats), workflow_sids=("WW1", "WW1"))

    [scenario_results] = run(center).results().scenarios

    by = {}
    for each in scenario_results.results:
        by.setdefault((each.by, each.interval is not None), []).append(each)
    [everything] = by["all", False]
    for key in (("demand", False), ("channel", False), ("queue", False), ("interval", True), ("channel", True)):
        assert sum(each.offered for each in by[key]) == pytest.approx(everything.offered, abs=1e-4)
    assert [each.interval for each in by["interval", True]] == ["09:00", "09:30", "10:00", "10:30"]
    [group] = by["worker_group", False]
    assert (group.name, group.offered, group.wait_s) == ("all", None, None)
    assert group.answered == pytest.approx(everything.answered)
    assert group.occupancy == everything.occupancy
    for each in scenario_results.results:
        waits = () if each.wait_s is None else ("p50", "p80", "p90", "p95", "max")
        plain = [name for name in ("offered", "answered", "occupancy") if getattr(each, name) is not None]
        assert set(plain) <= each.half_widths.keys()
        assert {f"wait_s.{name}" for name in waits if getattr(each.wait_s, name) is not None} <= each.half_widths.keys()
    waits = [getattr(everything.wait_s, name) for name in ("p50", "p80", "p90", "p95", "max")]
    assert waits == sorted(waits)


def test_steps_add_up_to_those_who_came_and_name_what_nobody_came_to(compared):
    _, after = compared.results().scenarios

    by = {(each.workflow, each.filter, each.step): each for each in after.steps}
    assert len(by) == len(after.steps) == 23
    assert by["Voice", 7, 1].queue == "Sales"
    assert ("Voice", 7, 2) not in by
    assert by["Messaging", 1, 1].came.mean == 0
    assert by["Messaging", 1, 1].answered == MeanEstimate(None, None)
    offered = sum(each.offered for each in after.results if each.by == "demand")
    assert sum(each.came.mean for each in after.steps if each.step == 1) == pytest.approx(offered)
    for each in after.steps:
        if each.came.mean:
            ends = (each.answered, each.abandoned, each.canceled, each.waiting, each.went_on)
            assert sum(end.mean for end in ends) == pytest.approx(1, abs=1e-5)
            assert all(end.half_width is not None for end in ends)


def test_the_formula_says_what_counts():
    targets = (AnswerTarget("chat", None, 60_000), AnswerTarget(None, None, 20_000, None, 5_000))

    assert formula(replace(small(), targets=targets)) == (
        "answered within 20s (chat 60s) / (answered + abandoned, without those who gave up within 5s)"
    )
    assert formula(replace(small(), targets=(AnswerTarget(queue="Sales"),))) == (
        "answered within 20s (Sales 20s) / (answered + abandoned)"
    )


def test_a_comparison_counts_how_many_it_makes():
    results = run(small("before"), small(agents=3)).results()

    whole = [each for each in results.differences if each.by in ("all", "demand")]
    assert results.comparisons == len(whole) == len(MEASURES) + len(MEASURES) - 1  # a demand has no occupancy


# Limits


@pytest.mark.parametrize(
    ("mean", "half_width", "state"),
    [
        (1.0, 0.5, "passed"),
        (1.5, 0.5, "passed"),
        (1.8, 0.5, "undecided"),
        (2.2, 0.5, "undecided"),
        (2.6, 0.5, "failed"),
        (2.0, 0.0, "passed"),
        (1.0, None, "undecided"),
        (None, None, "passed"),
    ],
)
def test_a_limit_is_decided_when_all_of_the_interval_is_on_one_side(mean, half_width, state):
    assert state_of(Estimate(mean, half_width), 2.0) == state


def test_a_change_at_the_limit_stays_undecided_and_says_so():
    before, after = small("before", agents=5), small(agents=4)
    first = run(before, after, trials=Trials(20, 20, 0.95)).days()
    drop = -first[0].change(first[1], EVERYTHING, "service_level", 0.95).mean
    limit = GateLimit("max-sl-drop", drop, "its own size")

    experiment = run(before, after, trials=Trials(5, 20, 0.95, gates=(limit,)))

    results = experiment.results()
    assert results.replications == 20
    assert {each.state for each in results.gates} == {"undecided"}
    assert results.notes == ["20 days leave some limits undecided, and more are not allowed: raise --max-replications"]


def test_a_lowest_service_level_is_a_limit_of_the_last_scenario_alone():
    def states(limit):
        gate = GateLimit("min-sl", limit, f"{limit:.0%}")
        return {each.state for each in run(small(agents=6), trials=Trials(5, 40, 0.95, gates=(gate,))).results().gates}

    assert states(0.5) == {"passed"}
    assert states(1.0) == {"failed"}


def test_days_are_added_until_the_precision_is_reached():
    one = run(small(), trials=Trials(4, 64, 0.95, precision=0.05)).results()
    half_width = one.scenarios[0].results[0].service_level.half_width

    assert half_width <= 0.05
    assert 4 < one.replications < 64

    short = run(small(), trials=Trials(4, 8, 0.95, precision=0.0001)).results()
    assert short.replications == 8
    assert short.notes == ["8 days do not reach the precision of 0.01 points; raise --max-replications"]


def test_a_day_without_tasks_has_no_service_level_and_passes_every_limit():
    nothing = scenario(contact(an_hour=(0.0,) * 4), staff=people(1), hours=SMALL)
    trials = Trials(3, 6, 0.95, gates=(GateLimit("min-sl", 0.8, "80%"),))

    results = run(nothing, trials=trials).results()

    assert [(each.by, each.offered) for each in results.scenarios[0].results[:2]] == [("all", 0.0), ("demand", 0.0)]
    assert {(each.state, each.mean) for each in results.gates} == {("passed", None)}


# Ctrl-C


def test_an_interrupted_run_counts_the_days_that_all_scenarios_have():
    scenarios = (small("before"), small(agents=3))
    experiment = Experiment(scenarios, ["a", "b"], Trials(10, 10, 0.95))

    def interrupt(done, _total):
        if done == 7:
            raise KeyboardInterrupt

    with open_executor("serial", 1, scenarios) as opened:
        experiment.run(opened, interrupt)

    results = experiment.results()
    assert results.interrupted
    assert results.replications == 3
    assert results.notes == []


# The request


def request(**more):
    return SimulationRequest(center(), LOAD, **more)


def test_a_request_takes_what_the_file_says_unless_it_says_otherwise():
    usual = request().experiment()
    own = request(replications=7, max_replications=9, seed=5).experiment()

    assert (usual.trials.replications, usual.trials.max_replications, usual.scenarios[0].seed) == (30, 200, 1)
    assert (own.trials.replications, own.trials.max_replications, own.scenarios[0].seed) == (7, 9, 5)
    assert request(replications=400).experiment().trials.max_replications == 400


def test_one_what_if_is_compared_with_the_configuration_as_it_is():
    experiment = request(what_if=("workers.team=sales:+1",)).experiment()

    assert [each.name for each in experiment.scenarios] == ["before", "after"]
    assert experiment.sources == [str(EXAMPLE), f"{EXAMPLE} with workers.team=sales:+1"]
    assert [len(each.people) for each in experiment.scenarios] == [12, 13]


def test_several_what_ifs_are_compared_with_the_other_side(changed):
    alone = request(what_if=("workers.team=sales:-1..+0",)).experiment()
    against = SimulationRequest(changed, LOAD, center(), ("demand:+10%", "demand:+20%")).experiment()

    assert [each.name for each in alone.scenarios] == ["before", "workers.team=sales:-1", "workers.team=sales:+0"]
    assert [each.name for each in against.scenarios] == ["before", "after", "demand:+10%", "demand:+20%"]
    assert against.sources[1] == changed.path


def test_a_side_without_workers_has_those_of_the_other(tmp_path):
    nobody = tmp_path / "nobody"
    nobody.mkdir()
    for path in EXAMPLE.rglob("*.yaml"):
        if "workers" not in path.parts and "overlays" not in path.parts and not path.name.endswith(".test.yaml"):
            (nobody / path.name).write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
    assert "workers" not in yaml.safe_load((nobody / "workspace.yaml").read_text(encoding="utf-8"))

    one = SimulationRequest(api.load(nobody), LOAD, center()).experiment()
    other = SimulationRequest(center(), LOAD, api.load(nobody)).experiment()

    assert [len(each.people) for each in (*one.scenarios, *other.scenarios)] == [12] * 4
    with pytest.raises(UsageError, match="nobody works on this day"):
        SimulationRequest(api.load(nobody), LOAD).experiment()


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"gates": gates(("max-sl-drop", 1))}, "--max-sl-drop compares"),
        ({"gates": gates(("min-sl", 1)), "what_if": ("demand:+0%..+20%",)}, "--min-sl judges one change"),
        ({"replications": 50, "max_replications": 40}, "--max-replications 40: at least 50 days"),
    ],
)
def test_options_that_do_not_go_together_are_a_usage_error(more, message):
    with pytest.raises(UsageError, match=message):
        request(**more).experiment()


def test_another_order_of_the_declarations_changes_nothing():
    turned = {kind.section: list(reversed(getattr(center().document, kind.section))) for kind in SECTIONS}
    other = center()._replace(document=center().document.model_copy(update=turned))

    results = api.simulate(center(), LOAD, against=other, replications=2)

    assert {(each.mean, each.half_width) for each in results.differences} == {(0.0, 0.0)}


def test_a_new_worker_leaves_the_starts_of_the_others_as_they_are():
    first, *others = center().document.workers
    more = [first, first.model_copy(update={"name": "newcomer"}), *others]
    after = center()._replace(document=center().document.model_copy(update={"workers": more}))

    before, later = SimulationRequest(after, LOAD, center()).experiment().scenarios

    starts, now = ({each.worker.name: each.work[0].begin_ms for each in side.people} for side in (before, later))
    assert now.pop("newcomer")
    assert now == starts


def test_a_program_simulates_with_values():
    results = api.simulate(center(), LOAD, replications=2, seed=4, what_if=["workers.team=sales:+1"])

    assert [each.name for each in results.scenarios] == ["before", "after"]
    assert results.seed == 4
    assert math.isclose(results.confidence, 0.95)


def test_a_change_of_people_keeps_the_pauses_of_the_others():
    base = replace(small(), rules=WorkRules(constant(1), absence=0.3, shrinkage=0.2))
    variation = Variation("workers.x=y", -1, "x", "y")
    assert variation.label == "workers.x=y:-1"
    fewer = replace(base, people=base.people[:3])

    assert [each for each in moves_of_day(base, 0) if each.worker < 3] == moves_of_day(fewer, 0)
