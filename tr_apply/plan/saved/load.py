"""Saved plans: ``plan --out`` read back, and refused if the file was changed."""

import json
from collections.abc import Mapping
from functools import cache
from typing import Any, NoReturn

from pydantic import TypeAdapter, ValidationError

from tr_apply.envelope import FORMAT_VERSION
from tr_apply.errors import RefusedError
from tr_apply.plan.change import Plan
from tr_apply.plan.saved.document import PlanDocument, checksum_of, id_of, plan_of
from tr_apply.plan.saved.relied_on import fingerprint
from tr_apply.resources.scalar import whole_number

_AGAIN = "plan again"


@cache
def _adapter() -> TypeAdapter[list[PlanDocument]]:
    return TypeAdapter(list[PlanDocument])


def read_plan(document: Mapping[str, Any]) -> Plan:
    """The plan that *document* describes, one of the ``plans`` of a saved file; sensitive values are digests.

    Raises:
        RefusedError: when it is something else.
    """
    try:
        [plan] = _adapter().validate_json(json.dumps([document]), strict=True)
    except (ValidationError, RecursionError) as error:
        raise RefusedError(f"its content is not that of a plan; {_AGAIN}") from error
    return plan_of(plan)


def saved_plans(text: str) -> list[Plan]:
    """The plans in *text*, as ``plan --out`` wrote it; sensitive values are digests.

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
        plans = [plan_of(each) for each in _adapter().validate_json(json.dumps(document.get("plans")), strict=True)]
    except (ValidationError, RecursionError) as error:
        raise RefusedError(f"its content is not that of a plan; {_AGAIN}") from error
    for each in document["plans"]:
        if each["plan_id"] != id_of(each) or each["base"]["fingerprint"] != fingerprint(each["base"]["objects"]):
            raise RefusedError(f"its plan id does not belong to its content; {_AGAIN}")
    if not plans:
        raise RefusedError(f"there is no plan in it: {_why_empty(document)}")
    return plans


def _why_empty(document: Mapping[str, Any]) -> str:
    """The reason in the file itself, which says more than that the file is empty."""
    match document.get("errors"):
        case [{"message": str(message)}, *_]:
            return message
        case _:
            return "planning failed"


def _parsed(text: str) -> dict[str, Any]:
    try:
        document = json.loads(text, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise RefusedError(f"it is not valid JSON, or only a part of it; {_AGAIN}") from error
    if not isinstance(document, dict):
        raise RefusedError("it is JSON, but not a plan")
    return document


def _no_number(constant: str) -> NoReturn:
    raise ValueError(constant)


def _require_version(document: Mapping[str, Any]) -> None:
    """Refuse a newer major version, which may change meanings; newer minor versions only add keys."""
    version = document.get("format_version")
    major, dot, minor = version.partition(".") if isinstance(version, str) else ("", "", "")
    if not dot or whole_number(major) is None or whole_number(minor) is None:
        raise RefusedError("it is JSON, but not a plan")
    if major != FORMAT_VERSION.partition(".")[0]:
        raise RefusedError(
            f"it has the format {version}, and this tr-apply reads {FORMAT_VERSION}; use the version that has made it, "
            f"or {_AGAIN}"
        )
