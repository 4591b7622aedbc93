"""A plan as JSON: the document that ``--format json`` and ``--out`` write, and that ``apply --plan`` reads."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from tr_apply.plan.change import Action, FieldChange, Operation, Plan, Withheld, Write
from tr_apply.plan.saved.relied_on import digest, fingerprint
from tr_apply.resources.template import SidOf, sid_of
from tr_apply.wire import FormValue, Json

FORMAT_VERSION = "1.0"
DIGEST = "sha256:"
SID_MARK = "$sid"

# What may differ between two documents that say the same: a newer minor version is written for older readers, too.
_UNCHECKED = frozenset({"format_version", "checksum"})


def plan_document(plan: Plan) -> dict[str, Any]:
    """*plan* as JSON; nothing volatile and no secret is in it."""
    content: dict[str, Any] = {
        "target": {
            "account_sid": plan.target.account_sid,
            "region": plan.target.region,
            "workspace_sid": plan.target.workspace_sid,
            "workspace": plan.target.workspace,
        },
        "base": {"fingerprint": fingerprint(plan.base), "objects": dict(plan.base)},
        "operations": [_operation(operation) for operation in plan.operations],
    }
    return {
        "plan_id": id_of(content),
        **content,
        "sids": {str(label): sid for label, sid in sorted(plan.sids.items(), key=lambda item: str(item[0]))},
        "reads": dict(plan.reads),
        "sensitive": {section: [*paths] for section, paths in sorted(plan.sensitive.items())},
        "blocked": [{"code": b.code, "message": b.message, "operation": b.operation} for b in plan.blocked],
        "diagnostics": [each.document() for each in plan.diagnostics],
        "summary": summary(plan),
    }


def plan_id(plan: Plan) -> str:
    """What names *plan*: the same target, base and operations give the same."""
    identity: str = plan_document(plan)["plan_id"]
    return identity


def summary(plan: Plan) -> dict[str, int]:
    """How many operations of each kind, and requests in all."""
    counts = {action.value: plan.count(action) for action in Action}
    return counts | {"unchanged": plan.unchanged, "requests": plan.requests}


def id_of(content: Mapping[str, Any]) -> str:
    """The id of the plan whose document has the *content*: its target, its base and its operations."""
    relevant = {
        "target": content["target"],
        "base": content["base"]["fingerprint"],
        "operations": content["operations"],
    }
    return hashlib.sha256(json.dumps(relevant, sort_keys=True).encode()).hexdigest()


def checksum_of(document: Mapping[str, Any]) -> str:
    """What a saved document has to say of itself, so that one that was edited or cut off is noticed."""
    checked = {key: value for key, value in document.items() if key not in _UNCHECKED}
    return hashlib.sha256(json.dumps(checked, sort_keys=True).encode()).hexdigest()


def _operation(operation: Operation) -> dict[str, Any]:
    return {
        "id": operation.id,
        "action": operation.action.value,
        "kind": operation.kind,
        "name": operation.name,
        "sid": operation.sid,
        "reason": operation.reason,
        "changes": [change_value(change) for change in operation.changes],
        "moves": [
            {"worker": move.worker, "sid": move.sid, "before": move.before, "after": move.after}
            for move in operation.moves
        ],
        "repoints": list(operation.repoints),
        "depends_on": list(operation.depends_on),
        "requests": operation.requests,
        "writes": [_write(write) for write in operation.writes],
    }


def change_value(change: FieldChange) -> dict[str, Any]:
    """A changed field as JSON; what must not be shown is a digest."""
    if not change.sensitive:
        return {"path": change.path, "before": change.before, "after": change.after}
    return {
        "path": change.path,
        "before": _hidden(change.before),
        "after": _hidden(change.after),
        "sensitive": True,
    }


def _hidden(value: Any) -> str | None:
    if isinstance(value, Withheld):
        return f"{DIGEST}{value.value}"
    return None if value is None else f"{DIGEST}{digest(value)}"


def _write(write: Write) -> dict[str, Any]:
    value: dict[str, Any] = {
        "verb": write.verb.value,
        "target": str(write.target),
        "sid": write.sid,
        "needs": sorted(str(label) for label in write.needs),
        "form": {name: form_value(value, hides=name in write.secrets) for name, value in write.form.items()},
        "takes": None if write.takes is None else write.takes.key,
        "vacates": None if write.vacates is None else write.vacates.key,
        "releases": sorted(map(str, write.releases)),
        "late": write.late,
    }
    if write.relies_on:
        each = sorted((str(parameter.target), parameter.parameter) for parameter in write.relies_on)
        value["relies_on"] = [{"target": target, "parameter": parameter} for target, parameter in each]
    return value


def form_value(value: FormValue, *, hides: bool) -> Any:
    """A form parameter as JSON; of one that it *hides*, a digest."""
    match value:
        case Withheld(known):
            return {"digest": known}
        case SidOf():
            return {"sid": str(value)}
        case Json(document):
            written = marked(document)
            return {"digest": digest(written)} if hides else {"json": written}
        case _:
            return {"digest": digest(value)} if hides else value


def marked(value: Any) -> Any:
    """A document with ``{"$sid": KIND/NAME}`` for each SID in it; own keys that begin with ``$`` get another one."""
    match value:
        case dict():
            return {f"${key}" if key.startswith("$") else key: marked(child) for key, child in value.items()}
        case list() | tuple():
            return [marked(child) for child in value]
        case SidOf():
            return {SID_MARK: str(value)}
        case _:
            return value


def unmarked(value: Any) -> Any:
    """The document of which ``marked`` has made *value*."""
    match value:
        case {"$sid": str(label)}:
            return sid_of(label)
        case dict():
            return {key[1:] if key.startswith("$$") else key: unmarked(child) for key, child in value.items()}
        case list():
            return [unmarked(child) for child in value]
        case _:
            return value
