"""Which files of routing tests (``*.test.yaml``) belong to which configuration."""

import os
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from os.path import normpath
from pathlib import Path
from typing import TypeAlias

from tr_apply.config.files import SUFFIXES, TEST_SUFFIXES, FoundFile, configuration_files, read_file
from tr_apply.config.places import Sources
from tr_apply.config.reach import reach_of
from tr_apply.resources import WORKSPACE

Selection: TypeAlias = Mapping[Path, Sequence[Path] | None]
"""Files of tests by the PATH of their configuration; None for all that it has."""


def is_routing_test(path: Path) -> bool:
    """Whether *path* is named as a file of routing tests."""
    return path.name.endswith(TEST_SUFFIXES)


def files_of_tests(path: Path) -> Sequence[Path]:
    """The files of tests of the configuration at *path*: below its folder or, of a single file, in the same folder."""
    return sorted(_below(path) if path.is_dir() else _beside(path))


def selected(paths: Sequence[Path], root: Path | None = None) -> Selection:
    """The configurations that *paths* name, each with the files of tests that they name.

    A file of tests selects among the tests of the configurations given; of those in which nothing is selected then, no
    test is run. A file that belongs to none of them is for the configuration in the nearest folder.
    """
    files = [path for path in dict.fromkeys(paths) if is_routing_test(path) and path.is_file()]
    given = [path for path in dict.fromkeys(paths) if path not in files]
    found: dict[Path, list[Path]] = {}
    strangers: dict[Path, list[Path]] = {}
    for file in files:
        if owners := _owners(file, given):
            for path in owners:
                found.setdefault(path, []).append(file)
        else:
            strangers.setdefault(configuration_of(file, root), []).append(file)
    chosen: dict[Path, Sequence[Path] | None] = {path: found.get(path) for path in given if path in found or not found}
    return {**chosen, **strangers}


def _owners(file: Path, given: Sequence[Path]) -> list[Path]:
    """The configurations that have *file* among their tests; otherwise those in a folder above it."""
    name = normpath(file.absolute())
    owners = [path for path in given if name in {normpath(each.absolute()) for each in files_of_tests(path)}]
    return owners or [path for path in given if Path(name).is_relative_to(normpath(_folder(path).absolute()))]


def belongs_to(file: Path, path: Path) -> bool:
    """Whether *file*, there or not, is among the tests of the configuration at *path*, or would be with the others."""
    if not _is_shown_test(file.name):
        return False
    if not path.is_dir():
        before = list(_beside(path))
        there = {each.name for each in before} | {file.name}
        is_near = file.absolute().parent.resolve() == path.absolute().parent.resolve()
        return is_near and set(_of_stem(path.stem, there)) == there
    folders = Path(normpath(file.absolute())).parent
    root = Path(normpath(path.absolute()))
    return folders.is_relative_to(root) and not any(_is_left_out(each) for each in folders.relative_to(root).parts)


def _is_left_out(folder: str) -> bool:
    return folder == "overlays" or folder.startswith(".")


def _folder(path: Path) -> Path:
    return path if path.is_dir() else path.parent


def configuration_of(file: Path, root: Path | None = None) -> Path:
    """The folder that is the configuration of *file*: the nearest one upwards that declares a ``workspace``.

    Below *root*, or else the working directory, a folder declares the workspaces of all files below it. Above, where
    there may be any files, only the files directly in a folder are read. Nothing above *root* is read, and nothing from
    a folder upwards in which anyone may put a file. If no folder is found it is that of *file*, and loading it reports
    the missing workspace.
    """
    start, limit = _absolute(file.parent), _absolute(root or Path())
    for folder in (start, *start.parents):
        is_inside = folder == start or folder.is_relative_to(limit)
        if not is_inside and (root is not None or _is_for_everyone(folder)):
            break
        if _declares_workspace(configuration_files(folder, reach_of(folder, root)) if is_inside else _right_in(folder)):
            return folder if file.is_absolute() else _as_called(folder)
    return file.parent


def _absolute(path: Path) -> Path:
    return Path(normpath(path.absolute()))


def _as_called(folder: Path) -> Path:
    """*folder* relative to the working directory if it is below that."""
    here = Path.cwd()
    return folder.relative_to(here) if folder.is_relative_to(here) else folder


def _declares_workspace(files: Iterable[FoundFile]) -> bool:
    """Whether one of *files* has the section, or may have it where it cannot be read."""
    read = (read_file(each, Sources()) for each in files if each.problem is None)
    return any(WORKSPACE.section in each.data or not each.complete for each in read)


def _is_for_everyone(folder: Path) -> bool:
    return bool(folder.stat().st_mode & stat.S_IWOTH)


def _right_in(folder: Path) -> Iterator[FoundFile]:
    try:
        names = sorted(os.listdir(folder))  # noqa: PTH208  names alone
    except PermissionError:
        return
    for name in names:
        if name.endswith(SUFFIXES) and not name.startswith(".") and not name.endswith(TEST_SUFFIXES):
            path = folder / name
            if path.is_file():
                yield FoundFile(path, reach=reach_of(folder, None))


def _below(root: Path) -> Iterator[Path]:
    for folder, folders, names in os.walk(root):
        folders[:] = [each for each in folders if each != "overlays" and not each.startswith(".")]
        yield from (Path(folder, name) for name in names if _is_shown_test(name))


def _beside(path: Path) -> Iterator[Path]:
    """Those that begin with its name, if there are any: a folder may hold several workspaces, each with its tests."""
    names = [name for name in os.listdir(path.parent) if _is_shown_test(name)]  # noqa: PTH208  names alone
    yield from (path.with_name(name) for name in _of_stem(path.stem, names))


def _of_stem(stem: str, names: Iterable[str]) -> list[str]:
    """Those of *names* that begin with *stem*, or else all."""
    found = list(names)
    return [name for name in found if name.startswith(f"{stem}.")] or found


def _is_shown_test(name: str) -> bool:
    return name.endswith(TEST_SUFFIXES) and not name.startswith(".")
