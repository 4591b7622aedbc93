"""Files that are written whole or not at all."""

import errno
import os
import stat
from pathlib import Path

from tr_apply.errors import TrApplyError

_ONLY_OURS = 0o600
_PREFIX_LENGTH = 40  # of a temporary file's name, which must not be longer than a name may be


def write_file(path: Path, text: str, *, private: bool = False) -> None:
    """Put *text* into the file *path*, wholly or not at all; into a pipe or a device as it is.

    A *private* file can be read only by its owner.

    Raises:
        TrApplyError: It cannot be written.
    """
    import tempfile  # noqa: PLC0415  # takes longer than all other modules of this one, and is seldom needed

    try:
        path = path.resolve()
        if path.exists() and not path.is_file():
            path.write_text(text, encoding="utf-8", errors="backslashreplace")
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:_PREFIX_LENGTH]}.")
        try:
            with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
                file.write(text)
            Path(temporary).chmod(_ONLY_OURS if private else _mode_of(path))
            Path(temporary).replace(path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise TrApplyError(f"{path} cannot be written: {error.strerror}") from error


def require_writable(path: Path) -> None:
    """Make sure that ``write_file`` could write *path* now, without a trace of it; a pipe or a device is not opened.

    Raises:
        TrApplyError: when it could not.
    """
    import tempfile  # noqa: PLC0415  # as in write_file

    try:
        path = path.resolve()
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        if path.exists() and not path.is_file():
            return
        with tempfile.TemporaryFile(dir=next(each for each in path.parents if each.exists())):
            pass
    except OSError as error:
        raise TrApplyError(f"{path} cannot be written: {error.strerror}") from error


def _mode_of(path: Path) -> int:
    """Permissions of the file that is there; of a new one, those that any program would give it."""
    if path.exists():
        return stat.S_IMODE(path.stat().st_mode)
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask
