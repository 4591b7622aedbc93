"""The kinds of resources of a workspace: one module per kind, each with a model and a ``Kind`` row."""

from collections.abc import Mapping
from typing import Final

from tr_apply.resources.activity import ACTIVITY, Activity
from tr_apply.resources.kind import FormField, Holds, Kind, Resource, Seldom, temporary_name
from tr_apply.resources.task_channel import SEEDED_CHANNELS, TASK_CHANNEL, TaskChannel
from tr_apply.resources.task_queue import TASK_QUEUE, TaskQueue
from tr_apply.resources.template import SID, THE_WORKSPACE, SidOf, escaped, filled, made_up_sid, plain, sample, sids_in
from tr_apply.resources.worker import WORKER, WORKER_CHANNEL, Worker, WorkerChannel, compact_json
from tr_apply.resources.workflow import WORKFLOW, Filter, Target, Workflow, from_document, to_document
from tr_apply.resources.workspace import WORKSPACE, Workspace

__all__ = [
    "ACTIVITY",
    "KINDS",
    "KIND_BY_NAME",
    "SECTIONS",
    "SEEDED_CHANNELS",
    "SID",
    "TASK_CHANNEL",
    "TASK_QUEUE",
    "THE_WORKSPACE",
    "WORKER",
    "WORKER_CHANNEL",
    "WORKFLOW",
    "WORKSPACE",
    "Activity",
    "Filter",
    "FormField",
    "Holds",
    "Kind",
    "Resource",
    "Seldom",
    "SidOf",
    "Target",
    "TaskChannel",
    "TaskQueue",
    "Worker",
    "WorkerChannel",
    "Workflow",
    "Workspace",
    "compact_json",
    "escaped",
    "filled",
    "from_document",
    "made_up_sid",
    "plain",
    "sample",
    "sids_in",
    "temporary_name",
    "to_document",
]

# In creation order: apart from ${sid:…}, a kind refers only to kinds above it.
SECTIONS: Final[tuple[Kind, ...]] = (ACTIVITY, TASK_CHANNEL, TASK_QUEUE, WORKFLOW, WORKER)
KINDS: Final[tuple[Kind, ...]] = (WORKSPACE, *SECTIONS, WORKER_CHANNEL)
KIND_BY_NAME: Final[Mapping[str, Kind]] = {kind.name: kind for kind in KINDS}
