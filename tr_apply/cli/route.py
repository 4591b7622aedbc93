"""``tr-apply route``: the route of one task, step by step, and why; offline, or among the live people."""

import json
import math
import re
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import click
from click.core import ParameterSource

from tr_apply.api.offline import routed
from tr_apply.cli.configurations import require_inputs, usable
from tr_apply.cli.options import (
    CommonOptions,
    ConfigurationOptions,
    NamedPath,
    common_options,
    configuration_options,
    target_options,
)
from tr_apply.config.filling import DEPTH_LIMIT
from tr_apply.config.load import Configuration
from tr_apply.deployment.target_options import TargetOptions
from tr_apply.envelope import json_value
from tr_apply.errors import UsageError
from tr_apply.rehearsal.offline_workspace import RouteRequest
from tr_apply.report.route_text import route_text
from tr_apply.resources.worker import ATTRIBUTES_LIMIT
from tr_apply.resources.workflow import PRIORITY_LIMIT
from tr_apply.routing.names import sid_pattern


@dataclass(frozen=True, slots=True)
class RouteQuestion:
    """The question of the command line: the options of ``tr-apply route``, each named as click calls it."""

    live: str | None
    """The live workspace; None for the configuration of PATH."""

    workflow: str | None
    task: str | None
    """The attributes as JSON."""

    task_sid: str | None
    available: tuple[str, ...]
    channel: str
    priority: int

    def check(self, path: Path | None, given: AbstractSet[str]) -> None:
        """Refuse what does not go together; *given* are the options that the command line has.

        Raises:
            UsageError: for the first of them.
        """
        if path is None and self.live is None:
            raise UsageError("give the PATH of a configuration, or --live NAME")
        if self.live is None:
            _refuse(sorted(given & _OF_LIVE), "only with --live")
        else:
            _refuse(sorted(given & _OF_PEOPLE), "not with --live")
        if path is None:
            _refuse(sorted(given & _OF_FILES), "only with a PATH")
        if self.task_sid is not None:
            _refuse(sorted(given & _OF_NEW_TASKS), "not with --task-sid")
            if not re.fullmatch(sid_pattern("WT"), self.task_sid):
                raise UsageError(
                    f"--task-sid {self.task_sid}: expected the SID of a task, WT and 32 digits of 0-9 and a-f"
                )
        else:
            for option, value in (("--workflow", self.workflow), ("--task", self.task)):
                if value is None:
                    other = " (or --task-sid)" if self.live is not None else ""
                    raise UsageError(f"{option} is missing{other}")

    def request(self) -> RouteRequest:
        """The task that is supposed."""
        assert self.workflow is not None
        assert self.task is not None
        return RouteRequest(self.workflow, _task(self.task), self.channel, self.priority, self.available or None)


_OF_PEOPLE: Final = frozenset({"available"})
_OF_FILES: Final = frozenset({"overlays", "root", "variables", "variable_files", "credentials_variables"})
_OF_LIVE: Final = frozenset({"task_sid", "local", "local_db", "base_url"})
_OF_NEW_TASKS: Final = frozenset({"workflow", "task", "channel", "priority"})


def _refuse(parameters: Sequence[str], why: str) -> None:
    if parameters:
        known = {each.name: each.opts[0] for each in click.get_current_context().command.params}
        raise UsageError(f"{known[parameters[0]]}: {why}")


@click.command("route")
@click.argument("path", metavar="[PATH]", type=NamedPath(), required=False)
@click.option("--live", metavar="NAME", help="Use the live workspace of this name or SID, with its workers.")
@click.option("--task-sid", metavar="WT…", help="With --live: a task that waits there. Why does it wait?")
@click.option("--workflow", metavar="NAME", help="The workflow that gets the task.")
@click.option("--task", metavar="JSON", help="The attributes of the task.")
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
    metavar="N",
    type=click.IntRange(0, PRIORITY_LIMIT),
    help="The priority it is created with.",
)
@configuration_options
@target_options
@common_options("text", "json")
def route_command(
    path: Path | None, *, given: ConfigurationOptions, target: TargetOptions, common: CommonOptions, **asked: Any
) -> int:
    """Show the route of a task, step by step, and why: in a configuration offline, or among live people.

    The route assumes that nobody takes the task, and that workers stay as they are. --live reads the people,
    activities, channels and loads of this minute, and writes nothing; a PATH then only names, in `manage`, the
    sensitive values to hide. With --task-sid, the first sentence says why the task waits.

    \b
        tr-apply route workspace.yaml --workflow Incoming --task '{"language": "es"}'
        tr-apply route --live "Support Center" --workflow Incoming --task '{"language": "es"}'
        tr-apply route --live "Support Center" --task-sid WT0123456789abcdef0123456789abcdef
    """
    output = common.output("route")
    question = RouteQuestion(**asked)
    question.check(path, _given())
    configuration = None
    if path is not None:
        require_inputs([path], given)
        configuration = usable(path, given, output)
    if question.live is not None:
        return _live(question, configuration, target, common)
    assert configuration is not None
    found = routed(configuration, question.request())
    if output.format == "json":
        output.document(0, {"route": json_value(found)})
    else:
        output.result(route_text(found))
    return 0


def _given() -> AbstractSet[str]:
    """The parameters that the command line names."""
    context = click.get_current_context()
    return {name for name in context.params if context.get_parameter_source(name) is ParameterSource.COMMANDLINE}


def _live(
    question: RouteQuestion, configuration: Configuration | None, target: TargetOptions, common: CommonOptions
) -> int:
    from tr_apply.api.router import Access  # noqa: PLC0415  # the network is not for what is asked offline
    from tr_apply.cli.bounded import answer_of, asking  # noqa: PLC0415
    from tr_apply.report.live_text import live_route_document, live_route_text  # noqa: PLC0415

    access = Access(target=target, **asking(common))
    output, name, sid = common.output("route"), question.live or "", question.task_sid
    if sid is not None:
        found = answer_of(lambda router: router.why(name, sid, configuration), access)
    else:
        request = question.request()
        found = answer_of(lambda router: router.route(name, request, configuration), access)
    if output.format == "json":
        output.document(0, {"route": live_route_document(found, json_value)})
    else:
        output.result(live_route_text(found))
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
        raise UsageError(f"--task: this is not valid JSON: {error}") from error
    if too_deep:
        raise UsageError(f"--task: nested more than {DEPTH_LIMIT} levels deep")
    if not isinstance(attributes, dict):
        raise UsageError('--task: expected a JSON object, as in \'{"language": "es"}\'')
    return attributes


def _finite(written: str) -> float:
    if not math.isfinite(number := float(written)):
        raise ValueError(f"{written} is not a number in JSON")
    return number


def _depth(value: Any) -> int:
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + max(map(_depth, children), default=0)
