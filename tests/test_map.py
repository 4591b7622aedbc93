"""tr_apply/README.md is true: what it names exists, and each walk goes through its functions in the order that it says."""

import ast
import gc
import re
import sys
from contextlib import closing
from functools import cache
from pathlib import Path

import httpx
import pytest

import tr_apply
from tests import shape
from tests.shape import PACKAGE
from tr_apply.cli import run

MAP = PACKAGE / "README.md"
TESTS = PACKAGE.parent / "tests" / "README.md"
COMMUNITY = PACKAGE.parent / ".github"
PAGES = [
    MAP,
    PACKAGE / "routing" / "README.md",
    PACKAGE / "local" / "README.md",
    TESTS,
    COMMUNITY / "CONTRIBUTING.md",
    COMMUNITY / "SECURITY.md",
]
CALL = re.compile(r"`([\w/]+\.py)` `([\w.]+)`")
STEP = re.compile(rf"^\d+\. {CALL.pattern}", re.MULTILINE)
FILE = re.compile(r"`([\w/]+(?:\.(?:py|yaml|json)|/))`")
LINK = re.compile(r"\]\(([^)#]+)\)")

WORKSPACE = """
workspace: {name: W}
activities: [{name: Offline, available: false}, {name: Available, available: true}, {name: Unavailable, available: false}]
task_queues: [{name: Everyone}]
workflows:
  - name: Incoming
    filters: [{name: Gold, expression: "the_datum == 1", targets: [{queue: Everyone}]}]
workers: [{name: alice, activity: Available, attributes: {team: TEAM}}]
"""


class Trace:
    """The functions of a walk as they are called; those that the datum goes through, if there is one."""

    def __init__(self, wanted, datum=""):
        self._wanted, self._datum = set(wanted), datum
        self._calls, self._begun, self._keys = [], {}, {}

    def __enter__(self):
        sys.setprofile(self._note)
        return self

    def __exit__(self, *_):
        sys.setprofile(None)
        self._begun.clear()

    @property
    def steps(self):
        return [key for key, is_passed in self._calls if is_passed]

    def _key_of(self, code):
        if code not in self._keys:
            path = Path(code.co_filename)
            key = path.is_relative_to(PACKAGE) and (path.relative_to(PACKAGE).as_posix(), code.co_qualname)
            self._keys[code] = key if key in self._wanted else None
        return self._keys[code]

    def _holds(self, values):
        return any(self._datum in repr(value) for value in values)

    def _note(self, frame, event, result):
        if event not in ("call", "return") or (key := self._key_of(frame.f_code)) is None:
            return
        if frame not in self._begun:  # a coroutine is called once, and resumed often
            self._begun[frame] = [key, False]
            self._calls.append(self._begun[frame])
        call = self._begun[frame]
        call[1] = call[1] or self._holds(frame.f_locals.values() if event == "call" else [result])


def walks():
    """The steps of each walk, by the walk's number."""
    parts = re.split(r"^### (\d)\. .*$", MAP.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {int(number): STEP.findall(text) for number, text in zip(parts[1::2], parts[2::2], strict=True)}


@cache
def functions(path):
    """The qualified names of the functions of a file."""
    return set(_functions(ast.parse(path.read_text(encoding="utf-8")), ()))


def _functions(node, within):
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            if not isinstance(child, ast.ClassDef):
                yield ".".join((*within, child.name))
            yield from _functions(child, (*within, child.name))


def home_of(page, file):
    """Where a file that a page names is: below the package, or next to the page."""
    nearest = [page.parent, PACKAGE, PACKAGE.parent]
    return next((folder / file for folder in nearest if (folder / file).exists()), None)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: f"{page.parent.name}/{page.name}")
def test_every_file_function_and_link_that_a_page_names_exists(page):
    text = page.read_text(encoding="utf-8")

    assert [file for file in FILE.findall(text) if home_of(page, file) is None] == []
    assert [call for call in CALL.findall(text) if call[1] not in functions(home_of(page, call[0]))] == []
    assert [link for link in LINK.findall(text) if not (page.parent / link).exists()] == []


def test_every_module_that_a_docstring_names_exists():
    modules = {path.name for folder in (PACKAGE, TESTS.parent) for path in folder.rglob("*.py")}
    named = {(each.name, file) for each in shape.modules() for file in re.findall(r"\b(\w+\.py)\b", each.docstring)}

    assert len(named) > 20
    assert [each for each in sorted(named) if each[1] not in modules] == []


def test_the_engine_lists_each_module_below_those_that_it_imports():
    engine = PACKAGE / "routing" / "engine"
    listed = re.findall(
        r"^([a-z]+)  ", ast.get_docstring(ast.parse((engine / "__init__.py").read_text())), re.MULTILINE
    )
    imported = re.compile(r"^from tr_apply\.routing\.engine\.(\w+) import", re.MULTILINE)

    assert sorted(listed) == sorted({path.stem for path in engine.glob("*.py")} - {"__init__"})
    for index, name in enumerate(listed):
        assert set(imported.findall((engine / f"{name}.py").read_text())) <= set(listed[:index]), name


def test_every_folder_of_tests_is_on_the_page_that_says_where_the_test_of_a_rule_is():
    text = TESTS.read_text(encoding="utf-8")
    folders = {path.parent.relative_to(TESTS.parent).parts[0] for path in TESTS.parent.glob("*/**/test_*.py")}

    assert [folder for folder in sorted(folders) if f"`{folder}/" not in text] == []


def test_every_step_of_a_walk_names_a_file_and_a_function():
    text = MAP.read_text(encoding="utf-8")

    assert {number: len(steps) > 10 for number, steps in walks().items()} == {1: True, 2: True, 3: True}
    assert len(re.findall(r"^\d+\. ", text, re.MULTILINE)) == sum(map(len, walks().values()))


@pytest.fixture
def called(alone):  # noqa: ARG001  # the command line works in its folder
    """Calls the command line in a folder of the test, and gives the steps of a walk in the order of their calls."""

    def call(arguments, steps=(), datum=""):
        with Trace(steps, datum) as trace:
            code = run(arguments)
        gc.enable()  # a process that ends immediately does without
        assert code == 0
        return trace.steps

    return call


@pytest.fixture
def applied(tmp_path, called):
    """Applies a workspace to ``local.db``."""

    def apply(team, steps=()):
        (tmp_path / "w.yaml").write_text(WORKSPACE.replace("TEAM", team))
        return called(["apply", "w.yaml", "--local-db", "local.db", "--auto-approve"], steps, "the_datum")

    return apply


def missed(steps, calls):
    """The first step that is not among *calls* after all steps before it; None when all of them are there in order."""
    left = iter(calls)
    return next((step for step in steps if step not in left), None)


def test_a_step_is_missed_that_comes_too_early_or_not_at_all():
    assert missed("abc", "axbxc") is None
    assert missed("abc", "acb") == "c"
    assert missed("abc", "ac") == "b"


def test_an_expression_walks_to_the_body_of_the_post_as_the_map_says(applied):
    steps = walks()[1]

    calls = applied("sales", steps)

    assert missed(steps, calls) is None


def test_the_attributes_of_a_live_worker_walk_to_a_line_of_the_plan_as_the_map_says(applied, called, tmp_path, capsys):
    applied("the_live_team")
    (tmp_path / "w.yaml").write_text(WORKSPACE.replace("TEAM", "sales"))
    steps = walks()[2]

    calls = called(["plan", "w.yaml", "--local-db", "local.db"], steps, "the_live_team")

    assert missed(steps, calls) is None
    assert "attributes.team: the_live_team -> sales" in capsys.readouterr().out


async def create_a_task(app, trace):
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://local/v1", auth=("local", "local")) as client:
        [workspace] = (await client.get("/Workspaces")).json()["workspaces"]
        with trace:
            form = {"Attributes": '{"the_datum": 1}'}
            task = (await client.post(f"/Workspaces/{workspace['sid']}/Tasks", data=form)).json()
        return (await client.get(task["links"]["reservations"])).json()["reservations"]


def test_a_task_walks_to_its_reservation_as_the_map_says(applied, runner):
    applied("sales")
    steps = walks()[3]
    trace = Trace(steps)

    with closing(tr_apply.embedded("local.db")) as app:
        reservations = runner.run(create_a_task(app, trace))

    assert [each["worker_name"] for each in reservations] == ["alice"]
    assert missed(steps, trace.steps) is None
