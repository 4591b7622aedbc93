"""Serving processes, and a real browser where one is installed, which is started once a module."""

import os
from pathlib import Path
from urllib.parse import urljoin

import httpx
import pytest

from tests.viewers import FLAGS, chromium_program

USER = ("AC" + "1" * 32, "secret")


class Served:
    """A serving process, and a client of its API."""

    def __init__(self, forking, *arguments):
        self._forking, self._arguments = forking, arguments
        self.process = None
        self.start("--port=0")

    def start(self, port):
        self.process = self._forking.start("as_installed", ["serve", *self._arguments, port])
        first = self.process.stderr.readline()
        assert first.startswith("Listening on "), first + self.process.stderr.read()
        self.said = self.process.stderr.readline()
        self.url = first.split()[-1]
        self.client = httpx.Client(base_url=f"{self.url}/v1", auth=USER, trust_env=False, verify=False)

    def restart(self):
        """Begin anew at the same address."""
        self.process.kill()
        self.process.communicate()
        self.client.close()
        self.start(f"--port={self.url.rpartition(':')[2]}")

    def made(self, path, **form):
        answer = self.client.post(path, data=form)
        assert answer.status_code == 201, answer.text
        return answer.json()

    def items(self, path, **query):
        page = self.client.get(path, params=query).json()
        return page[page["meta"]["key"]]

    def end(self):
        self.client.close()
        self.process.terminate()
        self.process.communicate(timeout=20)


@pytest.fixture(scope="module")
def serve(forking):
    """Starts servers that end with the module."""
    servers = []

    def start(*arguments):
        servers.append(Served(forking, *arguments))
        return servers[-1]

    yield start
    for each in servers:
        each.end()


@pytest.fixture(scope="module")
def chromium():
    """A real browser without a screen."""
    program, playwright = chromium_program()
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=program, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def complaints():
    """Errors and dialogs of the pages; a test fails for each that it did not expect."""
    found = []
    yield found
    assert found == []


@pytest.fixture
def complained(complaints):
    """Removes the complaints that contain some text; there must be one."""

    def expect(text):
        expected = [each for each in complaints if text in each]
        assert expected
        for each in expected:
            complaints.remove(each)

    return expect


@pytest.fixture(scope="module")
def tab(chromium):
    """The one page of a module: a new one costs more than most tests."""
    context = chromium.new_context()
    context.set_default_timeout(20_000)
    yield context.new_page()
    context.close()


@pytest.fixture
def open_page(tab, complaints):
    """Opens an address in the page as if that were new, with a window of some width."""

    def dismiss(dialog):
        complaints.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    opened = []

    def read(said):
        where = said.location.get("url") or ""
        # Late complaints of the previous page about another server may arrive here.
        is_ours = not where.startswith("http") or any(where.startswith(urljoin(url, "/")) for url in opened)
        if said.type in ("error", "warning") and is_ours:
            complaints.append(f"{where}: {said.text}")

    def fail(error):
        complaints.append(str(error))

    listeners = {"dialog": dismiss, "console": read, "pageerror": fail}

    def open_one(url, *, width=1280):
        tab.set_viewport_size({"width": width, "height": 600})
        opened.append(url)
        for event, listener in listeners.items():
            tab.on(event, listener)
        tab.goto(url)
        return tab

    yield open_one
    for event, listener in listeners.items():
        tab.remove_listener(event, listener)
    # A page of the same origin is left within the same process; each process costs half a second.
    tab.goto(urljoin(tab.url, "/_console/static/icon.svg"))


@pytest.fixture(scope="session")
def axe():
    """The source of axe-core; ``AXE_FROM`` may name a file next to a ``node_modules`` that has it."""
    beside = Path(os.environ.get("AXE_FROM") or Path(__file__).parents[3] / "package.json").parent / "node_modules"
    source = beside / "axe-core" / "axe.min.js"
    if not source.exists():
        pytest.skip("axe-core is not installed (AXE_FROM)")
    return source.read_text(encoding="utf-8")
