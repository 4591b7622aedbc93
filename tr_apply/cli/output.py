"""Where results go: one document or one text on stdout (or in a file), everything else on stderr."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import field
from pathlib import Path
from typing import Any

import click

from tr_apply.cli.interrupts import HeldBack
from tr_apply.envelope import envelope, errors_of, simple_error
from tr_apply.errors import ConfigError, TrApplyError
from tr_apply.frozen import frozen
from tr_apply.printable import html_without_commands, printable_lines, without_commands
from tr_apply.whole_file import write_file

_HARMLESS = {
    "text": without_commands,
    "markdown": without_commands,
    **dict.fromkeys(("html", "svg", "dot"), html_without_commands),  # dot knows HTML's entities, too
}


@frozen
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
        with HeldBack() if self.format == "json" else nullcontext():  # which says how the run ended
            self._put(text)

    def _put(self, text: str) -> None:
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
