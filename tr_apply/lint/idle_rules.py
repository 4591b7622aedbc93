"""Rules on ``manage`` and ``safety``: entries without any effect."""

from collections.abc import Sequence
from typing import Any, Final

from tr_apply.config.references import placed
from tr_apply.config.suggestions import nearest
from tr_apply.findings import Severity, Spot
from tr_apply.lint.declarations import Declarations, Remarks, document_rule
from tr_apply.resources import KIND_BY_NAME, SECTIONS, WORKER_CHANNEL, WORKSPACE, Kind
from tr_apply.resources.document import Document, Ownership, SectionOwnership, WorkersOwnership
from tr_apply.resources.field_path import fits, root_of
from tr_apply.routing.names import name_key

_SIGNS: Final = frozenset("*?")


@document_rule("idle-limit", Severity.INFO, "`safety.max_deletes` limits nothing.", needs_all=True)
def idle_limit(declarations: Declarations) -> Remarks:
    """Where no section is exact, nothing is ever deleted."""
    document = declarations.document
    if "max_deletes" in document.safety.model_fields_set and not any(_deletes(document, kind) for kind in SECTIONS):
        message = "nothing is ever deleted here: no section that is written is `exact` in `manage`"
        yield Spot(("safety", "max_deletes"), key=True), message


def _deletes(document: Document, kind: Kind) -> bool:
    rule: SectionOwnership = getattr(document.manage, kind.section)
    return document.declares(kind.section) and rule.mode == "exact"


@document_rule("idle-protection", Severity.WARNING, "An entry of `safety.protect` protects nothing.", needs_all=True)
def idle_protection(declarations: Declarations) -> Remarks:
    """A name that nothing has, or a kind that is never deleted; for live resources a plan reports the same."""
    for index, pattern in enumerate(declarations.document.safety.protect):
        kind, _, name = pattern.partition("/")
        if (why := _protects_nothing(declarations.document, KIND_BY_NAME[kind], name)) is not None:
            yield Spot(("safety", "protect", index)), f"this protects nothing: {why}"


def _protects_nothing(document: Document, kind: Kind, pattern: str) -> str | None:
    if kind is WORKER_CHANNEL:
        return "the channels of a worker are never deleted by themselves"
    names = _names(document, kind)
    if any(fits(name_key(name), name_key(pattern)) for name in names):
        return None
    if kind.parent is None:
        return f"the workspace is called {document.workspace.name!r}"
    if _SIGNS.isdisjoint(pattern) and (near := nearest(pattern, names)) is not None:
        return f"no declared {kind.title} has this name; did you mean {near!r}?"
    return None


def _names(document: Document, kind: Kind) -> Sequence[str]:
    """Present and former names of the declared resources of *kind*."""
    return [name for _, each in placed(document, kind) for name in (kind.name_of(each), *each.renamed_from)]


@document_rule(
    "idle-ignore",
    Severity.INFO,
    "A path in `ignore` has no effect: the field keeps its live value anyway.",
    needs_all=True,
)
def idle_ignore(declarations: Declarations) -> Remarks:
    """A path in a section that is not ours, or of a field that is not compared where the file leaves it out."""
    for kind in (WORKSPACE, *SECTIONS):
        rule: Ownership = getattr(declarations.document.manage, kind.section)
        for index, path in enumerate(rule.ignore):
            if (why := _ignores_nothing(declarations.document, kind, rule, path)) is not None:
                yield Spot(("manage", kind.section, "ignore", index)), f"this has no effect: {why}"


def _ignores_nothing(document: Document, kind: Kind, rule: Ownership, path: str) -> str | None:
    if not document.declares(kind.section):
        return f"`{kind.section}` is not in the file, so all of it keeps its live values"
    if isinstance(rule, SectionOwnership) and rule.mode == "ignore":
        return f"`manage.{kind.section}` ignores the whole section"
    resources = [each for _, each in placed(document, kind)]
    if not resources:
        return f"`{kind.section}` declares nothing that a path could lead into"
    field = root_of(path)
    if field not in kind.model.model_fields:
        return None  # which is an error by itself
    if isinstance(rule, WorkersOwnership) and rule.attributes == "merge" and field == "attributes":
        return "`attributes: merge` keeps the live value of every attribute that is not written"
    if any(_is_compared(kind, field, resource) for resource in resources):
        return None
    return f"`{field}` keeps its live value where it is not written"


def _is_compared(kind: Kind, field: str, resource: Any) -> bool:
    """Whether *field* of the declared *resource* may change although the file does not say it."""
    if field in kind.kept_when_unset:
        return getattr(resource, field) is not None
    return field in {*kind.fields, *kind.document_keys} - kind.runtime
