"""A plan as JSON: the document that ``--format json`` and ``--out`` write, and that ``apply --plan`` reads."""

import hashlib
import json
import operator
from collections.abc import Mapping, Sequence
from dataclasses import field, replace
from functools import cache
from typing import Annotated, Any

from pydantic import Field, PlainSerializer, PlainValidator, TypeAdapter, WithJsonSchema

from tr_apply.envelope import head, json_text
from tr_apply.findings import FINDING_SCHEMA, Finding
from tr_apply.frozen import frozen
from tr_apply.plan.change import Action, Blocked, FieldChange, Operation, Plan, PlanTarget, Write
from tr_apply.plan.impact import Impact
from tr_apply.plan.json_values import (
    Count,
    KindName,
    Label,
    SecretDigest,
    Sha256,
    Share,
    Sid,
    digest,
    hidden,
    is_empty,
    is_none,
)
from tr_apply.plan.saved.relied_on import fingerprint

# May differ between two documents with the same content: a newer minor version is written for older readers, too.
_UNCHECKED = frozenset({"format_version", "checksum"})

# Says where the workspace is, and may differ between two plans with the same effect.
_PLACES = frozenset({"source", "host", "database"})


def _finding(value: Any) -> Finding:
    return value if isinstance(value, Finding) else Finding.from_document(value)


FindingDocument = Annotated[
    Finding, PlainSerializer(Finding.document), PlainValidator(_finding), WithJsonSchema(FINDING_SCHEMA)
]


@frozen
class Base:
    """The state that a plan was made from."""

    fingerprint: Sha256
    """SHA-256 of the state that the plan relies on."""

    objects: Mapping[str, Mapping[str, Any]]
    """The state that the plan relies on, by ``KIND/NAME``: digests of fields, values that may be shown, and names."""


@frozen
class Summary:
    """How many operations of each kind there are."""

    create: Count
    """Resources that are created."""

    update: Count
    """Resources that are changed in place."""

    replace: Count
    """Resources that get a new SID, because TaskRouter cannot change them."""

    delete: Count
    """Resources that are deleted."""

    unchanged: Count
    """Declared resources that need nothing."""

    requests: Count
    """Writes that apply sends, retries of refused ones aside."""


@frozen
class PlanDocument:
    """Everything that must be done to make one workspace what the configuration says."""

    plan_id: Sha256
    """SHA-256 of target, base and operations: the same plan has the same id."""

    target: PlanTarget
    """The workspace."""

    base: Base
    """The state that the plan was made from."""

    operations: Sequence[Operation]
    """In an order in which they could be carried out one after the other."""

    sids: Mapping[Label, Sid]
    """The known SIDs for the requests, by ``KIND/NAME``."""

    reads: Mapping[KindName, str]
    """The kinds that were read for it, each with a digest of the resources that it does not rely on."""

    sensitive: Mapping[str, Sequence[str]]
    """Paths that are not shown, by the section of ``manage``."""

    blocked: Sequence[Blocked]
    """Operations that may not be carried out; apply then writes nothing."""

    diagnostics: Sequence[FindingDocument]
    """Further notes for the reader."""

    summary: Summary
    """How many operations there are."""

    outputs: Annotated[Mapping[str, str], Field(exclude_if=is_empty)] = field(default_factory=dict)
    """The outputs for other systems, by name; SIDs as ``${sid:KIND/NAME}``."""

    impact: Annotated[Impact | None, Field(exclude_if=is_none)] = None
    """The effect of the plan on people and tasks; absent for a new workspace and for ``--impact none``."""

    impact_skipped: Annotated[bool, Field(exclude_if=operator.not_)] = False
    """Whether ``--impact none`` left it out: nobody has seen who loses a place in a queue."""

    people_limits: Annotated[Sequence[Count | Share], Field(exclude_if=is_empty)] = ()
    """``safety.max_people_lost``, which apply checks again. The strictest one counts."""


@cache
def _adapter() -> TypeAdapter[PlanDocument]:
    return TypeAdapter(PlanDocument)


def plan_document(plan: Plan) -> dict[str, Any]:
    """*plan* as JSON; nothing volatile and no secret is in it."""
    described = _described(_without_secrets(plan))
    text: str | bytes
    try:
        text = _adapter().dump_json(described)
    except ValueError:  # half a surrogate pair, or very deep attributes
        text = json.dumps(_adapter().dump_python(described))
    document: dict[str, Any] = json.loads(text)
    return document | {"plan_id": id_of(document)}


def plan_id(plan: Plan) -> str:
    """The identity of *plan*: equal for the same target, base and operations."""
    identity: str = plan_document(plan)["plan_id"]
    return identity


def plan_of(document: PlanDocument) -> Plan:
    """The plan that *document* describes; sensitive values are digests."""
    return Plan(
        target=document.target,
        operations=tuple(map(_with_digests, document.operations)),
        blocked=document.blocked,
        diagnostics=document.diagnostics,
        unchanged=document.summary.unchanged,
        sids=document.sids,
        base=document.base.objects,
        reads=document.reads,
        sensitive=document.sensitive,
        outputs=document.outputs,
        impact=document.impact,
        impact_skipped=document.impact_skipped,
        people_limits=document.people_limits,
    )


def id_of(document: Mapping[str, Any]) -> str:
    """The id of the plan of *document*, from its target, its base and its operations."""
    relevant = {
        "target": _without_places(document["target"]),
        "base": document["base"]["fingerprint"],
        "operations": [_without_judgements(_without_places(each)) for each in document["operations"]],
    }
    return hashlib.sha256(json.dumps(relevant, sort_keys=True).encode()).hexdigest()


def _without_places(value: Mapping[str, Any]) -> dict[str, Any]:
    return {key: each for key, each in value.items() if key not in _PLACES}


def _without_judgements(operation: Mapping[str, Any]) -> dict[str, Any]:
    """*operation* without what ``--impact`` says of its changes."""
    changes = [{key: each for key, each in change.items() if key != "cosmetic"} for change in operation["changes"]]
    return {**operation, "changes": changes}


def checksum_of(document: Mapping[str, Any]) -> str:
    """The checksum of a saved document, which shows whether it was edited or cut off."""
    checked = {key: value for key, value in document.items() if key not in _UNCHECKED}
    return hashlib.sha256(json.dumps(checked, sort_keys=True).encode()).hexdigest()


def checked_envelope(
    command: str, exit_code: int, content: Mapping[str, Any], errors: Sequence[Mapping[str, Any]] = ()
) -> str:
    """An ``envelope`` with a checksum, for documents that are read again later."""
    document = {**head(command, exit_code, errors), **content}
    return json_text(document | {"checksum": checksum_of(document)})


def summary(plan: Plan) -> Summary:
    """How many operations of each kind, and requests in all."""
    counts = {action.value: plan.count(action) for action in Action}
    return Summary(**counts, unchanged=plan.unchanged, requests=plan.requests)


def _described(plan: Plan) -> PlanDocument:
    return PlanDocument(
        plan_id="",
        target=plan.target,
        base=Base(fingerprint(plan.base), plan.base),
        operations=plan.operations,
        sids=dict(sorted(plan.sids.items(), key=lambda item: str(item[0]))),
        reads=plan.reads,
        sensitive=dict(sorted(plan.sensitive.items())),
        blocked=plan.blocked,
        diagnostics=plan.diagnostics,
        summary=summary(plan),
        outputs=plan.outputs,
        impact=plan.impact,
        impact_skipped=plan.impact_skipped,
        people_limits=plan.people_limits,
    )


# Secrets


def _without_secrets(plan: Plan) -> Plan:
    """*plan* with digests for everything that must not be shown."""
    return replace(plan, operations=[_operation_without_secrets(each) for each in plan.operations])


def _operation_without_secrets(operation: Operation) -> Operation:
    changes = [shown_change(each) for each in operation.changes]
    return replace(operation, changes=changes, writes=[_write_without_secrets(each) for each in operation.writes])


def shown_change(change: FieldChange) -> FieldChange:
    """*change* with digests for values that must not be shown."""
    if not change.sensitive:
        return change
    return replace(change, before=_digest_of(change.before), after=_digest_of(change.after))


def _digest_of(value: Any) -> SecretDigest | None:
    return value if value is None or isinstance(value, SecretDigest) else SecretDigest(digest(value))


def _write_without_secrets(write: Write) -> Write:
    if not write.secrets:
        return write
    form = {name: hidden(value) if name in write.secrets else value for name, value in write.form.items()}
    return replace(write, form=form)


def _with_digests(operation: Operation) -> Operation:
    """*operation* as it was read, with all sensitive values marked."""
    return replace(
        operation,
        changes=[_change_with_digests(each) for each in operation.changes],
        writes=[_write_with_digests(each) for each in operation.writes],
    )


def _change_with_digests(change: FieldChange) -> FieldChange:
    if not change.sensitive:
        return change
    before, after = (None if each is None else SecretDigest.read(each) for each in (change.before, change.after))
    return replace(change, before=before, after=after)


def _write_with_digests(write: Write) -> Write:
    return replace(write, secrets=frozenset(n for n, value in write.form.items() if isinstance(value, SecretDigest)))
