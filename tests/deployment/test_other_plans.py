"""A plan is carried out in its own workspace, in time, and by one run at a time, also below the command line."""

import asyncio
from dataclasses import replace

import pytest

import tr_apply
from tr_apply.client import Client
from tr_apply.deployment.clients import Turns
from tr_apply.deployment.configured import Configured
from tr_apply.deployment.deadline import Deadline, OutOfTimeError
from tr_apply.deployment.deployment import Deployment
from tr_apply.deployment.fleet import Fleet, Member
from tr_apply.deployment.removal import planned_removal, remove
from tr_apply.deployment.run import Run
from tr_apply.errors import ConfigError, RefusedError, StaleError
from tr_apply.plan.checks.consent import Approval, Consent
from tr_apply.transport import Connection

QUEUES = "workspace: {name: Center, renamed_from: []}\ntask_queues: [{name: A}, {name: B}, {name: C}]\n"
CHANGED = QUEUES.replace("{name: A}", "{name: A, max_reserved_workers: 5}")
REVIEWED = Consent(Approval.REVIEWED)


@pytest.fixture
def elsewhere(world, runner):
    """A client of the same server with the credentials of another account."""
    account = "AC" + "f" * 32
    client = Client(Connection("http://localhost", account, "secret", account_sid=account), through=world.requests)
    yield client
    runner.run(client.__aexit__(None, None, None))


@pytest.fixture
def here(world, runner):
    client = world._client()
    yield client
    runner.run(client.__aexit__(None, None, None))


@pytest.fixture
def planned(world, runner, here):
    """A deployment with a plan; what the test wrote before is forgotten."""

    def plan(text):
        deployment = Deployment(Configured(world.configuration(text)), here)
        runner.run(deployment.plan())
        world.requests.writes.clear()
        return deployment

    return plan


class Given:
    """The same clients one after the other, as for workspaces that name different credentials."""

    turns = Turns()

    def __init__(self, *clients):
        self._clients = [*clients]

    def of(self, _credentials):
        self._clients.append(self._clients.pop(0))
        return self._clients[-1]

    def region(self, _credentials):
        return None


@pytest.mark.parametrize("rechecks", [True, False])
@pytest.mark.parametrize("exists", [True, False])
def test_a_plan_is_not_for_another_account(world, runner, planned, elsewhere, *, exists, rechecks):
    if exists:
        world.apply(QUEUES)
    deployment = planned(CHANGED)
    plan, deployment.client = deployment.planned, elsewhere

    with pytest.raises(RefusedError, match="the plan was made for the account AC0123456789abcdef0123456789abcdef"):
        runner.run(deployment.apply(plan, REVIEWED, Run(rechecks=rechecks)))

    assert world.requests.writes == []


def test_a_plan_is_not_for_another_workspace(world, runner, planned):
    world.apply(QUEUES)
    world.apply(QUEUES.replace("Center", "Yard"))
    plan = planned(CHANGED).planned
    yard = planned(QUEUES.replace("Center", "Yard"))

    with pytest.raises(RefusedError, match="the plan is for the workspace 'Center', and this is 'Yard'"):
        runner.run(yard.apply(plan, REVIEWED))

    assert world.requests.writes == []


def test_only_its_own_plan_is_carried_out_without_another_look(world, runner, planned, here):
    world.apply(QUEUES)
    deployment = planned(CHANGED)
    world.change("TaskQueues", "A", MaxReservedWorkers=7)
    world.requests.writes.clear()
    other = Deployment(deployment.source, here)

    with pytest.raises(StaleError):
        runner.run(other.apply(deployment.planned, REVIEWED, Run(rechecks=False)))

    assert world.requests.writes == []


@pytest.mark.parametrize("rechecks", [True, False])
@pytest.mark.parametrize("exists", [True, False])
def test_nothing_is_written_when_no_time_is_left(world, runner, planned, *, exists, rechecks):
    if exists:
        world.apply(QUEUES)
    deployment = planned(CHANGED)

    with pytest.raises(OutOfTimeError):
        runner.run(deployment.apply(deployment.planned, REVIEWED, Run(deadline=Deadline(0), rechecks=rechecks)))

    assert world.requests.writes == []
    assert deployment.applied is None


def test_all_of_a_run_ends_by_its_deadline_whatever_a_workspace_is_given(world, runner, here):
    members = [Member("a", Configured(world.configuration(QUEUES)), REVIEWED)]
    fleet = Fleet(members)
    runner.run(fleet.plan(Given(here)))

    runner.run(replace(fleet, deadline=Deadline(0)).apply(members, Given(here), lambda _: Run()))

    assert isinstance(members[0].error, OutOfTimeError)
    assert world.requests.writes == []


def test_two_logins_of_an_account_do_not_create_one_workspace_twice(world, runner, here):
    other = world._client()
    clients = Given(here, other)
    members = [Member(name, Configured(world.configuration(QUEUES)), REVIEWED) for name in "ab"]
    fleet = Fleet(members)

    async def work():
        async with other:
            await fleet.plan(clients)
            await fleet.apply(members, clients, lambda _: Run())

    runner.run(work())

    assert [type(member.error) for member in members] == [ConfigError, ConfigError]
    assert world.requests.writes == []


def test_who_joins_a_run_late_has_no_second_plan_for_its_workspace(world, runner, here):
    first, late = [Member(name, Configured(world.configuration(QUEUES)), REVIEWED) for name in "ab"]
    runner.run(Fleet([first]).plan(Given(here)))
    runner.run(Fleet([late]).plan(Given(here)))

    runner.run(Fleet([first]).apply([first, late], Given(here), lambda _: Run()))

    assert [type(member.error) for member in (first, late)] == [ConfigError, ConfigError]
    assert world.requests.writes == []


def test_no_workspace_is_deleted_when_no_time_is_left(world, runner, here):
    world.apply(QUEUES)
    source = Configured(world.configuration(QUEUES))
    found = runner.run(planned_removal(here, source))

    with pytest.raises(OutOfTimeError):
        runner.run(remove(here, source, found, "Center", Deadline(0)))

    assert len(world.items("Workspaces")) == 1


def test_a_workspace_is_deleted_only_where_that_was_confirmed(world, runner, here):
    world.apply(QUEUES)
    source = Configured(world.configuration(QUEUES))
    found = runner.run(planned_removal(here, source))
    found = replace(found, target=replace(found.target, database="other.db"))

    with pytest.raises(RefusedError, match="confirmed in another TaskRouter"):
        runner.run(remove(here, source, found, "Center", Deadline()))

    assert len(world.items("Workspaces")) == 1


# As a program calls it


def test_a_plan_for_one_database_is_not_for_another(tmp_path):
    (tmp_path / "center.yaml").write_text(QUEUES)
    configuration = tr_apply.load(tmp_path / "center.yaml")

    async def mixed_up():
        async with (
            tr_apply.connect(local_db=tmp_path / "a.db") as one,
            tr_apply.connect(local_db=tmp_path / "b.db") as other,
        ):
            plan = await one.plan(configuration)
            with pytest.raises(tr_apply.RefusedError, match=r"made for the embedded TaskRouter in .*a\.db"):
                await other.apply(plan)
            return [len((await each.plan(configuration)).operations) for each in (one, other)]

    one, other = tr_apply.run(mixed_up())
    assert one == other > 0


def test_a_plan_can_be_carried_out_over_a_later_connection(tmp_path):
    (tmp_path / "center.yaml").write_text(QUEUES)

    async def deploy():
        async with tr_apply.connect(local_db=tmp_path / "a.db") as router:
            plan = await router.plan(tr_apply.load(tmp_path / "center.yaml"))
        async with tr_apply.connect(local_db=tmp_path / "a.db") as router:
            return await router.apply(plan)

    assert tr_apply.run(deploy()).verified


@pytest.mark.parametrize("exists", [True, False])
def test_of_two_plans_at_the_same_moment_the_second_is_stale(tmp_path, *, exists):
    def written(text):
        (tmp_path / "center.yaml").write_text(text)
        return tr_apply.load(tmp_path / "center.yaml")

    async def both():
        async with tr_apply.connect(local_db=tmp_path / "a.db") as router:
            if exists:
                await router.apply(await router.plan(written(QUEUES)))
            plans = [await router.plan(written(CHANGED.replace("5", number))) for number in "56"]
            return await asyncio.gather(*(router.apply(plan) for plan in plans), return_exceptions=True)

    first, second = tr_apply.run(both())
    assert first.verified
    assert isinstance(second, tr_apply.StaleError)
