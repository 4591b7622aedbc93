"""The command line in process, and somebody else at work in the same embedded TaskRouter."""

import asyncio
import json
import os
import sqlite3
from contextlib import closing
from dataclasses import dataclass

import httpx
import pytest

from tr_apply.cli import run
from tr_apply.deployment import connect
from tr_apply.local import open_app
from tr_apply.transport import Patience, in_process

OFFLINE = ("validate", "render", "route", "test", "schema")


class Between(httpx.AsyncBaseTransport):
    """Is between us and the embedded TaskRouter, and can answer in its place."""

    def __init__(self, inner, interfere):
        self._inner, self._interfere = inner, interfere

    async def handle_async_request(self, request):
        found = self._interfere(request)
        answer = await found if asyncio.iscoroutine(found) else found
        return answer or await self._inner.handle_async_request(request)

    async def aclose(self):
        await self._inner.aclose()


@dataclass(frozen=True)
class Said:
    """How a command ended, and what it said."""

    code: int
    out: str
    err: str

    @property
    def document(self):
        return json.loads(self.out)


@pytest.fixture(autouse=True)
def _alone(alone):
    pass


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch):
    """Pauses between two looks at a workspace that is not as it was written are short here; there are as many."""
    monkeypatch.setattr("tr_apply.client.client.Patience", lambda: Patience(first_s=0.01))


@pytest.fixture
def cli(capsys):
    """Runs a command against the embedded TaskRouter of this test."""

    def call(*arguments):
        local = () if "--base-url" in arguments or arguments[0] in OFFLINE else ("--local-db", "world.db")
        code = run([str(argument) for argument in (*arguments, *local)])
        printed = capsys.readouterr()
        return Said(code, printed.out, printed.err)

    return call


@pytest.fixture
def write(tmp_path):
    """Writes a file of the test's folder; gives its name."""

    def to(name, text):
        (tmp_path / name).write_text(text if isinstance(text, str) else json.dumps(text))
        return name

    return to


@pytest.fixture
def live(tmp_path, new_world):
    """The live workspaces, as a colleague sees and changes them."""
    world = new_world()
    world.app.close()
    world.app = open_app(tmp_path / "world.db")
    return world


BEGINNINGS = {}
"""Worlds after an apply to an empty one, by the configuration and its variables."""


@pytest.fixture
def begun(cli, tmp_path):
    """Applies a configuration to an empty world; what was applied by another test before is copied."""

    def begin(path):
        key = (tmp_path / path).read_text(), *sorted(each for each in os.environ.items() if each[0].startswith("TR_"))
        if key in BEGINNINGS:
            with closing(sqlite3.connect("world.db")) as world:
                BEGINNINGS[key].backup(world)
            return
        said = cli("apply", path, "--auto-approve")
        assert said.code == 0, said.err
        BEGINNINGS[key] = sqlite3.connect(":memory:")
        with closing(sqlite3.connect("world.db")) as world:
            world.backup(BEGINNINGS[key])

    return begin


@pytest.fixture
def interfere(monkeypatch):
    """Has every request go through a function, which may give an answer, or nothing."""
    return lambda how: monkeypatch.setattr(connect, "in_process", lambda app: Between(in_process(app), how))
