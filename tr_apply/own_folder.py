"""``.tr-apply``: the folder for tr-apply's own files, which belong into no repository."""

from pathlib import Path
from typing import Final

NAME: Final = ".tr-apply"
DATABASE: Final = Path(NAME, "local.db")
"""The embedded TaskRouter's file, unless another is named."""
_IGNORE_ALL = "# Written by tr-apply: nothing in this folder belongs into a repository.\n*\n"


def make_folder(folder: Path) -> None:
    """Make *folder*. In ``.tr-apply`` a .gitignore keeps everything out of git.

    Raises:
        OSError: The folder cannot be made.
    """
    folder.mkdir(parents=True, exist_ok=True)
    own = next((each for each in (folder, *folder.parents) if each.name == NAME), None)
    if own is not None and not (ignore := own / ".gitignore").exists():
        ignore.write_text(_IGNORE_ALL, encoding="utf-8")
