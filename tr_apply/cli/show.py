"""``tr-apply show``: a saved plan, in any format."""

from pathlib import Path

import click

from tr_apply.api.rollout import show
from tr_apply.cli.options import CommonOptions, NamedPath, common_options
from tr_apply.report.plans import FORMATS


@click.command("show")
@click.argument("plan_file", metavar="PLAN", type=NamedPath())
@common_options(*FORMATS)
def show_command(plan_file: Path, *, common: CommonOptions) -> int:
    """Show a plan that plan --out has saved. Needs no configuration and no TaskRouter.

    With --format json it prints the saved document as it is.

    \b
        tr-apply show workspace.plan.json
        tr-apply show workspace.plan.json --format markdown
    """
    output = common.output("show")
    output.result(show(plan_file, output.format, color=True, ascii_only=output.ascii_only))
    return 0
