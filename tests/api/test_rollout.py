"""Several workspaces, saved plans and the files of a run: a program does with them as the command line does."""

import functools
import json
import subprocess

import pytest

import tr_apply
from tr_apply.cli import run as command_line

QUEUES = "workspace: {{name: {name}}}\ntask_queues: [{{name: A}}, {{name: B}}]\noutputs: {{queue: '${{sid:task_queue/A}}'}}\n"
LESS = "workspace: {{name: {name}}}\ntask_queues: [{{name: A}}]\n"


@pytest.fixture
def write(tmp_path):
    def to(name, text=QUEUES):
        (tmp_path / f"{name}.yaml").write_text(text.format(name=name))
        return str(tmp_path / f"{name}.yaml")

    return to


@pytest.fixture
def database(tmp_path):
    return str(tmp_path / "world.db")


@pytest.fixture
def connected(database):
    """Runs *work* with the embedded TaskRouter of this test."""

    def run(work, **options):
        async def body():
            async with tr_apply.connect(local_db=database, **options) as router:
                return await work(router)

        return tr_apply.run(body())

    return run


def test_several_workspaces_are_planned_and_applied_and_an_invalid_one_ends_alone(connected, write):
    workspaces = tr_apply.rollout([write("One"), write("Broken", "workspace: {{nam: x}}\n"), write("Two")])

    async def deploy(router):
        await router.plan_all(workspaces)
        workspaces.agree(tr_apply.Consent())
        workspaces.review()
        await router.apply_all(workspaces)
        await router.find_outputs(workspaces)

    connected(deploy)

    one, broken, two = workspaces.plans
    assert [one.applied.verified, broken.changes, two.applied.verified] == [True, None, True]
    assert isinstance(broken.error, tr_apply.ConfigError)
    assert (workspaces.exit_code(), [each["code"] for each in workspaces.errors]) == (3, ["missing-key", "unknown-key"])
    assert one.outputs["queue"].startswith("WQ")
    assert one.outputs != two.outputs


@pytest.mark.parametrize("form", ["text", "markdown", "html", "json"])
def test_a_rollout_is_reported_as_the_command_reports_it(connected, write, database, capsys, form):
    paths = [write("One"), write("Two")]
    workspaces = tr_apply.rollout(paths)

    connected(lambda router: router.plan_all(workspaces))

    assert command_line(["plan", *paths, "--local-db", database, "--format", form]) == workspaces.exit_code()
    assert capsys.readouterr().out.rstrip() == workspaces.report(form).rstrip()


def test_a_plan_is_saved_shown_and_applied_by_commands_and_programs_alike(connected, write, database, tmp_path, capsys):
    path, file = write("One"), tmp_path / "one.plan.json"
    workspaces = tr_apply.rollout([path])
    connected(lambda router: router.plan_all(workspaces))
    workspaces.save(file)

    assert command_line(["plan", path, "--local-db", database, "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out) == json.loads(file.read_text())
    assert command_line(["show", str(file)]) == 0
    assert capsys.readouterr().out == tr_apply.show(file)

    async def apply(router):
        again = tr_apply.Rollout.saved(file)
        await router.plan_all(again)
        [plan] = again.plans
        return await router.apply(plan, reviewed=True)

    assert connected(apply).verified
    assert command_line(["plan", path, "--local-db", database, "--detailed-exitcode"]) == 0


def test_a_saved_plan_is_not_written_over_something_else(connected, write, tmp_path):
    workspaces = tr_apply.rollout([write("One")])
    connected(lambda router: router.plan_all(workspaces))
    (tmp_path / "notes.txt").write_text("mine")

    with pytest.raises(tr_apply.RefusedError, match="exists and is not a plan"):
        workspaces.save(tmp_path / "notes.txt")

    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_a_run_is_journaled_and_taken_back_from_its_journal_or_its_undo_plan(connected, write, tmp_path):
    journal, undo, seen = tmp_path / "run.jsonl", tmp_path / "undo.json", []

    async def there_and_back(router):
        await router.apply(await router.plan(tr_apply.load(write("One"))))
        smaller = await router.plan(tr_apply.load(write("One", LESS)))
        await router.apply(smaller, reviewed=True, journal=journal, undo=undo, progress=seen.append)
        ways_back = [await router.undo(journal), tr_apply.Rollout.saved(undo)]
        await router.plan_all(ways_back[1])
        [way], [other] = [each.plans for each in ways_back]
        return way, other, await router.apply(way, reviewed=True), await router.plan(tr_apply.load(write("One")))

    way, other, applied, again = connected(there_and_back)

    assert [(each.action, each.name) for each in way.operations] == [("create", "B")]
    assert way.plan_id == other.plan_id
    assert applied.verified
    assert not again.operations
    assert [each.operation.name for each in seen] == ["B"]
    assert {json.loads(line)["event"] for line in journal.read_text().splitlines()} >= {"begin", "before", "end"}


def test_a_plan_that_nobody_agreed_to_leaves_no_journal_entry_and_no_undo_plan(connected, write, tmp_path):
    async def shrink(router):
        await router.apply(await router.plan(tr_apply.load(write("One"))))
        plan = await router.plan(tr_apply.load(write("One", LESS)))
        await router.apply(plan, journal=tmp_path / "run.jsonl", undo=tmp_path / "undo.json")

    with pytest.raises(tr_apply.RefusedError, match="allow-delete"):
        connected(shrink)

    assert not (tmp_path / "run.jsonl").exists()
    assert not (tmp_path / "undo.json").exists()


def test_a_refused_plan_is_applied_once_somebody_agrees(connected, write):
    async def shrink(router):
        await router.apply(await router.plan(tr_apply.load(write("One"))))
        plan = await router.plan(tr_apply.load(write("One", LESS)))
        with pytest.raises(tr_apply.RefusedError):
            await router.apply(plan)
        return await router.apply(plan, allow_delete={"task_queue": 1})

    assert connected(shrink).verified


def test_a_stop_begins_no_request(connected, write):
    stop = tr_apply.Stop()
    stop.asked = True

    async def stopped(router):
        plan = await router.plan(tr_apply.load(write("One")))
        with pytest.raises(tr_apply.InterruptedRunError):
            await router.apply(plan, stop=stop)
        return await router.plan(tr_apply.load(write("One")))

    assert connected(stopped).target.workspace_sid is None


ROUTED = """\
workspace: {{name: {name}}}
task_queues: [{{name: A}}, {{name: B}}]
workflows: [{{name: Voice, filters: [{{expression: "x == 1", targets: [{{queue: A}}]}}], default_filter: {{queue: A}}}}]
"""


def test_a_plan_that_sends_too_many_elsewhere_has_ended_and_is_still_shown(connected, write):
    async def changed(router):
        await router.apply(await router.plan(tr_apply.load(write("One", ROUTED))))
        elsewhere = ROUTED.replace("default_filter: {{queue: A}}", "default_filter: {{queue: B}}")
        workspaces = tr_apply.rollout([write("One", elsewhere)])
        await router.plan_all(workspaces)
        workspaces.limit_route_change(0)
        with pytest.raises(tr_apply.RouteChangeError):
            await router.apply(await router.plan(tr_apply.load(write("One", elsewhere))), max_route_change=0)
        return workspaces

    workspaces = connected(changed)

    assert workspaces.exit_code() == 6
    assert [each.is_shown for each in workspaces.plans] == [True]
    assert "Voice" in workspaces.report("text")


def test_a_scope_limits_each_plan_and_a_former_revision_shows_where_changes_come_from(connected, write, tmp_path):
    path = write("One", LESS)
    for command in (
        ["init", "-q"],
        ["add", "One.yaml"],
        ["-c", "user.name=x", "-c", "user.email=x@x", "commit", "-qm", "x"],
    ):
        subprocess.run(["git", *command], cwd=tmp_path, check=True)

    async def compared(router):
        await router.apply(await router.plan(tr_apply.load(path)))
        workspaces = tr_apply.rollout([write("One")], scope=tr_apply.planned_scope(targets=["task_queue/B"]))
        workspaces.since("HEAD", [path])
        await router.plan_all(workspaces)
        return workspaces

    [plan] = connected(compared).plans

    assert [each.name for each in plan.operations] == ["B"]
    assert plan.document()["origins"]["base_ref"] == "HEAD"
    assert plan.document()["origins"]["problem"] is None


def test_a_workspace_is_destroyed_by_who_types_its_name(connected, write):
    async def destroyed(router):
        configuration = tr_apply.load(write("One"))
        await router.apply(await router.plan(configuration))
        removal = await router.removal(configuration)
        with pytest.raises(tr_apply.RefusedError, match="not 'Two'"):
            await router.destroy(configuration, removal, confirmed="Two")
        await router.destroy(configuration, removal, confirmed="One")
        return removal, await router.removal(configuration)

    removal, after = connected(destroyed)

    assert removal.name == "One"
    assert after is None


def test_live_workspaces_are_asked_what_commands_ask_them(connected, write):
    async def asked(router):
        configuration = tr_apply.load(write("One", ROUTED))
        await router.apply(await router.plan(configuration))
        found = await router.difference(tr_apply.load(write("One", LESS)), "One")
        picture = await router.picture(configuration, "One", live=True)
        again = await router.live_configuration(configuration)
        look = await router.people(configuration)
        return found, picture, again, look, await router.diagnosis()

    found, picture, again, look, diagnosis = connected(asked)

    assert {each.name for each in found.difference.operations} == {"B"}
    assert [each.name for each in picture.workflows] == ["Voice"]
    assert again.document.workspace.name == "One"
    assert list(look.people) == []
    assert diagnosis.checks


def test_time_is_up_for_a_program_too(connected, write):
    plan = connected(lambda router: router.plan(tr_apply.load(write("One"))))

    with pytest.raises(tr_apply.TrApplyError, match="timed out after 0 s"):
        connected(lambda router: router.apply(plan), timeout_s=0)


def test_a_loader_reads_each_path(write, tmp_path):
    (tmp_path / "more.yaml").write_text("task_queues: [{name: A, max_reserved_workers: 7}]\n")
    loaded = functools.partial(tr_apply.load, overlays=[tmp_path / "more.yaml"])
    workspaces = tr_apply.rollout([write("One"), write("Two")], loaded)

    assert [plan.member.configuration.document.task_queues[0].max_reserved_workers for plan in workspaces.plans] == [
        7,
        7,
    ]
