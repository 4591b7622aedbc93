"""Where a configuration may read: inside its root, whatever its links say.

A pull request writes the files, and the machine that checks them has others: keys, tokens, the settings of tools. What
a file names is resolved first, and then opened folder by folder from the root without following any link, so a link
that is exchanged in between leads nowhere.
"""

import errno
import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tr_apply.frozen import frozen


def _flags(*names: str) -> int:
    """The flags of ``os.open`` with these names, as far as this system has them; Windows lacks most."""
    flags = 0
    for name in names:
        flags |= getattr(os, name, 0)
    return flags


_FROM_FOLDERS: Final = os.open in os.supports_dir_fd  # Windows opens whole paths alone
_FOLDER: Final = _flags("O_PATH", "O_DIRECTORY", "O_NOFOLLOW", "O_CLOEXEC")
_FILE: Final = _flags("O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC", "O_BINARY")  # a pipe must not wait for a writer
_EXCHANGED: Final = {errno.ELOOP, errno.ENOTDIR}
_PASSED_ON: Final = (("dev", "fd"), ("dev", "stdin"), ("proc",))
"""Where shells open what they pass on. No repository is there, while ``/dev/shm`` may well hold one."""


class OutsideError(Exception):
    """A path leads out of where it may lead."""


@frozen
class Reach:
    """The folders that a file may be in, with all links resolved.

    Attributes:
        folders: One of these holds the file.
        shown: Names below them that may begin with a dot, because the caller wrote them. Other dotfiles are refused:
        tools
            keep their tokens in them.
    """

    folders: Sequence[Path]
    shown: frozenset[str] = frozenset()

    def holds(self, path: Path) -> bool:
        """Whether *path* leads to something inside."""
        return self._inside(_real(path)) is not None

    def also(self, folder: Path) -> "Reach":
        """The same, extended by *folder*."""
        return Reach((*self.folders, _real(folder)), self.shown)

    @contextmanager
    def opened(self, path: Path) -> Iterator[int]:
        """The descriptor of the regular file that *path* leads to.

        Raises:
            OutsideError: The file is outside the folders.
            OSError: The file cannot be opened.
        """
        if "\0" in str(path):
            raise OSError(errno.EINVAL, "a path cannot contain a NUL character")
        real = _real(path)
        if (folder := self._inside(real)) is None:
            raise OutsideError
        descriptor = _opened_below(folder, real.relative_to(folder).parts) if _FROM_FOLDERS else _opened_whole(real)
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise OSError(errno.EINVAL, "not a regular file")
            yield descriptor
        finally:
            os.close(descriptor)

    def _inside(self, real: Path) -> Path | None:
        for folder in self.folders:
            if real.is_relative_to(folder) and self.shown.issuperset(_hidden(real.relative_to(folder))):
                return folder
        return None


def _opened_below(folder: Path, parts: Sequence[str]) -> int:
    """A descriptor of the file at *parts* below *folder*; refuses links."""
    at = os.open(folder, _FOLDER)
    try:
        for part in parts[:-1]:
            below = os.open(part, _FOLDER, dir_fd=at)
            os.close(at)
            at = below
        return os.open(parts[-1] if parts else ".", _FILE, dir_fd=at)
    except OSError as error:
        if error.errno in _EXCHANGED:
            raise OutsideError from error
        raise
    finally:
        os.close(at)


def _opened_whole(real: Path) -> int:
    """A descriptor of *real*, a path without links, where the system cannot open folder by folder.

    A link that takes the place of a folder before it is opened is found afterwards, unless it is exchanged again twice
    during this check.
    """
    descriptor = os.open(real, _FILE)
    try:
        if _real(real) == real and os.path.samestat(os.fstat(descriptor), os.lstat(real)):
            return descriptor
    except OSError:
        os.close(descriptor)
        raise
    os.close(descriptor)
    raise OutsideError


NOWHERE: Final = Reach(())


def reach_of(path: Path, root: Path | None) -> Reach:
    """Where what the configuration *path* names may lie: in *root*, or in its own folder."""
    return Reach((_real(root or _folder_of(path)),))


def reach_of_given(path: Path, reach: Reach) -> Reach | None:
    """The folders for a file that the caller names in addition to a configuration; None for any folder.

    Below the root or the working directory it belongs to a repository, so no link may lead out of both.
    """
    written = _absolute(path)
    if _is_passed_on(written):
        return None
    around = Reach((*reach.folders, Path.cwd().resolve()), frozenset(_hidden(written)))
    return around if any(map(written.is_relative_to, (*around.folders, Path.cwd()))) else None


def reach_of_path(path: Path, reach: Reach) -> Reach | None:
    """Where the one file of a configuration may lie: where it is written; None for anywhere."""
    written = _absolute(path)
    if _is_passed_on(written):
        return None
    return Reach((*reach.folders, _real(path.parent)), frozenset(_hidden(written)))


def _is_passed_on(written: Path) -> bool:
    return any(written.parts[1 : 1 + len(each)] == each for each in _PASSED_ON)


def leads_out(path: Path, reach: Reach, *, is_chosen: bool) -> bool:
    """Whether the folder of a PATH is a link out of the working directory, or to what holds it.

    Where *is_chosen*, the caller has named the root, and so has agreed to it.
    """
    folder = _folder_of(path)
    written, real, here = _absolute(folder), _real(folder), Path.cwd()
    if is_chosen and reach.holds(real):
        return False
    is_ours = written != here and written.is_relative_to(here)
    leaves = is_ours and not real.is_relative_to(_real(here))
    return leaves or (real != _real(written.parent) / written.name and _real(written.parent).is_relative_to(real))


def _hidden(path: Path) -> list[str]:
    """The names in *path* that begin with a dot; ``..data`` is how Kubernetes mounts a file, and no tool's."""
    return [part for part in path.parts if part.startswith(".") and not part.startswith("..")]


def _folder_of(path: Path) -> Path:
    return path if path.is_dir() else path.parent


def _absolute(path: Path) -> Path:
    return Path(os.path.normpath(path.absolute()))


def _real(path: Path) -> Path:
    """*path* without links; unlike ``Path.resolve`` it takes a circle of links for a file that is not there."""
    return Path(os.path.realpath(path))
