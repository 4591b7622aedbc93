"""The command line: parses, calls, prints, decides nothing.

Commands are imported when they are called, so ``--help`` imports only click. This module alone turns an error into a
message and an exit code.
"""

from tr_apply.cli import interrupts

with interrupts.Importing():
    import gc
    import sys
    from importlib import import_module
    from itertools import pairwise

    import click

    from tr_apply.cli.spared import spare_plugins, with_room
    from tr_apply.cli.streams import StdoutLostError, prepare_streams, tell_lost
    from tr_apply.errors import InterruptedRunError, TrApplyError, UsageError
    from tr_apply.version import __version__

USAGE = UsageError.exit_code

# The texts of the list of commands are here: printing it imports no command.
COMMANDS = {
    "init": "Write a working starter.",
    "validate": "Check a configuration offline.",
    "plan": "Show what apply would change.",
    "show": "Show a saved plan.",
    "apply": "Make the live workspace match the configuration.",
    "destroy": "Delete a workspace.",
    "render": "Print a configuration after variables and overlays.",
    "export": "Write a live workspace as YAML.",
    "diff": "Show the differences between two workspaces.",
    "graph": "Draw the routing as a picture.",
    "record": "Record the tasks that came to a live workspace.",
    "route": "Show what happens to a task, offline.",
    "test": "Run routing tests offline.",
    "simulate": "Simulate what a change does to service levels.",
    "serve": "Serve the embedded TaskRouter over HTTP.",
    "schema": "Print the JSON Schema of a file format.",
    "explain": "Explain a finding, an exit code or a key.",
    "doctor": "Check the connection to TaskRouter.",
    "help": "Show a page of the manual.",
}

LONG_RUNNING = frozenset({"serve"})


class Commands(click.Group):
    """The commands, each in a module of its own name."""

    def list_commands(self, _ctx: click.Context) -> list[str]:
        """In the order in which a newcomer needs them."""
        return list(COMMANDS)

    def get_command(self, _ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, imported now."""
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"tr_apply.cli.{cmd_name}")
        command: click.Command = getattr(module, f"{cmd_name}_command")
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that *args* begin with.

        Raises:
            click.UsageError: There is none; it names the one that was probably meant.
        """
        if args[0] not in COMMANDS and not args[0].startswith("-") and not ctx.resilient_parsing:
            from tr_apply.config.suggestions import nearest  # noqa: PLC0415

            if (near := nearest(args[0], COMMANDS)) is not None:
                ctx.fail(f"No such command {args[0]!r}. Did you mean {near!r}?")
        return super().resolve_command(ctx, args)

    def format_commands(self, _ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of commands, without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.command(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    subcommand_metavar="COMMAND [ARGS]...",
)
@click.version_option(__version__, prog_name="tr-apply", message="%(prog)s %(version)s")
def commands() -> None:
    """Configuration as code for Twilio TaskRouter.

    Keep a whole workspace in YAML, see what would change, and change just that.
    """


@with_room
def main(arguments: list[str] | None = None) -> None:
    """Run the command line and leave with its exit code."""
    arguments = sys.argv[1:] if arguments is None else arguments
    if _command_of(arguments) not in LONG_RUNNING:  # a server ends regularly with SIGTERM, also with the second one
        interrupts.begin()
    prepare_streams()
    spare_plugins()
    code = run(arguments)
    interrupts.end()
    gc.freeze()  # the process ends: a last search for garbage would take longer than all of `--help`
    sys.exit(code)


def run(arguments: list[str]) -> int:
    """Run the command line; the exit code is click's business nowhere."""
    if _command_of(arguments) not in LONG_RUNNING:
        gc.disable()  # a third of all time, for a process that ends before anything could be collected
    as_json = _wants_json(arguments)
    try:
        code = commands.main(arguments, prog_name="tr-apply", standalone_mode=False)
    except TrApplyError as error:
        return _reported(error, arguments, as_json=as_json)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        return USAGE
    except click.UsageError as error:
        return _reported(_usage_error(error, arguments), arguments, as_json=as_json)
    except (click.Abort, KeyboardInterrupt):
        return _reported(InterruptedRunError("interrupted"), arguments, as_json=as_json)
    except StdoutLostError as error:
        tell_lost(error)
        return 1
    except Exception as error:
        if not as_json:
            raise
        return _crashed(error, arguments)
    return code if isinstance(code, int) else 0


def _wants_json(arguments: list[str]) -> bool:
    """Whether the caller expects one JSON document, also when the command line is wrong."""
    pairs = pairwise([*arguments, ""])
    return any(option == "--format=json" or (option == "--format" and value == "json") for option, value in pairs)


def _usage_error(error: click.UsageError, arguments: list[str]) -> UsageError:
    """*error* with the command that it is about; click does not say which where the value of an option is missing."""
    named = f"tr-apply {_command_of(arguments)}".strip() if error.ctx is None else error.ctx.command_path
    return UsageError(f"{error.format_message()}\nTry '{named} --help'.")


def _reported(error: TrApplyError, arguments: list[str], *, as_json: bool) -> int:
    from tr_apply.cli.output import print_error  # noqa: PLC0415

    try:
        with interrupts.HeldBack():
            print_error(error, command=_command_of(arguments), as_json=as_json, file=_output_of(arguments))
    except StdoutLostError as lost:
        tell_lost(lost)
    return error.exit_code


def _crashed(error: Exception, arguments: list[str]) -> int:
    """A bug; the document on stdout stays whole, and the traceback goes to stderr."""
    import traceback  # noqa: PLC0415

    from tr_apply.cli.output import print_crash  # noqa: PLC0415

    traceback.print_exc()
    with interrupts.HeldBack():
        print_crash(error, command=_command_of(arguments), file=_output_of(arguments))
    return 1


def _output_of(arguments: list[str]) -> str | None:
    """Where the result was to go, as far as the command line can be understood."""
    for option, value in pairwise([*arguments, ""]):
        if option == "--output" and value:
            return value
        if option.startswith("--output="):
            return option.partition("=")[2]
    return None


def _command_of(arguments: list[str]) -> str:
    return next((argument for argument in arguments if argument in COMMANDS), "")
