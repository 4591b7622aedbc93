"""Pace: how many requests are under way follows the server, in time that is made up."""

import asyncio
import math
import random
from collections import deque

import pytest

from tests.transport.clock import run
from tests.transport.scripted import CONNECTION, Script, answer
from tr_apply.transport import Call, Pace, Patience, Sender, Transport

CALL = Call("POST", "/v1/Workspaces/WS1/Workers", ("FriendlyName",))
FINE, REFUSED = answer(201, {"sid": "WK1"}), answer(429, {"code": 20429, "message": "Too many requests"})


class Limit:
    """Whether a request is admitted, by one of the ways in which servers count."""

    def __init__(self, per_s, burst):
        self._per_s, self._burst = per_s, burst
        self._tokens, self._at = burst, 0.0

    def admits(self, now):
        self._tokens = min(self._burst, self._tokens + (now - self._at) * self._per_s)
        self._at = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


class PerWindow:
    """A limit in each second of the clock, or in any second."""

    def __init__(self, number, *, sliding):
        self._number, self._sliding, self._admitted = number, sliding, deque()

    def admits(self, now):
        since = now - 1 if self._sliding else math.floor(now)
        while self._admitted and self._admitted[0] < since:
            self._admitted.popleft()
        if len(self._admitted) >= self._number:
            return False
        self._admitted.append(now)
        return True


class LimitedServer(Script):
    """Delays the requests it accepts, and refuses the rest immediately."""

    def __init__(self, limit, *, latency_s=0.05, refusal=REFUSED):
        super().__init__()
        self._limit, self.latency_s, self._refusal = limit, latency_s, refusal
        self.refused = 0
        self.admitted = []
        self._random = random.Random(1)

    async def _answer(self, _request):
        now = asyncio.get_running_loop().time()
        if self._limit is not None and not self._limit.admits(now):
            self.refused += 1
            await asyncio.sleep(0.005)
            step = self._refusal
        else:
            self.admitted.append(now)
            await asyncio.sleep(self.latency_s * self._random.uniform(1, 1.2))
            step = FINE
        self.steps = [step]
        return await super()._answer(_request)


def finished(server, number, *, concurrency=10):
    """Seconds until *number* requests are done, by as many hands as there is room for."""
    random.seed(1)  # the same waits in every run

    async def work():
        transport = Transport(CONNECTION, concurrency=concurrency, through=server, patience=Patience(), observer=None)
        sender = Sender(transport, Patience())
        left = iter(range(number))

        async def hand():
            for _ in left:
                await sender.send(CALL, {"FriendlyName": "x"}, read=lambda response: response)

        begun = asyncio.get_running_loop().time()
        # A request that waits to be repeated leaves its place to another, as apply does it.
        await asyncio.gather(*(hand() for _ in range(4 * concurrency)))
        return asyncio.get_running_loop().time() - begun

    return run(work())


LIMITS = {
    "a bucket of 10": lambda: Limit(100, 10),
    "a bucket of 100": lambda: Limit(100, 100),
    "no burst at all": lambda: Limit(100, 1.5),
    "any second": lambda: PerWindow(100, sliding=True),
    "each second": lambda: PerWindow(100, sliding=False),
}


@pytest.mark.parametrize("latency_s", [0.005, 0.05])
@pytest.mark.parametrize("limit", LIMITS.values(), ids=LIMITS)
def test_1500_requests_against_a_limit_of_100_a_second_take_a_tenth_longer_than_they_must(limit, latency_s):
    server = LimitedServer(limit(), latency_s=latency_s)

    took_s = finished(server, 1500)

    assert took_s <= 1.1 * 15
    assert server.refused < 0.2 * 1500
    assert server.most_under_way <= 10


def test_a_hint_how_long_to_wait_does_not_leave_the_server_idle():
    refusal = answer(429, {}, retry_after="1")
    server = LimitedServer(Limit(100, 10), refusal=refusal)

    assert finished(server, 1500) <= 1.15 * 15


def test_without_a_limit_nothing_waits():
    server = LimitedServer(None)

    took_s = finished(server, 500)

    assert took_s <= 1.2 * 500 / 10 * 0.05
    assert server.most_under_way == 10


def test_the_pace_falls_with_refusals_and_rises_again_when_they_end():
    server = LimitedServer(Limit(100, 10))

    async def after(seconds):
        now = asyncio.get_running_loop().time()
        await asyncio.sleep(seconds)
        return sum(at > now for at in server.admitted) / seconds

    async def work():
        patience = Patience(total_s=1e6)
        sender = Sender(
            Transport(CONNECTION, concurrency=20, through=server, patience=patience, observer=None), patience
        )

        async def hand():
            while True:
                await sender.send(CALL, {"FriendlyName": "x"}, read=lambda response: response)

        hands = [asyncio.create_task(hand()) for _ in range(20)]
        await asyncio.sleep(5)
        limited, refused = await after(10), server.refused
        server._limit = Limit(20, 10)
        await asyncio.sleep(5)
        lower = await after(10)
        server._limit = None
        await asyncio.sleep(22)  # after 20 s without a refusal there is no limit any more
        free = await after(2)
        for each in hands:
            each.cancel()
        await asyncio.gather(*hands, return_exceptions=True)
        return limited, refused, lower, free

    limited, refused, lower, free = run(work())

    assert 90 <= limited <= 101
    assert refused < 200
    assert 15 <= lower <= 21
    assert free > 300


def test_rising_latency_lowers_the_window_and_falling_latency_raises_it():
    pace = Pace(10)
    now = 0.0

    def windows(seconds, number):
        """The windows over time, if ten concurrent requests take *seconds* each."""
        nonlocal now
        for _ in range(number):
            now += seconds / 10
            pace.admitted(now, seconds, "POST")
            yield pace.window

    usual = set(windows(0.05, 50))
    slow = min(windows(0.8, 60))
    after = list(windows(0.05, 200))

    assert usual == {10}
    assert slow <= 6
    assert after[-1] == 10


def test_latency_that_is_merely_high_is_nobody_s_fault():
    pace = Pace(10)

    for number in range(500):
        pace.admitted(number / 100, 2.0, "POST")

    assert pace.window == 10


def test_a_long_list_is_not_compared_with_a_short_write():
    pace = Pace(10)

    for number in range(100):
        pace.admitted(number / 10, 0.05, "POST")
    for number in range(10):
        pace.admitted(10 + number / 10, 2.0, "GET a list")

    assert pace.window == 10


def test_one_reduction_serves_all_requests_that_were_under_way():
    pace = Pace(10)

    for _ in range(10):
        pace.strained(5.0, begun=4.0)

    assert pace.window == 8


def test_at_least_one_request_is_always_under_way():
    pace = Pace(10)

    for number in range(100):
        pace.strained(number, begun=number)

    assert pace.window == 1


def test_when_nothing_is_admitted_for_long_the_server_is_still_asked_now_and_then():
    pace = Pace(10)
    for number in range(200):
        pace.begin(number / 100)
        pace.admitted(number / 100, 0.05, "POST")

    for number in range(200):
        pace.refused(2 + number / 4, begun=2 + number / 4 - 0.01)

    assert 1 <= pace.rate <= 2


def test_a_limit_is_forgotten_when_nothing_has_been_refused_for_a_while():
    pace = Pace(10)
    pace.begin(0.0)
    pace.refused(1.0, begun=0.5)
    before = pace.rate

    pace.begin(30.0)

    assert before < math.inf
    assert pace.rate == math.inf
