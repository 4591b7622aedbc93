"""The expressions of a configuration as trees, and what their shape alone shows: constants, and SIDs."""

from typing import assert_never

from tr_apply.config.values.marks import REFERENCE
from tr_apply.errors import ExpressionSyntaxError
from tr_apply.resources import KINDS, TASK_QUEUE
from tr_apply.resources.template import made_up_sid, sample, sids_in
from tr_apply.routing.evaluate import evaluate
from tr_apply.routing.names import name_key
from tr_apply.routing.nodes import And, Comparison, Expression, Or, comparisons, paths
from tr_apply.routing.parser import parse

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
