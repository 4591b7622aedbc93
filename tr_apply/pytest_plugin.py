"""The pytest fixture ``taskrouter``: an embedded TaskRouter that each test has for itself.

pytest loads this module in every project, so everything else is imported where the fixture is used.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tr_apply.testing import TaskRouter


@pytest.fixture(scope="session")
def taskrouter_server() -> Iterator["TaskRouter"]:
    """An embedded TaskRouter for all tests of the session, or of one worker of pytest-xdist. No test resets it.

    It is for fixtures with a wider scope than a test. A test that also uses ``taskrouter`` empties it.
    """
    from tr_apply.testing import TaskRouter  # noqa: PLC0415

    with TaskRouter() as server:
        yield server


@pytest.fixture
def taskrouter(taskrouter_server: "TaskRouter", request: pytest.FixtureRequest) -> Iterator["TaskRouter"]:
    """An embedded TaskRouter, empty at the start of each test: seed it, give its url to the application, look at it.

    ``url``, ``account_sid``, ``auth_token``, ``client``, ``callbacks``, ``now`` and ``log`` are its attributes;
    ``seed``, ``advance``, ``pin``, ``unpin``, ``faults``, ``snapshot``, ``restore`` and ``reset`` its methods. One
    server process serves all tests. The report of a test that fails shows what the server has logged.
    """
    taskrouter_server.reset()
    yield taskrouter_server
    request.node.add_report_section("teardown", "taskrouter", "\n".join(taskrouter_server.log))
