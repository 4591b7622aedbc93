"""`import tr_apply`: what a program of somebody else can do in five lines."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

import tr_apply
from tr_apply import errors
from tr_apply.cli import run as command_line

EXAMPLE = Path(__file__).parents[2] / "examples" / "support-center"
QUEUES = "workspace: {name: Center}\ntask_queues: [{name: A}, {name: B}, {name: C}, {name: D}, {name: E}]\n"


@pytest.fixture
def written(tmp_path):
    def write(text, name="center.yaml"):
        (tmp_path / name).write_text(text)
        return tmp_path / name

    return write


@pytest.fixture
def connected(tmp_path):
    """Runs *work* with the embedded TaskRouter of this test."""

    def run(work):
        async def body():
            async with tr_apply.connect(local_db=tmp_path / "world.db") as router:
                return await work(router)

        return tr_apply.run(body())

    return run


def test_five_lines_load_plan_and_apply_a_whole_contact_centre(connected):
    async def deploy(router):
        configuration = tr_apply.load(EXAMPLE)
        plan = await router.plan(configuration)
        applied = await router.apply(plan)
        return plan, applied, await router.plan(configuration)

    plan, applied, again = connected(deploy)

    assert applied.verified
    assert len(plan.operations) > 20
    assert not again.operations
    assert "No changes." in again.text()


def test_the_plan_says_what_the_command_says(connected, written, tmp_path, capsys):
    path = written(QUEUES)

    async def planned(router):
        return await router.plan(tr_apply.load(path))

    plan = connected(planned)

    command_line(["plan", str(path), "--local-db", str(tmp_path / "world.db")])
    assert capsys.readouterr().out == plan.text()
    assert json.loads(plan.json())["plan_id"] == plan.plan_id
    assert "Center" in plan.markdown()
    assert plan.html().startswith("<!doctype html>")


LOAD = """\
simulation:
  opens: "09:00"
  closes: "10:00"
  demand: [{name: Calls, workflow: Voice, channel: voice, offered: [14, 14], handle_time: 3m, patience: 1m}]
  experiment: {replications: 3}
"""
SHOP = """\
workspace: {name: Center}
activities: [{name: Offline}, {name: Available, available: true}]
task_queues: [{name: Sales, target_workers: "team == 'sales'"}, {name: Everyone}]
workflows: [{name: Voice, default_filter: {queue: Everyone}}]
workers: [{name: ana, attributes: {team: sales}}, {name: ben, attributes: {team: others}}]
"""


def test_a_plan_has_simulated_days_as_the_commands_has_them(connected, written, tmp_path, capsys):
    load = written(LOAD, "load.txt")
    path = written(SHOP)

    async def planned(router):
        new = await router.plan(tr_apply.load(path), load=load)
        await router.apply(new)
        path.write_text(SHOP.replace("{queue: Everyone}", "{queue: Sales}"))
        return new, await router.plan(tr_apply.load(path), load=load), await router.plan(tr_apply.load(path))

    new, plan, without = connected(planned)

    assert (new.simulation, without.simulation) == (None, None)
    assert [each.name for each in plan.simulation.scenarios] == ["before", "after"]
    options = ["plan", str(path), "--local-db", str(tmp_path / "world.db"), "--load", str(load), "-q"]
    for form, shown in (("text", plan.text()), ("markdown", plan.markdown()), ("html", plan.html())):
        assert command_line([*options, "--format", form]) == 0
        assert "imulated days, before and after" in shown
        assert capsys.readouterr().out.rstrip() == shown.rstrip()
    assert command_line([*options, "--format", "json"]) == 0
    [document] = json.loads(capsys.readouterr().out)["plans"]
    assert document["simulation"] == json.loads(plan.json())["simulation"]
    assert plan.plan_id == without.plan_id


def test_days_of_a_part_and_a_load_that_cannot_be_used_are_refused_before_anything_is_read(connected, written):
    configuration, load = tr_apply.load(written(SHOP)), written("simulation: {}", "load.txt")

    with pytest.raises(tr_apply.UsageError, match="load simulates one whole configuration"):
        connected(lambda router: router.plan(configuration, targets=["task_queue/Sales"], load=load))
    with pytest.raises(tr_apply.ConfigError, match="opens"):
        connected(lambda router: router.plan(configuration, load=load))


def test_deletes_need_consent_and_the_error_says_what_to_give(connected, written):
    async def shrink(router, **consent):
        await router.apply(await router.plan(tr_apply.load(written(QUEUES))))
        plan = await router.plan(tr_apply.load(written(QUEUES.replace(", {name: E}", ""))))
        return await router.apply(plan, **consent)

    with pytest.raises(tr_apply.RefusedError, match=r"--allow-delete task_queue=1"):
        connected(shrink)
    assert connected(lambda router: shrink(router, allow_delete={"task_queue": 1})).verified


def test_a_reviewed_plan_is_its_own_consent(connected, written):
    async def shrink(router):
        await router.apply(await router.plan(tr_apply.load(written(QUEUES))))
        plan = await router.plan(tr_apply.load(written("workspace: {name: Center}\ntask_queues: [{name: A}]\n")))
        return await router.apply(plan, reviewed=True)

    assert connected(shrink).verified


def test_a_workspace_that_changed_since_the_plan_is_stale(connected, written):
    async def late(router):
        await router.apply(await router.plan(tr_apply.load(written(QUEUES))))
        first, second = [
            await router.plan(
                tr_apply.load(written(QUEUES.replace("{name: A}", f"{{name: A, max_reserved_workers: {n}}}")))
            )
            for n in (2, 3)
        ]
        await router.apply(first)
        await router.apply(second)

    with pytest.raises(tr_apply.StaleError):
        connected(late)


def test_every_finding_of_an_invalid_file_is_in_the_error(written):
    with pytest.raises(tr_apply.ConfigError) as caught:
        tr_apply.load(
            written("workspace: {name: Center}\ntask_queues: [{nam: A}, {name: B, target_workers: 'x =='}]\n")
        )

    assert [each.code for each in caught.value.diagnostics] == ["missing-key", "unknown-key", "expression-syntax"]


def test_variables_and_overlays_are_those_of_the_command_line(written):
    overlay = written("task_queues: [{name: A, max_reserved_workers: 7}]\n", "more.yaml")

    configuration = tr_apply.load(
        written("workspace: {name: '${who}'}\ntask_queues: [{name: A}]\n"), overlays=[overlay], variables={"who": "Us"}
    )

    assert configuration.document.workspace.name == "Us"
    assert configuration.document.task_queues[0].max_reserved_workers == 7


def test_the_plan_holds_its_result_and_the_live_workspace_is_exported(connected, written):
    async def roundtrip(router):
        plan = await router.plan(tr_apply.load(written(QUEUES)))
        before = plan.applied
        await router.apply(plan)
        again = await router.plan(tr_apply.load(written(await router.export("Center"), "exported.yaml")))
        return plan, before, again

    plan, before, again = connected(roundtrip)

    assert before is None
    assert plan.applied.verified
    assert not plan.blocked
    assert not again.operations


def test_one_taskrouter_is_asked_for(tmp_path):
    async def both():
        async with tr_apply.connect(base_url="http://127.0.0.1:1", local_db=tmp_path / "world.db"):
            raise AssertionError

    with pytest.raises(tr_apply.UsageError, match="exclude each other"):
        tr_apply.run(both())


def test_after_its_end_a_connection_is_not_opened_again(written, tmp_path):
    configuration = tr_apply.load(written(QUEUES))

    async def body():
        async with tr_apply.connect(local_db=tmp_path / "world.db") as router:
            plan = await router.plan(configuration)
        for late in (
            lambda: router.plan(configuration),
            lambda: router.apply(plan, reviewed=True),
            lambda: router.export("Center"),
            lambda: router.removal(configuration),
        ):
            with pytest.raises(tr_apply.TargetError, match="has ended"):
                await late()

    asyncio.run(body())


def test_recorded_tasks_are_counted_in_a_plan_and_in_tests(connected, tmp_path):
    file = tmp_path / "tasks.csv"
    file.write_text("workflow,count\nVoice,5\n")

    async def planned(router):
        await router.apply(await router.plan(tr_apply.load(EXAMPLE)))
        return await router.plan(tr_apply.load(EXAMPLE), tasks=file)

    plan = connected(planned)

    assert json.loads(plan.json())["impact"]["tasks"] == {"file": str(file), "total": 5, "elsewhere": 0}
    assert tr_apply.test(tr_apply.load(EXAMPLE), tasks=str(file)).tasks.total == 5


# Offline


def test_a_task_is_routed_and_the_tests_are_run():
    configuration = tr_apply.load(EXAMPLE)

    found = tr_apply.route(configuration, workflow="voice", task={"language": "es", "topic": "sales"})
    results = tr_apply.test(configuration)

    assert found.workflow == "Voice"
    assert found.steps
    assert results.results
    assert all(each.passed for each in results.results)


def test_a_workflow_that_is_not_there_is_named():
    with pytest.raises(tr_apply.UsageError, match=r"there is no workflow 'Voise'; did you mean 'Voice'\?"):
        tr_apply.route(tr_apply.load(EXAMPLE), workflow="Voise", task={})


# The embedded TaskRouter


def test_the_embedded_taskrouter_is_an_asgi_application():
    async def created():
        app = tr_apply.embedded()
        client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test", auth=("x", "y"))
        async with client:
            answer = await client.post("/v1/Workspaces", data={"FriendlyName": "Center"})
        app.close()
        return answer

    assert tr_apply.run(created()).status_code == 201


# Building


def built():
    return tr_apply.Workspace(
        name="Built",
        task_queues=[
            tr_apply.TaskQueue(name="Spanish", target_workers="languages HAS 'es'"),
            tr_apply.TaskQueue(name="All"),
        ],
        workflows=[
            tr_apply.Workflow(
                name="In",
                filters=[
                    tr_apply.Filter(
                        name="es",
                        expression="language == 'es'",
                        targets=[tr_apply.Target(queue="Spanish", timeout=60), tr_apply.Target(queue="All")],
                    )
                ],
                default_filter=tr_apply.Target(queue="All"),
            )
        ],
        workers=[tr_apply.Worker(name="ana", attributes={"languages": ["es"]})],
    )


def test_a_built_workspace_is_loaded_as_a_file_is(connected):
    configuration = tr_apply.load(built())

    async def deploy(router):
        return await router.apply(await router.plan(configuration))

    assert connected(deploy).verified
    assert configuration.document.workflows[0].filters[0].targets[0].queue == "Spanish"
    assert not configuration.document.declares("activities")


def test_a_built_workspace_is_checked_as_a_file_is():
    wrong = tr_apply.Workspace(
        name="Built",
        workflows=[tr_apply.Workflow(name="In", default_filter=tr_apply.Target(queue="Nobody"))],
        task_queues=[],
    )

    with pytest.raises(tr_apply.ConfigError, match="there is no task queue 'Nobody'"):
        tr_apply.load(wrong)


def test_a_built_configuration_is_written_as_yaml_and_read_back(written):
    again = tr_apply.load(written(built().to_yaml()))

    assert again.document == tr_apply.load(built()).document


def test_a_workflow_is_taskrouters_own_document_and_read_back():
    [workflow] = built().workflows
    sids = {"spanish": "WQ" + "1" * 32, "All": "WQ" + "2" * 32}

    document = workflow.to_document(sids)

    assert document == {
        "task_routing": {
            "filters": [
                {
                    "filter_friendly_name": "es",
                    "expression": "language == 'es'",
                    "targets": [{"queue": sids["spanish"], "timeout": 60}, {"queue": sids["All"]}],
                }
            ],
            "default_filter": {"queue": sids["All"]},
        }
    }
    names = {sid: name.capitalize() for name, sid in sids.items()}
    assert tr_apply.Workflow.from_document(document, name="In", queues=names) == workflow
    assert workflow.to_document()["task_routing"]["default_filter"] == {"queue": "${sid:task_queue/All}"}
    with pytest.raises(KeyError):
        workflow.to_document({})


EVERYTHING = """
variables: {team: {default: emea}}
workspace: {name: '$${x} Center', default_activity: Off, events_filter: [task.created]}
activities: [{name: Off}, {name: On, available: true}]
task_channels: [{unique_name: voice, name: Voice}]
task_queues: [{name: All, target_workers: "team == '${team}'"}]
workflows:
  - name: In
    filters: [{expression: a == 1, targets: [{queue: All, timeout: 60, extra: {k: 1}}]}]
    default_filter: {queue: All}
workers: [{name: ana, activity: Off, attributes: {sid: "${sid:workflow/In}", n: null}, channels: {voice: {capacity: 2}}}]
manage: {task_queues: additive, workers: {mode: additive, where: team == 'emea'}}
safety: {max_deletes: 20%, protect: ['activity/*']}
lint: {accept: [{code: hidden-filter, in: workflow/In, because: old}]}
outputs: {flow: "${sid:workflow/In}"}
"""


def test_a_loaded_configuration_becomes_typed_models_again(written):
    configuration = tr_apply.load(written(EVERYTHING))

    workspace = tr_apply.Workspace.of(configuration)

    again = tr_apply.load(workspace)
    assert again.document.model_dump(exclude={"variables"}) == configuration.document.model_dump(exclude={"variables"})
    assert tr_apply.Workspace.of(again) == workspace
    assert workspace.workflows[0].to_document()["task_routing"]["filters"][0]["targets"][0]["k"] == 1


@pytest.mark.parametrize("name", ["All", "a}b", "a/b", "$${x}"])
def test_a_document_without_sids_is_read_back(name):
    workflow = tr_apply.Workflow(
        name="In",
        filters=[tr_apply.Filter(expression="a == '$${b}'", targets=[tr_apply.Target(queue=name)])],
        default_filter=tr_apply.Target(queue=name, extra={"url": "https://x/${sid:workspace}"}),
    )

    assert tr_apply.Workflow.from_document(workflow.to_document(), name="In") == workflow


def test_a_section_that_is_left_out_stays_so(written):
    workspace = tr_apply.Workspace.of(tr_apply.load(written("workspace: {name: W}\nactivities: []\n")))

    assert workspace == tr_apply.Workspace(name="W", activities=[])


# The door itself


def test_every_error_is_exported():
    classes = {name for name, value in vars(errors).items() if isinstance(value, type) and issubclass(value, Exception)}

    assert classes <= set(tr_apply.__all__)


def test_everything_that_is_exported_is_there_and_documented():
    for name in tr_apply.__all__:
        assert getattr(tr_apply, name) is not None
        assert name == "__version__" or getattr(tr_apply, name).__doc__, name
    assert set(tr_apply.__all__) == set(dir(tr_apply))
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = tr_apply.nothing


def test_importing_it_imports_nothing_heavy():
    script = (
        "import sys, tr_apply; print(sorted({'pydantic', 'httpx', 'yaml', 'click', 'asyncio'} & sys.modules.keys()))"
    )

    said = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert said.stdout == "[]\n"


def test_it_runs_where_a_loop_is_running_already():
    async def notebook():
        return tr_apply.run(asyncio.sleep(0, "done"))

    assert asyncio.run(notebook()) == "done"


def test_an_error_comes_out_where_a_loop_is_running_already():
    async def fails():
        raise tr_apply.StaleError("changed")

    async def notebook():
        return tr_apply.run(fails())

    with pytest.raises(tr_apply.StaleError, match="changed"):
        asyncio.run(notebook())


PROGRAM = """
import tr_apply


async def deploy(path: str) -> bool:
    configuration = tr_apply.load(path, overlays=["production.yaml"], variables={"who": "Us"})
    async with tr_apply.connect(local=True) as router:
        plan = await router.plan(configuration)
        print(plan.text(), plan.json(), plan.markdown(), plan.html(), len(plan.operations))
        try:
            applied = await router.apply(plan, allow_delete={"task_queue": 2})
        except (tr_apply.RefusedError, tr_apply.StaleError, tr_apply.IncompleteError) as error:
            print(error)
            return False
        return bool(applied.verified)


def offline(configuration: tr_apply.Configuration) -> list[str]:
    found = tr_apply.route(configuration, workflow="Voice", task={"language": "es"})
    results = tr_apply.test(configuration)
    return [step.queue for step in found.steps if results.results]


def changed(configuration: tr_apply.Configuration) -> tr_apply.Workspace:
    workspace = tr_apply.Workspace.of(configuration)
    print([each.to_document() for each in workspace.workflows or ()])
    manage = tr_apply.Manage(workers=tr_apply.WorkersOwnership(mode="additive", attributes="merge"))
    accept = [tr_apply.Acceptance.model_validate({"code": "hidden-filter", "in": "workflow/In", "because": "old"})]
    return workspace.model_copy(update={"manage": manage, "lint": tr_apply.Lint(accept=accept)})


async def several(paths: list[str], plan_file: str) -> int:
    workspaces = tr_apply.rollout(paths, scope=tr_apply.planned_scope(only=["task_queue"], impact="none"))
    workspaces.since("main", paths)
    async with tr_apply.connect(base_url="https://example.com", timeout_s=60.0) as router:
        await router.plan_all(workspaces)
        workspaces.save(plan_file)
        workspaces.limit_route_change(5.0)
        workspaces.agree(tr_apply.Consent(tr_apply.Approval.REVIEWED, {"task_queue": 2}))
        workspaces.review()
        with tr_apply.records("journal.jsonl") as kept:
            options = tr_apply.RunOptions(progress_of=lambda plan: print, stop=tr_apply.Stop(), records=kept)
            await router.apply_all(workspaces, options)
        await router.find_outputs(workspaces)
        [way_back, *_] = (await router.undo("journal.jsonl")).plans
        await router.apply(way_back, reviewed=True, undo="undo.json", progress=print)
        found = await router.difference("One", tr_apply.load(paths[0]))
        print([each.kind for each in found.difference.operations], (await router.diagnosis()).checks)
        removal = await router.removal(tr_apply.load(paths[0]))
        if removal is not None:
            await router.destroy(tr_apply.load(paths[0]), removal, confirmed="One")
    print(workspaces.report("html"), [(each.workspace, each.error, each.outputs) for each in workspaces.plans])
    print(tr_apply.show(plan_file, "markdown"), tr_apply.picture(tr_apply.load(paths[0])).workflows)
    return workspaces.exit_code(detailed=True)


workspace = tr_apply.Workspace(name="W", task_queues=[tr_apply.TaskQueue(name="A", max_reserved_workers=2)])
print(workspace.to_yaml(), tr_apply.run(deploy("center.yaml")), tr_apply.embedded())
"""


def test_a_strictly_typed_program_can_use_it(tmp_path, pytestconfig):
    pytest.importorskip("mypy", reason="mypy is not installed")
    (tmp_path / "program.py").write_text(PROGRAM)
    # mypy checks again what has changed since the last run. pytest --cache-clear makes it check everything.
    cache = pytestconfig.cache.mkdir("mypy")

    said = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(cache), str(tmp_path / "program.py")],
        capture_output=True, text=True, check=False, cwd=tmp_path,
    )  # fmt: skip

    assert said.returncode == 0, said.stdout
