"""Every command runs alone; and a server that accepts and never answers."""

import socket
import threading

import pytest


class SilentServer:
    """Accepts connections, reads, and says nothing."""

    def __init__(self):
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._asked = threading.Event()
        self._open = []
        threading.Thread(target=self._serve, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    @property
    def was_asked(self):
        return self._asked.is_set()

    def wait_for_a_request(self):
        assert self._asked.wait(20)

    def close(self):
        self._listener.close()
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
