"""Every Statistics resource, fetched with Twilio's own library after five minutes in a contact centre.

The timeline is ``Centre.play`` in conftest.py; the expected figures follow from its seconds.
"""

import pytest

ACCOUNT = "AC0123456789abcdef0123456789abcdef"


def lengths(*seconds):
    """The figures of these whole seconds."""
    return {
        "avg": sum(seconds) // max(len(seconds), 1),
        "min": min(seconds, default=0),
        "max": max(seconds, default=0),
        "total": sum(seconds),
    }


RESERVATIONS = ("created", "accepted", "rejected", "timed_out", "canceled", "rescinded")


def reservations(*counts):
    return {f"reservations_{name}": count for name, count in zip(RESERVATIONS, counts, strict=True)}


def told(instance, *names):
    return {name: getattr(instance, name) for name in names}


def counted(instance):
    return tuple(getattr(instance, f"reservations_{name}") for name in RESERVATIONS)


WORKSPACE = {
    **reservations(5, 2, 1, 1, 1, 0),
    "avg_task_acceptance_time": 37,
    "tasks_created": 4,
    "tasks_canceled": 1,
    "tasks_completed": 2,
    "tasks_deleted": 1,
    "tasks_moved": 1,
    "tasks_timed_out_in_workflow": 0,
    "wait_duration_until_accepted": lengths(15, 60),
    "wait_duration_until_canceled": lengths(15),
    "split_by_wait_time": {},
}
SPANISH = {
    **reservations(1, 1, 0, 0, 0, 0),
    "avg_task_acceptance_time": 15,
    "tasks_entered": 2,
    "tasks_canceled": 0,
    "tasks_completed": 1,
    "tasks_deleted": 0,
    "tasks_moved": 1,
    "wait_duration_until_accepted": lengths(15),
    "wait_duration_until_canceled": lengths(),
    "wait_duration_in_queue_until_accepted": lengths(15),
    "split_by_wait_time": {},
}
EVERYONE = {
    **reservations(4, 1, 1, 1, 1, 0),
    "avg_task_acceptance_time": 60,
    "tasks_entered": 3,
    "tasks_canceled": 1,
    "tasks_completed": 1,
    "tasks_deleted": 1,
    "tasks_moved": 0,
    "wait_duration_until_accepted": lengths(60),
    "wait_duration_until_canceled": lengths(15),
    "wait_duration_in_queue_until_accepted": lengths(30),
    "split_by_wait_time": {},
}
WINDOW = {"start_time": "2026-03-01T11:50:00Z", "end_time": "2026-03-01T12:05:00Z"}


def durations(played, **by_activity):
    """activity_durations of all activities, in seconds of each stay."""
    return [
        {"sid": sid, "friendly_name": name, **lengths(*by_activity.get(name, ()))}
        for name, sid in played.activities.items()
    ]


def workers_by_activity(centre, **counts):
    return [
        {"sid": sid, "friendly_name": name, "workers": counts.get(name, 0)} for name, sid in centre.activities.items()
    ]


# The past


def test_the_past_of_a_workspace(played):
    figures = played.workspace.cumulative_statistics().fetch()

    assert told(figures, *WORKSPACE) == WORKSPACE
    assert f"{figures.start_time:%FT%TZ}" == WINDOW["start_time"]
    assert f"{figures.end_time:%FT%TZ}" == WINDOW["end_time"]
    assert (figures.account_sid, figures.workspace_sid) == (ACCOUNT, played.workspace.fetch().sid)
    assert figures.url.endswith(f"/v1/Workspaces/{figures.workspace_sid}/CumulativeStatistics")


def test_the_past_of_a_workflow(played):
    figures = played.workspace.workflows(played.workflow).cumulative_statistics().fetch()

    expected = {name: count for name, count in WORKSPACE.items() if name != "tasks_created"} | {"tasks_entered": 4}
    assert told(figures, *expected) == expected
    assert figures.workflow_sid == played.workflow


def test_the_past_of_a_queue(played):
    queues = played.workspace.task_queues

    spanish = queues(played.spanish).cumulative_statistics().fetch()
    everyone = queues(played.everyone).cumulative_statistics().fetch()

    assert told(spanish, *SPANISH) == SPANISH
    assert told(everyone, *EVERYONE) == EVERYONE
    assert spanish.task_queue_sid == played.spanish


def test_the_past_of_all_workers(played):
    figures = played.workspace.workers.cumulative_statistics().fetch()

    assert counted(figures) == (5, 2, 1, 1, 1, 0)
    assert figures.activity_durations == durations(played, Offline=(12, 69, 55, 12), Available=(219, 3, 230))


def test_the_past_of_one_worker(played):
    alice = played.workspace.workers(played.workers["alice"]).statistics().fetch()
    bob = played.workspace.workers(played.workers["bob"]).statistics().fetch()

    assert alice.cumulative == {
        **WINDOW,
        **reservations(3, 1, 0, 1, 1, 0),
        "activity_durations": durations(played, Offline=(12, 69), Available=(219,)),
    }
    assert bob.cumulative == {
        **WINDOW,
        **reservations(2, 1, 1, 0, 0, 0),
        "activity_durations": durations(played, Offline=(55, 12), Available=(3, 230)),
    }
    assert alice.worker_sid == played.workers["alice"]
    assert alice.url.endswith(f"/Workers/{alice.worker_sid}/Statistics")


def test_a_deleted_worker_still_counts_among_all(played):
    played.workspace.workers(played.workers["alice"]).delete()
    played.after(100)

    figures = played.workspace.workers.cumulative_statistics().fetch()

    assert counted(figures) == (5, 2, 1, 1, 1, 0)
    assert figures.activity_durations == durations(played, Offline=(12, 69, 55, 12), Available=(219, 3, 330))


# The past, next to the present


def test_all_of_a_workspace(played):
    figures = played.workspace.statistics().fetch()

    assert figures.cumulative == {**WINDOW, **WORKSPACE}
    assert type(figures.cumulative["avg_task_acceptance_time"]) is float
    assert figures.realtime == {
        "total_tasks": 0,
        "total_workers": 2,
        "tasks_by_priority": {},
        "tasks_by_status": {"pending": 0, "reserved": 0, "assigned": 0, "wrapping": 0, "completed": 2, "canceled": 1},
        "longest_task_waiting_age": 0,
        "longest_task_waiting_sid": None,
        "activity_statistics": workers_by_activity(played, Offline=1, Available=1),
    }


def test_all_of_a_workflow(played):
    figures = played.workspace.workflows(played.workflow).statistics().fetch()

    assert figures.cumulative["tasks_entered"] == 4
    assert figures.realtime["tasks_by_status"]["completed"] == 2
    assert "activity_statistics" not in figures.realtime


def test_all_of_a_queue(played):
    figures = played.workspace.task_queues(played.everyone).statistics().fetch()

    assert figures.cumulative == {**WINDOW, **EVERYONE}
    assert figures.realtime["total_eligible_workers"] == 2


def test_all_of_workers(played):
    figures = played.workspace.workers.statistics().fetch()

    assert figures.realtime == {
        "total_workers": 2,
        "activity_statistics": workers_by_activity(played, Offline=1, Available=1),
    }
    assert figures.cumulative == {
        **WINDOW,
        **reservations(5, 2, 1, 1, 1, 0),
        "activity_durations": durations(played, Offline=(12, 69, 55, 12), Available=(219, 3, 230)),
    }


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({"friendly_name": "ALICE"}, ["alice"]),
        ({"friendly_name": "carol"}, []),
        ({"task_queue_name": "spanish"}, ["alice"]),
        ({"task_queue_name": "everyone"}, ["alice", "bob"]),
        ({"task_queue_name": "nowhere"}, []),
        ({"task_queue_name": "Everyone", "friendly_name": "bob"}, ["bob"]),
        ({"task_queue_name": "Spanish", "friendly_name": "bob"}, []),
        ({"task_queue_sid": "WQ" + 32 * "0"}, []),
    ],
)
def test_workers_are_narrowed_by_name_and_queue(played, query, names):
    created = {"alice": 3, "bob": 2}

    figures = played.workspace.workers.statistics().fetch(**query)

    assert figures.realtime["total_workers"] == len(names)
    assert figures.cumulative["reservations_created"] == sum(created[name] for name in names)
    assert sum(each["total"] for each in figures.cumulative["activity_durations"]) == 300 * len(names)


def test_workers_are_narrowed_by_the_sid_of_a_queue(played):
    figures = played.workspace.workers.statistics().fetch(task_queue_sid=played.spanish)

    assert figures.realtime["total_workers"] == 1
    assert figures.cumulative["reservations_created"] == 3


# The present


def test_a_queue_in_the_middle_of_it(centre):
    centre.move("alice", "Available")
    offered = centre.task("es")
    moved = centre.after(7).task("es", priority=9)  # to Everyone, 30 s after it was created
    centre.after(30).task("es")
    centre.after(2)

    everyone = centre.workspace.task_queues(centre.everyone).real_time_statistics().fetch()
    spanish = centre.workspace.task_queues(centre.spanish).real_time_statistics().fetch()

    expected = {
        "total_tasks": 1,
        "tasks_by_priority": {"9": 1},
        "tasks_by_status": {"pending": 1, "reserved": 0, "assigned": 0, "wrapping": 0},
        "longest_task_waiting_age": 32,
        "longest_task_waiting_sid": moved,
        "longest_relative_task_age_in_queue": 2,
        "longest_relative_task_sid_in_queue": moved,
        "total_eligible_workers": 2,
        "total_available_workers": 1,
        "activity_statistics": workers_by_activity(centre, Offline=1, Available=1),
        "task_queue_sid": centre.everyone,
    }
    assert told(everyone, *expected) == expected
    assert spanish.tasks_by_status == {"pending": 1, "reserved": 1, "assigned": 0, "wrapping": 0}
    assert (spanish.longest_relative_task_age_in_queue, spanish.longest_relative_task_sid_in_queue) == (39, offered)
    assert spanish.total_tasks == 2
    assert (spanish.total_eligible_workers, spanish.total_available_workers) == (1, 1)
    assert spanish.activity_statistics == workers_by_activity(centre, Available=1)


def test_the_workspace_and_the_workflow_in_the_middle_of_it(centre):
    first = centre.task("es")
    centre.after(100).task(priority=3)

    workspace = centre.workspace.real_time_statistics().fetch()
    workflow = centre.workspace.workflows(centre.workflow).real_time_statistics().fetch()

    expected = {
        "total_tasks": 2,
        "tasks_by_priority": {"0": 1, "3": 1},
        "tasks_by_status": {"pending": 2, "reserved": 0, "assigned": 0, "wrapping": 0},
        "longest_task_waiting_age": 100,
        "longest_task_waiting_sid": first,
    }
    assert told(workflow, *expected) == expected
    assert told(workspace, *expected) == expected
    assert workspace.total_workers == 2
    assert workspace.activity_statistics == workers_by_activity(centre, Offline=2)


def test_workers_now(centre):
    centre.move("bob", "Unavailable")

    figures = centre.workspace.workers.real_time_statistics().fetch()

    assert figures.total_workers == 2
    assert figures.activity_statistics == workers_by_activity(centre, Offline=1, Unavailable=1)


def test_activities_have_their_present_names(centre):
    """One is new and somebody is in it, one has another name, one is gone that somebody was in."""
    new = centre.workspace.activities.create(friendly_name="Training", available=False).sid
    gone = centre.workspace.activities.create(friendly_name="Lunch", available=False).sid
    centre.workspace.activities(centre.activities["Offline"]).update(friendly_name="Away")
    centre.activities |= {"Training": new, "Lunch": gone}
    centre.move("alice", "Lunch")
    centre.after(60).move("alice", "Training")
    centre.after(30).workspace.activities(gone).delete()

    figures = centre.workspace.workers.statistics().fetch()

    now = [(each["friendly_name"], each["workers"]) for each in figures.realtime["activity_statistics"]]
    assert now == [("Away", 1), ("Available", 0), ("Unavailable", 0), ("Training", 1)]
    totals = [(each["friendly_name"], each["total"]) for each in figures.cumulative["activity_durations"]]
    assert totals == [("Away", 90), ("Available", 0), ("Unavailable", 0), ("Training", 30)]


def test_changes_that_were_due_happen_before_counting(centre):
    """Nobody asks anything while the task leaves its first queue and then the workflow."""
    centre.task("es")
    centre.after(640)

    figures = centre.workspace.statistics().fetch()

    assert figures.realtime["tasks_by_status"]["canceled"] == 1
    assert figures.cumulative["tasks_moved"] == 1
    assert figures.cumulative["tasks_timed_out_in_workflow"] == 1
    assert figures.cumulative["wait_duration_until_canceled"] == lengths(630)


# Several queues in one request


def test_a_list_of_queues(played):
    spanish, everyone = played.workspace.task_queues.statistics.list()

    assert spanish.cumulative == {**WINDOW, **SPANISH}
    assert everyone.cumulative == {**WINDOW, **EVERYONE}
    assert (spanish.task_queue_sid, everyone.task_queue_sid) == (played.spanish, played.everyone)
    assert spanish.realtime == played.workspace.task_queues(played.spanish).statistics().fetch().realtime
    assert spanish.workspace_sid == played.workspace.fetch().sid


def test_a_list_of_queues_goes_from_page_to_page_with_the_same_window(played):
    listed = played.workspace.task_queues.statistics.list(page_size=1, minutes=4, split_by_wait_time="20")

    assert [each.task_queue_sid for each in listed] == [played.spanish, played.everyone]
    assert [each.cumulative["tasks_entered"] for each in listed] == [0, 2]
    assert [list(each.cumulative["split_by_wait_time"]) for each in listed] == [["20"], ["20"]]


def test_a_list_of_queues_is_narrowed_by_name(played):
    [found] = played.workspace.task_queues.statistics.list(friendly_name="SPANISH")

    assert found.task_queue_sid == played.spanish
    assert played.workspace.task_queues.statistics.list(friendly_name="nowhere") == []


def test_many_queues_in_one_request(centre, bulk_of):
    centre.move("alice", "Available")
    offered = centre.task("es")
    centre.after(5).task("es")
    centre.after(4)
    bulk = centre.workspace.task_queues.bulk_real_time_statistics
    unknown = "WQ" + 32 * "0"

    figures = bulk.create(body=bulk_of(centre.everyone, centre.spanish, unknown, centre.spanish))

    everyone, spanish = figures.task_queue_data
    assert figures.task_queue_response_count == 2
    assert everyone["task_queue_sid"] == centre.everyone
    assert spanish == {
        "task_queue_sid": centre.spanish,
        "total_tasks": 2,
        "tasks_by_priority": {"0": 2},
        "tasks_by_status": {"pending": 1, "reserved": 1, "assigned": 0, "wrapping": 0},
        "longest_task_waiting_age": 9,
        "longest_task_waiting_sid": offered,
        "total_eligible_workers": 1,
        "total_available_workers": 1,
        "activity_statistics": workers_by_activity(centre, Available=1),
    }
    assert figures.url.endswith("/TaskQueues/RealTimeStatistics")
