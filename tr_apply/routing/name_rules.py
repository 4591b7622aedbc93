"""Rules on names: which of them mean something where they stand."""

from collections.abc import Iterator
from typing import Final

from tr_apply.routing.nodes import (
    Comparator,
    Comparison,
    ListLiteral,
    Path,
    comparisons,
    paths,
)
from tr_apply.routing.place import CHANNEL_PROPERTIES, Place, built_in_types, is_prefixed
from tr_apply.routing.subject import Remarks, Subject
from tr_apply.routing.value_types import INTEGER


def wrong_prefix(subject: Subject) -> Remarks:
    """``worker.skills`` in a queue looks for an attribute that is called worker."""
    for path in paths(subject.tree):
        if is_prefixed(path):
            yield path.offset, _without_prefix(path, subject.place)


def _without_prefix(path: Path, place: Place) -> str:
    where, own = ("a queue", "worker") if place is Place.QUEUE else ("a filter", "task")
    if path.segments[0] == own:
        return f"names in {where} have no prefix; write {Path(path.segments[1:])} for {path}"
    return f"{path} is always null: {where} sees the attributes of the {own} only"


def missing_prefix(subject: Subject) -> Remarks:
    """A name without prefix is null in a target."""
    for path in paths(subject.tree):
        if len(path.segments) == 1 or path.segments[0] not in {"task", "worker"}:
            message = (
                f"{path} is always null: in a target every name begins with task. or worker., "
                "and a text stands in quotes"
            )
            yield path.offset, message


def skip_if_name(subject: Subject) -> Remarks:
    """skip_if knows nothing but how many workers there are."""
    for path in paths(subject.tree):
        if built_in_types(path, subject.place) is None:
            message = (
                f"skip_if does not know {path}, only workers.available, workers.unavailable "
                "and workers.WA… with the SID of an activity"
            )
            yield path.offset, message


def channel_property(subject: Subject) -> Remarks:
    """``worker.channel.voice.capacity`` is none of the three numbers that there are."""
    known = ", ".join(sorted(CHANNEL_PROPERTIES))
    for path in paths(subject.tree):
        match path.segments:
            case ("worker", "channel", channel, *_) if not built_in_types(path, subject.place):
                yield path.offset, f"{path} is always null: worker.channel.{channel} has {known}"


def own_name_in_queue(subject: Subject) -> Remarks:
    """``friendly_name`` is documented for lists of workers and for targets, not for a queue."""
    for path in paths(subject.tree):
        if built_in_types(path, subject.place):
            message = (
                f"{path} is documented for targets, as worker.{path}, but not for queues; "
                "an attribute is the safe choice here"
            )
            yield path.offset, message


def unquoted_text(subject: Subject) -> Remarks:
    """``language == en`` compares two attributes."""
    for comparison in comparisons(subject.tree):
        for word in _perhaps_texts(comparison):
            yield word.offset, f"{word} is an attribute here; for the text write '{word}'"


def _perhaps_texts(comparison: Comparison) -> Iterator[Path]:
    match comparison:
        case Comparison(Path(), comparator, Path() as word) if comparator in _OF_TEXTS:
            words = [word]
        case Comparison(Path(), Comparator.IN | Comparator.NOT_IN, ListLiteral(items)):
            words = [item for item in items if isinstance(item, Path)]
        case _:
            words = []
    return (word for word in words if len(word.segments) == 1)


_OF_TEXTS: Final = frozenset({Comparator.EQUAL, Comparator.NOT_EQUAL, Comparator.HAS, Comparator.CONTAINS})


def repeated_order(subject: Subject) -> Remarks:
    """The second clause of one attribute finds no ties left to decide."""
    seen: set[Path] = set()
    for path in paths(subject.tree):
        if path in seen:
            yield path.offset, f"{path} stands here a second time and decides nothing"
        seen.add(path)


def order_of_texts(subject: Subject) -> Remarks:
    """order_by compares integers; ``worker.friendly_name`` never is one."""
    for path in paths(subject.tree):
        if (types := built_in_types(path, subject.place)) and types != INTEGER:
            yield path.offset, f"order_by compares integers, and {path} is {types}"
