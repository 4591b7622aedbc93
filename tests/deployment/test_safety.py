"""Carrying out a plan is refused without consent, for every caller."""

import asyncio
import json

import pytest

from tr_apply.client import Client
from tr_apply.deployment.clients import Turns
from tr_apply.deployment.configured import Configured
from tr_apply.deployment.deadline import Deadline
from tr_apply.deployment.deployment import Deployment
from tr_apply.deployment.fleet import Fleet, Member
from tr_apply.deployment.removal import planned_removal, remove
from tr_apply.deployment.run import Run
from tr_apply.errors import ConfigError, IncompleteError, RefusedError, StaleError, TargetError
from tr_apply.plan.checks.consent import Approval, Consent
from tr_apply.plan.saved.document import plan_id
from tr_apply.transport import Connection

QUEUES = "workspace: {name: Center}\ntask_queues: [{name: A}, {name: B}, {name: C}, {name: D}, {name: E}]\n"
PROTECTED = "workspace: {name: Center}\ntask_queues: []\nsafety: {protect: [task_queue/A, task_queue/B]}\n"


@pytest.fixture
def applied(world, runner):
    """Plans *text* and carries the plan out with *consent*, as a program would; calls *between* in between."""

    def apply(text, consent=None, *, run=None, between=lambda: None):
        client = world._client()
        deployment = Deployment(Configured(world.configuration(text)), client)
        try:
            plan = runner.run(deployment.plan())
            between()
            world.requests.writes.clear()
            return runner.run(deployment.apply(plan, consent or Consent(), run))
        finally:
            runner.run(client.__aexit__(None, None, None))

    return apply


def test_a_protected_resource_is_not_deleted_with_any_consent(world, applied):
    world.apply(QUEUES)

    with pytest.raises(RefusedError, match="protected by 'task_queue/A'"):
        applied(PROTECTED, Consent(Approval.REVIEWED, {"task_queue": 5}))

    assert world.requests.writes == []
    assert world.names("TaskQueues") == ["A", "B", "C", "D", "E"]


def test_deletes_that_nobody_agreed_to_are_refused(world, applied):
    world.apply(QUEUES)

    with pytest.raises(RefusedError, match=r"\[needs-consent\]"):
        applied("workspace: {name: Center}\ntask_queues: [{name: A}]\n")

    assert world.requests.writes == []


def test_another_number_of_deletes_than_agreed_to_is_refused(world, applied):
    world.apply(QUEUES)

    with pytest.raises(RefusedError, match=r"--allow-delete task_queue=2 was given, but the plan deletes 4"):
        applied("workspace: {name: Center}\ntask_queues: [{name: A}]\n", Consent(deletes={"task_queue": 2}))


def test_another_plan_than_the_one_that_was_reviewed_is_stale(world, applied):
    with pytest.raises(StaleError, match=r"expected plan 0{64}"):
        applied(QUEUES, Consent(Approval.REVIEWED, plan_id="0" * 64))

    assert world.items("Workspaces") == []


def test_a_workspace_that_has_changed_since_is_stale(world, applied):
    world.apply(QUEUES)

    with pytest.raises(StaleError):
        applied(
            QUEUES.replace("{name: A}", "{name: A, max_reserved_workers: 5}"),
            between=lambda: world.change("TaskQueues", "A", MaxReservedWorkers=7),
        )

    assert world.requests.writes == []


def test_out_of_time_while_applying_is_incomplete_and_says_what_may_have_been_started(world, applied):
    async def hangs(request):
        if request.method == "POST" and request.url.path.endswith("/TaskQueues"):
            await asyncio.Event().wait()
        return await inner(request)

    inner = world.requests.handle_async_request
    world.requests.handle_async_request = hangs

    with pytest.raises(IncompleteError, match="while applying"):
        applied(QUEUES, run=Run(deadline=Deadline(0.5)))


def test_one_workspace_has_one_plan_in_a_run(world, runner):
    configuration = world.configuration(QUEUES)

    class Clients:
        def __init__(self, client):
            self._client = client

        def of(self, _credentials):
            return self._client

        def region(self, _credentials):
            return None

        turns = Turns()

    async def work():
        async with world._client() as client:
            members = [Member(name, Configured(configuration), Consent(Approval.REVIEWED)) for name in "ab"]
            fleet = Fleet(members)
            await fleet.plan(Clients(client))
            await fleet.apply(members, Clients(client), lambda _: Run())
            return members

    members = runner.run(work())

    assert [type(member.error) for member in members] == [ConfigError, ConfigError]
    assert world.items("Workspaces") == []


@pytest.mark.parametrize("url", ["http://example.com", "http://10.0.0.1:8080", "ftp://localhost", "https://a:b@host"])
def test_credentials_are_never_sent_in_clear_by_any_client(url):
    with pytest.raises(TargetError) as caught:
        Client(Connection(url, "AC" + "0" * 32, "canary-7391"))

    assert "canary" not in str(caught.value)


def test_the_id_that_was_reviewed_is_the_one_of_the_plan(world, applied):
    plan = world.plan(QUEUES)

    assert applied(QUEUES, Consent(Approval.REVIEWED, plan_id=plan_id(plan))).verified


# Deleting a whole workspace


@pytest.fixture
def removed(world, runner):
    def remove_all(text, confirmed="Center", *, between=lambda: None):
        source, client = Configured(world.configuration(text)), world._client()
        try:
            found = runner.run(planned_removal(client, source))
            between()
            runner.run(remove(client, source, found, confirmed, Deadline()))
            return found
        finally:
            runner.run(client.__aexit__(None, None, None))

    return remove_all


WITH_WORK = """
workspace: {name: Center}
task_queues: [{name: All}]
workflows: [{name: In, default_filter: {queue: All}}]
workers: [{name: alice, activity: Available, attributes: {}}]
"""


def put_task(world):
    world.make("Tasks", WorkflowSid=world.sid("Workflows", "In"), Attributes=json.dumps({}))


def test_a_workspace_with_something_protected_in_it_stays(world, removed):
    world.apply(QUEUES)

    with pytest.raises(RefusedError, match="the task queue 'A' is protected by 'task_queue/A'"):
        removed(PROTECTED)

    assert len(world.items("Workspaces")) == 1


def test_a_workspace_with_tasks_that_have_not_ended_stays(world, removed):
    world.apply(WITH_WORK)
    put_task(world)

    with pytest.raises(RefusedError, match=r"the workspace has 1 (pending|reserved) task; let them end"):
        removed(WITH_WORK)

    assert len(world.items("Workspaces")) == 1


def test_a_task_that_comes_after_the_question_keeps_the_workspace_too(world, removed):
    world.apply(WITH_WORK)

    with pytest.raises(RefusedError, match=r"1 (pending|reserved) task"):
        removed(WITH_WORK, between=lambda: put_task(world))

    assert len(world.items("Workspaces")) == 1


def test_a_workspace_is_deleted_by_its_own_name_only(world, removed):
    world.apply(QUEUES)

    with pytest.raises(RefusedError, match="the workspace's name is 'Center', not 'center'"):
        removed(QUEUES, "center")

    assert len(world.items("Workspaces")) == 1
    assert removed(QUEUES).name == "Center"
    assert world.items("Workspaces") == []


def test_undeclared_resources_are_counted_before_anybody_is_asked(world, removed):
    world.apply(QUEUES)
    world.make("Workers", FriendlyName="new.hire")

    found = removed("workspace: {name: Center}\ntask_queues: [{name: A}]\n")

    assert found.undeclared["task_queue"] == 4
    assert found.undeclared["worker"] == 1
