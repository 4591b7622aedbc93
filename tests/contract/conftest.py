"""The embedded TaskRouter on a socket, and the recorded facts that it is held against."""

import asyncio
import json
import socket
import threading
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import uvicorn
from twilio.http.http_client import TwilioHttpClient

from tr_apply.local import open_app

ACCOUNT = "AC0123456789abcdef0123456789abcdef"
SHARED = Path(__file__).parents[2].parent / "shared"


class Server(uvicorn.Server):
    """Runs in a thread; ``ready`` is set once it accepts connections."""

    def __init__(self, config):
        super().__init__(config)
        self.ready = threading.Event()

    async def startup(self, sockets=None):
        await super().startup(sockets)
        self.loop = asyncio.get_running_loop()
        self.ready.set()

    def do(self, coroutine):
        """The result of *coroutine* in the server's own thread."""
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(20)


@contextmanager
def serving(app):
    """The server of an application, and its URL."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = Server(uvicorn.Config(app, lifespan="off", log_config=None))
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        assert server.ready.wait(20)
        yield server, f"http://127.0.0.1:{listener.getsockname()[1]}"
        server.should_exit = True
        thread.join()
    app.close()


@pytest.fixture(scope="session")
def base_url():
    """The URL of a server that starts empty and lives as long as the tests."""
    with serving(open_app(":memory:")) as (_, url):
        yield url


class ElsewhereHttpClient(TwilioHttpClient):
    """The library's own client, sent to another host."""

    def __init__(self, base_url):
        super().__init__()
        self._base_url = base_url
        self.session.trust_env = False

    def request(self, method, url, *arguments, **more):
        url = url.replace("https://taskrouter.twilio.com", self._base_url)
        return super().request(method, url, *arguments, **more)


@pytest.fixture(scope="session")
def api(base_url):
    """An HTTP client of that server; paths begin after ``/v1``."""
    with httpx.Client(base_url=f"{base_url}/v1", auth=(ACCOUNT, "secret"), trust_env=False, verify=False) as client:
        yield client


@pytest.fixture(scope="session")
def shared():
    """Reads a JSON file of the reference data, which is not part of the project."""

    def read(path):
        if not SHARED.is_dir():
            pytest.skip(f"the reference data is not at {SHARED}")
        return json.loads((SHARED / path).read_text())

    return read
