"""Runs as the program whose name it has, in a process forked for it (``forking.py``), with its streams and environment.

It starts in a fiftieth of the time that a Python with everything imported takes, for shells and scripts of tests. Nearly
all of that is Python itself: it imports only modules that are a part of it.
"""

import marshal
import os
import sys
from _signal import SIG_DFL, SIGINT, SIGTERM, signal
from _socket import AF_UNIX, SCM_RIGHTS, SOL_SOCKET, socket, socketpair

PROGRAMS = {"tr-apply": "as_installed", "python3": "as_script"}


def pass_on(number, _frame):
    """Give a signal to the process that was forked; it may just have ended."""
    try:  # noqa: SIM105  # contextlib takes as long to import as all the rest
        os.kill(pid, number)
    except ProcessLookupError:
        pass


folder, name = os.path.split(__file__)
order = {
    "program": PROGRAMS[name],
    "arguments": sys.argv[1:],
    "environment": dict(os.environ),
    "folder": os.getcwd(),  # noqa: PTH109  # pathlib takes longer to import than all the rest
    "more": {},
}
connection, theirs = socketpair()
descriptors = b"".join(each.to_bytes(4, sys.byteorder) for each in (theirs.fileno(), 0, 1, 2))
forking = socket(AF_UNIX)
forking.connect(os.path.join(folder, "forking"))  # noqa: PTH118
forking.sendmsg([b"!"], [(SOL_SOCKET, SCM_RIGHTS, descriptors)])
forking.close()
theirs.close()
pid = int(connection.recv(20))
for each in (SIGINT, SIGTERM):
    signal(each, pass_on)
connection.sendall(marshal.dumps(order))
code = int(connection.recv(20))
if code < 0:
    for each in (SIGINT, SIGTERM):
        signal(each, SIG_DFL)
    os.kill(os.getpid(), -code)
os._exit(code)
