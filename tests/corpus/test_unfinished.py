"""An unfinished record as text: finished hours are recognised, and possibly rare values are only digests."""

from datetime import UTC, datetime

import pytest

from tr_apply.corpus.events import hours_between
from tr_apply.corpus.reduce import Reduction
from tr_apply.corpus.tasks import RecordedTask
from tr_apply.corpus.unfinished import RecordHeading, Unfinished, resumed
from tr_apply.resources.workflow import Workflow, from_document

HEADING = RecordHeading("WS1", keeps_values=False, expressions="abc")
HOURS = list(hours_between(datetime(2026, 11, 20, 9, tzinfo=UTC), datetime(2026, 11, 20, 11, tzinfo=UTC)))
EXPRESSION = "language == 'es' OR tags HAS 'vip' OR customer.tier == 'gold' OR steps[1] == 'x'"
TASK = RecordedTask(
    "Voice",
    {"language": "tlh", "tags": ["vip", "rare"], "customer": {"tier": "new"}, "steps": ["a", "b"], "name": "Ana"},
)


@pytest.fixture
def reduction():
    document = {"task_routing": {"filters": [{"expression": EXPRESSION, "targets": [{"queue": "WQ1"}]}]}}
    keys = from_document(document, queue_name=lambda sid: sid, template=str)
    return Reduction([Workflow.model_construct(name="Voice", **keys)], b"k" * 32)


@pytest.mark.parametrize("times", [2, 5])
def test_finished_hours_are_recognised(reduction, times):
    whole = Unfinished(HEADING, b"k" * 32)
    lines = [whole.add(hour, [TASK] * times, reduction).line() for hour in HOURS]
    text = whole.first_line() + lines[0]

    again = resumed(text, HEADING, HOURS)
    again.add(HOURS[1], [TASK] * times, reduction)

    assert again.finished(HOURS) == whole.finished(HOURS)
    assert again.finished(HOURS)[0].attributes["language"] == ("tlh" if times == 5 else "other")
    assert "Ana" not in text
    assert ("tlh" in text) is (times == 5)


def test_few_tasks_of_each_hour_may_be_many_in_all(reduction):
    unfinished = Unfinished(HEADING, b"k" * 32)
    for hour in HOURS:
        unfinished.add(hour, [TASK] * 3, reduction)

    [found] = unfinished.finished(HOURS)

    assert found.count == 6
    assert found.attributes == {
        "language": "tlh",
        "tags": ["rare", "vip"],
        "customer": {"tier": "new"},
        "steps": [None, "b"],
    }


def test_an_hour_counts_once_however_often_it_was_written(reduction):
    unfinished = Unfinished(HEADING, b"k" * 32)
    line = unfinished.add(HOURS[0], [TASK], reduction).line()

    assert resumed(unfinished.first_line() + line * 2, HEADING, HOURS).total == 1


def test_hours_that_are_not_asked_for_are_left_out(reduction):
    unfinished = Unfinished(HEADING, b"k" * 32)
    line = unfinished.add(HOURS[0], [TASK], reduction).line()

    assert resumed(unfinished.first_line() + line, HEADING, HOURS[1:]).total == 0
