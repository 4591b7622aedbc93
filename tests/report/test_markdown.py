"""plans_markdown(): a comment on a pull request."""

import re

import pytest

from tests.report.conftest import steady
from tr_apply.findings import Finding, Severity
from tr_apply.plan.change import Action, Blocked, FieldChange, Move, Operation, Plan, Target
from tr_apply.report.entry import Entry
from tr_apply.report.html import plans_html
from tr_apply.report.markdown import LIMIT, MARKER, plans_markdown

SHOP = """
    workspace: {name: Shop}
    activities: [{name: Offline}, {name: Available, available: true}, {name: Lunch}]
    task_queues: [{name: Spanish, target_workers: "languages HAS 'es'"}, {name: Everyone}]
    workers: [{name: alice, attributes: {level: 3, phone: "+14155550100"}}]
    safety: {max_deletes: 100%}
"""
CHANGED = """
    workspace: {name: Shop}
    activities: [{name: Offline}, {name: Available, available: true}, {name: Lunch, available: true}]
    task_queues: [{name: Everyone, max_reserved_workers: 5}]
    workers: [{name: alice, attributes: {level: 4, phone: canary}}, {name: bob}]
    manage: {workers: {sensitive: [attributes.phone]}}
"""
HOSTILE = "x</code></details>\n```\n````` @everyone | a<script>alert(1)</script><img src=x onerror=y> [l](javascript:z) `b` --> &amp; \"'"


def operation(action=Action.UPDATE, name="Spanish", **more):
    return Operation(action, "task_queue", name, None, **more)


def plan_of(*operations, workspace="Shop", **more):
    return Plan(Target(workspace, "AC1", None), operations, **more)


def hostile_entries():
    filters = [{"name": HOSTILE, "expression": HOSTILE, "targets": [{"queue": HOSTILE}]}]
    plan = plan_of(
        operation(Action.CREATE, HOSTILE, changes=(FieldChange("filters", None, filters),)),
        operation(Action.UPDATE, HOSTILE, changes=(FieldChange(HOSTILE, HOSTILE, [HOSTILE] * 6),)),
        operation(Action.REPLACE, HOSTILE, repoints=(HOSTILE,), reason=HOSTILE),
        operation(Action.DELETE, HOSTILE, moves=(Move(HOSTILE, None, HOSTILE, HOSTILE),)),
        workspace=HOSTILE,
        blocked=(Blocked("in-use", HOSTILE, "op-1"),),
        diagnostics=(Finding(Severity.INFO, "kept", HOSTILE),),
    )
    return [Entry(HOSTILE, plan, more=HOSTILE), Entry(HOSTILE, None, [HOSTILE])]


def test_a_plan_is_folded_with_what_matters_first(world):
    world.apply(SHOP)

    text = plans_markdown(
        [Entry("shop.yaml", world.plan(CHANGED)), Entry("other.yaml", None, ["other.yaml:1:2: nope"])]
    )

    assert (
        steady(text)
        == """\
<!-- tr-apply -->
### tr-apply: 2 workspaces, 5 changes, 1 blocked, 1 without a plan

<details><summary><code>Shop</code>: 1 to create, 2 to update, 1 to replace, 1 to delete, 3 unchanged; 7 requests; 1 blocked</summary>

```diff
! Blocked (needs-consent): deletes 1 of 2 live task queues ('Spanish'), more than `max_deletes` allows (20%, here 0); to agree, apply with --allow-delete task_queue=1
# the activity 'Lunch' becomes available: nobody is in it now
± activity Lunch
    (TaskRouter cannot change `available`: a new activity with a new SID takes its place)
    available: false -> true
~ task_queue Everyone
    max_reserved_workers: 1 -> 5
~ worker alice
    attributes.level: 3 -> 4
    attributes.phone: (sensitive) -> (sensitive)
+ worker bob
- task_queue Spanish
```

Plan id: `…`

</details>

<details><summary><code>other.yaml</code>: no plan: there are errors</summary>

```diff
! other.yaml:1:2: nope
```

</details>

"""
    )


def test_the_first_line_is_what_a_comment_is_found_by():
    assert plans_markdown([]).splitlines()[0] == MARKER == "<!-- tr-apply -->"


def test_one_workspace_alone_is_not_folded_away():
    assert "<details open>" in plans_markdown([Entry("a", plan_of())])


def outside_of_fences(text):
    """What Markdown and HTML could read of *text*."""
    lines, fence = [], None
    for line in text.splitlines():
        opening = re.match(r"(`{3,})diff$", line)
        if fence is None and opening:
            fence = opening[1]
        elif fence is not None and line.startswith(fence) and not line.strip("` "):
            fence = None
        elif fence is None:
            lines.append(line)
    assert fence is None
    return "\n".join(lines)


def test_nothing_that_somebody_wrote_breaks_out():
    text = outside_of_fences(plans_markdown(hostile_entries()))

    tags = re.findall(r"<[^>]*>", text)
    assert tags == [MARKER, *["<details>", "<summary>", "<code>", "</code>", "</summary>", "</details>"] * 2]
    assert "@" not in text
    assert "[l](" not in re.sub(r"<code>.*?</code>", "", text)


def big(number, name="Spanish"):
    changes = tuple(FieldChange(f"attributes.k{i}", "x" * 300, "y" * 300) for i in range(20))
    return plan_of(*(operation(name=f"{name} {n}", changes=changes) for n in range(number)))


@pytest.mark.parametrize(
    "entries",
    [
        [Entry("a", big(1))],
        [Entry("a", big(500))],
        [Entry("a", big(50)), Entry("b", big(2)), Entry("c", None, ["error"] * 5000)],
        [Entry(f"{n}.yaml", big(3)) for n in range(300)],
        [Entry(f"{n}.yaml", plan_of(workspace="<" * 500)) for n in range(1000)],
        [Entry("a", plan_of(operation(name="`" * 90_000)))],
        [Entry("a", plan_of(blocked=[Blocked("in-use", "m" * 5000, "op-1")] * 400))],
    ],
    ids=["one", "many operations", "three", "many workspaces", "many long names", "one endless name", "many reasons"],
)
def test_it_is_never_longer_than_github_takes(entries):
    text = plans_markdown(entries)

    assert len(text) < LIMIT
    outside_of_fences(text)
    assert text.count("<details") == text.count("</details>")


def test_what_is_left_out_is_counted():
    text = plans_markdown([Entry("a", big(500))])

    shown = len(re.findall(r"^~ ", text, re.MULTILINE))
    assert 1 < shown < 500
    assert f"… and the rest of this one, and {500 - shown} more" in text


def test_workspaces_that_are_left_out_are_counted():
    text = plans_markdown([Entry(f"{n}.yaml", big(3)) for n in range(300)])

    assert f"And {300 - text.count('<details')} more workspaces" in text


# The same as a page


def test_a_page_stands_by_itself_and_escapes_what_somebody_wrote():
    page = plans_html(hostile_entries())

    body = page.partition("<body>")[2]
    assert "Content-Security-Policy" in page
    assert "prefers-color-scheme: dark" in page
    assert set(re.findall(r"</?([a-z0-9]+)", body)) <= {
        "h1", "h2", "section", "p", "ul", "li", "b", "del", "ins", "code", "pre", "body", "html",
    }  # fmt: skip
    assert not re.search(r"<[^>]*(on\w+=|href|src)", body)
    assert "&lt;script&gt;" in body


def test_a_page_tells_what_the_text_tells(world):
    world.apply(SHOP)

    page = plans_html(
        [Entry("shop.yaml", world.plan(CHANGED), more="From the file: 1"), Entry("b.yaml", None, ["b: nope"])]
    )

    assert '<li class="operation replace"><b>± activity Lunch</b>' in page
    assert "<li>max_reserved_workers: <del>1</del> → <ins>5</ins></li>" in page
    assert "Blocked (needs-consent): deletes 1 of 2 live task queues" in page
    assert "<pre>From the file: 1</pre>" in page
    assert '<p class="error">b: nope</p>' in page
    assert "canary" not in page
    assert "+14155550100" not in page


def test_lists_in_a_page_are_told_element_by_element():
    changes = (FieldChange("f", [{"a": n} for n in range(9)], [{"a": n} for n in range(8)]),)

    assert "<li>f:<ul><li>- [8]: {a: 8}</li></ul></li>" in plans_html([Entry("a", plan_of(operation(changes=changes)))])


def test_no_changes_are_said():
    assert "no changes" in plans_html([Entry("a", plan_of())])
    assert "No changes." in plans_markdown([Entry("a", plan_of())])
