"""plans_markdown(): a comment on a pull request."""

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.picture.scenes import HOSTILE as HOSTILE_NAMES
from tests.report.conftest import steady
from tr_apply.findings import Finding, Severity
from tr_apply.plan.change import (
    Action,
    Blocked,
    DeleteConsent,
    FieldChange,
    Move,
    Operation,
    Plan,
    PlanTarget,
    Verb,
    Write,
)
from tr_apply.plan.impact import Impact, PeopleImpact, QueueChange
from tr_apply.plan.saved.document import plan_id
from tr_apply.printable import printable
from tr_apply.report.entry import Entry
from tr_apply.report.html import plans_html
from tr_apply.report.markdown import LIMIT, MARKER, plans_markdown
from tr_apply.report.rows import DESTRUCTIVE, SYMBOLS
from tr_apply.resources.template import SidOf
from tr_apply.wire import Json

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
    return Plan(PlanTarget(workspace, "AC1", None), operations, **more)


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
### tr-apply: 2 workspaces, 5 changes, 1 needs approval, 1 without a plan

<details><summary>
<code>Shop</code>
(<code>WS…</code>,
<code>account AC…</code>)
<br>1 to create, 2 to update, 1 to replace, 1 to delete, 3 unchanged; 7 requests; 1 needs
approval
</summary>

```diff
! Needs approval (needs-consent): Deletes 1 of 2 task queues: Spanish. `max_deletes` allows 0
!   (20%): approving this plan is the consent; without a plan, --allow-delete task_queue=1.
- task_queue Spanish
! ± activity Lunch  # workspace.yaml:3
     (TaskRouter cannot change `available`: a new activity with a new SID takes its place)
     available: false -> true
Impact:
+   task queue Everyone: 1 -> 2; gains bob
# the activity 'Lunch' becomes available: nobody is in it now
! ~ task_queue Everyone  # workspace.yaml:4
     max_reserved_workers: 1 -> 5
! ~ worker alice  # workspace.yaml:5
     attributes.level: 3 -> 4
     attributes.phone: (sensitive) -> (sensitive)
+ worker bob  # workspace.yaml:5
```

Plan id: `…`

</details>

<details><summary>
<code>other.yaml</code>
<br>no plan: there are errors
</summary>

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
    """The parts of *text* that Markdown and HTML could interpret."""
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

    tags = [tag for tag in re.findall(r"<[^>]*>", text) if tag not in {"<code>", "</code>"}]
    assert tags == [MARKER, *["<details>", "<summary>", "<br>", "</summary>", "</details>"] * 2]
    assert "@" not in text
    assert "[l](" not in re.sub(r"<code>.*?</code>", "", text)
    assert not re.search(r"<code>[^<]*<(?!/code>)", text)


def big(number, name="Spanish"):
    """A plan of *number* operations; four fill a comment."""
    fields = [
        tuple(FieldChange(f"attributes.k{i}", "x" * 300, f"{n}{'y' * 300}") for i in range(20)) for n in range(number)
    ]
    return plan_of(*(operation(name=f"{name} {n}", changes=changes) for n, changes in enumerate(fields)))


@pytest.mark.parametrize(
    "entries",
    [
        [Entry("a", big(1))],
        [Entry("a", big(40))],
        [Entry("a", big(50)), Entry("b", big(2)), Entry("c", None, ["error"] * 5000)],
        [Entry(f"{n}.yaml", big(3)) for n in range(100)],
        [Entry(f"{n}.yaml", plan_of(workspace="<" * 500)) for n in range(1000)],
        [Entry("a", plan_of(operation(name="`" * 90_000)))],
        [Entry("a", plan_of(blocked=[Blocked("in-use", "m" * 5000, "op-1")] * 400))],
    ],
    ids=["one", "many operations", "three", "many workspaces", "many long names", "one endless name", "many reasons"],
)
def test_it_is_never_longer_than_github_takes(entries):
    text = plans_markdown(entries)

    assert len(text) < LIMIT
    assert max(map(len, text.splitlines())) < 100
    outside_of_fences(text)
    assert text.count("<details") == text.count("</details>")


def test_left_out_operations_are_counted_by_kind():
    alice = Operation(Action.CREATE, "worker", "alice", None)
    text = plans_markdown([Entry("a", plan_of(*big(40).operations, alice))])

    whole = len(re.findall(r"^! ~ ", text, re.MULTILINE)) - 1
    assert 1 < whole < 40
    assert "more lines of this one" in text
    assert f"… not or not whole in this comment: {40 - whole} task queues to update, 1 worker to create" in text


def test_an_equal_change_of_many_is_shown_once():
    team = (FieldChange("attributes.team", "a", "b"),)
    ann, ben, cid = (
        Operation(Action.UPDATE, "worker", name, None, changes)
        for name, changes in (("ann", team), ("ben", ()), ("cid", team))
    )

    text = plans_markdown([Entry("a", plan_of(ann, ben, cid))])

    assert (
        "! ~ worker ann\n! ~ worker cid\n     each of these 2:\n     attributes.team: a -> b\n! ~ worker ben\n" in text
    )


def test_a_plan_id_is_given_only_for_a_plan_that_is_shown_whole_or_linked():
    short, long = big(1), big(40)

    assert f"Plan id: `{plan_id(short)}`" in plans_markdown([Entry("a", short)])
    assert plan_id(long) not in plans_markdown([Entry("a", long)])
    assert "does not show the whole plan" in plans_markdown([Entry("a", long)])
    linked = plans_markdown([Entry("a", long)], artifacts="https://github.com/o/r/actions/runs/1#artifacts")
    assert "[The whole plan](https://github.com/o/r/actions/runs/1#artifacts)" in linked
    assert f"Plan id: `{plan_id(long)}`" in linked


def test_deletes_and_replacements_are_first_and_complete_however_long_the_rest_is():
    deletes = [Operation(Action.DELETE, "worker", f"worker {n}", None) for n in range(200)]
    replaced = Operation(Action.REPLACE, "activity", "Lunch", None, reason="because")
    blocked = [Blocked("in-use", f"the task queue {n} is in use", "op-1") for n in range(50)]
    plan = plan_of(*big(30).operations, replaced, *deletes, blocked=blocked)

    text = plans_markdown([Entry("first", big(30)), Entry("second", plan), Entry("third", big(30))])

    lines = text.splitlines()
    assert [line for line in lines if re.match(r"- worker worker \d+$", line)] == [
        f"- worker {d.name}" for d in deletes
    ]
    assert "! ± activity Lunch" in lines
    assert [line for line in lines if line.startswith("! Blocked")] == [
        f"! Blocked (in-use): {b.message}" for b in blocked
    ]
    section = text[text.index("! Blocked") :]
    assert section.index("± activity") < section.index("! ~ task_queue")


def test_deletes_beyond_room_are_listed_by_name_and_the_plan_id_is_withheld():
    deletes = [Operation(Action.DELETE, "worker", f"{n:04} {'x' * 20}", None) for n in range(1_500)]
    moves = [Move(f"{n}", None, "A", "B") for n in range(10)]
    text = plans_markdown([Entry("a", plan_of(*(replace(each, moves=moves) for each in deletes)))])

    assert all(f"{n:04}" in text for n in range(1_500))
    assert "1500 workers:" in text
    assert "Plan id" not in text


FILLER = plan_of(*(operation(name=f"{n} {'x' * 500}") for n in range(100)))

names = st.text(min_size=1, max_size=40).filter(lambda name: name.strip())
operations = st.lists(
    st.builds(
        lambda action, kind, name, changes: Operation(action, kind, name, None, changes),
        st.sampled_from(Action),
        st.sampled_from(["worker", "task_queue", "activity"]),
        names,
        st.lists(st.builds(lambda a, b: FieldChange("attributes.k", a, b), names, names), max_size=3),
    ),
    max_size=60,
)


@given(operations, st.lists(names, max_size=20), st.integers(0, 3))
def test_in_any_plan_every_delete_replacement_and_objection_is_shown(found, messages, fillers):
    blocked = [
        Blocked("people-lost", message, "op-1", DeleteConsent("worker", 1, 2) if len(message) % 2 else None)
        for message in messages
    ]
    plan = plan_of(*found, blocked=blocked)

    text = plans_markdown([*[Entry("filler", FILLER)] * fillers, Entry("a", plan)])

    assert len(text) < LIMIT
    assert max(map(len, text.splitlines())) < 100
    assert all(printable(line) == line for line in text.split("\n"))
    seen = without_blanks(text)
    for each in found:
        if each.action in DESTRUCTIVE:
            assert without_blanks(f"{SYMBOLS[each.action]} {each.kind} {printable(each.name)}") in seen
    for message in messages:
        assert without_blanks(printable(message))[1:].removesuffix(".") in seen


def without_blanks(text):
    """*text* as it is however its lines are broken."""
    return re.sub(r"\n[-+! ] {2,}|\s", "", text)


def test_workspaces_that_are_left_out_are_counted():
    text = plans_markdown([Entry(f"{n}.yaml", big(3)) for n in range(100)])

    assert f"And {100 - text.count('<details')} more workspaces" in text


def test_a_workspace_that_deletes_much_leaves_room_for_what_another_one_deletes():
    much = plan_of(*(operation(Action.DELETE, f"Quite a long queue name, number {n}") for n in range(1500)))
    little = plan_of(*(operation(Action.DELETE, f"Small {n}") for n in range(5)), workspace="Other")

    text = plans_markdown([Entry("a.yaml", much), Entry("b.yaml", little)])

    assert len(text) < LIMIT
    assert all(f"- task_queue Small {n}\n" in text for n in range(5))


# The same as a page


def test_a_page_is_self_contained_and_escapes_text_of_others():
    page = plans_html(hostile_entries())

    body = page.partition("<body>")[2]
    assert "Content-Security-Policy" in page
    assert "prefers-color-scheme: dark" in page
    assert set(re.findall(r"</?([a-z0-9]+)", body)) <= {
        "main", "h1", "h2", "h3", "nav", "a", "section", "p", "ul", "li", "b", "del", "ins", "code", "pre", "span", "dl", "div", "dt", "dd",
        "details", "summary", "body", "html",
    }  # fmt: skip
    assert re.findall(r"<[^>]*(?:on\w+=|href|src)[^>]*>", body) == [f'<a href="#workspace-{n}">' for n in (1, 2)]
    assert "&lt;script&gt;" in body


def test_a_page_shows_the_same_as_the_text(world):
    world.apply(SHOP)

    page = plans_html(
        [Entry("shop.yaml", world.plan(CHANGED), more="From the file: 1"), Entry("b.yaml", None, ["b: nope"])]
    )

    assert '<li class="operation replace"><b>± activity Lunch</b>' in page
    assert "<li>max_reserved_workers: <del>1</del> → <ins>5</ins></li>" in page
    assert '<p class="approval">Needs approval (needs-consent): Deletes 1 of 2 task queues: Spanish.' in page
    assert "Blocked" not in page
    assert page.index("- task_queue Spanish") < page.index("± activity Lunch") < page.index("~ task_queue Everyone")
    assert re.search(r'<p class="place">WS[0-9a-f]{32}, account AC[0-9a-f]{32}</p>', page)
    assert "<pre>From the file: 1</pre>" in page
    assert '<p class="error">b: nope</p>' in page
    assert "canary" not in page
    assert "+14155550100" not in page


def test_lists_in_a_page_are_shown_element_by_element():
    changes = (FieldChange("f", [{"a": n} for n in range(9)], [{"a": n} for n in range(8)]),)

    assert "<li>f:<ul><li><del>- item 9: {a: 8}</del></li></ul></li>" in plans_html(
        [Entry("a", plan_of(operation(changes=changes)))]
    )


def test_the_absence_of_changes_is_reported():
    assert "no changes" in plans_html([Entry("a", plan_of())])
    assert "No changes." in plans_markdown([Entry("a", plan_of())])


# Pictures


def routed_plan(names, *, targets=1):
    """A plan that creates workflows, each with *targets* steps."""
    steps = [{"queue": SidOf("task_queue", f"Queue {n}"), "timeout": 60} for n in range(targets)]
    filters = [{"filter_friendly_name": name, "expression": "a == 1", "targets": steps} for name in names]
    return plan_of(*(_created(name, {"task_routing": {"filters": filters}}) for name in names))


def _created(name, document):
    form = {"FriendlyName": name, "Configuration": Json(document)}
    return Operation(
        Action.CREATE, "workflow", name, None, writes=[Write(Verb.CREATE, SidOf("workflow", name), None, form)]
    )


def flowcharts(text):
    return re.findall(r"\n```mermaid\n(.*?)```\n\n</details>\n", text, re.DOTALL)


def test_each_changed_workflow_has_its_picture_folded(world):
    flow = "workflows: [{name: Voice, default_filter: {queue: Everyone}}]\n"
    head = "workspace: {name: Shop}\ntask_queues: [{name: Everyone}, {name: Gold}]\n"
    world.apply(head + flow)

    text = plans_markdown([Entry("shop.yaml", world.plan(head + flow.replace("queue: Everyone", "queue: Gold")))])

    assert "\n<details><summary>\nPicture of\n<code>Voice</code>\n</summary>\n\n```mermaid\nflowchart LR\n" in text
    [chart] = flowcharts(text)
    assert '["Every task<br/>changed<br/>before#58; Everyone"]' in chart
    assert text.index("```mermaid") < text.index("Plan id: ")


def test_pictures_take_the_room_that_is_left_and_the_rest_are_counted():
    pictured = routed_plan([f"Flow {n}" for n in range(12)], targets=12)
    text = plans_markdown([Entry("a", pictured)])

    assert len(text) < LIMIT
    drawn = len(flowcharts(text))
    assert 1 < drawn < 12
    assert f"There is no room here for {12 - drawn} pictures of workflows;" in text
    assert f"Plan id: `{plan_id(pictured)}`" in text


def test_pictures_are_the_first_to_go():
    one = routed_plan(["Voice"])
    lost = Impact(PeopleImpact(9, [QueueChange(f"Queue {n}", 1, 0, [], ["ana"]) for n in range(40)]))
    plan = replace(one, operations=[*one.operations, *big(40).operations], impact=lost)

    text = plans_markdown([Entry("a", plan)])

    assert flowcharts(text) == []
    assert "There is no room here for 1 picture of a workflow;" in text
    assert len(re.findall(r"^-   task queue Queue \d+: 1 -> nobody; loses ana$", text, re.MULTILINE)) == 40
    assert text.index("Queue 39: 1 -> nobody") < text.index("! ~ task_queue")


def test_hostile_names_stay_within_their_picture(mermaid_problems):
    text = plans_markdown([Entry("a", routed_plan(HOSTILE_NAMES[:6])), Entry("b", routed_plan(HOSTILE_NAMES[6:]))])

    charts = flowcharts(text)
    assert mermaid_problems(charts) == [None] * len(HOSTILE_NAMES)
    rest = outside_of_fences(re.sub(r"```mermaid\n.*?```", "", text, flags=re.DOTALL))
    assert "@" not in rest
    assert "<script" not in rest
    assert text.count("<details") == text.count("</details>")
