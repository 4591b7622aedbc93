"""The impact of a plan on a live workspace: who is affected, which tasks go elsewhere, what becomes wrong."""

import json
from functools import lru_cache

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tr_apply.config.load import load
from tr_apply.deployment.configured import Configured
from tr_apply.deployment.deployment import Deployment
from tr_apply.plan.impact import Extent, FilterRoute, QueueChange
from tr_apply.plan.saved.document import plan_document, plan_id
from tr_apply.rehearsal.find_route import find_route
from tr_apply.rehearsal.offline_workspace import OfflineWorkspace, RouteRequest
from tr_apply.routing.evaluate import evaluate
from tr_apply.routing.parser import parse

HEAD = "workspace: {name: Center}\n"
WORKERS = """
workers:
- {name: ana, attributes: {languages: [es], team: voice}}
- {name: ben, attributes: {languages: [en], team: voice}}
- {name: cho, attributes: {languages: [en, es], team: web}}
"""
QUEUES = """
task_queues:
- {name: Everyone}
- {name: Spanish, target_workers: "languages HAS 'es'"}
- {name: Web, target_workers: "team == 'web' OR team == 'chat'"}
"""
WORKFLOWS = """
workflows:
- name: Voice
  filters:
  - {name: Spanish, expression: "language == 'es'", targets: [{queue: Spanish, timeout: 60}, {queue: Everyone}]}
  - {name: Web, expression: "channel == 'web'", targets: [{queue: Web}]}
  default_filter: {queue: Everyone}
"""
CENTER = HEAD + QUEUES + WORKFLOWS + WORKERS
MISSPELT = CENTER.replace("languages HAS", "langauges HAS")


@pytest.fixture
def center(world):
    world.apply(CENTER)
    return world


def changes(plan):
    return {each.queue: (each.before, each.after, [*each.gained], [*each.lost]) for each in plan.impact.people.queues}


def ways(plan):
    """Each pair of filters, before and after, by number."""
    return [(each.before and each.before.filter, each.after and each.after.filter) for each in plan.impact.routes]


# People


def test_people_whom_no_file_declares_are_affected(center):
    plan = center.plan(HEAD + QUEUES.replace("languages HAS", "langauges HAS") + WORKFLOWS)

    assert plan.impact.people.read == 3
    assert list(plan.impact.people.queues) == [QueueChange("Spanish", 2, 0, (), ("ana", "cho"))]


@pytest.mark.parametrize("mode", ["exact", "additive", "ignore"])
def test_people_count_under_every_mode(center, mode):
    plan = center.plan(MISSPELT + f"manage: {{workers: {mode}}}")

    assert changes(plan) == {"Spanish": (2, 0, [], ["ana", "cho"])}


def test_an_attribute_takes_a_worker_out_of_one_queue_and_into_another(center):
    plan = center.plan(CENTER.replace("[es], team: voice", "[en], team: web"))

    assert changes(plan) == {"Spanish": (2, 1, [], ["ana"]), "Web": (1, 2, ["ana"], [])}


def test_a_new_worker_a_deleted_one_and_another_name_change_members(center):
    after = CENTER.replace("name: ben", "name: dan").replace("{name: cho,", "{name: choi, renamed_from: [cho],")

    assert changes(center.plan(after)) == {"Everyone": (3, 3, ["dan"], ["ben"])}


def test_a_new_queue_gains_and_a_deleted_one_loses_its_members(center):
    after = CENTER.replace(
        "{name: Everyone}\n-", "{name: Everyone}\n- {name: Team, target_workers: team == 'voice'}\n-"
    )
    assert changes(center.plan(after)) == {"Team": (0, 2, ["ana", "ben"], [])}

    after = CENTER.replace("- {name: Web, target_workers: \"team == 'web' OR team == 'chat'\"}\n", "")
    plan = center.plan(after.replace("queue: Web", "queue: Everyone"))

    assert changes(plan) == {"Web": (1, 0, [], ["cho"])}
    assert [each.code for each in plan.blocked] == ["needs-consent"]


def test_a_new_name_of_a_queue_takes_nobody_out_of_it(center):
    after = CENTER.replace("{name: Spanish, target", "{name: Español, renamed_from: [Spanish], target")

    plan = center.plan(after.replace("queue: Spanish", "queue: Español"))

    assert (plan.impact.people.queues, ways(plan)) == ((), [])


def test_an_activity_counts_only_where_an_expression_reads_it(world):
    before = (
        HEAD + "activities: [{name: Offline}, {name: Break}]\ntask_queues: [{name: Q, target_workers: EXPR}]" + WORKERS
    )
    reading = before.replace("EXPR", "activity_name == 'Offline'")
    world.apply(reading)
    renamed = "{name: Away, renamed_from: [Offline]}"

    plan = world.plan(reading.replace("{name: Offline}", renamed))

    assert changes(plan) == {"Q": (3, 0, [], ["ana", "ben", "cho"])}
    world.apply(before.replace("EXPR", "1==1"))
    assert changes(world.plan(before.replace("EXPR", "1==1").replace("{name: Offline}", renamed))) == {}


def test_workers_who_go_over_to_a_replaced_activity_stay_in_its_queues(world):
    text = (
        HEAD
        + """
activities: [{name: Offline}, {name: Break}]
task_queues: [{name: Q, target_workers: "activity_sid == '${sid:activity/Break}'"}]
workers: [{name: ana, activity: Break}]
"""
    )
    world.apply(text)

    plan = world.plan(text.replace("{name: Break}", "{name: Break, available: true}"))

    assert [each.action.value for each in plan.operations] == ["replace"]
    assert changes(plan) == {}


def test_a_sid_of_a_new_worker_in_an_expression_is_that_worker_alone(center):
    after = CENTER + "- {name: dan}\n"

    plan = center.plan(after.replace("languages HAS 'es'", "sid == '${sid:worker/dan}'"))

    assert changes(plan)["Spanish"] == (2, 1, ["dan"], ["ana", "cho"])


def test_an_expression_that_cannot_be_read_is_unknown(center):
    center.change("TaskQueues", "Web", TargetWorkers="team == 'web'")
    center.sql("UPDATE task_queue SET target_workers = 'team = = 1' WHERE friendly_name = 'Web'")

    plan = center.plan(CENTER)

    assert plan.impact.unknown == [
        "queue Web: its members are not known, because an expression of it cannot be read",
    ]


def test_a_plan_without_changes_has_an_empty_impact_and_a_new_workspace_none(world):
    assert "impact" not in world.document(CENTER)

    world.apply(CENTER)

    assert world.document(HEAD + QUEUES)["impact"] == {
        "people": {"read": 0, "queues": []},
        "routes": [],
        "findings": [],
        "unknown": [],
    }


# Tasks


def test_a_filter_that_is_widened_and_moved_up_takes_tasks_of_another_and_hides_it(center):
    spanish, web = WORKFLOWS.splitlines(keepends=True)[4:6]
    after = CENTER.replace(spanish + web, web.replace("channel == 'web'", "1==1 OR channel == 'web'") + spanish)

    plan = center.plan(after)

    assert [(each.before, each.after, each.task) for each in plan.impact.routes] == [
        (FilterRoute(1, "Spanish", ("Spanish", "Everyone")), FilterRoute(1, "Web", ("Web",)), {"language": "es"}),
        (FilterRoute(0, None, ("Everyone",)), FilterRoute(1, "Web", ("Web",)), {}),
    ]
    assert [(each.code, each.path, each.by) for each in plan.impact.findings] == [
        ("always-true", "workflows[0].filters[0].expression", []),
        ("unreachable-filter", "workflows[0].filters[1]", ["Web"]),
        ("unreachable-default", "workflows[0].default_filter", ["Web"]),
    ]
    assert plan.impact.findings[1].message == (
        "filter 2 (Spanish) of the workflow 'Voice' is never reached: filter 1 (Web) takes every task of this one, "
        'such as {"language": "es"}'
    )


def test_a_filter_that_is_widened_to_everything_names_a_task_without_the_attribute_and_what_it_hides(world):
    voice = "channelType =='voice' OR channelType == 'phone'"
    filters = "".join(
        f'  - {{name: {name}, expression: "{text}", targets: [{{queue: {name}}}]}}\n'
        for name, text in (("Voice", voice), ("Web", "channelType == 'web'"), ("Mail", "channelType == 'mail'"))
    )
    queues = "task_queues: [{name: Everyone}, {name: Voice}, {name: Web}, {name: Mail}]\n"
    text = HEAD + queues + "workflows:\n- name: In\n  filters:\n" + filters + "  default_filter: {queue: Everyone}\n"
    world.apply(text)

    plan = world.plan(text.replace("channelType =='voice' OR", "1==1 OR"))

    tasks = {(each.before.filter, each.after.filter): each.task for each in plan.impact.routes}
    assert tasks == {(2, 1): {"channelType": "web"}, (3, 1): {"channelType": "mail"}, (0, 1): {}}
    hidden = {each.path: each.by for each in plan.impact.findings if each.code == "unreachable-filter"}
    assert hidden == {"workflows[0].filters[1]": ["Voice"], "workflows[0].filters[2]": ["Voice"]}


def test_an_old_mistake_is_not_attributed_to_the_change(center):
    everything = '  - {name: All, expression: "1==1", targets: [{queue: Everyone}]}\n  - {name: Spanish,'
    hidden = CENTER.replace("  - {name: Spanish,", everything)
    center.apply(hidden)

    plan = center.plan(hidden.replace("timeout: 60", "timeout: 90"))

    assert [each.kind for each in plan.operations] == ["workflow"]
    assert plan.impact.findings == []


def test_another_name_of_a_filter_brings_no_finding_and_a_second_one_of_a_name_does(center):
    everything = '  - {name: All, expression: "1==1", targets: [{queue: Everyone}]}\n  - {name: Spanish,'
    hidden = CENTER.replace("  - {name: Spanish,", everything)
    center.apply(hidden)
    twin = "  - {name: Spanish, expression: \"language == 'es' AND topic == 'x'\", targets: [{queue: Everyone}]}\n"

    renamed = center.plan(hidden.replace("- {name: Spanish, expression", "- {name: Castellano, expression"))
    added = center.plan(hidden.replace("  default_filter", twin + "  default_filter"))

    assert renamed.operations
    assert renamed.impact.findings == []
    assert [each.code for each in added.impact.findings] == ["unreachable-filter"]


def test_an_expression_that_nobody_can_satisfy_any_more_is_a_finding(center):
    plan = center.plan(CENTER.replace("languages HAS 'es'", "team == 'a' AND team == 'b'"))

    [finding] = plan.impact.findings
    assert (finding.code, finding.path) == ("never-true", "task_queues[1].target_workers")


def test_a_deleted_filter_sends_its_tasks_to_the_default_filter(center):
    web = WORKFLOWS.splitlines(keepends=True)[5]

    assert ways(center.plan(CENTER.replace(web, ""))) == [(2, 0)]


def test_a_part_of_a_plan_has_its_own_impact_alone(center):
    after = MISSPELT.replace("{queue: Web}", "{queue: Everyone}")

    assert changes(center.plan(after, "workflow/Voice")) == {}
    assert ways(center.plan(after, "task_queue/Spanish")) == []
    assert changes(center.plan(after, "task_queue/Spanish")) == {"Spanish": (2, 0, [], ["ana", "cho"])}


def test_an_example_never_shows_a_sensitive_constant(center):
    secret = CENTER.replace("channel == 'web'", "pin == 'canary'") + "manage: {workflows: {sensitive: [filters]}}"

    document = center.document(secret)

    assert "canary" not in json.dumps(document["impact"])
    assert document["impact"]["unknown"] == ["workflow Voice: it holds sensitive values, so no example task is shown"]


# The same meaning


def test_an_expression_that_only_looks_different_is_cosmetic_and_sent_all_the_same(center):
    after = CENTER.replace("team == 'web' OR team == 'chat'", "team IN ['chat', 'web']")

    plan = center.plan(after)

    [operation] = plan.operations
    assert (operation.requests, [change.cosmetic for change in operation.changes]) == (1, [True])
    assert changes(plan) == {}
    assert [change.cosmetic for each in center.plan(MISSPELT).operations for change in each.changes] == [False]


def test_filters_and_steps_that_mean_the_same_are_cosmetic(center):
    after = CENTER.replace("language == 'es'", "'es' == language").replace(
        "{queue: Web}", "{queue: Web, expression: worker.level > 1}"
    )
    center.apply(after)

    plan = center.plan(
        after.replace("'es' == language", "language IN ['es']").replace("worker.level > 1", "1 < worker.level")
    )

    assert {change.path: change.cosmetic for each in plan.operations for change in each.changes} == {
        "filters[Spanish].expression": True,
        "filters[Web].targets[0].expression": True,
    }


# How much is worked out


def planned(world, text, extent):
    configuration = world.configuration(text)

    async def plan():
        async with world._client() as client:
            return await Deployment(Configured(configuration, extent=extent), client).plan()

    world.requests.reads.clear()
    return world._runner.run(plan())


def test_the_id_of_a_plan_does_not_depend_on_its_impact(center):
    after = MISSPELT.replace("team == 'web' OR team == 'chat'", "team IN ['chat', 'web']")

    none, people, full = (planned(center, after, each) for each in Extent)

    assert plan_id(none) == plan_id(people) == plan_id(full)
    assert none.impact is None
    assert "impact" not in plan_document(none)
    assert changes(people) == changes(full)


def test_no_impact_costs_no_request(center):
    planned(center, HEAD + QUEUES.replace("languages HAS", "langauges HAS"), Extent.NONE)

    assert [path.rpartition("/")[2] for path in center.requests.reads] == ["Workspaces", "TaskQueues"]


def test_impact_on_people_alone_says_which_workflows_were_not_looked_at(center):
    plan = planned(center, CENTER.replace("{queue: Web}", "{queue: Everyone}"), Extent.PEOPLE)

    assert plan.impact.routes == []
    assert plan.impact.unknown == ["workflow Voice: the impact on tasks was not computed"]


# Properties

QUEUE_EXPRESSIONS = ("1==1", "1==0", "level > 1", "level == null", "languages HAS 'es'", "'es' NOT IN languages")
FILTER_EXPRESSIONS = (
    "a == 1",
    "a > 0",
    "a == null OR b == 'x'",
    "b IN ['x', 'y']",
    "b != 'x'",
    "1==1",
    "a == 1 AND b == 'x'",
)
attributes = st.fixed_dictionaries(
    {}, optional={"level": st.integers(0, 2), "languages": st.sampled_from([[], ["es"], ["en"]])}
)
targets = st.lists(
    st.fixed_dictionaries({"queue": st.sampled_from("PQ")}, optional={"timeout": st.just(30)}), min_size=1, max_size=2
)
documents = st.fixed_dictionaries(
    {
        "workspace": st.just({"name": "Center"}),
        "task_queues": st.tuples(
            *(
                st.fixed_dictionaries({"name": st.just(name), "target_workers": st.sampled_from(QUEUE_EXPRESSIONS)})
                for name in "PQ"
            )
        ),
        "workflows": st.tuples(
            st.fixed_dictionaries(
                {
                    "name": st.just("Voice"),
                    "filters": st.lists(
                        st.fixed_dictionaries({"expression": st.sampled_from(FILTER_EXPRESSIONS), "targets": targets}),
                        max_size=3,
                    ),
                },
                optional={"default_filter": st.just({"queue": "P"})},
            ),
        ),
        "workers": st.dictionaries(st.sampled_from("abcd"), attributes).map(
            lambda each: [{"name": name, "attributes": values} for name, values in each.items()]
        ),
        "safety": st.just({"max_deletes": "100%"}),
    }
)


def members(document, queue):
    target_workers = next(each["target_workers"] for each in document["task_queues"] if each["name"] == queue)
    expression = parse(target_workers)
    return {each["name"] for each in document["workers"] if evaluate(expression, each["attributes"])}


@lru_cache(2)  # a plan has tasks that go elsewhere by the dozen
def rehearsed(path, content):
    path.write_text(content)
    return OfflineWorkspace(load(path).document)


def first_filter(folder, document, task):
    """The number of the filter in which ``route`` has *task* begin; 0 for the default filter."""
    workspace = rehearsed(folder / "route.yaml", json.dumps(document))
    route = find_route(workspace, RouteRequest("Voice", task, "default"))
    if not route.steps:
        return None
    return 0 if route.steps[0].default_filter else route.steps[0].filter


@settings(max_examples=40, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(before=documents, after=documents)
def test_the_impact_is_what_evaluating_and_routing_say(new_world, tmp_path, before, after):
    world = new_world()
    world.apply(before)

    plan, again = world.plan(after), world.plan(after)

    assert plan_document(plan) == plan_document(again)
    expected = {
        queue: (len(was), len(will), sorted(will - was), sorted(was - will))
        for queue in "PQ"
        if (was := members(before, queue)) != (will := members(after, queue))
    }
    assert changes(plan) == expected
    for change in plan.impact.routes:
        assert first_filter(tmp_path, before, change.task) == (change.before and change.before.filter)
        assert first_filter(tmp_path, after, change.task) == (change.after and change.after.filter)
    world.close()


# Data for a picture besides the operations


def test_the_members_of_the_queues_that_a_written_workflow_leads_to_are_counted(center):
    plan = center.plan(CENTER.replace("[{queue: Web}]", "[{queue: Web}, {queue: Everyone}]"))

    assert plan.impact.members == {"Spanish": 2, "Everyone": 3, "Web": 1}
    assert plan.impact.unchanged_workflows == []


def test_members_are_those_when_the_plan_is_done(center):
    plan = center.plan(MISSPELT.replace("channel == 'web'", "channel == 'chat'"))

    assert plan.impact.members == {"Everyone": 3, "Spanish": 0, "Web": 1}


def test_a_plan_that_writes_no_workflow_counts_no_members_and_names_no_workflows(center):
    impact = plan_document(center.plan(MISSPELT))["impact"]

    assert impact.keys().isdisjoint({"members", "unchanged_workflows"})


def test_the_workflows_that_stay_are_named_where_another_is_written(world):
    more = "- {name: Mail, default_filter: {queue: Everyone}}\n"
    world.apply(HEAD + QUEUES + WORKFLOWS + more)

    plan = world.plan(HEAD + QUEUES + WORKFLOWS.replace("'web'", "'chat'") + more)

    assert (plan.impact.unchanged_workflows, plan.impact.members) == (["Mail"], {})


def test_a_workflow_that_is_deleted_does_not_stay_and_one_that_is_created_counts(center):
    plan = center.plan(CENTER.replace("Voice", "Calls") + "safety: {max_deletes: 100%}")

    assert plan.impact.unchanged_workflows == []
    assert plan.impact.members == {"Everyone": 3, "Spanish": 2, "Web": 1}
