"""Pairs declared with live resources: by name, by a former name, or by the temporary name of an interrupted run."""

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import field
from itertools import pairwise
from typing import Any

from tr_apply.findings import Finding, error_at
from tr_apply.frozen import frozen, unfrozen
from tr_apply.live import Live
from tr_apply.resources.kind import TEMPORARY_SUFFIX, Kind, temporary_name
from tr_apply.routing.names import name_key


@unfrozen(eq=False)  # a frozen one takes three times as long to make, and there are thousands
class Match:
    """A declared resource and the live ones that match it; nobody changes it.

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
        """The name in the form that TaskRouter compares."""
        return name_key(self.name)


@unfrozen(eq=False)
class Replacement(Match):
    """A declared resource that takes the place of a live one."""

    old: Live = field(kw_only=True)


@unfrozen
class Matching:
    """The matches of one kind, and its other live resources."""

    matches: list[Match] = field(default_factory=list)
    rest: list[Live] = field(default_factory=list)
    problems: list[Finding] = field(default_factory=list)


@frozen
class Likenesses:
    """Facts about the contents of resources, for matching.

    Attributes:
        distance: The number of fields of a declared resource that differ from a live one.
        is_fixed: Whether TaskRouter cannot turn the live one into the declared one.
    """

    distance: Callable[[Any, Live], int]
    is_fixed: Callable[[Any, Live], bool]


def match(kind: Kind, declared: Sequence[Any], live: Sequence[Live], comparison: Likenesses) -> Matching:
    """Match the *declared* resources of one kind with the *live* ones."""
    return _Matcher(kind, declared, live, comparison).matching()


class _Matcher:
    def __init__(self, kind: Kind, declared: Sequence[Any], live: Sequence[Live], comparison: Likenesses) -> None:
        self._kind = kind
        self._declared = declared
        self._live = live
        self._comparison = comparison
        self._names_are_fixed = kind.identity in kind.replaced_on
        self._result = Matching()
        self._by_key: dict[str, Live] = {}
        self._keys = [name_key(kind.name_of(each)) for each in declared]
        self._wanted = {key: index for index, key in enumerate(self._keys)}
        self._live_keys = [name_key(each.name) for each in live]
        suffix = name_key(TEMPORARY_SUFFIX)
        self._has_parked = any(key.endswith(suffix) for key in self._live_keys)
        self._claimed: set[Live] = set()
        self._found: dict[int, Live | None] = {}
        self._old: dict[int, Live] = {}

    def matching(self) -> Matching:
        self._index_live()
        renamed = [index for index, each in enumerate(self._declared) if each.renamed_from]
        edges = {i: j for i in renamed if (j := self._predecessor(i)) is not None}
        for cycle in _cycles(edges):
            self._match_cycle(cycle)
        for index in _heads_first(renamed, edges):
            self._match_renamed(index)
        for index in range(len(self._declared)):
            if index not in self._found:
                self._claim(index, self._free(self._keys[index]))
        self._result.matches = [self._match(index) for index in range(len(self._declared))]
        self._result.rest = [each for each in self._live if each not in self._claimed]
        return self._result

    def _index_live(self) -> None:
        same: dict[str, list[Live]] = {}
        for key, each in zip(self._live_keys, self._live, strict=True):
            if self._by_key.setdefault(key, each) is not each:
                same.setdefault(key, []).append(each)
        for key, others in same.items():
            all_of_them = [self._by_key[key], *others]
            self._problem(self._wanted.get(key), "ambiguous-live-name", ambiguity(self._kind, all_of_them))

    def _problem(self, index: int | None, code: str, message: str) -> None:
        section = self._kind.section
        path = (section,) if index is None else (section, index, self._kind.identity)
        self._result.problems.append(error_at(code, message, path))

    def _free(self, key: str) -> Live | None:
        """The live resource of that name, if nobody has claimed it yet."""
        found = self._by_key.get(key)
        return None if found is None or found in self._claimed else found

    def _parked(self, name: str) -> Live | None:
        """The live resource with the temporary name for *name*."""
        return None if not self._has_parked else self._free(name_key(temporary_name(name)))

    def _claim(self, index: int, live: Live | None) -> None:
        self._found[index] = live
        if live is not None:
            self._claimed.add(live)

    def _predecessor(self, index: int) -> int | None:
        """The declared resource that has a former name of this one; none where names cannot be given away."""
        for name in () if self._names_are_fixed else self._declared[index].renamed_from:
            other = self._wanted.get(name_key(name))
            if other is not None and other != index:
                return other
        return None

    # Names that go round in a circle: A was B, and B was A.

    def _match_cycle(self, cycle: Sequence[int]) -> None:
        names = [self._kind.name_of(self._declared[index]) for index in cycle]
        parked = [name for name in names if self._parked(name)]
        if all(self._free(name_key(name)) for name in names):
            self._settle_cycle(cycle)
        elif parked:
            start = names.index(parked[0])
            resumed = self._resumed([*cycle[start:], *cycle[:start]], self._parked(parked[0]))
            if any(live is not None and self._is_fixed(index, live) for index, live in resumed.items()):
                resumed = self._resumed([*cycle[start + 1 :], *cycle[: start + 1]], self._parked(parked[0]))
            if not self._is_replaced_instead(cycle, resumed):
                for index, live in resumed.items():
                    self._claim(index, live)

    def _resumed(self, order: Sequence[int], parked: Live | None) -> dict[int, Live | None]:
        """The rest of a name exchange that an interrupted run began.

        That run freed the first name of *order*: it parked the resource that takes the last name, or makes way for it.
        Then it gave each name in turn to the next resource. So everything before the first free name is done. A parked
        resource has its former name with a suffix or, where it makes way, the name of its replacement.
        """
        done = True
        found: dict[int, Live | None] = {}
        for index, following in pairwise(order):
            own = self._free(self._keys[index])
            done = done and own is not None
            found[index] = own if done else self._free(self._keys[following])
        return found | {order[-1]: parked}

    def _is_fixed(self, index: int, live: Live) -> bool:
        return self._comparison.is_fixed(self._declared[index], live)

    def _is_replaced_instead(self, cycle: Sequence[int], resumed: Mapping[int, Live | None]) -> bool:
        """True for an interrupted replacement, False for a name swap.

        In a replacement, the parked resource is replaced by one of the same name.

        A swap needs all names. If all are there, it is decided as when all names were live: in both cases the parked
        resource had the name under which it is parked.
        """
        if not self._kind.replaced_on:
            return False
        begun = [live for index in cycle if (live := resumed[index]) is not None]
        if len(begun) < len(cycle):
            return True
        own = [live for index in cycle if (live := self._own(index)) is not None]
        declared = [self._declared[index] for index in cycle]
        return len(own) == len(cycle) and self._total(declared, begun) >= self._total(declared, own)

    def _own(self, index: int) -> Live | None:
        """The live resource with the declared name, or with its temporary form."""
        return self._free(self._keys[index]) or self._parked(self._kind.name_of(self._declared[index]))

    def _settle_cycle(self, cycle: Sequence[int]) -> None:
        """All names are live: the swap is pending if that leaves fewer differences, else it is done."""
        new = [self._by_key[self._keys[index]] for index in cycle]
        old = [*new[1:], new[0]]
        declared = [self._declared[index] for index in cycle]
        if self._total(declared, old) < self._total(declared, new):
            new = old
        for index, live in zip(cycle, new, strict=True):
            self._claim(index, live)

    def _total(self, declared: Iterable[Any], live: Iterable[Live]) -> int:
        return sum(self._comparison.distance(a, b) for a, b in zip(declared, live, strict=True))

    # One former name, or a chain of them.

    def _match_renamed(self, index: int) -> None:
        own = self._free(self._keys[index])
        former = [live for name in self._former_names(index) if (live := self._former(name)) is not None]
        others = [live for live in former if name_key(live.name) not in self._wanted]
        if self._names_are_fixed:
            self._match_replaced(index, own, others)
        elif own is not None and others:
            self._both_live(index, own, others[0])
        elif own is None and len(former) > 1:
            self._several_former(index, former)
        else:
            self._claim(index, own or next(iter(former), None))

    def _match_replaced(self, index: int, own: Live | None, former: Sequence[Live]) -> None:
        """A new name takes a new resource. With both of them live, a run was killed before it deleted the old one."""
        if len(former) > 1:
            self._several_former(index, former)
        elif former:
            self._old[index] = former[0]
            self._claimed.add(former[0])
        self._claim(index, own)

    def _former_names(self, index: int) -> Iterator[str]:
        """Those that may still lead to it.

        Once it is there, be it under the temporary name, whatever has a former name that is declared as well is that
        other resource: the name was given away long ago and is used again.
        """
        for name in self._declared[index].renamed_from:
            if self._own(index) is None or name_key(name) not in self._wanted:
                yield name

    def _former(self, name: str) -> Live | None:
        return self._free(name_key(name)) or self._parked(name)

    def _both_live(self, index: int, own: Live, former: Live) -> None:
        message = (
            f"both {own.name!r} ({own.sid}) and its former name {former.name!r} ({former.sid}) are live; "
            "delete one of them, or remove `renamed_from`"
        )
        self._problem(index, "rename-conflict", message)

    def _several_former(self, index: int, former: Iterable[Live]) -> None:
        listed = ", ".join(f"{live.name!r} ({live.sid})" for live in former)
        self._problem(index, "ambiguous-rename", f"several of its former names are live: {listed}; keep one of them")

    def _match(self, index: int) -> Match:
        """A resource that cannot be changed in place makes way for a new one."""
        declared, live, old = self._declared[index], self._found[index], self._old.get(index)
        parked = self._parked(self._kind.name_of(declared)) if self._has_parked else None
        if live is None and parked is not None:
            live = parked
            self._claimed.add(parked)
        elif parked is not None and self._kind.replaced_on:
            old = parked
            self._claimed.add(parked)
        if live is not None and self._comparison.is_fixed(declared, live):
            if old is not None:
                self._half_replaced(index, live, old)
            live, old = None, live
        return Match(self._kind, declared, index, live=live, old=old)

    def _half_replaced(self, index: int, live: Live, old: Live) -> None:
        message = (
            f"an interrupted run left {old.name!r} ({old.sid}), which {live.name!r} ({live.sid}) was to replace; apply "
            f"that earlier configuration, or delete {old.name!r}, before this is replaced again"
        )
        self._problem(index, "half-replaced", message)


def ambiguity(kind: Kind, live: Sequence[Live]) -> str:
    """A message about several *live* resources with one name."""
    listed = " and ".join(each.sid for each in live)
    return f"{len(live)} live {kind.plural} are called {live[0].name!r}: {listed}; rename or delete all but one first"


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
    """Each renaming that frees a name before the one that takes it: C from B before B from A. Cycles are left out."""
    waiting = Counter(edges.values())
    renamed = set(indices)
    ready = deque(index for index in indices if not waiting[index])
    while ready:
        index = ready.popleft()
        yield index
        if (successor := edges.get(index)) is not None:
            waiting[successor] -= 1
            if not waiting[successor] and successor in renamed:
                ready.append(successor)
