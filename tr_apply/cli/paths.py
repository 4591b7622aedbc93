"""What an argument names: files, perhaps with overlays of their own, or a live workspace."""

from collections.abc import Sequence
from pathlib import Path

from tr_apply.config.files import STANDARD_INPUT, SUFFIXES
from tr_apply.reader import WORKSPACE_SID


def paths_in(written: str) -> Sequence[Path]:
    """The path that *written* is, and those of the overlays that it carries; none of the name of a live workspace."""
    if WORKSPACE_SID.match(written):
        return ()
    parts = written.split("+")
    if exists(written) or len(parts) == 1 or not _is_path_with_overlays(parts):
        return [Path(written)] if is_path(written) else ()
    return [Path(each) for each in parts]


def _is_path_with_overlays(parts: Sequence[str]) -> bool:
    """Whether *parts* are paths, though they need not exist; a live workspace may be called ``C++``, too."""
    return all(parts) and (all(map(exists, parts)) or any(map(looks_like_a_path, parts)))


def is_path(written: str) -> bool:
    """Whether *written* is a file or a folder, and not the name of a live workspace."""
    return not WORKSPACE_SID.match(written) and (looks_like_a_path(written) or exists(written))


def looks_like_a_path(written: str) -> bool:
    """Whether *written* can only be a path, there or not."""
    return "/" in written or written.lower().endswith(SUFFIXES)


def exists(written: str) -> bool:
    """Whether *written* is standard input, or a file or a folder that is there."""
    try:
        return Path(written) == STANDARD_INPUT or Path(written).exists()
    except OSError:  # too long for a file
        return False
