"""Several files -> one mapping of sections. Lists are joined in path order; any other key may occur only once."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from tr_apply.config.common_rules import DUPLICATE_KEY
from tr_apply.config.places import Located, Places, Sources, find, shown
from tr_apply.config.source_file import SourceFile
from tr_apply.findings import Finding, KeyPath, Rule, Severity, found_at
from tr_apply.resources import SECTIONS, WORKSPACE

SEVERAL_WORKSPACES: Final = Rule(
    "several-workspaces", Severity.ERROR, "A folder holds several workspaces; each is a PATH of its own."
)

_LISTS = frozenset(kind.section for kind in SECTIONS)
_LISTED = 3  # names in a message
_MAPPINGS = frozenset({"vars", "variables", "manage", "lint", "outputs"})


def several_workspaces(files: Iterable[SourceFile]) -> list[SourceFile]:
    """Those of *files* that declare a workspace, if they declare several of different names."""
    found = {id(file): name for file in files if (name := _workspace_name(file)) is not None}
    return [file for file in files if id(file) in found] if len(set(found.values())) > 1 else []


def _workspace_name(file: SourceFile) -> str | None:
    workspace = file.data.get(WORKSPACE.section)
    name = workspace.get(WORKSPACE.identity) if isinstance(workspace, dict) else None
    return name if isinstance(name, str) else None


def several_workspaces_mistake(path: str, files: Sequence[SourceFile], sources: Sources) -> Finding:
    """The finding for a folder with more than one workspace."""
    names = [repr(shown(_workspace_name(file) or "")) for file in files]
    listed = ", ".join([*names[:_LISTED], *(["…"] if len(names) > _LISTED else [])])
    place = files[1].places.key_place(WORKSPACE.section) or files[1].places.at
    first = sources.described(files[0].places.key_place(WORKSPACE.section) or 0)
    message = (
        f"these are {len(files)} workspaces ({listed}), and a PATH is one; the first is at {first}. "
        f"Pass each as a PATH of its own, as in {path.rstrip('/')}/*.yaml"
    )
    return found_at(SEVERAL_WORKSPACES, message, place, (WORKSPACE.section,))


def joined(files: Iterable[SourceFile], sources: Sources, mistakes: list[Finding]) -> Located:
    """The sections of *files* as if they stood in one."""
    root: Located | None = None
    for file in files:
        root = root or Located({}, Places(file.places.at, mapping=True))
        _join(root, Located(file.data, file.places), sources, mistakes)
    return root or Located({}, Places(0, mapping=True))


def shifted(path: KeyPath, before: Mapping[str, int]) -> KeyPath:
    """*path* within one file as a path in the whole, where *before* counts the items of earlier files."""
    match path:
        case (str() as section, int() as index, *rest):
            return (section, index + before.get(section, 0), *rest)
        case _:
            return path


def counted(file: SourceFile, before: Mapping[str, int]) -> Mapping[str, int]:
    """*before*, with the items of *file* added."""
    own = {name: len(value) for name, value in file.data.items() if name in _LISTS and isinstance(value, list)}
    return {name: before.get(name, 0) + own.get(name, 0) for name in _LISTS}


def _join(root: Located, file: Located, sources: Sources, mistakes: list[Finding], inside: KeyPath = ()) -> None:
    for key, part in file.parts():
        at = find(file.node, (key,), key=True)
        first = root.places.key_place(key)
        held = Located(root.value.get(key), root.node_of(key))
        if first is None:
            _put(root, str(key), part, at)
        elif _is_joined(inside, key) and isinstance(part.value, list) and isinstance(held.value, list):
            _extend(held, part)
        elif not inside and key in _MAPPINGS and isinstance(part.value, dict) and isinstance(held.value, dict):
            _join(held, part, sources, mistakes, (str(key),))
        else:
            what = f"`{'.'.join(map(str, (*inside, key)))}`"
            message = f"{what} is written twice; the first is at {sources.described(first)}"
            mistakes.append(found_at(DUPLICATE_KEY, message, at, (*inside, key)))


def _is_joined(inside: KeyPath, key: str | int) -> bool:
    """Whether lists at this key are joined if several files have one."""
    return key in _LISTS if not inside else (*inside, key) == ("lint", "accept")


def _put(root: Located, key: str, part: Located, key_place: int) -> None:
    """Containers are copied one level deep, because the next file may add to them."""
    root.value[key] = part.value.copy() if isinstance(part.value, (dict, list)) else part.value
    root.places.put(key, part.node.copy() if isinstance(part.node, Places) else part.node)
    root.places.add_key(key, key_place)


def _extend(held: Located, part: Located) -> None:
    held.value.extend(part.value)
    held.places.extend(each.node for each in part.items())
