"""Files that exist already: tr-apply overwrites its own, and others only with an option that says so."""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

import click

from tr_apply.errors import RefusedError
from tr_apply.routing.names import name_key

_INSTEAD = "give --overwrite, or another file"
_READ: Final = ("path", "paths", "overlays", "variable_files")  # parameters of commands


def require_not_read(*files: Path | None) -> None:
    """Make sure that no result is written over a file of the configuration that this command reads.

    Raises:
        RefusedError: for the first that would be.
    """
    context = click.get_current_context(silent=True)
    given = [context.params.get(name) or () for name in _READ] if context is not None else []
    read = [path for each in given for path in (each if isinstance(each, tuple) else (each,))]
    for file in files:
        if file is not None and file.is_file() and any(_is_of(file, path) for path in read):
            raise RefusedError(f"{file} is read by this command, so it is not written over: give another file")


def _is_of(file: Path, path: Path) -> bool:
    """Whether the configuration *path* may be read from *file*."""
    from tr_apply.config.files import SUFFIXES  # noqa: PLC0415  # reads YAML, which most commands need later

    if path.is_dir():
        return file.suffix in SUFFIXES and file.resolve().is_relative_to(path.resolve())
    return path.exists() and path.samefile(file)


def _refused(path: Path, problem: str, instead: str = _INSTEAD) -> RefusedError:
    return RefusedError(f"{path} exists and {problem}, so it is not written over: {instead}")


def require_own_exports(paths: Iterable[Path], workspace: str, folder: Path | None = None) -> None:
    """Make sure that an export of *workspace* to *paths* loses nothing but an earlier export of it.

    In a *folder* only the file of the workspace names it.

    Raises:
        RefusedError: when one of the files is something else, or was edited since.
    """
    from tr_apply.export import exported_workspace, is_unchanged_export  # noqa: PLC0415  # plans do not need it

    found = [path for path in paths if path.is_file()]
    for path in found:
        if not is_unchanged_export(_text(path)):
            raise _refused(path, "is not an export as tr-apply wrote it")
    named = found if folder is None else [each for each in found if each.stem == "workspace"]
    for path in named:
        other = exported_workspace(_text(path))
        if other is None or name_key(other) != name_key(workspace):
            raise _refused(path, f"is an export of the workspace {other!r}, not of {workspace!r}")
    if found and not named:
        raise _refused(found[0], "has no workspace.yaml next to it that says whose export it is")


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""
