"""A ``tr-apply serve`` in a process of its own, which ends with the process that started it."""

import http.client
import json
import os
import secrets
import subprocess
import sys
import threading
from base64 import b64encode
from collections import deque
from typing import IO, Any, Final
from urllib.parse import urlsplit

from tr_apply.errors import TargetError, UsageError

ACCOUNT_SID: Final = f"AC{0:032x}"
LINES_KEPT: Final = 1_000
"""How many lines of the server's log are kept; the oldest are forgotten."""

_ANSWER_TIMEOUT_S: Final = 120.0
_END_TIMEOUT_S: Final = 15.0
_OK: Final = 200
_SERVER_ERROR: Final = 500

# The server ends when its standard input does: when it is closed, and when the tests are killed. That needs no signal
# from outside, which Windows does not have. os.read takes no lock that the interpreter would need at its end.
_PROGRAM: Final = """
import _thread, os, signal, sys, threading, time
from tr_apply.cli import main

def end_with_the_tests():
    os.read(0, 1)
    for _ in range(100):  # until it is far enough to take notice
        _thread.interrupt_main(signal.SIGTERM)
        time.sleep(0.1)
    os._exit(1)

threading.Thread(target=end_with_the_tests, daemon=True).start()
main(["serve", "--port", "0", "--db", ":memory:", "--control", "--verbose"])
"""


class ServerProcess:
    """A server that listens on a free port of this machine, for one account with a token of its own.

    It is a process and not a thread, so tests may replace the clock, patch sockets and block the event loop.

    Attributes:
        url: Its address, without a path.
        auth_token: The token that it accepts, and signs callbacks with.
    """

    def __init__(self) -> None:
        self.auth_token = secrets.token_hex(16)
        self._lines: deque[str] = deque(maxlen=LINES_KEPT)
        self._process = subprocess.Popen(  # noqa: S603  # this interpreter, and nothing that anyone else wrote
            [sys.executable, "-P", "-c", _PROGRAM],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="replace",
            env=self._environment(),
            # Ctrl-C is for the tests, and in a debugger not even for those.
            start_new_session=True,
            creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
        )
        self._reader = threading.Thread(target=self._keep_lines, args=(self._process.stderr,), daemon=True)
        self._reader.start()
        self.url = self._announced(self._process.stdout)

    def close(self) -> None:
        """End the server, at the latest after some seconds."""
        for stream in filter(None, (self._process.stdin, self._process.stdout)):
            stream.close()
        try:
            self._process.wait(_END_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join()

    def control(self, name: str, body: Any = None, method: str = "POST") -> Any:
        """The answer of ``/_tr-apply/NAME``.

        Raises:
            UsageError: when the server refuses the request, with its reason.
            TargetError: when there is no answer.
        """
        status, answer = self._answer(method, f"/_tr-apply/{name}", json.dumps({} if body is None else body))
        if status == _OK:
            return answer
        error = TargetError if status >= _SERVER_ERROR else UsageError
        raise error(f"the embedded TaskRouter refuses {name}: {answer['message']}")

    @property
    def log(self) -> list[str]:
        """The lines that it has logged since ``forget_log``, as far as they have been read."""
        return list(self._lines)

    def forget_log(self) -> None:
        """Begin a new log."""
        self._lines.clear()

    def _environment(self) -> dict[str, str]:
        account = {"TR_APPLY_SERVE_ACCOUNT_SID": ACCOUNT_SID, "TR_APPLY_SERVE_AUTH_TOKEN": self.auth_token}
        return {**os.environ, **account, "PYTHONIOENCODING": "utf-8"}

    def _announced(self, stdout: IO[str] | None) -> str:
        line = stdout.readline() if stdout is not None else ""
        if not line:
            self.close()
            raise TargetError("\n".join(["the embedded TaskRouter cannot be started:", *self._lines]))
        return line.split()[-1]

    def _keep_lines(self, stderr: IO[str]) -> None:
        with stderr:
            for line in stderr:
                self._lines.append(line.rstrip("\n"))

    def _answer(self, method: str, path: str, body: str) -> tuple[int, Any]:
        login = b64encode(f"{ACCOUNT_SID}:{self.auth_token}".encode()).decode()
        connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=_ANSWER_TIMEOUT_S)
        try:
            connection.request(method, path, body, {"Authorization": f"Basic {login}"})
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        except (OSError, http.client.HTTPException) as error:
            last = "".join(f"\n  {line}" for line in self.log[-10:])
            raise TargetError(f"the embedded TaskRouter does not answer ({type(error).__name__}){last}") from error
        finally:
            connection.close()
