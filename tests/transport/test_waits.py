"""The output while a run waits: a line every ten seconds, with the reason, the attempt and the time of the next one."""

import asyncio
import contextlib
import re
import sys
from datetime import UTC, datetime, timedelta

import pytest

from tests.transport import clock
from tests.transport.scripted import CONNECTION, Script, answer
from tr_apply.cli.output import Output
from tr_apply.cli.progress import shown_waits
from tr_apply.client import Client
from tr_apply.deployment.deadline import Deadline, OutOfTimeError
from tr_apply.deployment.waits import Waits
from tr_apply.errors import NetworkError
from tr_apply.transport import Patience

PATH = "/v1/Workspaces"
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def said_while(*steps, patience=None, seconds=None):
    """The output until the request that the *steps* answer has ended, with the seconds from its beginning."""
    lines = []

    async def work():
        loop = asyncio.get_running_loop()
        begun = loop.time()
        waits = Waits(clock=lambda: NOON + timedelta(seconds=loop.time() - begun))
        telling = asyncio.ensure_future(waits.tell_regularly(lambda line: lines.append((loop.time() - begun, line))))
        client = Client(CONNECTION, through=Script(*steps), patience=patience or Patience(), observer=waits)
        client.on_pause(waits.pause)
        try:
            async with asyncio.timeout(seconds), client:
                await client.workspaces()
        except (NetworkError, TimeoutError):
            pass
        finally:
            telling.cancel()
        return waits.last_error

    return clock.run(work()), lines


def test_an_outage_of_two_minutes_is_a_line_every_ten_seconds():
    last, lines = said_while(answer(500, {"message": "Internal error"}))

    assert [round(at) for at, _ in lines] == [*range(10, 10 * len(lines) + 1, 10)]
    assert len(lines) >= 9
    assert all("GET /v1/Workspaces: Internal error (HTTP 500); attempt " in line for _, line in lines)
    assert "HTTP 500" in last


def test_a_line_says_until_when_taskrouter_asks_to_wait():
    _, lines = said_while(
        answer(429, {"message": "Too many requests"}, retry_after="25"),
        answer(200, {"meta": {"key": "workspaces"}, "workspaces": []}),
    )

    expected = (
        "waiting to repeat GET /v1/Workspaces: Too many requests (HTTP 429); attempt 1 failed, "
        "the next one is at 12:00:25 UTC"
    )
    assert [line for _, line in lines] == [expected, expected]


def test_a_missing_answer_is_reported_too():
    _, lines = said_while(1000, answer(), seconds=25)

    assert [line for _, line in lines] == [
        f"waiting for the answer to GET /v1/Workspaces for {seconds} s; attempt 1" for seconds in (10, 20)
    ]


def test_nothing_is_printed_while_requests_are_answered():
    answers = [
        step
        for _ in range(3)
        for step in (
            4,
            answer(
                200,
                {
                    "meta": {"key": "workspaces", "next_page_url": "http://127.0.0.1:1/v1/Workspaces?Page=1"},
                    "workspaces": [],
                },
            ),
        )
    ]
    last, lines = said_while(*answers, 4, answer(200, {"meta": {"key": "workspaces"}, "workspaces": []}))

    assert (last, lines) == ("", [])


def test_a_timeout_names_the_last_error(monkeypatch):
    deadlines = []

    async def work():
        monkeypatch.setattr("time.monotonic", asyncio.get_running_loop().time)
        deadline = Deadline(30)
        deadlines.append(deadline)
        client = Client(CONNECTION, through=Script(answer(503, {"message": "Down"})), observer=deadline.waits)
        client.on_pause(deadline.waits.pause)
        async with client, deadline.bound():
            await client.workspaces()

    with pytest.raises(
        OutOfTimeError, match=r"timed out after 30 s \(--timeout\); the last error was GET .* Down \(HTTP 503\)"
    ):
        clock.run(work())


def test_a_timeout_names_the_request_that_got_no_answer(monkeypatch):
    async def work():
        monkeypatch.setattr("time.monotonic", asyncio.get_running_loop().time)
        deadline = Deadline(30)
        client = Client(CONNECTION, through=Script(answer(503, {"message": "Down"}), 1000), observer=deadline.waits)
        client.on_pause(deadline.waits.pause)
        async with client, deadline.bound():
            await client.workspaces()

    with pytest.raises(OutOfTimeError) as found:
        clock.run(work())

    assert re.fullmatch(
        r"timed out after 30 s \(--timeout\); no answer came to GET /v1/Workspaces for [\d.]+ s; "
        r"the last error was GET /v1/Workspaces: Down \(HTTP 503\)",
        str(found.value),
    )


def test_on_a_terminal_the_reason_of_waiting_has_a_line_of_its_own(monkeypatch, capsys):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)

    async def work():
        waits = Waits(clock=lambda: NOON)
        client = Client(CONNECTION, through=Script(answer(503, {"message": "Down"})), observer=waits)
        client.on_pause(waits.pause)
        async with client, shown_waits(waits, Output("plan"), "Reading ..."):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(11):
                    await client.workspaces()

    clock.run(work())

    line, again = capsys.readouterr().err.split("\n")
    assert line.startswith("\rReading ...\r\x1b[2Kwaiting to repeat GET /v1/Workspaces: Down (HTTP 503); attempt ")
    assert again == "Reading ...\r           \r"
