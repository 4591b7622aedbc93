"""Lanes as flowcharts: for Mermaid, which GitHub and GitLab draw in Markdown, and for Graphviz's dot.

Each step is a node of its own: with one node a queue, the order of the filters is lost among crossing lines.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Final

from tr_apply.picture.drawing.colors import HUES, light
from tr_apply.picture.drawing.escape import dot_text, mermaid_text
from tr_apply.picture.model import Lane, LaneChange, LaneStep, Picture, WorkflowLanes

_MOST_EDGES: Final = 480
"""Mermaid refuses a flowchart with more than 500."""

_MOST_TEXT: Final = 45_000
"""Mermaid refuses one of more than 50,000 characters."""

_LONGEST: Final = 90
"""Characters of a condition or a name that a node shows."""


_MARKS: Final[dict[LaneChange, str]] = {
    "new": "#1a7f37",
    "changed": "#bf8700",
    "moved": "#bf8700",
    "removed": "#c21f2b",
}
"""How a filter that changes is framed; the words in it say the same."""


@dataclass(frozen=True, slots=True)
class Node:
    """A box of a flowchart, and the arrow that leads to it."""

    key: str
    lines: tuple[str, ...]
    parent: str
    arrow: str = ""
    shape: str = "step"
    color: int | None = None
    is_pale: bool = False
    change: LaneChange = ""


def mermaid(workflow: WorkflowLanes, picture: Picture) -> str:
    """One workflow as a flowchart for Mermaid; *picture* says which colour a queue has."""
    return _mermaid([workflow], picture)


def picture_mermaid(picture: Picture) -> str:
    """All workflows of *picture* as one flowchart for Mermaid."""
    return _mermaid(picture.workflows, picture)


def _mermaid(workflows: Sequence[WorkflowLanes], picture: Picture) -> str:
    classes = dict(_classes())
    lines, used = list[str](), set[str]()
    left, edges = _MOST_TEXT - sum(map(len, classes.values())), _MOST_EDGES
    for number, workflow in enumerate(workflows, 1):
        for chunk in _chunks(number, workflow, picture):
            drawn = [f"  {line}" for node in chunk for line in _mermaid_node(node)]
            left -= sum(map(len, drawn)) + len(drawn)
            edges -= len(chunk)
            if left < 0 or edges < 0:
                lines.append('  more["… and more that has no room here"]')
                return _chart(lines, used, classes)
            lines += drawn
            used |= {name for node in chunk for name in _class_names(node)}
    return _chart(lines, used, classes)


def _chart(lines: Sequence[str], used: AbstractSet[str], classes: Mapping[str, str]) -> str:
    return "\n".join(["flowchart LR", *(look for name, look in classes.items() if name in used), *lines, ""])


def _classes() -> Iterator[tuple[str, str]]:
    """Each name of a look, and the line that defines it."""
    for number in range(len(HUES)):
        colors = light(number)
        yield f"q{number}", f"  classDef q{number} fill:{colors.fill},stroke:{colors.line},color:{colors.text}"
    yield "nobody", "  classDef nobody stroke:#c21f2b,stroke-dasharray:5 3,stroke-width:2px"
    yield "pale", "  classDef pale opacity:0.65"
    for change, color in _MARKS.items():
        yield change, f"  classDef {change} stroke:{color},stroke-width:3px"


_SHAPES: Final = {"start": ("([", "])"), "filter": ("[", "]"), "step": ("(", ")"), "end": ("([", "])")}


def _mermaid_node(node: Node) -> Iterator[str]:
    opening, closing = _SHAPES[node.shape]
    label = "<br/>".join(map(mermaid_text, node.lines))
    yield f'{node.key}{opening}"{label}"{closing}'
    if node.parent:
        arrow = f'-->|"{mermaid_text(node.arrow)}"|' if node.arrow else "-->"
        yield f"{node.parent} {arrow} {node.key}"
    yield from (f"class {node.key} {name}" for name in _class_names(node))


def _class_names(node: Node) -> Iterator[str]:
    if node.color is not None:
        yield f"q{node.color % len(HUES)}"
    if node.lines[0].endswith(_NOBODY):
        yield "nobody"
    if node.is_pale:
        yield "pale"
    if node.change:
        yield node.change


_NOBODY: Final = " · nobody"


def _chunks(number: int, workflow: WorkflowLanes, picture: Picture) -> Iterator[list[Node]]:
    """The start of a workflow, then each lane."""
    start = f"w{number}"
    change = [f"({workflow.change})"] if workflow.change else []
    yield [Node(start, (_cut(workflow.name), *change), "", shape="start")]
    for index, lane in enumerate(workflow.lanes, 1):
        yield list(_lane_nodes(f"{start}f{index}", start, lane, _drawn(workflow, picture)))


_Label = Callable[[LaneStep], tuple[tuple[str, ...], int | None]]


def _drawn(workflow: WorkflowLanes, picture: Picture) -> _Label:
    def lines(step: LaneStep) -> tuple[tuple[str, ...], int | None]:
        people = "" if step.people is None else f" · {step.people}" if step.people else _NOBODY
        badges = [_cut(badge.text) for badge in workflow.badges(step)]
        return (_cut(step.queue) + people, *badges), picture.color(step.queue)

    return lines


def _lane_nodes(key: str, start: str, lane: Lane, label: _Label) -> Iterator[Node]:
    is_pale = lane.blame is not None or lane.change == "removed"
    yield Node(key, tuple(_lane_lines(lane)), start, shape="filter", is_pale=is_pale, change=lane.change)
    parent, arrow = key, ""
    for number, step in enumerate(lane.steps, 1):
        lines, color = label(step)
        own = f"{key}s{number}"
        ends = (lane.end,) if step is lane.waits_in else () if step.is_reached else ("never reached",)
        pale = is_pale or not step.is_reached
        yield Node(own, (*lines, *ends), parent, arrow, color=color, is_pale=pale)
        parent, arrow = own, step.leaves
    if lane.waits_in is None:
        yield Node(f"{key}e", (lane.end,), parent, arrow, shape="end", is_pale=is_pale)


def _lane_lines(lane: Lane) -> Iterator[str]:
    number = f"{lane.number}  " if lane.number else ""
    yield f"{number}{_cut(lane.title)}"
    if lane.name and lane.condition:
        yield _cut(lane.condition)
    if lane.change:
        yield lane.change
    yield from (f"before: {_cut(line)}" for line in lane.before)
    if lane.blame is not None:
        yield f"never reached: {_cut(lane.blame.text)}"


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def picture_dot(picture: Picture) -> str:
    """All workflows of *picture* as a graph for Graphviz's dot."""
    lines = [
        "digraph routing {",
        '  graph [rankdir=LR, ordering=out, fontname="Helvetica", newrank=true]',
        '  node [shape=box, style="rounded,filled", fillcolor="#ffffff", fontname="Helvetica", fontsize=11]',
        '  edge [fontname="Helvetica", fontsize=10, color="#59636e"]',
    ]
    for number, workflow in reversed([*enumerate(picture.workflows, 1)]):  # dot draws from the bottom up
        start, *lanes = _chunks(number, workflow, picture)
        nodes = [node for chunk in (start, *reversed(lanes)) for node in chunk]
        lines += [f"  subgraph cluster_{number} {{", '    color="#d1d9e0"']
        lines += [f"    {line}" for node in nodes for line in _dot_node(node)]
        lines += ["  }"]
    return "\n".join([*lines, "}", ""])


def _dot_node(node: Node) -> Iterator[str]:
    label = "\\n".join(map(dot_text, node.lines))
    look = [f'label="{label}"', *_dot_look(node)]
    yield f"{node.key} [{', '.join(look)}]"
    if node.parent:
        arrow = f' [label="{dot_text(node.arrow)}"]' if node.arrow else ""
        yield f"{node.parent} -> {node.key}{arrow}"


def _dot_look(node: Node) -> Iterator[str]:
    if node.shape == "filter":
        yield 'style="filled"'
    if node.color is not None:
        colors = light(node.color)
        yield f'fillcolor="{colors.fill}", color="{colors.line}"'
    if node.lines[0].endswith(_NOBODY):
        yield 'color="#c21f2b", style="rounded,filled,dashed"'
    if node.is_pale:
        yield 'fontcolor="#9aa4af"'
