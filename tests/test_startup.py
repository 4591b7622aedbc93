"""What a command imports before it is known to be needed: ``--help`` must be instant."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parent.parent / "examples"

HEAVY = {
    "asyncio",
    "deepdiff",
    "httpx",
    "importlib.metadata",
    "pydantic",
    "rich",
    "ssl",
    "sqlite3",
    "starlette",
    "uvicorn",
    "yaml",
}


def imported_by(*arguments):
    """Top-level names in sys.modules after running the command line."""
    program = (
        "import sys, io, contextlib\n"
        "from tr_apply.cli import run\n"
        "with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):\n"
        f"    run({list(arguments)!r})\n"
        "print('\\n'.join(sys.modules))"
    )
    environment = {k: v for k, v in os.environ.items() if not k.startswith("COV")}  # which imports what it needs
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    return set(done.stdout.split())


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], []], ids=["help", "version", "nothing"])
def test_the_list_of_commands_imports_nothing_heavy(arguments):
    assert not imported_by(*arguments) & HEAVY


def test_validate_imports_no_network_and_no_server():
    heavy = HEAVY - {"importlib.metadata", "pydantic", "yaml"}  # pydantic looks for its plugins

    assert not imported_by("validate", str(EXAMPLES / "minimal.yaml")) & heavy
