"""``apply --expect``: the reviewed plan, or nothing; and the outputs with which CI can expect it."""

import httpx
import pytest

from tests.conftest import AUTH
from tr_apply.deployment import connect
from tr_apply.transport import in_process

TEXT = "workspace: {{name: {name}}}\ntask_queues: [{{name: A, max_reserved_workers: {number}}}, {{name: B}}]\n"


@pytest.fixture
def planned(begun, cli, write, live, monkeypatch, tmp_path):  # noqa: ARG001  # the file must be there
    """A workspace with a planned change of its queue; the outputs of the workflow's step."""
    monkeypatch.setenv("GITHUB_OUTPUT", str(tmp_path / "outputs"))
    begun(write("w.yaml", TEXT.format(name="Center", number=1)))
    write("w.yaml", TEXT.format(name="Center", number=2))
    said = cli("plan", "w.yaml")
    assert said.code == 0, said.err
    return outputs(tmp_path)


def outputs(folder):
    return dict(line.split("=", 1) for line in (folder / "outputs").read_text().splitlines())


def test_a_step_gets_the_id_and_whether_there_are_changes(cli, planned, tmp_path):
    assert planned["has_changes"] == "true"
    assert len(planned["plan_id"]) == 64

    assert cli("apply", "w.yaml", "--expect", planned["plan_id"]).code == 0
    cli("plan", "w.yaml")
    assert outputs(tmp_path)["has_changes"] == "false"


def test_the_expected_plan_is_applied_without_a_question(cli, planned):
    said = cli("apply", "w.yaml", "--expect", planned["plan_id"])

    assert said.code == 0
    assert "Verified" in said.out


CHANGES = {
    "the file": lambda write, _live: write("w.yaml", TEXT.format(name="Center", number=3)),
    "the workspace": lambda _write, live: live.change("TaskQueues", "A", TargetWorkers="a == 1"),
    "the base": lambda _write, live: live.change("TaskQueues", "A", MaxReservedWorkers="7"),
}


@pytest.mark.parametrize("case", CHANGES)
def test_another_plan_than_expected_is_stale_and_not_applied(cli, planned, write, live, case):
    CHANGES[case](write, live)
    before = live.state()

    said = cli("apply", "w.yaml", "--expect", planned["plan_id"])

    assert said.code == 5
    assert planned["plan_id"] in said.err
    assert "Plan again and pass the new id" in said.err
    assert live.state() == before


def test_changes_after_the_plan_was_made_again_are_noticed_too(cli, planned, live, monkeypatch):
    looks, rest = [], httpx.AsyncClient(transport=in_process(live.app), base_url="http://test", auth=AUTH)

    class Colleague(httpx.AsyncBaseTransport):
        """Changes the queue as soon as the plan has read it."""

        def __init__(self, inner):
            self._inner = inner

        async def handle_async_request(self, request):
            answer = await self._inner.handle_async_request(request)
            if request.url.path.endswith("/TaskQueues"):
                looks.append(request.method)
                if len(looks) == 1:
                    sid = (await rest.get(request.url.path)).json()["task_queues"][0]["sid"]
                    await rest.post(f"{request.url.path}/{sid}", data={"MaxReservedWorkers": "9"})
            return answer

    monkeypatch.setattr(connect, "in_process", lambda app: Colleague(in_process(app)))

    said = cli("apply", "w.yaml", "--expect", planned["plan_id"])

    assert said.code == 5
    assert looks == ["GET", "GET"]
    assert ["task_queue/A", "max_reserved_workers", "1", "9", "2"] in [line.split() for line in said.err.splitlines()]


def test_a_change_that_the_plan_does_not_rely_on_keeps_its_id(cli, planned, live):
    live.change("TaskQueues", "B", MaxReservedWorkers="1")
    live.change("Activities", "Available", FriendlyName="Ready")

    assert cli("apply", "w.yaml", "--expect", planned["plan_id"]).code == 0


@pytest.mark.usefixtures("planned")
def test_an_expected_plan_was_reviewed_which_is_consent_to_delete(cli, write):
    write("w.yaml", "workspace: {name: Center}\ntask_queues: [{name: A}]\n")
    said = cli("plan", "w.yaml", "--format", "json")
    [plan] = said.document["plans"]
    assert plan["blocked"][0]["code"] == "needs-consent"

    assert cli("apply", "w.yaml", "--expect", "0" * 64, "--allow-delete", "task_queue=1").code == 5
    assert cli("apply", "w.yaml", "--expect", plan["plan_id"]).code == 0


@pytest.mark.usefixtures("planned")
def test_a_step_gets_the_ids_of_several_plans_in_order(cli, write, tmp_path):
    write("x.yaml", TEXT.format(name="Other", number=1))
    assert cli("plan", "w.yaml", "x.yaml").code == 0
    ids = outputs(tmp_path)["plan_id"]

    swapped = cli("apply", "x.yaml", "w.yaml", "--expect", ids)
    right = cli("apply", "w.yaml", "x.yaml", "--expect", ids.split()[0], "--expect", ids.split()[1])

    assert (swapped.code, right.code) == (5, 0)


@pytest.mark.parametrize(
    "ids", [["--expect", ""], ["--expect", "a", "--expect", "b"], ["--expect", "a b"], ["--expect", "a,b"]]
)
@pytest.mark.usefixtures("planned")
def test_each_path_has_one_expected_id(cli, ids):
    said = cli("apply", "w.yaml", *ids)

    assert said.code == 64
    assert "--expect" in said.err


@pytest.mark.usefixtures("planned")
def test_a_failed_plan_gives_a_step_no_outputs(cli, write, tmp_path):
    (tmp_path / "outputs").unlink()
    broken = write("broken.yaml", "workspace: {}")

    assert cli("plan", "w.yaml", broken).code == 3
    assert not (tmp_path / "outputs").exists()


@pytest.mark.usefixtures("planned")
def test_a_step_whose_outputs_cannot_be_written_fails(cli, monkeypatch, tmp_path):
    monkeypatch.setenv("GITHUB_OUTPUT", str(tmp_path))

    said = cli("plan", "w.yaml", "--format", "json")

    assert said.code == said.document["exit_code"] == 1


THREE = """
workspace: {name: Center}
task_queues: [{name: A, max_reserved_workers: 7}, {name: C, target_workers: "a == 1"}, {name: D}]
"""


@pytest.fixture
def half_done(cli, planned, write, interfere, tmp_path):  # noqa: ARG001  # the workspace must be there
    """A plan whose second create was refused: its id."""
    write("w.yaml", THREE)
    cli("plan", "w.yaml")
    expected = outputs(tmp_path)["plan_id"]
    creates = []

    def refuses_the_second_create(request):
        if request.method == "POST" and request.url.path.endswith("/TaskQueues"):
            creates.append(request)
            return httpx.Response(400, json={"message": "no", "code": 20001}) if len(creates) > 1 else None
        return None

    interfere(refuses_the_second_create)
    said = cli("apply", "w.yaml", "--expect", expected, "--concurrency", "1")
    assert said.code == 4, said.err
    interfere(lambda _request: None)
    return expected


def names(live):
    return sorted(each["friendly_name"] for each in live.items("TaskQueues"))


def test_an_expected_plan_that_failed_half_way_goes_on_with_the_same_id(cli, half_done, live):
    assert names(live) == ["A", "B", "C"]

    said = cli("apply", "w.yaml", "--expect", half_done, "--format", "json")

    [plan] = said.document["plans"]
    assert (said.code, plan["verified"], plan["plan_id"]) == (0, True, half_done), said.err
    assert {(each["status"], each["requests"]) for each in plan["results"]} == {("done", 0), ("done", 1)}
    assert names(live) == ["A", "C", "D"]


def test_it_goes_on_only_with_the_same_configuration(cli, half_done, write, live):
    write("w.yaml", THREE.replace("{name: D}", "{name: E}"))

    assert cli("apply", "w.yaml", "--expect", half_done).code == 5
    assert names(live) == ["A", "B", "C"]


def test_it_does_not_go_on_when_somebody_else_has_changed_what_it_relies_on(cli, half_done, live):
    live.change("TaskQueues", "C", TargetWorkers="a == 2")
    before = live.state()

    said = cli("apply", "w.yaml", "--expect", half_done)

    assert said.code == 5
    assert "task_queue/C" in said.err
    assert live.state() == before


def test_the_folder_of_begun_plans_is_never_committed(half_done, tmp_path):
    folder = tmp_path / ".tr-apply"

    assert (folder / "begun" / f"{half_done}.json").stat().st_mode & 0o777 == 0o600
    assert (folder / ".gitignore").read_text().splitlines()[-1] == "*"
