"""The imports of a command before they are needed: ``--help`` must be instant."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tr_apply.cli import main
from tr_apply.cli.spared import with_room

EXAMPLES = Path(__file__).parent.parent / "examples"

HEAVY = {
    "anyio",
    "asyncio",
    "deepdiff",
    "h11",
    "httpcore",
    "httpx",
    "importlib.metadata",
    "pydantic",
    "ssl",
    "sqlite3",
    "starlette",
    "uvicorn",
    "yaml",
}


CREDENTIALS = {"TWILIO_ACCOUNT_SID": "AC" + "0" * 32, "TWILIO_AUTH_TOKEN": "secret"}


def imported_by(*arguments, environment=None):
    """Top-level names in sys.modules after running the command line."""
    program = (
        "import contextlib\n"
        "from tr_apply.cli import main\n"
        "with contextlib.suppress(SystemExit):\n"
        f"    main({list(arguments)!r})\n"
    )
    return imported_by_program(program, environment)


def imported_by_program(program, environment=None, *, after=None):
    """Top-level names in sys.modules, and those of modules within packages, after running a program.

    Those that another program imports, which runs first, are left out.
    """
    if after is not None:
        program = f"{after}\nimport sys\nimported_before = {{*sys.modules}}\n{program}"
    before = "()" if after is None else "imported_before"
    program += f"\nimport sys\nprint('\\nimported', *{{*sys.modules}}.difference({before}))"
    kept = {k: v for k, v in os.environ.items() if not k.startswith("COV")}  # which imports what it needs
    kept |= environment or {}
    done = subprocess.run([sys.executable, "-c", program], env=kept, capture_output=True, text=True, check=True)
    return set(done.stdout.rpartition("\nimported ")[2].split())


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], []], ids=["help", "version", "nothing"])
def test_the_list_of_commands_imports_nothing_heavy(arguments):
    assert not imported_by(*arguments) & HEAVY


WITH_COMPRESSION = HEAVY | {"lzma"}
"""The layout of a help text asks for the width of the terminal, which imports every kind of compression."""


def test_validate_imports_no_network_no_server_and_no_plan():
    found = imported_by("validate", str(EXAMPLES / "minimal.yaml"))

    assert found & WITH_COMPRESSION == {"pydantic", "yaml"}
    assert not {name for name in found if name.startswith(("tr_apply.plan", "tr_apply.client", "tr_apply.local"))}


CALLS_AT_A_DEPTH = 1000


def calls_at_each_depth(depth=200):
    """Makes many calls that return immediately, from *depth* calls below this one up to here."""
    for _ in range(CALLS_AT_A_DEPTH):
        int_of()
    if depth:
        calls_at_each_depth(depth - 1)


def int_of(text="1"):
    """Takes some room for its frame."""
    return int(text)


def test_a_command_takes_memory_for_frames_once():
    resource = pytest.importorskip("resource")

    @with_room
    def run():
        calls_at_each_depth()

    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt

    run()

    assert resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before < CALLS_AT_A_DEPTH / 2
    assert main.__code__.co_stacksize == run.__code__.co_stacksize


def test_a_server_without_a_seed_imports_no_models_and_no_client():
    found = imported_by("serve", "--port=0", "--db=:memory:", "--control", "--timeout=0.001")

    assert found & HEAVY == {"anyio", "asyncio", "importlib.metadata", "sqlite3", "ssl", "starlette", "uvicorn"}
    assert not {name for name in found if name.startswith(("tr_apply.resources", "tr_apply.picture"))}


def test_a_plan_without_changes_imports_no_library_that_only_others_need(forking):
    path = EXAMPLES / "minimal.yaml"
    server = forking.start("serve", ["--port=0", "--db=:memory:", "--quiet"])
    try:
        target = ["--base-url", server.stderr.readline().split()[-1]]
        applied = ["apply", path, "--auto-approve", *target]
        _, problems = (apply := forking.start("as_installed", applied, environment=CREDENTIALS)).communicate()
        assert apply.returncode == 0, problems

        found = imported_by("plan", str(path), *target, environment=CREDENTIALS)
    finally:
        server.terminate()
        server.communicate()

    assert not {name for name in found if name.startswith(("tr_apply.impact", "tr_apply.routing.satisfy"))}
    assert found & WITH_COMPRESSION == {"asyncio", "pydantic", "ssl", "yaml"}
