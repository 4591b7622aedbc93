"""Typed models, with TaskRouter's own names, from which a program builds a configuration.

They are the models that a YAML file is read into. Building one checks it (pydantic's ``ValidationError``); ``load``
checks the whole of it as it checks a file.
"""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

from tr_apply.resources import (
    Activity,
    Filter,
    Target,
    TaskChannel,
    TaskQueue,
    Worker,
    WorkerChannel,
    from_document,
    to_document,
)
from tr_apply.resources import Workflow as WorkflowModel
from tr_apply.resources import Workspace as WorkspaceModel
from tr_apply.resources.document import Manage, OutputName, Ownership, Safety, SectionOwnership, WorkersOwnership
from tr_apply.resources.lint import Acceptance, Lint
from tr_apply.resources.template import SidOf, escaped, filled, mapped
from tr_apply.resources.yaml_text import written, yaml_text
from tr_apply.routing.names import name_key

if TYPE_CHECKING:
    from tr_apply.config.load import Configuration

__all__ = [
    "Acceptance",
    "Activity",
    "Filter",
    "Lint",
    "Manage",
    "Ownership",
    "Safety",
    "SectionOwnership",
    "Target",
    "TaskChannel",
    "TaskQueue",
    "Worker",
    "WorkerChannel",
    "WorkersOwnership",
    "Workflow",
    "Workspace",
]

_KINDS = ("activities", "task_channels", "task_queues", "workflows", "workers")
_SECTIONS = (*_KINDS, "manage", "safety", "lint", "outputs")
_QUEUE_MARK = re.compile(r"\$\{sid:task_queue/(.*)\}", re.DOTALL)


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
            document: A workflow document of TaskRouter, parsed, or one that ``to_document`` has made without SIDs.
            name: What the workflow is called; the document does not say it.
            queues: Names of the queues by SID; a queue that is not in it keeps its SID for a name.
        """
        names, marks = queues or {}, []

        def queue_name(written: str) -> str:
            if (mark := _QUEUE_MARK.fullmatch(written)) is None:
                return names.get(written, written)
            marks.append(mark[1])
            return mark[1]

        keys = from_document(document, queue_name, escaped)
        if marks:  # its texts are what a file has, too, and not what TaskRouter has
            keys = from_document(document, queue_name, str)
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

    workflows: list[Workflow] | None = None
    """Workflows."""

    workers: list[Worker] | None = None
    """Workers."""

    manage: Manage | None = None
    """The part of each section that is managed."""

    safety: Safety | None = None
    """The limits and the protection of the workspace."""

    lint: Lint | None = None
    """How findings count, and which of them stay."""

    outputs: dict[OutputName, str] | None = None
    """Values for other systems, as in ``{"workflow_sid": "${sid:workflow/Incoming}"}``."""

    @classmethod
    def of(cls, configuration: "Configuration") -> Self:
        """The workspace of a *configuration* that was loaded, for a program to read or to change.

        Variables and overlays are applied to it, so it also holds the values of secret variables.
        """
        keys = configuration.document.model_dump(exclude_unset=True, by_alias=True)
        return cls.model_validate({**keys["workspace"], **{name: keys[name] for name in _SECTIONS if name in keys}})

    def to_yaml(self) -> str:
        """The configuration as one file.

        Raises:
            TrApplyError: when some text cannot be written in YAML at all.
        """
        keys = written(self)
        sections = {name: keys.pop(name) for name in _SECTIONS if keys.get(name) is not None}
        settings = {key: value for key, value in keys.items() if key not in _SECTIONS}
        return yaml_text({"workspace": settings, **sections})
