"""``tr-apply record``: the tasks that came to a live workspace, as a file that plans and tests can be asked about."""

import re
import sys
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import click
from click.core import ParameterSource

from tr_apply.api.router import Access
from tr_apply.cli.bounded import answer_of, asking
from tr_apply.cli.options import CommonOptions, NamedPath, common_options, target_options
from tr_apply.cli.output import Output
from tr_apply.cli.record_file import RecordFile, require_outside_git
from tr_apply.corpus.write import corpus_csv, corpus_jsonl
from tr_apply.deployment.record import RecordRequest
from tr_apply.deployment.recording import KEPT, HoursRead, Recorded
from tr_apply.deployment.target_options import TargetOptions
from tr_apply.errors import InterruptedRunError, UsageError
from tr_apply.printable import printable

FORMATS: Final = {"csv": corpus_csv, "jsonl": corpus_jsonl}
_SUFFIXES: Final = {".jsonl": "jsonl", ".ndjson": "jsonl"}
_SINCE: Final = re.compile(r"([1-9][0-9]{0,5})([dhm])")
_UNITS: Final = {"d": "days", "h": "hours", "m": "minutes"}
_DAY: Final = 24


def _duration(_: click.Context, __: click.Parameter, value: str) -> timedelta:
    found = _SINCE.fullmatch(value)
    length = timedelta(**{_UNITS[found[2]]: int(found[1])}) if found else None
    if length is None or length > KEPT:
        raise click.BadParameter(f"{value!r} is not a time such as 7d, 12h or 90m, and at most {KEPT.days}d")
    return length


@click.command("record")
@click.argument("workspace", metavar="NAME|SID")
@click.option("--since", metavar="TIME", callback=_duration, default="7d", show_default=True,
              help="Record the tasks of this time up to now, such as 7d, 12h or 90m; at most 30d.")  # fmt: skip
@click.option("--keep-values", is_flag=True, help="Keep all attributes as they are, personal data included.")
@click.option("--load", "load_file", metavar="FILE", type=NamedPath(),
              help="Write a first simulation.yaml to FILE as well, for simulate --load FILE.")  # fmt: skip
@click.option("--overwrite", is_flag=True, help="Write over a file that is not an unchanged record of this workspace.")
@target_options
@common_options(*FORMATS)
def record_command(workspace: str, **given: Any) -> int:
    """Record the tasks that came to a live workspace, from its events.

    The record holds no personal data: only attributes that an expression of a workflow reads, and of these only values
    that an expression names or at least 5 tasks have; any other value becomes one that is routed alike, such as
    `other`. The file is for its owner alone. A run that was interrupted goes on when it is started again.

    \b
        tr-apply record "Support Center" --since 7d --output tasks.csv
        tr-apply plan workspace.yaml --tasks tasks.csv
        tr-apply record "Support Center" --since 14d --output tasks.csv --load simulation.yaml
    """
    options = RecordOptions(**given)
    is_given = click.get_current_context().get_parameter_source("format_name") is not ParameterSource.DEFAULT
    output = _with_format(options.common.output("record"), is_given=is_given)
    file, load_file = _file_of(output), _load_file(options, output)
    if options.keep_values:
        _warn_of_values(output)
    try:
        request = _request(options, output, file, load_file)
        made = answer_of(
            lambda router: router.record(workspace, request), Access(target=options.target, **asking(options.common))
        )
    except InterruptedRunError:
        if file is not None:
            output.say("Interrupted. Run the same command again to go on from here.")
        raise
    _note(made.found, output, keeps_values=options.keep_values)
    text = FORMATS[output.format](made.found.tasks)
    if file is None:
        output.result(text)
    else:
        file.write(text, made.workspace_sid)
    if load_file is not None and made.load is not None:
        load_file.write(made.load, made.workspace_sid)
        output.say(f"{load_file.path} is a first load. Correct what its comments call GUESSED.")
    return 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordOptions:
    """The options of ``tr-apply record``, each named as click calls it."""

    since: timedelta
    keep_values: bool
    load_file: Path | None
    overwrite: bool
    target: TargetOptions
    common: CommonOptions


def _with_format(output: Output, *, is_given: bool) -> Output:
    if is_given or output.file is None:
        return output
    return replace(output, format=_SUFFIXES.get(output.file.suffix.lower(), output.format))


def _file_of(output: Output) -> RecordFile | None:
    """The file that is written; None for standard output, and for a pipe or a device, which is written as it is."""
    if output.file is None or (output.file.exists() and not output.file.is_file()):
        return None
    return RecordFile(output.file)


def _warn_of_values(output: Output) -> None:
    if output.file is not None:
        require_outside_git(output.file)
    output.say("With --keep-values the record holds all attributes of all tasks, personal data included.")


def _load_file(options: RecordOptions, output: Output) -> RecordFile | None:
    if options.load_file is None:
        return None
    if output.file is not None and output.file.resolve() == options.load_file.resolve():
        raise UsageError("--load and --output name the same file; give them different ones")
    return RecordFile(options.load_file)


def _request(
    options: RecordOptions, output: Output, file: RecordFile | None, load_file: RecordFile | None
) -> RecordRequest:
    written = [each for each in (file, load_file) if each is not None]
    return RecordRequest(
        since=options.since,
        keeps_values=options.keep_values,
        with_load=load_file is not None,
        kept=file,
        files=() if options.overwrite else written,
        progress=_progress(output),
    )


def _progress(output: Output) -> HoursRead:
    """On a terminal one line that changes; elsewhere a line for each day of the past."""
    on_terminal = not output.quiet and sys.stderr.isatty()

    def tell(done: int, total: int, tasks: int) -> None:
        text = f"{done} of {total} hours read, {tasks:,} tasks"
        if on_terminal:
            click.echo(f"\r{text}{chr(10) if done == total else ''}", err=True, nl=False)
        elif done == total or (done and not done % _DAY):
            output.say(text)

    return tell


def _note(found: Recorded, output: Output, *, keeps_values: bool) -> None:
    if found.resumed_hours:
        were = "was" if found.resumed_hours == 1 else "were"
        output.say(f"{found.resumed_hours} of these hours {were} read by an earlier run.")
    if not keeps_values:
        kept = ", ".join(map(printable, found.attributes)) or "none, as no expression reads any"
        output.say(f"Attributes that are kept: {kept}.")
    if found.left_out:
        tasks = "1 task is" if found.left_out == 1 else f"{found.left_out} tasks are"
        output.warn(f"{tasks} left out: no other values would be routed alike.")
    if found.unreadable:
        one = found.unreadable == 1
        what = "1 expression" if one else f"{found.unreadable} expressions"
        asker = "it asks" if one else "they ask"
        output.warn(f"{what} cannot be read; attributes that only {asker} for are not kept.")
    if not found.tasks:
        output.say("No task was created in this time.")
