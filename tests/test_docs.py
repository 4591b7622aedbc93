"""README and manual are true: commands are run, their output is compared, and references are generated.

The map of the package, tr_apply/README.md, has a generated part as well.

After an intended change, ``UPDATE_README=1 pytest tests/test_docs.py`` writes the new output into the pages.
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
from tr_apply.cli import COMMANDS
from tr_apply.errors import TrApplyError
from tr_apply.explain.fields import field_names
from tr_apply.lint import rules
from tr_apply.manual import TOPICS, page

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
MAP = ROOT / "tr_apply" / "README.md"
MANUAL = [ROOT / "tr_apply" / "manual" / f"{topic}.md" for topic in TOPICS]
PAGES = [README, *MANUAL]
UPDATE = bool(os.environ.get("UPDATE_README"))

BLOCK = re.compile(r"```console\n(.*?)```", re.DOTALL)
VOLATILE = (
    (re.compile(r"\b([A-Z]{2})[0-9a-f]{32}\b"), r"\1…"),
    (re.compile(r"^Plan id: [0-9a-f]{64}$", re.MULTILINE), "Plan id: …"),
)


def commands_in(block):
    return [line[2:] for line in block.splitlines() if line.startswith("$ ")]


def shown(command, folder, programs):
    """The output of *command* as a person sees it: stdout and stderr in their order."""
    path = os.pathsep.join([str(programs), str(Path(sys.executable).parent), os.environ["PATH"]])
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


def names(page):
    return "map" if page == MAP else page.stem


@pytest.mark.parametrize("page", PAGES, ids=names)
def test_every_command_prints_what_the_page_shows(tmp_path, forking, page):
    text = page.read_text(encoding="utf-8")
    if BLOCK.search(text) is None:
        return
    shutil.copytree(ROOT / "examples", tmp_path / "examples")

    def run_again(match):
        lines = "".join(
            f"$ {command}\n{shown(command, tmp_path, forking.programs)}" for command in commands_in(match[1])
        )
        return f"```console\n{lines}```"

    truth = BLOCK.sub(run_again, text)
    if UPDATE:
        page.write_text(truth, encoding="utf-8")
    assert truth == page.read_text(encoding="utf-8")


PROGRAM = re.compile(r"<!-- program -->\n```python\n(.*?)```", re.DOTALL)


PROGRAMS = [program for page in PAGES for program in PROGRAM.findall(page.read_text(encoding="utf-8"))]


@pytest.mark.parametrize("program", PROGRAMS)
def test_every_program_of_a_page_runs(tmp_path, monkeypatch, forking, program):
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    (tmp_path / "program.py").write_text(program, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    process = forking.start("as_script", ["program.py"])

    printed, problems = process.communicate()

    assert process.returncode == 0, problems
    assert "False" not in printed


@pytest.mark.parametrize("page", [MAP, *PAGES], ids=names)
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


def test_every_public_code_of_a_finding_is_in_the_manual():
    text = page("findings")

    assert [rule.code for rule in rules() if f"`{rule.code}`" not in text] == []


def test_every_key_of_a_configuration_is_in_the_manual():
    text = page("configuration")

    assert [name for name in field_names() if f"| `{name}` |" not in text] == []


def test_every_command_is_in_the_manual():
    assert [name for name in COMMANDS if f"<code>tr-apply {name}</code>" not in page("commands")] == []


def classes(root):
    yield root
    for each in root.__subclasses__():
        yield from classes(each)


def test_every_class_of_error_is_in_the_manual():
    elsewhere = ("tr_apply.routing.", "tr_apply.local.")  # they end as answers of the embedded TaskRouter
    ours = {each.code for each in classes(TrApplyError) if not each.__module__.startswith(elsewhere)}

    assert {code for code in ours if f"| `{code}` |" not in page("troubleshooting")} == set()


LINK = re.compile(r"\[[^\]]*\]\((?!https?:)([^)#]+)(?:#[^)]*)?\)")


@pytest.mark.parametrize("page", [*PAGES, MAP], ids=names)
def test_every_link_to_a_file_leads_somewhere(page):
    links = LINK.findall(re.sub(r"```.*?```|`[^`]*`|<!--.*?-->", "", page.read_text(encoding="utf-8"), flags=re.DOTALL))

    assert [link for link in links if not (page.parent / link).exists()] == []


def test_the_readme_is_short_and_leads_to_every_page():
    text = README.read_text(encoding="utf-8")

    assert len(text.splitlines()) <= 300
    assert [topic for topic in TOPICS if f"](tr_apply/manual/{topic}.md)" not in text] == []


def test_the_changelog_has_an_entry_for_the_version():
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")

    assert "## Unreleased" in text or f"## {__version__}" in text
