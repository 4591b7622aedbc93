"""Every command runs alone; serving processes; and a server that accepts and never answers."""

import os
import signal
import socket
import subprocess
import threading
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import pytest

from tests.conftest import without_settings
from tr_apply.own_folder import make_folder

ACCOUNT = "AC0123456789abcdef0123456789abcdef"


class Server:
    """A serving process, once it says that it listens."""

    def __init__(self, forking, *arguments, **environment):
        self.process = forking.start("serve", ["--port", "0", *arguments], environment=os.environ | environment)
        first = self.process.stderr.readline()
        assert first.startswith("Listening on http://127.0.0.1:"), first + self.process.stderr.read()
        self.url = first.split()[-1]
        user = (ACCOUNT, "secret")
        self.client = httpx.Client(base_url=f"{self.url}/v1", auth=user, timeout=60, trust_env=False, verify=False)

    def connect(self):
        host, port = self.url.removeprefix("http://").split(":")
        return socket.create_connection((host, int(port)), timeout=20)

    def is_listening(self):
        try:
            self.connect().close()
        except ConnectionError:
            return False
        return True

    def end(self, *signals):
        """Send signals; the exit code and the rest of the output."""
        for each in signals:
            self.process.send_signal(each)
        self.printed, said = self.process.communicate(timeout=30)
        return self.process.returncode, said

    def cut_off(self):
        """End it while a request is under way, without waiting for its answer; the exit code and the rest of the output."""
        self.process.send_signal(signal.SIGINT)
        while self.is_listening():
            pass
        return self.end(signal.SIGINT)


@pytest.fixture
def serve(tmp_path, forking):
    """Starts servers on a file of the test, or elsewhere if their arguments say so."""
    servers = []

    def start(*arguments, **environment):
        servers.append(Server(forking, "--db", str(tmp_path / "local.db"), *arguments, **environment))
        return servers[-1]

    yield start
    for server in servers:
        server.client.close()
        server.process.terminate()  # kindly, or the branches that it reached are not counted
        try:
            server.process.communicate(timeout=20)
        except subprocess.TimeoutExpired:
            server.process.kill()
            server.process.communicate()


@pytest.fixture(scope="module")
def served(forking):
    """A server that the tests of a file share; what they do leaves nothing in it."""
    with shared_server(forking) as server:
        yield server


@contextmanager
def shared_server(forking, *arguments):
    """A server that is started before any test has an environment of its own."""
    with pytest.MonkeyPatch.context() as patch:
        without_settings(patch)
        server = Server(forking, "--db", ":memory:", *arguments)
    yield server
    server.client.close()
    code, said = server.end(signal.SIGTERM)
    assert code == 0, said
    assert "Traceback" not in said


DATABASES = {}
"""The content of databases, by the function and the texts of files that they were made by; the files name no others."""


def have_database(path, make, *files):
    """Have the database at *path* that *make* makes there of *files*, or from the second time on a copy of that one."""
    path = Path(path)
    made_by = make, *(Path(file).read_text(encoding="utf-8") for file in files)
    if made_by not in DATABASES:
        make(*files)
        DATABASES[made_by] = path.read_bytes()
        return
    make_folder(path.parent)
    path.write_bytes(DATABASES[made_by])
    path.chmod(0o600)


class SilentServer:
    """Accepts connections, reads, and says nothing."""

    def __init__(self):
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._asked = threading.Event()
        self._open = []
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    @property
    def was_asked(self):
        return self._asked.is_set()

    def wait_for_a_request(self):
        assert self._asked.wait(20)

    def close(self):
        with suppress(OSError):  # macOS refuses to, and wakes the thread when it is closed
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(20)
        for connection in self._open:
            connection.close()

    def _serve(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._open.append(connection)
            connection.recv(1)
            self._asked.set()


@pytest.fixture
def silent_server():
    server = SilentServer()
    yield server
    server.close()


@pytest.fixture(autouse=True)
def _alone(alone):
    pass
