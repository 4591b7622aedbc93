"""A real browser and mermaid's own parser, for what people look at; tests that need one are skipped where it is missing."""

import html
import itertools
import json
import os
import shutil
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip


def chromium_program():
    """Debian's Chromium and Playwright's functions for it; a test that needs them is skipped where one is missing."""
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("chromium is not installed")
    return program, pytest.importorskip("playwright.sync_api", reason="playwright is not installed")


class Browser:
    """Chromium without a screen, which reads one page and says what it looks like.

    It has a thread of its own, because Playwright keeps the thread's event loop, which commands need for themselves.
    """

    def __init__(self, program, playwright):
        self._thread = ThreadPoolExecutor(1)
        self._started = self._thread.submit(playwright.sync_playwright().start).result()
        self._chromium = self._thread.submit(
            self._started.chromium.launch, executable_path=program, args=[*FLAGS, "--hide-scrollbars"]
        ).result()

    def ask(self, pages, script, *, width=1280, dark=False):
        """The result of the function *script* of a document for each of *pages* in a frame of that width."""
        return self._thread.submit(self._answer, pages, script, width, dark).result()

    def _answer(self, pages, script, width, dark):
        frames = "".join(
            f'<iframe width="{width}" height="900" srcdoc="{html.escape(page)}"></iframe>' for page in pages
        )
        page = self._chromium.new_page(color_scheme="dark" if dark else "light")
        page.set_content(f'<!doctype html><meta charset="utf-8"><body>{frames}</body>')
        answers = page.evaluate(
            f"() => [...document.querySelectorAll('iframe')].map(each => ({script})(each.contentDocument))"
        )
        page.close()
        return answers

    def close(self):
        self._thread.submit(self._chromium.close).result()
        self._thread.submit(self._started.stop).result()
        self._thread.shutdown()


@pytest.fixture(scope="session")
def browser():
    browser = Browser(*chromium_program())
    yield browser
    browser.close()


PARSE = """\
import { createInterface } from "node:readline";
import { JSDOM } from "jsdom";
const { window } = new JSDOM("");
globalThis.window = window;
globalThis.document = window.document;
const { default: mermaid } = await import("mermaid");
for await (const line of createInterface({ input: process.stdin })) {
  const problems = [];
  const { number, texts } = JSON.parse(line);
  for (const text of texts) {
    try {
      await mermaid.parse(text);
      problems.push(null);
    } catch (error) {
      problems.push(String(error));
    }
  }
  console.log(JSON.stringify({ number, problems }));
}
"""


@pytest.fixture(scope="session")
def mermaid_problems(tmp_path_factory):
    """The errors of mermaid's own parser for each of several texts; None for an accepted one.

    It is started once, which takes longer than all that it parses. ``MERMAID_FROM`` may name a file next to a
    ``node_modules`` with mermaid and jsdom, if the project's folder has none.
    """
    node = shutil.which("node")
    beside = Path(os.environ.get("MERMAID_FROM") or Path(__file__).parents[1] / "package.json").parent / "node_modules"
    if node is None or not all((beside / name).is_dir() for name in ("mermaid", "jsdom")):
        pytest.skip("Node with mermaid and jsdom is not installed (MERMAID_FROM)")
    folder = tmp_path_factory.mktemp("mermaid")
    (folder / "node_modules").symlink_to(beside)
    (folder / "parse.mjs").write_text(PARSE)

    numbers = itertools.count()

    def problems(texts):
        asked = {"number": next(numbers), "texts": texts}
        too_long = threading.Timer(300, parser.kill)
        too_long.start()
        parser.stdin.write(f"{json.dumps(asked)}\n")
        parser.stdin.flush()
        answer = json.loads(parser.stdout.readline())
        too_long.cancel()
        assert answer["number"] == asked["number"]
        return answer["problems"]

    with subprocess.Popen(
        [node, folder / "parse.mjs"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8"
    ) as parser:
        yield problems
