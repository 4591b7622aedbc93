"""Plans and results as text for a terminal or a log, readable at 80 columns."""

import re
import textwrap
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import click

from tr_apply.apply import Result, Status
from tr_apply.plan.change import Action, Blocked, Plan, PlanTarget
from tr_apply.plan.saved.document import plan_id
from tr_apply.printable import printable
from tr_apply.report.entry import Entry
from tr_apply.report.impact import impact_lines
from tr_apply.report.rows import SYMBOLS, Row, Tone, in_reading_order, objections, operation_rows, summary_line
from tr_apply.report.text_diff import FOLD, Sign
from tr_apply.report.wording import places, where

WIDTH = 80
_INDENT = 4
_COLORS: Mapping[Tone, Mapping[str, Any]] = {
    Tone.CREATE: {"fg": "green"},
    Tone.UPDATE: {"fg": "yellow"},
    Tone.REPLACE: {"fg": "magenta"},
    Tone.DELETE: {"fg": "red"},
    Tone.PLAIN: {},
    Tone.NOTE: {"dim": True},
    Tone.APPROVAL: {"fg": "yellow", "bold": True},
    Tone.BLOCKED: {"fg": "red", "bold": True},
}
_SIGNED: Mapping[Sign, Mapping[str, Any]] = {"+": {"fg": "green"}, "-": {"fg": "red"}, "": {}}

_FOLDS = re.compile(rf"(?<=[ \[]){FOLD}(?=[ \])]|$)", re.MULTILINE)
_REPLACES = re.compile(rf"^((?:\s|\x1b\[\d+m)*){SYMBOLS[Action.REPLACE]}", re.MULTILINE)

NO_CHANGES = "No changes."


def plan_text(plan: Plan, *, ascii_only: bool = False, agreed: Collection[Blocked] = ()) -> str:
    """The whole plan. Blocked operations that the caller consented to are shown as agreed."""
    text = "\n".join(_plan_lines(plan, agreed)) + "\n"
    return _ascii(text) if ascii_only else text


def entry_text(entry: Entry, *, ascii_only: bool = False) -> str:
    """The plan of *entry*, if there is one, the notes about it, and the simulated days."""
    parts = [] if entry.plan is None else [plan_text(entry.plan, ascii_only=ascii_only)]
    parts += [entry.more] if entry.more else []
    if entry.simulation is not None:
        from tr_apply.report.simulation_text import simulation_text  # noqa: PLC0415  # seldom asked for

        days = f"Simulated days, before and after this plan:\n{simulation_text(entry.simulation)}"
        parts.append(_ascii(days) if ascii_only else days)
    return "\n".join(parts)


def _plan_lines(plan: Plan, agreed: Collection[Blocked]) -> Iterator[str]:
    yield click.style(_heading(plan.target), bold=True)
    yield from _wrapped(place, "  ") if (place := where(plan.target)) else ()
    for each in plan.diagnostics:
        yield from _wrapped(f"Note: {printable(each.message)}", "  ")
    if not plan.operations:
        yield NO_CHANGES
        return
    yield ""
    for operation in in_reading_order(plan.operations):
        for row in operation_rows(operation):
            yield from row_lines(row)
    yield ""
    yield from _impact_lines(plan)
    yield from _blocked_lines(plan, agreed)
    yield summary_line(plan)
    yield f"Plan id: {plan_id(plan)}"


def _impact_lines(plan: Plan) -> Iterator[str]:
    found = list(impact_lines(plan.impact))
    for line in found:
        text = f"{line.sign} {line.text}" if line.sign else line.text
        yield from _wrapped(text, "  " + "    " * line.depth, _SIGNED[line.sign])
    yield from [""] if found else []


def _heading(target: PlanTarget) -> str:
    sid = target.workspace_sid
    return f"{printable(target.workspace)} ({sid if sid is not None else 'new workspace'})"


def result_heading(target: PlanTarget) -> str:
    """Which of several workspaces a result is about."""
    return "\n".join([f"{printable(target.workspace)}:", *_wrapped(", ".join(places(target)), "  ")])


def row_lines(row: Row) -> Iterator[str]:
    """*row* as lines of a terminal's width."""
    indent = " " * (2 + _INDENT * row.depth)
    style = _COLORS[row.tone]
    said = f"{row.text} -> {row.after}" if row.after else row.text
    if not said:
        yield from _titled(row, indent, style)
    elif len(indent) + len(row.title) + 1 + len(said) <= WIDTH:
        yield f"{indent}{_styled(row.title, style)} {said}"
    else:
        yield from _wrapped(row.title, indent, style)
        yield from _below(row, indent + "  ")
    for line in row.more:
        text = f"{line.sign} {line.text}" if line.sign else line.text
        yield from _wrapped(text, indent + "  " * (line.depth + 1), _SIGNED[line.sign])


def _titled(row: Row, indent: str, style: Mapping[str, Any]) -> Iterator[str]:
    """A title alone, and where it comes from."""
    source = f"  # {row.source}" if row.source else ""
    if source and len(indent) + len(row.title) + len(source) <= WIDTH:
        yield f"{indent}{_styled(row.title, style)}{_styled(source, _COLORS[Tone.NOTE])}"
        return
    yield from _wrapped(row.title, indent, style)
    if source:
        yield f"{indent}    {_styled(source.strip(), _COLORS[Tone.NOTE])}"


def _below(row: Row, indent: str) -> Iterator[str]:
    """The text of a row, under its title; old and new values on lines of their own."""
    if row.after:
        yield from _wrapped(f"- {row.text}", indent, _SIGNED["-"])
        yield from _wrapped(f"+ {row.after}", indent, _SIGNED["+"])
    else:
        yield from _wrapped(row.text, indent)


def _wrapped(text: str, indent: str, style: Mapping[str, Any] | None = None) -> Iterator[str]:
    lines = textwrap.wrap(
        text,
        WIDTH,
        initial_indent=indent,
        subsequent_indent=indent + "  ",
        break_long_words=False,
        break_on_hyphens=False,
        drop_whitespace=True,
    )
    for line in lines:
        text = line.lstrip()
        yield line[: -len(text)] + _styled(text, style or {})


def _styled(text: str, style: Mapping[str, Any]) -> str:
    return click.style(text, **style) if style else text


def _blocked_lines(plan: Plan, agreed: Collection[Blocked]) -> Iterator[str]:
    for each in objections(plan, agreed):
        yield from _wrapped(each.text, "  ", _COLORS[each.tone])
    if plan.blocked:
        yield ""


def result_text(results: Sequence[Result], *, verified: bool | None, notes: Sequence[str] = ()) -> str:
    """The results of an apply."""
    return "\n".join(_result_lines(results, verified=verified, notes=notes)) + "\n"


def _result_lines(results: Sequence[Result], *, verified: bool | None, notes: Sequence[str]) -> Iterator[str]:
    for result in results:
        if result.status is not Status.DONE:
            what = f"{result.operation.action.value} {result.operation.kind} {printable(result.operation.name)}"
            yield click.style(f"  {result.status.value}: {what}: {printable(result.error)}", fg="red")
    done = [result for result in results if result.status is Status.DONE]
    counts = {action: sum(r.operation.action is action for r in done) for action in Action}
    told = ", ".join(f"{counts[action]} {action.value}d" for action in Action)
    requests = sum(result.requests for result in results)
    yield from (f"Note: {printable(note)}" for note in notes)
    yield f"Applied: {told}; {requests} {'request' if requests == 1 else 'requests'} sent."
    if verified is True:
        yield "Verified: the workspace was read again and matches the configuration."
    elif verified is False:
        yield click.style("Not verified: the workspace was read again and does not match the configuration:", fg="red")


def progress_line(result: Result) -> str:
    """One line while an apply is running."""
    symbol = SYMBOLS[result.operation.action]
    return f"{result.status.value} {symbol} {result.operation.kind} {printable(result.operation.name)}"


def _ascii(text: str) -> str:
    """*text* for a terminal that knows no other characters; names keep their identity as escapes."""
    plain = _FOLDS.sub("...", _REPLACES.sub(r"\g<1>+/-", text))
    return plain.encode("ascii", "backslashreplace").decode()
