"""A finding as a terminal shows it: wrapped at words, with colours, and the line that it is about."""

import textwrap
import unicodedata
from collections.abc import Iterator
from typing import Final

import click

from tr_apply.findings import Finding, Severity
from tr_apply.report.values import printable

_COLORS: Final = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.INFO: "cyan"}
_NARROWEST: Final = 40  # characters; a terminal of fewer is written to as if it had these
_GUTTER: Final = 5  # characters before the line of a file


def finding_text(finding: Finding, line: str | None, *, width: int) -> str:
    """*finding*, with the *line* of its file if there is one to show, in at most *width* characters.

    ``PATH:LINE:COLUMN: `` is never broken, however long it is.
    """
    lines = [*_said(finding, max(width, _NARROWEST))]
    if line is not None and finding.line is not None:
        lines += _excerpt(finding, line, max(width, _NARROWEST))
    return "".join(f"{each}\n" for each in lines)


def _said(finding: Finding, width: int) -> Iterator[str]:
    text = printable(str(finding))
    head, severity, rest = text.partition(f"{finding.severity}: ")
    first, *more = textwrap.wrap(
        severity + rest,
        width,
        initial_indent=" " * _columns(head),
        subsequent_indent="    ",
        break_long_words=False,
        break_on_hyphens=False,
    )
    label = click.style(finding.severity.value, fg=_COLORS[finding.severity], bold=True)
    yield click.style(head, bold=True) + label + first.lstrip().removeprefix(finding.severity.value)
    yield from more


def _excerpt(finding: Finding, line: str, width: int) -> Iterator[str]:
    """The line as far as there is room, and below it a mark under the column."""
    index = min((finding.column or 1) - 1, len(line))
    room = width - _GUTTER - len(" | ")
    start = max(0, index - room * 2 // 3) if _columns(_plain(line)) > room else 0
    before, after = _plain(line[start:index]), _plain(line[index:])
    shown = ("…" if start else "") + before
    yield click.style(f"{finding.line:>{_GUTTER}} | ", dim=True) + shown + _cut(after, room - _columns(shown))
    mark = click.style("^", fg=_COLORS[finding.severity], bold=True)
    yield click.style(f"{'':>{_GUTTER}} | ", dim=True) + " " * _columns(shown) + mark


def _plain(text: str) -> str:
    return printable(text.replace("\t", " "))


def _cut(text: str, room: int) -> str:
    if _columns(text) <= room:
        return text
    while text and _columns(text) >= room:
        text = text[:-1]
    return f"{text}…"


def _columns(text: str) -> int:
    """How many columns of a terminal *text* takes."""
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
