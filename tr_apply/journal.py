"""The requests of a run, line by line: they show afterwards what it did, however it ended.

Each attempt of a writing request is one line before it is sent and one after its answer. A request may have been
carried out if its second line is missing, or has the ``outcome`` ``unknown``. Before the first request come the plan
and a line with the former state of each resource that it changes, for ``plan --undo``. The journal holds names, SIDs
and the values that a plan shows. For sensitive values it holds the parameter's name or a digest. It holds no messages
of the server and no credentials.
"""

import json
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tr_apply.errors import TrApplyError
from tr_apply.transport import Attempt, Call

_ONLY_OURS = 0o600  # names of people are in it


@dataclass(slots=True)
class Journal:
    """A file that lines are appended to, each written as a whole before anything else happens.

    It is an ``Observer`` of a client. Several runs may share a file; ``run`` distinguishes their lines.

    Attributes:
        path: The file.
        run: Id of the run, in every line.
    """

    path: Path
    run: str
    _file: int = field(init=False, default=-1)
    _failure: TrApplyError | None = field(init=False, default=None)

    def __enter__(self) -> Self:
        """Open the file, which is created where missing.

        Raises:
            TrApplyError: when it cannot be opened.
        """
        try:
            self._file = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, _ONLY_OURS)
            _keep_private(self._file)
        except OSError as error:
            raise TrApplyError(f"the journal {self.path} cannot be opened: {error.strerror}") from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        os.close(self._file)

    def __call__(self, call: Call, outcome: Attempt | None) -> None:
        """Note an attempt before it is sent, or its result; reads are not noted.

        Raises:
            TrApplyError: when it cannot be noted, or the answer before could not; before anything is sent, not after.
        """
        if call.method == "GET":
            return
        if outcome is None:
            if self._failure is not None:
                raise self._failure
            self.note("send", _told(call) | _sent(call))
            return
        try:
            self.note("answer", _told(call) | _came(outcome))
        except TrApplyError as error:
            self._failure = error

    def note(self, event: str, content: Mapping[str, Any]) -> None:
        """Write one line.

        Raises:
            TrApplyError: when it cannot be written.
        """
        now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        line = json.dumps({"at": now, "run": self.run, "event": event, **content}, separators=(",", ":"))
        left = f"{line}\n".encode()
        try:
            while left:
                left = left[os.write(self._file, left) :]
        except OSError as error:
            raise TrApplyError(f"the journal {self.path} cannot be written: {error.strerror}") from error


def _keep_private(file: int) -> None:
    """Take from others what an older file, or one that was made beforehand, allows them."""
    if not hasattr(os, "fchmod") or not hasattr(os, "geteuid"):  # Windows, where a folder says who may read its files
        return
    state = os.fstat(file)
    if stat.S_ISREG(state.st_mode) and state.st_uid == os.geteuid() and stat.S_IMODE(state.st_mode) & ~_ONLY_OURS:
        os.fchmod(file, _ONLY_OURS)


def _told(call: Call) -> dict[str, Any]:
    """The attempt and the request of *call*."""
    request = {"attempt": call.attempt, "method": call.method, "path": call.place}
    if (purpose := call.purpose) is None:
        return request
    plan = {"operation": purpose.operation, "verb": purpose.verb}
    return plan | {"kind": purpose.kind, "name": purpose.name, "sid": purpose.sid} | request


def _sent(call: Call) -> dict[str, Any]:
    """The form, and which of its parameters are not shown."""
    values = {} if call.purpose is None else dict(call.purpose.values)
    return {"values": values, "hidden": [name for name in call.fields if name not in values]}


def _came(outcome: Attempt) -> dict[str, Any]:
    """The result of an attempt, as far as it is known."""
    milliseconds = round(outcome.seconds * 1000)
    content: dict[str, Any] = {"outcome": outcome.verdict.value, "status": outcome.status, "ms": milliseconds}
    more = {"problem": outcome.problem, "request_id": outcome.request_id, "sid": outcome.sid}
    return content | {key: value for key, value in more.items() if value is not None}
