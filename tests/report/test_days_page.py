"""The page of simulated days in a real browser: it fits every screen, and every text can be read in both themes."""

import pytest

from tests.picture.scenes import HOSTILE
from tests.picture.test_html import Tags, contrast
from tests.report.test_page import LOOKS, SIZE, hexadecimal
from tests.simulation.centers import HALF_HOUR, HOUR, contact, exponential, people, scenario
from tr_apply.picture import POLICY, Scene, compared_picture
from tr_apply.plan.compare.filter_match import paired_filters
from tr_apply.report.simulation_html import simulation_html
from tr_apply.report.simulation_lanes import counted_in
from tr_apply.resources.workflow import Filter, Target, Workflow
from tr_apply.routing.workspace import TaskQueue
from tr_apply.simulation.executors import open_executor
from tr_apply.simulation.experiment import Experiment, GateLimit, Trials
from tr_apply.simulation.load import AnswerTarget, DayHours

NAMES = [*HOSTILE[:3], "x" * 200]
BEFORE = """{"task_routing": {"filters": [{"expression": "1==1", "targets": [
    {"queue": "WQ1", "timeout": 20}, {"queue": "WQ2", "timeout": 30}, {"queue": "WQ3"}]}]}}"""
AFTER = BEFORE.replace(', {"queue": "WQ2", "timeout": 30}', "")


def drawn(counted, *queues):
    targets = [Target.model_construct(queue=name, timeout=timeout, expression=None) for name, timeout in queues]
    filters = [Filter.model_construct(name=NAMES[3], expression="1==1", targets=targets)]
    return Scene("Center", [Workflow.model_construct(name="Voice", filters=filters)], [], counted=counted)


@pytest.fixture(scope="module")
def page():
    """Queues with hostile names before and after a change of steps; every sort of gate."""
    queues = tuple(TaskQueue(f"WQ{n + 1}", name) for n, name in enumerate(NAMES[:3]))
    calls = contact(NAMES[3], (40.0,) * 8, patience=exponential(60))
    scenarios = [
        scenario(
            calls, staff=people(4), hours=DayHours(HALF_HOUR, 9 * HOUR, 13 * HOUR, 14 * HOUR), name=name,
            document=document, queues=queues, targets=(AnswerTarget(target=0.6),),
        )
        for name, document in (("before", BEFORE), ("after", AFTER))
    ]  # fmt: skip
    gates = tuple(GateLimit("min-sl", limit / 100, f"{limit}%") for limit in (0, 99))
    experiment = Experiment(scenarios, HOSTILE[:2], Trials(3, 3, 0.95, gates=gates))
    with open_executor("serial", 1, scenarios) as executor:
        experiment.run(executor, lambda _done, _total: None)
    results = experiment.results()
    before, after = map(counted_in, results.scenarios)
    first, second, third = NAMES[:3]
    sides = drawn(before, (first, 20), (second, 30), (third, None)), drawn(after, (first, 20), (third, None))
    return simulation_html(results, compared_picture(*sides, paired_filters, against="before"))


def test_the_page_allows_nothing_but_its_own_style(page):
    tags = Tags(page)

    assert ("meta", {"http-equiv": "Content-Security-Policy", "content": POLICY}) in tags.tags
    assert {tag for tag, _ in tags.tags}.isdisjoint({"script", "img", "link", "iframe", "a", "object"})
    assert not any(name.startswith("on") for _, attributes in tags.tags for name in attributes)
    assert tags.open == []


@pytest.mark.parametrize("width", [1280, 390, 320])
def test_no_screen_needs_to_scroll_sideways(browser, page, width):
    [[wide, room]] = browser.ask([page], SIZE, width=width)

    assert wide <= room <= width


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_every_text_can_be_read_on_its_ground(browser, page, dark):
    [looks] = browser.ask([page], LOOKS, dark=dark)

    assert len(looks) > 80
    assert [each for each in looks if contrast(hexadecimal(each[1]), hexadecimal(each[2])) < 4.5] == []


CHART = """doc => [...doc.querySelectorAll('svg text')].map(each => each.getBoundingClientRect().height)"""


def test_the_labels_of_a_chart_can_be_read_on_a_phone(browser, page):
    [heights] = browser.ask([page], CHART, width=390)

    assert min(heights) >= 9
