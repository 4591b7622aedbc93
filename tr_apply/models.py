"""Typed models, with TaskRouter's own names, from which a program builds a configuration.

They are the models that a YAML file is read into. Building one checks it (pydantic's ``ValidationError``); ``load``
checks the whole of it as it checks a file.
"""

from collections.abc import Mapping
from typing import Any, Self

from tr_apply.resources.activity import Activity
from tr_apply.resources.document import Manage, Safety
from tr_apply.resources.lint import Lint
from tr_apply.resources.task_channel import TaskChannel
from tr_apply.resources.task_queue import TaskQueue
from tr_apply.resources.template import SidOf, escaped, filled, mapped
from tr_apply.resources.worker import Worker, WorkerChannel
from tr_apply.resources.workflow import Filter, Target, from_document, to_document
from tr_apply.resources.workflow import Workflow as WorkflowModel
from tr_apply.resources.workspace import Workspace as WorkspaceModel
from tr_apply.resources.yaml_text import written, yaml_text
from tr_apply.routing.names import name_key

__all__ = [
    "Activity",
    "Filter",
    "Lint",
    "Manage",
    "Safety",
    "Target",
    "TaskChannel",
    "TaskQueue",
    "Worker",
    "WorkerChannel",
    "Workflow",
    "Workspace",
]

_SECTIONS = ("activities", "task_channels", "task_queues", "workflows", "workers", "manage", "safety", "lint")


class Workflow(WorkflowModel):
    """A workflow as the user writes it, which can also be written as TaskRouter's own workflow document."""

    def to_document(self, sids: Mapping[str, str] | None = None) -> dict[str, Any]:
        """The document that TaskRouter takes as ``Configuration``.

        Args:
            sids: SIDs of the queues by name, in any case: the document is then ready to be sent. Without it, queues
                stay ``${sid:task_queue/NAME}``.

        Raises:
            KeyError: when a queue is not in *sids*.
        """
        known = None if sids is None else {name_key(name): sid for name, sid in sids.items()}

        def sid_of(label: SidOf) -> str:
            return f"${{sid:{label}}}" if known is None else known[name_key(label.name)]

        def leaf(value: Any) -> Any:
            if isinstance(value, SidOf):
                return sid_of(value)
            return filled(value, sid_of) if isinstance(value, str) and known is not None else value

        document: dict[str, Any] = mapped(to_document(self), leaf)
        return document

    @classmethod
    def from_document(cls, document: Mapping[str, Any], *, name: str, queues: Mapping[str, str] | None = None) -> Self:
        """The workflow that *document* describes.

        Args:
            document: A workflow document of TaskRouter, parsed.
            name: What the workflow is called; the document does not say it.
            queues: Names of the queues by SID; a queue that is not in it keeps its SID for a name.
        """
        names = queues or {}
        keys = from_document(document, lambda sid: names.get(sid, sid), escaped)
        return cls.model_validate(WorkflowModel.model_construct(name=name, **keys).model_dump(exclude_defaults=True))


class Workspace(WorkspaceModel):
    """A whole configuration: the workspace's own settings, and its sections.

    A section that is left out is not managed; an empty list means that none may exist.
    """

    activities: list[Activity] | None = None
    """Activities of workers."""

    task_channels: list[TaskChannel] | None = None
    """Task channels."""

    task_queues: list[TaskQueue] | None = None
    """Task queues."""

    workflows: list[WorkflowModel] | None = None
    """Workflows."""

    workers: list[Worker] | None = None
    """Workers."""

    manage: Manage | None = None
    """The part of each section that is managed."""

    safety: Safety | None = None
    """The limits and the protection of the workspace."""

    lint: Lint | None = None
    """How findings count, and which of them stay."""

    def to_yaml(self) -> str:
        """The configuration as one file.

        Raises:
            TrApplyError: when some text cannot be written in YAML at all.
        """
        keys = written(self)
        sections = {name: keys.pop(name) for name in _SECTIONS if keys.get(name) is not None}
        settings = {key: value for key, value in keys.items() if key not in _SECTIONS}
        return yaml_text({"workspace": settings, **sections})
