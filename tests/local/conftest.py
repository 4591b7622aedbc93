"""The embedded TaskRouter in process, called through its HTTP interface."""

import asyncio
from collections.abc import Iterator

import httpx
import pytest

from tr_apply.local import open_app

ACCOUNT = "AC0123456789abcdef0123456789abcdef"
AUTH = (ACCOUNT, "secret")


class Api:
    """Requests to one application, and their answers as httpx has them. Paths begin behind ``/v1``."""

    def __init__(self, app, runner):
        self.app = app
        self._runner = runner
        self._client = httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url="http://taskrouter.test", auth=AUTH
        )

    def request(self, method, url, **more):
        return self._runner.run(self._client.request(method, url, **more))

    def get(self, path, **query):
        return self.request("GET", f"/v1{path}", params=query)

    def post(self, path, headers=None, **form):
        return self.request("POST", f"/v1{path}", data=form, headers=headers)

    def delete(self, path, headers=None):
        return self.request("DELETE", f"/v1{path}", headers=headers)

    def made(self, path, **form):
        answer = self.post(path, **form)
        assert answer.status_code == 201, answer.text
        return answer.json()

    def changed(self, path, **form):
        answer = self.post(path, **form)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def read(self, path, **query):
        answer = self.get(path, **query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def items(self, path, **query):
        page = self.read(path, **query)
        return page[page["meta"]["key"]]

    def names(self, path, **query):
        return [item["friendly_name"] for item in self.items(path, **query)]

    def close(self):
        self._runner.run(self._client.aclose())
        self.app.close()


@pytest.fixture
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture
def api(runner) -> Iterator[Api]:
    api = Api(open_app(":memory:"), runner)
    yield api
    api.close()


@pytest.fixture
def open_api(runner):
    """Another application, over the database at a path, closed with the test."""
    opened = []

    def open_one(path, **credentials):
        opened.append(Api(open_app(path, **credentials), runner))
        return opened[-1]

    yield open_one
    for each in opened:
        each.close()


@pytest.fixture
def workspace(api) -> str:
    """The path of a multitasking workspace."""
    return f"/Workspaces/{api.made('/Workspaces', FriendlyName='Support')['sid']}"


@pytest.fixture
def single_tasking(api) -> str:
    """The path of a single-tasking workspace."""
    made = api.made("/Workspaces", FriendlyName="Old Support", MultiTaskEnabled="false")
    return f"/Workspaces/{made['sid']}"


@pytest.fixture
def refused():
    """Checks that an answer is a refusal, whole and consistent, and gives its message."""

    def check(answer, status=400, code=20001):
        body = answer.json()
        assert (answer.status_code, body["status"], body["code"]) == (status, status, code), answer.text
        assert body.keys() == {"code", "message", "more_info", "status"}
        assert body["more_info"] == f"https://www.twilio.com/docs/errors/{code}"
        return body["message"]

    return check


@pytest.fixture(scope="session")
def exchange():
    """Sends to an application what no client would; the status of the answer and its body."""

    def exchange(app, method, path, *, headers=(), message=None, **more):
        sent = []

        async def receive():
            return message or {"type": "http.request", "body": b""}

        async def send(message):
            sent.append(message)

        scope = {
            "type": "http",
            "method": method,
            "path": path,
            "raw_path": path.encode(),
            "root_path": "",
            "query_string": b"",
            "scheme": "http",
            "server": ("taskrouter.test", 80),
            "http_version": "1.1",
            "headers": [(b"authorization", b"Basic QUMxOng="), *headers],
            **more,
        }
        asyncio.run(app(scope, receive, send))
        return sent[0]["status"], sent[1]["body"].decode()

    return exchange


@pytest.fixture
def sids(api):
    """Name -> SID, of the items at a path."""
    return lambda path: {item["friendly_name"]: item["sid"] for item in api.items(path)}
