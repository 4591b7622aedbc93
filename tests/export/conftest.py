"""Live workspaces, and what an export of them says."""

import importlib.util
import json
from pathlib import Path

import httpx
import pytest

from tr_apply.cli import run
from tr_apply.export import sections_of, yaml_text
from tr_apply.local import open_app
from tr_apply.reader import named_workspace, read_everything
from tr_apply.transport import in_process

TESTS = Path(__file__).parents[1]
AUTH = ("AC0123456789abcdef0123456789abcdef", "secret")


def module_of(path):
    """A module of other tests, which are not a package."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


CORPUS = module_of(TESTS / "contract" / "test_corpus_workspaces.py")


class Local:
    """An embedded TaskRouter in a file, called as ``api`` of the contract tests is, and by the command line."""

    def __init__(self, database, runner, capsys):
        self._database, self._runner, self._capsys = database, runner, capsys
        self._app = open_app(str(database))
        self._rest = httpx.AsyncClient(transport=in_process(self._app), base_url="http://localhost/v1", auth=AUTH)

    def get(self, path, **arguments):
        return self._runner.run(self._rest.get(path, **arguments))

    def post(self, path, **arguments):
        return self._runner.run(self._rest.post(path, **arguments))

    def copied(self):
        return self._app.store.copied()

    def become(self, copy):
        self._app.store.restore(copy)

    def command(self, *arguments):
        """The exit code of a command and what it prints on stdout."""
        code = run([*map(str, arguments), "--local-db", str(self._database)])
        return code, self._capsys.readouterr().out

    def plan(self, path):
        """Exit code and operations of a plan for *path*."""
        code, out = self.command("plan", path, "--format", "json", "--detailed-exitcode")
        document = json.loads(out)
        operations = [operation for plan in document["plans"] for operation in plan["operations"]]
        return code, document["errors"], operations

    def close(self):
        self._runner.run(self._rest.aclose())
        self._app.close()


@pytest.fixture
def new_local(tmp_path, runner, capsys):
    """Makes embedded TaskRouters, all closed with the test."""
    made = []

    def new():
        made.append(Local(tmp_path / f"{len(made)}.db", runner, capsys))
        return made[-1]

    yield new
    for each in made:
        each.close()


BUILT = {}
"""The workspace of the corpus that was created last: its file and its name, and the database."""


@pytest.fixture
def corpus(corpus_built):
    """Has a workspace of the corpus as it was created through the API, by this test or by the one before it."""

    def build(local, file):
        if file not in BUILT:
            for _, former in BUILT.values():
                former.close()
            BUILT.clear()
            BUILT[file] = corpus_built(local, file), local.copied()
        name, copy = BUILT[file]
        local.become(copy)
        return name

    return build


@pytest.fixture(scope="session")
def corpus_built():
    """Creates a workspace of the corpus through the API."""

    def build(api, name):
        document = json.loads((CORPUS.SHARED / "corpus" / "workspaces" / name).read_text())
        if name in CORPUS.LEFT_OUT:
            queue = CORPUS.LEFT_OUT[name]
            document["task_queues"].append({"key": queue, "friendly_name": f"{queue} queue"})
        if name in CORPUS.REFUSED:
            del document["task_queues"][0][CORPUS.REFUSED[name][0]]
        builder = CORPUS.Builder(api, document)
        builder.build()
        return document["workspace"].get("friendly_name", "Flex")

    return build


@pytest.fixture
def exported(runner):
    """The export of a workspace of a ``world``."""

    def export(world, name="Center"):
        async def read():
            async with world._client() as client:
                return await read_everything(client, await named_workspace(client, name))

        return yaml_text(sections_of(runner.run(read())))

    return export


def pytest_generate_tests(metafunc):
    if "corpus_file" in metafunc.fixturenames:
        files = CORPUS.FILES
        marks = [] if CORPUS.SHARED.is_dir() else [pytest.mark.skip(reason=f"no corpus at {CORPUS.SHARED}")]
        # The tests of one workspace follow each other, and are run by one process if possible.
        metafunc.parametrize("corpus_file", [pytest.param(name, marks=marks) for name in files], scope="session")
