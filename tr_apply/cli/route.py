"""``tr-apply route``: what becomes of one task, step by step, and why."""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from tr_apply.cli.configurations import require_inputs, usable
from tr_apply.cli.options import CommonOptions, ConfigurationOptions, NamedPath, common_options, configuration_options
from tr_apply.cli.output import json_value
from tr_apply.config.reader import DEPTH_LIMIT
from tr_apply.errors import UsageError
from tr_apply.rehearsal.find_route import find_route
from tr_apply.rehearsal.offline_workspace import OfflineWorkspace
from tr_apply.report.route_text import route_text
from tr_apply.resources.worker import ATTRIBUTES_LIMIT
from tr_apply.resources.workflow import PRIORITY_LIMIT


@click.command("route")
@click.argument("path", metavar="PATH", type=NamedPath())
@click.option("--workflow", required=True, metavar="NAME", help="The workflow that gets the task.")
@click.option("--task", "attributes", required=True, metavar="JSON", help="The attributes of the task.")
@click.option(
    "--available",
    multiple=True,
    metavar="NAME",
    help="A worker who is available, longest idle first; repeatable  [default: every declared one]",
)
@click.option("--channel", default="default", show_default=True, metavar="NAME", help="Unique name of its channel.")
@click.option(
    "--priority",
    default=0,
    show_default=True,
    type=click.IntRange(0, PRIORITY_LIMIT),
    help="The priority it is created with.",
)
@configuration_options
@common_options("text", "json")
def route_command(
    path: Path,
    *,
    workflow: str,
    attributes: str,
    available: tuple[str, ...],
    channel: str,
    priority: int,
    given: ConfigurationOptions,
    common: CommonOptions,
) -> int:
    """Tell what becomes of a task, step by step, and why. Offline: asks no TaskRouter.

    It is supposed that nobody takes the task, and that workers stay as they are.

    \b
        tr-apply route workspace.yaml --workflow Incoming --task '{"language": "es"}'
    """
    output = common.output("route")
    require_inputs([path], given)
    task = _task(attributes)
    workspace = OfflineWorkspace(usable(path, given, output).document)
    request = workspace.request(
        workflow=workflow,
        attributes=task,
        channel=channel,
        priority=priority,
        available=available or None,
    )
    found = find_route(workspace, request)
    if output.format == "json":
        output.document(0, {"route": json_value(found)})
    else:
        output.result(route_text(found))
    return 0


def _task(written: str) -> Mapping[str, Any]:
    if len(written) > ATTRIBUTES_LIMIT:
        raise UsageError(f"--task: {len(written)} characters; TaskRouter takes at most {ATTRIBUTES_LIMIT}")
    try:
        attributes = json.loads(written, parse_constant=_finite, parse_float=_finite)
        too_deep = _depth(attributes) > DEPTH_LIMIT
    except RecursionError:
        too_deep = True
    except ValueError as error:
        raise UsageError(f"--task: no JSON: {error}") from error
    if too_deep:
        raise UsageError(f"--task: nested more than {DEPTH_LIMIT} levels deep")
    if not isinstance(attributes, dict):
        raise UsageError('--task: expected a JSON object, as in \'{"language": "es"}\'')
    return attributes


def _finite(written: str) -> float:
    if not math.isfinite(number := float(written)):
        raise ValueError(f"{written} is no number in JSON")
    return number


def _depth(value: Any) -> int:
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + max(map(_depth, children), default=0)
