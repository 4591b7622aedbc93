"""An application in this process answers like a server, and costs no search for modules at each request."""

import builtins

import httpx
import pytest

from tr_apply.transport import in_process


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
