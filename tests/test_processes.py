"""Processes that are forked end as a new Python does, although no memory is cleared."""

import os
import signal
import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="a system that cannot fork")

ENDS = {
    "its end": "print('done', end='')",
    "an exit code": "print('done', end=''); sys.exit(6)",
    "no exit code": "sys.exit(None)",
    "a text in its place": "sys.exit('it is full')",
    "an exception": "raise ValueError('it is full')",
    "Ctrl-C": "raise KeyboardInterrupt",
    "a signal": "print('done'); sys.stdout.flush(); os.kill(os.getpid(), 15)",
    "text for a stream that is full": "sys.stdout = open('/dev/full', 'w'); print('done')",
    "text for a stream that is closed": "sys.stdout.close()",
    "something to do at its end": "import atexit; atexit.register(print, 'done', file=sys.stderr)",
    "a thread at work": "import threading; threading.Timer(0.01, lambda: print('done')).start()",
}

WAITING = """
import time
try:
    print("begun", flush=True)
    while True:
        time.sleep(0.01)
finally:
    print("ended")
"""


@pytest.fixture
def script(tmp_path):
    """Writes a program to a file."""

    def write(program):
        (tmp_path / "script.py").write_text(f"import os, sys\n{program}\n")
        return tmp_path / "script.py"

    return write


def ended(python, script):
    """The exit code of a program, its output, and the last line of what it reports; a traceback has more lines."""
    done = subprocess.run([*python, script], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr.splitlines()[-1:]


@pytest.mark.parametrize("end", ENDS)
def test_a_forked_process_ends_as_a_new_python_does(forking, script, end):
    program = script(ENDS[end])

    assert ended([forking.programs / "python3"], program) == ended([sys.executable, "-IS"], program)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_for_the_program_in_its_place_reaches_a_forked_process(forking, script, number):
    program = script(WAITING)
    with subprocess.Popen(
        [forking.programs / "python3", program], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout.readline() == "begun\n"

        process.send_signal(number)

        assert process.stdout.read() == ("ended\n" if number == signal.SIGINT else "")
        assert process.wait(60) == -number
