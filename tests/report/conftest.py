"""Plans as people read them, with what changes from run to run taken out."""

import re
import textwrap
from contextlib import closing
from pathlib import Path

import click
import pytest

from tests.conftest import World
from tr_apply.report.terminal import plan_text

_SID = re.compile(r"\b([A-Z]{2})[0-9a-f]{32}\b")
_ID = re.compile(r"\b[0-9a-f]{64}\b")


@pytest.fixture(autouse=True)
def short_paths(tmp_path, monkeypatch):
    """Name files as a person in their folder does: a long path breaks a line somewhere else on each machine."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def world(runner):
    with closing(World(Path(), runner)) as world:
        yield world


def steady(text):
    return _ID.sub("…", _SID.sub(r"\1…", text))


@pytest.fixture
def told(world):
    """The text of the plan from one configuration to the next."""

    def text(before, after, **options):
        if before:
            world.apply(textwrap.dedent(before))
        return steady(click.unstyle(plan_text(world.plan(textwrap.dedent(after)), **options)))

    return text


@pytest.fixture(scope="session")
def block():
    """An indented text as it is printed."""
    return lambda text: textwrap.dedent(text).lstrip("\n")
