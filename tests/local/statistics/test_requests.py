"""The requests for statistics, and refusals."""

import json

import pytest

from tr_apply.local.statistics import past

NOBODY = {
    "/TaskQueues": "WQ",
    "/Workflows": "WW",
    "/Workers": "WK",
}


@pytest.fixture
def path(centre):
    return f"/Workspaces/{centre.workspace.fetch().sid}"


@pytest.fixture
def every_path(centre, path):
    """The path of every resource that is fetched."""
    owners = ("", f"/TaskQueues/{centre.spanish}", f"/Workflows/{centre.workflow}", "/Workers")
    forms = ("Statistics", "RealTimeStatistics", "CumulativeStatistics")
    return [
        *(f"{path}{owner}/{form}" for owner in owners for form in forms),
        f"{path}/Workers/{centre.workers['alice']}/Statistics",
        f"{path}/TaskQueues/Statistics",
    ]


def is_real_time(path):
    return path.endswith("/RealTimeStatistics")


# Which time


@pytest.mark.parametrize(
    ("query", "code", "says"),
    [
        ({"Minutes": "0"}, 20001, "Minutes"),
        ({"Minutes": "soon"}, 20001, "Minutes"),
        ({"Minutes": "15", "StartDate": "2026-03-01T11:00:00Z"}, 20001, "combined"),
        ({"Minutes": "15", "EndDate": "2026-03-01T11:00:00Z"}, 20001, "combined"),
        ({"StartDate": "2026-03-01T11:00:00Z", "EndDate": "2026-03-01T10:00:00Z"}, 20001, "StartDate"),
        ({"StartDate": "2026-03-02T00:00:00Z"}, 20001, "StartDate"),
        ({"EndDate": "today"}, 20001, "EndDate"),
        ({"StartDate": "2026-01-29T00:00:00Z"}, 14241, "30 days"),
        ({"Minutes": "50000"}, 14241, "30 days"),
    ],
)
def test_a_bad_window_is_refused_wherever_there_is_one(clocked, every_path, refused, query, code, says):
    for each in every_path:
        answer = clocked.get(each, **query)

        if is_real_time(each):
            assert answer.status_code == 200
        else:
            assert says in refused(answer, 400, code)


@pytest.mark.usefixtures("played")
def test_a_window_leaves_out_events_before_and_after(clocked, path):
    def between(start, end, *names):
        figures = clocked.read(
            f"{path}/CumulativeStatistics",
            StartDate=f"2026-03-01T12:0{start // 60}:{start % 60:02}Z",
            EndDate=f"2026-03-01T12:0{end // 60}:{end % 60:02}Z",
        )
        return tuple(figures[name] for name in names)

    names = ("tasks_created", "reservations_created", "reservations_accepted", "tasks_moved", "tasks_completed")
    assert between(0, 49, *names) == (2, 1, 1, 0, 0)
    assert between(50, 90, *names) == (1, 2, 1, 1, 0)
    assert between(91, 300, *names) == (1, 2, 0, 0, 2)
    assert between(0, 300, *names) == (4, 5, 2, 1, 2)


@pytest.mark.usefixtures("played")
def test_the_last_minutes_are_those_before_now(clocked, path):
    figures = clocked.read(f"{path}/CumulativeStatistics", Minutes=1)

    assert (figures["tasks_completed"], figures["tasks_deleted"]) == (1, 1)
    assert (figures["start_time"], figures["end_time"]) == ("2026-03-01T12:04:00Z", "2026-03-01T12:05:00Z")


def test_a_window_in_the_past_counts_stays_that_continued_after_it(played, clocked, path):
    worker = f"{path}/Workers/{played.workers['bob']}/Statistics"
    figures = clocked.read(worker, StartDate="2026-03-01T12:00:50Z", EndDate="2026-03-01T12:01:20Z")["cumulative"]

    # Offline until 55, Available until 58, Offline until 70, then Available far beyond the window.
    totals = {each["friendly_name"]: each["total"] for each in figures["activity_durations"]}
    assert totals == {"Offline": 5 + 12, "Available": 3 + 10, "Unavailable": 0}


def test_a_timer_that_was_due_unnoticed_counts_at_its_due_time(centre, clocked, path):
    """The event is written at 600 and says that it happened at 30, which is after the end of the window."""
    centre.task("es")
    centre.after(600)

    def moved(start, end):
        window = {"StartDate": f"2026-03-01T12:{start}Z", "EndDate": f"2026-03-01T12:{end}Z"}
        return clocked.read(f"{path}/CumulativeStatistics", **window)["tasks_moved"]

    assert moved("00:00", "01:00") == 1
    assert moved("05:00", "10:00") == 0


# Which tasks


def test_a_channel_narrows_tasks_and_reservations(centre, clocked, path):
    centre.move("alice", "Available")
    centre.task(task_channel="chat")
    centre.after(1).task(task_channel="voice")
    [voice] = [each.sid for each in centre.workspace.task_channels.list() if each.unique_name == "voice"]

    for name in ("voice", voice):
        figures = clocked.read(f"{path}/Statistics", TaskChannel=name)
        assert figures["realtime"]["total_tasks"] == 1
        assert figures["realtime"]["total_workers"] == 2
        assert figures["cumulative"]["tasks_created"] == 1
        worker = clocked.read(f"{path}/Workers/{centre.workers['alice']}/Statistics", TaskChannel=name)
        assert worker["cumulative"]["reservations_created"] == 1
    assert clocked.read(f"{path}/Workers/CumulativeStatistics", TaskChannel="sms")["reservations_created"] == 0
    assert clocked.read(f"{path}/Workers/CumulativeStatistics")["reservations_created"] == 2
    spanish, everyone = clocked.items(f"{path}/TaskQueues/Statistics", TaskChannel="chat")
    assert (spanish["realtime"]["total_tasks"], everyone["realtime"]["total_tasks"]) == (0, 1)
    assert (spanish["cumulative"]["tasks_entered"], everyone["cumulative"]["tasks_entered"]) == (0, 1)


def test_a_channel_that_does_not_exist_is_refused(clocked, every_path, refused):
    for each in every_path:
        assert "fax" in refused(clocked.get(each, TaskChannel="fax"))


def test_waits_are_split(played, clocked, path):
    expected = {
        "15": {
            "above": {"tasks_canceled": 0, "reservations_accepted": 1},
            "below": {"tasks_canceled": 1, "reservations_accepted": 1},
        },
        "60": {
            "above": {"tasks_canceled": 0, "reservations_accepted": 0},
            "below": {"tasks_canceled": 1, "reservations_accepted": 2},
        },
    }
    for owner in ("", f"/Workflows/{played.workflow}"):
        figures = clocked.read(f"{path}{owner}/CumulativeStatistics", SplitByWaitTime="15,60")
        assert figures["split_by_wait_time"] == expected
        beside = clocked.read(f"{path}{owner}/Statistics", SplitByWaitTime="15,60")
        assert beside["cumulative"]["split_by_wait_time"] == expected
    queue = clocked.read(f"{path}/TaskQueues/{played.spanish}/CumulativeStatistics", SplitByWaitTime="14")
    assert queue["split_by_wait_time"]["14"]["above"] == {"tasks_canceled": 0, "reservations_accepted": 1}


def test_invalid_thresholds_are_refused_if_there_is_a_split(clocked, every_path, refused):
    for each in every_path:
        answer = clocked.get(each, SplitByWaitTime="5,soon")

        if is_real_time(each) or "/Workers" in each:
            assert answer.status_code == 200
        else:
            assert "SplitByWaitTime" in refused(answer)


def test_the_sid_of_a_queue_must_be_one(clocked, path, refused):
    assert "TaskQueueSid" in refused(clocked.get(f"{path}/Workers/Statistics", TaskQueueSid="Spanish"))


# Which resource


@pytest.mark.parametrize("form", ["Statistics", "RealTimeStatistics", "CumulativeStatistics"])
def test_a_missing_resource_has_no_statistics(clocked, path, refused, form):
    nowhere = f"/Workspaces/WS{32 * '0'}"
    paths = [
        *(f"{path}{collection}/{prefix}{32 * '0'}/{form}" for collection, prefix in NOBODY.items()),
        *(f"{nowhere}{collection}/{form}" for collection in ("", "/Workers", "/TaskQueues")),
        f"{nowhere}/TaskQueues/WQ{32 * '0'}/{form}",
    ]

    for each in paths:
        answer = clocked.get(each)
        if each.endswith("/TaskQueues/RealTimeStatistics"):
            refused(answer, 405, 20004)  # that one is asked with POST
        else:
            refused(answer, 404, 20404)


def test_statistics_of_another_workspace_are_not_shown(taskrouter, centre, clocked, refused):
    other = taskrouter.workspaces.create(friendly_name="Other").sid

    for each in (f"TaskQueues/{centre.spanish}", f"Workflows/{centre.workflow}"):
        refused(clocked.get(f"/Workspaces/{other}/{each}/Statistics"), 404, 20404)
    figures = clocked.read(f"/Workspaces/{other}/Statistics")
    assert figures["realtime"]["total_workers"] == 0
    assert figures["cumulative"]["tasks_created"] == 0


def test_statistics_can_only_be_fetched(clocked, every_path, refused):
    for each in every_path:
        refused(clocked.post(each), 405, 20004)
        refused(clocked.delete(each), 405, 20004)
        assert clocked.request("PUT", f"/v1{each}").status_code == 405


def test_the_links_of_a_resource_lead_to_its_statistics(centre, clocked, path, every_path):
    resources = [
        clocked.read(path),
        clocked.read(f"{path}/TaskQueues/{centre.spanish}"),
        clocked.read(f"{path}/Workflows/{centre.workflow}"),
        clocked.read(f"{path}/Workers/{centre.workers['alice']}"),
    ]
    links = {
        link.partition("/v1")[2] for each in resources for name, link in each["links"].items() if "statistics" in name
    }

    assert links == {*every_path, f"{path}/TaskQueues/RealTimeStatistics"}


# Many queues


def test_a_list_repeats_its_parameters_in_the_urls_of_its_pages(clocked, path):
    page = clocked.read(f"{path}/TaskQueues/Statistics", PageSize=1, Minutes=60, SplitByWaitTime="5,30", Ordering="x")

    assert page["meta"]["key"] == "task_queues_statistics"
    beginning = f"http://taskrouter.test/v1{path}/TaskQueues/Statistics?Minutes=60&SplitByWaitTime=5%2C30&PageSize=1&"
    assert page["meta"]["url"] == f"{beginning}Page=0"
    assert page["meta"]["next_page_url"].startswith(f"{beginning}Page=1&PageToken=PA")
    assert page["meta"]["previous_page_url"] is None


def test_a_list_cannot_be_asked_for_a_page_by_number(clocked, path, refused):
    refused(clocked.get(f"{path}/TaskQueues/Statistics", Page=1), 400, 40153)


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "JSON"),
        (b"queueSids=WQ1", "JSON"),
        (b"\xff", "UTF-8"),
        (b"[]", "object"),
        (b"{}", "queueSids"),
        (b'{"queueSids": "WQ"}', "queueSids"),
        (b'{"queueSids": []}', "queueSids"),
        (b'{"queueSids": ["Spanish"]}', "queueSids"),
        (b'{"queueSids": [7]}', "queueSids"),
        (json.dumps({"queueSids": [f"WQ{number:032x}" for number in range(51)]}).encode(), "50"),
        (b"[" * 100_000, "nested"),
    ],
)
def test_an_invalid_bulk_request_is_refused(clocked, path, refused, body, says):
    answer = clocked.request("POST", f"/v1{path}/TaskQueues/RealTimeStatistics", content=body)

    assert says in refused(answer)


def test_a_bulk_request_takes_fifty_queues(clocked, path):
    sids = [f"WQ{number:032x}" for number in range(50)]

    answer = clocked.request("POST", f"/v1{path}/TaskQueues/RealTimeStatistics", json={"queueSids": sids})

    assert answer.status_code == 200
    assert answer.json()["task_queue_response_count"] == 0
    assert answer.json()["task_queue_data"] == []


def test_bulk_figures_are_asked_with_post(clocked, path, refused):
    refused(clocked.get(f"{path}/TaskQueues/RealTimeStatistics"), 405, 20004)


# A long history


@pytest.mark.usefixtures("played")
def test_a_history_is_read_part_by_part_and_comes_to_the_same(clocked, every_path, monkeypatch):
    cumulative = [each for each in every_path if not is_real_time(each)]
    at_once = [clocked.read(each) for each in cumulative]

    monkeypatch.setattr(past, "PART", 3)

    assert [clocked.read(each) for each in cumulative] == at_once
    assert at_once[0]["cumulative"]["tasks_created"] == 4


@pytest.mark.usefixtures("played")
def test_others_are_answered_while_a_long_history_is_read(path, at_the_same_time, monkeypatch):
    monkeypatch.setattr(past, "PART", 1)

    answers = at_the_same_time(("GET", f"{path}/CumulativeStatistics"), ("GET", f"{path}/Activities"))

    assert [asked for asked, _ in answers] == [f"{path}/Activities", f"{path}/CumulativeStatistics"]


def test_changes_by_others_during_a_request_belong_to_a_later_one(played, path, at_the_same_time, monkeypatch):
    """A stay that ends while the history is read was counted already, as one that goes on."""
    monkeypatch.setattr(past, "PART", 1)
    move = ("POST", f"{path}/Workers/{played.workers['bob']}", {"ActivitySid": played.activities["Offline"]})

    (moved, bob), (_, figures) = at_the_same_time(("GET", f"{path}/Workers/CumulativeStatistics"), move)

    assert moved == move[1]
    assert bob["activity_name"] == "Offline"
    assert sum(each["total"] for each in figures["activity_durations"]) == 2 * 300
