"""Plans as one page that stands by itself: no scripts, nothing is loaded, light and dark as the reader has it."""

from collections.abc import Iterator, Mapping, Sequence
from html import escape

from tr_apply.plan.change import Operation, Plan
from tr_apply.plan.saved.document import plan_id
from tr_apply.printable import printable
from tr_apply.report.entry import Entry, headline
from tr_apply.report.impact import impact_lines
from tr_apply.report.line import Sign, TextLine
from tr_apply.report.objections import objections
from tr_apply.report.rows import Row, in_reading_order, operation_rows

_TAGS: Mapping[Sign, str] = {"+": "ins", "-": "del"}
_DEEPEST = 6  # levels that are set in
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
_STYLE = """
:root { color-scheme: light dark; --line: #8884; }
:root { --create: #1a7f37; --update: #9a6700; --replace: #8250df; --delete: #cf222e; }
@media (prefers-color-scheme: dark) {
  :root { --create: #3fb950; --update: #d29922; --replace: #bc8cff; --delete: #ff7b72; }
}
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 64rem; padding: 0 1rem; }
h2 { border-bottom: 1px solid var(--line); padding-bottom: .3rem; overflow-wrap: anywhere; }
ul { list-style: none; padding: 0; }
li, pre { font: 13px/1.6 ui-monospace, monospace; }
li, dd, p { overflow-wrap: anywhere; }
.operation { margin-top: .6rem; }
.operation ul { padding-left: 2rem; }
.create > b { color: var(--create); }
.update > b { color: var(--update); }
.replace > b { color: var(--replace); }
.delete > b { color: var(--delete); }
.place, .source { opacity: .7; }
.source { padding-left: 1rem; }
.depth-1 { padding-left: 1.5rem; } .depth-2 { padding-left: 3rem; } .depth-3 { padding-left: 4.5rem; }
.depth-4 { padding-left: 6rem; } .depth-5 { padding-left: 7.5rem; } .depth-6 { padding-left: 9rem; }
.approval { border-left: 4px solid var(--update); padding-left: .8rem; }
.place, .source { opacity: .7; }
.source { padding-left: 1rem; }
.depth-1 { padding-left: 1.5rem; } .depth-2 { padding-left: 3rem; } .depth-3 { padding-left: 4.5rem; }
.depth-4 { padding-left: 6rem; } .depth-5 { padding-left: 7.5rem; } .depth-6 { padding-left: 9rem; }
.approval { border-left: 4px solid var(--update); padding-left: .8rem; }
.blocked, .error { border-left: 4px solid var(--delete); padding-left: .8rem; }
.note { border-left: 4px solid var(--line); padding-left: .8rem; }
del { color: var(--delete); text-decoration: none; }
ins { color: var(--create); text-decoration: none; }
pre { overflow-x: auto; }
"""


def plans_html(entries: Sequence[Entry]) -> str:
    """All of *entries* on one page."""
    title = f"tr-apply: {headline(entries)}"
    return "\n".join(
        [
            "<!doctype html>",
            '<html lang="en">',
            "<head>",
            '<meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{_text(title)}</title>",
            f"<style>{_STYLE}</style>",
            "</head>",
            "<body>",
            f"<h1>{_text(title)}</h1>",
            *(line for entry in entries for line in _section(entry)),
            "</body>",
            "</html>",
            "",
        ]
    )


def _text(text: str) -> str:
    """The one way by which anything gets into the page."""
    return escape(printable(text))


def _section(entry: Entry) -> Iterator[str]:
    yield "<section>"
    yield f"<h2>{_text(entry.title)}</h2>"
    if entry.places:
        yield f'<p class="place">{_text(", ".join(entry.places))}</p>'
    yield f"<p>Configuration <code>{_text(entry.path)}</code>: {_text(entry.outcome)}</p>"
    for error in (*entry.errors, entry.refused):
        yield from (f'<p class="error">{_text(line)}</p>' for line in error.splitlines() if line.strip())
    if entry.plan is not None:
        yield from _plan(entry.plan)
    if entry.more:
        yield "<pre>" + "\n".join(_text(line) for line in entry.more.splitlines()) + "</pre>"
    yield "</section>"


def _plan(plan: Plan) -> Iterator[str]:
    yield from (f'<p class="{each.tone}">{_text(each.text)}</p>' for each in objections(plan))
    if lines := "".join(map(_line, impact_lines(plan.impact))):
        yield f"<ul>{lines}</ul>"
    yield from (f'<p class="note">{_text(each.message)}</p>' for each in plan.diagnostics)
    if plan.operations:
        yield "<ul>"
        for operation in in_reading_order(plan.operations):
            yield from _operation(operation)
        yield "</ul>"
    yield f"<p>Plan id: <code>{plan_id(plan)}</code></p>"


def _operation(operation: Operation) -> Iterator[str]:
    first, *rest = operation_rows(operation)
    source = f' <span class="source">{_text(first.source)}</span>' if first.source else ""
    yield f'<li class="operation {operation.action.value}"><b>{_text(first.label)}</b>{source}'
    if rest:
        yield "<ul>"
        yield from (f"<li>{''.join(_row(row))}</li>" for row in rest)
        yield "</ul>"
    yield "</li>"


def _row(row: Row) -> Iterator[str]:
    yield _signed(row.sign, row.title)
    if row.after:
        yield f" <del>{_text(row.text)}</del> → <ins>{_text(row.after)}</ins>"
    elif row.text:
        yield f" {_text(row.text)}"
    if row.more:
        yield f"<ul>{''.join(map(_line, row.more))}</ul>"


def _line(line: TextLine) -> str:
    text = f"{line.sign} {line.text}" if line.sign else line.text
    depth = f' class="depth-{min(line.depth, _DEEPEST)}"' if line.depth else ""
    return f"<li{depth}>{_signed(line.sign, text)}</li>"


def _signed(sign: Sign, text: str) -> str:
    tag = _TAGS.get(sign)
    return f"<{tag}>{_text(text)}</{tag}>" if tag else _text(text)
