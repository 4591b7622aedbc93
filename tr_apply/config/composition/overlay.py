"""Overlays: one configuration changed by another, by the names of objects.

Mappings merge, scalars and plain lists replace, lists of named things merge by name. ``new: true`` adds a named thing,
``delete: true`` takes one away, ``unset`` takes keys away; ``before`` and ``after`` place a filter by another's name.
Nothing is changed in place, because YAML aliases let several places share one value.
"""

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, Final

from tr_apply.config.common_rules import OVERLAY_UNKNOWN
from tr_apply.config.composition.overlay_safety import SECTION as SAFETY
from tr_apply.config.composition.overlay_safety import WEAKENS, safer
from tr_apply.config.places import Located, Node, Places, find, place_of, shown
from tr_apply.config.shape import is_json
from tr_apply.config.suggestions import nearest
from tr_apply.findings import Finding, KeyPath, Rule, Severity, found_at
from tr_apply.resources import SECTIONS
from tr_apply.routing.names import name_key

OVERLAY_UNNAMED: Final = Rule("overlay-unnamed", Severity.ERROR, "An overlay does not name what it changes.")
OVERLAY_AMBIGUOUS: Final = Rule("overlay-ambiguous", Severity.ERROR, "An overlay names what there is more than once.")
OVERLAY_DELETE: Final = Rule(
    "overlay-delete",
    Severity.ERROR,
    "An overlay deletes an object that does not exist, or has more keys than its name.",
)
OVERLAY_NEW: Final = Rule("overlay-new", Severity.ERROR, "An overlay adds what the configuration has already.")
OVERLAY_UNSET: Final = Rule(
    "overlay-unset", Severity.ERROR, "An overlay takes away a key that is not there, or that must be."
)
OVERLAY_PLACE: Final = Rule(
    "overlay-place", Severity.ERROR, "An overlay puts a filter before or after one that is not there."
)

NEW: Final = "new"
DELETE: Final = "delete"
UNSET: Final = "unset"
PLACES: Final = ("before", "after")
# The key that names the items of a list, by the key of the list.
_SECTION_IDENTITIES: Final = {kind.section: kind.identity for kind in SECTIONS}
_TITLES: Final = {kind.section: kind.title for kind in SECTIONS}
_FILTERS: Final = "filters"


def overlaid(
    base: Located, patch: Located, mistakes: list[Finding], is_literal: Callable[[int], bool] = lambda _: True
) -> Located:
    """*base* with *patch* laid over it; *is_literal* says of a place whether no variable has put its value there."""
    return _Overlay(mistakes, is_literal).laid(base, patch, ())


class _Overlay:
    """One configuration that is laid over another."""

    def __init__(self, mistakes: list[Finding], is_literal: Callable[[int], bool]) -> None:
        self.mistakes = mistakes
        self._is_literal = is_literal

    def note(self, rule: Rule, message: str, node: Node, path: KeyPath) -> None:
        """Note a mistake of the overlay."""
        self.mistakes.append(found_at(rule, message, place_of(node), path))

    def laid(self, base: Located, patch: Located, path: KeyPath) -> Located:
        """*base* at *path*, changed by *patch*."""
        if len(path) == 2 and path[0] == "manage":  # noqa: PLR2004
            base, patch = _spelled_out(base), _spelled_out(patch)
        if len(path) == 2 and path[0] == SAFETY:  # noqa: PLR2004
            literal = self._is_literal(place_of(patch.node))
            return safer(str(path[1]), base, patch, self.mistakes.append, is_literal=literal)
        match base.value, patch.value:
            case dict(), dict():
                return self._merged(base, patch, path)
            case list(), list() if (identity := _identity(path, patch.value)) is not None:
                return _ByName(self, base, identity, path).with_patch(patch)
            case _:
                return patch

    def _merged(self, base: Located, patch: Located, path: KeyPath) -> Located:
        value, places = dict(base.value), base.places.copy()
        unsets = UNSET in patch.value and not is_json(path)
        if unsets:
            self._unset(Located(value, places), patch, path)
        for key, written in patch.parts():
            if key == UNSET and unsets:
                continue
            held = Located(value, places).at(key) if key in value else _nothing(written)
            if key not in value:
                places.add_key(str(key), find(patch.node, (key,), key=True))
            below = self.laid(held, written, (*path, key))
            value[key] = below.value
            places.put(key, below.node)
        return Located(value, places)

    def _unset(self, base: Located, patch: Located, path: KeyPath) -> None:
        """Take keys out of *base*, which is changed."""
        keys, node = patch.at(UNSET)
        at = (*path, UNSET)
        if not isinstance(keys, list) or not isinstance(node, Places):
            self.note(OVERLAY_UNSET, f"expected a list of keys, as in `{UNSET}: [{_example(base.value)}]`", node, at)
            return
        gone: set[str] = set()
        for index, key in enumerate(keys):
            problem = self._unset_problem(key, base.value, patch.value, path)
            if problem is not None:
                self.note(*problem, node.child(index) or node, (*at, index))
            else:
                gone.add(key)
        _remove(base.value, base.places, gone)

    def _unset_problem(
        self, key: Any, base: Mapping[str, Any], patch: Mapping[str, Any], path: KeyPath
    ) -> tuple[Rule, str] | None:
        """Code and message of why *key* cannot be taken away."""
        if path[:1] == (SAFETY,) or (not path and key == SAFETY):
            return WEAKENS, f"an overlay can only make `{SAFETY}` stricter: it takes nothing of it away"
        if not isinstance(key, str):
            return OVERLAY_UNSET, "expected the name of a key"
        if key in patch:
            return OVERLAY_UNSET, f"`{shown(key)}` is set here, too; remove one"
        if key not in base:
            near = nearest(key, base)
            hint = f"did you mean `{near}`?" if near else f"there are: {', '.join(map(shown, base))}"
            return OVERLAY_UNSET, f"there is no `{shown(key)}` to take away; {hint}"
        if key == _identity_of(path):
            return OVERLAY_UNSET, f"`{key}` says which object is meant, and cannot be taken away"
        return None


def _example(base: Mapping[str, Any]) -> str:
    return shown(next(reversed([*base]), "KEY"))


def _remove(value: dict[str, Any], node: Places, keys: AbstractSet[str]) -> None:
    node.without(keys)
    for key in keys:
        del value[key]


def _nothing(written: Located) -> Located:
    """The empty mapping or list that *written* is laid over; *written* itself if it is a scalar."""
    if not isinstance(written.value, (dict, list)):
        return written
    is_mapping = isinstance(written.value, dict)
    return Located({} if is_mapping else [], Places(place_of(written.node), mapping=is_mapping))


def _spelled_out(rule: Located) -> Located:
    """A rule of ``manage`` that is one word is short for its mode."""
    if not isinstance(rule.value, str):
        return rule
    place = place_of(rule.node)
    places = Places(place, mapping=True)
    places.keys, places.children = [place], {"mode": place}
    return Located({"mode": rule.value}, places)


def _is_filters(path: KeyPath) -> bool:
    return len(path) == 3 and path[0] == "workflows" and path[2] == _FILTERS  # noqa: PLR2004


def _identity(path: KeyPath, items: list[Any]) -> str | None:
    """The key that names the items of a list; None where the list is a plain one.

    Filters need no name. A list in which none has one is replaced as a whole.
    """
    if len(path) == 1 and items:
        return _SECTION_IDENTITIES.get(str(path[0]))
    return "name" if _is_filters(path) and any(_name(item, "name") is not None for item in items) else None


def _identity_of(path: KeyPath) -> str | None:
    """The key that names the object at *path*."""
    if _is_filters(path[:-1]):
        return "name"
    return _SECTION_IDENTITIES.get(str(path[0])) if len(path) == 2 else "name" if path == ("workspace",) else None  # noqa: PLR2004


class _ByName:
    """A list that is being patched by the names of its items."""

    def __init__(self, overlay: _Overlay, base: Located, identity: str, path: KeyPath) -> None:
        self._overlay = overlay
        self._identity = identity
        self._path = path
        self._title = "filter" if _is_filters(path) else _TITLES[str(path[0])]
        self._controls = (NEW, *PLACES) if _is_filters(path) else (NEW,)
        self._place = place_of(base.node)
        self._items = list(base.items())
        self._names = [_name(item.value, identity) for item in self._items]
        self._placed_after: dict[str, set[str]] = {}  # by the name that `after` gives

    def with_patch(self, patch: Located) -> Located:
        """The list with every item of *patch* laid over the one of its name, or added."""
        for index, written in enumerate(patch.items()):
            self._lay(written, (*self._path, index))
        places = Places(self._place, mapping=False)
        places.children = [item.node for item in self._items]
        return Located([item.value for item in self._items], places)

    def _lay(self, written: Located, path: KeyPath) -> None:
        name = _name(written.value, self._identity)
        if name is None:
            message = f"an overlay needs the `{self._identity}` of what it changes or adds"
            self._note(OVERLAY_UNNAMED, message, written.node, path)
            return
        found = [index for index, each in enumerate(self._names) if each == name]
        if len(found) > 1:
            message = "several have this name, so an overlay cannot say which one it means"
            self._note(OVERLAY_AMBIGUOUS, message, written.node, path)
        elif DELETE in written.value:
            self._delete(found, written, path)
        elif found:
            self._change(found[0], written, path)
        else:
            self._add(name, written, path)

    def _change(self, index: int, written: Located, path: KeyPath) -> None:
        if NEW in written.value:
            there = "the configuration has it already; leave `new` out to change that one"
            self._note(OVERLAY_NEW, there, written.node_of(NEW), path)
        patch = _without(written, self._controls)
        self._items[index] = self._overlay.laid(self._items[index], patch, (*self._path, index))
        self._place_at(written, index, path)

    def _add(self, name: str, written: Located, path: KeyPath) -> None:
        called = written.value[self._identity]
        if written.value.get(NEW, True) is not True:
            self._note(OVERLAY_NEW, "`new` is true, or left out", written.node_of(NEW), path)
        elif not written.value.keys() & {*self._controls}:
            near = nearest(called, self._spelled())
            hint = f"did you mean {near!r}? " if near else ""
            message = f"there is no {self._title} '{shown(called)}' to change; {hint}`new: true` adds one"
            self._note(OVERLAY_UNKNOWN, message, written.node_of(self._identity), path)
        elif UNSET in written.value:
            message = f"a new {self._title} has nothing to take away; leave `{UNSET}` out"
            self._note(OVERLAY_UNSET, message, written.node_of(UNSET), path)
        self._items.append(_without(written, (*self._controls, UNSET)))
        self._names.append(name)
        self._place_at(written, len(self._items) - 1, path)

    def _place_at(self, written: Located, index: int, path: KeyPath) -> None:
        """Move the item at *index* to where ``before`` or ``after`` says that it goes."""
        wanted = [key for key in PLACES if key in self._controls and key in written.value]
        if not wanted:
            return
        key, other = wanted[0], written.value[wanted[0]]
        if len(wanted) > 1:
            self._note(OVERLAY_PLACE, "`before` and `after` exclude each other", written.node_of("after"), path)
            return
        item, name = self._items.pop(index), self._names.pop(index)
        at = [i for i, each in enumerate(self._names) if isinstance(other, str) and each == name_key(other)]
        if len(at) != 1:
            index = len(self._items) if not at else index
            self._note(OVERLAY_PLACE, self._no_place(other, len(at)), written.node_of(key), (*path, key))
        else:
            index = at[0] if key == "before" else self._end_of_those_after(name_key(other), at[0], name)
        self._items.insert(index, item)
        self._names.insert(index, name)

    def _end_of_those_after(self, other: str, at: int, name: str | None) -> int:
        """Where *name* goes after *other*, which is at *at*.

        Those that this overlay put there before it come first, with those that it put after them.
        """
        placed = self._placed_after.setdefault(other, set())
        end = at + 1
        while end < len(self._names) and self._names[end] in placed:
            end += 1
        if name is not None:
            for each in self._placed_after.values():
                if each is placed or other in each:
                    each.add(name)
        return end

    def _no_place(self, other: Any, number: int) -> str:
        if number:
            return f"{number} filters are called {other!r}"
        near = nearest(other, self._spelled()) if isinstance(other, str) else None
        return f"there is no other filter {other!r} here" + (f"; did you mean {near!r}?" if near else "")

    def _delete(self, found: Sequence[int], written: Located, path: KeyPath) -> None:
        if written.value[DELETE] is not True or written.value.keys() != {DELETE, self._identity}:
            message = f"with `delete: true` only the `{self._identity}` may be given"
        elif found:
            del self._items[found[0]], self._names[found[0]]
            return
        else:
            wanted = written.value[self._identity]
            near = nearest(wanted, self._spelled())
            message = f"there is no {wanted!r} to delete" + (f"; did you mean {near!r}?" if near else "")
        self._note(OVERLAY_DELETE, message, written.node, path)

    def _spelled(self) -> set[str]:
        return {item.value[self._identity] for item in self._items if _name(item.value, self._identity)}

    def _note(self, rule: Rule, message: str, node: Node, path: KeyPath) -> None:
        self._overlay.note(rule, message, node, path)


def _without(written: Located, keys: Sequence[str]) -> Located:
    """*written* without *keys*."""
    if not written.value.keys() & {*keys}:
        return written
    value, node = dict(written.value), written.places.copy()
    for key in keys:
        if key in value:
            _remove(value, node, {key})
    return Located(value, node)


def _name(item: Any, identity: str) -> str | None:
    name = item.get(identity) if isinstance(item, dict) else None
    return name_key(name) if isinstance(name, str) else None
