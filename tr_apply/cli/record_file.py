"""The file that ``record`` writes: whose it is, where an unfinished one is kept, and what must not get into git."""

import hashlib
import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tr_apply.errors import RefusedError, TrApplyError
from tr_apply.own_folder import NAME, make_folder
from tr_apply.whole_file import write_file

_ONLY_OURS = 0o600
_INSTEAD = "give --overwrite, or another file"


@dataclass(frozen=True, slots=True)
class RecordFile:
    """A file of recorded tasks; next to it, in ``.tr-apply/records/``, is what ``record`` knows about it."""

    path: Path

    @property
    def _known(self) -> Path:
        return self._folder / f"{self.path.name}.json"

    @property
    def _unfinished(self) -> Path:
        return self._folder / f"{self.path.name}.unfinished.jsonl"

    @property
    def _folder(self) -> Path:
        return self.path.resolve().parent / NAME / "records"

    def require_own(self, workspace_sid: str) -> None:
        """Make sure that writing loses nothing but an earlier record of the workspace.

        Raises:
            RefusedError: when the file is something else, or was edited since.
        """
        if not self.path.is_file():
            return
        known = _json(self._known)
        if not isinstance(known, dict) or known.get("sha256") != _digest(self.path):
            raise RefusedError(
                f"{self.path} exists and is not a record as tr-apply wrote it, so it is not written over: {_INSTEAD}"
            )
        if known.get("workspace_sid") != workspace_sid:
            raise RefusedError(
                f"{self.path} exists and is a record of another workspace, so it is not written over: {_INSTEAD}"
            )

    def write(self, text: str, workspace_sid: str) -> None:
        """Write the finished record, which its owner alone may read.

        Raises:
            TrApplyError: when it cannot be written.
        """
        write_file(self.path, text, private=True)
        known = {"workspace_sid": workspace_sid, "sha256": _digest(self.path)}
        write_file(self._known, json.dumps(known) + "\n", private=True)
        self._unfinished.unlink(missing_ok=True)

    # An unfinished record

    def read(self) -> str:
        """The content left by an earlier run; empty if there is none."""
        return _text(self._unfinished)

    def begin(self, line: str) -> None:
        """Begin anew.

        Raises:
            TrApplyError: when the folder cannot be written to.
        """
        try:
            make_folder(self._folder)
        except OSError as error:
            raise TrApplyError(f"{self._folder} cannot be made: {error.strerror}") from error
        write_file(self._unfinished, line, private=True)

    def add(self, line: str) -> None:
        """Keep one line more.

        Raises:
            TrApplyError: when it cannot be written.
        """
        try:
            file = os.open(self._unfinished, os.O_WRONLY | os.O_APPEND | os.O_CREAT, _ONLY_OURS)
            with os.fdopen(file, "a", encoding="utf-8", newline="\n") as opened:
                opened.write(line)
        except OSError as error:
            raise TrApplyError(f"{self._unfinished} cannot be written: {error.strerror}") from error


def require_outside_git(path: Path) -> None:
    """Prevent personal data from being committed by accident.

    Raises:
        RefusedError: *path* is in the work tree of a git repository that does not ignore it.
    """
    absolute = path.resolve()
    tree = next((each for each in absolute.parents if (each / ".git").exists()), None)
    if tree is not None and not _is_ignored(absolute, tree):
        raise RefusedError(
            f"{path} is in the git repository {tree}, and --keep-values writes personal data as it is: "
            "choose a file outside of it, let .gitignore name the file, or leave --keep-values out"
        )


def _is_ignored(path: Path, tree: Path) -> bool:
    if (git := shutil.which("git")) is None:
        return False
    command = [git, "-C", str(tree), "check-ignore", "--quiet", "--", str(path)]
    return subprocess.run(command, check=False, capture_output=True).returncode == 0  # noqa: S603


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""


def _json(path: Path) -> Any:
    try:
        return json.loads(_text(path))
    except (ValueError, RecursionError):
        return None
