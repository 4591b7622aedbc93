"""The page of the manual on testing an application: each file that it shows is written and run."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
import yaml

from tr_apply.manual import page

FILE = re.compile(r"<!-- file (\S+) -->\n```\w+\n(.*?)```", re.DOTALL)
CONTAINERFILE = Path(__file__).parents[2] / "tr_apply" / "starter" / "Containerfile"


@pytest.fixture
def folder(tmp_path):
    for name, text in FILE.findall(page("developing")):
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def run(folder, *command, programs=Path(sys.executable).parent):
    path = f"{programs}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        command, cwd=folder, env={**os.environ, "PATH": path}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_tests_for_pytest_and_unittest_pass(folder):
    others = [f"-pno:{each}" for each in ("cacheprovider", "anyio", "hypothesispytest", "pytest_cov")]

    assert "4 passed" in run(folder, sys.executable, "-m", "pytest", "-q", *others)


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
def test_the_tests_for_node_pass(folder, forking):
    command = ["node", "--test", "--test-reporter=tap", "support.test.mjs"]

    assert "# pass 1" in run(folder, *command, programs=forking.programs)


def test_the_server_of_the_compose_file_starts_is_healthy_and_can_be_controlled(folder, serving):
    service = yaml.safe_load((folder / "compose.yaml").read_text(encoding="utf-8"))["services"]["taskrouter"]
    entry = json.loads(re.search(r"^ENTRYPOINT (.*)$", CONTAINERFILE.read_text(encoding="utf-8"), re.MULTILINE)[1])
    source, inside, _ = service["volumes"][0].split(":")
    command = [folder / source if each == inside else each for each in (*entry, *service["command"])]

    url = serving(*command, "--port", "0", **service["environment"])

    program, *arguments = service["healthcheck"]["test"][1:]
    assert program == "python"
    run(folder, sys.executable, *(each.replace("http://127.0.0.1:8080", url) for each in arguments))
    login = ("AC" + 32 * "0", service["environment"]["TR_APPLY_SERVE_AUTH_TOKEN"])
    assert (
        httpx.post(f"{url}/_tr-apply/reset", auth=login, trust_env=False, verify=False, timeout=30).status_code == 200
    )


@pytest.fixture
def serving(tmp_path, monkeypatch, forking):
    """Starts a server of a command line, and returns its URL."""
    processes = []

    def start(program, *arguments, **environment):
        assert program == "tr-apply"
        monkeypatch.chdir(tmp_path)
        processes.append(forking.start("as_installed", arguments, environment={**os.environ, **environment}))
        return processes[-1].stdout.readline().split()[-1]

    yield start
    for process in processes:
        process.terminate()
        process.communicate(timeout=30)
