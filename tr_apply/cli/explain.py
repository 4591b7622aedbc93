"""``tr-apply explain``: what a code or a key means."""

import click

from tr_apply.cli.options import CommonOptions, common_options


def _completed(_context: click.Context, _argument: click.Parameter, written: str) -> list[str]:
    from tr_apply.explain import topics  # noqa: PLC0415  # as below

    return [each for each in topics() if each.startswith(written)]


@click.command("explain")
@click.argument("topic", metavar="CODE or FIELD", shell_complete=_completed)
@common_options("text")
def explain_command(topic: str, *, common: CommonOptions) -> None:
    """Explain the code of a finding, an exit code, or a key of the configuration, with an example.

    \b
        tr-apply explain unreachable-filter
        tr-apply explain task_queue.target_workers
        tr-apply explain target_workers
        tr-apply explain 5
    """
    from tr_apply.explain import explained  # noqa: PLC0415  # the models, which --help does without

    common.output("explain").result(explained(topic))
