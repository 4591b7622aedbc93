"""Updating and deleting never overwrite a change that somebody else has made since the last read."""

import json

import httpx
import pytest

from tests.transport.clock import run
from tests.transport.scripted import CONNECTION, Script, answer, form_of
from tr_apply.client import Client, Seen
from tr_apply.errors import AnswerLostError, ApiError, StaleError, TrApplyError
from tr_apply.resources import TASK_QUEUE, WORKER, WORKSPACE
from tr_apply.transport import Purpose

WS, WK = "WS" + "0" * 32, "WK" + "0" * 32
ALICE = {"sid": WK, "friendly_name": "alice", "activity_sid": "WA1", "attributes": '{"level":1,"languages":["en"]}'}
FORM = {"Attributes": '{"level":2,"languages":["en"]}'}
BROKEN = httpx.ReadError("connection lost")
STALE = answer(412, {"code": 20412, "message": "Precondition failed"})
GONE = answer(404, {"code": 20404, "message": "Not here"})
PURPOSE = Purpose("op-1", "update", "worker", "alice", WK)

GET, POST, DELETE = (f"{method} /v1/Workspaces/{WS}/Workers/{WK}" for method in ("GET", "POST", "DELETE"))


def alice(revision, **changes):
    """An answer that shows her."""
    more = {} if revision is None else {"etag": f'"{revision}"'}
    return answer(200, ALICE | changes, **more)


CHANGED = alice(8, attributes='{"languages": ["en"], "level": 2}')


SEEN = Seen(ALICE)


def changed(*steps, form=FORM, seen=SEEN, kind=WORKER, sid=WK):
    """The result of a change, or of a delete if there is no form, and the script that answered."""
    script = Script(*steps)

    async def change():
        async with Client(CONNECTION, through=script) as client:
            if form is None:
                return await client.delete(kind, WS, sid, seen=seen, purpose=PURPOSE)
            return await client.update(kind, WS, sid, form, seen=seen, purpose=PURPOSE)

    try:
        return run(change()), script
    except TrApplyError as error:
        return error, script


def revisions(script):
    return [request.headers.get("if-match") for request in script.requests if request.method != "GET"]


def test_a_worker_is_looked_at_and_written_only_if_it_still_is_at_that_revision():
    now, script = changed(alice(7), CHANGED)

    assert script.told == [GET, POST]
    assert revisions(script) == ['"7"']
    assert form_of(script.requests[1]) == FORM
    assert now == Seen(json.loads(CHANGED.content), '"8"')


def test_a_worker_whose_revision_is_known_is_not_looked_at():
    _, script = changed(CHANGED, seen=Seen(ALICE, '"7"'))

    assert script.told == [POST]
    assert revisions(script) == ['"7"']


def test_a_worker_that_somebody_has_changed_is_not_written():
    error, script = changed(alice(9, attributes='{"level":5}'))

    assert isinstance(error, StaleError)
    assert str(error) == "the worker 'alice' has changed since it was read (attributes); run again"
    assert script.told == [GET]


def test_attributes_that_are_only_spelled_differently_are_unchanged():
    _, script = changed(alice(9, attributes='{"languages": ["en"],\n"level": 1}'), CHANGED)

    assert script.told == [GET, POST]


def test_attributes_that_are_not_json_are_compared_as_text():
    broken = Seen(ALICE | {"attributes": "{"})

    assert changed(alice(9, attributes="{"), CHANGED, seen=broken)[1].told == [GET, POST]
    assert isinstance(changed(alice(9, attributes="["), seen=broken)[0], StaleError)


def test_the_activity_changes_all_day_and_matters_only_to_a_move():
    moved = alice(9, activity_sid="WA2")

    assert changed(moved, CHANGED)[1].told == [GET, POST]
    error, _ = changed(moved, form={"ActivitySid": "WA3"})
    assert "has changed since it was read (activity)" in str(error)


def test_a_field_with_the_wanted_value_is_not_written():
    now, script = changed(CHANGED)

    assert script.told == [GET]
    assert now.revision == '"8"'


ONE, TRUE = '{"vip":1}', '{"vip":true}'


@pytest.mark.parametrize(("live", "wanted"), [(ONE, TRUE), (TRUE, ONE)])
def test_one_and_true_are_two_values_to_write(live, wanted):
    seen = Seen(ALICE | {"attributes": live})

    _, script = changed(alice(7, attributes=live), alice(8, attributes=wanted), form={"Attributes": wanted}, seen=seen)

    assert script.told == [GET, POST]


def test_a_worker_whose_one_became_true_in_between_is_stale():
    seen = Seen(ALICE | {"attributes": ONE})

    error, script = changed(alice(7, attributes=TRUE), form={"Attributes": "{}"}, seen=seen)

    assert isinstance(error, StaleError)
    assert script.told == [GET]


def test_another_revision_of_the_same_worker_is_taken_instead():
    _, script = changed(alice(7), STALE, alice(9, activity_sid="WA2"), CHANGED)

    assert script.told == [GET, POST, GET, POST]
    assert revisions(script) == ['"7"', '"9"']


def test_a_worker_that_was_changed_between_look_and_write_is_stale():
    error, script = changed(alice(7), STALE, alice(9, attributes="{}"))

    assert isinstance(error, StaleError)
    assert script.told == [GET, POST, GET]


def test_a_worker_that_never_holds_still_is_stale():
    def step(request):
        return alice(7) if request.method == "GET" else STALE

    error, script = changed(step)

    assert isinstance(error, StaleError)
    assert "faster than it can be written" in str(error)
    assert script.told.count(POST) == 10


def test_a_server_without_revisions_is_written_to_after_a_look():
    _, script = changed(alice(None), CHANGED)

    assert script.told == [GET, POST]
    assert revisions(script) == [None]


def test_a_lost_update_that_was_carried_out_is_done():
    now, script = changed(alice(7), BROKEN, CHANGED)

    assert script.told == [GET, POST, GET]
    assert now.revision == '"8"'


def test_a_lost_update_that_was_not_carried_out_is_sent_again():
    _, script = changed(alice(7), BROKEN, alice(7), CHANGED)

    assert script.told == [GET, POST, GET, POST]
    assert revisions(script) == ['"7"', '"7"']


def test_a_lost_update_that_is_carried_out_late_is_not_taken_for_somebody_else_s():
    _, script = changed(alice(7), BROKEN, alice(7), STALE, CHANGED)

    assert script.told == [GET, POST, GET, POST, GET]


def test_a_lost_update_after_which_somebody_else_wrote_is_stale():
    error, _ = changed(alice(7), BROKEN, alice(9, attributes="{}"))

    assert isinstance(error, StaleError)


def test_a_lost_update_that_cannot_be_looked_for_stays_unknown():
    error, _ = changed(alice(7), BROKEN, answer(401, {"message": "Authenticate"}))

    assert isinstance(error, AnswerLostError)


def test_an_update_whose_answer_shows_something_else_is_looked_for():
    _, script = changed(alice(7), answer(200, {"ok": True}), CHANGED)

    assert script.told == [GET, POST, GET]


@pytest.mark.parametrize("steps", [[GONE], [alice(7), GONE], [alice(7), BROKEN, GONE]], ids=len)
def test_a_worker_that_somebody_has_deleted_is_stale(steps):
    error, _ = changed(*steps)

    assert isinstance(error, StaleError)
    assert "the worker 'alice' has been deleted in the meantime" in str(error)


def test_other_refusals_of_an_update_are_refusals():
    error, _ = changed(alice(7), answer(400, {"message": "Attributes are wrong"}))

    assert isinstance(error, ApiError)


def test_a_deletion_looks_first_as_well():
    _, script = changed(alice(7, activity_sid="WA2"), answer(204), form=None)

    assert script.told == [GET, DELETE]
    assert revisions(script) == ['"7"']


def test_a_deletion_of_a_changed_resource_is_stale():
    error, script = changed(alice(7, friendly_name="alicia"), form=None)

    assert "(name)" in str(error)
    assert script.told == [GET]


def test_a_lost_deletion_that_was_carried_out_is_done():
    _, script = changed(alice(7), BROKEN, GONE, form=None)

    assert script.told == [GET, DELETE, GET]


def test_a_lost_deletion_that_was_not_carried_out_is_sent_again():
    _, script = changed(alice(7), BROKEN, alice(7), answer(204), form=None)

    assert script.told == [GET, DELETE, GET, DELETE]


def test_a_deletion_of_a_deleted_resource_is_done():
    error, script = changed(GONE, form=None)

    assert error is None
    assert script.told == [GET]


# Without anything seen: kinds that have no revisions

QUEUE = answer(200, {"sid": "WQ1", "friendly_name": "Sales"})


@pytest.mark.parametrize("steps", [[QUEUE], [BROKEN, QUEUE], [answer(429), answer(500), QUEUE]], ids=len)
def test_other_resources_are_written_as_often_as_it_takes(steps):
    now, script = changed(*steps, form={"MaxReservedWorkers": "2"}, seen=None, kind=TASK_QUEUE, sid="WQ1")

    assert script.told == [f"POST /v1/Workspaces/{WS}/TaskQueues/WQ1"] * len(steps)
    assert revisions(script) == [None] * len(steps)
    assert now.revision is None


def test_another_resource_that_was_deleted_is_stale():
    error, _ = changed(GONE, form={"MaxReservedWorkers": "2"}, seen=None, kind=TASK_QUEUE, sid="WQ1")

    assert isinstance(error, StaleError)


def test_a_workspace_is_changed_and_deleted_at_its_own_address():
    _, update = changed(
        answer(200, {"sid": WS, "friendly_name": "Support"}),
        form={"FriendlyName": "Support"},
        seen=None,
        kind=WORKSPACE,
        sid=WS,
    )
    _, delete = changed(answer(204), form=None, seen=None, kind=WORKSPACE, sid=WS)

    assert update.told == [f"POST /v1/Workspaces/{WS}"]
    assert delete.told == [f"DELETE /v1/Workspaces/{WS}"]


def test_an_invalid_sid_cannot_lead_elsewhere():
    _, script = changed(QUEUE, form={"A": "b"}, seen=None, kind=TASK_QUEUE, sid="../../x?y#z")

    assert script.told == [f"POST /v1/Workspaces/{WS}/TaskQueues/..%2F..%2Fx%3Fy%23z"]


def test_a_worker_channel_is_changed_by_the_unique_name_of_its_task_channel():
    script = Script(answer(200, {"sid": "WC1", "task_channel_unique_name": "fax/2"}))

    async def change():
        async with Client(CONNECTION, through=script) as client:
            await client.update_worker_channel(WS, WK, "fax/2", {"Capacity": "2"})

    run(change())

    assert script.told == [f"POST /v1/Workspaces/{WS}/Workers/{WK}/Channels/fax%2F2"]
