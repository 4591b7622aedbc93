"""Where results go: one document or one text on stdout (or in a file), everything else on stderr."""

import errno
import json
import os
import stat
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tr_apply.errors import ConfigError, TrApplyError
from tr_apply.printable import html_without_commands, printable_json, printable_lines, without_commands

if TYPE_CHECKING:
    from pydantic import TypeAdapter

FORMAT_VERSION = "1.0"
_ONLY_OURS = 0o600
_PREFIX_LENGTH = 40  # of a temporary file's name, which must not be longer than a name may be
_HARMLESS = {
    "text": without_commands,
    "markdown": without_commands,
    **dict.fromkeys(("html", "svg", "dot"), html_without_commands),  # dot knows HTML's entities, too
}
_WORST_FIRST = (130, 4, 1, 64, 3, 5, 6, 2, 0)


@dataclass(frozen=True, slots=True)
class Output:
    """The way a command prints.

    Attributes:
        format: The result's format.
        file: Where the result goes instead of stdout.
        color: Whether stdout shows colours.
        width: Columns of the terminal; None if stdout is not a terminal.
        quiet: Whether it prints only results and errors.
        verbose: Whether it logs every request.
        written: The content of the file so far.
    """

    command: str
    format: str = "text"
    file: Path | None = None
    color: bool = False
    width: int | None = None
    quiet: bool = False
    verbose: bool = False
    written: list[str] = field(default_factory=list)

    @property
    def ascii_only(self) -> bool:
        """Whether the result must do without other characters."""
        encoding = "utf-8" if self.file is not None else sys.stdout.encoding or "ascii"
        return "utf" not in encoding.lower()

    def result(self, text: str) -> None:
        """Print the result of the command, or the next part of it."""
        text = text if text.endswith("\n") or not text else f"{text}\n"
        text = _HARMLESS.get(self.format, str)(text)
        if self.file is not None:
            self.written.append(click.unstyle(text))
            write_file(self.file, "".join(self.written))
        else:
            click.echo(text, nl=False, color=self.color)

    def require_file(self) -> None:
        """Find out before anything is written to TaskRouter whether the result can be written to its file.

        Raises:
            TrApplyError: when it cannot.
        """
        if self.file is not None:
            write_file(self.file, "".join(self.written))

    def document(self, exit_code: int, content: Mapping[str, Any], errors: Sequence[Mapping[str, Any]] = ()) -> None:
        """Print the result of the command as the one JSON document."""
        self.result(envelope(self.command, exit_code, content, errors))

    def say(self, text: str) -> None:
        """Print the progress on stderr, unless quiet."""
        if not self.quiet:
            tell(text)

    @contextmanager
    def passing(self, text: str) -> Iterator[None]:
        """Show *text* on the terminal, as long as what follows takes; nothing where there is none."""
        is_shown = not self.quiet and sys.stderr.isatty()
        if is_shown:
            click.echo(f"\r{text}", err=True, nl=False)
        try:
            yield
        finally:
            if is_shown:
                click.echo(f"\r{' ' * len(text)}\r", err=True, nl=False)

    def warn(self, text: str) -> None:
        """Print a problem on stderr, even if quiet."""
        tell(text)


def tell(text: str) -> None:
    """Print *text* on stderr; it may quote text of others."""
    click.echo(printable_lines(text), err=True)


def envelope(command: str, exit_code: int, content: Mapping[str, Any], errors: Sequence[Mapping[str, Any]] = ()) -> str:
    """The form of every JSON output."""
    return _json({**_head(command, exit_code, errors), **content})


def json_value(document: object) -> dict[str, Any]:
    """*document*, a dataclass that is a JSON document; fields that equal their default are left out."""
    adapter = _adapter(type(document))  # type: ignore[arg-type]  # mypy doubts that a class can be hashed
    value: dict[str, Any] = adapter.dump_python(document, mode="json", exclude_defaults=True)
    return value


@cache
def _adapter(kind: type) -> "TypeAdapter[Any]":
    from pydantic import TypeAdapter  # noqa: PLC0415

    return TypeAdapter(kind)


def checked_envelope(
    command: str, exit_code: int, content: Mapping[str, Any], errors: Sequence[Mapping[str, Any]] = ()
) -> str:
    """The same with a checksum, for documents that are read again later."""
    from tr_apply.plan.saved.document import checksum_of  # noqa: PLC0415

    document = {**_head(command, exit_code, errors), **content}
    return _json(document | {"checksum": checksum_of(document)})


def _head(command: str, exit_code: int, errors: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {"format_version": FORMAT_VERSION, "command": command, "exit_code": exit_code, "errors": list(errors)}


def _json(document: Mapping[str, Any]) -> str:
    from pydantic_core import to_json  # noqa: PLC0415

    try:  # a plan of thousands of operations takes json, which indents in Python, five times as long
        text = to_json(document, indent=2).decode()
    except ValueError:  # half a surrogate pair, or very deep attributes
        text = json.dumps(document, indent=2, ensure_ascii=False)
    return printable_json(text) + "\n"


def worst(codes: Sequence[int]) -> int:
    """The exit code that counts when there are several."""
    return min(codes, key=_WORST_FIRST.index, default=0)


def errors_of(error: TrApplyError, file: str | None = None) -> list[dict[str, Any]]:
    """*error* as JSON errors: every finding of an invalid configuration, or the error itself, as one of *file*."""
    from tr_apply.findings import errors_of as only_errors  # noqa: PLC0415

    if isinstance(error, ConfigError):
        return [each.error_document() for each in only_errors(error.diagnostics)]
    return [simple_error(error.code, str(error)) | {"file": file}]


def simple_error(code: str, message: str) -> dict[str, Any]:
    """An error that has no place in a file."""
    return {"code": code, "message": message, "file": None, "line": None, "column": None, "path": None}


def print_error(
    error: TrApplyError, *, command: str, as_json: bool, of: str | None = None, file: str | None = None
) -> None:
    """Say what went wrong, with one of several PATHs if that is what the error is *of*."""
    if as_json:
        _print_instead(envelope(command, error.exit_code, {}, errors_of(error)), file)
    elif isinstance(error, ConfigError):
        tell(str(error))
    else:
        tell(f"Error: {error}" if of is None else f"Error: {of}: {error}")


def print_crash(error: Exception, *, command: str, file: str | None = None) -> None:
    """Say that this is a bug."""
    message = f"a bug in tr-apply: {type(error).__name__}: {error}"
    _print_instead(envelope(command, 1, {}, [simple_error("crash", message)]), file)


def _print_instead(document: str, file: str | None) -> None:
    """Print *document* where the result was to go; on stdout, if it cannot go there."""
    try:
        if file is not None:
            write_file(Path(file), document)
            return
    except TrApplyError as error:
        tell(f"Error: {error}")
    click.echo(document, nl=False)


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
