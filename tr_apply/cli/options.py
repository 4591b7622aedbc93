"""Options that several commands share."""

import functools
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import field, fields, replace
from pathlib import Path
from typing import Any, TypeVar, cast

import click

from tr_apply.cli.output import Output
from tr_apply.deployment.target_options import TargetOptions
from tr_apply.errors import UsageError
from tr_apply.frozen import frozen

_PERCENTAGE = re.compile(r"[0-9]+(\.[0-9]+)?%")

_F = TypeVar("_F", bound=Callable[..., Any])
_Option = Callable[[Callable[..., Any]], Callable[..., Any]]


@frozen(kw_only=True)
class ConfigurationOptions:
    """The options that surround the files of a configuration."""

    overlays: tuple[Path, ...]
    variables: tuple[str, ...]
    """Each as ``NAME=VALUE``."""
    variable_files: tuple[Path, ...]
    root: Path | None
    credentials_variables: tuple[str, ...]

    def with_overlays(self, overlays: Sequence[Path]) -> "ConfigurationOptions":
        """The same with *overlays* below those of ``--overlay``."""
        return replace(self, overlays=(*overlays, *self.overlays))


@frozen(kw_only=True)
class SelectionOptions:
    """The options that select a part of a plan."""

    targets: tuple[str, ...]
    only: tuple[str, ...]
    excluded: tuple[str, ...]


@frozen(kw_only=True)
class CommonOptions:
    """The options of every command that makes a result."""

    format_name: str
    output_file: str | None
    no_color: bool
    quiet: bool
    verbose: bool
    timeout: float | None
    """Seconds for the whole run."""

    began: float = field(default_factory=time.monotonic, init=False)
    """When the run began, on the clock of ``time.monotonic``."""

    def output(self, command: str) -> Output:
        """How *command* speaks."""
        import os  # noqa: PLC0415
        import sys  # noqa: PLC0415

        file = None if self.output_file is None else Path(self.output_file)
        if file is not None:
            from tr_apply.cli.overwriting import require_not_read  # noqa: PLC0415

            require_not_read(file)
        on_terminal = file is None and sys.stdout.isatty()
        plain = self.no_color or os.environ.get("NO_COLOR") or not on_terminal
        return Output(
            command=command,
            format=self.format_name,
            file=file,
            color=not plain,
            width=_terminal_width() if on_terminal else None,
            quiet=self.quiet,
            verbose=self.verbose,
        )


def _gathered(name: str, kind: type[Any], options: Sequence[_Option]) -> Callable[[_F], _F]:
    """Add *options* to a command, which gets their values as one dataclass of *kind*, called *name*."""
    keys = [each.name for each in fields(kind) if each.init]

    def decorate(command: _F) -> _F:
        @functools.wraps(command)
        def gathering(**given: Any) -> Any:
            own = {key: given.pop(key) for key in keys}
            return command(**given, **{name: kind(**own)})

        decorated: Any = gathering
        for option in options:
            decorated = option(decorated)
        return cast(_F, decorated)

    return decorate


class NamedPath(click.Path):
    """A file or a folder, there or not. An empty text names none: it is a variable of the shell that is not set."""

    def __init__(self) -> None:
        super().__init__(path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """As of any path, but that an empty one is not taken for the current folder."""
        if value == "":
            self.fail("an empty text is not a path", param, ctx)
        try:
            Path(value).exists()  # raises if a folder may not be read, or the name is too long
        except OSError as error:
            self.fail(f"{str(value)!r}: {error.strerror}", param, ctx)
        return super().convert(value, param, ctx)


def paths_argument(command: _F) -> _F:
    """One or more configurations."""
    argument = click.argument("paths", metavar="PATH...", nargs=-1, required=True, type=NamedPath())
    return argument(command)


def configuration_options(command: _F) -> _F:
    """Options for the surroundings of a configuration's files: ``given`` of the command."""
    options = (
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
    )  # fmt: skip
    return _gathered("given", ConfigurationOptions, options)(command)


def selection_options(command: _F) -> _F:
    """Which part of a plan: ``selected`` of the command."""
    options = (
        click.option("--exclude", "excluded", multiple=True, metavar="KIND/PATTERN",
                     help="Leave these out, and everything that depends on them; repeatable."),
        click.option("--only", multiple=True, metavar="KIND",
                     help="Only resources of KIND, and what they depend on; repeatable."),
        click.option("--target", "targets", multiple=True, metavar="KIND/PATTERN",
                     help="Only these, and what they depend on; repeatable. * and ? are wildcards."),
    )  # fmt: skip
    return _gathered("selected", SelectionOptions, options)(command)


def target_options(command: _F) -> _F:
    """Which TaskRouter to talk to: ``target`` of the command."""
    options = (
        click.option("--local-db", metavar="FILE", type=NamedPath(),
                     help="The embedded TaskRouter, kept in FILE."),
        click.option("--local", is_flag=True, help="Use the embedded TaskRouter, kept in .tr-apply/local.db."),
        click.option("--base-url", metavar="URL", help="Another server of the same API [env: TR_APPLY_BASE_URL]."),
    )  # fmt: skip
    return _gathered("target", TargetOptions, options)(command)


def common_options(*formats: str) -> Callable[[_F], _F]:
    """How the command speaks, and for how long: ``common`` of the command. The first format is the default."""
    options = (
        click.option("--timeout", metavar="SECONDS", type=click.FloatRange(min=0, min_open=True),
                     help="Abort the whole run after this many seconds."),
        click.option("-v", "--verbose", is_flag=True, help="Log every request to stderr."),
        click.option("-q", "--quiet", is_flag=True, help="Print results and errors only."),
        click.option("--no-color", is_flag=True, help="No colours [env: NO_COLOR]."),
        click.option("--output", "output_file", metavar="FILE", help="Write the result to FILE."),
        click.option("--format", "format_name", type=click.Choice(formats), default=formats[0], show_default=True,
                     help="Format of the result."),
    )  # fmt: skip
    return _gathered("common", CommonOptions, options)


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


def tasks_option(command: _F) -> _F:
    """Recorded tasks: ``tasks_file`` of the command."""
    option = click.option("--tasks", "tasks_file", metavar="FILE", type=NamedPath(),
                          help="Count how many of the recorded tasks in FILE (.csv, .jsonl) go elsewhere.")  # fmt: skip
    return option(command)


def given_variables(written: Sequence[str]) -> dict[str, str]:
    """The variables of ``--var NAME=VALUE``.

    Raises:
        UsageError: One has another form.
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
