"""Changes in an expression, term by term, from its parsed trees; word by word where it cannot be parsed.

A term that stays is folded, one that is new or gone is shown whole.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import field, replace

from tr_apply.errors import ExpressionSyntaxError
from tr_apply.frozen import unfrozen
from tr_apply.report.text_diff import FOLD, TextLine, text_lines
from tr_apply.resources.template import MARK
from tr_apply.routing.format import format_expression, format_operand
from tr_apply.routing.nodes import And, Comparison, Expression, ListLiteral, Or, comparisons, flattened
from tr_apply.routing.parser import parse

_SHOWN = 60  # characters of unchanged terms
_LONG = 300  # characters; a longer term is compared word by word
_GROUPING = "grouping changed:"
_ORDER = "order changed:"

Group = And | Or


def expression_lines(before: str, after: str) -> list[TextLine]:
    """How *before* became *after*; both are templates, as a configuration has them."""
    references = _References(before + after)
    try:
        old, new = (flattened(parse(references.hidden(text))) for text in (before, after))
    except ExpressionSyntaxError:
        return text_lines(before, after)
    if old == new:
        return text_lines(before, after)
    lines = [TextLine(references.shown(line.text), line.sign, line.depth) for line in _tree_lines(old, new, 0)]
    return [_as_written(line, before, after) for line in lines]


def _as_written(line: TextLine, before: str, after: str) -> TextLine:
    """*line* in the words of the file where it is a whole expression: ``1==1`` is what people know."""
    text = (after if line.sign == "+" else before).strip()
    same = text.isprintable() and _without_blanks(text) == _without_blanks(line.text)
    return replace(line, text=text) if same else line


def _without_blanks(text: str) -> str:
    return "".join(text.split())


class _References:
    """Puts a word for each ``${…}``, because an expression cannot be parsed with it, and takes it out again."""

    def __init__(self, text: str) -> None:
        self._prefix = "ref_"
        while self._prefix in text:
            self._prefix += "_"
        self._marks = list(dict.fromkeys(match[0] for match in MARK.finditer(text)))

    def hidden(self, text: str) -> str:
        return MARK.sub(lambda match: f"{self._prefix}{self._marks.index(match[0])}_", text)

    def shown(self, text: str) -> str:
        return re.sub(rf"{self._prefix}(\d+)_", lambda match: self._marks[int(match[1])], text)


def _tree_lines(old: Expression, new: Expression, depth: int) -> Iterator[TextLine]:
    if isinstance(old, Comparison) and isinstance(new, Comparison):
        yield from _comparison_lines(old, new, depth)
    elif (kind := _common_kind(old, new)) is not None:
        yield from _operand_lines(kind, _operands(old, kind), _operands(new, kind), depth)
    else:
        if not _terms(old).isdisjoint(_terms(new)):
            yield TextLine(_GROUPING, "", depth)
        yield from _whole(format_expression(old), format_expression(new), depth)


def _common_kind(old: Expression, new: Expression) -> type[Group] | None:
    """The connective of both; one that is not of that kind counts as its only term if the other one has that."""
    for one, other in ((old, new), (new, old)):
        if isinstance(one, Group) and not one.starred:
            if type(other) is type(one) and not other.starred:
                return type(one)
            if other in one.operands:
                return type(one)
    return None


def _operands(tree: Expression, kind: type[Group]) -> Sequence[Expression]:
    return tree.operands if isinstance(tree, kind) and not tree.starred else (tree,)


def _terms(tree: Expression) -> set[Comparison]:
    return set(comparisons(tree))


@unfrozen
class _Terms:
    """Which terms of a group stay, which change, which are gone and which are new."""

    same: list[Expression] = field(default_factory=list)
    edited: list[tuple[Expression, Expression]] = field(default_factory=list)
    gone: list[Expression] = field(default_factory=list)
    added: list[Expression] = field(default_factory=list)


def _compared(old: Sequence[Expression], new: Sequence[Expression]) -> _Terms:
    found = _Terms()
    left = Counter(old)
    rest = []
    for each in new:
        if left[each]:
            left[each] -= 1
            found.same.append(each)
        else:
            rest.append(each)
    pending = []
    for each in old:
        if left[each]:
            left[each] -= 1
            pending.append(each)
    found.gone, found.added = pending, rest
    for key in (_subject_and_comparator, _subject, _first_known_term(pending)):
        _pair(found, key)
    return found


def _pair(found: _Terms, key: Callable[[Expression], object]) -> None:
    """Take those that share *key* for edited ones, in their order."""
    by_key: dict[object, list[Expression]] = defaultdict(list)
    for each in reversed(found.gone):
        by_key[key(each)].append(each)
    added, gone = [], Counter(found.gone)
    for each in found.added:
        own = key(each)
        if own is not None and by_key.get(own):
            was = by_key[own].pop()
            found.edited.append((was, each))
            gone[was] -= 1
        else:
            added.append(each)
    found.added = added
    found.gone = _taken(found.gone, gone)


def _taken(each: Sequence[Expression], left: Counter[Expression]) -> list[Expression]:
    kept = []
    for one in each:
        if left[one] > 0:
            left[one] -= 1
            kept.append(one)
    return kept


def _subject_and_comparator(tree: Expression) -> object:
    return (tree.left, tree.comparator) if isinstance(tree, Comparison) else None


def _subject(tree: Expression) -> object:
    return tree.left if isinstance(tree, Comparison) else None


def _first_known_term(old: Sequence[Expression]) -> Callable[[Expression], object]:
    """A key that two groups share if a term of the new one is in the old one."""
    owner: dict[Comparison, int] = {}
    for index, each in enumerate(old):
        for term in comparisons(each):
            owner.setdefault(term, index)

    def key(tree: Expression) -> object:
        return next((owner[term] for term in comparisons(tree) if term in owner), None)

    return key


def _operand_lines(
    kind: type[Group], old: Sequence[Expression], new: Sequence[Expression], depth: int
) -> Iterator[TextLine]:
    found = _compared(old, new)
    word = "AND" if kind is And else "OR"
    if not (found.gone or found.added or found.edited):
        yield TextLine(_ORDER, "", depth)
        yield from _whole(_joined(word, old), _joined(word, new), depth)
        return
    if found.same:
        yield from [] if depth else [TextLine(_stays(word, found.same), "", depth)]
    elif not found.edited:
        yield from _whole(_joined(word, old), _joined(word, new), depth)
        return
    for was, now in found.edited:
        yield from _edited_lines(word, was, now, depth)
    yield from (TextLine(f"{word} {_inner(each)}", "-", depth) for each in found.gone)
    yield from (TextLine(f"{word} {_inner(each)}", "+", depth) for each in found.added)


def _edited_lines(word: str, old: Expression, new: Expression, depth: int) -> Iterator[TextLine]:
    if isinstance(old, Comparison) and isinstance(new, Comparison):
        yield from _comparison_lines(old, new, depth, f"{word} ")
        return
    yield TextLine(f"inside ({_short(format_expression(old))}):", "", depth)
    yield from _tree_lines(old, new, depth + 1)


def _comparison_lines(old: Comparison, new: Comparison, depth: int, lead: str = "") -> Iterator[TextLine]:
    if (parts := _list_change(old, new)) is not None:
        before, gone, added = parts
        yield TextLine(f"{lead}{before} [{FOLD}]:", "", depth)
        yield from (TextLine(each, "-", depth + 1) for each in gone)
        yield from (TextLine(each, "+", depth + 1) for each in added)
    else:
        yield from _whole(f"{lead}{format_expression(old)}", f"{lead}{format_expression(new)}", depth)


def _list_change(old: Comparison, new: Comparison) -> tuple[str, Sequence[str], Sequence[str]] | None:
    """The removed and the added items of the list on the right; None if more differs, or this is not shorter."""
    if (old.left, old.comparator) != (new.left, new.comparator) or _is_short(old, new):
        return None
    if not isinstance(old.right, ListLiteral) or not isinstance(new.right, ListLiteral):
        return None
    before, after = (Counter(map(format_operand, items)) for items in (old.right.items, new.right.items))
    gone, added = list((before - after).elements()), list((after - before).elements())
    if len(gone) + len(added) in {0, before.total() + after.total()}:
        return None
    return f"{format_operand(old.left)} {old.comparator}", gone, added


def _is_short(old: Expression, new: Expression) -> bool:
    return max(len(format_expression(old)), len(format_expression(new))) <= _SHOWN


def _whole(old: str, new: str, depth: int) -> list[TextLine]:
    if len(old) > _LONG and len(new) > _LONG:
        return text_lines(old, new, depth)
    return [TextLine(old, "-", depth), TextLine(new, "+", depth)]


def _joined(word: str, terms: Sequence[Expression]) -> str:
    return f" {word} ".join(map(_inner, terms)) if len(terms) > 1 else format_expression(terms[0])


def _inner(tree: Expression) -> str:
    text = format_expression(tree)
    return text if isinstance(tree, Comparison) or tree.starred else f"({text})"


def _stays(word: str, terms: Sequence[Expression]) -> str:
    """The terms that stay, folded where they are many or long."""
    text = _short(_inner(terms[0]))
    for number, each in enumerate(terms[1:], 1):
        longer = f"{text} {word} {_inner(each)}"
        if len(longer) > _SHOWN:
            rest = len(terms) - number
            return f"{text.removesuffix(FOLD).strip()} {FOLD} ({rest} more {'term' if rest == 1 else 'terms'})"
        text = longer
    return text


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN].rpartition(' ')[0] or text[:_SHOWN]} {FOLD}"
