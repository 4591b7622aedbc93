"""Tasks recorded from the events of an embedded TaskRouter: each once, hour by hour, and resumed after a kill."""

import json
import re
from datetime import UTC, datetime, timedelta

import pytest

from tr_apply.corpus.events import Hour, event_of, hours_between, task_of
from tr_apply.corpus.tasks import RecordedTask
from tr_apply.deployment.recording import RecordedSpan, Recording, events_by_hour, workflow_of
from tr_apply.errors import NetworkError
from tr_apply.live import Live
from tr_apply.reader import named_workspace

CENTER = """
workspace: {name: Center}
task_queues: [{name: Everyone}]
workflows:
- name: Voice
  filters:
  - {name: Spanish, expression: "language == 'es'", targets: [{queue: Everyone}]}
  default_filter: {queue: Everyone}
"""
CANARY = "+15550001111"


class Kept:
    """Lines in memory, of a run that may be killed after some of them."""

    def __init__(self, text="", most=10**9):
        self.text = text
        self.most = most

    def read(self):
        return self.text

    def begin(self, line):
        self.text = line

    def add(self, line):
        if not self.most:
            raise KeyboardInterrupt
        self.most -= 1
        self.text += line


@pytest.fixture
def later():
    """A time at which this hour is long over, in the middle of another one."""
    return (datetime.now(UTC) + timedelta(hours=2)).replace(minute=30)


@pytest.fixture
def center(world):
    world.apply(CENTER)
    return world


def make_tasks(world, *attributes, **form):
    workflow = world.sid("Workflows", "Voice")
    for each in attributes:
        world.make("Tasks", WorkflowSid=workflow, Attributes=json.dumps(each), **form)


def record(world, runner, *, kept=None, hours=3, now=None, keeps_values=False, said=None):
    """The tasks of the *hours* before *now*."""
    now = now or datetime.now(UTC)

    async def recorded():
        async with world._client() as client:
            live = await named_workspace(client, "Center")
            span = RecordedSpan(now - timedelta(hours=hours), now)
            recording = Recording(client, live, span, keeps_values=keeps_values)
            return await recording.tasks(kept or Kept(), lambda *done: said is None or said.append(done))

    world.requests.reads.clear()
    return runner.run(recorded())


def counts(found):
    return {json.dumps(each.attributes, sort_keys=True): each.count for each in found.tasks}


def test_every_task_is_recorded_once_with_what_routing_reads(center, runner):
    make_tasks(center, *[{"language": "es", "from": CANARY}] * 3, *[{"language": "fr"}] * 5, {"language": "tlh"})
    make_tasks(center, {}, TaskChannel="voice", Priority="7")

    found = record(center, runner)

    assert counts(found) == {'{"language": "es"}': 3, '{"language": "fr"}': 5, '{"language": "other"}': 1, "{}": 1}
    assert found.attributes == ["language"]
    [first] = [each for each in found.tasks if not each.attributes]
    hour = datetime.now(UTC).strftime("%Y-%m-%dT%H")
    assert first == RecordedTask("Voice", {}, "voice", 7, 1, first.time)
    assert first.time.startswith(hour) or first.time < hour


def test_an_hour_is_one_request_and_pages_are_followed(center, runner, monkeypatch):
    monkeypatch.setattr("tr_apply.client.paging.PAGE_SIZE", 2)
    make_tasks(center, *[{"language": "es"}] * 5)

    found = record(center, runner)

    asked = [path for path in center.requests.reads if path.endswith("/Events")]
    assert counts(found) == {'{"language": "es"}': 5}
    assert len(asked) in {4 + 2, 4 + 3}  # the hours in which there are none, and three pages; or a new hour has begun


def test_a_workflow_is_called_as_it_is_today(center, runner):
    make_tasks(center, {})
    center.change("Workflows", "Voice", FriendlyName="Calls")

    assert [each.workflow for each in record(center, runner).tasks] == ["Calls"]


def test_values_are_kept_where_that_is_asked_for(center, runner):
    make_tasks(center, {"language": "tlh", "from": CANARY})

    assert [each.attributes for each in record(center, runner, keeps_values=True).tasks] == [
        {"from": CANARY, "language": "tlh"}
    ]


def test_a_killed_run_is_resumed_and_its_file_holds_no_phone_number(center, runner, later):
    make_tasks(center, {"language": CANARY}, *[{"language": "fr"}] * 4)
    whole = record(center, runner, now=later, hours=5)
    killed, said = Kept(most=4), []

    with pytest.raises(KeyboardInterrupt):
        record(center, runner, now=later, hours=5, kept=killed)
    killed.most = 100
    resumed = record(center, runner, now=later, hours=5, kept=killed, said=said)

    assert CANARY not in killed.text
    assert '"fr"' not in killed.text
    assert resumed.resumed_hours == 4
    assert said == [(4, 6, 5), (5, 6, 5), (6, 6, 5)]
    assert len([path for path in center.requests.reads if path.endswith("/Events")]) == 2
    assert resumed.tasks == whole.tasks
    assert counts(whole) == {'{"language": "other"}': 5}


def test_a_value_that_was_common_before_a_kill_stays_so(center, runner, later):
    make_tasks(center, *[{"language": "fr"}] * 5)
    kept = Kept()
    first = record(center, runner, now=later, kept=kept, hours=5)

    again = record(center, runner, now=later, kept=kept, hours=5)

    assert counts(again) == counts(first) == {'{"language": "fr"}': 5}
    assert again.resumed_hours >= 3


@pytest.mark.parametrize(
    ("pattern", "instead"),
    [
        (r"(?s).*", ""),
        (r"(?s).*", "not json\n"),
        (r"(?s).*", "[" * 10_000 + "\n"),
        ('"key"', '"yek"'),
        ("WS", "WT"),
        (r"(?s)\n.*", '\n{"hour": 5}\ncut off'),
    ],
)
def test_a_file_that_is_of_no_use_is_begun_anew(center, runner, later, pattern, instead):
    make_tasks(center, {"language": "es"})
    kept = Kept()
    record(center, runner, now=later, kept=kept)
    kept.text = re.sub(pattern, lambda _: instead, kept.text, count=1)

    found = record(center, runner, now=later, kept=kept)

    assert found.resumed_hours == 0
    assert counts(found) == {'{"language": "es"}': 1}


def test_other_expressions_make_another_record(center, runner, later):
    kept = Kept()
    record(center, runner, now=later, kept=kept)
    center.apply(CENTER.replace("'es'", "'fr'"))

    assert record(center, runner, now=later, kept=kept).resumed_hours == 0


def test_events_of_any_types_are_read_in_their_order(center, runner):
    make_tasks(center, {"language": "es"})
    now = datetime.now(UTC)

    async def read():
        async with center._client() as client:
            live = await named_workspace(client, "Center")
            hours = hours_between(now - timedelta(hours=1), now + timedelta(seconds=1))
            kinds = ["task-queue.entered", "task.created"]
            return [each async for _, found in events_by_hour(client, live.sid, kinds, hours) for each in found]

    found = runner.run(read())

    assert sorted(each.type for each in found) == ["task-queue.entered", "task.created"]
    assert [each.at for each in found] == sorted(each.at for each in found)
    assert json.loads(found[0].data["task_attributes"]) == {"language": "es"}


@pytest.mark.parametrize("attributes", ["[NaN]", "[1]", "redacted", "[" * 10_000])
def test_of_a_task_with_invalid_attributes_only_its_arrival_is_kept(center, runner, attributes):
    make_tasks(center, {"language": "es"})
    center.sql("UPDATE event SET task_attributes = ?", attributes)

    assert [(each.workflow, each.attributes) for each in record(center, runner).tasks] == [("Voice", {})]


def test_a_workflow_that_cannot_be_read_reads_nothing_of_a_task():
    live = Live("workflow", "Voice", "WW1", {"configuration": "{"})

    assert workflow_of(live).filters == []


# Events as values

START = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)


def test_hours_are_those_of_the_clock_and_cut_at_both_ends():
    found = list(hours_between(START, datetime(2026, 11, 20, 11, 0, 5, tzinfo=UTC)))

    assert [(each.start.strftime("%H:%M:%S"), each.end.strftime("%H:%M:%S")) for each in found] == [
        ("09:30:00", "10:00:00"),
        ("10:00:00", "11:00:00"),
        ("11:00:00", "11:00:05"),
    ]
    assert list(hours_between(START, START)) == []


@pytest.mark.parametrize(
    ("changes", "at"),
    [
        ({}, START),
        ({"event_date_ms": None}, START.replace(minute=31)),
        ({"event_date_ms": 10**30}, None),
        ({"event_date_ms": None, "event_date": "soon"}, None),
        ({"sid": None}, None),
        ({"event_data": "x"}, None),
    ],
)
def test_an_event_has_a_sid_a_type_a_moment_and_data(changes, at):
    answer = {
        "sid": "EV1",
        "event_type": "task.created",
        "event_date_ms": int(START.timestamp() * 1000),
        "event_date": "2026-11-20T09:31:00Z",
        "event_data": {},
    }

    found = event_of({**answer, **changes})

    assert (found and found.at) == at


@pytest.mark.parametrize(
    ("data", "task"),
    [
        ({}, RecordedTask("unknown", {}, time="2026-11-20T09:00:00Z")),
        ({"workflow_sid": "WW1"}, RecordedTask("Voice", {}, time="2026-11-20T09:00:00Z")),
        ({"workflow_sid": "WW2", "workflow_name": "Old"}, RecordedTask("Old", {}, time="2026-11-20T09:00:00Z")),
        (
            {"workflow_sid": "WW2", "task_priority": "high", "task_attributes": "redacted"},
            RecordedTask("WW2", {}, time="2026-11-20T09:00:00Z"),
        ),
    ],
)
def test_a_task_is_recorded_as_far_as_its_event_describes_it(data, task):
    event = event_of(
        {"sid": "EV1", "event_type": "task.created", "event_date": "2026-11-20T09:31:00Z", "event_data": data}
    )

    assert task_of(event, Hour(START, START + timedelta(hours=1)), {"WW1": "Voice"}) == task


def test_a_list_of_invalid_events_is_an_error(center, runner, monkeypatch):
    make_tasks(center, {})
    monkeypatch.setattr("tr_apply.client.answers.event_of", lambda _: None)

    with pytest.raises(NetworkError, match="an event without a SID"):
        record(center, runner)
