"""Reports of a server on stderr: problems always, and with ``--verbose`` a line for each request and callback."""

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import click

from tr_apply.errors import TargetError

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from tr_apply.local.callbacks.sending import CallbackReply, Form, Post

_SWITCHING_PROTOCOLS = 101
_BEGINNINGS = ("http.response.start", "websocket.http.response.start", "websocket.accept")


def report_problem(text: str) -> None:
    """Report what TaskRouter would write to its debugger; not even ``--quiet`` hides that something went wrong."""
    click.echo(_escaped(text), err=True)


def reporting(app: "ASGIApp") -> "ASGIApp":
    """The application, reporting in one line that its database turned out to be damaged."""

    async def reported(scope: "Scope", receive: "Receive", send: "Send") -> None:
        try:
            await app(scope, receive, send)
        except TargetError as error:  # it was answered
            report_problem(str(error))

    return reported


def logged(app: "ASGIApp") -> "ASGIApp":
    """The application with a line in the log for each request: no credentials, no query."""

    async def with_line(scope: "Scope", receive: "Receive", send: "Send") -> None:
        started = time.perf_counter()

        async def send_logged(message: "Message") -> None:
            if message["type"] in _BEGINNINGS:
                _log(scope.get("method", "GET"), scope["path"], message.get("status", _SWITCHING_PROTOCOLS), started)
            await send(message)

        await app(scope, receive, send_logged)

    return with_line


def logged_callbacks(post: "Post") -> "Post":
    """Sends callbacks with *post*, with a line in the log for each answer; a callback without one is a problem."""

    async def post_logged(url: str, form: "Form", headers: Mapping[str, str], *, timeout_s: float) -> "CallbackReply":
        started = time.perf_counter()
        reply = await post(url, form, headers, timeout_s=timeout_s)
        _log("callback POST", _without_secrets(url), reply.status, started)
        return reply

    return post_logged


def _log(what: str, where: str, status: int, started_s: float) -> None:
    duration_ms = (time.perf_counter() - started_s) * 1000
    now = datetime.now(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00")
    click.echo(f"{now}Z {what} {_escaped(where)} {status} {duration_ms:.1f} ms", err=True)


def _without_secrets(url: str) -> str:
    """The URL of a callback that was answered, without user, password and query."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def _escaped(text: str) -> str:
    return text.encode("unicode_escape").decode()
