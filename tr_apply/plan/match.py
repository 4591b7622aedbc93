"""Which live resource is which declared one: by name, by a former name, or by what a killed run left behind."""

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tr_apply.live import Live
from tr_apply.resources.kind import Kind, name_key, temporary_name


@dataclass(frozen=True, slots=True, eq=False)
class Match:
    """A declared resource and what is live of it.

    ``live`` is the resource that stays or becomes the declared one; ``old`` is one that must make way, because
    TaskRouter cannot change it. With neither it is new; with ``old`` alone it is replaced; with both, a replacement
    was interrupted.
    """

    kind: Kind
    declared: Any
    index: int
    live: Live | None = None
    old: Live | None = None

    @property
    def name(self) -> str:
        """The declared name."""
        return self.kind.name_of(self.declared)

    @property
    def key(self) -> str:
        """What the name is compared by."""
        return name_key(self.name)


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a declared resource cannot be matched; ``index`` counts in its section."""

    code: str
    message: str
    index: int | None


@dataclass(slots=True)
class Matching:
    """The matches of one kind, and what is live beside them."""

    matches: list[Match] = field(default_factory=list)
    rest: list[Live] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


Distance = Callable[[Any, Live], int]
"""How many fields of a declared resource differ from a live one."""


def match(kind: Kind, declared: Sequence[Any], live: Sequence[Live], distance: Distance) -> Matching:
    """Match the *declared* resources of one kind with the *live* ones."""
    return _Matcher(kind, declared, live, distance).matching()


class _Matcher:
    def __init__(self, kind: Kind, declared: Sequence[Any], live: Sequence[Live], distance: Distance) -> None:
        self._kind = kind
        self._declared = declared
        self._live = live
        self._distance = distance
        self._result = Matching()
        self._by_key: dict[str, Live] = {}
        self._wanted = {name_key(kind.name_of(each)): index for index, each in enumerate(declared)}
        self._claimed: set[Live] = set()
        self._found: dict[int, Live | None] = {}

    def matching(self) -> Matching:
        self._index_live()
        renamed = [index for index, each in enumerate(self._declared) if each.renamed_from]
        if renamed:
            edges = {i: j for i in renamed if (j := self._predecessor(i)) is not None}
            for cycle in _cycles(edges):
                self._match_cycle(cycle)
            for index in _heads_first(renamed, edges):
                if index not in self._found:
                    self._match_renamed(index)
        for index in range(len(self._declared)):
            if index not in self._found:
                self._claim(index, self._free(self._declared_key(index)))
        self._result.matches = [self._match(index) for index in range(len(self._declared))]
        self._result.rest = [each for each in self._live if each not in self._claimed]
        return self._result

    def _index_live(self) -> None:
        for each in self._live:
            other = self._by_key.setdefault(name_key(each.name), each)
            if other is not each:
                self._problem(
                    "ambiguous-live-name",
                    f"two live {self._kind.title}s are called {each.name!r}: {other.sid} and {each.sid}; "
                    "rename or delete one of them first",
                    self._wanted.get(name_key(each.name)),
                )

    def _problem(self, code: str, message: str, index: int | None) -> None:
        self._result.problems.append(Problem(code, message, index))

    def _declared_key(self, index: int) -> str:
        return name_key(self._kind.name_of(self._declared[index]))

    def _free(self, key: str) -> Live | None:
        """The live resource of that name, if nobody has claimed it yet."""
        found = self._by_key.get(key)
        return None if found is None or found in self._claimed else found

    def _claim(self, index: int, live: Live | None) -> None:
        self._found[index] = live
        if live is not None:
            self._claimed.add(live)

    def _predecessor(self, index: int) -> int | None:
        """The declared resource that has a former name of this one."""
        for name in self._declared[index].renamed_from:
            other = self._wanted.get(name_key(name))
            if other is not None and other != index:
                return other
        return None

    # Names that go round in a circle: A was B, and B was A.

    def _match_cycle(self, cycle: Sequence[int]) -> None:
        names = [self._kind.name_of(self._declared[index]) for index in cycle]
        parked = [name for name in names if self._free(name_key(temporary_name(name)))]
        if parked:
            self._resume_cycle(cycle, names.index(parked[0]))
        elif all(self._free(name_key(name)) for name in names):
            self._settle_cycle(cycle)

    def _resume_cycle(self, cycle: Sequence[int], start: int) -> None:
        """Finish what a killed run began.

        It parked the resource called ``names[start]``, and then gave each name in turn to the one after it, so that
        whatever stands before the one name that is free now is done.
        """
        order = [*cycle[start:], *cycle[:start]]
        parked = self._free(name_key(temporary_name(self._kind.name_of(self._declared[cycle[start]]))))
        done = True
        for position, index in enumerate(order):
            own = self._free(self._declared_key(index))
            done = done and own is not None
            if done:
                self._claim(index, own)
            elif position + 1 < len(order):
                self._claim(index, self._free(self._declared_key(order[position + 1])))
            else:
                self._claim(index, parked)

    def _settle_cycle(self, cycle: Sequence[int]) -> None:
        """All names are live: the swap is pending if that leaves fewer differences, else it is done."""
        keys = [self._declared_key(index) for index in cycle]
        new = [self._by_key[key] for key in keys]
        old = [*new[1:], new[0]]
        declared = [self._declared[index] for index in cycle]
        if self._total(declared, old) < self._total(declared, new):
            new = old
        for index, live in zip(cycle, new, strict=True):
            self._claim(index, live)

    def _total(self, declared: Iterable[Any], live: Iterable[Live]) -> int:
        return sum(self._distance(a, b) for a, b in zip(declared, live, strict=True))

    # One former name, or a chain of them.

    def _match_renamed(self, index: int) -> None:
        own = self._free(self._declared_key(index))
        former = [name for name in self._declared[index].renamed_from if self._former(name)]
        others = [name for name in former if name_key(name) not in self._wanted]
        if own is not None and others:
            self._both_live(index, own, others[0])
        elif own is None and len(former) > 1:
            listed = ", ".join(repr(name) for name in former)
            self._problem(
                "ambiguous-rename", f"several of its former names are live: {listed}; keep one of them", index
            )
        if own is None and former:
            own = self._former(former[0])
        self._claim(index, own)

    def _former(self, name: str) -> Live | None:
        return self._free(name_key(name)) or self._free(name_key(temporary_name(name)))

    def _both_live(self, index: int, own: Live, name: str) -> None:
        former = self._former(name)
        self._problem(
            "rename-conflict",
            f"both {own.name!r} ({own.sid}) and its former name {name!r} ({former.sid if former else '?'}) are live; "
            "delete one of them, or remove `renamed_from`",
            index,
        )

    def _match(self, index: int) -> Match:
        """A resource that cannot be changed in place makes way for a new one."""
        declared, live = self._declared[index], self._found[index]
        parked = self._free(name_key(temporary_name(self._kind.name_of(declared))))
        if live is None and parked is not None:
            live, parked = parked, None
            self._claimed.add(live)
        if live is None:
            return Match(self._kind, declared, index)
        if parked is not None and self._kind.replaced_on:
            self._claimed.add(parked)
            return Match(self._kind, declared, index, live=live, old=parked)
        if must_be_replaced(self._kind, declared, live):
            return Match(self._kind, declared, index, old=live)
        return Match(self._kind, declared, index, live=live)


def must_be_replaced(kind: Kind, declared: Any, live: Live) -> bool:
    """Whether TaskRouter cannot turn *live* into *declared*."""
    for key in kind.replaced_on:
        wanted, now = getattr(declared, key), live.answer.get(kind.fields[key].answer)
        if key == kind.identity and name_key(str(wanted)) == name_key(str(now)):
            continue  # another spelling of the same name is no other resource
        if wanted != now:
            return True
    return False


def _cycles(edges: Mapping[int, int]) -> Iterator[list[int]]:
    """The circles of a graph in which every node has at most one successor."""
    seen: set[int] = set()
    for start in edges:
        path: list[int] = []
        node: int | None = start
        while node is not None and node not in seen:
            seen.add(node)
            path.append(node)
            node = edges.get(node)
        if node in path:
            yield path[path.index(node) :]


def _heads_first(indices: Sequence[int], edges: Mapping[int, int]) -> Iterator[int]:
    """Whoever takes a name away before whoever gets it next: C from B before B from A."""
    waiting = Counter(edges.values())
    ready = deque(index for index in indices if not waiting[index])
    while ready:
        index = ready.popleft()
        yield index
        if (successor := edges.get(index)) is not None:
            waiting[successor] -= 1
            if not waiting[successor] and successor in edges:
                ready.append(successor)
