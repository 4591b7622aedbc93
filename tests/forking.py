"""Forks processes of the command line that need not import anything first, as ``processes.py`` asks for them.

A process that asks connects to a socket and sends four descriptors: a connection, and what will be stdin, stdout and
stderr. On the connection go the new process's id and, once it has ended, how; a marshalled order that comes on it says what
to run. What was forked runs that as if it had been started with it, and ends as any program does. All asking is over once
stdin ends.
"""

import atexit
import contextlib
import gc
import io
import marshal
import os
import runpy
import select
import signal
import socket
import sys
import tempfile
import threading
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import tr_apply.client.client
from tests.faults.configurations import SMALL, SMALL_CHANGED
from tr_apply.cli import main, run
from tr_apply.cli.serve import serve_command
from tr_apply.errors import TrApplyError
from tr_apply.transport import Patience

# All that serving, planning and applying import, also late.
for name in (
    *("anyio._backends._asyncio", "encodings.cp437", "encodings.idna", "h11", "http.cookies", "httpcore", "httptools"),
    *("httpx", "importlib.resources.readers", "pydantic.dataclasses", "sqlite3", "ssl", "starlette.responses"),
    *("starlette.routing", "urllib.request", "uvicorn", "uvicorn.lifespan.off", "uvicorn.loops.auto"),
    *(("uvicorn.loops.uvloop",) if find_spec("uvloop") else ()),
    *("uvicorn.protocols.http.httptools_impl", "uvicorn.protocols.websockets.websockets_sansio_impl", "zipfile"),
    *(f"tr_apply.cli.{name}" for name in ("apply", "export", "plan", "serve", "test", "validate")),
    *(f"tr_apply.local.http.{name}" for name in ("app", "gate", "other_requests", "protocol")),
    *("tr_apply.api.router", "tr_apply.local.console.console", "tr_apply.local.control.control"),
    *("tr_apply.local.storage.turns", "tr_apply.picture", "tr_apply.report.html", "tr_apply.report.markdown"),
    "tr_apply.transport.callback",
):
    import_module(name)


def as_installed(arguments):
    """``tr-apply ARGUMENTS``."""
    main(arguments)


def as_script(arguments):
    """``python3 FILE ARGUMENTS``."""
    sys.argv = arguments
    runpy.run_path(arguments[0], run_name="__main__")


def patiently(arguments, **patience):
    """The same, with another patience than a person's."""
    tr_apply.client.client.Patience = lambda: Patience(**patience)
    sys.exit(run(arguments))


def serve(arguments):
    """``tr-apply serve ARGUMENTS``, where an error is a message and the exit code of its class."""
    try:
        serve_command(arguments, standalone_mode=False)
    except TrApplyError as error:
        print(error, file=sys.stderr)  # noqa: T201
        sys.exit(error.exit_code)


def begin(connection, streams):
    """Become what the order says; the function that does the rest."""
    with connection.makefile("rb") as orders:
        order = marshal.load(orders)  # from the tests
    connection.close()
    for descriptor, stream in enumerate(streams):
        os.dup2(stream, descriptor)
        os.close(stream)
    os.environ.clear()
    os.environ.update(order["environment"])
    os.chdir(order["folder"])
    sys.argv = ["tr-apply", *order["arguments"]]
    gc.enable()
    return lambda: globals()[order["program"]](order["arguments"], **order["more"])


def end_after(run):
    """Do *run*, and end with its exit code as Python does, except that no memory is cleared.

    All memory was common with the process that forks: to clear it is to copy it first, which took longer than most
    commands. If something unusual happens (an exception, a stream that takes nothing more), Python ends it.
    """
    try:
        run()
    except SystemExit as ended:
        if not isinstance(ended.code, int):
            raise
        code = ended.code
    else:
        code = 0
    threading._shutdown()  # the steps of Python itself, in its order
    atexit._run_exitfuncs()
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except (OSError, ValueError):
        sys.exit(code)
    os._exit(code)


def run_before():
    """Run the command line, so whatever is made when it is first used (pydantic's models above all) is there."""
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as silent:
        for redirected in (contextlib.redirect_stdout, contextlib.redirect_stderr):
            silent.enter_context(redirected(io.StringIO()))
        first, second, plan = Path(folder, "first.yaml"), Path(folder, "second.yaml"), Path(folder, "plan.json")
        first.write_text(SMALL)
        second.write_text(SMALL_CHANGED)
        for arguments in (
            ["apply", first, "--auto-approve"],
            ["plan", second, "--out", plan],
            ["apply", "--plan", plan, "--journal", Path(folder, "journal")],
        ):
            assert run([*map(str, arguments), "--local-db", f"{folder}/world.db"]) == 0


class Forks:
    """Those that were forked and have not ended: by id, the connection on which how they end is asked for."""

    def __init__(self, listener):
        self._listener = listener
        self._ended, self._ends = socket.socketpair()
        self._ends.settimeout(0)
        self._running = {}
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self._ends.fileno())

    def program(self):
        """In a new process the function that it runs; None at the end of all orders, in the process that forks."""
        while True:
            ready, *_ = select.select([self._ended, self._listener, 0], [], [])
            if self._ended in ready:
                self._ended.recv(4096)
                self._report(os.WNOHANG)
            elif self._listener in ready:
                found = self._asked()
                if found is not None:
                    return found
            else:
                self._report()
                return None

    def _asked(self):
        with self._listener.accept()[0] as asking:
            _, descriptors, *_ = socket.recv_fds(asking, 1, 4)
        if not descriptors:  # it was killed before it asked
            return None
        return self._forked(socket.socket(fileno=descriptors[0]), descriptors[1:])

    def _forked(self, connection, streams):
        pid = os.fork()
        if not pid:
            self._forget()
            return begin(connection, streams)
        for stream in streams:
            os.close(stream)
        self._running[pid] = connection
        connection.sendall(b"%d\n" % pid)
        return None

    def _forget(self):
        """Have nothing to do with the others any more."""
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for each in (self._listener, self._ended, self._ends, *self._running.values()):
            each.close()

    def _report(self, options=0):
        """Report how processes ended, if some did."""
        with contextlib.suppress(ChildProcessError):
            while (end := os.waitpid(-1, options))[0]:
                with self._running.pop(end[0]) as connection, contextlib.suppress(OSError):  # nobody asks any more
                    connection.sendall(b"%d\n" % os.waitstatus_to_exitcode(end[1]))


def fork_for(listener):
    """Fork what is asked for on a socket, until nobody asks any more; in a forked process, be what was asked for."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    run_before()
    gc.disable()
    gc.collect()
    gc.freeze()
    with socket.socket(fileno=listener) as listening:
        program = Forks(listening).program()
    if program is not None:
        end_after(program)
