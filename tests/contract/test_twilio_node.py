"""Twilio's helper library for Node against the embedded TaskRouter, where both are installed.

``TWILIO_FROM`` may name a file next to a ``node_modules`` with the package, if the project's folder has none.
"""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.contract.conftest import ACCOUNT, serving
from tr_apply.local import open_app
from tr_apply.local.http.app import Callbacks
from tr_apply.transport.callback import Caller

SCRIPT = Path(__file__).parent / "application.mjs"
IS_THERE = 'require("node:module").createRequire(process.argv[1]).resolve("twilio")'


@pytest.fixture
def node():
    program = shutil.which("node")
    if program is None:
        pytest.skip("Node is not installed")
    beside = os.environ.get("TWILIO_FROM", str(SCRIPT))
    if subprocess.run([program, "-e", IS_THERE, beside], capture_output=True, check=False).returncode:
        pytest.skip("the package twilio is not installed for Node")
    return program


def test_a_task_is_offered_accepted_by_the_callback_and_completed(node):
    said = []
    caller = Caller()
    with serving(open_app(":memory:", callbacks=Callbacks(caller, said.append))) as (server, url):
        answer = subprocess.run(
            [node, SCRIPT, url, ACCOUNT, "secret"], capture_output=True, text=True, timeout=60, check=False
        )
        server.do(caller.close())

    assert answer.returncode == 0, answer.stderr
    seen = json.loads(answer.stdout)
    assert seen["offers"] == [{"valid": True, "worker": "maria"}]
    assert (seen["statuses"][0], seen["statuses"][-2:]) == ("pending", ["assigned", "completed"])
    assert seen["reservations"] == ["completed"]
    assert seen["events"][-3:] == ["task.completed", "reservation.completed", "task.updated"]
    assert said == []
