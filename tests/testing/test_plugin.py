"""The pytest fixture ``taskrouter``, as the tests of an application use it."""

import shutil
from pathlib import Path

import pytest

from tests.test_startup import HEAVY, imported_by_program

pytest_plugins = ["pytester"]

APPLICATION = Path(__file__).parents[2] / "examples" / "app"

# Asks over HTTP, as Twilio's library and seeds take longer to import, in each process, than the rest takes.
TESTS = """
import json, pytest
from base64 import b64encode
from urllib.request import Request, urlopen

def answer(taskrouter, **form):
    login = b64encode(f"{taskrouter.account_sid}:{taskrouter.auth_token}".encode()).decode()
    data = "&".join(f"{key}={value}" for key, value in form.items()).encode() or None
    request = Request(f"{taskrouter.url}/v1/Workspaces", data, {"Authorization": f"Basic {login}"})
    with urlopen(request) as response:
        return json.load(response)

@pytest.mark.parametrize("name", ["a", "b", "c", "d"])
def test_each_has_it_for_itself(taskrouter, taskrouter_server, name):
    assert answer(taskrouter)["workspaces"] == []
    answer(taskrouter, FriendlyName=name)
    assert [each["friendly_name"] for each in answer(taskrouter)["workspaces"]] == [name]
    assert taskrouter_server is taskrouter
"""
FAILING = """
def test_that_fails(taskrouter):
    taskrouter.seed("workspace: {name: a}")
    assert taskrouter.now is None
"""


@pytest.fixture(autouse=True)
def _no_other_plugins(monkeypatch):
    """A pytest that is started here loads ours and xdist; the others take longer to import than its tests to run."""
    monkeypatch.setenv("PYTEST_ADDOPTS", "-p no:anyio -p no:hypothesispytest -p no:pytest_cov")


def test_a_test_finds_it_empty_also_next_to_others(pytester):
    pytester.makepyfile(TESTS)

    result = pytester.runpytest_subprocess("-p", "no:cacheprovider", "-W", "error", "-n", "2")

    result.assert_outcomes(passed=4)


def test_a_test_that_fails_shows_what_the_server_has_logged(pytester):
    pytester.makepyfile(FAILING)

    result = pytester.runpytest_inprocess("-p", "no:cacheprovider")

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*Captured taskrouter teardown*", "* POST /v1/Workspaces 201 * ms"])


def test_the_fixtures_are_listed_with_their_purpose(pytester):
    result = pytester.runpytest_inprocess("--fixtures", "-p", "no:cacheprovider")

    result.stdout.fnmatch_lines(["taskrouter -- *", "    An embedded TaskRouter, empty at the start of each test*"])


def test_a_project_that_does_not_use_it_imports_next_to_nothing():
    found = imported_by_program("import tr_apply.pytest_plugin", after="import pytest, typing, importlib")

    assert found == {"tr_apply", "tr_apply.version", "tr_apply.pytest_plugin"}
    assert not found & HEAVY


def test_the_example_application_passes_its_tests(pytester):
    shutil.copytree(APPLICATION, pytester.path, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))

    result = pytester.runpytest_subprocess("-p", "no:cacheprovider", "-W", "error")

    result.assert_outcomes(passed=5)


def test_the_example_application_takes_no_options_of_the_repository_around_it(pytester):
    pytester.makepyprojecttoml('[tool.pytest.ini_options]\naddopts = ["--option-of-a-plugin-that-is-not-here"]')
    shutil.copytree(APPLICATION, pytester.path / "app", ignore=shutil.ignore_patterns("__pycache__"))

    result = pytester.runpytest_inprocess("-p", "no:cacheprovider", "--collect-only", "app")

    assert result.ret == 0


def test_the_example_application_is_short():
    assert len((APPLICATION / "app.py").read_text(encoding="utf-8").splitlines()) < 150


def test_the_example_application_runs_as_a_program(pytester, forking):
    """Until it is asked for the settings that it lacks."""
    result = pytester.run(forking.programs / "python3", APPLICATION / "app.py")

    result.stderr.fnmatch_lines(["*missing*account_sid*"])
