"""``tr-apply help``: the manual, page by page."""

import click

from tr_apply.cli.options import CommonOptions, common_options
from tr_apply.errors import UsageError
from tr_apply.manual import TOPICS, page, topics_about


def _completed(context: click.Context, _argument: click.Parameter, written: str) -> list[str]:
    group = context.find_root().command
    commands = group.list_commands(context) if isinstance(group, click.Group) else []
    return [each for each in (*TOPICS, *commands) if each.startswith(written)]


@click.command("help")
@click.argument("topic", required=False, shell_complete=_completed)
@common_options("text")
def help_command(topic: str | None, *, common: CommonOptions) -> int:
    """Show a page of the manual, or the help of a command. Without TOPIC, list the pages.

    \b
        tr-apply help
        tr-apply help findings
        tr-apply help apply
    """
    output = common.output("help")
    if topic is None:
        output.result(_contents())
    elif topic in TOPICS:
        from tr_apply.report.manual import plain_page, terminal_page  # noqa: PLC0415

        text = page(topic)
        output.result(plain_page(text) if output.width is None else terminal_page(text, output.width))
    else:
        output.result(f"{_help_of_command(topic)}\n")
    return 0


def _contents() -> str:
    widest = max(map(len, TOPICS))
    lines = (f"  {topic.ljust(widest)}  {title}\n" for topic, title in TOPICS.items())
    return (
        f"Pages of the manual:\n\n{''.join(lines)}\ntr-apply help TOPIC shows one, tr-apply COMMAND --help a command.\n"
    )


def _help_of_command(name: str) -> str:
    context = click.get_current_context().find_root()
    group = context.command
    found = group.get_command(context, name) if isinstance(group, click.Group) else None
    if found is None:
        from tr_apply.config.suggestions import nearest  # noqa: PLC0415

        near = nearest(name, [*TOPICS, *(group.list_commands(context) if isinstance(group, click.Group) else ())])
        hint = "".join(f"see tr-apply help {topic}; " for topic in topics_about(name)[:3])
        hint = hint or (f"did you mean {near!r}? " if near else "")
        raise UsageError(f"there is no page {name!r} in the manual; {hint}tr-apply help lists them")
    with click.Context(found, info_name=name, parent=context, **group.context_settings) as inner:
        return found.get_help(inner)
