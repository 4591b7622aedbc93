"""Rules on names of activities and task channels inside expressions: nothing else checks that they lead somewhere."""

from collections.abc import Iterator
from typing import Final

from tr_apply.config.references import declared, referred_names
from tr_apply.config.suggestions import nearest
from tr_apply.errors import ExpressionSyntaxError
from tr_apply.findings import Severity, Spot
from tr_apply.lint.declarations import Declarations, Remarks, document_rule, parsed
from tr_apply.lint.expressions import PlacedText, placed_texts
from tr_apply.resources import ACTIVITY, SEEDED_CHANNELS, TASK_CHANNEL, Kind
from tr_apply.routing.names import name_key
from tr_apply.routing.nodes import Comparator, Comparison, Constant, ListLiteral, Path, comparisons, paths
from tr_apply.routing.parser import parse, parse_order_by
from tr_apply.routing.place import Place, channel_of

_OF_NAMES: Final = frozenset({Comparator.EQUAL, Comparator.NOT_EQUAL, Comparator.IN, Comparator.NOT_IN})
_ACTIVITY_NAME: Final = {Place.QUEUE: ("activity_name",), Place.TARGET: ("worker", "activity_name")}


@document_rule("unknown-activity", Severity.WARNING, "An expression names an activity that nothing declares.")
def unknown_activity(declarations: Declarations) -> Remarks:
    """``worker.activity_name != 'Bathrom'`` holds of everybody.

    Silent where activities may be live that the file does not declare.
    """
    if not declarations.is_closed(ACTIVITY):
        return
    named = [(text, constant) for text in placed_texts(declarations) for constant in _activities(text)]
    known = _names(declarations, ACTIVITY) if named else frozenset[str]()
    for text, constant in named:
        if constant.value not in known:
            meant = _meant(declarations, ACTIVITY, str(constant.value), known)
            yield Spot(text.path, offset=constant.offset), f"no activity is called {constant.value!r}{meant}"


def _activities(text: PlacedText) -> Iterator[Constant]:
    """The texts that an expression compares with the name of the worker's activity."""
    tree = parsed(text.text) if text.place in _ACTIVITY_NAME and "activity_name" in text.text else None
    for comparison in () if tree is None else comparisons(tree):
        match comparison:
            case Comparison(Path(segments), comparator, Constant() | ListLiteral() as other) | Comparison(
                Constant() | ListLiteral() as other, comparator, Path(segments)
            ) if comparator in _OF_NAMES and segments == _ACTIVITY_NAME[text.place]:
                items = other.items if isinstance(other, ListLiteral) else (other,)
                yield from (each for each in items if isinstance(each, Constant) and isinstance(each.value, str))


@document_rule("unknown-channel", Severity.WARNING, "An expression names a task channel that nothing declares.")
def unknown_channel(declarations: Declarations) -> Remarks:
    """``worker.channel.voise.assigned_tasks < 1`` is true of nobody: what there is not is null."""
    named = [(text, path) for text in placed_texts(declarations) for path in _target_paths(text)]
    known = _names(declarations, TASK_CHANNEL) | SEEDED_CHANNELS.keys() if named else frozenset[str]()
    for text, path in named:
        channel = channel_of(path)
        if channel is not None and channel not in known:
            message = f"there is no task channel {channel!r}, so {path} is null and matches nobody"
            yield Spot(text.path, offset=path.offset), message + _meant(declarations, TASK_CHANNEL, channel, known)


def _target_paths(text: PlacedText) -> Iterator[Path]:
    """The paths that a target or its order reads."""
    if text.place not in {Place.TARGET, Place.ORDER_BY} or "channel" not in text.text:
        return
    try:
        yield from paths(parse_order_by(text.text) if text.place is Place.ORDER_BY else parse(text.text))
    except ExpressionSyntaxError:
        return  # which is a finding of its own


def _names(declarations: Declarations, kind: Kind) -> frozenset[str]:
    """The names of *kind* that are declared, kept or referred to."""
    document = declarations.document
    own = {kind.name_of(each) for each in getattr(document, kind.section) if each is not None}
    kept = declared(document, {}).names[kind.name].values()
    return frozenset({*own, *kept, *referred_names(document, kind)})


def _meant(declarations: Declarations, kind: Kind, name: str, known: frozenset[str]) -> str:
    if (now := declared(declarations.document, {}).renamed.get((kind.name, name_key(name)))) is not None:
        return f"; it is now {now!r}"
    near = nearest(name, known)
    return f"; is {near!r} meant?" if near else ""
