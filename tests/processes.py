"""Processes of the command line, each a real one, that are forked from one process which has imported everything
and run once.

Each takes half a second of processor time less than a new Python. Tests of the start itself (its imports, how the
interpreter was called) need ``subprocess``.
"""

import marshal
import os
import select
import signal
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parent.parent
ASKING = Path(__file__).with_name("ask_fork.py")
SOCKET = "forking"  # of ask_fork.py as well

FORKING = """
import select, sys
sys.path[0] = {root!r}
if {listener} in select.select([0, {listener}], [], [])[0]:
    from tests.forking import fork_for
    fork_for({listener})
"""


class Forker:
    """The process that others are forked from; it imports what they need when the first one is asked for.

    Attributes:
        programs: A folder for the PATH of shells and scripts, with a ``tr-apply`` and a ``python3`` that are forked.
    """

    def __init__(self):
        self._folder = TemporaryDirectory(prefix="forked-")
        self.programs = Path(self._folder.name)
        for name in ("tr-apply", "python3"):
            program = self.programs / name
            program.write_text(f"#!{sys.executable} -IS\n{ASKING.read_text()}")
            program.chmod(0o755)
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(self.programs / SOCKET))
            listener.listen()
            code = FORKING.format(root=str(ROOT), listener=listener.fileno())
            self._process = subprocess.Popen(
                [sys.executable, "-c", code],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                pass_fds=[listener.fileno()],
            )

    def close(self):
        self._process.stdin.close()
        self._process.wait(20)
        self._folder.cleanup()


class Forking:
    """Asks for processes where the *programs* of a ``Forker`` are."""

    def __init__(self, programs):
        self.programs = programs

    def start(self, program, arguments, *, environment=None, began=lambda _pid: None, screen=None, **more):
        """A process that runs *program*, a function in ``forking.py``; *began* gets its id before it does anything.

        *screen* is the descriptor of a terminal, in place of nothing on stdin and pipes for the rest.
        """
        order = {
            "program": program,
            "arguments": [str(each) for each in arguments],
            "environment": dict(os.environ if environment is None else environment),
            "folder": str(Path.cwd()),
            "more": more,
        }
        return Process(self.programs / SOCKET, order, began, screen)


class Starting:
    """The same for systems that cannot fork: each process is a new Python."""

    programs = Path(sys.executable).parent

    def start(self, program, arguments, *, environment=None, began=lambda _pid: None, **more):
        arguments = [str(each) for each in arguments]
        code = (
            f"import sys; sys.path.insert(0, {str(ROOT)!r}); sys.argv = ['tr-apply', *{arguments!r}]; "
            f"from tests import forking; forking.{program}({arguments!r}, **{more!r})"
        )
        process = NewProcess(
            [sys.executable, "-c", code], env=environment, text=True, encoding="utf-8",
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        began(process.pid)
        return process


class NewProcess(subprocess.Popen):
    """A process that is used as a forked one is."""

    def communicate(self, timeout=None):
        return super().communicate(timeout=timeout)

    def close(self):
        for each in (self.stdout, self.stderr):
            each.close()


class Process:
    """A forked process, used like a ``subprocess.Popen`` with pipes for its output."""

    def __init__(self, address, order, began, screen):
        self._connection, theirs = socket.socketpair()
        out, err = os.pipe(), os.pipe()
        nothing = os.open(os.devnull, os.O_RDONLY)
        streams = [nothing, out[1], err[1]] if screen is None else [screen] * 3
        with theirs, socket.socket(socket.AF_UNIX) as asking:
            asking.connect(str(address))
            socket.send_fds(asking, [b"!"], [theirs.fileno(), *streams])
        for each in (nothing, out[1], err[1]):
            os.close(each)
        self.stdout, self.stderr = open(out[0]), open(err[0])  # noqa: PTH123, SIM115
        self._answers = self._connection.makefile()
        self.pid = int(self._answers.readline())
        self.returncode = None
        began(self.pid)
        self._connection.sendall(marshal.dumps(order))

    def send_signal(self, number):
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self):
        self.send_signal(signal.SIGTERM)

    def kill(self):
        self.send_signal(signal.SIGKILL)

    def poll(self):
        """How it ended, negative for a signal; None while it runs."""
        return self._ended(0)

    def wait(self, timeout=None):
        if self._ended(timeout) is None:
            raise subprocess.TimeoutExpired(f"process {self.pid}", timeout)
        return self.returncode

    def communicate(self, timeout=None):
        """All that it still says on stdout and on stderr, until it has ended."""
        if self.stdout.closed:
            return "", ""
        readers = ThreadPoolExecutor(2)
        said = [readers.submit(stream.read) for stream in (self.stdout, self.stderr)]
        self.wait(timeout)
        texts = tuple(each.result(timeout) for each in said)
        readers.shutdown()
        self.close()
        return texts

    def close(self):
        for each in (self.stdout, self.stderr, self._answers, self._connection):
            each.close()

    def _ended(self, timeout):
        if self.returncode is None and select.select([self._connection], [], [], timeout)[0]:
            self.returncode = int(self._answers.readline())
        return self.returncode
