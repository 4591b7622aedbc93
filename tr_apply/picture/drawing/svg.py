"""Lanes as one SVG image, laid out with our own measure of text: it looks the same everywhere."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from tr_apply.picture.drawing.colors import HUES, dark, light
from tr_apply.picture.drawing.escape import markup
from tr_apply.picture.drawing.measure import cut, text_width, wrapped
from tr_apply.picture.drawing.sentences import compared_with, counts, members_words, people_words, shared_words
from tr_apply.picture.model import Lane, LaneStep, Picture, QueueCard, WorkflowLanes

_WIDTH: Final = 1240
_MARGIN: Final = 20
_WHAT_X: Final = 64
_CHIPS_X: Final = 430
_RIGHT: Final = _WIDTH - _MARGIN
_WHO_X: Final = 300
_FED_X: Final = 690
_LINE: Final = 30
"""Pixels from one line of chips to the next."""

_INK, _DIM, _EDGE, _BAD, _WARN, _GOOD = "#1f2328", "#59636e", "#d1d9e0", "#c21f2b", "#845306", "#1a7f37"
_TAGS: Final = {"new": _GOOD, "changed": _WARN, "moved": _WARN, "removed": _BAD, "never reached": _BAD}

_STYLE: Final = (
    "text{font-family:Verdana,'DejaVu Sans',sans-serif}@media (prefers-color-scheme:dark){"
    ".paper{fill:#0d1117}.ink{fill:#e6edf3}.dim{fill:#9aa4af}.edge{stroke:#3a424b}.bad{fill:#ff8078}.warn{fill:#e0a93b}"
    ".good{fill:#4ac26b}"
    + "".join(f".q{n}{{fill:{dark(n).fill};stroke:{dark(n).line}}}" for n in range(len(HUES)))
    + "".join(f".b{n}{{fill:{dark(n).line}}}" for n in range(len(HUES)))
    + ".empty{stroke:#ff8078}}"
)


def picture_svg(picture: Picture) -> str:
    """*picture* as an image, 1240 pixels wide."""
    drawing = _Drawing(picture)
    drawing.all()
    height = round(drawing.y + _MARGIN)
    size = f'width="{_WIDTH}" height="{height}" viewBox="0 0 {_WIDTH} {height}"'
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img">',
            f"<title>{markup(picture.name)}: routing</title>",
            f"<style>{_STYLE}</style>",
            f'<rect class="paper" width="{_WIDTH}" height="{height}" fill="#ffffff"/>',
            *drawing.parts,
            "</svg>",
            "",
        ]
    )


@dataclass(slots=True)
class _Drawing:
    """The elements drawn so far, from the top."""

    picture: Picture
    parts: list[str] = field(default_factory=list)
    x: float = _MARGIN
    y: float = _MARGIN

    def all(self) -> None:
        self._heading(self.picture.name, 24)
        for line in (counts(self.picture), *compared_with(self.picture)):
            self._note(line)
        for workflow in self.picture.workflows:
            self._workflow(workflow)
        if self.picture.queues:
            self.y += 14
            self._heading("Queues", 17)
            self._note(people_words(self.picture))
            for card in self.picture.queues:
                self._card(card)

    def _heading(self, text: str, size: int) -> None:
        self.y += size
        self._text(_MARGIN, text, size, bold=True, room=_RIGHT - _MARGIN)
        self.y += 10

    def _note(self, line: str) -> None:
        for part in wrapped(line, 13, _RIGHT - _MARGIN):
            self.y += 14
            self._text(_MARGIN, part, 13, "dim")
            self.y += 6

    def _workflow(self, workflow: WorkflowLanes) -> None:
        self.y += 14
        self._heading(f"{workflow.name} ({workflow.change})" if workflow.change else workflow.name, 17)
        for note in (*workflow.notes, *shared_words(workflow)):
            self._note(note)
        for lane in workflow.lanes:
            self._lane(lane, workflow)
        self._rule()

    def _rule(self) -> None:
        self.parts.append(
            f'<path class="edge" d="M{_MARGIN} {self.y:.0f}H{_RIGHT}" stroke="{_EDGE}" stroke-width="1" fill="none"/>'
        )

    def _lane(self, lane: Lane, workflow: WorkflowLanes) -> None:
        self._rule()
        top = self.y
        is_pale = lane.blame is not None or lane.change == "removed"
        self.parts.append(f'<g opacity="{0.75 if is_pale else 1}">')
        self._what(lane)
        bottom, self.y, self.x = self.y, top + 8, float(_CHIPS_X)
        for step in lane.steps:
            self._step(step, workflow)
            if step is lane.waits_in:
                self._flowing(lane.end, 12)
        if lane.waits_in is None:
            self._flowing(lane.end, 12)
        self.parts.append("</g>")
        self.y += _LINE
        self._blame(lane, max(bottom, self.y))
        if lane.change or (lane.blame is not None and lane.number):
            self._stripe(top, _TAGS[lane.tags[-1]])

    def _what(self, lane: Lane) -> None:
        self.y += 19
        if lane.number:
            self._text(_MARGIN + 14, str(lane.number), 14, "dim")
        tags = f" [{', '.join(lane.tags)}]" if lane.tags else ""
        for part in wrapped(lane.title + tags, 15.5, _CHIPS_X - _WHAT_X - 16, most=2):
            self._text(_WHAT_X, part, 14, bold=True)
            self.y += 17
        for line in [lane.condition] if lane.name and lane.condition else []:
            for part in wrapped(line, 12, _CHIPS_X - _WHAT_X - 16, most=4):
                self._text(_WHAT_X, part, 12, "dim")
                self.y += 15
        for line in lane.before:
            for part in wrapped(f"before: {line}", 12, _CHIPS_X - _WHAT_X - 16, most=4):
                self._text(_WHAT_X, part, 12, "dim", struck=True)
                self.y += 15

    def _blame(self, lane: Lane, bottom: float) -> None:
        self.y = bottom
        if lane.blame is not None:
            task = f", such as {lane.blame.task}" if lane.blame.task else ""
            for part in wrapped(f"Never reached: {lane.blame.text}{task}", 12, _RIGHT - _WHAT_X, most=3):
                self.y += 10
                self._text(_WHAT_X, part, 12, "bad")
                self.y += 6
        self.y += 4

    def _stripe(self, top: float, color: str) -> None:
        name = {_BAD: "bad", _WARN: "warn", _GOOD: "good"}[color]
        self.parts.append(
            f'<rect class="{name}" x="{_MARGIN}" y="{top:.0f}" width="4" height="{self.y - top:.0f}" fill="{color}"/>'
        )

    # Chips, from left to right and on to the next line

    def _step(self, step: LaneStep, workflow: WorkflowLanes) -> None:
        badges = [badge.text for badge in workflow.badges(step)] + ["never reached"] * (not step.is_reached)
        self._make_room(sum(text_width(each, 11) + 21 for each in badges) + text_width(step.queue, 14) + 50)
        self._chip(step.queue, step.people, is_reached=step.is_reached)
        for badge in badges:
            self._badge(badge)
        if step.leaves:
            self._flowing(f"{step.leaves} →", 12)

    def _chip(
        self, queue: str, people: int | None, *, is_reached: bool = True, room: int = _RIGHT - _CHIPS_X - 120
    ) -> None:
        number = "" if people is None else f" · {people or 'nobody'}"
        text = cut(queue, 14, room) + number
        width = text_width(text, 14) + 16
        self._make_room(width)
        pale = "" if is_reached else ' opacity="0.5"'
        self.parts.append(
            f'<rect class="{self._class(queue, people)}" x="{self.x:.1f}" y="{self.y:.0f}" width="{width:.1f}" '
            f'height="24" rx="6" {self._paint(queue, people)}{pale}/>'
        )
        self._fitted(self.x + 8, self.y + 17, text, 14, "ink", _INK)
        self.x += width + 7

    def _class(self, queue: str, people: int | None) -> str:
        color = self.picture.color(queue)
        names = [] if color is None else [f"q{color % len(HUES)}"]
        return " ".join([*names, *(["empty"] if people == 0 else [])])

    def _paint(self, queue: str, people: int | None) -> str:
        color = light(self.picture.color(queue) or 0)
        if people == 0:
            return f'fill="{color.fill}" stroke="{_BAD}" stroke-width="1.6" stroke-dasharray="5 3"'
        return f'fill="{color.fill}" stroke="{color.line}"'

    def _badge(self, text: str) -> None:
        text = cut(text, 11, _RIGHT - _CHIPS_X - 20)
        width = text_width(text, 11) + 14
        self._make_room(width)
        self.parts.append(
            f'<rect class="edge" x="{self.x:.1f}" y="{self.y + 3:.0f}" width="{width:.1f}" height="18" rx="9" '
            f'fill="none" stroke="{_EDGE}"/>'
        )
        self._fitted(self.x + 7, self.y + 16, text, 11, "dim", _DIM)
        self.x += width + 7

    def _flowing(self, text: str, size: int) -> None:
        for part in wrapped(text, size, _RIGHT - _CHIPS_X):
            self._make_room(text_width(part, size))
            self._fitted(self.x, self.y + 16, part, size, "dim", _DIM)
            self.x += text_width(part, size) + 9

    def _make_room(self, width: float) -> None:
        if self.x + width > _RIGHT and self.x > _CHIPS_X:
            self.x, self.y = float(_CHIPS_X), self.y + _LINE

    # Queues

    def _card(self, card: QueueCard) -> None:
        self._rule()
        top, self.x = self.y, float(_MARGIN + 10)
        self.y += 7
        self._chip(card.name, None if card.members is None else len(card.members), room=_WHO_X - _MARGIN - 110)
        if card.change:
            self.x, self.y = float(_MARGIN + 10), self.y + _LINE - 4
            self._badge(card.change)
        bottom = self.y + _LINE
        lines = [card.who, *(f"before: {line}" for line in card.before)]
        bottom = max(bottom, self._column(_WHO_X, top + 9, _FED_X - _WHO_X - 20, lines))
        lines = [members_words(card.members)] if card.members else []
        lines += [f"fed by {card.fed_by}" if card.fed_by else "no workflow leads here"]
        self.y = max(bottom, self._column(_FED_X, self._bar(card, top) + 9, _RIGHT - _FED_X, lines)) + 4
        if card.change:
            self._stripe(top, _TAGS[card.change])

    def _column(self, x: int, top: float, room: int, lines: Sequence[str]) -> float:
        """*lines* below each other; how far down they come."""
        self.y = top
        for part in (part for line in lines for part in wrapped(line, 12, room, most=4)):
            self.y += 9
            self._text(x, part, 12, "dim")
            self.y += 6
        return self.y

    def _bar(self, card: QueueCard, top: float) -> float:
        """How many people there are next to the largest queue; how far down it comes."""
        if not card.members:
            return top
        color = (self.picture.color(card.name) or 0) % len(HUES)
        width = (_RIGHT - _FED_X) * len(card.members) / self.picture.most_people
        self.parts.append(
            f'<rect class="b{color}" x="{_FED_X}" y="{top + 9:.0f}" width="{width:.1f}" height="7" rx="3" '
            f'fill="{light(color).line}"/>'
        )
        return top + 11

    # Text

    def _text(
        self, x: float, text: str, size: int, tone: str = "ink", *, bold: bool = False, struck: bool = False,
        room: float | None = None,
    ) -> None:  # fmt: skip
        color = {"ink": _INK, "dim": _DIM, "bad": _BAD}[tone]
        more = ' font-weight="bold"' if bold else ' text-decoration="line-through"' if struck else ""
        shown = text if room is None else cut(text, size * 1.1, room)
        self.parts.append(
            f'<text class="{tone}" x="{x:.0f}" y="{self.y:.0f}" font-size="{size}" fill="{color}"{more}>'
            f"{markup(shown)}</text>"
        )

    def _fitted(self, x: float, y: float, text: str, size: int, tone: str, color: str) -> None:
        """*text* as wide as it was measured, whatever the font."""
        self.parts.append(
            f'<text class="{tone}" x="{x:.1f}" y="{y:.0f}" font-size="{size}" fill="{color}" '
            f'textLength="{text_width(text, size):.1f}" lengthAdjust="spacingAndGlyphs">{markup(text)}</text>'
        )
