"""An application in this process answers like a server, and costs no search for modules at each request."""

import builtins
from functools import partial

import httpx
import pytest

from tr_apply.transport import in_process
from tr_apply.transport.exchange import Request


async def echo(scope, receive, send):
    """Answers with what it was asked, in two parts."""
    request = await receive()
    await send({"type": "http.response.start", "status": 201, "headers": [(b"x-path", scope["raw_path"])]})
    await send({"type": "http.response.body", "body": scope["query_string"] + b" ", "more_body": True})
    await send({"type": "http.response.body", "body": request["body"]})
    assert await receive() == {"type": "http.disconnect"}


async def failing(_scope, _receive, _send):
    raise LookupError("no such thing")


def asked(runner, app, method="POST", url="http://local/v1/a%20b?x=1"):
    return runner.run(in_process(app).handle_async_request(httpx.Request(method, url, content=b"y=2")))


def test_the_answer_has_status_headers_and_all_parts(runner):
    answer = asked(runner, echo)

    assert (answer.status_code, answer.headers["x-path"]) == (201, "/v1/a%20b")
    assert runner.run(answer.aread()) == b"x=1 y=2"


def test_the_answer_to_a_head_request_has_no_content(runner):
    assert runner.run(asked(runner, echo, "HEAD").aread()) == b""


def test_errors_of_the_application_are_raised(runner):
    with pytest.raises(LookupError, match="no such thing"):
        asked(runner, failing)


def test_a_request_looks_for_no_other_event_loop(runner, monkeypatch):
    asked(runner, echo)
    imported = []
    do_import = builtins.__import__
    monkeypatch.setattr(builtins, "__import__", lambda name, *more: imported.append(name) or do_import(name, *more))

    runner.run(in_process(echo).handle_async_request(httpx.Request("GET", "http://local/")))

    assert "sniffio" not in imported


@pytest.mark.parametrize("content", [b"y=2", None])
def test_it_is_called_alike_whether_messages_of_httpx_are_between_or_not(runner, content):
    calls = []

    async def noting(scope, receive, send):
        calls.append(({**scope, "headers": sorted(scope["headers"])}, await receive()))
        await echo(scope, partial(next_of, iter([calls[-1][1], {"type": "http.disconnect"}])), send)

    method, headers = ("GET", ()) if content is None else ("POST", ((b"If-Match", b"0"),))
    request = httpx.Request(method, "http://local:81/v1/a%20b?x=%C3%A9", headers=list(headers), content=content)

    between = runner.run(in_process(noting).handle_async_request(request))
    answer = runner.run(
        in_process(noting).exchange("http://local:81", Request(method, "/v1/a%20b?x=%C3%A9", headers, content))
    )

    assert calls[0] == calls[1]
    assert (answer.status, answer.headers["x-path"]) == (between.status_code, between.headers["x-path"])
    assert answer.content == runner.run(between.aread())


async def next_of(messages):
    return next(messages)


def test_errors_of_an_application_that_is_asked_directly_are_raised(runner):
    with pytest.raises(LookupError, match="no such thing"):
        runner.run(in_process(failing).exchange("http://local", Request("GET", "/")))
