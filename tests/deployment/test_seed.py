"""Which changes of files a seed follows, in time that is made up."""

import asyncio

import pytest

from tests.transport.clock import VirtualLoop
from tr_apply.config.load import Inputs, load
from tr_apply.deployment.seed import LOOK_EVERY_S, Seed
from tr_apply.local import open_app
from tr_apply.transport import Connection

CONFIGURATION = """
workspace: {name: Floor, timeout_activity: Offline}
activities: [{name: Offline}]
workers: {csv: people.table}
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "node_modules").mkdir()
    (tmp_path / "people.table").write_text("name\nann\n")
    (tmp_path / "floor.yaml").write_text(CONFIGURATION)
    assert load(tmp_path / "floor.yaml", Inputs(environment={})).diagnostics == ()
    return tmp_path


@pytest.mark.parametrize(
    ("name", "follows"),
    [
        ("floor.yaml", True),
        ("more.yml", True),
        ("new.csv", True),
        ("people.table", True),
        ("serve.log", False),
        ("local.db", False),
        (".hidden.yaml", False),
        ("node_modules/package.yaml", False),
    ],
)
def test_a_seed_follows_its_files_and_no_log_or_database_next_to_them(folder, name, follows):
    async def is_noticed():
        app = open_app(":memory:")
        seed = Seed(folder / "floor.yaml", app, Connection("http://local", f"SK{0:032x}", "seed"), {})
        await seed.plant()
        change = asyncio.create_task(anext(seed.changes()))
        await asyncio.sleep(0)
        with (folder / name).open("a") as file:
            file.write("\n")
        await asyncio.wait({change}, timeout=2 * LOOK_EVERY_S)
        noticed = change.done()
        change.cancel()
        await asyncio.wait({change})
        app.close()
        return noticed

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        assert runner.run(is_noticed()) == follows
