"""Several files -> one mapping of sections: lists are joined in path order, everything else may stand only once."""

from collections.abc import Callable, Iterable
from typing import Any

from tr_apply.config.overlay import Located
from tr_apply.config.places import Places, Sources, place_of
from tr_apply.resources import SECTIONS

_LISTS = frozenset(kind.section for kind in SECTIONS)
_MAPPINGS = frozenset({"vars", "manage"})

Note = Callable[[str, str, int], None]


def joined(files: Iterable[Located], sources: Sources, note: Note) -> Located:
    """The sections of *files* as if they stood in one."""
    root = Located({}, Places(0, mapping=True))
    for file in files:
        _join(root, file, sources, note)
    return root


def _join(root: Located, file: Located, sources: Sources, note: Note, *, inside: str = "") -> None:
    assert isinstance(root.node, Places)
    assert isinstance(file.node, Places)
    for key, value in file.value.items():
        node = file.node.child(key)
        key_place = file.node.key_place(key) or file.node.at
        assert node is not None
        if key not in root.value:
            _put(root, key, Located(value, node), key_place)
        elif not inside and key in _LISTS and isinstance(value, list) and isinstance(root.value[key], list):
            _extend(root, key, Located(value, node))
        elif not inside and _are_mappings(key, value, root.value[key]):
            held = Located(root.value[key], root.node.child(key) or 0)
            _join(held, Located(value, node), sources, note, inside=key)
        else:
            first = root.node.key_place(key) or place_of(root.node)
            name, line, column = sources.locate(first)
            what = f"{inside}.{key}" if inside else f"the section `{key}`"
            note("duplicate-key", f"{what} is written twice; the first is at {name}:{line}:{column}", key_place)


def _are_mappings(key: str, one: Any, other: Any) -> bool:
    return key in _MAPPINGS and isinstance(one, dict) and isinstance(other, dict)


def _put(root: Located, key: str, part: Located, key_place: int) -> None:
    """Containers are copied one level deep, because the next file may add to them."""
    node = part.node
    if isinstance(node, Places):
        copy = Places(node.at, mapping=isinstance(node.children, dict))
        copy.keys, copy.children = list(node.keys), node.children.copy()
        node = copy
    assert isinstance(root.node, Places)
    assert isinstance(root.node.children, dict)
    root.value[key] = part.value.copy() if isinstance(part.value, (dict, list)) else part.value
    root.node.children[key] = node
    root.node.keys.append(key_place)


def _extend(root: Located, key: str, part: Located) -> None:
    assert isinstance(root.node, Places)
    held = root.node.child(key)
    assert isinstance(held, Places)
    assert isinstance(held.children, list)
    assert isinstance(part.node, Places)
    root.value[key].extend(part.value)
    held.children.extend(child for _, child in part.node.items())
