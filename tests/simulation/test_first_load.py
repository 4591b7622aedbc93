"""A first load: figures of observed events, and a file that marks guessed values and can be simulated."""

import json
import random
from datetime import UTC, datetime, timedelta, timezone

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from tr_apply.config.load import load
from tr_apply.corpus.events import Hour, WorkspaceEvent
from tr_apply.corpus.observed_work import EVENT_TYPES, ActivitySwitch, ObservedWork, shifts_of
from tr_apply.corpus.reduce import Reduction
from tr_apply.resources.workflow import Filter, Target, Workflow
from tr_apply.routing.unsure import REASON_TTL
from tr_apply.simulation.first_load import first_load
from tr_apply.simulation.observed import Observer, WorkerOnRecord, grouping_attribute, main_attributes
from tr_apply.simulation.reading import load_simulation

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
WORKSPACE = """\
workspace: {name: Center}
activities: [{name: Offline}, {name: Available, available: true}]
task_queues: [{name: Sales, target_workers: "team == 'sales'"}, {name: Everyone}]
workflows:
  - name: Voice
    filters:
      - {name: Sales, expression: "topic == 'sales' OR lang IN ['en', 'es'] OR n > 4 OR tags HAS 'x'", targets: [{queue: Sales}]}
    default_filter: {queue: Everyone}
workers:
  - {name: ana, attributes: {team: sales}}
  - {name: ben, attributes: {team: sales}}
  - {name: cem, attributes: {team: others}}
  - {name: dan, attributes: {team: others}}
"""
ROUTING = Workflow(
    name="Voice",
    filters=[
        Filter(
            expression="topic == 'sales' OR lang IN ['en', 'es'] OR n > 4 OR tags HAS 'x'",
            targets=[Target(queue="Sales")],
        )
    ],
)


class Center:
    """Events of a workspace, written down as they happen."""

    def __init__(self, days=1):
        self.events = []
        self.span = Hour(MONDAY, MONDAY + timedelta(days=days))

    def note(self, kind, at, **data):
        sid = f"EV{len(self.events):032}"
        self.events.append(WorkspaceEvent(sid, kind, at, data))

    def task(self, number, at, *, waits=5, handle=None, after=None, gives_up=None, reason="hangup", **task):
        sid, reservation = {"task_sid": f"WT{number}"}, {"reservation_sid": f"WR{number}"}
        data = {
            "workflow_sid": "WW1",
            "task_channel_unique_name": task.get("channel", "voice"),
            "task_priority": str(task.get("priority", 0)),
            "task_attributes": json.dumps(task.get("attributes", {})),
        }
        self.note("task.created", at, **sid, **data)
        if gives_up is not None:
            return self.note("task.canceled", at + timedelta(seconds=gives_up), **sid, task_canceled_reason=reason)
        self.note("reservation.created", at, **sid, **reservation)
        if handle is None:
            return self.note("reservation.timeout", at + timedelta(seconds=waits), **sid, **reservation)
        answered = at + timedelta(seconds=waits)
        self.note("reservation.accepted", answered, **sid, **reservation)
        over = answered + timedelta(seconds=handle)
        if after is not None:
            self.note("reservation.wrapup", over, **sid, **reservation)
            over += timedelta(seconds=after)
        self.note("task.completed", over, **sid)
        return self.note("reservation.completed", over, **sid, **reservation)

    def works(self, worker, begin, *hours):
        """The worker comes, and then goes and comes after each number of hours."""
        at, states = begin, ["off", "on"]
        for length in (0, *hours):
            at += timedelta(hours=length)
            previous, now = states
            self.note(
                "worker.activity.update",
                at,
                worker_sid=worker,
                worker_activity_sid=now,
                worker_previous_activity_sid=previous,
            )
            states.reverse()

    def work(self):
        found = ObservedWork(Reduction([ROUTING], b"key"), {"WW1": "Voice"})
        found.take(self.span, self.events)
        return found

    def day(self, workers=(), asked=("team",), zone=UTC):
        return Observer(self.work(), self.span, zone).day(workers, frozenset({"on"}), asked)

    def text(self, workers=(), zone=UTC):
        return first_load(self.day(workers, zone=zone), self.span, zone)


WORKERS = [
    WorkerOnRecord("WK1", {"team": "sales"}),
    WorkerOnRecord("WK2", {"team": "sales"}),
    WorkerOnRecord("WK3", {"team": "others"}),
    WorkerOnRecord("WK4", {"team": "others"}),
]


@pytest.fixture
def simulated(tmp_path):
    """Reads a text as a load of the workspace above; whatever is wrong with it is an error."""
    (tmp_path / "w.yaml").write_text(WORKSPACE)

    def read(text):
        (tmp_path / "load.yaml").write_text(text, encoding="utf-8")
        return load_simulation(tmp_path / "load.yaml", load(tmp_path / "w.yaml"))

    return read


def content(text):
    return yaml.safe_load(text)["simulation"]


# Tasks


def test_the_times_of_a_task_are_distinguished():
    center = Center()
    center.task(1, MONDAY + timedelta(hours=9), waits=7, handle=100, after=30)

    [demand] = center.day().demands

    assert (demand.handle.mean_s, demand.after_contact.mean_s, demand.waited_s) == (100, 30, 7)
    assert center.day().staff.answer_delay.mean_s == 7


def test_without_wrapup_there_is_no_work_after_the_contact():
    center = Center()
    center.task(1, MONDAY + timedelta(hours=9), handle=100)

    [demand] = center.day().demands

    assert (demand.handle.mean_s, demand.after_contact.mean_s) == (100, 0)


def test_of_a_task_that_is_transferred_the_first_answer_counts():
    center = Center()
    center.task(1, MONDAY + timedelta(hours=9), waits=7, handle=100, after=30)
    center.note("reservation.accepted", MONDAY + timedelta(hours=9, seconds=50), task_sid="WT1", reservation_sid="WR9")

    assert center.day().demands[0].waited_s == 7


def test_a_task_canceled_by_the_workflow_was_not_abandoned_but_it_has_waited():
    center = Center()
    center.task(1, MONDAY + timedelta(hours=9), gives_up=40)
    center.task(2, MONDAY + timedelta(hours=9), gives_up=60, reason=REASON_TTL)
    center.task(3, MONDAY + timedelta(hours=23, minutes=59))

    [demand] = center.day().demands

    assert (demand.gave_up, demand.waited_s) == (1, 40 + 60 + 60)


def test_an_end_without_its_beginning_is_of_no_task():
    center = Center()
    center.note("task.completed", MONDAY, task_sid="WT9")
    center.note("reservation.accepted", MONDAY, task_sid="WT9", reservation_sid="WR9")
    center.note("reservation.timeout", MONDAY, task_sid="WT9", reservation_sid="WR9")

    assert center.work().courses == {}
    assert center.work().missed == 0


def test_patience_is_found_again_although_most_are_answered():
    center, draws = Center(), random.Random(5)
    for number in range(4000):
        patience, wait = draws.expovariate(1 / 90), draws.expovariate(1 / 30)
        at = MONDAY + timedelta(hours=9, seconds=number)
        center.task(number, at, **({"gives_up": patience} if patience < wait else {"waits": wait, "handle": 60}))

    [demand] = content(center.text())["demand"]

    assert demand["patience"].endswith("s")
    assert 80 < int(demand["patience"][:-1]) < 100


def test_a_lognormal_time_has_its_quantile_and_few_times_have_none():
    center = Center()
    for number in range(20):
        center.task(number, MONDAY + timedelta(hours=9), handle=100 + 10 * number)
        center.task(100 + number, MONDAY + timedelta(hours=9), handle=100 if number else 90_000, channel="chat")
    center.task(500, MONDAY + timedelta(hours=9), handle=100, channel="sms")

    found = {each["channel"]: each["handle_time"] for each in content(center.text())["demand"]}

    assert found == {"voice": {"mean": "195s", "p90": "270s"}, "chat": "4595s", "sms": "100s"}
    assert "handle_time: 100s  # GUESSED from 1\n" in center.text()


def test_kinds_that_nobody_handled_are_guessed_from_the_others():
    center = Center()
    center.task(1, MONDAY + timedelta(hours=9), gives_up=9)
    assert "handle_time: 180s  # GUESSED: no task was handled" in center.text()
    assert "patience: 9.00  # GUESSED: only 1 abandoned in 9 s of waiting" in center.text()

    center.task(2, MONDAY + timedelta(hours=9), handle=60, channel="chat")
    assert "handle_time: 60s  # GUESSED: none of these was handled" in center.text()
    assert "patience: infinite  # GUESSED: nobody abandoned" in center.text()


@pytest.mark.parametrize(("number", "said"), [(1, "  # 1 task in all\n"), (2, "  # 2 tasks in all\n")])
def test_one_task_is_not_written_as_several(number, said):
    center = Center()
    for each in range(number):
        center.task(each, MONDAY + timedelta(hours=9, minutes=each), handle=60)

    assert said in center.text()


def test_a_patience_of_more_than_a_month_is_for_ever():
    center = Center(days=30)
    center.task(0, MONDAY, gives_up=1)
    for number in range(1, 4):
        center.task(number, MONDAY)

    assert "patience: infinite  # 1 abandoned in 7776001 s of waiting" in center.text()


# Kinds and arrivals


def test_tasks_are_grouped_by_their_main_attributes_and_the_others_are_drawn():
    center = Center()
    for number in range(200):
        attributes = {"topic": "sales"} if number % 2 else {}
        attributes |= {"n": number % 20, "tags": ["x"]}
        center.task(number, MONDAY + timedelta(hours=9), attributes=attributes, handle=60)

    sales, rest = content(center.text())["demand"]
    if "topic" not in sales["attributes"]:
        sales, rest = rest, sales

    assert sales["name"] == "Voice, voice topic=sales"
    assert rest["name"] == "Voice, voice"
    assert sales["attributes"]["topic"] == "sales"
    assert "topic" not in rest["attributes"]
    assert sales["attributes"]["tags"] == [{"value": ["x"], "share": "100%"}]
    assert sum(float(each["share"][:-1]) for each in rest["attributes"]["n"]) == pytest.approx(100, abs=0.01)


def test_priorities_and_channels_are_kinds_of_their_own_with_names_of_their_own(simulated):
    center = Center()
    for number, (channel, priority) in enumerate([("voice", 0), ("voice", 5), ("voice", 6), ("chat", 0)]):
        center.task(number, MONDAY + timedelta(hours=9), channel=channel, priority=priority)

    found = simulated(center.text()).contacts

    assert {(each.name, each.channel, each.priority) for each in found} == {
        ("Voice, voice", "voice", 0),
        ("Voice, voice 2", "voice", 5),
        ("Voice, voice 3", "voice", 6),
        ("Voice, chat", "chat", 0),
    }


def test_an_attribute_with_many_values_makes_no_groups():
    tasks = [{"a": str(number % 9), "b": str(number % 3), "c": str(number % 4), "d": "1"} for number in range(36)]

    assert main_attributes(tasks) == ("b",)


def test_rare_kinds_are_left_out_and_counted():
    center = Center()
    for number in range(103):
        center.task(number, MONDAY, priority=number)

    assert "# 3 tasks of rare kinds are left out." in center.text()
    assert len(content(center.text())["demand"]) == 100


def test_a_task_that_cannot_be_reduced_is_counted():
    workflow = Workflow(
        name="Voice", filters=[Filter(expression="a < 'm' AND a CONTAINS 'x'", targets=[Target(queue="Sales")])]
    )
    center = Center()
    center.task(1, MONDAY, attributes={"a": "ax"})
    work = ObservedWork(Reduction([workflow], b"key"), {})

    work.take(center.span, center.events)

    assert (work.left_out, work.courses) == (1, {})


def test_arrivals_are_those_of_an_average_day_on_which_tasks_came():
    center = Center(days=7)
    for day, number in ((0, 4), (1, 2)):
        for each in range(number):
            center.task(10 * day + each, MONDAY + timedelta(days=day, hours=9, minutes=40))
    center.task(99, MONDAY + timedelta(days=1, hours=11))

    day = content(center.text())

    assert (day["opens"], day["closes"]) == ("09:30", "11:30")
    assert day["demand"][0]["offered"] == [3, 0, 0, 0.5]
    assert "# 7 tasks came on 2 days" in center.text()


def test_an_interval_that_was_not_observed_on_a_day_does_not_count_for_it():
    center = Center(days=2)
    center.span = Hour(MONDAY + timedelta(hours=12), MONDAY + timedelta(days=2))
    for number, hour in enumerate((13, 33, 37)):
        center.task(number, MONDAY + timedelta(hours=hour))

    day = content(center.text())

    assert day["opens"] == "09:00"
    assert (day["demand"][0]["offered"][0], day["demand"][0]["offered"][-1]) == (1, 1)


def test_times_of_day_are_those_of_the_zone():
    center = Center()
    center.task(1, MONDAY + timedelta(hours=9))
    east = timezone(timedelta(hours=5, minutes=30))

    assert content(center.text(zone=east))["opens"] == "14:30"
    assert "(UTC+0530)" in center.text(zone=east)
    assert content(center.text(zone=None))["opens"].endswith(("00", "30"))


# People


def test_shifts_come_from_activities_and_pauses_are_shrinkage(simulated):
    center = Center(days=2)
    for day in (0, 1):
        center.task(day, MONDAY + timedelta(days=day, hours=9), handle=60)
        center.works("WK1", MONDAY + timedelta(days=day, hours=9, minutes=2), 4, 1, 3)
        center.works("WK3", MONDAY + timedelta(days=day, hours=10), 6)
    center.works("WK2", MONDAY + timedelta(hours=8), 8)

    staffing = content(center.text(WORKERS))["staffing"]
    load_ = simulated(center.text(WORKERS))

    others, sales, rest = staffing["shifts"]
    assert (others["where"], others["starts"], others["length"]) == ("team == 'others'", ["10:00"], "360m")
    assert (sales["where"], sales["starts"]) == ("team == 'sales'", ["08:00", "09:00"])
    assert rest["where"] == "1==1"
    assert staffing["shrinkage"] == "5.6%"
    assert staffing["pause"] == "3600s"
    assert staffing["absence"] == "37.5%"
    assert [each.where for each in load_.shifts] == ["team == 'others'", "team == 'sales'", "1==1"]


def test_a_worker_who_was_there_before_and_stayed_longer_has_no_whole_shift():
    center = Center()
    center.task(1, MONDAY + timedelta(hours=9))
    center.works("WK1", MONDAY + timedelta(hours=9))

    assert "# GUESSED: no worker was seen to come and to leave" in center.text(WORKERS)
    assert center.day(WORKERS).staff.absence == 0


def test_a_night_between_two_times_makes_two_shifts_and_three_hours_make_a_pause():
    span = Hour(MONDAY, MONDAY + timedelta(days=2))
    switches = [
        ActivitySwitch(MONDAY + timedelta(hours=at), *states)
        for at, states in ((9, ("off", "on")), (12, ("on", "off")), (13, ("off", "on")), (32, ("on", "off")))
    ]

    found = [*shifts_of(switches, frozenset({"on"}), span)]

    assert [((each.begin - MONDAY).total_seconds() / 3600, each.pauses) for each in found] == [(0, 1), (32, 0)]


def test_nested_attributes_and_wrapup_are_written(simulated):
    center = Center()
    center.task(1, MONDAY + timedelta(hours=9), handle=60, after=20, attributes={"a": {"b": "${x}"}})
    work = ObservedWork(
        Reduction(
            [Workflow(name="Voice", filters=[Filter(expression="a.b == '${x}'", targets=[Target(queue="Sales")])])],
            b"k",
        ),
        {"WW1": "Voice"},
    )
    work.take(center.span, center.events)

    text = first_load(Observer(work, center.span, UTC).day([], frozenset(), []), center.span, UTC)

    [contact] = simulated(text).contacts
    assert contact.choices[0].values == ({"b": "${x}"},)
    assert contact.after_contact.scale_ms == 20_000


def test_missed_offers_are_a_share_of_all():
    center = Center()
    center.task(1, MONDAY + timedelta(hours=9), handle=60)
    center.task(2, MONDAY + timedelta(hours=9))

    staffing = content(center.text())["staffing"]

    assert (staffing["answer_delay"], staffing["no_answer"], staffing["returns_after"]) == (5, "50%", "10m")


def test_many_starts_are_thinned_out():
    center = Center()
    center.task(1, MONDAY + timedelta(hours=9))
    workers = [WorkerOnRecord(f"WK{each}", {}) for each in range(100)]
    for each in range(100):
        center.works(f"WK{each}", MONDAY + timedelta(minutes=5 * each + 5), 2)

    [shift] = content(center.text(workers))["staffing"]["shifts"]

    assert len(shift["starts"]) == 48
    assert (shift["starts"][0], shift["starts"][-1]) == ("00:00", "08:00")


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["a", "a", "b", "b"], "team"),
        (["a", "b", "c", "d"], ""),
        (["a", "a", "a", "a"], ""),
        (["it's", "it's", "b", "b"], ""),
        ([1, 1, 2, 2], ""),
        ([], ""),
    ],
)
def test_workers_are_grouped_by_an_attribute_that_is_common_to_several(values, expected):
    workers = [WorkerOnRecord(str(number), {"team": value}) for number, value in enumerate(values)]

    assert grouping_attribute(workers, ["team", "other"]) == expected


# The file


TEXTS = st.sampled_from(["sales", "${x}", "${{", "yes", "5", "a: b", "# c", "\u2028", "\x1b[31m", "é", "50%", ""])
VALUES = TEXTS | st.integers(-5, 5) | st.booleans() | st.lists(TEXTS, max_size=3) | st.none()


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 3 * 86_399),
            st.sampled_from(["voice", "chat"]),
            st.dictionaries(st.sampled_from(["topic", "lang", "n", "tags"]), VALUES, max_size=4),
            st.sampled_from([None, 0.0, 0.004, 30.0, 5e6]),
            st.sampled_from([None, 0.0, 45.0, 2e6]),
        ),
        min_size=1,
        max_size=30,
    )
)
def test_every_load_is_valid(tmp_path_factory, tasks):
    center = Center(days=3)
    for number, (at, channel, attributes, gives_up, handle) in enumerate(tasks):
        begin = MONDAY + timedelta(seconds=at)
        center.task(number, begin, channel=channel, attributes=attributes, gives_up=gives_up, handle=handle)
    folder = tmp_path_factory.mktemp("load")
    (folder / "w.yaml").write_text(WORKSPACE)
    (folder / "load.yaml").write_text(center.text(WORKERS), encoding="utf-8")

    found = load_simulation(folder / "load.yaml", load(folder / "w.yaml"))

    assert sum(sum(each.offered) for each in found.contacts) <= len(tasks) + 0.001
    assert set(EVENT_TYPES) >= {each.type for each in center.events}


def test_the_recorded_service_level_is_written_for_calibration():
    center = Center()
    for number, task in enumerate(
        [{"waits": 20, "handle": 9}, {"waits": 21, "handle": 9}, {"gives_up": 5}, {"gives_up": 6}, {"gives_up": 7}]
    ):
        center.task(number, MONDAY + timedelta(hours=9), **task)
    center.task(9, MONDAY + timedelta(hours=23, minutes=59))

    [demand] = content(center.text())["demand"]

    assert demand["recorded"] == {"tasks": 5, "service_level": "25%", "abandonment": "60%", "threshold": "20s"}


def test_where_every_task_still_waits_nothing_was_recorded():
    center = Center()
    center.task(1, MONDAY + timedelta(hours=9))

    assert "recorded" not in content(center.text())["demand"][0]
