"""Rules on the workspace and its plainer parts: events, activities, channels, queues, and how many there may be."""

import re
from itertools import chain
from typing import Final

from tr_apply.config.references import placed, sid_references
from tr_apply.config.suggestions import nearest
from tr_apply.findings import Severity, Spot
from tr_apply.lint.declarations import Declarations, Remarks, document_rule
from tr_apply.resources import SECTIONS, TASK_CHANNEL, TASK_QUEUE, WORKFLOW
from tr_apply.resources.task_channel import DOCUMENTED_UNIQUE_NAME
from tr_apply.resources.workspace import EVENT_TYPES
from tr_apply.routing.names import name_key

_LIMITS: Final = {"activity": 100, "task_channel": 15, "task_queue": 5_000, "workflow": 1_000, "worker": 15_000}
"""How many there may be in a workspace, unless Twilio has raised it for the account."""

_UNIQUE_NAME: Final = re.compile(DOCUMENTED_UNIQUE_NAME)


@document_rule("unknown-event", Severity.WARNING, "An event type that TaskRouter does not have.")
def unknown_event(declarations: Declarations) -> Remarks:
    """Events of a misspelt type are never posted."""
    for index, event in enumerate(declarations.document.workspace.events_filter or ()):
        if event not in EVENT_TYPES:
            near = nearest(event, EVENT_TYPES)
            hint = f"; is {near} meant?" if near else ""
            yield Spot(("workspace", "events_filter", index)), f"TaskRouter has no event {event}{hint}"


@document_rule("available-timeout-activity", Severity.WARNING, "Workers who let a reservation time out stay available.")
def available_timeout_activity(declarations: Declarations) -> Remarks:
    """The activity of people who do not answer."""
    if _is_available(declarations, declarations.document.workspace.timeout_activity):
        message = "it is available: a worker who lets a reservation time out is offered tasks again immediately"
        yield Spot(("workspace", "timeout_activity")), message


@document_rule("available-default-activity", Severity.INFO, "New workers are available immediately.")
def available_default_activity(declarations: Declarations) -> Remarks:
    """The activity of new workers, and of those who must be moved before something is deleted."""
    if _is_available(declarations, declarations.document.workspace.default_activity):
        message = (
            "it is available: a new worker is offered tasks immediately, and no worker can be moved here for a deletion"
        )
        yield Spot(("workspace", "default_activity")), message


def _is_available(declarations: Declarations, name: str | None) -> bool:
    declared = (each for each in declarations.document.activities if each is not None)
    return name is not None and any(each.available and name_key(each.name) == name_key(name) for each in declared)


@document_rule("channel-name", Severity.WARNING, "An expression cannot use the unique name of a task channel.")
def channel_name(declarations: Declarations) -> Remarks:
    """Expressions know a channel by its unique name, as in ``worker.channel.voice.assigned_tasks``."""
    for index, channel in enumerate(declarations.document.task_channels):
        if channel is not None and not _UNIQUE_NAME.search(channel.unique_name):
            message = "letters, digits, _ and $ are documented here, the first no digit; expressions cannot name others"
            yield Spot((TASK_CHANNEL.section, index, TASK_CHANNEL.identity)), message


@document_rule(
    "single-tasking-queue",
    Severity.ERROR,
    "A queue lacks the activities that it needs in a workspace that is not multitasking.",
    needs_all=True,
)
def single_tasking_queue(declarations: Declarations) -> Remarks:
    """A workspace that is not multitasking moves workers to these activities."""
    if declarations.document.workspace.multi_task_enabled is not False:
        return
    for path, queue in declarations.queues:
        missing = [field for field in TASK_QUEUE.references if getattr(queue, field) is None]
        if missing:
            fields = " and ".join(missing)
            message = f"a queue of a workspace that is not multitasking cannot be created without {fields}"
            yield Spot((*path, "name")), message


@document_rule(
    "multitasking-activity",
    Severity.WARNING,
    "A queue of a multitasking workspace names an activity that has no effect.",
)
def multitasking_activity(declarations: Declarations) -> Remarks:
    """A multitasking workspace leaves people in their activity, whatever a queue says."""
    if declarations.document.workspace.multi_task_enabled is not True:
        return
    for path, queue in declarations.queues:
        for field in TASK_QUEUE.references:
            if getattr(queue, field) is not None:
                message = f"a multitasking workspace does not change anybody's activity: {field} has no effect"
                yield Spot((*path, field), key=True), message


@document_rule("unused-queue", Severity.INFO, "No workflow leads to a queue.", needs_all=True)
def unused_queue(declarations: Declarations) -> Remarks:
    """Tasks can still be put into such a queue one by one, so it may be intended.

    Silent if a workflow names a queue that does not exist: it may be this one, misspelt.
    """
    if not (declarations.is_closed(TASK_QUEUE) and declarations.is_closed(WORKFLOW)):
        return
    named = (target.queue for _, target in chain(declarations.targets, declarations.default_filters))
    used = {name_key(name) for name in named if name is not None}
    if not used <= {name_key(queue.name) for _, queue in declarations.queues}:
        return
    unused = [(path, queue) for path, queue in declarations.queues if name_key(queue.name) not in used]
    if unused and declarations.has_sids:
        used.update(
            name_key(sid.name) for sid, _ in sid_references(declarations.document) if sid.kind == TASK_QUEUE.name
        )
    for path, queue in unused:
        if name_key(queue.name) not in used:
            yield Spot((*path, "name")), "no workflow leads to this queue"


@document_rule("over-limit", Severity.WARNING, "More of a kind than TaskRouter allows by default.")
def over_limit(declarations: Declarations) -> Remarks:
    """TaskRouter refuses resources above the limit, unless Twilio has raised it."""
    for kind in SECTIONS:
        count, limit = len(getattr(declarations.document, kind.section)), _LIMITS[kind.name]
        declared = {kind.name_of(each) for _, each in placed(declarations.document, kind)}
        count += len(kind.built_in - declared)
        if count > limit:
            own = ", TaskRouter's own included" if kind.built_in else ""
            message = f"these are {count:,}{own}; more than {limit:,} are refused, unless Twilio raised the limit"
            yield Spot((kind.section,), key=True), message


@document_rule("empty-target-workers", Severity.WARNING, "A queue's expression is empty: nobody is ever in it.")
def empty_target_workers(declarations: Declarations) -> Remarks:
    """TaskRouter takes an empty expression; a variable without a value makes one."""
    for path, queue in declarations.queues:
        if not queue.target_workers.strip():
            message = "nobody is ever in this queue, as the expression is empty; write 1==1 for everybody"
            yield Spot((*path, "target_workers")), message
