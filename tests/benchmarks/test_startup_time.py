"""The cost of a command beyond the libraries that it needs."""

import json
import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.benchmarks.bare_client import CREDENTIALS

MINIMAL = Path(__file__).parents[2] / "examples" / "minimal.yaml"
TR_APPLY = Path(sys.executable).with_name("tr-apply")


@pytest.mark.parametrize(
    ("arguments", "imports", "at_most"),
    [
        (["--help"], "import click", 1.6),
        (["validate", str(MINIMAL)], "import click, yaml; from pydantic import BaseModel, Field", 1.4),
    ],
    ids=["help", "validate"],
)
def test_a_command_starts_nearly_as_fast_as_its_libraries(medians, report, arguments, imports, at_most):
    command, libraries = medians([[TR_APPLY, *arguments], [sys.executable, "-c", imports]], rounds=15)

    ratio = command / libraries
    report(f"tr-apply {arguments[0]}", f"{command * 1000:.0f} ms, {ratio:.2f} times `{imports}`")
    assert ratio <= at_most


@contextmanager
def served():
    """The address of a server of its own."""
    command = [TR_APPLY, "serve", "--port=0", "--db=:memory:", "--quiet"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process.stderr.readline().split()[-1]
        finally:
            process.terminate()


def test_a_small_plan_without_changes_takes_little_longer_than_its_libraries(medians, report):
    """The libraries are those of a client that imports httpx whole, as tr-apply once did.

    At most 0.15 s beyond them were asked for where they took 0.31 s, without rich, which httpx imports if it is there.
    """
    imports = "import click, yaml, httpx; from pydantic import BaseModel, Field"
    with served() as url:
        target = [str(MINIMAL), "--base-url", url]
        environment = os.environ | CREDENTIALS
        applied = [TR_APPLY, "apply", *target, "--auto-approve", "--format=json"]
        done = subprocess.run(applied, check=True, capture_output=True, env=environment)
        assert json.loads(done.stdout)["plans"][0]["verified"] is True
        command, libraries = medians(
            [[TR_APPLY, "plan", *target], [sys.executable, "-c", imports]], rounds=15, more=CREDENTIALS
        )

    ratio = command / libraries
    report("tr-apply plan", f"{command * 1000:.0f} ms, {ratio:.2f} times `{imports}`")
    assert ratio <= 1.55
