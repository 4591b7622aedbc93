"""Gates: people lost need consent, tasks that go elsewhere may have a limit, and apply looks again."""

import json
import shlex

import pytest

CENTER = """
workspace: {name: Center}
task_queues:
- {name: Everyone}
- {name: "a=b", target_workers: "languages HAS 'es'"}
workflows:
- {name: Voice, filters: [{expression: "language == 'es'", targets: [{queue: "a=b"}]}], default_filter: {queue: Everyone}}
workers:
- {name: ana, attributes: {languages: [es]}}
- {name: ben, attributes: {languages: [en, es], level: 5}}
- {name: cho, attributes: {languages: [en]}}
manage: {workers: {mode: additive}}
"""
MISSPELT = CENTER.replace("languages HAS", "langauges HAS")
FEWER = CENTER.replace("languages HAS 'es'", "languages HAS 'es' AND level > 1")
ELSEWHERE = CENTER.replace('queue: "a=b"}]}]', "queue: Everyone}]}]")


pytestmark = pytest.mark.usefixtures("_center")


@pytest.fixture
def _center(begun, write):
    begun(write("center.yaml", CENTER))


@pytest.fixture
def blocked(cli, write):
    def of(text):
        plan = cli("plan", write("after.yaml", text), "--format", "json")
        assert plan.code == 0
        return [each for each in plan.document["plans"][0]["blocked"] if each["code"] == "people-lost"]

    return of


def test_a_queue_that_falls_to_nobody_needs_consent_whatever_the_limit(blocked):
    [found] = blocked(MISSPELT + "safety: {max_people_lost: 100%}")

    assert found["consent"] == {"queue": "a=b", "lost": 2, "of": 2}
    assert found["message"] == (
        "the task queue 'a=b' falls from 2 members to nobody: ana, ben lose their places in it: approving this plan is "
        'the consent; without a plan, --allow-people-lost "a=b=2"'
    )


@pytest.mark.parametrize(
    ("limit", "is_blocked"), [("0", True), ("1", False), ("49%", True), ("50%", False), (None, False)]
)
def test_a_limit_is_a_number_or_a_share_of_the_members(blocked, limit, is_blocked):
    found = blocked(FEWER + ("" if limit is None else f"safety: {{max_people_lost: {limit}}}"))

    assert [each["consent"]["lost"] for each in found] == ([1] if is_blocked else [])


def test_the_stricter_of_two_limits_counts(cli, write):
    write("overlay.yaml", "safety: {max_people_lost: 49%}")
    path = write("after.yaml", FEWER + "safety: {max_people_lost: 1}")

    document = cli("plan", path, "--overlay", "overlay.yaml", "--format", "json").document

    assert "`max_people_lost` allows 0 (49%)" in document["plans"][0]["blocked"][0]["message"]


def test_apply_refuses_until_the_exact_number_is_allowed(cli, write):
    path = write("after.yaml", MISSPELT)

    refused = cli("apply", path, "--auto-approve")
    other = cli("apply", path, "--auto-approve", "--allow-people-lost", "a=b=1")
    agreed = cli("apply", path, "--auto-approve", "--allow-people-lost", "A=B=2")
    again = cli("apply", path, "--auto-approve", "--allow-people-lost", "a=b=2")

    assert (refused.code, other.code, agreed.code, again.code) == (6, 6, 0, 0)
    assert '--allow-people-lost "a=b=2"' in refused.err
    assert "but 2 of its members lose their place" in other.err


@pytest.mark.parametrize("name", ['"', "`touch x`", "$(touch x)", "a\\", "it's $HOME", "!!"])
def test_the_consent_can_be_pasted_into_a_shell_whatever_the_queue_is_called(cli, write, name):
    renamed = MISSPELT.replace('"a=b"', json.dumps(name)).replace(", target_w", ', renamed_from: ["a=b"], target_w')
    path = write("after.yaml", renamed)

    refused = cli("apply", path, "--auto-approve")
    option, value, *_ = shlex.split(refused.err.partition("without a plan, ")[2])
    differing = cli("apply", path, "--auto-approve", option, value.replace("=2", "=1"))
    agreed = cli("apply", path, "--auto-approve", option, value)

    assert (refused.code, option, value) == (6, "--allow-people-lost", f"{name}=2")
    assert shlex.quote(f"{name}=1") in differing.err
    assert agreed.code == 0


@pytest.mark.parametrize("written", ["a=b", "=2", "a=-1", "a=²"])
def test_a_consent_of_another_form_is_a_usage_error(cli, write, written):
    assert cli("apply", write("center.yaml", CENTER), "--allow-people-lost", written).code == 64


def test_a_reviewed_plan_is_consent(cli, write):
    path = write("after.yaml", MISSPELT)
    cli("plan", path, "--out", "plan.json")

    assert cli("apply", "--plan", "plan.json").code == 0


def test_who_agrees_to_delete_workers_has_not_agreed_to_an_empty_queue(cli, write):
    without = CENTER.replace("mode: additive", "mode: exact").replace(
        "- {name: ana, attributes: {languages: [es]}}\n", ""
    )
    path = write("after.yaml", without.replace("- {name: ben, attributes: {languages: [en, es], level: 5}}\n", ""))

    blocked = cli("plan", path, "--format", "json").document["plans"][0]["blocked"]

    assert {each["code"] for each in blocked} == {"needs-consent", "people-lost"}
    consents = [each["consent"] for each in blocked if each["code"] == "people-lost"]
    lost = [f"--allow-people-lost={each['queue']}={each['lost']}" for each in consents]
    assert cli("apply", path, "--auto-approve", *lost).code == 6
    assert cli("apply", path, "--auto-approve", "--allow-delete", "worker=2").code == 6
    assert cli("apply", path, "--auto-approve", "--allow-delete", "worker=2", *lost).code == 0


# Between plan and apply


def test_who_has_come_since_the_plan_and_is_lost_as_well_is_news(cli, write, live):
    cli("plan", write("after.yaml", FEWER), "--out", "plan.json")
    live.make("Workers", FriendlyName="dan", Attributes=json.dumps({"languages": ["es"]}))

    applied = cli("apply", "--plan", "plan.json", "--format", "json")

    assert applied.code == 0
    assert applied.document["plans"][0]["notes"][-1:] == [
        "since the plan was made, the members of the task queue 'a=b' become 3 -> 1, losing ana, dan (2 -> 1 was planned)"
    ]


def test_a_loss_that_exceeds_the_limit_only_since_the_plan_was_made_is_not_agreed_to(cli, write, live):
    cli("plan", write("after.yaml", FEWER + "safety: {max_people_lost: 1}"), "--out", "plan.json")
    live.make("Workers", FriendlyName="dan", Attributes=json.dumps({"languages": ["es"]}))

    applied = cli("apply", "--plan", "plan.json")

    assert applied.code == 5
    assert "become 3 -> 1, losing ana, dan (2 -> 1 was planned)" in applied.err


def test_a_worker_who_joins_a_queue_that_an_earlier_run_of_the_plan_made_is_not_news(cli, write, live):
    more = CENTER.replace("- {name: Everyone}", "- {name: Everyone}\n- {name: New}")
    cli("plan", write("after.yaml", more.replace("level: 5", "level: 6")), "--out", "plan.json")
    live.make("TaskQueues", FriendlyName="New", TargetWorkers="1==1")

    applied = cli("apply", "--plan", "plan.json", "--format", "json")

    assert applied.code == 0
    assert not any("since the plan was made" in each for each in applied.document["plans"][0]["notes"])


def test_more_people_lost_than_were_reviewed_are_not_agreed_to(cli, write, live):
    cli("plan", write("after.yaml", MISSPELT), "--out", "plan.json")
    live.make("Workers", FriendlyName="dan", Attributes=json.dumps({"languages": ["es"]}))

    applied = cli("apply", "--plan", "plan.json")

    assert applied.code == 5
    assert "losing ana, ben, dan (2 -> 0 was planned)" in applied.err
    assert live.change("TaskQueues", "a=b")["target_workers"] == "languages HAS 'es'"


# Losses that were not shown were not approved


def test_a_plan_without_impact_gives_no_consent_to_an_empty_queue(cli, write, live):
    cli("plan", write("after.yaml", MISSPELT), "--impact", "none", "--out", "plan.json")

    applied = cli("apply", "--plan", "plan.json", "--format", "json")

    [error] = applied.document["errors"]
    assert (applied.code, error["code"]) == (6, "refused")
    assert error["message"] == (
        "nothing was written:\n  the task queue 'a=b' falls from 2 members to nobody: ana, ben lose their places in it: "
        "the plan does not show it, because of --impact none; plan again without that [people-lost]"
    )
    assert live.change("TaskQueues", "a=b")["target_workers"] == "languages HAS 'es'"


@pytest.mark.parametrize(
    ("limit", "overlay", "allowed"), [("0", None, "0"), ("1", "49%", "0 (49%)"), ("1", "50%", None)]
)
def test_a_plan_without_impact_keeps_the_limit_of_its_configuration(cli, write, limit, overlay, allowed):
    path = write("after.yaml", FEWER + f"safety: {{max_people_lost: {limit}}}")
    over = ["--overlay", write("over.yaml", f"safety: {{max_people_lost: {overlay}}}")] if overlay else []
    cli("plan", path, *over, "--impact", "none", "--out", "plan.json")

    applied = cli("apply", "--plan", "plan.json")

    assert applied.code == (0 if allowed is None else 6)
    assert (
        allowed is None
        or f"loses 1 of its 2 members: ana loses the place in it. `max_people_lost` allows {allowed}"
        in (" ".join(applied.err.split()))
    )


def test_a_plan_without_impact_says_what_its_approval_is_worth(cli, write):
    path = write("after.yaml", MISSPELT)
    note = (
        "--impact none: who loses a place in a queue is not shown. `apply --plan` refuses a loss that needs consent; "
        "`apply --expect` counts as consent to it"
    )

    [plan] = cli("plan", path, "--impact", "none", "--format", "json").document["plans"]

    assert [each["message"] for each in plan["diagnostics"] if each["code"] == "impact-skipped"] == [note]
    assert note in " ".join(cli("plan", path, "--impact", "none").out.split())
    assert "Note" not in cli("plan", write("same.yaml", CENTER), "--impact", "none").out


def test_a_plan_without_impact_that_leaves_somebody_in_each_queue_is_applied(cli, write):
    cli("plan", write("after.yaml", FEWER), "--impact", "none", "--out", "plan.json")

    assert cli("apply", "--plan", "plan.json").code == 0


def test_the_way_back_may_empty_a_queue(cli, write):
    emptied = CENTER.replace("languages HAS", "langauges HAS")
    assert cli("apply", write("w.yaml", emptied), "--auto-approve", "--allow-people-lost", "a=b=2").code == 0
    assert cli("apply", write("w.yaml", CENTER), "--auto-approve", "--undo-out", "back.json").code == 0

    assert cli("apply", "--plan", "back.json").code == 0


def test_a_queue_that_falls_to_nobody_since_the_plan_was_made_is_not_agreed_to(cli, write, live):
    cli("plan", write("after.yaml", FEWER), "--out", "plan.json")
    live.change("Workers", "ben", Attributes=json.dumps({"languages": ["en", "es"], "level": 0}))

    assert cli("apply", "--plan", "plan.json").code == 5


# Tasks that go elsewhere


def test_a_limit_of_tasks_that_go_elsewhere_is_a_gate_of_plan_and_apply(cli, write):
    path = write("after.yaml", ELSEWHERE)

    plan = cli("plan", path, "--max-route-change", "5%", "--format", "json")
    applied = cli("apply", path, "--auto-approve", "--max-route-change", "5%", "--format", "json")

    for each in (plan, applied):
        assert each.code == each.document["exit_code"] == 6
        assert [error["code"] for error in each.document["errors"]] == ["route-change"]
        assert '{"language": "es"}' in each.document["errors"][0]["message"]
        assert len(each.document["plans"][0]["impact"]["routes"]) == 1
    assert cli("apply", path, "--auto-approve", "--max-route-change", "100%").code == 0


def test_a_change_that_sends_no_task_elsewhere_passes_the_gate(cli, write):
    assert cli("plan", write("after.yaml", FEWER), "--max-route-change", "0%").code == 0
    assert cli("plan", write("after.yaml", CENTER), "--max-route-change", "0%").code == 0


def test_an_unknown_loss_does_not_pass_the_gate(cli, write):
    path = write("after.yaml", ELSEWHERE)
    cli("plan", path, "--impact", "people", "--out", "people.json")
    cli("plan", path, "--impact", "none", "--out", "none.json")

    for saved in ("people.json", "none.json"):
        applied = cli("apply", "--plan", saved, "--max-route-change", "5%", "--format", "json")
        assert [error["code"] for error in applied.document["errors"]] == ["route-change"]
        assert applied.code == 6


def test_a_plan_that_does_not_pass_the_gate_is_shown(cli, write):
    plan = cli("plan", write("after.yaml", ELSEWHERE), "--max-route-change", "5%")
    markdown = cli("plan", write("after.yaml", ELSEWHERE), "--max-route-change", "5%", "--format", "markdown")

    assert "workflow Voice" in plan.out
    assert "--max-route-change allows 5% of the tasks to go elsewhere, but tasks of 1 kind do" in plan.err
    assert "! --max-route-change allows 5%" in markdown.out
    assert "workflow Voice" in markdown.out


@pytest.mark.parametrize("share", ["5", "101%", "-1%", "x%", "5 %"])
def test_a_share_of_another_form_is_a_usage_error(cli, write, share):
    assert cli("plan", write("center.yaml", CENTER), "--max-route-change", share).code == 64


def test_a_gate_needs_the_impact_that_it_checks(cli, write):
    path = write("center.yaml", CENTER)

    assert cli("plan", path, "--impact", "none", "--max-route-change", "5%").code == 64
