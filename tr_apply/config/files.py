"""The files of a PATH, and their content. No other module of config/ touches the disk."""

import codecs
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

from tr_apply.config.common_rules import NOT_UTF_8
from tr_apply.config.places import Places, Sources
from tr_apply.config.reach import OutsideError, Reach, leads_out, reach_of_given, reach_of_path
from tr_apply.config.reader import read
from tr_apply.config.source_file import SourceFile
from tr_apply.errors import UsageError
from tr_apply.findings import Finding, Rule, Severity, found_at

NO_CONFIGURATION: Final = Rule("no-configuration", Severity.ERROR, "The directory contains no YAML file.")
UNREADABLE: Final = Rule("unreadable", Severity.ERROR, "A file or a folder cannot be read.")
OUTSIDE_ROOT: Final = Rule(
    "outside-root",
    Severity.ERROR,
    "A file that is named, or that a link leads to, is outside of the configuration's root, or hidden by a dot.",
)
SYMLINK_LOOP: Final = Rule("symlink-loop", Severity.ERROR, "A link leads to a folder that is read already.")
TOO_LARGE: Final = Rule("too-large", Severity.ERROR, "A file is larger than any configuration.")

STANDARD_INPUT = Path("-")
SUFFIXES = (".yaml", ".yml")
TEST_SUFFIXES = (".test.yaml", ".test.yml")
_SIZE_LIMIT = 256 * 1024 * 1024  # bytes; a larger file is not a configuration
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


class FoundFile(NamedTuple):
    """A file of a configuration, or a folder that keeps some from being found."""

    path: Path
    problem: tuple[Rule, str] | None = None
    """Code and message of why it cannot be read."""

    reach: Reach | None = None
    """Where it may lie; None for anywhere."""

    content: bytes | None = None
    """The content if a program made the configuration; None for a file on disk."""


class _NotTextError(Exception):
    """The content of a file is not valid UTF-8."""

    def __init__(self, message: str, before: str) -> None:
        super().__init__(message)
        self.message = message
        self.before = before


OUTSIDE: Final = (
    OUTSIDE_ROOT,
    (
        "this leads out of the configuration's root, or to a name that begins with a dot, so it is not read; move the "
        "file into the root, or give --root DIR"
    ),
)


def configuration_files(path: Path, reach: Reach, *, is_chosen: bool = False) -> list[FoundFile]:
    """The files of the configuration *path*, in the order in which their sections are joined.

    *reach* is where they may lie besides the folder of *path* itself; *is_chosen* if the caller has said so.

    Raises:
        UsageError: when there is no such path.
    """
    require_path(path)
    if path == STANDARD_INPUT:
        return [FoundFile(path)]
    if leads_out(path, reach, is_chosen=is_chosen):
        return [FoundFile(path, OUTSIDE)]
    if not path.is_dir():
        return [given_file(path, reach_of_path(path, reach))]
    found = sorted(_files_below(path, reach.also(path)), key=lambda each: each.path.relative_to(path).parts)
    return found or [FoundFile(path, (NO_CONFIGURATION, "no *.yaml or *.yml file in this directory"))]


def require_path(path: Path) -> None:
    """A PATH must be there.

    Raises:
        UsageError: when it is not, or nobody may know.
    """
    if path == STANDARD_INPUT:
        return
    try:
        is_there = path.exists()
    except OSError as error:
        raise UsageError(f"{path}: {_reason(error)}") from error
    if not is_there:
        broken = " (a symbolic link to nowhere)" if path.is_symlink() else ""
        raise UsageError(f"{path}: there is no such file or directory{broken}")


def given_file(path: Path, reach: Reach | None) -> FoundFile:
    """A file that the caller names; a pipe of the shell is what it is."""
    return FoundFile(path, reach=reach if path.is_file() or path.is_symlink() else None)


def _files_below(root: Path, reach: Reach) -> Iterator[FoundFile]:
    entered: dict[str, str] = {}
    refused: list[OSError] = []
    for folder, folders, names in os.walk(root, followlinks=True, onerror=refused.append):
        before = entered.setdefault(os.path.realpath(folder), folder)
        if before != folder:
            message = f"this link leads to {before}, which is read already; remove it"
            yield FoundFile(Path(folder), (SYMLINK_LOOP, message))
            folders.clear()
            continue
        folders[:] = sorted(each for each in folders if each != "overlays" and not each.startswith("."))
        for outside in [each for each in folders if not _may_enter(Path(folder, each), reach)]:
            yield FoundFile(Path(folder, outside), OUTSIDE)
            folders.remove(outside)
        yield from (_found(Path(folder, name), reach) for name in names if _is_configuration(name))
    for error in refused:
        yield FoundFile(Path(str(error.filename)), (UNREADABLE, _reason(error)))


def _is_configuration(name: str) -> bool:
    return name.endswith(SUFFIXES) and not name.endswith(TEST_SUFFIXES) and not name.startswith(".")


def _may_enter(folder: Path, reach: Reach) -> bool:
    return not folder.is_symlink() or reach.holds(folder)


def _found(path: Path, reach: Reach) -> FoundFile:
    """A pipe would wait for ever, and a link may lead nowhere."""
    if path.is_symlink() and not reach.holds(path):
        return FoundFile(path, OUTSIDE)
    try:
        is_special = not path.is_file() and path.stat() is not None
    except OSError as error:
        return FoundFile(path, (UNREADABLE, _reason(error)))
    return FoundFile(path, (UNREADABLE, "not a regular file") if is_special else None, reach)


@contextmanager
def _descriptor(found: FoundFile) -> Iterator[int]:
    if found.reach is not None:
        with found.reach.opened(found.path) as opened:
            yield opened
        return
    with found.path.open("rb", buffering=0) as file:
        yield file.fileno()


def regular(path: Path, reach: Reach) -> FoundFile:
    """The file at *path*, if it is one, here or where *reach* allows: a pipe would wait for ever."""
    reach = reach.also(path.parent)
    if path.is_symlink() and not reach.holds(path):
        return FoundFile(path, OUTSIDE)
    return FoundFile(path, None if path.is_file() else (UNREADABLE, "not a regular file"), reach)


def _reason(error: OSError) -> str:
    return error.strerror or str(error)


def read_file(found: FoundFile, sources: Sources, *, raw: bool | frozenset[str] = False) -> SourceFile:
    """The data of a file, with its mistakes. *raw* is as for ``read``."""
    begin, mistake = _opened(found, sources)
    if mistake is None:
        source = read(sources, begin, raw=raw)
    else:
        source = SourceFile({}, Places(begin, mapping=True), mistakes=[mistake], complete=False)
    source.folder = found.path.parent
    return source


def open_table(path: Path, sources: Sources, reach: Reach) -> tuple[int, Finding | None]:
    """The place where the text of a table begins, or why it cannot be read; *reach* is where it may lie."""
    return _opened(FoundFile(path, reach=reach), sources)


def given_text(path: Path, sources: Sources, roots: Sequence[Path] = ()) -> tuple[int, Finding | None]:
    """The place where the text of a file begins that the caller names, or why it cannot be read.

    In the working directory, or in one of *roots*, it is not a link that leads out of them.
    """
    return _opened(given_file(path, reach_of_given(path, Reach(tuple(roots)))), sources)


def _opened(found: FoundFile, sources: Sources) -> tuple[int, Finding | None]:
    name = "<stdin>" if found.path == STANDARD_INPUT else os.fsencode(found.path).decode(errors="backslashreplace")
    problem, before, text = found.problem, "", None
    try:
        text = _text(found) if problem is None else None
    except OutsideError:
        problem = OUTSIDE
    except OSError as error:
        problem = (UNREADABLE, _reason(error))
    except _NotTextError as error:
        problem, before = (NOT_UTF_8, error.message), error.before
    if text is None and problem is None:
        problem = (TOO_LARGE, f"larger than {_SIZE_LIMIT // 1024 // 1024} MB")
    begin = sources.add(name, before if text is None else text)
    return begin, None if problem is None else found_at(*problem, begin + len(before))


def _of_file(found: FoundFile) -> bytes:
    with _descriptor(found) as opened, open(opened, "rb", closefd=False) as file:
        return file.read(_SIZE_LIMIT + 1)


@lru_cache(maxsize=1)
def _of_stream(stream: BinaryIO) -> bytes:
    """The content of a stream: read once, then kept."""
    return stream.read(_SIZE_LIMIT + 1)


def _text(found: FoundFile) -> str | None:
    """The text of a file; None if it is too large."""
    content = found.content
    if content is None:
        content = _of_stream(sys.stdin.buffer) if found.path == STANDARD_INPUT else _of_file(found)
    if len(content) > _SIZE_LIMIT:
        return None
    content = content.removeprefix(codecs.BOM_UTF8)
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        what = "this is UTF-16" if content.startswith(_UTF_16) else "not UTF-8 text"
        raise _NotTextError(f"{what}; save the file as UTF-8", content[: error.start].decode()) from error
