"""Expressions that do not parse and that the configuration accepts: they stay only where they are live already."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from tr_apply.findings import Finding, KeyPath, error_at
from tr_apply.lint.declarations import Declarations
from tr_apply.lint.expressions import is_unreadable, placed_texts
from tr_apply.plan.matching.decisions import Decisions
from tr_apply.resources import TASK_QUEUE, WORKFLOW
from tr_apply.resources.document import Document
from tr_apply.routing.check import EXPRESSION_SYNTAX
from tr_apply.wire import model_of

_KINDS = (TASK_QUEUE, WORKFLOW)


def unreadable(decisions: Decisions) -> Iterator[Finding]:
    """Accepted expressions whose live counterpart does not hold the same text."""
    if not any(each.code == EXPRESSION_SYNTAX.code for each in decisions.document.lint.accept):
        return
    live = _live_texts(decisions)
    for each in placed_texts(Declarations(decisions.document)):
        if is_unreadable(each) and each.text not in live.get(each.path[:2], ()):
            message = "this does not parse, and it is not live: only what TaskRouter holds already can be accepted"
            yield error_at(EXPRESSION_SYNTAX.code, message, each.path)


def _live_texts(decisions: Decisions) -> Mapping[KeyPath, set[str]]:
    """Every expression that is live, by the path of the declared resource that it belongs to."""
    matches = [match for kind in _KINDS for match in decisions.matched.matches(kind) if match.live is not None]
    models = [(match, model_of(match.live, decisions.matched.labels)) for match in matches if match.live is not None]
    found: dict[KeyPath, set[str]] = defaultdict(set)
    for match, model in models:
        section: dict[str, Any] = {match.kind.section: [model]}
        alone = Document.model_construct(**section)
        found[match.kind.section, match.index] = {each.text for each in placed_texts(Declarations(alone))}
    return found
