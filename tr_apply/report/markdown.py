"""Plans as a comment on a pull request: folded, short enough for GitHub, and nothing in it can break out.

Text that somebody else wrote is in a fenced block, where Markdown and HTML mean nothing and nobody is mentioned, or
escaped inside ``<code>``.
"""

import re
import textwrap
from collections.abc import Iterator, Sequence
from html import escape

from tr_apply.plan.saved.document import plan_id
from tr_apply.printable import printable
from tr_apply.report.diff_block import WIDTH, block_of
from tr_apply.report.entry import Entry, headline

MARKER = "<!-- tr-apply -->"
"""The first line, by which a comment is found again and updated in place."""

LIMIT = 60_000  # characters; GitHub takes 65,536
_RESERVED = 1_000  # for what must be said of the rest
_TITLE = 150  # characters of a name in a heading
_SLACK = 450  # for fences, the plan's id and what is said of the rest
_LEAST = 600  # characters that a workspace is given beyond its heading, or it is only counted
_BACKTICKS = re.compile(r"`{3,}")
_NOT_WHOLE = "This comment does not show the whole plan and therefore no plan id; `tr-apply plan` does."


def plans_markdown(entries: Sequence[Entry], *, artifacts: str = "") -> str:
    """All of *entries*, each folded; fewer than 60,000 characters, with what is left out counted.

    *artifacts* is the address of the run whose artifacts hold the whole plan; empty where there is none.
    """
    parts = [MARKER, f"### tr-apply: {headline(entries)}", ""]
    parts += [f"[The whole plan]({artifacts}) as HTML and JSON", ""] if artifacts else []
    sections = [_Section(entry, is_open=len(entries) == 1) for entry in entries]
    rooms = _rooms(sections, LIMIT - _RESERVED - sum(len(part) + 1 for part in parts))
    shown = zip(sections, rooms, strict=True)
    parts += [section.text(room, has_artifacts=bool(artifacts)) for section, room in shown if room]
    parts += _left_out([section for section, room in zip(sections, rooms, strict=True) if not room])
    return "\n".join(parts) + "\n"


def _rooms(sections: Sequence["_Section"], left: int) -> list[int]:
    """Characters for each of *sections*: what must not be missing comes first, in all of them; then the rest."""
    rooms = [0] * len(sections)
    for number in sorted(range(len(sections)), key=lambda number: not sections[number].is_destructive):
        needed = min(sections[number].least, max(left, 0) if left >= sections[number].smallest else 0)
        rooms[number] = needed
        left -= needed
    shown = [number for number, room in enumerate(rooms) if room]
    for index, number in enumerate(shown):
        more = min(left // (len(shown) - index), max(sections[number].most - rooms[number], 0))
        rooms[number] += more
        left -= more
    return rooms


class _Section:
    """One workspace of the comment."""

    def __init__(self, entry: Entry, *, is_open: bool) -> None:
        self._entry = entry
        self._block = block_of(entry)
        self._head = "\n".join(_heading(entry, is_open=is_open)) + "\n"
        self._around = len(self._head) + _SLACK
        self.smallest = self._around + min(_LEAST, self._block.most)
        self.least = max(self.smallest, self._around + self._block.least)
        self.most = self._around + self._block.most
        self.is_destructive = bool(self._block.first)

    def text(self, room: int, *, has_artifacts: bool) -> str:
        """The section, in *room* characters."""
        content, is_whole = self._block.fitting(room - self._around)
        longest = max((len(found) for found in _BACKTICKS.findall(content)), default=2)
        fence = "`" * (longest + 1)
        last = self._last(shows_id=is_whole or has_artifacts)
        return f"{self._head}\n{fence}diff\n{content}\n{fence}\n{last}\n</details>\n"

    def _last(self, *, shows_id: bool) -> str:
        if self._entry.plan is None:
            return ""
        return f"\nPlan id: `{plan_id(self._entry.plan)}`\n" if shows_id else f"\n{_NOT_WHOLE}\n"


def _heading(entry: Entry, *, is_open: bool) -> Iterator[str]:
    """Which workspace, where it is, and what comes of it; GitHub shows it as one paragraph."""
    yield f"<details{' open' if is_open else ''}><summary>"
    yield from (f"<code>{line}</code>" for line in _escaped(entry.title))
    if entry.places:
        *others, last = [f"<code>{line}</code>" for each in entry.places for line in _escaped(each)]
        yield from (f"{'(' if index == 0 else ''}{each}," for index, each in enumerate(others))
        yield f"{'' if others else '('}{last})"
    yield from textwrap.wrap(f"<br>{entry.outcome}", WIDTH)
    yield "</summary>"


def _escaped(text: str) -> Iterator[str]:
    """*text* as HTML, in lines that are short enough; shortened where nobody reads on."""
    shown = printable(text)
    line = ""
    for character in shown if len(shown) <= _TITLE else f"{shown[:_TITLE]}…":
        found = escape(character).replace("@", "&#64;")
        if len(line) + len(found) > WIDTH - len("(<code></code>),"):
            yield line
            line = ""
        line += found
    yield line


def _left_out(sections: Sequence[_Section]) -> Iterator[str]:
    if sections:
        yield f"And {len(sections)} more workspaces, for which there is no room here."
    if number := sum(section.is_destructive for section in sections):
        yield f"{number} of them delete or replace something, are blocked, need approval, or have errors."
