"""Forks processes of the command line that need not import anything first, as ``processes.py`` asks for them.

On a socket on stdin come four descriptors for each: a connection, and what will be stdin, stdout and stderr. On the
connection go the process's id and, once it has ended, how; a line of JSON that comes on it says what to run. What was
forked runs that as if it had been started with it, and ends as any program does.
"""

import contextlib
import gc
import json
import os
import signal
import socket
import sys
from importlib import import_module
from importlib.util import find_spec

import tr_apply.client.client
from tr_apply.cli import main, run
from tr_apply.cli.serve import serve_command
from tr_apply.errors import TrApplyError
from tr_apply.transport import Patience

# All that serving, planning and applying import, also late.
for name in (
    *("anyio._backends._asyncio", "encodings.idna", "h11", "http.cookies", "httpcore", "httptools", "httpx", "sqlite3"),
    *("ssl", "starlette.responses", "starlette.routing", "uvicorn", "uvicorn.lifespan.off"),
    *(("uvicorn.loops.uvloop",) if find_spec("uvloop") else ()),
    *("uvicorn.protocols.http.httptools_impl", "uvicorn.protocols.websockets.websockets_sansio_impl"),
    *("tr_apply.api", "tr_apply.cli.apply", "tr_apply.cli.plan", "tr_apply.cli.serve", "tr_apply.local.http.app"),
    *("tr_apply.local.console.console", "tr_apply.local.control.control", "tr_apply.local.http.gate"),
    *("tr_apply.local.storage.turns", "tr_apply.transport.callback", "pydantic.dataclasses"),
):
    import_module(name)


def as_installed(arguments):
    """``tr-apply ARGUMENTS``."""
    main(arguments)


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
    with connection.makefile() as orders:
        order = json.loads(orders.readline())
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


def forked(connection, streams):
    """In the new process the function that it runs; None in the one that goes on forking."""
    if os.fork():
        return None
    pid = os.fork()
    if not pid:
        return begin(connection, streams)
    for stream in streams:
        os.close(stream)
    connection.sendall(b"%d\n" % pid)
    _, status = os.waitpid(pid, 0)
    with contextlib.suppress(OSError):  # nobody asks any more
        connection.sendall(b"%d\n" % os.waitstatus_to_exitcode(status))
    os._exit(0)


def reap(options=0):
    """Wait for children that waited for others, so the caller's processor time includes theirs."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, options)[0]:
            pass


def program():
    """The program of a forked process; None at the end of all orders."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    gc.disable()
    gc.freeze()
    with socket.socket(fileno=os.dup(0)) as control:
        while True:
            said, descriptors, *_ = socket.recv_fds(control, 1, 4)
            if not said:
                reap()
                return None
            connection = socket.socket(fileno=descriptors[0])
            found = forked(connection, descriptors[1:])
            if found is not None:
                return found
            for each in descriptors[1:]:
                os.close(each)
            connection.close()
            reap(os.WNOHANG)


if __name__ == "__main__":
    what = program()
    if what is not None:
        what()
