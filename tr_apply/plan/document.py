"""A plan as JSON: the document that ``--format json`` and ``--out`` write, and that ``apply --plan`` reads."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from tr_apply.diagnostics import Diagnostic
from tr_apply.plan.base import digest, fingerprint
from tr_apply.plan.change import Action, FieldChange, Operation, Plan, Write
from tr_apply.resources.template import SidOf, mapped
from tr_apply.wire import FormValue, Json

FORMAT_VERSION = "1.0"


def plan_document(plan: Plan) -> dict[str, Any]:
    """*plan* as JSON; nothing volatile and no secret is in it."""
    content: dict[str, Any] = {
        "target": {
            "account_sid": plan.target.account_sid,
            "workspace_sid": plan.target.workspace_sid,
            "workspace": plan.target.workspace,
        },
        "base": {"fingerprint": fingerprint(plan.base), "objects": dict(plan.base)},
        "operations": [_operation(operation) for operation in plan.operations],
    }
    return {
        "plan_id": _id_of(content),
        **content,
        "sids": {str(label): sid for label, sid in sorted(plan.sids.items(), key=lambda item: str(item[0]))},
        "blocked": [{"code": b.code, "message": b.message, "operation": b.operation} for b in plan.blocked],
        "diagnostics": [diagnostic_value(each) for each in plan.diagnostics],
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


def _id_of(content: Mapping[str, Any]) -> str:
    relevant = {**content, "base": content["base"]["fingerprint"]}
    return hashlib.sha256(json.dumps(relevant, sort_keys=True).encode()).hexdigest()


def diagnostic_value(each: Diagnostic) -> dict[str, Any]:
    """A finding as JSON."""
    return {"severity": each.severity.value, **error_value(each)}


def error_value(each: Diagnostic) -> dict[str, Any]:
    """A finding as JSON, in the form of an error."""
    return {
        "code": each.code,
        "message": each.message,
        "file": each.file,
        "line": each.line,
        "column": each.column,
        "path": each.path,
    }


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
    return None if value is None else f"sha256:{digest(value)}"


def _write(write: Write) -> dict[str, Any]:
    return {
        "verb": write.verb.value,
        "target": str(write.target),
        "sid": write.sid,
        "needs": sorted(str(label) for label in write.needs),
        "form": {name: _form_value(value, hides=name in write.secrets) for name, value in write.form.items()},
        "takes": None if write.takes is None else write.takes.key,
        "vacates": None if write.vacates is None else write.vacates.key,
        "releases": sorted(map(str, write.releases)),
        "late": write.late,
    }


def _form_value(value: FormValue, *, hides: bool) -> Any:
    match value:
        case SidOf():
            return {"sid": str(value)}
        case Json(document):
            written = mapped(document, lambda leaf: {"$sid": str(leaf)} if isinstance(leaf, SidOf) else leaf)
            return {"digest": digest(written)} if hides else {"json": written}
        case _:
            return {"digest": digest(value)} if hides else value
