"""plan_text() and result_text(): what a person reads, to the letter."""

import click
import pytest

from tr_apply.apply import Result
from tr_apply.findings import Finding, Severity
from tr_apply.plan.change import Action, Blocked, FieldChange, Move, Operation, Plan, PlanTarget, Verb, Write
from tr_apply.plan.impact import FilterRoute, Impact, PeopleImpact, RouteChange
from tr_apply.report.terminal import NO_CHANGES, WIDTH, plan_text, progress_line, result_text
from tr_apply.resources.template import SidOf

SHOP = """
    workspace: {name: Shop, default_activity: Offline, timeout_activity: Offline}
    activities:
    - {name: Offline, available: false}
    - {name: Lunch, available: false}
    task_queues:
    - {name: Spanish, target_workers: "languages HAS 'es'"}
    - {name: Everyone}
    workflows:
    - name: Incoming
      filters:
      - {name: Gold, expression: "tier == 'gold'", targets: [{queue: Spanish, timeout: 30}, {queue: Everyone}]}
      - {name: Silver, expression: "tier == 'silver'", targets: [{queue: Everyone}]}
      - {name: Bronze, expression: "tier == 'bronze'", targets: [{queue: Everyone}]}
      - {name: Tin, expression: "tier == 'tin'", targets: [{queue: Everyone}]}
      default_filter: {queue: Everyone}
    workers:
    - name: alice
      activity: Lunch
      attributes: {languages: [en, es, fr, de, it, pt, nl, pl, sv], level: 3, phone: "+14155550100"}
    safety: {max_deletes: 100%}
"""


def test_a_new_workspace_is_shown_with_everything_that_is_not_a_default(told, block):
    assert told(None, SHOP) == block("""
        Shop (new workspace)
          account AC…

          - activity Available
          - activity Unavailable
          + workspace Shop  # workspace.yaml:2
              default_activity: Offline
              timeout_activity: Offline
          + activity Lunch  # workspace.yaml:5
          + task_queue Everyone  # workspace.yaml:8
          + task_queue Spanish  # workspace.yaml:7
              target_workers: languages HAS 'es'
          + workflow Incoming  # workspace.yaml:10
              filters:
                filter 1 (Gold):
                  expression: tier == 'gold'
                  targets: Spanish (timeout 30), then Everyone
                filter 2 (Silver):
                  expression: tier == 'silver'
                  targets: Everyone
                filter 3 (Bronze):
                  expression: tier == 'bronze'
                  targets: Everyone
                filter 4 (Tin):
                  expression: tier == 'tin'
                  targets: Everyone
              default_filter: Everyone
          + worker alice  # workspace.yaml:18
              activity: Lunch
              attributes:
                {languages: [en, es, fr, de, it, pt, nl, pl, sv], level: 3, phone:
                  "+14155550100"}

        Plan: 6 to create, 0 to update, 0 to replace, 2 to delete, 1 unchanged; 8 requests.
        Plan id: …
        """)


def test_an_empty_plan_is_reported_in_one_line(told):
    assert told(SHOP, SHOP) == f"Shop (WS…)\n  account AC…\n{NO_CHANGES}\n"


def test_fields_are_shown_with_old_and_new_and_expressions_term_by_term(told, block):
    after = SHOP.replace("{name: Everyone}\n", "{name: Everyone, max_reserved_workers: 5, task_order: LIFO}\n").replace(
        "\"languages HAS 'es'\"", "\"languages HAS 'es' AND (skills HAS 'support' OR skills HAS 'billing')\""
    )

    assert told(SHOP, after) == block("""
        Shop (WS…)
          account AC…

          ~ task_queue Everyone  # workspace.yaml:8
              max_reserved_workers: 1 -> 5
              task_order: FIFO -> LIFO
          ~ task_queue Spanish  # workspace.yaml:7
              target_workers:
                languages HAS 'es'
                + AND (skills HAS 'support' OR skills HAS 'billing')

          Impact:
              - task queue Spanish: 1 -> nobody; loses alice

          Needs approval (people-lost): The task queue 'Spanish' falls from 1 member to
            nobody: alice loses the place in it: approving this plan is the consent;
            without a plan, --allow-people-lost "Spanish=1".

        Plan: 0 to create, 2 to update, 0 to replace, 0 to delete, 5 unchanged; 2 requests.
        Plan id: …
        """)


def test_filters_are_shown_as_added_removed_moved_and_edited(told, block):
    after = """
        workspace: {name: Shop}
        workflows:
        - name: Incoming
          filters:
          - {name: Tin, expression: "tier == 'tin'", targets: [{queue: Everyone}]}
          - {name: Gold, expression: "tier == 'gold'", targets: [{queue: Spanish, timeout: 60}, {queue: Everyone, priority: 3}]}
          - name: Platinum
            expression: "tier == 'platinum' AND region IN ['emea', 'apac'] AND language != 'en'"
            targets: [{queue: Everyone, skip_if: "workers.available == 0"}]
          - {name: Silver, expression: "tier == 'silver'", targets: [{queue: Everyone}]}
    """

    assert told(SHOP, after) == block("""
        Shop (WS…)
          account AC…

          ~ workflow Incoming  # workspace.yaml:4
              - filter 3 (Bronze): removed, was 3 of 4
                expression: tier == 'bronze'
                targets: Everyone
              filter 1 (Tin): moved from 4 to 1 of 4, above Gold
              filter 2 (Gold), target 1 timeout: 30 -> 60
              + filter 2 (Gold), target 2 priority: 3
              + filter 3 (Platinum): added as 3 of 4, above Silver
                expression: tier == 'platinum' AND region IN ['emea', 'apac'] AND
                  language != 'en'
                targets: Everyone (skip_if workers.available == 0)
              - default_filter: Everyone

          Impact:
              workflow Incoming: tasks such as {"tier": "bronze"}: filter 3 Bronze
                (Everyone) -> no filter
              workflow Incoming: tasks such as {}: the default filter (Everyone) -> no
                filter

        Plan: 0 to create, 1 to update, 0 to replace, 0 to delete, 1 unchanged; 1 request.
        Plan id: …
        """)


def test_a_replacement_says_why_who_moves_and_what_follows(told, block):
    after = SHOP.replace("Lunch, available: false", "Lunch, available: true")
    before = SHOP.replace("\n    workers:", "\n    workers:\n    - {name: bob, activity: Lunch}")

    assert told(
        before, after.replace("\n    workers:", "\n    workers:\n    - {name: bob, activity: Offline}")
    ) == block(
        """
        Shop (WS…)
          account AC…
          Note: the activity 'Lunch' becomes available: tasks can be offered to the 2
            workers in it from then on

          ± activity Lunch  # workspace.yaml:5
              (TaskRouter cannot change `available`: a new activity with a new SID takes
                its place)
              available: false -> true
              2 workers move to the new Lunch: alice, bob

        Plan: 0 to create, 0 to update, 1 to replace, 0 to delete, 7 unchanged; 5 requests.
        Plan id: …
        """
    )


def test_resources_that_refer_to_a_replaced_activity_are_named(told, block):
    before = """
        workspace: {name: Shop, multi_task_enabled: false, default_activity: Offline, timeout_activity: Offline}
        activities: [{name: Offline, available: false}, {name: Busy, available: false}]
        task_queues: [{name: Everyone, assignment_activity: Busy, reservation_activity: Busy}]
        safety: {max_deletes: 100%}
    """
    after = before.replace("Busy, available: false", "Busy, available: true")

    assert told(before, after) == block("""
        Shop (WS…)
          account AC…
          Note: the activity 'Busy' becomes available: nobody is in it now

          ± activity Busy  # workspace.yaml:3
              (TaskRouter cannot change `available`: a new activity with a new SID takes
                its place)
              available: false -> true
              2 references follow:
                task_queue/Everyone.assignment_activity,
                  task_queue/Everyone.reservation_activity

        Plan: 0 to create, 0 to update, 1 to replace, 0 to delete, 2 unchanged; 4 requests.
        Plan id: …
        """)


def test_deletions_that_are_refused_say_so_and_what_to_do(told, block):
    after = """
        workspace: {name: Shop}
        task_queues: [{name: Everyone}]
        workflows: []
        workers: []
        safety: {protect: ["worker/ALI*"]}
    """

    assert told(SHOP, after) == block("""
        Shop (WS…)
          account AC…

          - worker alice
          - workflow Incoming
          - task_queue Spanish

          Impact:
              - task queue Everyone: 1 -> nobody; loses alice
              - task queue Spanish: 1 -> nobody; loses alice

          Blocked (protected): the worker 'alice' is protected by 'worker/ALI*' in
            `safety.protect`; declare it, or remove the protection first
          Needs approval (needs-consent): Deletes 1 of 2 task queues: Spanish.
            `max_deletes` allows 0 (20%): approving this plan is the consent; without a
            plan, --allow-delete task_queue=1.
          Needs approval (needs-consent): Deletes 1 of 1 workflows: Incoming. This
            leaves none of them: approving this plan is the consent; without a plan,
            --allow-delete workflow=1.
          Needs approval (needs-consent): Deletes 1 of 1 workers: alice. This leaves
            none of them: approving this plan is the consent; without a plan,
            --allow-delete worker=1.
          Needs approval (people-lost): The task queue 'Everyone' falls from 1 member to
            nobody: alice loses the place in it: approving this plan is the consent;
            without a plan, --allow-people-lost "Everyone=1".

        Plan: 0 to create, 0 to update, 0 to replace, 3 to delete, 2 unchanged; 3 requests.
        Plan id: …
        """)


def test_long_lists_are_shown_element_by_element_and_the_rest_of_attributes_key_by_key(told, block):
    after = SHOP.replace(
        'attributes: {languages: [en, es, fr, de, it, pt, nl, pl, sv], level: 3, phone: "+14155550100"}',
        "attributes: {languages: [en, es, fr, it, pt, nl, pl, sv, fi], level: 4, home: {city: Bern, codes: [{a: 1}]}}",
    )

    assert told(SHOP, after) == block("""
        Shop (WS…)
          account AC…

          ~ worker alice  # workspace.yaml:18
              + attributes.home: {city: Bern, codes: [{a: 1}]}
              attributes.languages:
                - item 4: de
                + item 9: fi
              attributes.level: 3 -> 4
              - attributes.phone: "+14155550100"

        Plan: 0 to create, 1 to update, 0 to replace, 0 to delete, 6 unchanged; 1 request.
        Plan id: …
        """)


def test_sensitive_values_are_never_shown(told, block):
    manage = '    manage: {workers: {sensitive: [attributes.phone, "attributes.keys.*"]}}\n'
    after = SHOP.replace("555", "777").replace("level: 3", "level: 3, keys: {door: canary}") + manage

    assert told(SHOP, after) == block("""
        Shop (WS…)
          account AC…

          ~ worker alice  # workspace.yaml:18
              + attributes.keys.door: (sensitive)
              attributes.phone: (sensitive) -> (sensitive)

        Plan: 0 to create, 1 to update, 0 to replace, 0 to delete, 6 unchanged; 1 request.
        Plan id: …
        """)


def test_an_added_filter_says_where_it_is_also_where_a_part_of_it_is_sensitive(told, block):
    after = SHOP.replace(
        "filters:\n",
        "filters:\n      - {name: Vip, expression: \"tier == 'canary'\", targets: [{queue: Everyone}]}\n",
    )
    manage = '    manage: {workflows: {sensitive: ["filters[Vip].expression"]}}\n'

    assert told(SHOP, after + manage) == block("""
        Shop (WS…)
          account AC…

          ~ workflow Incoming  # workspace.yaml:10
              + filter 1 (Vip): added as 1 of 5, above Gold
              + filter 1 (Vip), expression: (sensitive)
              + filter 1 (Vip), name: Vip
              + filter 1 (Vip), targets: [{queue: Everyone}]

          Impact:
              not known: workflow Incoming: it holds sensitive values, so no example
                task is shown

        Plan: 0 to create, 1 to update, 0 to replace, 0 to delete, 6 unchanged; 1 request.
        Plan id: …
        """)


def test_a_queue_that_nobody_is_in_is_marked_where_tasks_come_to_it():
    route = RouteChange("Voice", None, FilterRoute(2, "B", ("Sales", "lost", None)), {"a": 1})
    impact = Impact(PeopleImpact(3), [route], members={"Lost": 0, "Sales": 2})

    text = " ".join(click.unstyle(plan_text(plan_of(operation(), impact=impact))).split())

    assert (
        'workflow Voice: tasks such as {"a": 1}: no filter -> filter 2 B (Sales, then lost, where nobody is, then no queue)'
    ) in text


def test_a_terminal_without_other_characters_gets_ascii(told):
    after = SHOP.replace("Lunch, available: false", "Lunch, available: true").replace(
        "name: Spanish,", "name: Español ±, renamed_from: [Spanish],"
    )

    text = told(SHOP, after.replace("queue: Spanish", "queue: Español ±"), ascii_only=True).replace("…", "...")

    assert text.isascii()
    assert "  +/- activity Lunch  #" in text
    assert "  ~ task_queue Espa\\xf1ol \\xb1  # workspace.yaml:7\n      name: Spanish -> Espa\\xf1ol \\xb1\n" in text


def test_the_fold_is_ascii_where_the_terminal_wants_that():
    terms = " AND ".join(f"skills HAS 'skill{n}'" for n in range(9))
    change = FieldChange("target_workers", terms, f"{terms} AND name == '…'")

    text = click.unstyle(plan_text(plan_of(operation(changes=(change,))), ascii_only=True))

    assert "skills HAS 'skill0' AND skills HAS 'skill1' ... (7 more terms)\n" in text
    assert "+ AND name == '\\u2026'\n" in text


# Plans that no well-meaning workspace has


def plan_of(*operations, **more):
    return Plan(PlanTarget("Shop", "AC1", None), operations, **more)


def operation(action=Action.UPDATE, name="Spanish", **more):
    return Operation(action, "task_queue", name, None, **more)


HOSTILE = "a\x1b[2J\r\nPlan: 0 to create\u202e\x07\u2028\x9b31m\ud800"


def test_nothing_that_somebody_else_wrote_can_steer_the_terminal():
    change = FieldChange(f"attributes.{HOSTILE}", [HOSTILE] * 5, [{HOSTILE: HOSTILE}] * 6)
    moves = (Move(HOSTILE, None, HOSTILE, HOSTILE),)
    filters = [{"name": HOSTILE, "expression": HOSTILE, "targets": [{"queue": HOSTILE, "extra": {"a": HOSTILE}}]}]
    plan = plan_of(
        operation(name=HOSTILE, changes=(change, FieldChange("target_workers", HOSTILE, None)), moves=moves),
        operation(Action.CREATE, changes=(FieldChange("filters", None, filters),)),
        operation(Action.REPLACE, repoints=(HOSTILE,), reason="because"),
        blocked=(Blocked("in-use", HOSTILE, "op-1"),),
        diagnostics=(Finding(Severity.INFO, "kept", HOSTILE),),
    )

    text = click.unstyle(plan_text(plan))
    failed = Result(plan.operations[0], 1, HOSTILE, failed=True)
    done = click.unstyle(result_text([failed], verified=False, notes=[HOSTILE]))

    for line in (*text.split("\n"), *done.split("\n"), progress_line(Result(plan.operations[0], 1))):
        assert line.isprintable(), line
    assert text.count("\nPlan: ") == 1
    text.encode()


def test_no_line_is_wider_than_a_terminal_except_for_long_words():
    long = " ".join(["languages HAS 'es' AND"] * 20)
    url = "https://example.com/" + "x" * 100
    plan = plan_of(
        operation(changes=(FieldChange("target_workers", long, long[:200]), FieldChange("url", url, None))),
        operation(name="N " * 60, action=Action.DELETE, moves=[Move(f"worker {i}", None, "A", "B") for i in range(30)]),
        blocked=(Blocked("in-use", long, "op-1"),),
        diagnostics=(Finding(Severity.INFO, "kept", long),),
    )

    wide = [line for line in click.unstyle(plan_text(plan)).splitlines() if len(line) > WIDTH]

    assert [line.strip() for line in wide if not line.startswith("Plan")] == [url]


def test_many_people_who_move_are_counted():
    moves = [Move(f"worker {i}", None, "A", "B") for i in range(12)]

    text = click.unstyle(plan_text(plan_of(operation(Action.DELETE, moves=moves))))

    assert "12 workers move from A to B:" in text
    assert "worker 9 and 2 more" in " ".join(text.split())


@pytest.mark.parametrize(
    ("before", "after", "line"),
    [
        (None, "", '+ f: ""'),
        ("1", 1, 'f: "1" -> 1'),
        ("true", True, 'f: "true" -> true'),
        ("null", " x ", 'f: "null" -> " x "'),
        ("[a]", ["a"], 'f: "[a]" -> [a]'),
        (["a, b", "yes", "12:30"], ["1", "", None, 1.5], 'f: ["a, b", yes, 12:30] -> ["1", "", null, 1.5]'),
        ({"a b": {"c": [True]}}, {"x: y": "- z"}, 'f: {a b: {c: [true]}} -> {"x: y": "- z"}'),
        ([1, 2], [2, 1], "f: [1, 2] -> [2, 1]"),
        (".inf", "1e999", 'f: ".inf" -> "1e999"'),
    ],
)
def test_values_are_shown_as_yaml_would_write_them(before, after, line):
    text = plan_text(plan_of(operation(changes=(FieldChange("f", before, after),))))

    assert f"      {line}\n" in click.unstyle(text)


def test_a_value_with_extreme_nesting_is_shown_all_the_same():
    deep = current = {}
    for _ in range(400):
        current["a"] = {}
        current = current["a"]

    text = plan_text(plan_of(operation(changes=(FieldChange("f", None, deep),))))

    assert text.count("a:") == 400 or '"a"' in text


def test_colours_are_never_the_only_signal():
    plan = plan_of(*(operation(action) for action in Action))

    text = plan_text(plan)

    assert text != click.unstyle(text)
    assert [line[2] for line in click.unstyle(text).splitlines() if "task_queue" in line] == ["-", "±", "+", "~"]


# The result of an apply

WRITE = Write(Verb.UPDATE, SidOf("task_queue", "A"), None)


def test_results_show_completed_and_failed_operations():
    done = operation(Action.CREATE, "A", writes=(WRITE,))
    failed = operation(Action.DELETE, "B")
    skipped = operation(Action.REPLACE, "C", writes=(WRITE,))
    results = [
        Result(done, 1),
        Result(failed, 2, "TaskRouter refused", failed=True),
        Result(skipped, 0, "needs B"),
    ]

    text = click.unstyle(result_text(results, verified=False, notes=["planned again"]))

    assert text.splitlines() == [
        "  failed: delete task_queue B: TaskRouter refused",
        "  skipped: replace task_queue C: needs B",
        "Note: planned again",
        "Applied: 1 created, 0 updated, 0 replaced, 0 deleted; 3 requests sent.",
        "Not verified: the workspace was read again and does not match the configuration:",
    ]


def test_a_proof_is_reported_and_a_missing_one_is_not():
    results = [Result(operation(writes=(WRITE,)), 1)]

    assert "1 request sent.\nVerified: the workspace was read again and matches the configuration.\n" in result_text(
        results, verified=True
    )
    assert "erified" not in result_text(results, verified=None)
