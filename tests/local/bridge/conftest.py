"""Access tokens as an application makes them, and pages of workers, in time that is made up."""

import asyncio
import json
import time
from urllib.parse import urlencode

import jwt
import pytest

from tests.transport.clock import VirtualLoop

ACCOUNT = "AC0123456789abcdef0123456789abcdef"
SECRET = "0123456789abcdef0123456789abcdef"


def claims_of(workspace_sid, worker_sid=None, *, role="worker", ttl_s=3600, account=ACCOUNT, **more):
    """The claims of a token, as Twilio's libraries write them; a value of None leaves one out."""
    now = int(time.time())
    grant = {"workspace_sid": workspace_sid, "worker_sid": worker_sid, "role": role}
    claims = {
        "jti": f"SK{'2' * 32}-{now}",
        "iss": "SK" + "2" * 32,
        "sub": account,
        "exp": now + ttl_s,
        "grants": {"identity": "somebody", "task_router": {k: v for k, v in grant.items() if v is not None}},
        **more,
    }
    return {name: value for name, value in claims.items() if value is not None}


def token(*sids, secret=SECRET, algorithm="HS256", **more):
    return jwt.encode(claims_of(*sids, **more), secret, algorithm=algorithm, headers={"cty": "twilio-fpa;v=1"})


@pytest.fixture
def runner():
    """Time passes only when all tasks sleep, and then without waiting."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        yield runner


class Page:
    """A worker's page: its socket, with what came over it, and its requests."""

    def __init__(
        self, api, workspace_sid, worker_sid, *, reads=True, extensions=("websocket.http.response",), **options
    ):
        token_options = {name: options.pop(name) for name in ("role", "ttl_s", "secret") if name in options}
        self.token = options.pop("token", None) or token(workspace_sid, worker_sid, **token_options)
        self.sent, self.events, self.closed, self.answered, self.aborted = [], [], None, None, False
        self.breaks = None
        self._api, self._reads, self._options = api, reads, options
        self._extensions, self._workspace_sid = {name: {} for name in extensions}, workspace_sid

    async def open(self, path="/v1/wschannels"):
        query = urlencode({"token": self.token, "clientVersion": "2.1.1", **self._options})
        scope = {
            "type": "websocket",
            "path": path,
            "query_string": query.encode(),
            "headers": [(b"host", b"taskrouter.test")],
            "extensions": self._extensions,
            "tr_apply.abort": self._abort,
        }
        self._inbox = asyncio.Queue()
        self._inbox.put_nowait({"type": "websocket.connect"})
        self._running = asyncio.create_task(self._api.app(scope, self._inbox.get, self._send))
        await self.turn()
        return self

    async def turn(self):
        """Let happen what can happen without time."""
        for _ in range(20):
            await asyncio.sleep(0)

    async def say(self, text):
        self._inbox.put_nowait({"type": "websocket.receive", "text": text})
        await self.turn()

    async def leave(self, code=1001):
        self._inbox.put_nowait({"type": "websocket.disconnect", "code": code})
        await self.done()

    async def done(self):
        await self._running

    @property
    def is_open(self):
        return not self._running.done()

    @property
    def types(self):
        return [event["event_type"] for event in self.events]

    def payloads(self, event_type):
        return [event["payload"] for event in self.events if event["event_type"] == event_type]

    async def _send(self, message):
        self.sent.append(message)
        if self.breaks is not None:
            raise self.breaks
        match message["type"]:
            case "websocket.send" if not message["text"].strip():
                return
            case "websocket.send":
                if not self._reads and self.events:
                    await asyncio.Event().wait()
                self.events.append(json.loads(message["text"]))
            case "websocket.close":
                if not self._reads:
                    await asyncio.Event().wait()
                self.closed = (message["code"], message["reason"])
            case "websocket.http.response.start":
                self.answered = message["status"]

    def _abort(self):
        self.aborted = True


@pytest.fixture
def page(floor, runner):
    """Opens pages of the workers of a floor; they read what they are sent for a tenth of a second."""

    class Pages:
        workspace_sid = floor.path.rpartition("/")[2]

        def __call__(self, worker=floor.alice, **options):
            return runner.run(
                Page(floor.api, self.workspace_sid, self.sid(worker), **options).open(
                    *([options.pop("at")] if "at" in options else [])
                )
            )

        def sid(self, path):
            return path and path.rpartition("/")[2]

        def wait(self, seconds=0.1):
            runner.run(asyncio.sleep(seconds))

        def leave(self, page, **how):
            runner.run(page.leave(**how))

    return Pages()


@pytest.fixture
def ask(floor, page):
    """A request of alice's page, by ``POST``; the answer."""

    def post(url, method="GET", params=None, *, worker=floor.alice, headers=None, **options):
        body = {
            "url": url,
            "method": method,
            "params": params or {},
            "token": token(page.workspace_sid, page.sid(worker), **options),
        }
        return floor.api.request("POST", "/v1/wschannels", content=json.dumps(body), headers=headers)

    return post
