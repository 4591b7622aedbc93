"""Reduces a task's attributes to the differences that routing sees, so a record holds no personal data.

An attribute stays if some expression reads it. Its value stays if an expression names it, or if at least five tasks
have it. Any other value is replaced by one that every expression treats alike, such as ``other``. Until the number of
tasks with a value is known, only a keyed digest of it is kept: the value itself is nowhere, not even in an unfinished
file.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Final, TypeAlias

from tr_apply.corpus.tasks import TaskKind, as_json
from tr_apply.errors import ExpressionSyntaxError
from tr_apply.resources.workflow import Target, Workflow
from tr_apply.routing.evaluate import Predicate, compiled, resolve
from tr_apply.routing.nodes import Expression, Path, paths, with_paths
from tr_apply.routing.parser import parse, parse_known_worker
from tr_apply.routing.satisfy import Regions

COMMON: Final = 5
"""How many tasks have a value that says nothing about any of them."""

_TASK: Final = "task"
_DIGEST_BYTES: Final = 12


@dataclass(frozen=True, slots=True)
class Hidden:
    """A value that no expression names."""

    digest: str
    instead: str | float
    """Its replacement unless it is common."""

    is_private: bool = False
    """Whether it never comes back, however common: two attributes of a task are compared with each other."""


@dataclass(frozen=True, slots=True)
class Elements:
    """A list whose content alone matters: the number and the order of its items do not affect routing."""

    items: tuple[Any, ...]
    """Scalars or ``Hidden``."""


Cells: TypeAlias = Mapping[str, Any]
"""The attributes that are kept, in which a value may be ``Hidden``."""


@dataclass(slots=True)
class ValueCounts:
    """How many tasks have each hidden value, and those that turned out to be common."""

    counts: Counter[str] = field(default_factory=Counter)
    common: dict[str, Any] = field(default_factory=dict)
    """In clear, by digest."""

    def add(self, cells: Cells, count: int, clear: Callable[[str], Any]) -> dict[str, Any]:
        """Count the values of a task; those that are common since now, which *clear* knows by their digests."""
        found = self.recount(cells, count)
        fresh = [each for each in found if each not in self.common and self.counts[each] >= COMMON]
        new = {digest: clear(digest) for digest in fresh}
        self.common |= new
        return new

    def recount(self, cells: Cells, count: int) -> Collection[str]:
        """Count the values of a task whose common values are known; their digests."""
        found = dict.fromkeys(each.digest for each in hidden_in(cells) if not each.is_private)
        self.counts.update(dict.fromkeys(found, count))
        return found

    def resolved(self, cells: Cells) -> dict[str, Any]:
        """The attributes that may be written."""
        return {key: self._resolved(value) for key, value in cells.items()}

    def _resolved(self, value: Any) -> Any:
        match value:
            case Hidden():
                return self.common.get(value.digest, value.instead)
            case dict():
                return self.resolved(value)
            case Elements():
                return _distinct([self._resolved(each) for each in value.items])
            case list():
                return [self._resolved(each) for each in value]
            case _:
                return value


def hidden_in(value: Any) -> Iterator[Hidden]:
    """Every hidden value in some cells."""
    match value:
        case Hidden():
            yield value
        case Elements(items):
            yield from hidden_in(list(items))
        case dict() | list():
            for each in value.values() if isinstance(value, dict) else value:
                yield from hidden_in(each)
        case _:
            return


def expressions_of(workflow: Workflow) -> tuple[list[Expression], list[Path], list[str]]:
    """The expressions of *workflow* as targets would write them, the paths of known workers, and unreadable texts."""
    read: list[Expression] = []
    known: list[Path] = []
    unreadable: list[str] = []
    for text, rewritten, parsed in _texts(workflow):
        try:
            tree = parsed(text)
        except ExpressionSyntaxError:
            unreadable.append(text)
            continue
        if isinstance(tree, Path):
            known.append(tree)
        else:
            read.append(with_paths(tree, _of_task) if rewritten else tree)
    return read, known, unreadable


def _texts(workflow: Workflow) -> Iterator[tuple[str, bool, Callable[[str], Expression | Path]]]:
    targets: list[Target] = [target for each in workflow.filters for target in each.targets]
    targets += [] if workflow.default_filter is None else [workflow.default_filter]
    yield from ((each.expression, True, parse) for each in workflow.filters)
    yield from ((each.expression, False, parse) for each in targets if each.expression)
    for each in targets:
        named = (each.known_worker_sid, each.known_worker_friendly_name)
        yield from ((text, False, parse_known_worker) for text in named if text)


def _of_task(path: Path) -> Path:
    return Path((_TASK, *path.segments), path.offset)


def routed_alike(workflow: Workflow, kinds: Iterable[TaskKind]) -> list[TaskKind]:
    """*kinds* of tasks with the attributes that *workflow* reads, and no others; those that have the same as one."""
    read, known, _ = expressions_of(workflow)
    asked = [path for each in read for path in paths(each) if path.segments[0] == _TASK and len(path.segments) > 1]
    relevant = sorted(dict.fromkeys([*asked, *known]), key=_outer_first)
    found: dict[str, TaskKind] = {}
    for kind in kinds:
        attributes = _asked_for(kind.task.attributes, relevant)
        key = as_json(attributes)
        count = kind.count + (found[key].count if key in found else 0)
        found[key] = TaskKind(kind.task.with_attributes(attributes), count)
    return list(found.values())


def _asked_for(attributes: Mapping[str, Any], relevant: Sequence[Path]) -> dict[str, Any]:
    names = {_TASK: attributes}
    found: dict[str, Any] = {}
    for path in relevant:
        if (value := resolve(path, names)) is not None:
            _put(found, path.segments[1:], _without_nested(value), attributes)
    return found


def _without_nested(value: Any) -> Any:
    """*value* without nested parts; expressions read those by another path."""
    match value:
        case dict():
            return {}
        case list():
            return [None if isinstance(each, dict | list) else each for each in value]
        case _:
            return value


def _outer_first(path: Path) -> tuple[int, str]:
    return len(path.segments), str(path)


class Reduction:
    """Reduces the attributes of tasks to the differences that *workflows* see; *key* is for the digests."""

    def __init__(self, workflows: Iterable[Workflow], key: bytes) -> None:
        self._key = key
        self._clear: dict[str, Any] = {}
        trees: list[Expression] = []
        known: list[Path] = []
        self.unreadable: list[str] = []
        for each in workflows:
            read, named, unreadable = expressions_of(each)
            trees, known = trees + read, known + named
            self.unreadable += unreadable
        self._regions = Regions(trees)
        asked = [path for path in self._regions.paths if path.segments[0] == _TASK and len(path.segments) > 1]
        self._paths = sorted(dict.fromkeys([*asked, *known]), key=_outer_first)
        self._indexed = {each for each in self._paths if any(_is_element(other, each) for other in self._paths)}
        together = self._regions.together.items()
        related = {each: found for each, found in together if all(path.segments[0] == _TASK for path in found)}
        self._related = {path for found in related.values() for path in found}
        self._check: list[Predicate] = [compiled(each) for each in related]
        if any(map(self._is_entangled, self._paths)):
            self._check += [compiled(each) for each in dict.fromkeys(trees) if not _asks_workers(each)]

    @property
    def attributes(self) -> list[str]:
        """The attributes that are kept."""
        return [_below_task(path) for path in self._paths]

    def _is_entangled(self, path: Path) -> bool:
        """Whether the values of *path* decide those of another, or are found by an index."""
        length = len(path.segments)
        is_outer = any(each.segments[:length] == path.segments and each != path for each in self._paths)
        return is_outer or any(isinstance(each, int) for each in path.segments)

    def clear(self, digest: str) -> Any:
        """The value that was hidden last under *digest*."""
        return self._clear[digest]

    def cells(self, attributes: Mapping[str, Any]) -> dict[str, Any] | None:
        """The attributes to keep of a task; None if a value has no replacement that is routed alike."""
        self._clear.clear()
        names = {_TASK: attributes}
        found: dict[str, Any] = {}
        taken: dict[Hashable, str | float] = {}
        for path in self._paths:
            value = resolve(path, names)
            if value is None:
                continue
            cell = self._cell(path, value, taken)
            if cell is None:
                return None
            _put(found, path.segments[1:], cell, attributes)
        return found if self._is_alike(names, found) else None

    def _is_alike(self, names: Mapping[str, Any], cells: Cells) -> bool:
        if not self._check:
            return True
        instead = {_TASK: _instead(cells)}
        return all(each(names) == each(instead) for each in self._check)

    def _cell(self, path: Path, value: Any, taken: dict[Hashable, str | float]) -> Any:
        match value:
            case dict():
                return {}
            case list():
                return self._list(path, value)
            case _:
                return self._scalar(path, value, taken if path in self._related else {})

    def _list(self, path: Path, value: list[Any]) -> Any:
        """The scalars in a list; at their places if expressions ask for some by an index."""
        found = [None if isinstance(each, dict | list | None) else each for each in value]
        cells = [None if each is None else self._scalar(path, each, {}, in_list=True) for each in found]
        if any(cell is None and each is not None for cell, each in zip(cells, found, strict=True)):
            return None
        if path in self._indexed:
            return cells
        return Elements(tuple(_distinct([each for each in cells if each is not None])))

    def _scalar(self, path: Path, value: Any, taken: dict[Hashable, str | float], *, in_list: bool = False) -> Any:
        """*value* itself if it may be shown, else hidden; None if there is no replacement."""
        if isinstance(value, bool) or self._regions.names(path, value):
            return value
        if (instead := self._stand_in(path, value, taken, in_list=in_list)) is None:
            return None
        text = f"{path}{'[]' if in_list else ''}\0{as_json(value)}"
        digest = hashlib.blake2b(text.encode(errors="surrogatepass"), key=self._key, digest_size=_DIGEST_BYTES)
        self._clear[digest.hexdigest()] = value
        return Hidden(digest.hexdigest(), instead, is_private=path in self._related)

    def _stand_in(
        self, path: Path, value: str | float, taken: dict[Hashable, str | float], *, in_list: bool
    ) -> str | float | None:
        """A replacement: the same for equal values of compared attributes, different for different ones."""
        key = as_json(value)
        if key not in taken:
            used = set(taken.values())
            new = (each for each in self._regions.stand_ins(path, value, in_list=in_list) if each not in used)
            if (found := next(new, None)) is None:
                return None
            taken[key] = found
        return taken[key]


def _asks_workers(expression: Expression) -> bool:
    return any(path.segments[0] != _TASK for path in Regions([expression]).paths)


def _is_element(path: Path, outer: Path) -> bool:
    """Whether *path* begins with an element of the list at *outer*."""
    length = len(outer.segments)
    return path.segments[:length] == outer.segments and any(
        isinstance(each, int) for each in path.segments[length:][:1]
    )


def _below_task(path: Path) -> str:
    return str(Path(path.segments[1:]))


def _instead(value: Any) -> Any:
    match value:
        case Hidden():
            return value.instead
        case dict():
            return {key: _instead(each) for key, each in value.items()}
        case Elements(items):
            return [_instead(each) for each in items]
        case list():
            return [_instead(each) for each in value]
        case _:
            return value


def _distinct(elements: Sequence[Any]) -> list[Any]:
    """*elements*, each once, in one order."""
    seen = {
        (isinstance(each, Hidden), as_json(each.digest if isinstance(each, Hidden) else each)): each
        for each in elements
    }
    return [seen[key] for key in sorted(seen)]


def _put(found: dict[str, Any], segments: Sequence[str | int], cell: Any, attributes: Mapping[str, Any]) -> None:
    """Put *cell* at *segments*; lists and mappings around it are as in *attributes*, and otherwise empty.

    Outer paths come first, so nothing overwrites an earlier cell.
    """
    holder: Any = found
    original: Any = attributes
    for segment, following in pairwise(segments):
        original = original[segment]
        if isinstance(segment, int):
            _fill(holder, segment)
            if holder[segment] is None:
                holder[segment] = [] if isinstance(following, int) else {}
            holder = holder[segment]
        else:
            holder = holder.setdefault(segment, [] if isinstance(following, int) else {})
    last = segments[-1]
    if isinstance(last, int):
        _fill(holder, last)
        holder[last] = cell
    else:
        holder[last] = cell


def _fill(holder: list[Any], index: int) -> None:
    holder += [None] * (index + 1 - len(holder))
