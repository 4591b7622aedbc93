"""Overlays: one configuration laid over another, by the names of what they hold.

Mappings merge, scalars and plain lists replace, lists of named things merge by name, and ``delete: true`` takes a named
thing away. Nothing is changed in place, because YAML aliases let several places share one value.
"""

import difflib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tr_apply.config.places import Node, Places, place_of
from tr_apply.resources import SECTIONS
from tr_apply.resources.kind import name_key

# What names the items of a list, by the key under which the list stands.
IDENTITIES = {kind.section: kind.identity for kind in SECTIONS} | {"filters": "name"}

Note = Callable[[str, str, int], None]
"""Takes code, message and place of a mistake."""


@dataclass(frozen=True, slots=True)
class Located:
    """A value and its places."""

    value: Any
    node: Node


def overlaid(base: Located, patch: Located, note: Note, *, key: str = "") -> Located:
    """*base* with *patch* laid over it."""
    match base.value, patch.value:
        case dict(), dict():
            return _merged(base, patch, note)
        case list(), list() if (identity := IDENTITIES.get(key)) and _are_named(patch.value, identity):
            return _merged_by_name(base, patch, note, identity)
        case _:
            return patch


def _are_named(items: list[Any], identity: str) -> bool:
    return bool(items) and all(isinstance(item, dict) and isinstance(item.get(identity), str) for item in items)


def _merged(base: Located, patch: Located, note: Note) -> Located:
    value = dict(base.value)
    places = _copied(base.node)
    patch_places = patch.node
    assert isinstance(places.children, dict)
    assert isinstance(patch_places, Places)
    for key, written in patch.value.items():
        node = patch_places.child(key)
        assert node is not None
        if key in value:
            below = overlaid(Located(value[key], places.children[key]), Located(written, node), note, key=key)
            value[key], places.children[key] = below.value, below.node
        else:
            value[key], places.children[key] = written, node
            places.keys.append(patch_places.key_place(key) or place_of(node))
    return Located(value, places)


def _merged_by_name(base: Located, patch: Located, note: Note, identity: str) -> Located:
    items = [Located(*pair) for pair in zip(base.value, _children(base.node), strict=True)]
    names = [_name(item.value, identity) for item in items]
    for written in (Located(*pair) for pair in zip(patch.value, _children(patch.node), strict=True)):
        name = _name(written.value, identity)
        index = _index(names, name, written, note)
        if "delete" in written.value:
            _delete(items, names, index, written, note)
        elif index is None:
            items.append(written)
            names.append(name)
        else:
            items[index] = overlaid(items[index], written, note)
    places = Places(place_of(base.node), mapping=False)
    places.children = [item.node for item in items]
    return Located([item.value for item in items], places)


def _delete(items: list[Located], names: list[Any], index: int | None, written: Located, note: Note) -> None:
    at = place_of(written.node)
    if written.value["delete"] is not True or len(written.value) > 2:  # noqa: PLR2004
        note("overlay-delete", "`delete: true` stands alone beside the name", at)
    elif index is None:
        wanted = next(value for key, value in written.value.items() if key != "delete")
        near = difflib.get_close_matches(wanted, [_written_name(item.value) for item in items], 1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        note("overlay-delete", f"there is no {wanted!r} to delete{hint}", at)
    else:
        del items[index], names[index]


def _index(names: list[Any], name: Any, written: Located, note: Note) -> int | None:
    found = [index for index, each in enumerate(names) if each == name]
    if len(found) > 1:
        note(
            "overlay-ambiguous",
            "several have this name, so that an overlay cannot tell them apart",
            place_of(written.node),
        )
    return found[0] if found else None


def _name(item: Any, identity: str) -> Any:
    name = item.get(identity) if isinstance(item, dict) else None
    return name_key(name) if isinstance(name, str) else None


def _written_name(item: Any) -> str:
    if not isinstance(item, dict):
        return ""
    return next((str(item[key]) for key in set(IDENTITIES.values()) if key in item), "")


def _children(node: Node) -> list[Node]:
    assert isinstance(node, Places)
    return [child for _, child in node.items()]


def _copied(node: Node) -> Places:
    assert isinstance(node, Places)
    copy = Places(node.at, mapping=isinstance(node.children, dict))
    copy.keys = list(node.keys)
    copy.children = node.children.copy()
    return copy
