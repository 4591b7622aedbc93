"""Tasks over REST: what they answer, what is refused, and that the state machine of tasks and reservations runs."""

import json

import pytest

ROUTED = '{"task_routing":{"filters":[],"default_filter":{"queue":"%s"}}}'


def test_a_task_is_created_reserved_accepted_and_completed(api, floor):
    made = api.post(f"{floor.path}/Tasks", Attributes='{"type": "lead"}')
    task = f"{floor.path}/Tasks/{made.json()['sid']}"
    [reservation] = api.items(f"{task}/Reservations")

    assert (made.status_code, made.json()["assignment_status"]) == (201, "reserved")
    accepted = api.changed(f"{task}/Reservations/{reservation['sid']}", ReservationStatus="accepted")
    assert (accepted["reservation_status"], accepted["worker_name"]) == ("accepted", "alice")
    assert api.read(task)["assignment_status"] == "assigned"
    done = api.changed(task, AssignmentStatus="completed", Reason="sold")
    assert (done["assignment_status"], done["reason"]) == ("completed", "sold")
    assert [each["event_type"] for each in api.items(f"{floor.path}/Events", TaskSid=made.json()["sid"])] == [
        "task.created",
        "workflow.entered",
        "workflow.target-matched",
        "task-queue.entered",
        "reservation.created",
        "reservation.accepted",
        "task.completed",
        "reservation.completed",
        "task.updated",
    ]
