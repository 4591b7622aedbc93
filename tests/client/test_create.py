"""Creating: once, however the answer gets lost."""

import httpx
import pytest

from tests.transport.clock import run
from tests.transport.scripted import CONNECTION, Script, answer, form_of
from tr_apply.client import Client
from tr_apply.errors import AnswerLostError, ApiError, NetworkError, StaleError, TrApplyError
from tr_apply.resources import ACTIVITY, TASK_CHANNEL, TASK_QUEUE, WORKER, WORKFLOW, WORKSPACE
from tr_apply.transport import Purpose, Verdict

WS = "WS" + "0" * 32
FORM = {"FriendlyName": "Sales & Söhne", "TargetWorkers": "1==1"}
QUEUE = {"sid": "WQ1", "friendly_name": "sales & söhne"}
CREATED = answer(201, QUEUE)
BROKEN = httpx.ReadError("connection lost")
REFUSED = answer(400, {"code": 20001, "message": "Queue named Sales already exists"})


def listing(key, *items):
    return answer(200, {key: list(items), "meta": {"next_page_url": None}})


NONE, FOUND = listing("task_queues"), listing("task_queues", {"sid": "WQ0", "friendly_name": "Sales"}, QUEUE)


def created(*steps, kind=TASK_QUEUE, form=FORM, observer=None):
    """The result of creating a queue, and the script that answered."""
    script = Script(*steps)

    async def create():
        async with Client(CONNECTION, through=script, observer=observer) as client:
            return await client.create(kind, None if kind is WORKSPACE else WS, form, purpose=PURPOSE)

    try:
        return run(create()), script
    except TrApplyError as error:
        return error, script


PURPOSE = Purpose("op-1", "create", "task_queue", "Sales & Söhne")
POST = f"POST /v1/Workspaces/{WS}/TaskQueues"
LOOK = f"GET /v1/Workspaces/{WS}/TaskQueues?FriendlyName=Sales+%26+S%C3%B6hne&PageSize=1000"


def test_a_creation_sends_its_form_and_returns_the_resource():
    live, script = created(CREATED)

    assert (live.kind, live.sid, live.name) == ("task_queue", "WQ1", "sales & söhne")
    assert script.told == [POST]
    assert form_of(script.requests[0]) == FORM
    assert script.requests[0].headers["content-type"].startswith("application/x-www-form-urlencoded")


LOST = {
    "connection lost": BROKEN,
    "too slow": httpx.ReadTimeout("too slow"),
    "500": answer(500, {"message": "Out of order"}),
    "half a document": answer(201, content=b'{"sid": "W'),
    "no SID": answer(201, {"friendly_name": "Sales"}),
    "no content": answer(204),
    "a list": answer(201, content=b"[]"),
}


@pytest.mark.parametrize("lost", LOST.values(), ids=LOST)
def test_a_creation_without_a_usable_answer_is_looked_for_by_name(lost):
    live, script = created(lost, FOUND)

    assert live.sid == "WQ1"
    assert script.told == [POST, LOOK]


def test_a_creation_that_is_nowhere_to_be_found_is_sent_again():
    live, script = created(BROKEN, *[NONE] * 4, CREATED)

    assert live.sid == "WQ1"
    assert script.told == [POST, *[LOOK] * (len(script.told) - 2), POST]
    assert 2 < script.times[-2] - script.times[0] <= 4


def test_a_creation_that_is_refused_the_second_time_is_looked_for_again():
    lists = [NONE] * 4
    live, script = created(BROKEN, *lists, REFUSED, NONE, FOUND)

    assert live.sid == "WQ1"
    assert script.told.count(POST) == 2


def test_a_creation_that_is_refused_for_another_reason_is_refused():
    error, _ = created(BROKEN, *[NONE] * 4, answer(400, {"message": "TargetWorkers is wrong"}), NONE)

    assert isinstance(error, ApiError)
    assert "TargetWorkers is wrong" in str(error)


def test_a_creation_that_is_refused_immediately_is_not_looked_for():
    error, script = created(REFUSED, FOUND)

    assert isinstance(error, ApiError)
    assert script.told == [POST]


@pytest.mark.parametrize("refused", [answer(429), httpx.ConnectError("refused"), httpx.ProxyError("no way")], ids=repr)
def test_a_creation_that_never_arrived_is_sent_again_without_looking(refused):
    live, script = created(refused, CREATED)

    assert live.sid == "WQ1"
    assert script.told == [POST, POST]


@pytest.mark.parametrize("failure", [answer(401, {"message": "Authenticate"}), answer(200, {"meta": {}})], ids=repr)
def test_a_lost_creation_that_cannot_be_looked_for_stays_unknown(failure):
    error, _ = created(BROKEN, failure)

    assert isinstance(error, AnswerLostError)
    assert "looking for it failed as well" in str(error)


def test_a_server_that_fails_for_good_leaves_it_unknown():
    error, script = created(answer(500, {"message": "Out of order"}))

    assert isinstance(error, AnswerLostError)
    assert script.told.count(POST) == 1
    assert script.times[-1] - script.times[0] <= 121


def test_a_server_that_only_lists_leaves_it_unknown():
    def step(request):
        return NONE if request.method == "GET" else BROKEN

    error, script = created(step)

    assert isinstance(error, AnswerLostError)
    assert script.times[-1] - script.times[0] <= 125


def test_a_server_that_is_not_there_has_surely_created_nothing():
    error, _ = created(httpx.ConnectError("refused"))

    assert type(error) is NetworkError


@pytest.mark.parametrize("kind", [ACTIVITY, WORKFLOW])
def test_a_resource_that_may_exist_twice_is_looked_for_longer_before_it_is_sent_again(kind):
    item = answer(201, {"sid": "XX1", "friendly_name": FORM["FriendlyName"]})
    answers = iter([BROKEN, item])

    def step(request):
        return listing(kind.list_key) if request.method == "GET" else next(answers)

    live, script = created(step, kind=kind)

    assert live.sid == "XX1"
    assert 10 < script.times[-1] - script.times[0] <= 21


@pytest.mark.parametrize("kind", [WORKER, TASK_CHANNEL])
def test_each_kind_is_looked_for_by_the_name_that_is_its_identity(kind):
    identity = kind.fields[kind.identity]
    item = {"sid": "XX1", "friendly_name": "other", identity.answer: "fax"}

    live, script = created(
        BROKEN, listing(kind.list_key, item), kind=kind, form={"FriendlyName": "other", identity.form: "fax"}
    )

    assert live.sid == "XX1"
    assert ("FriendlyName=fax" in script.told[1]) == (kind.find_by is not None)


# Workspaces: their names are not unique

WORKSPACES = listing("workspaces")
MINE = {"sid": "WS1", "friendly_name": "Support"}
LOOK_FOR_WORKSPACE = "GET /v1/Workspaces?FriendlyName=Support&PageSize=1000"


def workspace(*steps):
    return created(*steps, kind=WORKSPACE, form={"FriendlyName": "Support"})


def test_a_workspace_is_created_when_there_is_none_of_its_name():
    live, script = workspace(listing("workspaces", {"sid": "WS0", "friendly_name": "Support 2"}), answer(201, MINE))

    assert live.sid == "WS1"
    assert script.told == [LOOK_FOR_WORKSPACE, "POST /v1/Workspaces"]


def test_a_workspace_created_by_somebody_else_since_then_is_not_created_again():
    error, script = workspace(listing("workspaces", MINE))

    assert isinstance(error, StaleError)
    assert "WS1" in str(error)
    assert script.told == [LOOK_FOR_WORKSPACE]


def test_a_lost_workspace_is_looked_for_while_lists_may_lag_behind():
    live, script = workspace(WORKSPACES, BROKEN, *[WORKSPACES] * 5, listing("workspaces", MINE))

    assert live.sid == "WS1"
    assert script.told.count("POST /v1/Workspaces") == 1


def test_a_workspace_that_does_not_turn_up_is_never_sent_twice():
    error, script = workspace(WORKSPACES, BROKEN, WORKSPACES)

    assert isinstance(error, AnswerLostError)
    assert "run again to find out" in str(error)
    assert script.told.count("POST /v1/Workspaces") == 1
    assert 10 < script.times[-1] - script.times[0] <= 20


def test_a_workspace_that_was_refused_for_a_while_is_sent_again():
    live, script = workspace(WORKSPACES, answer(429), answer(429), answer(201, MINE))

    assert live.sid == "WS1"
    assert script.told.count("POST /v1/Workspaces") == 3


# Observers


def test_every_attempt_is_reported_with_its_purpose_and_number_and_the_final_result():
    told = []

    created(answer(429), BROKEN, FOUND, observer=lambda call, outcome: told.append((call, outcome)))

    writes = [(c.attempt, None if o is None else o.verdict) for c, o in told if c.method == "POST"]
    assert writes == [
        (1, None),
        (1, Verdict.REFUSED),
        (2, None),
        (2, Verdict.UNKNOWN),
        (1, Verdict.DONE),
    ]
    assert all(call.purpose == PURPOSE for call, _ in told if call.method == "POST")
    assert told[-1][1].sid == "WQ1"
    assert all(call.fields == tuple(FORM) for call, _ in told if call.method == "POST")
