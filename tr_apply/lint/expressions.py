"""Every text with a grammar of its own: its place, and the findings of tr_apply.routing.check."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache, lru_cache
from typing import Any, Final, NamedTuple

from tr_apply.findings import Finding, KeyPath
from tr_apply.frozen import frozen
from tr_apply.lint.attributes import are_kept
from tr_apply.lint.declarations import Declarations, routing_text
from tr_apply.lint.target_rules import shared_expression
from tr_apply.resources import Kind, Resource, Target
from tr_apply.resources.document import Document, Ownership
from tr_apply.routing import comparison_rules
from tr_apply.routing.check import EXPRESSION_SYNTAX, check, check_against
from tr_apply.routing.name_rules import own_name_in_queue
from tr_apply.routing.place import Place
from tr_apply.routing.value_types import ANYTHING, AttributeTypes, Keys, ValueTypes


class PlacedText(NamedTuple):
    """A routing text and its place.

    ``template`` is the text as the document writes it. ``given`` is an expression that is true of the task in this
    place.
    """

    path: KeyPath
    text: str
    place: Place
    template: str
    given: str | None = None


_OF_TARGETS: Final[Mapping[str, Place]] = {
    "expression": Place.TARGET,
    "order_by": Place.ORDER_BY,
    "skip_if": Place.SKIP_IF,
    "known_worker_sid": Place.KNOWN_WORKER,
    "known_worker_friendly_name": Place.KNOWN_WORKER,
}

_OF_PARTS: Final = frozenset(
    rule.code
    for rule in (
        comparison_rules.constant_comparison,
        comparison_rules.contradiction,
        comparison_rules.repeated_condition,
        comparison_rules.both_missing,
    )
)
"""Rules that do not apply to a text that all targets share, because each target needs only a part of it."""

_OF_WORKERS: Final = frozenset({Place.QUEUE, Place.TARGET, Place.ORDER_BY})
_WHERE: Final = ("manage", "workers", "where")


@lru_cache(maxsize=1)
def placed_texts(declarations: Declarations) -> Sequence[PlacedText]:
    """Every routing text of the document, except those in which a variable could not be replaced.

    Five rules ask for them, one after the other.
    """
    return tuple(_placed_texts(declarations))


def _placed_texts(declarations: Declarations) -> Iterator[PlacedText]:
    for path, queue in declarations.queues:
        if queue.target_workers.strip():  # nobody, otherwise
            yield from _site((*path, "target_workers"), queue.target_workers, Place.QUEUE)
    for path, each in declarations.filters:
        yield from _site((*path, "expression"), each.expression, Place.FILTER)
        given = routing_text(each.expression)
        for index, target in enumerate(each.targets):
            yield from _of_target((*path, "targets", index), target, given)
    for path, default in declarations.default_filters:
        yield from _of_target(path, default, None)
    yield from _site(_WHERE, declarations.document.manage.workers.where, Place.QUEUE)


def _of_target(path: KeyPath, target: Target, given: str | None) -> Iterator[PlacedText]:
    for field, place in _OF_TARGETS.items():
        yield from _site((*path, field), getattr(target, field), place, given if place is Place.TARGET else None)


def _site(path: KeyPath, template: str | None, place: Place, given: str | None = None) -> Iterator[PlacedText]:
    if template and (text := routing_text(template)) is not None:
        yield PlacedText(path, text, place, template, given)


def texts_of(kind: Kind, resource: Resource) -> Sequence[PlacedText]:
    """The same of one *resource* alone, as if nothing else were declared."""
    section: dict[str, Any] = {kind.section: [resource]}
    return placed_texts(Declarations(Document.model_construct(**section)))


def is_unreadable(text: PlacedText) -> bool:
    """Whether it has a syntax error."""
    return any(finding.code == EXPRESSION_SYNTAX.code for finding in check(text.text, text.place))


def expression_findings(declarations: Declarations) -> Iterator[Finding]:
    """The findings about every routing text; equal texts are checked once."""
    known = _known_types(declarations)

    @cache
    def found(text: str, place: Place, given: str | None) -> tuple[Finding, ...]:
        further = check_against(text, place, known) if place in _OF_WORKERS else ()
        return (*check(text, place, given=given), *further)

    templates = {path: routing_text(shared_expression(each) or "") for path, each in declarations.workflows}
    for text in placed_texts(declarations):
        is_template = text.place is Place.TARGET and text.text == templates.get(text.path[:2])
        for finding in found(text.text, text.place, text.given):
            if not (is_template and finding.code in _OF_PARTS) and not _is_documented(finding, text):
                yield finding._replace(spot=finding.spot._replace(path=text.path))


def _is_documented(finding: Finding, text: PlacedText) -> bool:
    """Whether a name of TaskRouter's own is where it is documented."""
    return text.path == _WHERE and finding.code == own_name_in_queue.code


@frozen
class _KnownTypes(AttributeTypes):
    """Types of attributes if the file does not show some of them."""

    rule: Ownership

    def at(self, keys: Keys) -> ValueTypes | None:
        return ANYTHING if are_kept(self.rule, keys) else AttributeTypes.at(self, keys)


def _known_types(declarations: Declarations) -> AttributeTypes:
    known = declarations.attribute_types.types if declarations.all_attributes else {}
    return _KnownTypes(known, declarations.document.manage.workers)
