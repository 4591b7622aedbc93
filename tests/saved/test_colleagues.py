"""Two concurrent applies on one workspace: the second notices, and nothing is lost."""

import pytest

from tests.carrying_out import carried_out
from tests.saved.terminal import Terminal
from tr_apply.apply import Status, failure_of
from tr_apply.config.load import load
from tr_apply.deployment.configured import Configured
from tr_apply.deployment.deployment import Deployment
from tr_apply.errors import IncompleteError, StaleError
from tr_apply.plan.saved.stale import DriftError

TEXT = """
workspace: {name: Center}
workers:
  - {name: alice, attributes: {level: 1}}
  - {name: bob, attributes: {level: 1}}
"""


class Two:
    """Two people who have planned from the same state."""

    def __init__(self, world, runner, tmp_path, texts):
        self._runner = runner
        self._clients = [world._client(), world._client()]
        self.deployments = []
        for number, text in enumerate(texts):
            path = tmp_path / f"{number}.yaml"
            path.write_text(text)
            self.deployments.append(Deployment(Configured(load(path)), self._clients[number]))
        self.plans = [runner.run(each.plan()) for each in self.deployments]

    def apply(self, number):
        deployment, plan = self.deployments[number], self.plans[number]
        return self._runner.run(carried_out(deployment, plan))

    def check(self, number):
        return self._runner.run(self.deployments[number].check(self.plans[number]))

    def close(self):
        for client in self._clients:
            self._runner.run(client.__aexit__(None, None, None))


@pytest.fixture
def two(world, runner, tmp_path):
    made = []

    def make(*texts):
        made.append(Two(world, runner, tmp_path, texts))
        return made[-1]

    yield make
    for each in made:
        each.close()


def levels(world):
    return {worker["friendly_name"]: worker["attributes"] for worker in world.items("Workers")}


def test_the_second_of_two_notices_before_it_writes_anything(world, two):
    world.apply(TEXT)
    both = two(TEXT.replace("{level: 1}", "{level: 2}"), TEXT.replace("{level: 1}", "{level: 3}"))

    assert both.apply(0).verified
    with pytest.raises(DriftError) as caught:
        both.check(1)

    assert {(row.object, row.path, row.planned_from, row.live_now, row.planned_to) for row in caught.value.rows} == {
        ("worker/alice", "attributes.level", 1, 2, 3),
        ("worker/bob", "attributes.level", 1, 2, 3),
    }


def test_workers_that_another_has_written_since_they_were_checked_are_not_overwritten(world, two):
    world.apply(TEXT)
    both = two(TEXT.replace("{level: 1}", "{level: 2}"), TEXT.replace("{level: 1}", "{level: 3}"))
    both.check(1)

    both.apply(0)
    world.requests.writes.clear()
    applied = both.apply(1)

    assert levels(world) == {"alice": '{"level":2}', "bob": '{"level":2}'}
    assert {result.status for result in applied.results} == {Status.FAILED}
    assert isinstance(failure_of(applied.results, interrupted=False), StaleError)
    assert world.requests.writes == []


def test_possible_writes_were_made_and_the_others_are_reported(world, two):
    world.apply(TEXT)
    both = two(
        TEXT.replace("alice, attributes: {level: 1}", "alice, attributes: {level: 2}"),
        TEXT.replace("{level: 1}", "{level: 3}"),
    )

    both.apply(0)
    applied = both.apply(1)

    assert levels(world) == {"alice": '{"level":2}', "bob": '{"level":3}'}
    failure = failure_of(applied.results, interrupted=False)
    assert isinstance(failure, IncompleteError)
    assert "worker alice" in str(failure)


def test_two_that_add_different_things_lose_neither(world, two):
    text = "workspace: {{name: Center}}\ntask_queues: [{{name: {name}}}]\nmanage: {{task_queues: additive}}"
    world.apply("workspace: {name: Center}")
    both = two(text.format(name="A"), text.format(name="B"))

    assert both.apply(0).verified
    with pytest.raises(DriftError):
        both.check(1)
    assert both.apply(1).verified  # also if it had not looked again

    assert world.names("TaskQueues") == ["A", "B"]


# At a terminal


@pytest.fixture
def asked(begun, write, live, forking):  # noqa: ARG001  # the file must be there
    """A person who is asked whether to apply a change."""
    begun(write("w.yaml", TEXT))
    write("w.yaml", TEXT.replace("{level: 1}", "{level: 2}"))

    def ask(*arguments):
        terminal = Terminal(forking, "apply", "w.yaml", "--local-db", "world.db", *arguments)
        terminal.wait_for("Type 'yes'")
        return terminal

    return ask


def test_a_person_who_agrees_gets_the_shown_plan(asked, live):
    terminal = asked()
    terminal.type("yes\n")

    assert terminal.end() == 0
    assert "Verified" in terminal.screen
    assert levels(live) == {"alice": '{"level":2}', "bob": '{"level":2}'}


def test_while_a_person_thinks_a_colleague_changes_something(asked, live):
    terminal = asked()
    live.change("Workers", "alice", Attributes='{"level":9}')
    terminal.type("yes\n")

    assert terminal.end() == 5
    assert "attributes.level" in terminal.screen
    assert levels(live) == {"alice": '{"level":9}', "bob": '{"level":1}'}


def test_a_person_who_declines_or_leaves_writes_nothing(asked, live):
    terminal = asked("--format", "json", "--output", "applied.json")
    assert "level: 1 -> 2" in terminal.screen
    terminal.type("y\n")
    assert terminal.end() == 6

    terminal = asked()
    terminal.interrupt()
    assert terminal.end() == 130
    assert "interrupted; nothing was written" in terminal.screen
    assert levels(live) == {"alice": '{"level":1}', "bob": '{"level":1}'}
