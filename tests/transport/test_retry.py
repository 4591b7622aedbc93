"""Sender: which failures are repeated, when, and for how long."""

import asyncio
import logging

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.transport.clock import run
from tests.transport.scripted import CONNECTION, SECRET, Script, answer
from tr_apply.errors import AnswerLostError, ApiError, NetworkError
from tr_apply.transport import Call, Patience, Sender, Transport
from tr_apply.transport.retry import retry_after

GET = Call("GET", "/v1/Workspaces")
POST = Call("POST", "/v1/Workspaces/WS1/Workers/WK1", ("FriendlyName",))
DELETE = Call("DELETE", "/v1/Workspaces/WS1/Workers/WK1")
FORM = {"FriendlyName": "alice"}
FINE = answer(200, {"sid": "WK1"})
BROKEN = httpx.ReadError("connection lost")
UNREACHABLE = httpx.ConnectError("connection refused")


def sent(call, *steps, patience=None, **more):
    """The result of *call*, and the script that answered it."""
    script = Script(*steps)
    patience = patience or Patience()

    async def send():
        transport = Transport(CONNECTION, concurrency=10, through=script, patience=patience, observer=None)
        form = FORM if call.method == "POST" else None
        return await Sender(transport, patience).send(call, form, read=lambda response: response, **more)

    try:
        return run(send()), script
    except (ApiError, NetworkError) as error:
        return error, script


FAILURES = {
    "connection lost": BROKEN,
    "too slow": httpx.ReadTimeout("too slow"),
    "no connection in time": httpx.ConnectTimeout("too slow"),
    "half an answer": httpx.RemoteProtocolError("peer closed connection without sending complete message body"),
    "500": answer(500, {"code": 20500, "message": "Internal server error"}),
    "502": answer(502, content=b"<html>Bad Gateway</html>"),
    "503": answer(503, {"code": 20503, "message": "Service unavailable"}),
    "429": answer(429, {"code": 20429, "message": "Too many requests"}),
    "half a document": answer(200, content=b'{"sid": "WK'),
    "a list": answer(200, content=b"[]"),
    "100,000 brackets": answer(200, content=b"[" * 100_000),
    "another encoding": answer(200, {"sid": "WK1"}, content_encoding="br"),
}


@pytest.mark.parametrize("call", [GET, POST, DELETE], ids=str)
@pytest.mark.parametrize("failure", FAILURES.values(), ids=FAILURES)
def test_a_repeatable_request_is_repeated_until_it_is_answered(call, failure):
    response, script = sent(call, failure, failure, FINE)

    assert response.status == 200
    assert script.told == [f"{call.method} {call.path}"] * 3


@pytest.mark.parametrize("call", [GET, POST, DELETE], ids=str)
@pytest.mark.parametrize("status", [302, 400, 401, 403, 404, 405, 409, 412, 413, 422])
def test_every_other_refusal_is_final(call, status):
    error, script = sent(call, answer(status, {"code": 20001, "message": "No"}), FINE)

    assert isinstance(error, ApiError)
    assert (error.status, error.api_code, len(script.requests)) == (status, 20001, 1)


def test_a_refusal_says_message_status_code_and_request():
    error, _ = sent(GET, answer(404, {"code": 20404, "message": "Not here"}, twilio_request_id="RQ1"))

    assert str(error) == "GET /v1/Workspaces: Not here (HTTP 404, code 20404, request RQ1)"
    assert error.request_id == "RQ1"


@pytest.mark.parametrize(
    ("refusal", "said"),
    [
        (answer(400, content=b"<html>no JSON</html>"), "Bad Request (HTTP 400)"),
        (answer(400, content=b""), "Bad Request (HTTP 400)"),
        (answer(499, content=b""), "no message (HTTP 499)"),
        (answer(400, content=b'"text"'), "Bad Request (HTTP 400)"),
        (answer(400, {"message": {"a": 1}, "code": "20001"}), "Bad Request (HTTP 400)"),
        (
            answer(400, {"title": "Bad", "detail": "The name is taken", "code": 20001}),
            "The name is taken (HTTP 400, code 20001)",
        ),
        (answer(400, {"message": "one\n\ttwo \x1b[31mred"}), "one two \\x1b[31mred (HTTP 400)"),
        (answer(400, {"message": "x" * 5000}), "x" * 500 + "… (HTTP 400)"),
        (
            answer(302, content=b"", location="https://evil.example/"),
            "redirected to another address, where credentials are not taken (HTTP 302)",
        ),
        (answer(400, content=b"\x1f\x8b broken", content_encoding="gzip"), "Bad Request (HTTP 400)"),
    ],
)
def test_a_refusal_is_reported_as_well_as_its_body_allows(refusal, said):
    error, _ = sent(GET, refusal)

    assert str(error) == f"GET /v1/Workspaces: {said}"


def test_a_redirect_is_not_followed():
    error, script = sent(GET, answer(307, content=b"", location="http://127.0.0.1:1/elsewhere"), FINE)

    assert isinstance(error, ApiError)
    assert len(script.requests) == 1


def test_a_deletion_that_is_repeated_and_finds_nothing_has_succeeded():
    response, _ = sent(DELETE, BROKEN, answer(404, {"code": 20404, "message": "Not here"}))

    assert response.status == 404


def test_a_deletion_that_was_only_refused_for_a_while_must_find_something():
    error, _ = sent(DELETE, answer(429), UNREACHABLE, answer(404, {"code": 20404, "message": "Not here"}))

    assert isinstance(error, ApiError)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry_after": "7"}, 7),
        ({"retry_after": "0.5"}, 0.5),
        ({"retry_after": "0"}, 0),
        ({"retry_after": "Fri, 31 Dec 1999 23:59:59 GMT", "date": "Fri, 31 Dec 1999 23:59:20 GMT"}, 39),
        ({"retry_after": "Fri, 31 Dec 1999 23:59:59 -0000", "date": "Fri, 31 Dec 1999 23:59:20 GMT"}, 39),
        ({"retry_after": "Fri, 31 Dec 1999 23:59:59 GMT"}, 0),
    ],
)
@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_is_kept_to_the_second(status, headers, seconds):
    _, script = sent(POST, answer(status, {}, **headers), FINE)

    assert script.pauses == [pytest.approx(seconds)]


ODD_DATES = st.one_of(
    st.text(max_size=40),
    st.from_regex(r"\A(Fri, )?\d{1,3} (Dec|Foo) \d{1,12} \d{1,4}:\d{1,4}(:\d{1,4})? ?(GMT|[+-]\d{1,20})?\Z"),
    st.floats().map(str),
    st.integers().map(str),
)


@given(ODD_DATES, st.none() | ODD_DATES)
def test_for_any_retry_after_a_run_goes_on_or_ends_with_a_message(said, now):
    headers = {"retry-after": said} | ({} if now is None else {"date": now})

    wait_s = retry_after(headers)

    assert wait_s is None or wait_s >= 0


def test_a_date_in_a_year_that_no_calendar_has_is_as_good_as_none():
    _, script = sent(POST, answer(429, {}, retry_after="Fri, 31 Dec 99999999999 23:59:59 GMT"), FINE)

    assert len(script.requests) == 2


@pytest.mark.parametrize("said", ["-1", "soon", "nan", "", "Fri, 99 Foo 1999"])
def test_a_retry_after_that_means_nothing_is_as_good_as_none(said):
    _, script = sent(POST, answer(429, {}, retry_after=said), FINE)

    assert 0 <= script.pauses[0] <= 0.5


@pytest.mark.parametrize("said", ["3600", "inf", "Fri, 31 Dec 2999 23:59:59 GMT"])
def test_a_retry_after_beyond_all_patience_ends_the_request_immediately(said):
    error, script = sent(POST, answer(429, {"message": "Too many requests"}, retry_after=said), FINE)

    assert type(error) is NetworkError
    assert "Too many requests" in str(error)
    assert "which is too long" in str(error)
    assert len(script.requests) == 1


def test_pauses_have_full_jitter_below_a_bound_that_doubles():
    bounds = [0.5, 1, 2, 4, 8, 15, 15]
    pauses = [sent(POST, *[BROKEN] * 7, FINE)[1].pauses for _ in range(50)]

    for each in pauses:
        assert all(0 <= pause <= bound for pause, bound in zip(each, bounds, strict=True))
    for index, bound in enumerate(bounds):
        assert max(each[index] for each in pauses) > 0.7 * bound
        assert min(each[index] for each in pauses) < 0.3 * bound


def test_a_request_that_is_refused_again_and_again_need_not_wait_long_by_itself():
    _, script = sent(POST, *[answer(429)] * 12, FINE)

    assert max(script.pauses) <= 2


@pytest.mark.parametrize(
    ("call", "failure", "expected"),
    [
        (GET, BROKEN, NetworkError),
        (POST, BROKEN, AnswerLostError),
        (DELETE, BROKEN, AnswerLostError),
        (POST, answer(500, {"message": "Out of order"}), AnswerLostError),
        (POST, answer(429, {"message": "Too many"}), NetworkError),
    ],
)
def test_patience_ends_after_two_minutes(call, failure, expected):
    error, script = sent(call, failure)

    assert type(error) is expected
    assert 95 < script.times[-1] - script.times[0] <= 120
    assert f"stopped after {len(script.requests)} attempts" in str(error)


def test_a_server_that_never_answered_is_abandoned_sooner():
    error, script = sent(GET, UNREACHABLE)

    assert type(error) is NetworkError
    assert "no connection to 127.0.0.1:1 (connection refused); stopped after" in str(error)
    assert script.times[-1] - script.times[0] <= 10


def test_a_server_that_was_there_gets_all_our_patience():
    _, script = sent(GET, answer(429), UNREACHABLE)

    assert script.times[-1] - script.times[0] > 95


def test_an_outage_ends_once_and_not_for_each_request_in_turn():
    script = Script(FINE, BROKEN)

    async def send():
        loop = asyncio.get_running_loop()
        sender = Sender(
            Transport(CONNECTION, concurrency=2, through=script, patience=Patience(), observer=None), Patience()
        )
        await sender.get("/v1/Workspaces")
        for _ in range(50):
            with pytest.raises(NetworkError):
                await sender.get("/v1/Workspaces")
        return loop.time()

    assert run(send()) - script.times[0] <= 120
    assert len(script.requests) < 100


def test_an_attempt_that_takes_too_long_is_ended_and_repeated():
    response, script = sent(POST, 1e6, FINE, FINE)

    assert response.status == 200
    assert 60 <= script.pauses[0] <= 60.5


def test_a_request_that_cannot_be_sent_is_not_tried_again():
    error, script = sent(GET, httpx.UnsupportedProtocol("no such protocol"), FINE)

    assert "the request cannot be sent: no such protocol" in str(error)
    assert len(script.requests) == 1


def test_a_lost_write_that_is_refused_when_repeated_may_have_been_carried_out():
    error, _ = sent(POST, BROKEN, answer(401, {"code": 20003, "message": "Authenticate"}))

    assert isinstance(error, AnswerLostError)
    assert "Authenticate" in str(error)


def test_a_lost_write_is_looked_for_if_possible_before_it_is_repeated():
    asked = []

    async def recover(lost):
        asked.append(lost.reason)
        return "found" if len(asked) == 2 else None

    found, script = sent(POST, BROKEN, answer(500, {"message": "Out of order"}), FINE, recover=recover)

    assert found == "found"
    assert asked == ["no answer (connection lost)", "Out of order (HTTP 500)"]
    assert len(script.requests) == 2


def test_a_write_that_was_not_sent_is_not_looked_for():
    async def recover(_lost):
        raise AssertionError

    response, _ = sent(POST, UNREACHABLE, answer(429), FINE, recover=recover)

    assert response.status == 200


@pytest.mark.parametrize("found", ["found", None])
def test_a_lost_write_is_looked_for_again_when_repeating_it_is_refused(found):
    answers = [None, found]

    async def recover(_lost):
        return answers.pop(0)

    result, _ = sent(POST, BROKEN, answer(400, {"message": "already exists"}), recover=recover)

    if found:
        assert result == "found"
    else:
        assert isinstance(result, ApiError)


def test_an_answer_with_unexpected_content_counts_as_no_answer():
    async def go():
        script = Script(answer(200, {"sid": 7}), FINE)
        transport = Transport(CONNECTION, concurrency=1, through=script, patience=Patience(), observer=None)

        def read(response):
            if response.sid is None:
                raise NetworkError("an answer without a SID")
            return response.sid

        return await Sender(transport, Patience()).send(POST, FORM, read=read)

    assert run(go()) == "WK1"


def test_waiting_requests_are_counted_and_announced():
    script = Script(answer(429, retry_after="5"), FINE)
    counts = []

    async def send():
        sender = Sender(
            Transport(CONNECTION, concurrency=1, through=script, patience=Patience(), observer=None), Patience()
        )
        sender.on_rest = lambda: counts.append(sender.resting)
        await sender.get("/v1/Workspaces")
        counts.append(sender.resting)

    run(send())

    assert counts == [1, 0]


@pytest.mark.parametrize(
    ("call", "failure", "requests"),
    [
        (POST, answer(429), 2),
        (POST, UNREACHABLE, 2),
        (POST, BROKEN, 3),
        (DELETE, answer(503), 3),
        (GET, answer(429), 3),
    ],
    ids=["refused", "not sent", "lost", "a lost deletion", "read"],
)
@pytest.mark.parametrize("before", [True, False], ids=["before the pause", "during the pause"])
def test_when_everything_ends_only_uncertain_requests_are_sent_again(call, failure, requests, before):
    script = Script(failure, failure, FINE)
    asked = []

    async def send():
        transport = Transport(CONNECTION, concurrency=1, through=script, patience=Patience(), observer=None)
        sender = Sender(transport, Patience())
        sender.on_rest = lambda: asked.append(len(script.requests))
        sender.is_ending = lambda: len(script.requests) >= 2 if before else max(asked, default=0) >= 2
        form = FORM if call.method == "POST" else None
        return await sender.send(call, form, read=lambda response: response)

    try:
        ended = run(send())
    except NetworkError as error:
        ended = error

    assert len(script.requests) == requests
    assert ("interrupted before it was sent again" in str(ended)) == (requests == 2)


def test_a_server_that_repeats_our_secret_does_not_get_it_into_a_message(caplog):
    caplog.set_level(logging.DEBUG)
    script_header = {}

    def echo(request):
        script_header.update(request.headers)
        login = request.headers["authorization"].removeprefix("Basic ")
        return answer(400, {"message": f"You are {SECRET} and {login}"})

    error, _ = sent(POST, echo)

    assert str(error) == "POST /v1/Workspaces/WS1/Workers/WK1: You are *** and *** (HTTP 400)"
    assert SECRET not in caplog.text
    assert SECRET not in repr(CONNECTION)
    assert SECRET not in repr(error.__dict__)
    assert script_header["authorization"].startswith("Basic ")
