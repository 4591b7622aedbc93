"""The page of a plan: what needs a decision, the routing with what it was, whom it affects, and every change."""

import asyncio
import itertools
import json
import re
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser

import pytest
from hypothesis import HealthCheck, given, settings

from tests.conftest import World
from tests.picture.scenes import HOSTILE
from tests.picture.test_html import Tags, contrast, palettes
from tests.plan.test_properties import examples, renamed, two
from tr_apply.picture import POLICY
from tr_apply.plan.change import Action, Blocked, FieldChange, Operation, Plan, PlanTarget
from tr_apply.plan.impact import FilterRoute, Impact, PeopleImpact, QueueChange, RouteChange, TasksImpact
from tr_apply.plan.saved.document import plan_document
from tr_apply.plan.saved.load import read_plan
from tr_apply.report.entry import Entry
from tr_apply.report.html import plans_html
from tr_apply.report.page_style import STYLE
from tr_apply.report.plan_picture import MOST_LANES, plan_picture

CENTER = """
workspace: {name: Center}
task_queues:
- {name: Everyone}
- {name: Spanish, target_workers: "languages HAS 'es'"}
- {name: Sales, target_workers: "skills HAS 'sales'"}
workflows:
- name: Voice
  filters:
  - {name: Spanish, expression: "language == 'es'", targets: [{queue: Spanish}]}
  - {name: Sales, expression: "topic == 'sales'", targets: [{queue: Sales, timeout: 60}, {queue: Everyone}]}
  default_filter: {queue: Everyone}
- {name: Mail, default_filter: {queue: Everyone}}
workers:
- {name: ana, attributes: {languages: [es], skills: [sales]}}
- {name: ben, attributes: {languages: [en], skills: [sales]}}
safety: {max_deletes: 100%}
"""
CHANGED = (
    CENTER.replace("languages HAS", "langauges HAS")
    .replace("{queue: Sales, timeout: 60}, {queue: Everyone}", "{queue: Sales}")
    .replace(
        "  default_filter: {queue: Everyone}\n- {name: Mail",
        "  - {name: Spanish sales, expression: \"language == 'es' AND topic == 'sales'\", targets: [{queue: Sales}]}\n"
        "  default_filter: {queue: Everyone}\n- {name: Mail",
    )
)


def page_of(plan, **more):
    return plans_html([Entry("center.yaml", plan, **more)])


def said(page):
    """The text of a page."""
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", page.partition("<body>")[2])).split())


@pytest.fixture(scope="module")
def center(tmp_path_factory):
    with asyncio.Runner() as runner:
        world = World(tmp_path_factory.mktemp("center"), runner)
        world.apply(CENTER)
        yield world
        world.close()


@pytest.fixture(scope="module")
def plan(center):
    return center.plan(CHANGED)


@pytest.fixture(scope="module")
def page(plan):
    return page_of(plan)


# Its content, in order


def test_decisions_are_first_and_the_changes_field_by_field_are_last(page):
    order = ('class="tiles"', "Needs approval", ">Routing<", ">Tasks that go elsewhere<", ">Who is in the queues<",
             ">New mistakes<", ">Changes<", "Plan id")  # fmt: skip

    places = [page.index(each) for each in order]

    assert places == sorted(places)


def test_an_objection_shows_keys_and_options_as_code(center):
    fewer = center.plan(CENTER.replace("- {name: Mail, default_filter: {queue: Everyone}}\n", "").replace("100%", "0"))

    [objection] = re.findall(r'<p class="approval">(.*?)</p>', page_of(fewer))

    assert "<code>max_deletes</code> allows 0: approving" in objection
    assert objection.endswith('without a plan, <code class="option">--allow-delete workflow=1</code>.')


def test_an_option_between_backticks_is_one_piece_of_code(center):
    plan = replace(
        center.plan(CHANGED), blocked=(Blocked("x", "run `tr-apply plan --out p.json`, or give --allow-people 1", "o"),)
    )

    [objection] = re.findall(r'<p class="blocked">(.*?)</p>', page_of(plan))

    assert objection.count("<code") == objection.count("</code>") == 2
    assert "<code>tr-apply plan --out p.json</code>, or give" in objection
    assert '<code class="option">--allow-people</code>' in objection


def test_tiles_say_how_much_happens_and_to_whom(page):
    tiles = re.findall(r'<div class="(tile[^"]*)"><dt>(.*?)</dt><dd><b>(.*?)</b> <span>(.*?)</span>', page)

    assert tiles == [
        ("tile bad", "people in queues", "1 lost", "nobody is left in Spanish"),
        ("tile", "tasks", "1 kind", "goes elsewhere"),
        ("tile", "requests", "2", "2 to update, 6 unchanged"),
        ("tile", "deletes", "0", "nothing is taken away"),
    ]


def test_each_changed_filter_is_there_with_what_it_was_and_the_number_of_people(page):
    text = said(page)

    assert "Voice changed 1 filter new, 1 changed." in text
    assert "1 Spanish language is es Spanish nobody waits" in text
    assert (
        "2 Sales changed topic is sales before: Sales for 1m, then Everyone Sales 2 waits 3 Spanish sales new never reached"
        in text
    )
    assert 'filter 1 (Spanish) takes every such task, such as {"language": "es", "topic": "sales"}' in text
    assert "Unchanged: Mail." in text
    assert re.findall(r'<span class="number">(\d*)</span>', page) == ["1", "2", "3", ""]


def test_rerouted_tasks_and_moved_people_are_tables_with_heads(page):
    text = said(page)

    assert 'workflow: Voice a task such as: {"topic": "sales"} before: filter 2 (Sales) Sales → Everyone after:' in text
    assert "queue: Spanish before: 1 after: nobody loses: ana gains: nobody" in text
    assert page.count("<table>") == page.count("<thead>") == 2
    assert len(re.findall("<th", page)) == len(re.findall('<th scope="col">', page)) + 2


def test_every_field_that_changes_is_there_folded(page):
    folded = page[page.index("<details>") : page.index("</details>")]

    assert "2 created or updated" in folded
    assert "langauges" in said(f"<body>{folded}")
    assert "filter 2 (Sales), target 1 timeout" in folded


def test_deletes_stay_open_and_are_a_tile(center):
    page = page_of(center.plan(CENTER.replace("- {name: Mail, default_filter: {queue: Everyone}}\n", "")))

    assert re.search(r"<details open><summary>1 deleted or replaced.*- workflow Mail", page, re.DOTALL)
    assert '<div class="tile bad"><dt>deletes</dt><dd><b>1</b> <span>1 workflow</span>' in page
    assert "Mail removed" in said(page)


def test_a_plan_that_draws_nothing_shows_its_changes_unless_they_are_many(center):
    few = center.plan(CENTER.replace("{name: Everyone}\n-", "{name: Everyone, max_reserved_workers: 2}\n-"))

    assert "<details open><summary>1 created or updated" in page_of(few)
    assert "<h2>Routing</h2>" not in page_of(few)
    many = replace(few, operations=[replace(few.operations[0], id=f"op-{n}") for n in range(30)])
    assert "<details><summary>30 created or updated" in page_of(many)


def test_no_changes_need_no_tiles(center):
    page = page_of(center.plan(CENTER))

    assert "Center: no changes" in page
    assert 'class="tiles"' not in page


# Facts and unknowns


def test_a_saved_plan_is_the_same_page(plan, page):
    assert page_of(read_plan(json.loads(json.dumps(plan_document(plan))))) == page


def test_a_new_workspace_is_drawn_without_people(new_world):
    page = page_of(new_world().plan(CENTER))

    assert "nobody works in this workspace yet" in page
    assert "Voice new" in said(page)
    assert "This plan did not read how many people are in the queues." in page


def test_without_impact_the_lanes_are_there_and_the_tiles_name_the_missing_parts(plan):
    text = said(page_of(replace(plan, impact=None)))

    assert "people in queues not known not worked out for this plan" in text
    assert "2 Sales changed" in text


@pytest.mark.parametrize("path", ["filters", "filters[Sales].expression", "filters[Sales].targets", "default_filter"])
def test_a_workflow_with_something_sensitive_is_not_drawn_and_is_named(center, path):
    secret = (
        CHANGED if path == "default_filter" else CHANGED.replace("topic == 'sales'\", t", "topic == 'canary'\", t", 1)
    )
    plan = center.plan(f"{secret}manage: {{workflows: {{sensitive: ['{path}']}}}}")

    for each in (plan, read_plan(plan_document(plan))):
        text = said(page_of(each))
        assert "Not drawn, because something in it is sensitive: Voice." in text
        assert ("canary" in text) is (path == "filters[Sales].targets")
        assert plan_picture(each).lanes == 0
        assert "members" not in plan_document(each)["impact"]


def test_new_names_of_queues_and_workflows_do_not_change_the_routing(center):
    after = CENTER.replace("{name: Spanish, target", "{name: Español, renamed_from: [Spanish], target")
    after = after.replace("queue: Spanish", "queue: Español").replace(
        "name: Voice", "name: Calls\n  renamed_from: [Voice]"
    )
    plan = center.plan(after.replace("topic == 'sales'", "topic == 'sale'"))

    [lanes] = plan_picture(plan).picture.workflows

    assert [(each.name, each.change) for each in lanes.lanes] == [
        ("Spanish", ""), ("Sales", "changed"), ("Everything else", ""),
    ]  # fmt: skip
    assert (lanes.name, lanes.lanes[0].steps[0].queue) == ("Calls", "Español")


def test_a_queue_that_an_expression_names_by_its_sid_keeps_it_under_its_new_name(new_world):
    world = new_world()
    before = CENTER.replace(
        "{queue: Sales, timeout: 60}", '{queue: Sales, skip_if: "workers.${sid:task_queue/Sales}.available == 0"}'
    )
    world.apply(before)
    after = before.replace("{name: Sales, target", "{name: Shop, renamed_from: [Sales], target")
    after = after.replace("queue: Sales", "queue: Shop").replace("task_queue/Sales", "task_queue/Shop")

    [lanes] = plan_picture(world.plan(after.replace("language == 'es'", "language == 'pt'"))).picture.workflows

    assert [each.change for each in lanes.lanes] == ["changed", "", ""]


def test_a_written_change_with_the_same_meaning_is_named_and_not_drawn(center):
    plan = center.plan(CENTER.replace("topic == 'sales'", "'sales' == topic"))

    assert list(plan_picture(plan).notes) == ["Written, but tasks are routed as before: Voice.", "Unchanged: Mail."]
    assert "(same meaning)" in page_of(plan)


def test_a_workflow_whose_other_fields_change_alone_counts_as_unchanged(center):
    plan = center.plan(CENTER.replace("- name: Voice\n", "- name: Voice\n  task_reservation_timeout: 9\n"))

    assert plan_picture(plan).picture.workflows == ()


def test_a_queue_that_is_created_has_a_place_in_the_routing(center):
    night = "- {name: Night}\n- {name: Spanish, target"
    plan = center.plan(
        CENTER.replace("- {name: Spanish, target", night).replace("[{queue: Spanish}]", "[{queue: Night}]")
    )

    [lanes] = plan_picture(plan).picture.workflows

    assert [(step.queue, step.people) for step in lanes.lanes[0].steps] == [("Night", 2)]
    assert lanes.lanes[0].before == ("Spanish",)


# For every change of every configuration


quick = settings(max_examples=12, suppress_health_check=list(HealthCheck))


@quick
@given(examples(two))
def test_every_page_is_well_formed_leaves_out_no_change_and_is_the_same_from_a_saved_plan(new_world, both):
    world, (first, second) = new_world(), both
    world.apply(first)
    plan = world.plan(second)
    world.close()

    page = page_of(plan)

    assert Tags(page).open == []
    assert page_of(read_plan(plan_document(plan))) == page
    changes = page.partition(">Changes<")[2]
    assert all(f"{each.kind} {each.name}" in changes for each in plan.operations)
    filters = [len(each["filters"]) for each in second["workflows"]]
    for lanes in plan_picture(plan).picture.workflows:
        numbers = [each.number for each in lanes.lanes if each.number]
        assert numbers == [*range(1, len(numbers) + 1)]
        assert lanes.change == "removed" or len(numbers) in filters


@quick
@given(examples(renamed))
def test_new_names_draw_nothing(new_world, both):
    world, (first, second) = new_world(), both
    world.apply(first)
    drawn = plan_picture(world.plan(second))
    world.close()

    assert drawn.picture.workflows == ()


# An invented impact: recorded tasks, and unknown facts


ROUTE = RouteChange("Voice", None, FilterRoute(0, None, (None,)), {"a": 1}, 1_200)
PEOPLE = PeopleImpact(3)


def impact_page(**impact):
    change = Operation(Action.UPDATE, "task_queue", "Q", None, [FieldChange("max_reserved_workers", 1, 2)])
    return said(page_of(Plan(PlanTarget("Center", "AC1", "WS1"), [change], impact=Impact(PEOPLE, **impact))))


def test_recorded_tasks_are_counted_where_they_go_elsewhere():
    text = impact_page(routes=[ROUTE], tasks=TasksImpact("tasks.csv", 10_000, 1_200))

    assert "recorded tasks 1,200 of 10,000 go elsewhere (tasks.csv)" in text
    assert "before: no filter after: the default filter no queue recorded: 1,200" in text


def test_a_queue_that_nobody_is_in_is_marked_where_tasks_come_to_it():
    route = RouteChange("Voice", FilterRoute(1, "A", ("Lost",)), FilterRoute(2, "B", ("Sales", "lost")), {"a": 1})
    text = impact_page(routes=[route], members={"Lost": 0, "Sales": 2})

    assert "before: filter 1 (A) Lost after: filter 2 (B) Sales → lost nobody" in text


def test_unknown_facts_are_in_the_tile_and_below():
    text = impact_page(unknown=["workflow Voice: the search was cut short"])

    assert "0 kinds known to go elsewhere; not everything is known" in text
    assert "Not known workflow Voice: the search was cut short" in text


def test_a_table_has_fifty_rows_and_counts_the_rest():
    text = impact_page(routes=[replace(ROUTE, count=None)] * 60)

    assert text.count("a task such as: ") == 50
    assert "And 10 more kinds of tasks; the JSON of the plan has them all." in text
    assert "60 kinds go elsewhere" in text


# Several workspaces


def test_several_workspaces_are_listed_with_a_way_to_each_and_errors_where_they_belong(plan):
    page = plans_html([Entry("a.yaml", plan), Entry("b.yaml", None, ["b.yaml:1:1: nope"])])

    assert '<a href="#workspace-1">Center</a>: 0 to create, 2 to update' in page
    assert re.search(r'id="workspace-2">\n<h2>b.yaml</h2>.*<p class="error">b.yaml:1:1: nope</p>', page, re.DOTALL)


class Headings(HTMLParser):
    """The levels of a page's headings, in order."""

    def __init__(self, page):
        super().__init__()
        self.levels = []
        self.feed(page)

    def handle_starttag(self, tag, _attrs):
        if re.fullmatch(r"h\d", tag):
            self.levels.append(int(tag[1]))


@pytest.mark.parametrize("number", [1, 3])
def test_no_heading_skips_a_level(plan, number):
    levels = Headings(plans_html([Entry("a.yaml", plan)] * number)).levels

    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))


# Text of others


def large_plan(filters, *, name="Voice", others=0):
    """A workflow with *filters* filters and one change, in as many queues as there is room for."""
    listed = [
        {"name": f"Filter {n}", "expression": f"topic == 'topic-{n}'",
         "targets": [{"queue": f"Queue {n % 40}", "timeout": 60}, {"queue": "Queue 0", "priority": 5}]}
        for n in range(filters)
    ]  # fmt: skip
    return plan_with(name, listed, [*listed[1:], listed[0]], others)


def plan_with(name, before, after, others=0):
    """A plan that writes one workflow, whatever its base says of it, and updates as many *others*."""
    operation = {
        "action": "update", "kind": "workflow", "name": name, "sid": "WW" + "1" * 32, "requests": 1, "id": "op-1",
        "changes": [], "moves": [], "repoints": [], "reason": "", "depends_on": [],
        "writes": [{"verb": "update", "target": f"workflow/{name}", "sid": "WW" + "1" * 32,
                    "form": {"Configuration": {"json": {"task_routing": {"filters": written(after)}}}},
                    "needs": [], "takes": None, "vacates": None, "releases": [], "late": False}],
    }  # fmt: skip
    more = [
        Operation(Action.UPDATE, "worker", f"agent {n}", None, [FieldChange("attributes.team", "a", "b")])
        for n in range(others)
    ]
    base = {f"workflow/{name}": {"sid": "WW" + "1" * 32, "fields": {}, "values": {"filters": before}}}
    document = plan_document(Plan(PlanTarget("Center", "AC1", "WS" + "1" * 32), base=base))
    made = read_plan(document | {"operations": [operation]})
    return replace(made, operations=[*made.operations, *more])


def written(filters):
    if not isinstance(filters, list):
        return filters
    return [
        {**each, "targets": [{**target, "queue": {"$sid": f"task_queue/{target['queue']}"}} for target in each["targets"]]}
        for each in filters
    ]  # fmt: skip


ODD = [None, 7, "x", {}, [7], [{}], [{"expression": 7, "targets": [{}]}], [{"expression": "a == 1", "targets": "x"}],
       [{"name": 7, "expression": "a ==", "targets": [{"queue": 7, "timeout": "x", "extra": 3}], "extra": [1]}]]  # fmt: skip


@pytest.mark.parametrize("before", ODD, ids=range(len(ODD)))
def test_for_any_old_values_in_a_saved_plan_there_is_a_page(before):
    after = [{"expression": "a == 1", "targets": [{"queue": "Q"}]}]

    assert "Changes" in page_of(plan_with("Voice", before, after))


@pytest.mark.parametrize("after", [None, 7, "x", {}, [7]], ids=range(5))
def test_for_any_new_values_in_a_saved_plan_there_is_a_page(after):
    operations = plan_with("Voice", [], []).operations
    [write] = operations[0].writes
    form = {"Configuration": replace(write.form["Configuration"], value={"task_routing": {"filters": after}})}
    plan = replace(plan_with("Voice", [], []), operations=[replace(operations[0], writes=[replace(write, form=form)])])

    assert "Changes" in page_of(plan)


@pytest.fixture(scope="module")
def hostile_plan():
    filters = [
        {"name": name, "expression": f"a == {n}", "targets": [{"queue": name}]} for n, name in enumerate(HOSTILE)
    ]
    return plan_with(HOSTILE[0], filters[1:], filters[:-1])


def test_hostile_names_are_text(hostile_plan):
    page = page_of(hostile_plan)

    assert "<script" not in page
    assert "<img" not in page
    assert f'content="{POLICY.replace(chr(39), "&#x27;")}"' in page or POLICY in page
    assert HOSTILE[0] in unescape(page)
    assert "\x1b" not in page


# How large it gets


def test_sixty_filters_and_forty_queues_stay_a_small_page():
    assert len(page_of(large_plan(60)).encode()) <= 60_000


def test_two_thousand_changes_add_a_line_or_two_each():
    few, many = (len(page_of(large_plan(60, others=number)).encode()) for number in (0, 2_000))

    assert (many - few) / 2_000 < 250


def test_a_workflow_with_too_many_filters_is_named_and_its_changes_are_listed():
    plan = large_plan(MOST_LANES)

    assert plan_picture(plan).lanes == 0
    assert (
        "Not drawn, because there is no room for this many filters (`tr-apply graph --against` has it): Voice."
        in page_of(plan)
    )


def test_all_workspaces_of_a_page_share_the_room_for_lanes():
    page = plans_html([Entry(f"{n}.yaml", large_plan(60)) for n in range(10)])

    assert page.count('<ol class="lanes">') == MOST_LANES // 61
    assert (
        page.count("there is no room for this many filters (`tr-apply graph --against` has it): Voice.")
        == 10 - MOST_LANES // 61
    )


# On a screen


SIZE = "doc => [doc.documentElement.scrollWidth, doc.documentElement.clientWidth]"


@pytest.fixture(scope="module")
def pages(plan, page, hostile_plan):
    return [page, page_of(hostile_plan), plans_html([Entry("a.yaml", plan), Entry("x" * 300, None, ["y" * 300])])]


@pytest.mark.parametrize("width", [1280, 390, 320])
def test_no_screen_needs_to_scroll_sideways(browser, pages, width):
    for wide, room in browser.ask([each.replace("<details>", "<details open>") for each in pages], SIZE, width=width):
        assert wide <= room <= width


LINES = """doc => [...doc.querySelectorAll('th, td .bad')].map(each => {
  const range = doc.createRange();
  range.selectNodeContents(each);
  return [each.textContent, range.getClientRects().length]; })"""


def test_no_name_is_so_long_that_the_words_of_a_table_break(browser):
    long = "W" * 60
    queues = (QueueChange(long, 2, 0, (), (long, long)), QueueChange("b", 9, 8, (long,), (long, long)))
    plan = replace(plan_with("Voice", [], []), impact=Impact(PeopleImpact(9, queues)))

    assert browser.ask([page_of(plan)], LINES) == [
        [["queue", 1], ["before", 1], ["after", 1], ["loses", 1], ["gains", 1], ["nobody", 1]]
    ]


COLUMNS = """doc => [getComputedStyle(doc.querySelector('.column')).display, getComputedStyle(doc.querySelector('td')).display]"""


def test_a_phone_has_the_name_of_a_column_in_each_cell(browser, page):
    assert browser.ask([page], COLUMNS) == [["none", "table-cell"]]
    assert browser.ask([page], COLUMNS, width=390) == [["inline", "block"]]


LOOKS = """doc => [...doc.querySelectorAll('main *')].filter(each =>
    [...each.childNodes].some(child => child.nodeType === 3 && child.textContent.trim())).map(each => {
  let ground = each;
  while (ground && getComputedStyle(ground).backgroundColor === 'rgba(0, 0, 0, 0)') ground = ground.parentElement;
  return [each.textContent.trim(), getComputedStyle(each).color, getComputedStyle(ground || doc.body).backgroundColor]; })"""


def hexadecimal(color):
    return "#" + "".join(f"{int(part):02x}" for part in re.findall(r"\d+", color)[:3])


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_every_text_can_be_read_on_its_ground(browser, page, dark):
    [looks] = browser.ask([page.replace("<details>", "<details open>")], LOOKS, dark=dark)

    assert len(looks) > 80
    assert [each for each in looks if contrast(hexadecimal(each[1]), hexadecimal(each[2])) < 4.5] == []


def test_the_colour_of_replaced_lanes_is_readable_in_both_themes():
    swaps = re.findall(r"--swap: (#\w+)", STYLE)

    for swap, theme in zip(swaps, palettes(), strict=True):
        assert contrast(swap, theme["paper"]) >= 4.5
