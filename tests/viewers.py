"""A real browser and mermaid's own parser, for what people look at; tests that need one are skipped where it is missing."""

import html
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

_FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--hide-scrollbars", "--virtual-time-budget=3000",
)  # fmt: skip


class Browser:
    """Chromium without a screen, which reads one page and says what it looks like."""

    def __init__(self, program, folder):
        self._program, self._folder = program, folder

    def ask(self, pages, script, *, width=1280, dark=False):
        """The result of the function *script* of a document for each of *pages* in a frame of that width."""
        frames = "".join(
            f'<iframe width="{width}" height="900" srcdoc="{html.escape(page)}"></iframe>' for page in pages
        )
        page = self._folder / "frames.html"
        page.write_text(
            f'<!doctype html><meta charset="utf-8"><body>{frames}<pre id="answer"></pre><script>'
            f"const ask = {script}; window.onload = () => {{ document.getElementById('answer').textContent ="
            " JSON.stringify([...document.querySelectorAll('iframe')].map(each => ask(each.contentDocument))) }"
            "</script></body>",
            encoding="utf-8",
        )
        theme = ["--blink-settings=preferredColorScheme=0"] if dark else []
        done = subprocess.run(
            [self._program, *_FLAGS, *theme, f"--user-data-dir={self._folder / 'profile'}", "--dump-dom", page.as_uri()],
            capture_output=True, encoding="utf-8", timeout=120, check=True,
        )  # fmt: skip
        return json.loads(html.unescape(re.search(r'<pre id="answer">(.*?)</pre>', done.stdout, re.DOTALL)[1]))


@pytest.fixture
def browser(tmp_path):
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("chromium is not installed")
    return Browser(program, tmp_path)


PARSE = """\
import { readFileSync } from "node:fs";
import { JSDOM } from "jsdom";
const { window } = new JSDOM("");
globalThis.window = window;
globalThis.document = window.document;
const { default: mermaid } = await import("mermaid");
const problems = [];
for (const text of JSON.parse(readFileSync(0, "utf8"))) {
  try {
    await mermaid.parse(text);
    problems.push(null);
  } catch (error) {
    problems.push(String(error));
  }
}
console.log(JSON.stringify(problems));
"""


@pytest.fixture
def mermaid_problems(tmp_path):
    """The errors of mermaid's own parser for each of several texts; None for an accepted one.

    ``MERMAID_FROM`` may name a file next to a ``node_modules`` with mermaid and jsdom, if the project's folder has
    none.
    """
    node = shutil.which("node")
    beside = Path(os.environ.get("MERMAID_FROM") or Path(__file__).parents[1] / "package.json").parent / "node_modules"
    if node is None or not all((beside / name).is_dir() for name in ("mermaid", "jsdom")):
        pytest.skip("Node with mermaid and jsdom is not installed (MERMAID_FROM)")
    (tmp_path / "node_modules").symlink_to(beside)
    (tmp_path / "parse.mjs").write_text(PARSE)

    def problems(texts):
        done = subprocess.run(
            [node, tmp_path / "parse.mjs"], input=json.dumps(texts), capture_output=True, encoding="utf-8", timeout=300, check=True,
        )  # fmt: skip
        return json.loads(done.stdout)

    return problems
