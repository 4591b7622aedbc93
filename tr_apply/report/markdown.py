"""Plans as a comment on a pull request: folded, short enough for GitHub, and nothing in it can break out.

Text that somebody else wrote is in a fenced block, where Markdown and HTML mean nothing and nobody is mentioned, or
escaped inside ``<code>``.
"""

import re
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from tr_apply.plan.saved.document import plan_id
from tr_apply.printable import printable
from tr_apply.report.diff_block import WIDTH, block_of
from tr_apply.report.entry import Entry, headline
from tr_apply.report.plan_picture import flowcharts

if TYPE_CHECKING:
    from tr_apply.simulation.results import SimulationResults

MARKER = "<!-- tr-apply -->"
"""The first line, by which a comment is found again and updated in place."""

LIMIT = 60_000  # characters; GitHub takes 65,536
_RESERVED = 1_000  # for the notes about the rest
_TITLE = 150  # characters of a name in a heading
_SLACK = 450  # for fences, the plan's id and the notes about the rest
_LEAST = 600  # characters that a workspace is given beyond its heading, or it is only counted
_BACKTICKS = re.compile(r"`{3,}")
_PICTURE = "\n<details><summary>\nPicture of\n{name}\n</summary>\n\n```mermaid\n{text}```\n\n</details>\n"
_NOT_WHOLE = "This comment does not show the whole plan and therefore no plan id; `tr-apply plan` does."


def plans_markdown(entries: Sequence[Entry], *, artifacts: str = "") -> str:
    """All of *entries*, each folded; fewer than 60,000 characters, with left out parts counted.

    *artifacts* is the address of the run whose artifacts hold the whole plan; empty where there is none.
    """
    parts = [MARKER, f"### tr-apply: {headline(entries)}", ""]
    parts += [f"[The whole plan]({artifacts}) as HTML and JSON", ""] if artifacts else []
    sections = [_Section(entry, is_open=len(entries) == 1) for entry in entries]
    left = LIMIT - _RESERVED - sum(len(part) + 1 for part in parts)
    rooms = _rooms(sections, left)
    shown = [(section, room) for section, room in zip(sections, rooms, strict=True) if room]
    pictures = _Pictures(left - sum(rooms))
    parts += [section.text(room, pictures, has_artifacts=bool(artifacts)) for section, room in shown]
    parts += [
        *pictures.left_out(),
        *_left_out([section for section, room in zip(sections, rooms, strict=True) if not room]),
    ]
    return "\n".join(parts) + "\n"


def _rooms(sections: Sequence["_Section"], left: int) -> list[int]:
    """Characters for each of *sections*: what must not be missing comes first, in all of them; then the rest.

    One that deletes much takes no room from the beginning of what another one deletes.
    """
    rooms = [0] * len(sections)
    in_order = sorted(range(len(sections)), key=lambda number: not sections[number].is_destructive)
    for number in in_order:
        rooms[number] = sections[number].smallest if left >= sections[number].smallest else 0
        left -= rooms[number]
    for number in sorted((each for each in in_order if rooms[each]), key=lambda number: sections[number].least):
        more = min(left, sections[number].least - rooms[number])
        rooms[number] += more
        left -= more
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

    def text(self, room: int, pictures: "_Pictures", *, has_artifacts: bool) -> str:
        """The section, in *room* characters and those that *pictures* has."""
        content, is_whole = self._block.fitting(room - self._around)
        longest = max((len(found) for found in _BACKTICKS.findall(content)), default=2)
        fence = "`" * (longest + 1)
        last = self._last(shows_id=is_whole or has_artifacts)
        drawn = "".join([*pictures.days(self._entry), *pictures.of(self._entry)])
        return f"{self._head}\n{fence}diff\n{content}\n{fence}\n{drawn}{last}\n</details>\n"

    def _last(self, *, shows_id: bool) -> str:
        if self._entry.plan is None:
            return ""
        return f"\nPlan id: `{plan_id(self._entry.plan)}`\n" if shows_id else f"\n{_NOT_WHOLE}\n"


@dataclass(slots=True)
class _Pictures:
    """The changed workflows as pictures, as long as there is *room*: all of the text comes before the first of them."""

    room: int
    missing: int = 0
    lacks_days: bool = False

    def days(self, entry: Entry) -> Iterator[str]:
        """The simulated days of *entry*, where they fit."""
        if entry.simulation is None:
            return
        drawn = "".join(f"{line}\n" for line in _days(entry.simulation))
        self.lacks_days = len(drawn) > self.room
        if not self.lacks_days:
            self.room -= len(drawn)
            yield drawn

    def of(self, entry: Entry) -> Iterator[str]:
        """Those of *entry* that fit, each folded."""
        for title, text in () if entry.plan is None else flowcharts(entry.plan):
            drawn = _PICTURE.format(name="\n".join(f"<code>{line}</code>" for line in _escaped(title)), text=text)
            if len(drawn) > self.room:
                self.missing += 1
                continue
            self.room -= len(drawn)
            yield drawn

    def left_out(self) -> Iterator[str]:
        """Notes about the parts that did not fit."""
        if self.lacks_days:
            yield "There is no room here for the simulated days; `tr-apply plan --format html` has them."
        if self.missing:
            what = "1 picture of a workflow" if self.missing == 1 else f"{self.missing} pictures of workflows"
            yield f"There is no room here for {what}; `tr-apply plan --format html` has every one."


def _heading(entry: Entry, *, is_open: bool) -> Iterator[str]:
    """The workspace, its place, and the result; GitHub shows it as one paragraph."""
    yield f"<details{' open' if is_open else ''}><summary>"
    yield from (f"<code>{line}</code>" for line in _escaped(entry.title))
    if entry.places:
        *others, last = [f"<code>{line}</code>" for each in entry.places for line in _escaped(each)]
        yield from (f"{'(' if index == 0 else ''}{each}," for index, each in enumerate(others))
        yield f"{'' if others else '('}{last})"
    yield from textwrap.wrap(f"<br>{entry.outcome}", WIDTH)
    yield "</summary>"


def _days(results: "SimulationResults") -> Iterator[str]:
    """The days before and after as a table, which GitHub shows as one."""
    from tr_apply.report.simulation_text import comparison, headline, marks  # noqa: PLC0415  # seldom asked for

    yield "\n<details open><summary>Simulated days, before and after</summary>\n"
    yield "<table>"
    for number, row in enumerate(comparison(results)):
        tag = "td" if number else "th"
        yield "<tr>"
        yield from (f"<{tag}>{''.join(_escaped(cell))}</{tag}>" for cell in row)
        yield "</tr>"
    yield "</table>\n"
    for line in (*headline(results), marks(results)):
        yield from (escaped for part in textwrap.wrap(line, WIDTH // 2) for escaped in _escaped(part))
        yield ""
    yield "</details>"


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
        what = "1 more workspace" if len(sections) == 1 else f"{len(sections)} more workspaces"
        yield f"And {what}, for which there is no room here."
    if number := sum(section.is_destructive for section in sections):
        yield f"With deletes, replacements, lost people, objections or errors: {number} of them."
