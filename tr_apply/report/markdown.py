"""Plans as a comment on a pull request: folded, short enough for GitHub, and nothing in it can break out.

Whatever somebody else wrote stands in a fenced block, where Markdown and HTML mean nothing and nobody is mentioned, or
escaped inside ``<code>``.
"""

import html
import re
from collections.abc import Iterable, Iterator, Sequence

from tr_apply.plan.change import Plan
from tr_apply.plan.saved.document import plan_id
from tr_apply.printable import printable
from tr_apply.report.entry import Entry, headline
from tr_apply.report.rows import Row, operation_rows

MARKER = "<!-- tr-apply -->"
"""The first line, by which a comment is found again and updated in place."""

LIMIT = 60_000  # characters; GitHub takes 65,536
_RESERVED = 2_000  # for what must be said of the rest
_LONGEST_LINE = 400
_TITLE = 150  # characters of a name in a heading
_SLACK = 250  # for fences, the plan's id and what is said of the rest
_LEAST = 600  # characters that a workspace is given, or it is only counted
_BACKTICKS = re.compile(r"`{3,}")


def plans_markdown(entries: Sequence[Entry]) -> str:
    """All of *entries*, each folded; fewer than 60,000 characters, with what is left out counted."""
    parts = [MARKER, f"### tr-apply: {headline(entries)}", ""]
    left = LIMIT - _RESERVED - sum(len(part) + 1 for part in parts)
    for number, entry in enumerate(entries):
        share = left // (len(entries) - number)
        if share < _LEAST and left < _LEAST * 2:
            parts.append(f"And {len(entries) - number} more workspaces, for which there is no room here.")
            break
        folded = _folded(entry, max(share, _LEAST), is_open=len(entries) == 1)
        left -= len(folded) + 1
        parts.append(folded)
    return "\n".join(parts) + "\n"


def _folded(entry: Entry, room: int, *, is_open: bool) -> str:
    title = f"<code>{_escaped(entry.title)}</code>: {_escaped(entry.outcome)}"
    head = f"<details{' open' if is_open else ''}><summary>{title}</summary>\n"
    tail = "\n</details>\n"
    content = _fitting(list(_chunks(entry)), room - len(head) - len(tail) - _SLACK)
    longest = max((len(found) for found in _BACKTICKS.findall(content)), default=2)
    fence = "`" * (longest + 1)
    last = "" if entry.plan is None else f"\nPlan id: `{plan_id(entry.plan)}`\n"
    return f"{head}\n{fence}diff\n{content}\n{fence}\n{last}{tail}"


def _escaped(text: str) -> str:
    short = text if len(text) <= _TITLE else f"{text[:_TITLE]}…"
    return html.escape(short).replace("@", "&#64;")


def _fitting(chunks: Sequence[str], room: int) -> str:
    """As many *chunks* as there is room for, and how many are left out; each of them is cut before all are."""
    taken: list[str] = []
    for number, chunk in enumerate(chunks):
        room -= len(chunk) + 1
        if room < 0:
            rest = len(chunks) - number - 1
            taken.append(chunk.partition("\n")[0])
            taken.append(f"… and the rest of this one{f', and {rest} more' if rest else ''}")
            break
        taken.append(chunk)
    return "\n".join(taken)


def _chunks(entry: Entry) -> Iterator[str]:
    """What is said, in pieces that are left out as a whole."""
    yield from (f"! {_line(error)}" for text in entry.errors for error in text.splitlines() if error.strip())
    if entry.plan is None:
        return
    yield from _of_plan(entry.plan)
    if entry.more:
        yield "\n".join(_line(line) for line in entry.more.splitlines())


def _of_plan(plan: Plan) -> Iterator[str]:
    yield from (f"! Blocked ({each.code}): {_line(each.message)}" for each in plan.blocked)
    yield from (f"# {_line(each.message)}" for each in plan.diagnostics)
    if not plan.operations:
        yield "No changes."
    for operation in plan.operations:
        yield "\n".join(_lines(operation_rows(operation)))


def _lines(rows: Iterable[Row]) -> Iterator[str]:
    for row in rows:
        indent = "    " * row.depth
        told = f"{row.text} -> {row.after}" if row.after else row.text
        yield _line(f"{indent}{row.label} {told}".rstrip())
        yield from (_line(f"{indent}    {line}") for line in row.more)


def _line(text: str) -> str:
    shown = printable(text)
    return shown if len(shown) <= _LONGEST_LINE else f"{shown[:_LONGEST_LINE]}… ({len(shown) - _LONGEST_LINE} more)"
