"""``tr-apply show``: a saved plan, in any format."""

from pathlib import Path

import click

from tr_apply.cli.options import CommonOptions, NamedPath, common_options
from tr_apply.cli.plan_report import FORMATS, Reported, report
from tr_apply.deployment.saved_file import saved_days_of, saved_plans_of, text_of
from tr_apply.report.entry import Entry, plan_outcome


@click.command("show")
@click.argument("plan_file", metavar="PLAN", type=NamedPath())
@common_options(*FORMATS)
def show_command(plan_file: Path, *, common: CommonOptions) -> int:
    r"""Show a plan that plan --out has saved. Needs no configuration and no TaskRouter.

    With --format json it prints the saved document as it is.

    \b
        tr-apply show workspace.plan.json
        tr-apply show workspace.plan.json --format markdown
    """
    output = common.output("show")
    plans = saved_plans_of(plan_file, "PLAN")
    if output.format == "json":
        output.result(text_of(plan_file))
        return 0
    reported = [
        Reported(Entry(str(plan_file), each, simulation=days), each.target.workspace, plan_outcome(each))
        for each, days in zip(plans, saved_days_of(plan_file), strict=True)
    ]
    output.result(report(output.format, reported, ascii_only=output.ascii_only))
    return 0
