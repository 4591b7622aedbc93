"""Containers on their way from the parser's events to data: what nearly all events do, in one loop."""

from collections.abc import Callable
from typing import Any, Final

import yaml

from tr_apply.config.places import Node, Places
from tr_apply.config.source_file import SourceFile
from tr_apply.resources.scalar import core_scalar, loses_signs

DEPTH_LIMIT = 100
LONG = 50  # characters; an alias of a longer text counts once more for each such length
UNSEEN: Final[Any] = object()
SCALAR: Final[Any] = yaml.ScalarEvent

_STARTS: Final = (yaml.MappingStartEvent, yaml.SequenceStartEvent)
_ENDS: Final = (yaml.MappingEndEvent, yaml.SequenceEndEvent)
_NUMBERS: Final = (int, float)
_LOSSY: Final = frozenset("+-0")  # first characters of numbers that YAML may shorten


class Frame:
    """A container that is being filled. What few of them have is a default of the class."""

    is_odd = False
    """Whether it has an anchor, or a key that is repeated or refused: only the handlers fill such a one."""

    anchor: str | None = None
    begun_at = 0  # values before it; of one with an anchor
    first: dict[str, int] | None = None  # where each key is written first, once one was repeated
    repeated: dict[str, Node] | None = None  # the last value of each of these
    places: Places | None = None  # when it is filled

    def __init__(self, data: Any, at: int) -> None:
        self.data = data
        self.at = at
        self.is_mapping = type(data) is dict
        self.key: str | None = None  # the key that waits for its value
        self.distances: list[Any] = []  # see Places

    def first_place(self, key: str) -> int:
        """Where the *key*, which it has, is written first."""
        if self.first is None:
            self.first = dict(zip(self.data, self.distances[::2], strict=True))
        return self.at + self.first[key]

    def repeat(self, key: str, node: Node) -> None:
        """Note where the last value of *key* is, which it has already."""
        if self.repeated is None:
            self.repeated = {}
        self.repeated[key] = node

    def filled(self, shapes: dict[tuple[str, ...], tuple[str, ...]]) -> Places:
        """The places of all of it; *shapes* has one object for all equal tuples of keys."""
        if not self.is_mapping:
            return Places.packed(self.at, None, self.distances)
        names = tuple(self.data)
        return Places.packed(self.at, shapes.setdefault(names, names), self.distances)


class Filling:
    """The containers of a file, from the root to the one being filled.

    ``after_ordinary`` takes most events; handlers of a subclass see to the others.
    """

    def __init__(self, source: SourceFile, begin: int) -> None:
        self._source = source
        self._begin = begin
        self._raw = False  # whether plain scalars stay text
        self._stack: list[Frame] = []  # the containers around it, outermost first
        self._top: Frame | None = None  # the container being filled; None outside the root
        self._values = 0
        self._has_aliases = False  # whether it may have any; otherwise nobody asks for the number of values
        self._scalars: dict[str, Any] = {}  # of plain scalars with nothing to note about them
        self._keys: dict[str, str] = {}
        self._shapes: dict[tuple[str, ...], tuple[str, ...]] = {}

    def after_ordinary(self, get_event: Callable[[], Any]) -> Any:  # noqa: C901, PLR0912  # one loop: see below
        """The next event that needs a handler, once those before it that are ordinary have been taken.

        Nearly all are: without tag, anchor or alias, in a place where nothing has to be noted. The handlers would do
        the same with them, in twice the time, because a call costs more than what has to be done.
        """
        top = self._top
        if top is None or self._raw or not self._stack or top.is_odd:
            return get_event()
        known_key, known_scalar, values = self._keys.get, self._scalars.get, 0
        key, has_aliases = top.key, self._has_aliases
        try:
            while True:
                data, is_mapping, add_distance = top.data, top.is_mapping, top.distances.append
                nearer = self._begin - top.at
                while type(event := get_event()) is SCALAR:
                    if event.tag is not None or event.anchor is not None:
                        return event
                    text = event.value
                    if is_mapping and key is None:
                        if (known := known_key(text)) is None or known in data:
                            return event
                        key = known
                    else:
                        value = text if event.style else known_scalar(text, UNSEEN)
                        if value is UNSEEN:
                            value = self._learned(text)
                        if value is UNSEEN or (event.style and "${" in text):
                            return event
                        if is_mapping:
                            data[key] = value
                            key = None
                        else:
                            data.append(value)
                    add_distance(event.start_mark.index + nearer)
                    if has_aliases:
                        values += 1 + len(text) // LONG
                if (following := self._across(event, top, key)) is None:
                    return event
                top, key = following, None
        finally:
            top.key = key
            self._top = top
            self._values += values

    def _across(self, event: Any, top: Frame, key: str | None) -> Frame | None:
        """The container to fill after *event*, which begins or ends one; None where that needs a handler."""
        kind, stack = type(event), self._stack
        if kind in _ENDS:
            if len(stack) == 1 or stack[-1].is_odd:
                return None
            places = top.filled(self._shapes)
            above = stack.pop()
            if above.is_mapping:
                above.data[above.key] = top.data
            else:
                above.data.append(top.data)
            above.distances.append(places)
            return above
        if kind not in _STARTS or event.tag is not None or event.anchor is not None:
            return None
        if (top.is_mapping and key is None) or len(stack) + 1 >= DEPTH_LIMIT:
            return None
        top.key = key
        stack.append(top)
        self._values += 1
        return Frame({} if kind is yaml.MappingStartEvent else [], self._begin + event.start_mark.index)

    def _learned(self, text: str) -> Any:
        """The value of a plain scalar that was not met before; unseen still if there is something to note about it."""
        try:
            value = core_scalar(text)
        except ValueError:
            return UNSEEN
        if "${" in text or is_lossy(value, text):
            return UNSEEN
        if value is None:
            self._source.has_nulls = True
        self._scalars[text] = value
        return value


def is_lossy(value: Any, text: str) -> bool:
    """Whether *value* is a number that lacks signs of *text*, as that of a phone may."""
    return type(value) in _NUMBERS and text[0] in _LOSSY and loses_signs(text)
