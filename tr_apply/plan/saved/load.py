"""Saved plans: ``plan --out`` read back, and refused where it is not what was written."""

import json
from collections.abc import Mapping
from typing import Annotated, Any, NoReturn

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from tr_apply.errors import RefusedError
from tr_apply.findings import Finding, Severity
from tr_apply.plan.change import (
    Action,
    Blocked,
    FieldChange,
    Move,
    NameOf,
    Operation,
    ParameterOf,
    Plan,
    Target,
    Verb,
    Withheld,
    Write,
)
from tr_apply.plan.saved.document import DIGEST, FORMAT_VERSION, checksum_of, id_of, unmarked
from tr_apply.plan.saved.relied_on import fingerprint
from tr_apply.resources import KIND_BY_NAME
from tr_apply.resources.template import sid_of
from tr_apply.routing.names import sid_pattern
from tr_apply.wire import FormValue, Json

_AGAIN = "plan again"


def saved_plans(text: str) -> list[Plan]:
    """The plans in *text*, as ``plan --out`` wrote it; sensitive values are ``Withheld``.

    Raises:
        RefusedError: when it is something else, has been edited or cut off, or is from a newer version.
    """
    document = _parsed(text)
    _require_version(document)
    if document.get("command") != "plan":
        raise RefusedError("it is the result of another command than plan")
    if document.get("checksum") != checksum_of(document):
        raise RefusedError(f"it has been edited since it was written; {_AGAIN}")
    try:
        saved = _Saved.model_validate(document)
        plans = [each.plan() for each in saved.plans]
    except (ValidationError, RecursionError) as error:
        raise RefusedError(f"its content is not that of a plan; {_AGAIN}") from error
    for each in document["plans"]:
        if each["plan_id"] != id_of(each) or each["base"]["fingerprint"] != fingerprint(each["base"]["objects"]):
            raise RefusedError(f"its plan id does not belong to its content; {_AGAIN}")
    if not plans:
        raise RefusedError(f"there is no plan in it: {_why_empty(document)}")
    return plans


def _why_empty(document: Mapping[str, Any]) -> str:
    """What the file itself says, which is more than that it is empty."""
    match document.get("errors"):
        case [{"message": str(message)}, *_]:
            return message
        case _:
            return "planning failed"


def _parsed(text: str) -> dict[str, Any]:
    try:
        document = json.loads(text, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise RefusedError(f"it is no JSON, or only a part of it; {_AGAIN}") from error
    if not isinstance(document, dict):
        raise RefusedError("it is JSON, but no plan")
    return document


def _no_number(constant: str) -> NoReturn:
    raise ValueError(constant)


def _require_version(document: Mapping[str, Any]) -> None:
    """Newer minor versions only add to what is read here; a newer major version may mean something else by it."""
    version = document.get("format_version")
    major, dot, minor = version.partition(".") if isinstance(version, str) else ("", "", "")
    if not (dot and major.isdigit() and minor.isdigit()):
        raise RefusedError("it is JSON, but no plan")
    if major != FORMAT_VERSION.partition(".")[0]:
        raise RefusedError(
            f"it has the format {version}, and this tr-apply reads {FORMAT_VERSION}; use the version that has made it, "
            f"or {_AGAIN}"
        )


# What a document must look like


def _label(text: str) -> str:
    label = sid_of(text)
    if label.kind not in KIND_BY_NAME:
        raise ValueError(text)
    return text


_Label = Annotated[str, AfterValidator(_label)]
_Sid = Annotated[str, Field(pattern=f"^{sid_pattern()}$")]
_KindName = Annotated[str, AfterValidator(_label)]


class _Part(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore")


class _Target(_Part):
    account_sid: str | None
    region: str | None = None
    workspace_sid: _Sid | None
    workspace: str


class _Base(_Part):
    objects: dict[str, dict[str, Any]]


class _Change(_Part):
    path: str
    before: Any
    after: Any
    sensitive: bool = False

    def change(self) -> FieldChange:
        if not self.sensitive:
            return FieldChange(self.path, self.before, self.after)
        return FieldChange(self.path, _withheld(self.before), _withheld(self.after), sensitive=True)


def _withheld(value: Any) -> Withheld | None:
    return None if value is None else Withheld(str(value).removeprefix(DIGEST))


class _Move(_Part):
    worker: str
    sid: _Sid | None
    before: str
    after: str


class _Parameter(_Part):
    target: _Label
    parameter: str


class _SidValue(_Part):
    model_config = ConfigDict(strict=True, extra="forbid")
    sid: _Label


class _JsonValue(_Part):
    model_config = ConfigDict(strict=True, extra="forbid")
    content: Any = Field(alias="json")


class _Digest(_Part):
    model_config = ConfigDict(strict=True, extra="forbid")
    digest: str


class _Write(_Part):
    verb: Annotated[Verb, Field(strict=False)]
    target: _Label
    sid: _Sid | None
    needs: list[_Label]
    form: dict[str, str | _SidValue | _JsonValue | _Digest]
    takes: str | None
    vacates: str | None
    releases: list[_Label]
    late: bool
    relies_on: list[_Parameter] = []

    def write(self) -> Write:
        target = sid_of(self.target)
        return Write(
            self.verb,
            target,
            self.sid,
            {name: _form_value(value) for name, value in self.form.items()},
            needs=frozenset(map(sid_of, self.needs)),
            relies_on=frozenset(ParameterOf(sid_of(each.target), each.parameter) for each in self.relies_on),
            takes=None if self.takes is None else NameOf(target.kind, self.takes),
            vacates=None if self.vacates is None else NameOf(target.kind, self.vacates),
            releases=frozenset(map(sid_of, self.releases)),
            late=self.late,
            secrets=frozenset(name for name, value in self.form.items() if isinstance(value, _Digest)),
        )


def _form_value(value: str | _SidValue | _JsonValue | _Digest) -> FormValue:
    match value:
        case _SidValue():
            return sid_of(value.sid)
        case _JsonValue():
            return Json(unmarked(value.content))
        case _Digest():
            return Withheld(value.digest)
        case _:
            return value


class _Operation(_Part):
    id: str
    action: Annotated[Action, Field(strict=False)]
    kind: _KindName
    name: str
    sid: _Sid | None
    reason: str
    changes: list[_Change]
    moves: list[_Move]
    repoints: list[str]
    depends_on: list[str]
    writes: list[_Write]

    def operation(self) -> Operation:
        return Operation(
            self.action,
            self.kind,
            self.name,
            self.sid,
            tuple(each.change() for each in self.changes),
            tuple(each.write() for each in self.writes),
            tuple(Move(each.worker, each.sid, each.before, each.after) for each in self.moves),
            tuple(self.repoints),
            self.reason,
            self.id,
            tuple(self.depends_on),
        )


class _Blocked(_Part):
    code: str
    message: str
    operation: str


class _Finding(_Part):
    severity: Annotated[Severity, Field(strict=False)]
    code: str
    message: str
    file: str | None
    line: int | None
    column: int | None
    path: str | None


class _Summary(_Part):
    unchanged: int


class _Plan(_Part):
    plan_id: str
    target: _Target
    base: _Base
    operations: list[_Operation]
    sids: dict[_Label, _Sid]
    reads: dict[_KindName, str]
    sensitive: dict[str, list[str]] = {}
    blocked: list[_Blocked]
    diagnostics: list[_Finding]
    summary: _Summary

    def plan(self) -> Plan:
        target = self.target
        return Plan(
            Target(target.workspace, target.account_sid, target.workspace_sid, target.region),
            tuple(each.operation() for each in self.operations),
            tuple(Blocked(each.code, each.message, each.operation) for each in self.blocked),
            tuple(Finding(**each.model_dump()) for each in self.diagnostics),
            self.summary.unchanged,
            {sid_of(label): sid for label, sid in self.sids.items()},
            self.base.objects,
            self.reads,
            self.sensitive,
        )


class _Saved(_Part):
    plans: list[_Plan]
