"""The declarations of a configuration, as the rules look at them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from tr_apply.config.references import declared, filters_of, placed
from tr_apply.findings import KeyPath
from tr_apply.lint.attributes import Attributes, types
from tr_apply.resources import TASK_QUEUE, WORKER, WORKFLOW, Kind
from tr_apply.resources.document import Document
from tr_apply.resources.task_queue import TaskQueue
from tr_apply.resources.worker import Worker
from tr_apply.resources.workflow import Filter, Target, Workflow
from tr_apply.routing.value_types import AttributeTypes


@dataclass(frozen=True, eq=False)
class Declarations:
    """A document, and facts that several rules need.

    Attributes:
        document: The resources, with None in place of each one that could not be read.
        whole: Whether the document was read completely, so a missing resource is really missing.
        has_sids: Whether any string asks for a SID.
        people: The workers of the live workspace, as a queue's expression reads them; None if they were not read.
    """

    document: Document
    whole: bool = True
    has_sids: bool = False
    people: Sequence[Attributes] | None = None

    @property
    def queues(self) -> Iterator[tuple[KeyPath, TaskQueue]]:
        """Every task queue with its path."""
        return self._each(TASK_QUEUE)

    @property
    def workflows(self) -> Iterator[tuple[KeyPath, Workflow]]:
        """Every workflow with its path."""
        return self._each(WORKFLOW)

    @property
    def workers(self) -> Iterator[tuple[KeyPath, Worker]]:
        """Every worker with its path."""
        return self._each(WORKER)

    @property
    def filters(self) -> Iterator[tuple[KeyPath, Filter]]:
        """Every filter of every workflow with its path."""
        for path, workflow in self.workflows:
            for index, each in filters_of(workflow):
                yield (*path, "filters", index), each

    @property
    def targets(self) -> Iterator[tuple[KeyPath, Target]]:
        """Every target of every filter with its path."""
        for path, each in self.filters:
            for index, target in enumerate(each.targets):
                yield (*path, "targets", index), target

    @property
    def default_filters(self) -> Iterator[tuple[KeyPath, Target]]:
        """Every default_filter with its path."""
        for path, workflow in self.workflows:
            if workflow.default_filter is not None:
                yield (*path, "default_filter"), workflow.default_filter

    def is_closed(self, kind: Kind) -> bool:
        """Whether nothing of *kind* exists but what the file declares, once it is applied."""
        return self.whole and kind.name in self._closed

    @cached_property
    def _closed(self) -> frozenset[str]:
        return declared(self.document, {}).closed

    @cached_property
    def attribute_types(self) -> AttributeTypes:
        """The attributes of the workers that declare any, and their types."""
        return types(worker.attributes for _, worker in self.workers if worker.attributes)

    @cached_property
    def all_attributes(self) -> Sequence[Attributes]:
        """The attributes of every worker there is; nothing where the file does not show them all."""
        if not self.is_closed(WORKER) or self.document.manage.workers.attributes == "merge":
            return ()
        found = [worker.attributes for _, worker in self.workers]
        return [] if None in found else [each for each in found if each is not None]

    def _each(self, kind: Kind) -> Iterator[tuple[KeyPath, Any]]:
        return placed(self.document, kind)
