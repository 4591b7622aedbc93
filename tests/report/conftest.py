"""Plans as people read them, with what changes from run to run taken out."""

import re
import textwrap

import click
import pytest

from tr_apply.report.terminal import plan_text

_SID = re.compile(r"\b([A-Z]{2})[0-9a-f]{32}\b")
_ID = re.compile(r"\b[0-9a-f]{64}\b")
_SOURCE = re.compile(r"\n?[-+!]?\s+#\s\S+/workspace\.yaml(?:\n[-+!]\s+)?:(\d+)")  # wherever its lines break


def steady(text):
    return _SOURCE.sub(r"  # workspace.yaml:\1", _ID.sub("…", _SID.sub(r"\1…", text)))


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
