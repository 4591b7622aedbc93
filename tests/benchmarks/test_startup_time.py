"""What a command costs beyond the libraries that it cannot do without."""

import sys
from pathlib import Path

import pytest

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
