"""Runs the command line again and again, each time in a process of its own that need not import anything first.

A line of JSON on stdin names the arguments, the environment, the file for all output and the patience. The answers on
stdout are the process's id, and, once that was told to go by another line and has ended, how it ended.
"""

import gc
import json
import os
import signal
import sys
import traceback
from importlib import import_module
from pathlib import Path

import tr_apply.client.client
from tr_apply.cli import run
from tr_apply.transport import Patience

# All that an apply imports, also late.
for name in ("tr_apply.cli.apply", "anyio._backends._asyncio", "anyio.streams.tls", "h11", "httpcore"):
    import_module(name)


def child(order, go):
    os.read(go, 1)
    with Path(order["output"]).open("wb") as output:
        for descriptor in (1, 2):
            os.dup2(output.fileno(), descriptor)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.environ.update(order["environment"])
    patience = Patience(**order["patience"])
    tr_apply.client.client.Patience = lambda: patience
    code = 255
    try:
        code = run(order["arguments"])
    except BaseException:
        traceback.print_exc()
        raise
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def tell(number):
    sys.stdout.write(f"{number}\n")
    sys.stdout.flush()


def main():
    signal.signal(signal.SIGINT, signal.default_int_handler)
    gc.disable()
    gc.freeze()
    while line := sys.stdin.readline():
        order = json.loads(line)
        go, going = os.pipe()
        pid = os.fork()
        if pid == 0:
            child(order, go)
        tell(pid)
        sys.stdin.readline()
        os.write(going, b"!")
        _, status = os.waitpid(pid, 0)
        tell(os.waitstatus_to_exitcode(status))
        os.close(go)
        os.close(going)


if __name__ == "__main__":
    main()
