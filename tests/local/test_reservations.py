"""Reservations over REST: under their task and under their worker, every transition, every instruction."""

import json

import pytest


def sid_of(path):
    return path.rpartition("/")[2]


@pytest.fixture
def task(floor):
    return floor.task({"call_sid": "CA1"})


@pytest.fixture
def offer(floor, task):
    return floor.offered(task)


def status(api, path):
    return api.read(path)["reservation_status"]


def test_a_reservation_answers_the_same_under_task_and_worker(api, floor, task, offer):
    under_task = api.read(offer)
    under_worker = api.read(f"{floor.alice}/Reservations/{sid_of(offer)}")
    url = f"http://taskrouter.test/v1{floor.path}"

    assert under_task == {
        "account_sid": "AC0123456789abcdef0123456789abcdef",
        "date_created": "2026-03-01T12:00:00Z",
        "date_updated": "2026-03-01T12:00:00Z",
        "links": {
            "task": f"{url}/Tasks/{sid_of(task)}",
            "worker": f"{url}/Workers/{sid_of(floor.alice)}",
            "workspace": url,
        },
        "reservation_status": "pending",
        "sid": sid_of(offer),
        "task_sid": sid_of(task),
        "url": f"{url}/Tasks/{sid_of(task)}/Reservations/{sid_of(offer)}",
        "worker_name": "alice",
        "worker_sid": sid_of(floor.alice),
        "workspace_sid": sid_of(floor.path),
    }
    assert under_worker == {**under_task, "url": f"{url}/Workers/{sid_of(floor.alice)}/Reservations/{sid_of(offer)}"}


def test_a_reservation_is_found_under_its_own_task_and_worker_alone(api, floor, offer, refused):
    other_task, bob = floor.task(), floor.worker("bob", "Offline")

    refused(api.get(f"{other_task}/Reservations/{sid_of(offer)}"), 404, 20404)
    refused(api.get(f"{bob}/Reservations/{sid_of(offer)}"), 404, 20404)
    assert api.items(f"{bob}/Reservations") == []
    refused(api.get(f"{floor.path}/Workers/WK{32 * '0'}/Reservations"), 404, 20404)


def test_reservations_are_filtered(api, floor, task, offer):
    api.changed(offer, ReservationStatus="rejected", WorkerActivitySid=floor.activities["Offline"])
    floor.worker("bob")
    second = floor.offered(task)

    assert floor.reservations(task) == [offer, second]
    assert floor.reservations(task, ReservationStatus="rejected") == [offer]
    assert floor.reservations(task, WorkerSid=sid_of(floor.alice)) == [offer]
    assert len(floor.reservations(floor.alice, ReservationStatus="rejected")) == 1
    assert floor.reservations(floor.alice, ReservationStatus="pending") == []


@pytest.mark.parametrize("family", ["task", "worker"])
def test_every_step_can_be_made_under_either_url(api, floor, task, offer, family):
    path = offer if family == "task" else f"{floor.alice}/Reservations/{sid_of(offer)}"

    for step in ("accepted", "wrapping", "completed"):
        assert api.changed(path, ReservationStatus=step)["reservation_status"] == step
    assert floor.status(task) == "completed"


@pytest.mark.parametrize(
    ("step", "task_status", "activity"),
    [
        ("rejected", "reserved", "Available"),
        ("canceled", "reserved", "Available"),
        ("rescinded", "reserved", "Available"),
        ("timeout", "pending", "Offline"),
    ],
)
def test_a_reservation_that_ends_unaccepted_gives_the_task_back(api, floor, task, offer, step, task_status, activity):
    assert api.changed(offer, ReservationStatus=step)["reservation_status"] == step
    assert floor.status(task) == task_status
    assert api.read(floor.alice)["activity_name"] == activity


@pytest.mark.parametrize(
    ("before", "form", "status_code", "complaint"),
    [
        ((), {"ReservationStatus": "pending"}, 400, "begins so"),
        ((), {"ReservationStatus": "wrapping"}, 400, "is pending and cannot become wrapping"),
        ((), {"ReservationStatus": "completed"}, 400, "is pending and cannot become completed"),
        ((), {"ReservationStatus": "lost"}, 400, "must be one of"),
        ((), {"ReservationStatus": "rejected", "WorkerActivitySid": "WA" + 32 * "0"}, 400, "was not found"),
        (("accepted",), {"ReservationStatus": "accepted"}, 400, "is accepted and cannot become accepted"),
        (("accepted",), {"ReservationStatus": "rejected"}, 400, "is accepted and cannot become rejected"),
        (("accepted",), {"ReservationStatus": "timeout"}, 400, "is accepted and cannot become timeout"),
        (("rejected",), {"ReservationStatus": "accepted"}, 400, "is rejected and cannot become accepted"),
        (("rescinded",), {"ReservationStatus": "accepted"}, 410, "was rescinded"),
        (("accepted", "completed"), {"ReservationStatus": "wrapping"}, 400, "is completed"),
    ],
)
def test_a_step_that_is_not_possible_is_refused(api, floor, offer, refused, before, form, status_code, complaint):
    for each in before:
        api.changed(offer, ReservationStatus=each, WorkerActivitySid=floor.activities["Offline"])

    assert complaint in refused(api.post(offer, **form), status_code)
    assert status(api, offer) == (before[-1] if before else "pending")


def test_an_update_that_says_neither_status_nor_instruction_changes_nothing(api, floor, offer):
    before = (api.read(offer), floor.events())

    api.changed(offer, CallFrom="+15550100")

    assert (api.read(offer), floor.events()) == before


def test_a_reservation_has_a_revision(api, offer, refused):
    etag = api.get(offer).headers["etag"]
    accepted = api.post(offer, headers={"If-Match": etag}, ReservationStatus="accepted")

    assert (etag, accepted.headers["etag"]) == ('"0"', '"1"')
    refused(api.post(offer, headers={"If-Match": etag}, ReservationStatus="completed"), 412, 20412)
    assert api.post(offer).headers["etag"] == '"1"'


CALL = {"CallFrom": "+1", "CallUrl": "http://x", "CallTo": "+2"}


@pytest.mark.parametrize(
    ("form", "reservation_status"),
    [
        ({"Instruction": "accept"}, "accepted"),
        ({"Instruction": "reject"}, "rejected"),
        ({"Instruction": "call", **CALL}, "pending"),
        ({"Instruction": "call", **CALL, "CallAccept": "true"}, "accepted"),
        ({"Instruction": "redirect", "RedirectCallSid": "CA1", "RedirectUrl": "http://x"}, "pending"),
        (
            {"Instruction": "redirect", "RedirectCallSid": "CA1", "RedirectUrl": "http://x", "RedirectAccept": "true"},
            "accepted",
        ),
        ({"Instruction": "dequeue", "DequeueTo": "+2"}, "accepted"),
        ({"Instruction": "conference", "To": "+2", "Beep": "onEnter"}, "accepted"),
    ],
    ids=lambda value: " ".join(value.values()) if isinstance(value, dict) else None,
)
def test_instructions_keep_the_books_of_a_call_that_went_well(api, offer, form, reservation_status):
    assert api.changed(offer, **form)["reservation_status"] == reservation_status


def test_a_dequeued_call_is_noted_with_the_task(api, task, offer):
    api.changed(offer, Instruction="dequeue", DequeueTo="+2")

    attributes = json.loads(api.read(task)["attributes"])
    assert attributes["call_sid"] == "CA1"
    assert attributes["worker_call_sid"].startswith("CA")
    assert len(attributes["worker_call_sid"]) == 34


@pytest.mark.parametrize("accept", ["true", "false"])
def test_the_call_to_the_worker_is_noted_with_the_task(api, task, offer, accept):
    api.changed(offer, Instruction="call", **CALL, CallAccept=accept)

    attributes = json.loads(api.read(task)["attributes"])
    assert attributes["call_sid"] == "CA1"
    assert len(attributes["worker_call_sid"]) == 34


@pytest.mark.parametrize("number", ["+1555", "client:ann", "sip:a@b", "x"])
def test_numbers_are_not_checked_and_loopback_urls_are_taken(api, offer, number):
    form = {"CallFrom": number, "CallTo": number, "CallUrl": "http://localhost:1/x"}

    assert api.changed(offer, Instruction="call", **form)["reservation_status"] == "pending"


def test_a_conference_is_noted_with_the_task(api, task, offer):
    api.changed(offer, Instruction="conference", To="+2")

    conference = json.loads(api.read(task)["attributes"])["conference"]
    assert conference["sid"].startswith("CF")
    assert conference["participants"]["customer"] == "CA1"


def test_the_worker_is_called_at_the_contact_uri(api, floor, offer):
    api.changed(floor.alice, Attributes='{"contact_uri": "client:alice"}')

    assert api.changed(offer, Instruction="dequeue")["reservation_status"] == "accepted"


def test_a_rejection_by_instruction_moves_the_worker(api, floor, offer):
    api.changed(offer, Instruction="reject", WorkerActivitySid=floor.activities["Unavailable"])

    assert api.read(floor.alice)["activity_name"] == "Unavailable"


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({"Instruction": "issue_to_worker"}, 55555),
        ({"Instruction": "call", "CallFrom": "+1", "CallUrl": "http://x"}, 40110),
        ({"Instruction": "call", "CallTo": "+1", "CallUrl": "http://x"}, 40111),
        ({"Instruction": "call", "CallTo": "+1", "CallFrom": "+2"}, 40112),
        ({"Instruction": "CALL", "CallTo": "+1", "CallFrom": "+2", "CallUrl": "/relative"}, 40112),
        ({"Instruction": "call", **CALL, "CallStatusCallbackUrl": "not a url"}, 40158),
        ({"Instruction": "redirect", "RedirectCallSid": "CA1", "RedirectUrl": "ftp://x"}, 40120),
        ({"Instruction": "dequeue", "DequeueTo": "+2", "DequeuePostWorkActivitySid": "WA1"}, 40130),
        ({"Instruction": "dequeue", "DequeueTo": "+2", "DequeueStatusCallbackUrl": "x"}, 40157),
        ({"Instruction": "conference", "To": "+2", "PostWorkActivitySid": "WA1"}, 40139),
        ({"Instruction": "conference", "To": "+2", "ConferenceStatusCallback": "x y"}, 40159),
        ({"Instruction": "conference", "To": "+2", "StatusCallback": "mailto:a@b"}, 40159),
        ({"Instruction": "redirect", "RedirectCallSid": "CA1"}, 40120),
        ({"Instruction": "dequeue"}, 40131),
        ({"Instruction": "conference"}, 40137),
        ({"Instruction": "supervise", "Supervisor": "WK1"}, 40146),
    ],
    ids=lambda value: " ".join(value.values()) if isinstance(value, dict) else None,
)
def test_an_instruction_that_lacks_something_is_refused_with_its_code(api, offer, refused, form, code):
    refused(api.post(offer, **form), 400, code)

    assert status(api, offer) == "pending"


@pytest.mark.parametrize(("instruction", "code"), [("dequeue", 40140), ("conference", 40141), ("redirect", 40121)])
def test_an_instruction_for_a_call_needs_one(api, floor, refused, instruction, code):
    offer = floor.offered(floor.task())

    refused(api.post(offer, Instruction=instruction, To="+2", DequeueTo="+2", RedirectUrl="http://x"), 400, code)


@pytest.mark.parametrize(
    ("instruction", "code"), [("call", 40114), ("dequeue", 40135), ("redirect", 40123), ("conference", 40136)]
)
def test_only_a_pending_reservation_is_called_about(api, offer, refused, instruction, code):
    api.changed(offer, ReservationStatus="accepted")

    refused(api.post(offer, Instruction=instruction), 400, code)


def test_somebody_may_listen_in_on_an_accepted_reservation(api, offer, refused):
    api.changed(offer, Instruction="accept")

    refused(api.post(offer, Instruction="supervise"), 400, 40147)
    assert api.changed(offer, Instruction="supervise", Supervisor="WK1")["reservation_status"] == "accepted"


def test_an_instruction_after_another_worker_was_faster_is_gone(api, floor, refused):
    floor.worker("bob")
    queue = floor.queue_of("Both", MaxReservedWorkers="2")
    task = floor.task(WorkflowSid=floor.workflow_of("Race", [], default=queue))
    first, second = floor.reservations(task)

    api.changed(first, Instruction="accept")

    assert "another worker was faster" in refused(api.post(second, Instruction="accept"), 410)
    assert status(api, second) == "rescinded"


def test_a_reservation_changes_the_revision_of_its_worker_and_its_end_does_not(api, floor):
    def revision():
        return int(api.get(floor.alice).headers["etag"].strip('"'))

    before = revision()
    task = floor.task()
    assert revision() == before + 1
    api.changed(task, AssignmentStatus="canceled", Reason="x")
    assert revision() == before + 1
