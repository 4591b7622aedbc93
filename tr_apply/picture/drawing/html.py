"""Lanes as HTML: no script, nothing is loaded, light or dark as the browser prefers, as wide as the window.

`lanes_html`, `queues_html` and `chip_html` are parts for any page that has `STYLE`; `html_page` makes the page, and
`picture_html` is a self-contained one.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from tr_apply.picture.drawing.colors import HUES, dark, light
from tr_apply.picture.drawing.escape import markup
from tr_apply.picture.drawing.sentences import compared_with, counts, members_words, people_words, shared_words
from tr_apply.picture.model import Lane, LaneStep, Picture, QueueCard, StepFigures, WorkflowLanes, waiting_step

POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'"
"""The content security policy of every page."""

_COLORS: Final = "".join(
    f".q{n}{{--fill:{light(n).fill};--line:{light(n).line}}}" for n in range(len(HUES))
) + "@media (prefers-color-scheme:dark){" + "".join(
    f".q{n}{{--fill:{dark(n).fill};--line:{dark(n).line}}}" for n in range(len(HUES))
) + "}"  # fmt: skip

STYLE: Final = (
    """
.lanes, .cards { list-style: none; margin: .6rem 0 1.6rem; padding: 0; border: 1px solid var(--edge);
  border-radius: 8px; overflow: hidden; }
.lane, .card { display: grid; grid-template-columns: 2.4rem minmax(0, 23rem) minmax(0, 1fr); gap: .2rem 1rem;
  align-items: center; padding: .5rem .9rem .5rem .7rem; border-left: 4px solid transparent; }
.lane + .lane, .card + .card { border-top: 1px solid var(--edge); }
.lane:nth-child(even), .card:nth-child(even) { background: var(--band); }
.number { color: var(--dim); text-align: right; font-variant-numeric: tabular-nums; }
.what, .chips, .step, .chip, .badge, .who { min-width: 0; overflow-wrap: anywhere; }
.what b { font-weight: 600; }
.condition, .who, .was, .arrow, .end, .blame { color: var(--dim); font-size: .87em; }
.who .was { font-size: 1em; }
.condition, .was, .blame { display: block; }
.blame { color: var(--bad); }
.blame code { font-size: .95em; color: var(--ink); background: var(--band); border: 1px solid var(--edge);
  border-radius: 4px; padding: 0 .25em; }
.chips, .step { display: flex; flex-wrap: wrap; align-items: center; gap: .35rem .4rem; }
.chip { display: inline-block; border: 1px solid var(--line, var(--dim)); background: var(--fill, transparent);
  border-radius: 6px; padding: .08rem .5rem; }
.chip small { color: var(--dim); margin-left: .25rem; }
.chip.empty { border: 1.5px dashed var(--bad); }
.chip.empty small { color: var(--bad); font-weight: 600; }
.badge { border: 1px solid var(--edge); border-radius: 9px; padding: 0 .5rem; font-size: .78em; color: var(--dim); }
.figures { flex-basis: 100%; }
.figure { display: block; color: var(--dim); font-size: .82rem; font-variant-numeric: tabular-nums; }
.figure b { font-weight: 600; color: var(--ink); }
.counted .lane { grid-template-columns: 2.4rem minmax(0, 15rem) minmax(0, 1fr); align-items: start; }
.counted .chips { align-items: flex-start; gap: .5rem .9rem; }
.counted .step { max-width: 14rem; align-content: start; }
.counted .arrow { max-width: 10rem; padding-top: .15rem; }
.which { flex-basis: 100%; color: var(--dim); font-size: .87em; font-weight: 600; }
.ways > * + * { margin-top: .5rem; padding-top: .4rem; border-top: 1px dashed var(--edge); }
.unreached b, .unreached .chip, .step-unreached { color: var(--dim); }
.unreached .chip, .step-unreached { background: none; border-color: var(--edge); }
.tag { font-size: .78em; font-weight: 600; border-radius: 4px; padding: .05rem .4rem; margin-left: .3rem;
  white-space: nowrap; }
.tag.new { color: var(--good); background: var(--good-band); }
.tag.changed, .tag.moved { color: var(--warn); background: var(--warn-band); }
.tag.removed, .tag.never { color: var(--bad); background: var(--bad-band); }
.is-new { border-left-color: var(--good); }
.is-changed, .is-moved { border-left-color: var(--warn); }
.is-removed, .unreached { border-left-color: var(--bad); }
.is-removed b, .is-removed .chip { text-decoration: line-through; color: var(--dim); }
.quiet { border-left-color: transparent; }
.quiet .blame, .quiet .tag { color: var(--dim); background: none; }
.bar { display: inline-block; height: .55rem; min-width: 2px; border-radius: 3px; background: var(--line);
  margin-right: .5rem; vertical-align: baseline; }
.card { grid-template-columns: minmax(0, 15rem) minmax(0, 20rem) minmax(0, 1fr); }
.load { display: block; }
.note { color: var(--dim); margin: .2rem 0; }
@media (max-width: 52rem) {
  .lane, .counted .lane { grid-template-columns: 1.7rem minmax(0, 1fr); align-items: start; }
  .lane > .chips, .lane > .ways { grid-column: 2; }
  .card { grid-template-columns: minmax(0, 1fr); }
}
"""
    + _COLORS
)
"""The style of the parts; needs the colours of `PALETTE`."""

PALETTE: Final = """
:root { color-scheme: light dark; --paper: #fff; --ink: #1f2328; --dim: #59636e; --edge: #d1d9e0; --band: #f6f8fa;
  --good: #1a7f37; --warn: #845306; --bad: #c21f2b; --good-band: #dafbe1; --warn-band: #fbe8b8; --bad-band: #ffe5e3; }
@media (prefers-color-scheme: dark) {
  :root { --paper: #0d1117; --ink: #e6edf3; --dim: #9aa4af; --edge: #3a424b; --band: #151b23; --good: #4ac26b;
    --warn: #e0a93b; --bad: #ff8078; --good-band: #12301c; --warn-band: #3a2b0a; --bad-band: #45191a; }
}
"""

_BODY: Final = """
body { font: 15px/1.45 system-ui, sans-serif; color: var(--ink); background: var(--paper); margin: 1.5rem auto;
  max-width: 90rem; padding: 0 1.2rem; }
h1 { font-size: 1.5em; margin: 0; }
h2 { font-size: 1.15em; margin: 1.4rem 0 0; }
h1, h2, h3, h4, p { overflow-wrap: anywhere; }
"""


def html_page(title: str, body: Iterable[str], *, style: str = STYLE) -> str:
    """A page that needs no other file: *body* is HTML, and *style* is that of its parts."""
    return "\n".join(
        [
            "<!doctype html>",
            '<html lang="en">',
            "<head>",
            '<meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{markup(title)}</title>",
            f"<style>{PALETTE}{_BODY}{style}</style>",
            "</head>",
            "<body>",
            *body,
            "</body>",
            "</html>",
            "",
        ]
    )


def picture_html(picture: Picture) -> str:
    """*picture* as a page."""
    body = (
        f"<h1>{markup(picture.name)}</h1>",
        *(f'<p class="note">{markup(line)}</p>' for line in (counts(picture), *compared_with(picture))),
        *(lanes_html(each, picture) for each in picture.workflows),
        queues_html(picture),
    )
    return html_page(f"{picture.name}: routing", body)


def lanes_html(workflow: WorkflowLanes, picture: Picture, *, level: int = 2) -> str:
    """One workflow with its heading, of that level; *picture* says which colour a queue has."""
    notes = (*workflow.notes, *shared_words(workflow))
    is_counted = any(step.figures for lane in workflow.lanes for step in lane.steps)
    lines = [
        "<section>",
        f"<h{level}>{markup(workflow.name)}{_tag(workflow.change)}</h{level}>",
        *(f'<p class="note">{markup(note)}</p>' for note in notes),
        f'<ol class="lanes{" counted" * is_counted}">',
        *(f"{''.join(_lane(each, workflow, picture))}</li>" for each in workflow.lanes),
        "</ol>",
        "</section>",
    ]
    return "\n".join(lines)


def _lane(lane: Lane, workflow: WorkflowLanes, picture: Picture) -> Iterator[str]:
    marks = [f"is-{lane.change}"] * bool(lane.change) + ["unreached"] * (lane.blame is not None)
    marks += ["quiet"] * (lane.blame is not None and not lane.number)  # a default filter without tasks is fine
    yield f'<li class="{" ".join(["lane", *marks])}">'
    yield f'<span class="number">{lane.number or ""}</span>'
    yield f'<div class="what"><b>{markup(lane.title)}</b>{"".join(map(_tag, lane.tags))}'
    if lane.name and lane.condition:
        yield f'<span class="condition" title="{markup(lane.expression)}">{markup(lane.condition)}</span>'
    if lane.blame is not None:
        task = f", such as <code>{markup(lane.blame.task)}</code>" if lane.blame.task else ""
        yield f'<span class="blame">{markup(lane.blame.text)}{task}</span>'
    yield from (f'<span class="was">before: <del>{markup(line)}</del></span>' for line in lane.before)
    yield "</div>"
    if not lane.earlier:
        yield from _steps(lane.steps, lane.end, workflow, picture)
        return
    yield '<div class="ways">'
    yield from _steps(lane.earlier, lane.earlier_end, workflow, picture, caption="before")
    yield from _steps(lane.steps, lane.end, workflow, picture, caption="after")
    yield "</div>"


def _steps(
    steps: Sequence[LaneStep], end: str, workflow: WorkflowLanes, picture: Picture, *, caption: str = ""
) -> Iterator[str]:
    """The way of a task from left to right; *caption* says of two ways which one it is."""
    ending, waits = f'<span class="end">{markup(end)}</span>', waiting_step(steps)
    yield '<div class="chips">'
    yield f'<span class="which">{caption}</span>' if caption else ""
    for step in steps:
        yield from _step(step, workflow, picture, end=ending if step is waits else "")
    yield "</div>" if waits else f"{ending}</div>"


def _tag(word: str) -> str:
    return f' <span class="tag {markup(word.split(maxsplit=1)[0])}">{markup(word)}</span>' if word else ""


def _step(step: LaneStep, workflow: WorkflowLanes, picture: Picture, *, end: str) -> Iterator[str]:
    """A chip with its badges, which stay together on one line if they can; *end* is what follows on it."""
    yield '<span class="step">'
    yield chip_html(step.queue, step.people, picture, is_reached=step.is_reached)
    for badge in workflow.badges(step):
        title = f' title="{markup(badge.title)}"' if badge.title else ""
        yield f'<span class="badge"{title}>{markup(badge.text)}</span>'
    if not step.is_reached:
        yield '<span class="badge">never reached</span>'
    figures = step.figures or StepFigures(())
    yield f"{end}{_figures(figures.here)}</span>"
    if step.leaves:
        yield f'<span class="arrow">{markup(step.leaves)} →{_figures(figures.onward)}</span>'


def _figures(lines: Sequence[tuple[str, str]]) -> str:
    """Figures, one line each."""
    shown = (f'<span class="figure">{markup(caption)} <b>{markup(number)}</b></span>' for caption, number in lines)
    return f'<span class="figures">{"".join(shown)}</span>' if lines else ""


def chip_html(queue: str, people: int | None, picture: Picture, *, is_reached: bool = True) -> str:
    """A queue in its colour, with how many people are in it if that is known."""
    color = picture.color(queue)
    classes = ["chip"] + ([] if color is None else [f"q{color % len(HUES)}"])
    classes += ["empty"] * (people == 0) + ["step-unreached"] * (not is_reached)
    number = "" if people is None else f"<small>{people or 'nobody'}</small>"
    return f'<span class="{" ".join(classes)}">{markup(queue)}{number}</span>'


def queues_html(picture: Picture) -> str:
    """The queues of *picture*: who is in each, and what leads to it."""
    if not picture.queues:
        return ""
    lines = [
        "<section>",
        "<h2>Queues</h2>",
        f'<p class="note">{markup(people_words(picture))}</p>',
        '<ul class="cards">',
        *("".join(_card(each, picture)) for each in picture.queues),
        "</ul>",
        "</section>",
    ]
    return "\n".join(lines)


def _card(card: QueueCard, picture: Picture) -> Iterator[str]:
    change = f" is-{card.change}" if card.change else ""
    people = None if card.members is None else len(card.members)
    yield f'<li class="card{change}"><div>{chip_html(card.name, people, picture)}{_tag(card.change)}</div>'
    yield f'<div class="who" title="{markup(card.expression)}">{markup(card.who)}'
    yield from (f'<span class="was">before: <del>{markup(line)}</del></span>' for line in card.before)
    yield '</div><div class="who">'
    if card.members:
        color = (picture.color(card.name) or 0) % len(HUES)
        share = 40 * len(card.members) / picture.most_people
        yield f'<span class="load q{color}"><span class="bar" style="width:{share:.1f}%"></span>'
        yield f"{markup(members_words(card.members))}</span>"
    yield f"{markup(f'fed by {card.fed_by}' if card.fed_by else 'no workflow leads here')}</div></li>"
