"""SIGINT and SIGTERM where no loop takes them: while modules are imported, and while the result is printed."""

import json
import os
import signal
import subprocess
import sys

import pytest

MINIMAL = "workspace: {name: Shop}\n"
WITH_OUTPUTS = MINIMAL + "outputs: {SHOP: 'workspace'}\n"
WITH_ITS_DATABASE = ["shop.yaml", "--local-db", "world.db", "--format", "json"]
LARGE = MINIMAL + "task_queues:\n" + "".join(f"- {{name: '{'Queue ' * 9}{number}'}}\n" for number in range(300))
"""Its result fills more than the buffer of a pipe."""

SIGNALS = [signal.SIGINT, signal.SIGTERM]

WHILE_IMPORTING = """
import os, sys

class Finder:
    def find_spec(name, path=None, target=None):
        if name == sys.argv[1]:
            os.kill(os.getpid(), int(sys.argv[2]))

sys.meta_path.insert(0, Finder)
from tr_apply.cli import main
main(sys.argv[3:])
"""

AT_A_CALL = """
import os, sys

def at_call(frame, event, _):
    if event == "call" and frame.f_code.co_qualname == sys.argv[1]:
        sys.setprofile(None)
        for number in sys.argv[2].split():
            os.kill(os.getpid(), int(number))

sys.setprofile(at_call)
from tr_apply.cli import main
main(sys.argv[3:])
"""


@pytest.mark.parametrize("number", SIGNALS)
@pytest.mark.parametrize("module", ["typing", "click.core", "tr_apply.cli.validate", "tr_apply.config.load"])
def test_an_interrupt_while_modules_are_imported_is_130_and_a_sentence(tmp_path, number, module):
    (tmp_path / "shop.yaml").write_text(MINIMAL)

    done = subprocess.run(
        [sys.executable, "-S", "-c", WHILE_IMPORTING, module, str(int(number)), "validate", "shop.yaml"],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stdout, done.stderr.strip()) == (130, "", "Error: interrupted")


def test_a_program_that_imports_the_command_line_keeps_its_signals():
    program = "import signal, tr_apply.cli; print(*map(signal.getsignal, (signal.SIGINT, signal.SIGTERM)), sep='\\n')"

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stdout.splitlines() == [f"{signal.default_int_handler}", "0"]


@pytest.fixture
def printing(tmp_path, forking):
    """A command whose document has begun, and which waits until somebody reads the rest."""
    started = []

    def start(*arguments):
        (tmp_path / "shop.yaml").write_text(LARGE)
        process = forking.start("as_installed", [*arguments, "shop.yaml", "--format", "json"])
        started.append(process)
        return process, os.read(process.stdout.fileno(), 1).decode()

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("number", SIGNALS)
@pytest.mark.parametrize(
    "command", [["plan", "--local", "--detailed-exitcode"], ["apply", "--local", "--auto-approve"]]
)
def test_an_interrupt_changes_nothing_once_the_document_has_begun(printing, number, command):
    process, begun = printing(*command)

    process.send_signal(number)

    rest, _ = process.communicate(timeout=60)
    assert json.loads(begun + rest)["exit_code"] == process.returncode != 130


def test_a_second_interrupt_ends_a_command_whose_document_nobody_reads(printing):
    process, begun = printing("plan", "--local")

    for number in SIGNALS:
        process.send_signal(number)
    process.wait(timeout=60)

    rest, said = process.communicate()
    assert process.returncode == 130
    assert (begun + rest).count("format_version") == 1
    assert said.endswith("\nError: interrupted\n")


@pytest.fixture
def interrupted_at(tmp_path):
    """How a command with a database of its own ends that gets signals when it calls a function of that name."""
    (tmp_path / "shop.yaml").write_text(WITH_OUTPUTS)

    def ended(function, numbers, *command):
        done = subprocess.run(
            [
                sys.executable,
                "-c",
                AT_A_CALL,
                function,
                " ".join(map(str, map(int, numbers))),
                *command,
                *WITH_ITS_DATABASE,
            ],
            env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        document = json.loads(done.stdout)
        assert document["exit_code"] == done.returncode
        return document, done.stderr

    return ended


@pytest.mark.parametrize(("function", "number"), [("_find_outputs", signal.SIGINT), ("conclude", signal.SIGTERM)])
def test_an_interrupt_after_the_last_write_changes_nothing(interrupted_at, function, number):
    document, said = interrupted_at(function, [number], "apply", "--auto-approve")

    assert (document["exit_code"], document["plans"][0]["verified"]) == (0, True)
    assert "interrupted" not in said


def test_no_interrupt_changes_the_end_of_a_run_that_wrote_once_its_document_is_there(interrupted_at):
    document, said = interrupted_at("end", SIGNALS * 2, "apply", "--auto-approve")

    assert (document["exit_code"], "interrupted" in said) == (0, False)


@pytest.mark.parametrize("number", SIGNALS)
def test_an_interrupt_while_outputs_are_found_leaves_the_result_of_the_writes(interrupted_at, number):
    document, _ = interrupted_at("output_values", [number], "apply", "--auto-approve")

    assert (document["exit_code"], [error["code"] for error in document["errors"]]) == (130, ["interrupted"])
    assert document["plans"][0]["verified"] is True


def test_an_interrupt_after_a_workspace_was_deleted_changes_nothing(interrupted_at):
    interrupted_at("", [], "apply", "--auto-approve")

    document, _ = interrupted_at("_print", [signal.SIGINT], "destroy", "--confirm", "Shop")

    assert (document["exit_code"], document["errors"]) == (0, [])
