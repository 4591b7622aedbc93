"""Which files a PATH stands for, and reading them: the only place of config/ that touches the disk."""

import os
from collections.abc import Iterator
from pathlib import Path

from tr_apply.config.places import Sources, pack, unpack
from tr_apply.config.reader import SourceFile, read
from tr_apply.diagnostics import Diagnostic, Severity
from tr_apply.errors import ConfigError, UsageError

SUFFIXES = (".yaml", ".yml")
TEST_SUFFIXES = (".test.yaml", ".test.yml")
_SIZE_LIMIT = 256 * 1024 * 1024  # bytes; more is no configuration


def configuration_files(path: Path) -> list[Path]:
    """The files of the configuration *path*, in the order in which their sections are joined.

    Raises:
        UsageError: when there is no such path.
        ConfigError: when there is nothing to read in it.
    """
    if not path.exists():
        broken = " (a symbolic link to nowhere)" if path.is_symlink() else ""
        raise UsageError(f"{path}: there is no such file or directory{broken}")
    if not path.is_dir():
        return [path]
    found = sorted(_files_below(path), key=lambda each: each.relative_to(path).parts)
    if not found:
        raise _unreadable(path, "no-configuration", "no *.yaml or *.yml file in this directory")
    return found


def _files_below(root: Path) -> Iterator[Path]:
    entered: dict[str, str] = {}
    for folder, folders, names in os.walk(root, followlinks=True, onerror=_refuse):
        real = os.path.realpath(folder)
        if (before := entered.setdefault(real, folder)) != folder:
            raise _unreadable(
                Path(folder), "symlink-loop", f"this link leads to {before}, which is read already; remove it"
            )
        folders[:] = sorted(each for each in folders if each != "overlays" and not each.startswith("."))
        for name in names:
            if name.endswith(SUFFIXES) and not name.endswith(TEST_SUFFIXES) and not name.startswith("."):
                yield Path(folder, name)


def _refuse(error: OSError) -> None:
    raise _unreadable(Path(str(error.filename)), "unreadable", error.strerror or str(error))


def read_file(path: Path, sources: Sources, *, raw_sections: frozenset[str]) -> SourceFile:
    """The data of the file *path*; what is wrong with it is among its diagnostics."""
    name = str(path)
    try:
        content = path.read_bytes() if path.stat().st_size <= _SIZE_LIMIT else None
    except OSError as error:
        return _broken(name, sources, "unreadable", error.strerror or str(error))
    if content is None:
        return _broken(name, sources, "too-large", f"larger than {_SIZE_LIMIT // 1024 // 1024} MB")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start].decode("utf-8-sig", errors="replace")
        source = _broken(name, sources, "not-utf-8", "not UTF-8 text; save the file as UTF-8")
        _, line, column = unpack(pack(0, before.count("\n"), len(before) - before.rfind("\n") - 1))
        source.diagnostics[0] = _diagnostic(source.diagnostics[0], line + 1, column + 1)
        return source
    return read(text, name=name, number=sources.add(name, text), raw_sections=raw_sections)


def _broken(name: str, sources: Sources, code: str, message: str) -> SourceFile:
    source = SourceFile(name, sources.add(name, ""), complete=False)
    source.diagnostics.append(Diagnostic(Severity.ERROR, code, message, name, 1, 1))
    return source


def _diagnostic(found: Diagnostic, line: int, column: int) -> Diagnostic:
    return Diagnostic(found.severity, found.code, found.message, found.file, line, column)


def _unreadable(path: Path, code: str, message: str) -> ConfigError:
    return ConfigError([Diagnostic(Severity.ERROR, code, message, str(path), 1, 1)])
