"""Questions to a live workspace: why does this task wait, and what is the route of a new one?"""

import asyncio
import json
import shutil

import httpx
import pytest
from click import unstyle

from tests.conftest import AUTH, Requests
from tr_apply.client import Client
from tr_apply.config.load import load
from tr_apply.deployment import live_questions
from tr_apply.deployment.configured import Configured
from tr_apply.deployment.deployment import Deployment
from tr_apply.deployment.live_questions import route_of_new, route_of_task
from tr_apply.errors import ApiError, NetworkError, TrApplyError, UsageError
from tr_apply.local import open_app
from tr_apply.plan.checks.consent import Approval, Consent
from tr_apply.rehearsal import live_route
from tr_apply.rehearsal.offline_workspace import RouteRequest
from tr_apply.report.live_text import live_route_text
from tr_apply.transport import Connection, Patience, in_process

CENTER = """\
workspace: {name: Center, default_activity: Offline}
activities:
  - {name: Offline}
  - {name: Break}
  - {name: Here, available: true}
task_queues:
  - {name: Everyone}
  - {name: Spanish, target_workers: "languages HAS 'es'"}
  - {name: Klingon, target_workers: "languages HAS 'tlh'"}
workflows:
  - name: Incoming
    task_reservation_timeout: 20
    filters:
      - name: Spanish
        expression: "language == 'es'"
        targets:
          - {queue: Spanish, priority: 10, timeout: 60, expression: "worker.level > 1"}
          - {queue: Everyone, timeout: 120}
      - {name: Klingon, expression: "language == 'tlh'", targets: [{queue: Klingon}]}
      - name: Agent
        expression: "agent != null"
        targets: [{queue: Spanish, known_worker_friendly_name: task.agent, timeout: 60}]
      - name: Twice
        expression: "twice == true"
        targets:
          - {queue: Klingon, timeout: 10}
          - {queue: Spanish, timeout: 10, priority: 3}
          - {queue: Klingon, timeout: 10, priority: 7}
          - {queue: Spanish, timeout: 10, priority: 3}
      - name: Skipping
        expression: "skip == true"
        targets:
          - {queue: Klingon, skip_if: "workers.available == 0"}
          - {queue: Spanish, skip_if: "workers.available == 0"}
      - name: High
        expression: "level == 99"
        targets: [{queue: Spanish, expression: "worker.level > 98"}]
    default_filter: {queue: Everyone}
  - {name: Own, default_filter: {queue: Everyone, known_worker_sid: task.agent}}
  - name: Narrow
    filters: [{expression: "a == 1", targets: [{queue: Everyone}]}]
workers:
  - {name: ana, attributes: {languages: [en, es], level: 3}}
  - {name: ben, attributes: {languages: [es], level: 4}}
  - {name: cho, attributes: {languages: [es], level: 1}}
  - {name: dia, attributes: {languages: [en], level: 1}}
"""
BEGIN_MS = 1_795_000_000_000


class Clock:
    """Is stopped until it is moved."""

    def __init__(self):
        self.now_ms = BEGIN_MS

    def __call__(self):
        return self.now_ms


class Center:
    """An embedded TaskRouter with people who come and go."""

    def __init__(self, runner, database):
        self.clock, self.runner = Clock(), runner
        self.app = open_app(database, clock=self.clock)
        self.requests = Requests(self.app)
        self._rest = httpx.AsyncClient(transport=in_process(self.app), base_url="http://test", auth=AUTH)

    def look_around(self):
        self.path = f"/Workspaces/{self.get('/Workspaces')['workspaces'][0]['sid']}"
        self.sids = {
            item["friendly_name"]: item["sid"]
            for name in ("Activities", "Workers", "Workflows", "TaskQueues")
            for item in self.items(name)
        }

    def client(self):
        patience = Patience(total_s=2, first_s=0.001, longest_s=0.01, lookup_s=0.05)
        return Client(Connection("http://test", *AUTH, AUTH[0]), through=self.requests, patience=patience)

    def apply(self, path):
        async def applied():
            async with self.client() as client:
                deployment = Deployment(Configured(load(path)), client)
                await deployment.apply(await deployment.plan(), Consent(Approval.REVIEWED, {}))

        self.runner.run(applied())

    def get(self, path):
        return self.send("GET", path)

    def send(self, method, path, **form):
        answer = self.runner.run(self._rest.request(method, f"/v1{path}", data=form or None))
        assert answer.status_code < 300, answer.text
        return answer.json() if answer.content else None

    def items(self, collection):
        page = self.get(f"{self.path}/{collection}?PageSize=1000")
        return page[page["meta"]["key"]]

    def goes(self, worker, activity):
        self.send("POST", f"{self.path}/Workers/{self.sids[worker]}", ActivitySid=self.sids[activity])

    def task(self, workflow="Incoming", channel="voice", **attributes):
        form = {"WorkflowSid": self.sids[workflow], "TaskChannel": channel, "Attributes": json.dumps(attributes)}
        return self.send("POST", f"{self.path}/Tasks", **form)["sid"]

    def answers(self, task, status, **form):
        offers = self.items(f"Tasks/{task}/Reservations")
        [offer] = [each for each in offers if each["reservation_status"] in {"pending", "accepted"}]
        path = f"{self.path}/Tasks/{task}/Reservations/{offer['sid']}"
        self.send("POST", path, ReservationStatus=status, **form)

    def passes(self, seconds):
        self.clock.now_ms += 1000 * seconds

    def answers_otherwise(self, path, alter, status=200):
        """From now on, answers at a path that ends so are altered on their way to the client."""
        inner = self.requests._inner.handle_async_request

        async def altered(request):
            answer = await inner(request)
            if not request.url.path.endswith(path):
                return answer
            content = json.loads(await answer.aread())
            return type(answer)(status, json=alter(content) or content, request=request)

        self.requests._inner.handle_async_request = altered

    def never_answers(self, path):
        inner = self.requests._inner.handle_async_request

        async def silent(request):
            if request.url.path.endswith(path):
                await asyncio.Event().wait()
            return await inner(request)

        self.requests._inner.handle_async_request = silent

    def sql(self, statement, *values):
        with self.app.store._database.write() as writer:
            writer.run(statement, values)

    def why(self, task):
        return self.asked(lambda client: route_of_task(client, "Center", task))

    def what(self, workflow="Incoming", channel="voice", **attributes):
        request = RouteRequest(workflow, attributes, channel)
        return self.asked(lambda client: route_of_new(client, "Center", request))

    def asked(self, question):
        async def ask():
            async with self.client() as client:
                return await question(client)

        self.requests.reads.clear()
        self.requests.writes.clear()
        found = self.runner.run(ask())
        assert self.requests.writes == []
        return found


@pytest.fixture(scope="module")
def applied(tmp_path_factory):
    """The file of a world to which the configuration was applied."""
    folder = tmp_path_factory.mktemp("center")
    path = folder / "workspace.yaml"
    path.write_text(CENTER, encoding="utf-8")
    with asyncio.Runner() as runner:
        center = Center(runner, folder / "local.db")
        center.apply(path)
        center.app.close()
    return folder / "local.db"


@pytest.fixture
def center(runner, applied, tmp_path):
    shutil.copy(applied, tmp_path / "local.db")
    center = Center(runner, tmp_path / "local.db")
    center.look_around()
    yield center
    center.app.close()


def flat(found):
    """The text without its line breaks."""
    return " ".join(unstyle(live_route_text(found)).split())


def facts_of(found):
    return {each.worker: each for each in found.facts.workers}


# A task that waits


def test_the_answer_to_somebody_who_was_called_at_night(center):
    center.goes("ana", "Here")
    task = center.task(language="es")
    center.passes(5)
    center.answers(task, "rejected")
    center.passes(1)
    center.answers(task, "rejected", WorkerActivitySid=center.sids["Break"])
    center.goes("ben", "Here")
    center.passes(25)

    text = live_route_text(center.why(task)).replace(task, "WT1")

    assert (
        text
        == """\
\x1b[1mThis task waits because none of the 2 workers whom the step wants can take\x1b[0m
\x1b[1mit now: 1 is in the activity Break and 1 is in the activity Offline. It was\x1b[0m
\x1b[1moffered 3 times in vain: ana rejected it twice and ben did not answer.\x1b[0m

Task WT1 of the workflow Incoming, in Center
  attributes: {"language": "es"}
  channel: voice; priority: 10
  status: pending; created 2026-11-18 11:06:40 UTC, 31s ago
  step: filter 1 "Spanish", target 1, queue Spanish, since 2026-11-18
    11:06:40 UTC; no other task of this queue before it

\x1b[1mWhom the step wants: 2 (3 members of the queue Spanish, 4 in all)\x1b[0m
  only workers with: worker.level > 1
  ana  is in the activity Break since 2026-11-18 11:06:46 UTC; rejected it
      twice
  ben  is in the activity Offline since 2026-11-18 11:07:06 UTC; did not
      answer an offer

\x1b[1mWhat happened (UTC)\x1b[0m
  2026-11-18 11:06:40  created
  2026-11-18 11:06:40  entered the workflow
  2026-11-18 11:06:40  entered the queue Spanish
  2026-11-18 11:06:40  offered to ana
  2026-11-18 11:06:45  rejected by ana
  2026-11-18 11:06:45  offered to ana
  2026-11-18 11:06:46  rejected by ana
  2026-11-18 11:06:46  offered to ben
  2026-11-18 11:07:06  not answered by ben

\x1b[1mWhat happens next, if nobody takes it and nobody changes\x1b[0m
  2026-11-18 11:07:40 UTC (in 29s): it leaves the queue Spanish and goes on
    to the queue Everyone, where none of the 4 workers whom that step wants
    can take it now
  2026-11-18 11:09:40 UTC (in 2m 29s): it leaves the workflow and is
    canceled (Task canceled on Workflow timeout)
"""
    )


def test_members_that_the_step_wants_are_eligible_and_those_who_could_take_it_now_available(center):
    center.goes("ana", "Here")
    center.task(channel="voice", other=1)  # is offered to ana, whose voice channel takes one task
    center.passes(2)
    waiting = center.task(language="es")

    found = center.why(waiting)

    [step, later] = found.route.steps
    assert (sorted(step.eligible), step.available, found.route.available) == (["ana", "ben"], [], [])
    assert {each.worker: each.obstacle.name for each in step.excluded} == {
        "ana": "CAPACITY",
        "ben": "ACTIVITY",
        "cho": "EXPRESSION",
        "dia": "NOT_IN_QUEUE",
    }
    assert sorted(later.eligible) == ["ana", "ben", "cho", "dia"]
    people = facts_of(found)
    assert (people["ana"].capacity, people["ana"].used, people["ana"].is_available) == (1, 1, True)
    assert (people["ben"].capacity, people["ben"].used, people["ben"].activity) == (None, None, "Offline")
    assert "1 is busy and 1 is in the activity Offline" in found.facts.answer


def test_every_list_is_read_once_and_only_the_channels_whose_load_decides(center):
    center.goes("ana", "Here")
    center.task(other=1)
    waiting = center.task(language="es")

    center.why(waiting)

    reads = [path.removeprefix(center.path).replace(waiting, "WT1") for path in center.requests.reads]
    assert sorted(reads) == [
        "/Activities",
        "/Events",
        "/TaskChannels",
        "/TaskQueues",
        "/Tasks",
        "/Tasks/WT1",
        "/Tasks/WT1/Reservations",
        "/Workers",
        f"/Workers/{center.sids['ana']}/Channels",
        "/Workflows",
        "/Workspaces",
    ]


def test_workers_whose_load_was_not_read_are_counted_in_a_note(center, monkeypatch):
    monkeypatch.setattr("tr_apply.deployment.live_questions.LOADS_LIMIT", 1)
    for name in ("ana", "ben", "cho"):
        center.goes(name, "Here")

    found = center.what(language="es")

    assert found.facts.notes == ["the loads of 2 more workers were not read: they count as if they had no task"]
    assert live_route.LOADS_LIMIT == 500


def test_one_worker_is_named_with_the_reason(center):
    waiting = center.task(agent="cho")

    assert center.why(waiting).facts.answer == (
        "This task waits because cho, the only worker whom the step wants, is in the activity Offline since "
        "2026-11-18 11:06:40 UTC."
    )


@pytest.mark.parametrize(
    ("attributes", "why"),
    [
        ({"language": "tlh"}, "no worker of the workspace is a member of the queue Klingon"),
        ({"level": 99}, "none of the 3 members of the queue Spanish satisfies the expression of the step"),
        ({"agent": "zoe"}, "the step wants the worker 'zoe' alone, who is not in the workspace"),
        ({"agent": "dia"}, "the step wants the worker 'dia' alone, who is not a member of the queue Spanish"),
        ({"agent": "", "none": True}, "the step wants the worker '' alone, who is not in the workspace"),
        ({"agent": 5}, "the step wants the worker 5 alone, which is not the name of a worker"),
    ],
)
def test_a_step_that_wants_nobody_says_why(center, attributes, why):
    found = center.why(center.task(**attributes))

    assert found.facts.answer == f"This task waits because {why}."
    assert found.facts.workers == []
    shown = live_route_text(found)
    assert ("not eligible:" in shown) is ("agent" not in attributes)


def test_a_channel_that_is_closed_and_a_capacity_that_is_used_are_the_reason(center):
    channel = f"{center.path}/Workers/{center.sids['ana']}/Channels/voice"
    center.send("POST", channel, Available="false")
    center.goes("ana", "Here")
    waiting = center.task(agent="ana")

    assert "ana, the only worker whom the step wants, takes no tasks of this channel now" in (
        center.why(waiting).facts.answer
    )

    center.send("POST", channel, Capacity="0", Available="true")

    assert "ana, the only worker whom the step wants, is busy (0 of 0 in use)" in center.why(waiting).facts.answer


def test_in_a_workspace_for_one_task_at_a_time_any_task_makes_busy(center):
    center.answers_otherwise(
        "/Workspaces", lambda page: [each.update(multi_task_enabled=False) for each in page["workspaces"]] and None
    )
    center.goes("ana", "Here")
    center.task(channel="chat", other=1)

    assert "is busy (1 of 1 in use)" in center.what(agent="ana").facts.answer


def test_ten_workers_are_in_the_text_and_all_in_the_document(center):
    for number in range(9):
        center.send("POST", f"{center.path}/Workers", FriendlyName=f"w{number}")

    found = center.why(center.task())

    assert len(found.facts.workers) == 13
    assert "and 3 more (--format json has all)" in flat(found)
    assert "none of the 13 workers whom the step wants can take it now: all are in the activity Offline" in flat(found)


def test_a_channel_that_a_worker_does_not_show_has_no_load(center):
    center.goes("ana", "Here")
    center.answers_otherwise(f"{center.sids['ana']}/Channels", lambda page: {**page, "channels": []})

    [ana, *_] = center.what(language="es").facts.workers

    assert (ana.worker, ana.can_take, ana.capacity) == ("ana", True, None)


def test_how_many_tasks_of_the_queue_come_first(center):
    first, second, urgent = center.task(), center.task(), center.task()
    for each, created in ((first, 1), (second, 2), (urgent, 3)):
        center.sql("UPDATE task SET virtual_start_ms = virtual_start_ms + ? WHERE sid = ?", 1000 * created, each)
    center.sql("UPDATE task SET priority = 5 WHERE sid = ?", urgent)

    assert [center.why(each).facts.task.ahead for each in (first, second, urgent)] == [1, 2, 0]
    assert "1 other task of this queue before it" in flat(center.why(first))
    assert "2 other tasks of this queue before it" in flat(center.why(second))


def test_in_a_queue_that_takes_the_latest_first_older_tasks_come_later(center):
    center.send("POST", f"{center.path}/TaskQueues/{center.sids['Everyone']}", TaskOrder="LIFO")
    first = center.task()
    center.passes(3)
    second = center.task()

    assert [center.why(each).facts.task.ahead for each in (first, second)] == [1, 0]


def test_those_that_come_first_are_named_where_somebody_could_take_a_task(center):
    for number in range(5):
        center.send("POST", f"{center.path}/Workers", FriendlyName=f"w{number}")
    center.task()
    center.passes(1)
    last = center.task()
    center.sql("UPDATE worker SET activity_sid = ?", center.sids["Here"])

    assert center.why(last).facts.answer.startswith(
        "This task should be offered to somebody any moment: 1 task of its queue comes first, and "
    )
    assert " and 6 more could take it." in center.why(last).facts.answer


def test_a_task_that_somebody_could_take_now_should_be_offered_any_moment(center):
    waiting = center.task(language="es")
    center.sql("UPDATE worker SET activity_sid = ? WHERE sid = ?", center.sids["Here"], center.sids["ben"])

    found = center.why(waiting)

    assert found.facts.answer.startswith("This task should be offered to somebody any moment: ben could take it.")
    assert "could take it now: Here (0 of 1 in use)" in live_route_text(found)


# Where it is


def test_a_later_step_is_known_by_the_queue_and_the_steps_before_it_are_counted(center):
    waiting = center.task(language="es")
    center.passes(70)

    found = center.why(waiting)

    assert (found.route.first.target, found.route.first.queue, found.facts.task.steps_before) == (2, "Everyone", 1)
    assert found.facts.task.queue_entered == "2026-11-18T11:07:40Z"


@pytest.mark.parametrize(("after_s", "target"), [(5, 1), (15, 2), (25, 3), (35, 4)])
def test_of_two_steps_that_lead_to_one_queue_the_age_says_which_it_is(center, after_s, target):
    waiting = center.task(twice=True)
    center.passes(after_s)

    found = center.why(waiting)

    assert (found.route.first.target, found.facts.task.is_sure) == (target, True)


def test_without_events_the_priority_decides_between_steps_of_one_queue(center):
    waiting = center.task(twice=True)
    center.sql("DELETE FROM event")

    found = center.why(waiting)

    assert (found.route.first.target, found.facts.task.events) == (1, "absent")
    center.sql("UPDATE task SET priority = 7 WHERE sid = ?", waiting)
    assert center.why(waiting).route.first.target == 3


def test_a_step_that_could_be_another_one_is_called_unsure(center):
    waiting = center.task(twice=True)
    center.passes(15)
    center.get(f"{center.path}/Tasks/{waiting}")  # the step is over: TaskRouter has moved it on
    center.sql("DELETE FROM event")

    found = center.why(waiting)

    assert (found.route.first.target, found.facts.task.is_sure) == (2, False)
    assert "(a later step of this queue is possible as well)" in flat(found)


def test_a_task_whose_workflow_was_changed_since_says_so(center):
    waiting = center.task(language="tlh")
    changed = {"task_routing": {"filters": [], "default_filter": {"queue": center.sids["Everyone"]}}}
    center.send("POST", f"{center.path}/Workflows/{center.sids['Incoming']}", Configuration=json.dumps(changed))

    found = center.why(waiting)

    assert found.facts.answer == "This task waits because no worker of the workspace is a member of the queue Klingon."
    assert found.facts.notes == [
        (
            "no step of the workflow as it is now leads this task to the queue 'Klingon': it was probably changed after the "
            "task had entered it, and the task keeps the old steps, which TaskRouter does not show; so what happens after "
            "this step is not known"
        )
    ]
    assert "Note: no step of the workflow as it is now" in live_route_text(found)


@pytest.mark.parametrize(
    ("document", "why"),
    [
        ("{}}", "is not valid JSON"),
        ('{"task_routing": {"filters": [{"expression": "a ==", "targets": [{}]}]}}', "does not parse"),
        ('{"task_routing": {"filters": [{"expression": "a == 1", "targets": []}]}}', "a filter has no targets"),
        ('{"task_routing": {"filters": [7]}}', "it is not a document such as TaskRouter describes"),
        ("", "TaskRouter shows no document of it"),
    ],
)
def test_a_workflow_that_cannot_be_read_leaves_the_facts_of_the_queue(center, document, why):
    waiting = center.task(language="tlh")
    center.answers_otherwise(
        "/Workflows", lambda page: [each.update(configuration=document) for each in page["workflows"]] and None
    )
    found = center.why(waiting)

    assert found.facts.answer == "This task waits because no worker of the workspace is a member of the queue Klingon."
    [note] = found.facts.notes
    assert note.startswith("the workflow 'Incoming' cannot be read")
    assert why in note
    with pytest.raises(TrApplyError, match=r"the live workflow 'Incoming' cannot be read"):
        center.what(language="es")


def test_a_deleted_workflow_leaves_the_facts_of_the_queue(center):
    waiting = center.task(language="tlh")
    center.answers_otherwise("/Workflows", lambda page: {**page, "workflows": []})

    found = center.why(waiting)

    assert "no worker of the workspace is a member of the queue Klingon" in found.facts.answer
    assert "TaskRouter shows no document of it" in found.facts.notes[0]


def test_a_task_with_a_routing_target_waits_past_the_filters(center):
    path = f"{center.path}/Tasks"
    to_queue = center.send("POST", path, WorkflowSid=center.sids["Incoming"], RoutingTarget=center.sids["Spanish"])
    to_worker = center.send(
        "POST", path, WorkflowSid=center.sids["Incoming"], RoutingTarget=center.sids["ben"], IgnoreCapacity="false"
    )

    queue, worker = center.why(to_queue["sid"]), center.why(to_worker["sid"])

    assert "none of the 3 workers whom the step wants can take it now: all are in the activity Offline" in (
        queue.facts.answer
    )
    assert (queue.route.first.queue, queue.route.first.filter, queue.route.first.default_filter) == (
        "Spanish",
        None,
        False,
    )
    assert f"sent to {center.sids['Spanish']}, past the filters" in live_route_text(queue)
    assert "ben, the only worker whom the step wants, is in the activity Offline" in worker.facts.answer
    assert "no queue" in live_route_text(worker)


def test_a_routing_target_who_is_gone_is_wanted_by_nobody(center):
    path, incoming = f"{center.path}/Tasks", center.sids["Incoming"]
    sent = center.send("POST", path, WorkflowSid=incoming, RoutingTarget=center.sids["ben"], IgnoreCapacity="false")
    center.answers_otherwise("/Workers", lambda page: {**page, "workers": []})

    found = center.why(sent["sid"])

    assert found.facts.answer == "This task waits because the worker whom it was sent to is not in the workspace."


def test_a_step_whose_task_names_no_worker_wants_nobody(center):
    found = center.what(workflow="Own", other=1)

    assert found.facts.answer == (
        "A task like this would wait, because the step wants a worker whom the task must name, and the task names none."
    )


# Events that say less


def test_events_are_put_in_order_and_unknown_ones_are_shown_as_they_are(center):
    center.goes("ana", "Here")
    center.passes(1)
    waiting = center.task(language="es")
    center.passes(1)
    center.answers(waiting, "rejected", WorkerActivitySid=center.sids["Break"])
    in_order = center.why(waiting).facts.task
    never = {"event_type": "task.updated", "event_date_ms": 10**30}
    odd = {"event_type": "task.{0.__class__}", "event_data": None, "event_date": "soon"}
    center.answers_otherwise("/Events", lambda page: {**page, "events": [never, *reversed(page["events"]), odd, 7]})

    found = center.why(waiting)

    assert found.facts.task.history[1:-1] == in_order.history
    assert found.facts.task.offers == in_order.offers
    assert "(no date) task.{0.__class__}" in flat(found)


def test_redacted_events_are_marked_and_the_reservations_name_who_refused(center):
    center.goes("ana", "Here")
    waiting = center.task(language="es")
    center.answers(waiting, "rejected", WorkerActivitySid=center.sids["Break"])
    center.sql("UPDATE event SET worker_name = NULL, worker_attributes = NULL")

    found = center.why(waiting)

    assert found.facts.task.events == "redacted"
    assert "It was offered once in vain: ana rejected it." in found.facts.answer
    assert "The events are redacted: they do not say who was offered the task." in live_route_text(found)


def test_without_reservations_the_events_name_who_refused(center):
    center.goes("ana", "Here")
    waiting = center.task(language="es")
    center.answers(waiting, "rejected", WorkerActivitySid=center.sids["Break"])
    center.sql("DELETE FROM reservation")

    [offer] = center.why(waiting).facts.task.offers

    assert (offer.worker, offer.status, offer.ended) == ("ana", "rejected", "2026-11-18T11:06:40Z")


def test_a_task_without_events_still_has_its_reservations(center):
    center.goes("ana", "Here")
    waiting = center.task(language="es")
    center.answers(waiting, "rejected", WorkerActivitySid=center.sids["Break"])
    center.sql("DELETE FROM event")

    found = center.why(waiting)

    assert "ana rejected it" in found.facts.answer
    assert "TaskRouter has no event of this task" in live_route_text(found)


def test_events_that_may_not_be_read_do_not_fail_the_command(center):
    waiting = center.task(language="es")
    center.answers_otherwise("/Events", lambda _: {"code": 20003, "message": "no", "status": 403}, status=403)
    found = center.why(waiting)

    assert found.facts.task.events == "refused"
    assert "TaskRouter does not show the events of this task to these credentials." in live_route_text(found)


@pytest.mark.parametrize("broken", ["no answer in time", "no list"])
def test_events_that_are_not_answered_are_left_out(center, monkeypatch, broken):
    waiting = center.task(language="tlh")
    if broken == "no list":
        center.answers_otherwise("/Events", lambda _: {"meta": {}})
    else:
        center.never_answers("/Events")
        monkeypatch.setattr(live_questions, "EVENTS_WAIT_S", 0)

    found = center.why(waiting)

    assert found.facts.answer == "This task waits because no worker of the workspace is a member of the queue Klingon."
    assert found.facts.task.events == "unread"
    assert "The events of this task could not be read in time. They say who rejected it; try again." in flat(found)


def test_more_events_than_are_read_are_marked_as_cut(center, monkeypatch):
    monkeypatch.setattr("tr_apply.client.runtime.PAGE_SIZE", 2)
    monkeypatch.setattr("tr_apply.client.runtime.Runtime._list.__kwdefaults__", {"pages": 1}, raising=False)
    waiting = center.task(language="es")

    found = center.why(waiting)

    assert (found.facts.task.events, len(found.facts.task.history)) == ("cut", 2)
    assert "There are more events than were read; these are not all." in live_route_text(found)


def test_only_the_latest_of_many_moments_are_in_the_text(center):
    center.goes("ana", "Here")
    waiting = center.task(language="es")
    for _ in range(6):
        center.answers(waiting, "rejected")

    found = center.why(waiting)

    assert len(found.facts.task.history) == 17
    assert "  … 4 earlier (--format json has all)" in live_route_text(found)


# People and attributes that cannot be read


def test_an_unreadable_worker_or_queue_matches_nobody_and_a_note_says_so(center):
    waiting = center.task(language="es")
    center.answers_otherwise(
        "/Workers", lambda page: [each.update(attributes="{") for each in page["workers"]] and None
    )
    center.answers_otherwise(
        "/TaskQueues", lambda page: [each.update(target_workers="a ==") for each in page["task_queues"]] and None
    )

    notes = center.why(waiting).facts.notes

    assert any(each.startswith("the attributes of the worker 'ana'") for each in notes)
    assert any(
        each.startswith("the expression of the queue 'Klingon' cannot be read, so nobody counts") for each in notes
    )


def test_attributes_that_are_not_shown_any_more_are_a_note(center):
    waiting = center.task(language="es")
    center.answers_otherwise(f"/Tasks/{waiting}", lambda task: {**task, "attributes": None})

    found = center.why(waiting)

    assert "TaskRouter does not show the attributes of the task, so no filter can be judged" in found.facts.notes
    assert found.attributes == {}


def test_a_queue_that_the_workflow_names_and_that_is_gone_has_nobody(center):
    waiting = center.task(language="tlh")
    center.answers_otherwise("/TaskQueues", lambda page: {**page, "task_queues": []})

    found = center.why(waiting)

    assert "which is not in the workspace" in " ".join(found.facts.notes)
    assert "no worker of the workspace is a member of the queue WQ" in found.facts.answer


def test_an_activity_that_no_list_shows_is_known_from_its_workers(center):
    waiting = center.task(agent="cho")
    [first, *_] = center.items("Activities")
    assert first["friendly_name"] == "Offline"
    center.answers_otherwise("/Activities", lambda page: {**page, "activities": page["activities"][1:]})
    assert "is in the activity Offline" in center.why(waiting).facts.answer


# A task that does not wait


def test_an_offered_task_names_to_whom_and_until_when(center):
    center.goes("ana", "Here")
    offered = center.task(language="es")
    center.passes(5)

    found = center.why(offered)

    assert found.facts.answer == (
        "This task has been offered to ana since 2026-11-18 11:06:40 UTC and waits for the answer, until "
        "2026-11-18 11:07:00 UTC at the latest."
    )
    assert "ana  is being offered this task" in live_route_text(found)


def test_a_task_is_offered_to_several_concurrently(center):
    center.send("POST", f"{center.path}/TaskQueues/{center.sids['Spanish']}", MaxReservedWorkers="2")
    center.goes("ben", "Here")
    center.passes(1)
    center.goes("ana", "Here")

    assert center.why(center.task(language="es")).facts.answer.startswith(
        "This task has been offered to ana and ben since 2026-11-18 11:06:41 UTC and waits for their answer"
    )
    assert center.what(language="es", channel="sms").facts.answer == (
        "A task like this would be offered to ben and ana immediately."
    )


def test_an_offer_without_details_is_still_an_offer(center):
    center.goes("ana", "Here")
    offered = center.task(language="es")
    center.sql("DELETE FROM event")
    center.sql("UPDATE reservation SET status = 'canceled'")

    assert center.why(offered).facts.answer.startswith("This task is offered to a worker at this moment.")


def test_a_task_that_somebody_has_is_not_waiting(center):
    center.goes("ana", "Here")
    task = center.task(language="es")
    center.passes(3)
    center.answers(task, "accepted")
    center.passes(4)

    found = center.why(task)

    assert found.facts.answer == "This task does not wait: ana has it since 2026-11-18 11:06:43 UTC."
    assert found.route is None
    center.send("POST", f"{center.path}/Tasks/{task}", AssignmentStatus="wrapping", Reason="call over")
    assert center.why(task).facts.answer == "This task does not wait: ana has finished with it and has to wrap it up."
    center.send("POST", f"{center.path}/Tasks/{task}", AssignmentStatus="completed", Reason="sold")
    assert center.why(task).facts.answer == (
        "This task does not wait: it was completed at 2026-11-18 11:06:47 UTC: sold."
    )


def test_a_task_that_is_gone_is_known_from_its_events(center):
    task = center.task(language="es")
    center.passes(200)
    center.passes(400)

    found = center.why(task)

    assert found.facts.answer == (
        "This task no longer waits: it was canceled at 2026-11-18 11:09:40 UTC: Task canceled on Workflow timeout."
    )
    assert (found.workflow, found.attributes, found.channel, found.priority) == (
        "Incoming",
        {"language": "es"},
        "voice",
        10,
    )
    assert live_route_text(found).count("Task WT") == 1


def test_a_task_that_was_deleted_is_only_known_to_be_gone(center):
    task = center.task(language="es")
    center.send("DELETE", f"{center.path}/Tasks/{task}")

    assert center.why(task).facts.answer == (
        "This task no longer waits: it was deleted, last seen at 2026-11-18 11:06:40 UTC."
    )


def test_an_unknown_task_is_an_error_that_says_how_long_tasks_are_kept(center):
    with pytest.raises(TrApplyError, match=r"there is no task WT0{32} in 'Center', and no event of one; TaskRouter"):
        center.why("WT" + "0" * 32)


def test_an_answer_that_shows_no_task_and_a_refusal_are_errors(center):
    waiting = center.task()
    center.answers_otherwise(f"/Tasks/{waiting}", lambda _: {"sid": 7})

    with pytest.raises(NetworkError, match="the answer shows no task"):
        center.why(waiting)

    center.answers_otherwise(f"/Tasks/{waiting}", lambda _: {"code": 20003, "message": "no", "status": 403}, status=403)
    with pytest.raises(ApiError, match="no"):
        center.why(waiting)


# A task that is only supposed


@pytest.mark.parametrize(
    ("here", "attributes", "answer"),
    [
        (["ben"], {"language": "es"}, "A task like this would be offered to ben immediately."),
        (
            [],
            {"agent": "ben"},
            (
                "A task like this would wait, because ben, the only worker whom the step wants, is in the activity Offline "
                "since 2026-11-18 11:06:40 UTC."
            ),
        ),
        (
            [],
            {"skip": True},
            (
                "A task like this would skip the queue Klingon, because no worker of the workspace is a member of the queue "
                "Klingon: it would wait in the queue Everyone."
            ),
        ),
        (
            ["cho"],
            {"skip": True},
            (
                "A task like this would skip the queue Klingon, because no worker of the workspace is a member of the queue "
                "Klingon: it would be offered to cho in the queue Spanish."
            ),
        ),
    ],
)
def test_the_route_of_a_task_that_does_not_exist_yet(center, here, attributes, answer):
    for name in here:
        center.goes(name, "Here")

    found = center.what(**attributes)

    assert found.facts.answer == answer
    assert (found.facts.task, found.facts.people) == (None, 4)


def test_a_task_that_matches_no_filter_is_canceled_immediately(center):
    found = center.what(workflow="Narrow", a=2)

    assert found.facts.answer == (
        "A task like this is canceled immediately: no filter takes it, and the workflow has no default filter."
    )
    assert "What happens next" not in live_route_text(found)


def test_the_text_of_a_supposed_task_has_its_filters_and_the_ages_of_its_steps(center):
    center.goes("dia", "Here")

    found = center.what(language="es")

    text = live_route_text(found)
    assert "\x1b[1mFilters\x1b[0m\n  yes  Spanish: language == 'es'\n       5 more are not looked at\n" in text
    assert "at 1m: it leaves the queue Spanish and goes on to the queue Everyone, where dia could take it now" in flat(
        found
    )
    assert flat(found).endswith("at 3m: it leaves the workflow and is canceled (Task canceled on Workflow timeout)")


def test_names_that_are_not_live_are_refused_with_those_that_are(center):
    with pytest.raises(UsageError, match=r"there is no live workflow 'Incomming'; did you mean 'Incoming'\?"):
        center.what(workflow="Incomming")
    with pytest.raises(UsageError, match=r"there is no live task channel 'x'; known here: default, "):
        center.what(channel="x")
