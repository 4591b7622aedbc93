"""Rules on names: which names have a meaning in which place."""

from collections.abc import Iterator
from typing import Final

from tr_apply.routing.names import CHANNEL_PROPERTIES
from tr_apply.routing.nodes import (
    Comparator,
    Comparison,
    ListLiteral,
    Path,
    comparisons,
    paths,
)
from tr_apply.routing.place import UNPREFIXED, Place, Remarks, RoutingText, built_in_types, is_prefixed, text_rule
from tr_apply.routing.value_types import INTEGER


@text_rule("wrong-prefix", "A name in a queue or a filter has a prefix, which only targets know.", *UNPREFIXED)
def wrong_prefix(text: RoutingText) -> Remarks:
    """``worker.skills`` in a queue looks for an attribute that is called worker."""
    for path in paths(text.tree):
        if is_prefixed(path):
            yield path.offset, _without_prefix(path, text.place)


def _without_prefix(path: Path, place: Place) -> str:
    where, own = ("a queue", "worker") if place is Place.QUEUE else ("a filter", "task")
    if path.segments[0] == own:
        return f"names in {where} have no prefix; write {Path(path.segments[1:])} for {path}"
    return f"{path} is always null: {where} sees the attributes of the {own} only"


@text_rule("missing-prefix", "A name in a target begins neither with task. nor with worker.", Place.TARGET)
def missing_prefix(text: RoutingText) -> Remarks:
    """A name without prefix is null in a target."""
    for path in paths(text.tree):
        if len(path.segments) == 1 or path.segments[0] not in {"task", "worker"}:
            message = (
                f"{path} is always null: in a target every name begins with task. or worker., "
                "and a text is written in quotes"
            )
            yield path.offset, message


@text_rule("skip-if-name", "skip_if uses a name that is not one of the worker counts.", Place.SKIP_IF)
def skip_if_name(text: RoutingText) -> Remarks:
    """skip_if knows nothing but how many workers there are."""
    for path in paths(text.tree):
        if built_in_types(path, text.place) is None:
            message = (
                f"skip_if does not know {path}, only workers.available, workers.unavailable "
                "and workers.WA… with the SID of an activity"
            )
            yield path.offset, message


@text_rule(
    "channel-property",
    "A name under worker.channel is not one of the numbers that TaskRouter keeps there.",
    Place.TARGET,
    Place.ORDER_BY,
)
def channel_property(text: RoutingText) -> Remarks:
    """The property in ``worker.channel.voice.capacity`` does not exist; there are three others."""
    known = ", ".join(sorted(CHANNEL_PROPERTIES))
    for path in paths(text.tree):
        match path.segments:
            case ("worker", "channel", channel, *_) if not built_in_types(path, text.place):
                yield path.offset, f"{path} is always null: worker.channel.{channel} has {known}"


@text_rule(
    "own-name-in-queue", "A queue uses a name such as sid that is documented for other places only.", Place.QUEUE
)
def own_name_in_queue(text: RoutingText) -> Remarks:
    """``friendly_name`` is documented for lists of workers and for targets, not for a queue."""
    for path in paths(text.tree):
        if built_in_types(path, text.place):
            message = (
                f"{path} is documented for targets, as worker.{path}, but not for queues; "
                "an attribute is the safe choice here"
            )
            yield path.offset, message


@text_rule(
    "unquoted-text",
    "A word that is probably meant as a text has no quotes, so it is read as an attribute.",
    *UNPREFIXED,
)
def unquoted_text(text: RoutingText) -> Remarks:
    """``language == en`` compares two attributes."""
    for comparison in comparisons(text.tree):
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


@text_rule("repeated-order", "An order_by names one attribute twice.", Place.ORDER_BY)
def repeated_order(text: RoutingText) -> Remarks:
    """The second clause of one attribute finds no ties left to decide."""
    seen: set[Path] = set()
    for path in paths(text.tree):
        if path in seen:
            yield path.offset, f"{path} is written here a second time and has no effect"
        seen.add(path)


@text_rule("order-of-texts", "An order_by names something of TaskRouter's own that is not a number.", Place.ORDER_BY)
def order_of_texts(text: RoutingText) -> Remarks:
    """order_by compares integers; ``worker.friendly_name`` never is one."""
    for path in paths(text.tree):
        if (types := built_in_types(path, text.place)) and types != INTEGER:
            yield path.offset, f"order_by compares integers, and {path} is {types}"
