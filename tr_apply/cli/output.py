"""Where results go: one document or one text on stdout (or in a file), everything else on stderr."""

import json
import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from tr_apply.errors import ConfigError, TrApplyError

FORMAT_VERSION = "1.0"
_WORST_FIRST = (130, 4, 1, 3, 5, 6, 2, 0)


@dataclass(frozen=True, slots=True)
class Output:
    """How a command speaks.

    Attributes:
        format: The result's format.
        file: Where the result goes instead of stdout.
        color: Whether stdout shows colours.
        quiet: Whether anything but results and errors is left out.
        verbose: Whether every request is told.
    """

    command: str
    format: str = "text"
    file: Path | None = None
    color: bool = False
    quiet: bool = False
    verbose: bool = False

    @property
    def ascii_only(self) -> bool:
        """Whether the result must do without other characters."""
        encoding = "utf-8" if self.file is not None else sys.stdout.encoding or "ascii"
        return "utf" not in encoding.lower()

    def result(self, text: str) -> None:
        """Print the result of the command."""
        text = text if text.endswith("\n") or not text else f"{text}\n"
        if self.file is not None:
            write_file(self.file, text)
        else:
            click.echo(text, nl=False, color=self.color)

    def document(self, exit_code: int, content: Mapping[str, Any], errors: Sequence[Mapping[str, Any]] = ()) -> None:
        """Print the result of the command as the one JSON document."""
        self.result(envelope(self.command, exit_code, content, errors))

    def say(self, text: str) -> None:
        """Tell a person how it is going."""
        if not self.quiet:
            click.echo(text, err=True)

    def warn(self, text: str) -> None:
        """Tell a person what went wrong."""
        click.echo(text, err=True)


def envelope(command: str, exit_code: int, content: Mapping[str, Any], errors: Sequence[Mapping[str, Any]] = ()) -> str:
    """The form of every JSON output."""
    head = {"format_version": FORMAT_VERSION, "command": command, "exit_code": exit_code, "errors": list(errors)}
    return json.dumps({**head, **content}, indent=2, ensure_ascii=False) + "\n"


def worst(codes: Sequence[int]) -> int:
    """The exit code that counts when there are several."""
    return min(codes, key=_WORST_FIRST.index, default=0)


def errors_of(error: TrApplyError) -> list[dict[str, Any]]:
    """*error* as JSON errors: every finding of an invalid configuration, or the error itself."""
    from tr_apply.diagnostics import errors_of as only_errors  # noqa: PLC0415
    from tr_apply.plan.document import error_value  # noqa: PLC0415

    if isinstance(error, ConfigError):
        return [error_value(each) for each in only_errors(error.diagnostics)]
    return [simple_error(error.code, str(error))]


def simple_error(code: str, message: str) -> dict[str, Any]:
    """An error that has no place in a file."""
    return {"code": code, "message": message, "file": None, "line": None, "column": None, "path": None}


def print_error(error: TrApplyError, *, command: str, as_json: bool) -> None:
    """Say what went wrong."""
    if as_json:
        sys.stdout.write(envelope(command, error.exit_code, {}, errors_of(error)))
    elif isinstance(error, ConfigError):
        click.echo(str(error), err=True)
    else:
        click.echo(f"Error: {error}", err=True)


def print_crash(error: Exception, *, command: str) -> None:
    """Say that this is a bug."""
    message = f"a bug in tr-apply: {type(error).__name__}: {error}"
    sys.stdout.write(envelope(command, 1, {}, [simple_error("crash", message)]))


def write_file(path: Path, text: str) -> None:
    """Put *text* into the file *path*, wholly or not at all."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        Path(temporary).replace(path)
    except OSError as error:
        raise TrApplyError(f"{path} cannot be written: {error.strerror}") from error
