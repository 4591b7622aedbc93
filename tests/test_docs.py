"""The README tells the truth: its commands are run, their output is compared, and its reference is generated.

The map of the package, tr_apply/README.md, has a generated part as well.

After a change that is meant, ``UPDATE_README=1 pytest tests/test_docs.py`` writes the new truth into it.
"""

import io
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from cogapp import Cog

from tr_apply import __version__
from tr_apply.lint import rules

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
MAP = ROOT / "tr_apply" / "README.md"
UPDATE = bool(os.environ.get("UPDATE_README"))

BLOCK = re.compile(r"```console\n(.*?)```", re.DOTALL)
VOLATILE = (
    (re.compile(r"\b([A-Z]{2})[0-9a-f]{32}\b"), r"\1…"),
    (re.compile(r"^Plan id: [0-9a-f]{64}$", re.MULTILINE), "Plan id: …"),
)


def commands_in(block):
    return [line[2:] for line in block.splitlines() if line.startswith("$ ")]


def shown(command, folder):
    """What a person sees who runs *command*: stdout and stderr in their order."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("TWILIO_", "TR_APPLY_", "TR_VAR_"))}
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=folder,
        env={**environment, "PATH": path, "PYTHONUNBUFFERED": "1", "PYTHONIOENCODING": "utf-8"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        check=False,
    )
    output = done.stdout
    for pattern, replacement in VOLATILE:
        output = pattern.sub(replacement, output)
    return output


def test_every_command_of_the_tour_prints_what_the_readme_shows(tmp_path):
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    text = README.read_text(encoding="utf-8")

    def run_again(match):
        lines = "".join(f"$ {command}\n{shown(command, tmp_path)}" for command in commands_in(match[1]))
        return f"```console\n{lines}```"

    truth = BLOCK.sub(run_again, text)
    if UPDATE:
        README.write_text(truth, encoding="utf-8")
    assert truth == README.read_text(encoding="utf-8")


PROGRAM = re.compile(r"<!-- program -->\n```python\n(.*?)```", re.DOTALL)


@pytest.mark.parametrize("program", PROGRAM.findall(README.read_text(encoding="utf-8")))
def test_every_program_of_the_readme_runs(tmp_path, program):
    shutil.copytree(ROOT / "examples", tmp_path / "examples")

    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    assert "False" not in done.stdout


@pytest.mark.parametrize("page", [README, MAP], ids=["README", "map"])
def test_the_generated_parts_of_a_page_are_up_to_date(page):
    cog = Cog()
    cog.options.replace = UPDATE
    cog.options.verbosity = 0
    if UPDATE:
        cog.process_one_file(str(page))
    output = io.StringIO()
    cog.process_file(str(page), output)

    assert output.getvalue() == page.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "line", ["pip install . && .venv/bin/tr-apply apply --local", "pip install -e '.[test]' && .venv/bin/pytest"]
)
def test_the_two_lines_are_in_the_readme(line):
    assert line in README.read_text(encoding="utf-8")


def test_every_public_code_of_a_finding_is_in_the_readme():
    text = README.read_text(encoding="utf-8")

    assert [rule.code for rule in rules() if f"`{rule.code}`" not in text] == []


def test_the_changelog_has_an_entry_for_the_version():
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")

    assert "## Unreleased" in text or f"## {__version__}" in text
