"""A finding by meaning, and how it names filters, expressions and tasks."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from tr_apply.findings import KeyPath, Rule
from tr_apply.lint.declarations import references_in
from tr_apply.resources.workflow import Workflow
from tr_apply.routing.format import format_expression
from tr_apply.routing.nodes import Expression
from tr_apply.routing.satisfy import Taker, Task, TaskFilter

_LONGEST: Final = 120
"""Characters of an expression in a message."""

_LISTED: Final = 3
"""Filters and tasks in one message."""


@dataclass(frozen=True, slots=True)
class MeaningFinding:
    """Something about a workflow that follows from what its expressions mean."""

    rule: Rule
    message: str
    path: KeyPath
    """Keys and indices within the workflow, as in ``("filters", 3, "expression")``."""

    task: Task | None = None
    """A task such as it is about; its SIDs may be made up (`Words.task`)."""

    by: tuple[TaskFilter, ...] = ()
    """The filters to blame."""

    @property
    def names(self) -> list[str | None]:
        """The names of the filters to blame; None for one that has no name."""
        return [each.name for each in self.by]


class Words:
    """Names for the invented SIDs in the findings of one workflow."""

    def __init__(self, workflow: Workflow) -> None:
        filters = [each for each in workflow.filters if each is not None]
        texts = [target.expression for each in filters for target in each.targets if target.expression]
        self._references: dict[str, str] = {}
        for template in (*texts, *(each.expression for each in filters)):
            self._references |= references_in(template)

    def task(self, task: Task) -> Any:
        """*task* with references in place of made-up SIDs."""
        return json.loads(self._written(json.dumps(task)))

    def such_as(self, task: Task) -> str:
        """*task* as a message has it."""
        return self._written(json.dumps(task, ensure_ascii=False))

    def expression(self, expression: Expression) -> str:
        """*expression* as a message has it."""
        text = self._written(format_expression(expression))
        return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"

    def _written(self, text: str) -> str:
        for sid, reference in self._references.items():
            text = text.replace(sid, reference)
        return text

    def examples(self, takers: Sequence[Taker]) -> str:
        """``such as {…} and {…}``: a task for each of the first *takers*."""
        return f"such as {listed(self.such_as(taker.task) for taker in takers[:_LISTED])}"


def labels(filters: Sequence[TaskFilter]) -> str:
    """``filter 4 (Spanish)``, or several; each as text output of a plan has it."""
    named = [f"filter {each.number}" + (f" ({each.name})" if each.name else "") for each in filters[:_LISTED]]
    more = len(filters) - _LISTED
    return listed([*named, *([f"{more} more"] if more > 0 else [])])


def listed(texts: Iterable[str]) -> str:
    """*texts* with commas and an ``and``."""
    *first, last = texts
    return f"{', '.join(first)} and {last}" if first else last
