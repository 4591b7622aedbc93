"""A server that answers as the test's script says, to test a transport with."""

import asyncio
import json
from dataclasses import dataclass
from urllib.parse import parse_qs

import httpx

from tr_apply.transport import Connection

SECRET = "canary-5ecret-t0ken"
CONNECTION = Connection("http://127.0.0.1:1", "AC0123456789abcdef0123456789abcdef", SECRET)


@dataclass(frozen=True)
class Answer:
    status: int
    headers: tuple[tuple[str, str], ...]
    content: bytes


def answer(status=200, body=None, /, content=None, **headers):
    """An answer with *body* as JSON, or with *content* as it is."""
    if content is None:
        content = b"" if body is None else json.dumps(body).encode()
    return Answer(status, tuple((name.replace("_", "-"), value) for name, value in headers.items()), content)


class Script(httpx.AsyncBaseTransport):
    """Answers request after request with the next step: a response, an exception to raise, or a function of the request.

    The last step goes on for ever. A number is seconds to take before the step that follows.
    """

    def __init__(self, *steps):
        self.steps = list(steps)
        self.requests = []
        self.times = []
        self.under_way = self.most_under_way = 0

    async def handle_async_request(self, request):
        self.requests.append(request)
        self.times.append(asyncio.get_running_loop().time())
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        try:
            return await self._answer(request)
        finally:
            self.under_way -= 1

    async def _answer(self, request):
        step = self._next()
        if isinstance(step, int | float):
            following = self._next()
            await asyncio.sleep(step)
            step = following
        if callable(step):
            step = step(request)
        if isinstance(step, BaseException):
            raise step
        return httpx.Response(step.status, headers=step.headers, stream=httpx.ByteStream(step.content))

    def _next(self):
        return self.steps.pop(0) if len(self.steps) > 1 else self.steps[0]

    async def aclose(self):
        raise AssertionError("not the transport's to close")

    @property
    def told(self):
        """The requests, with the values that were sent."""
        return [f"{r.method} {r.url.raw_path.decode()}" for r in self.requests]

    @property
    def pauses(self):
        """Seconds between one request and the next."""
        return [later - earlier for earlier, later in zip(self.times, self.times[1:], strict=False)]


def form_of(request):
    return {key: values[-1] for key, values in parse_qs(request.content.decode(), keep_blank_values=True).items()}
