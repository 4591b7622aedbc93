"""tr-apply serve --seed and --watch: a configuration that the server begins with and follows."""

import asyncio
import signal
from contextlib import closing

import httpx
import pytest
from click.testing import CliRunner

from tr_apply.cli import commands
from tr_apply.deployment.seed import Seed
from tr_apply.errors import UsageError
from tr_apply.local import open_app
from tr_apply.transport import Connection

CONFIGURATION = """
workspace: {name: Support}
task_queues:
  - {name: Everyone}
  - {name: Gold, target_workers: "level > 3"}
workers: [{name: ann, attributes: {level: 5}}]
"""


@pytest.fixture
def seed(tmp_path):
    path = tmp_path / "seed" / "workspace.yaml"
    path.parent.mkdir()
    path.write_text(CONFIGURATION)
    return path


def queues(server):
    [workspace] = server.client.get("/Workspaces").json()["workspaces"]
    page = server.client.get(f"/Workspaces/{workspace['sid']}/TaskQueues").json()
    return {each["friendly_name"]: each["target_workers"] for each in page["task_queues"]}


def workers(server):
    [workspace] = server.client.get("/Workspaces").json()["workspaces"]
    page = server.client.get(f"/Workspaces/{workspace['sid']}/Workers").json()
    return [each["friendly_name"] for each in page["workers"]]


def test_the_first_request_finds_the_seed(serve, seed):
    server = serve("--seed", str(seed))

    assert queues(server) == {"Everyone": "1==1", "Gold": "level > 3"}
    assert "verified" in server.process.stderr.readline()
    assert server.end(signal.SIGTERM)[0] == 0


def test_a_seed_is_planted_once_in_a_file_that_has_it_already(serve, seed):
    serve("--seed", str(seed)).end(signal.SIGTERM)
    server = serve("--seed", str(seed))

    assert len(server.client.get("/Workspaces").json()["workspaces"]) == 1
    assert "no changes" in server.process.stderr.readline()


def test_a_server_for_one_account_is_seeded_as_well(serve, seed):
    account = "AC0123456789abcdef0123456789abcdef"
    server = serve("--seed", str(seed), "--account-sid", account, "--auth-token", "token")
    server.client.auth = (account, "token")

    assert set(queues(server)) == {"Everyone", "Gold"}


def test_a_reset_leads_back_to_the_seed(serve, seed):
    server = serve("--seed", str(seed), "--control", "-q")
    [workspace] = server.client.get("/Workspaces").json()["workspaces"]
    server.client.delete(f"/Workspaces/{workspace['sid']}")

    assert httpx.post(f"{server.url}/_tr-apply/reset", trust_env=False, verify=False, timeout=30).status_code == 200

    assert set(queues(server)) == {"Everyone", "Gold"}
    seed.write_text("workspace: {nam: x}")
    refused = httpx.post(f"{server.url}/_tr-apply/reset", trust_env=False, verify=False, timeout=30)
    assert refused.status_code == 400
    assert "could not be filled again" in refused.json()["message"]


def test_a_change_is_followed_and_a_mistake_is_reported_until_it_is_put_right(serve, seed):
    server = serve("--seed", str(seed), "--watch")

    seed.write_text(CONFIGURATION.replace("level > 3", "level > 4"))
    while queues(server)["Gold"] != "level > 4":
        pass
    seed.write_text("task_queues: [{unheard_of: x}]")
    while "unheard_of" not in server.process.stderr.readline():
        assert server.process.poll() is None
    seed.write_text(CONFIGURATION.replace("level > 3", "level > 7"))
    while queues(server)["Gold"] != "level > 7":
        pass

    assert server.end(signal.SIGTERM)[0] == 0


def test_a_change_is_followed_that_came_before_anybody_followed(seed, runner):
    app = open_app(":memory:")
    planted = Seed(seed, app, Connection("http://local", "x", "y"), {})

    async def change_first():
        await planted.plant()
        seed.write_text(CONFIGURATION.replace("level > 3", "level > 10"))
        async with asyncio.timeout(20):
            await anext(planted.changes())

    with closing(app):
        runner.run(change_first())


def test_a_resource_that_a_seed_no_longer_names_is_kept_and_the_way_to_begin_anew_is_shown(serve, seed):
    server = serve("--seed", str(seed), "--watch", "--control")

    seed.write_text(CONFIGURATION.replace("name: ann", "name: bea"))
    while "POST /_tr-apply/reset" not in server.process.stderr.readline():
        assert server.process.poll() is None

    assert workers(server) == ["ann"]
    assert httpx.post(f"{server.url}/_tr-apply/reset", trust_env=False, verify=False, timeout=30).status_code == 200
    assert workers(server) == ["bea"]


def test_a_seed_that_is_invalid_ends_the_server_before_it_answers(seed):
    seed.write_text("workspace: {name: x, nam: y}")
    result = CliRunner().invoke(commands, ["serve", "--port", "0", "--db", ":memory:", "--seed", str(seed)])

    assert getattr(result.exception, "exit_code", None) == 3, result.output
    assert "Listening" not in result.output


def test_a_watch_without_a_seed_and_a_seed_that_is_not_there_are_usage_errors(tmp_path):
    for arguments in (["--watch"], ["--seed", str(tmp_path / "nothing.yaml")]):
        result = CliRunner().invoke(commands, ["serve", "--port", "0", "--db", ":memory:", *arguments])
        assert isinstance(result.exception, UsageError)
