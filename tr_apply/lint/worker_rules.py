"""Rules on workers: what expressions cannot ask of them, and whether they are ours."""

import re
from collections import defaultdict
from itertools import takewhile
from typing import Any, Final

from tr_apply.findings import KeyPath, Severity, Spot
from tr_apply.lint.attributes import are_kept
from tr_apply.lint.declarations import Declarations, Remarks, condition, document_rule
from tr_apply.resources.template import each_string
from tr_apply.routing.evaluate import compiled
from tr_apply.routing.nodes import Expression, paths
from tr_apply.routing.place import OWN_NAMES
from tr_apply.routing.value_types import Keys

_FIRST_KEY: Final = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]*")
_LATER_KEY: Final = re.compile(r"[A-Za-z0-9_$]+")
_LISTED: Final = 3  # names

_UNKNOWN_NAMES: Final = OWN_NAMES - {"friendly_name"}
"""Names of a worker that only TaskRouter knows."""


@document_rule("attribute-key", Severity.INFO, "An attribute of a worker has a name that an expression cannot use.")
def attribute_key(declarations: Declarations) -> Remarks:
    """A key with a hyphen is legal, but no expression can name it. Reported once for all workers."""
    found: dict[Keys, list[str]] = defaultdict(list)
    for keys in declarations.attribute_types.types:
        name, pattern = keys[-1], _LATER_KEY if keys[:-1] else _FIRST_KEY
        if isinstance(name, str) and not pattern.fullmatch(name):
            found[keys[:-1]].append(name)
    for within, names in found.items():
        listed = ", ".join(map(repr, names[:_LISTED])) + ", …" * (len(names) > _LISTED)
        message = f"expressions cannot name {listed}: they know keys of letters, digits, _ and $ only"
        yield Spot(_first_with((*within, names[0]), declarations), key=True), message


def _first_with(keys: Keys, declarations: Declarations) -> KeyPath:
    """The path of the attribute in the first worker that has it; as far as there is no list in between."""
    plain = tuple(takewhile(lambda key: key != 0, keys))
    return next(
        (*path, "attributes", *plain) for path, worker in declarations.workers if _has(worker.attributes, plain)
    )


def _has(value: Any, keys: Keys) -> bool:
    if not keys:
        return True
    return isinstance(value, dict) and keys[0] in value and _has(value[keys[0]], keys[1:])


@document_rule("outside-scope", Severity.ERROR, "A worker is declared that `manage.workers.where` leaves out.")
def outside_scope(declarations: Declarations) -> Remarks:
    """Such a worker would be created, and from then on be none of ours."""
    tree = condition(declarations.document.manage.workers.where)
    if tree is None or not _is_decided_here(tree, declarations):
        return
    is_ours = compiled(tree)
    for path, worker in declarations.workers:
        attributes = worker.attributes
        if attributes is None or is_ours({**attributes, "friendly_name": worker.name}):
            continue
        if not any("${" in text for text in each_string(attributes)):
            what = f"the attributes of {worker.name!r} do not match `manage.workers.where`, so it would not be ours"
            yield Spot((*path, "attributes")), f"{what}; change one or the other"


def _is_decided_here(where: Expression, declarations: Declarations) -> bool:
    """Whether the file has everything that *where* reads."""
    rule = declarations.document.manage.workers
    if rule.attributes == "merge" or "${" in str(rule.where):
        return False
    asked = [path.segments for path in paths(where)]
    return not any(keys[0] in _UNKNOWN_NAMES or are_kept(rule, keys) for keys in asked)
