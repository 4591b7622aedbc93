"""Options that several commands share."""

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from tr_apply.cli.output import Output
from tr_apply.errors import UsageError

_PERCENTAGE = re.compile(r"[0-9]+(\.[0-9]+)?%")

if TYPE_CHECKING:
    from tr_apply.plan.requests.target import Selection

_F = TypeVar("_F", bound=Callable[..., Any])


class NamedPath(click.Path):
    """A file or a folder, there or not. An empty text names none: it is a variable of the shell that is not set."""

    def __init__(self) -> None:
        super().__init__(path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """As of any path, but that an empty one is not taken for the current folder."""
        if value == "":
            self.fail("an empty text is no path", param, ctx)
        try:
            Path(value).exists()  # tells of what is behind a locked door, or has too long a name
        except OSError as error:
            self.fail(f"{str(value)!r}: {error.strerror}", param, ctx)
        return super().convert(value, param, ctx)


def paths_argument(command: _F) -> _F:
    """One or more configurations."""
    argument = click.argument("paths", metavar="PATH...", nargs=-1, required=True, type=NamedPath())
    return argument(command)


def configuration_options(command: _F) -> _F:
    """What surrounds the files of a configuration."""
    for option in (
        click.option("--allow-credentials-env", "credentials_variables", multiple=True, metavar="NAME",
                     help="Let `credentials` name the environment variable NAME; repeatable "
                          "[env: TR_APPLY_CREDENTIALS_ENV, comma-separated]."),
        click.option("--root", metavar="DIR", type=NamedPath(),
                     help="Read only files in DIR, links included; the folder of PATH by default."),
        click.option("--overlay", "overlays", multiple=True, metavar="FILE", type=NamedPath(),
                     help="Lay FILE over the configuration; repeatable, later ones win."),
        click.option("--var-file", "variable_files", multiple=True, metavar="FILE", type=NamedPath(),
                     help="Read variables from FILE (NAME: value); repeatable."),
        click.option("--var", "variables", multiple=True, metavar="NAME=VALUE", help="Set a variable; repeatable."),
    ):  # fmt: skip
        command = option(command)
    return command


def selection_options(command: _F) -> _F:
    """Which part of a plan."""
    for option in (
        click.option("--exclude", "excluded", multiple=True, metavar="KIND/PATTERN",
                     help="Not these, nor what depends on them; repeatable."),
        click.option("--only", multiple=True, metavar="KIND",
                     help="Only resources of KIND, and what they depend on; repeatable."),
        click.option("--target", "targets", multiple=True, metavar="KIND/PATTERN",
                     help="Only these, and what they depend on; repeatable. * and ? are signs."),
    ):  # fmt: skip
        command = option(command)
    return command


def selection_of(options: Mapping[str, Any]) -> "Selection":
    """What ``selection_options`` stand for.

    Raises:
        UsageError: when one has another form.
    """
    from tr_apply.plan.requests.target import Selection  # noqa: PLC0415  # --help needs no plans

    return Selection.of(targets=options["targets"], only=options["only"], excluded=options["excluded"])


def target_options(command: _F) -> _F:
    """Which TaskRouter to talk to."""
    for option in (
        click.option("--local-db", metavar="FILE", type=NamedPath(),
                     help="The embedded TaskRouter, kept in FILE."),
        click.option("--local", is_flag=True, help="Use the embedded TaskRouter, kept in .tr-apply/local.db."),
        click.option("--base-url", metavar="URL", help="Another server of the same API [env: TR_APPLY_BASE_URL]."),
    ):  # fmt: skip
        command = option(command)
    return command


def output_options(*formats: str) -> Callable[[_F], _F]:
    """How the command speaks; the first format is the default."""

    def decorate(command: _F) -> _F:
        for option in (
            click.option("--timeout", metavar="SECONDS", type=click.FloatRange(min=0, min_open=True),
                         help="Give up after so many seconds in all."),
            click.option("-v", "--verbose", is_flag=True, help="Tell every request on stderr."),
            click.option("-q", "--quiet", is_flag=True, help="Print results and errors only."),
            click.option("--no-color", is_flag=True, help="No colours [env: NO_COLOR]."),
            click.option("--output", "output_file", metavar="FILE", help="Write the result to FILE."),
            click.option("--format", "format_name", type=click.Choice(formats), default=formats[0], show_default=True,
                         help="Format of the result."),
        ):  # fmt: skip
            command = option(command)
        return command

    return decorate


def _percentage(_: click.Context, __: click.Parameter, value: str | None) -> float | None:
    """The number of per cent of a share such as ``5%`` or ``0.5%``."""
    if value is None:
        return None
    from tr_apply.plan.checks.route_change import ALL  # noqa: PLC0415  # most commands make no plan

    if not _PERCENTAGE.fullmatch(value) or (number := float(value.removesuffix("%"))) > ALL:
        raise click.BadParameter(f"{value!r} is not a share from 0% to 100%")
    return number


def route_change_option(command: _F) -> _F:
    """A gate of the command that carries it."""
    option = click.option("--max-route-change", metavar="SHARE", callback=_percentage,
                          help="Exit 6 if more than this share of the tasks goes elsewhere, such as 5%.")  # fmt: skip
    return option(command)


def output_of(command: str, options: Mapping[str, Any]) -> Output:
    """What ``output_options`` stand for."""
    import os  # noqa: PLC0415
    import sys  # noqa: PLC0415

    file = options.get("output_file")
    on_terminal = file is None and sys.stdout.isatty()
    plain = options.get("no_color") or os.environ.get("NO_COLOR") or not on_terminal
    return Output(
        command=command,
        format=options.get("format_name", "text"),
        file=None if file is None else Path(file),
        color=not plain,
        width=_terminal_width() if on_terminal else None,
        quiet=bool(options.get("quiet")),
        verbose=bool(options.get("verbose")),
    )


def given_variables(written: Sequence[str]) -> dict[str, str]:
    """What ``--var NAME=VALUE`` stand for.

    Raises:
        UsageError: when one has another form.
    """
    values = {}
    for each in written:
        name, equals, value = each.partition("=")
        if not equals:
            raise UsageError(f"--var {each}: expected NAME=VALUE")
        values[name] = value
    return values


def _terminal_width() -> int:
    import shutil  # noqa: PLC0415  # imports every kind of compression

    return shutil.get_terminal_size().columns
