"""Overlays: one configuration laid over another, by the names of what they hold.

Mappings merge, scalars and plain lists replace, lists of named things merge by name, and ``delete: true`` takes a named
thing away. Nothing is changed in place, because YAML aliases let several places share one value.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from tr_apply.config.places import Located, Places, place_of
from tr_apply.config.reader import Mistake
from tr_apply.config.suggestions import nearest
from tr_apply.findings import KeyPath
from tr_apply.resources import SECTIONS
from tr_apply.routing.names import name_key

# What names the items of a list, by the key under which the list stands.
_SECTION_IDENTITIES = {kind.section: kind.identity for kind in SECTIONS}
_FILTERS = "filters"


def overlaid(base: Located, patch: Located, mistakes: list[Mistake], path: KeyPath = ()) -> Located:
    """*base* with *patch* laid over it; *path* is where both stand."""
    if len(path) == 2 and path[0] == "manage":  # noqa: PLR2004
        base, patch = _spelled_out(base), _spelled_out(patch)
    match base.value, patch.value:
        case dict(), dict():
            return _merged(base, patch, mistakes, path)
        case list(), list() if (identity := _identity(path, patch.value)) is not None:
            return _ByName(base, identity, path, mistakes).with_patch(patch)
        case _:
            return patch


def _spelled_out(rule: Located) -> Located:
    """A rule of ``manage`` that is one word is short for its mode."""
    if not isinstance(rule.value, str):
        return rule
    place = place_of(rule.node)
    places = Places(place, mapping=True)
    places.keys, places.children = [place], {"mode": place}
    return Located({"mode": rule.value}, places)


def _identity(path: KeyPath, items: list[Any]) -> str | None:
    """The key that names the items of a list; None where the list is a plain one.

    Filters need no name. A list in which none has one is replaced as a whole.
    """
    if len(path) == 1 and items:
        return _SECTION_IDENTITIES.get(str(path[0]))
    is_filters = len(path) == 3 and path[0] == "workflows" and path[2] == _FILTERS  # noqa: PLR2004
    return "name" if is_filters and any(_name(item, "name") is not None for item in items) else None


def _merged(base: Located, patch: Located, mistakes: list[Mistake], path: KeyPath) -> Located:
    assert isinstance(base.node, Places)
    assert isinstance(patch.node, Places)
    value, places = dict(base.value), base.node.copy()
    assert isinstance(places.children, dict)
    for key, node in patch.node.items():
        written = Located(patch.value[key], node)
        if key in value:
            below = overlaid(Located(value[key], places.children[key]), written, mistakes, (*path, key))
            value[key], places.children[key] = below.value, below.node
        else:
            value[key], places.children[key] = written.value, written.node
            places.add_key(str(key), patch.node.key_place(key) or place_of(node))
    return Located(value, places)


class _ByName:
    """A list that is being patched by the names of its items."""

    def __init__(self, base: Located, identity: str, path: KeyPath, mistakes: list[Mistake]) -> None:
        self._identity = identity
        self._path = path
        self._mistakes = mistakes
        self._place = place_of(base.node)
        self._items = list(_items(base))
        self._names = [_name(item.value, identity) for item in self._items]

    def with_patch(self, patch: Located) -> Located:
        """The list with every item of *patch* laid over the one of its name, or added."""
        for index, written in enumerate(_items(patch)):
            self._lay(written, (*self._path, index))
        places = Places(self._place, mapping=False)
        places.children = [item.node for item in self._items]
        return Located([item.value for item in self._items], places)

    def _lay(self, written: Located, path: KeyPath) -> None:
        name = _name(written.value, self._identity)
        if name is None:
            message = f"an overlay needs the `{self._identity}` of what it changes or adds"
            self._mistakes.append(Mistake("overlay-unnamed", message, place_of(written.node), path))
            return
        found = [index for index, each in enumerate(self._names) if each == name]
        if len(found) > 1:
            message = "several have this name, so that an overlay cannot tell them apart"
            self._mistakes.append(Mistake("overlay-ambiguous", message, place_of(written.node), path))
        elif "delete" in written.value:
            self._delete(found, written, path)
        elif found:
            self._items[found[0]] = overlaid(self._items[found[0]], written, self._mistakes, (*self._path, found[0]))
        else:
            self._items.append(written)
            self._names.append(name)

    def _delete(self, found: Sequence[int], written: Located, path: KeyPath) -> None:
        if written.value["delete"] is not True or written.value.keys() != {"delete", self._identity}:
            message = f"`delete: true` stands alone beside the `{self._identity}`"
        elif found:
            del self._items[found[0]], self._names[found[0]]
            return
        else:
            wanted = written.value[self._identity]
            spelled = {item.value[self._identity] for item in self._items if _name(item.value, self._identity)}
            near = nearest(wanted, spelled)
            message = f"there is no {wanted!r} to delete" + (f"; did you mean {near!r}?" if near else "")
        self._mistakes.append(Mistake("overlay-delete", message, place_of(written.node), path))


def _items(items: Located) -> Iterator[Located]:
    assert isinstance(items.node, Places)
    for index, node in items.node.items():
        yield Located(items.value[index], node)


def _name(item: Any, identity: str) -> str | None:
    name = item.get(identity) if isinstance(item, dict) else None
    return name_key(name) if isinstance(name, str) else None
