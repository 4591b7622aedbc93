"""The content that every format for people has, in any plan."""

import re
from collections import Counter
from html import unescape

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.report.test_expression_diff import expressions, words
from tr_apply.plan.change import Action, Blocked, DeleteConsent, FieldChange, FilterPlace, Operation, Plan, PlanTarget
from tr_apply.report.entry import Entry
from tr_apply.report.html import plans_html
from tr_apply.report.markdown import plans_markdown
from tr_apply.report.terminal import plan_text


def said(page):
    """The text of a page. Code is a part of its sentence, any other tag separates."""
    return unescape(re.sub(r"<[^>]*>", " ", re.sub(r"</?code[^>]*>", "", page)))


FORMATS = {
    "text": lambda plan: click.unstyle(plan_text(plan)),
    "markdown": lambda plan: plans_markdown([Entry("a", plan)]),
    "html": lambda plan: said(plans_html([Entry("a", plan)]).partition("<body>")[2]),
}
PLACE = FilterPlace(2, 6, "Gold", "VIP")
FIELDS = st.sampled_from(
    [
        FieldChange("target_workers", None, None),
        FieldChange("filters[Gold].expression", None, None, filter=PLACE),
        FieldChange("filters[Gold].targets[0].skip_if", None, None, filter=PLACE),
        FieldChange("default_filter.expression", None, None),
        FieldChange("attributes.expression", None, None),
    ]
)


def plan_of(*operations, **more):
    return Plan(PlanTarget("Shop", "AC1", None), operations, **more)


def operation(action, name, *changes, kind="task_queue"):
    return Operation(action, kind, name, None, changes)


@pytest.mark.parametrize("name", FORMATS)
@given(FIELDS, expressions, expressions)
def test_every_word_of_an_expression_that_changes_is_there(name, field, before, after):
    change = FieldChange(field.path, before, after, filter=field.filter)

    text = FORMATS[name](plan_of(operation(Action.UPDATE, "Q", change)))

    seen, old, new = (words(each) for each in (text, before, after))
    changed = (old - new) + (new - old)
    assert {word for word in changed if word not in {"AND", "OR"}} <= seen.keys()


@pytest.mark.parametrize("name", FORMATS)
@given(st.permutations([*Action, *Action]))
def test_deletes_and_replacements_come_first(name, actions):
    plan = plan_of(*(operation(action, f"Queue{number}") for number, action in enumerate(actions)))

    text = FORMATS[name](plan)

    order = [number for _, number in sorted((text.index(f"Queue{n}"), n) for n in range(len(actions)))]
    destructive = [actions[number] in {Action.DELETE, Action.REPLACE} for number in order]
    assert destructive == sorted(destructive, reverse=True)


@pytest.mark.parametrize("name", FORMATS)
def test_a_plan_that_needs_approval_is_not_called_blocked(name):
    message = (
        "deletes 1 of 5 task queues: Spanish: approving this plan is the consent; without a plan, --allow-delete x=1"
    )
    blocked = Blocked("needs-consent", message, "op-1", DeleteConsent("task_queue", 1, 5))

    text = " ".join(
        re.sub(r"\n!\s+", " ", FORMATS[name](plan_of(operation(Action.DELETE, "Spanish"), blocked=[blocked]))).split()
    )

    assert f"Needs approval (needs-consent): D{message[1:]}." in text
    assert "Blocked" not in text
    assert "blocked" not in text


@pytest.mark.parametrize("name", FORMATS)
def test_the_same_filter_at_the_top_and_at_the_end_does_not_look_the_same(name):
    value = {"expression": "1==1", "targets": [{"queue": "Everyone"}]}
    first = FieldChange("filters[#1]", None, value, filter=FilterPlace(1, 6, None, "VIP"))
    last = FieldChange("filters[#6]", None, value, filter=FilterPlace(6, 6, None, None))

    texts = [FORMATS[name](plan_of(operation(Action.UPDATE, "W", each, kind="workflow"))) for each in (first, last)]

    assert "added as 1 of 6, above VIP" in texts[0]
    assert "added as 6 of 6, the last one" in texts[1]


@pytest.mark.parametrize("name", FORMATS)
@given(st.lists(st.sampled_from("abcdef"), max_size=8), st.lists(st.sampled_from("abcdef"), max_size=8))
def test_every_item_of_a_list_that_comes_or_goes_is_there(name, before, after):
    change = FieldChange("attributes.skills", before, after)

    text = FORMATS[name](plan_of(operation(Action.UPDATE, "W", change, kind="worker")))

    assert (Counter(before) - Counter(after)) + (Counter(after) - Counter(before)) <= Counter(
        re.findall(r"\b[a-f]\b", text)
    )
