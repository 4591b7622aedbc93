"""The declarations of a configuration as the rules look at them, expressions as trees, and what a rule is."""

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import Any, TypeAlias, assert_never

from tr_apply.config.references import declared, filters_of, placed
from tr_apply.config.values.marks import REFERENCE
from tr_apply.errors import ExpressionSyntaxError
from tr_apply.findings import Finding, KeyPath, Rule, Severity, Spot, found_by
from tr_apply.frozen import Remembering, frozen
from tr_apply.lint.attributes import Attributes, types
from tr_apply.resources import (
    KINDS,
    TASK_QUEUE,
    WORKER,
    WORKFLOW,
    Filter,
    Kind,
    Target,
    TaskQueue,
    Worker,
    Workflow,
    made_up_sid,
    sample,
    sids_in,
)
from tr_apply.resources.document import Document
from tr_apply.routing.evaluate import evaluate
from tr_apply.routing.names import name_key
from tr_apply.routing.nodes import And, Comparison, Expression, Or, comparisons, paths
from tr_apply.routing.parser import parse
from tr_apply.routing.value_types import AttributeTypes


@frozen(eq=False)
class Declarations(Remembering):
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


Remarks: TypeAlias = Iterator[tuple[Spot, str]]
"""Spots in the document, each with its message."""

_Find: TypeAlias = Callable[[Declarations], Remarks]


@frozen
class DocumentRule(Rule):
    """A rule on declarations.

    Attributes:
        find: Finds it.
        needs_all: Whether it looks for missing resources, and so is skipped while something cannot be read.
    """

    find: _Find
    needs_all: bool = False

    def findings(self, declarations: Declarations) -> Iterator[Finding]:
        """The findings of the rule in *declarations*."""
        if declarations.whole or not self.needs_all:
            for spot, message in self.find(declarations):
                yield found_by(self, message, spot)


def document_rule(
    code: str, severity: Severity, says: str, *, needs_all: bool = False
) -> Callable[[_Find], DocumentRule]:
    """Make the rule that the decorated function carries out."""
    return lambda find: DocumentRule(code, severity, says, find, needs_all)


# Expressions as trees

_SID_PREFIXES = {kind.name: kind.sid_prefix for kind in KINDS}


def routing_text(template: str) -> str | None:
    """*template* as an expression is read; None where a variable could not be replaced, which has its own error."""
    if "${" not in template:
        return template
    marks = (match for match in REFERENCE.finditer(template) if match[0] != "$${")
    if all((match[1] or "").startswith("sid:") for match in marks):
        return sample(template, _SID_PREFIXES)
    return None


def references_in(template: str) -> dict[str, str]:
    """The ``${sid:…}`` of *template* by the made-up SIDs with which `routing_text` reads it."""
    return {made_up_sid(_SID_PREFIXES.get(each.kind, "XX"), each): f"${{sid:{each}}}" for each in sids_in(template)}


def queues_in(template: str) -> dict[str, str]:
    """The key of the name of each queue that *template* asks for by SID, by the SID with which it is read."""
    prefix = TASK_QUEUE.sid_prefix
    return {
        made_up_sid(prefix, each): name_key(each.name) for each in sids_in(template) if each.kind == TASK_QUEUE.name
    }


def condition(template: str | None) -> Expression | None:
    """The tree of an expression; None where there is none or where it has a mistake, which has its own error."""
    text = None if template is None else routing_text(template)
    return None if text is None else parsed(text)


def parsed(text: str) -> Expression | None:
    """The tree of *text*; None where it has a mistake."""
    try:
        return parse(text)
    except ExpressionSyntaxError:
        return None


def repeats_attribute(tree: Expression) -> bool:
    """Whether two comparisons ask for the same attribute, or for one within another; else they are independent."""
    asked = [path.segments[0] for comparison in comparisons(tree) for path in dict.fromkeys(paths(comparison))]
    return len(set(asked)) < len(asked)


def constant(tree: Expression | None) -> bool | None:
    """The answer of *tree* if it is the same for everybody, as in ``1==1``; None where it depends."""
    match tree:
        case None:
            return None
        case Comparison():
            return None if any(paths(tree)) else evaluate(tree, {})
        case And(operands):
            answers = set(map(constant, operands))
            return False if False in answers else None if None in answers else True
        case Or(operands):
            answers = set(map(constant, operands))
            return True if True in answers else None if None in answers else False
        case _:
            assert_never(tree)
