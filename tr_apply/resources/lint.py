"""Settings about findings: how bad each is, and which of them are accepted."""

import re
from datetime import date
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from tr_apply.resources import KIND_BY_NAME, Resource

_CODE: Final = r"^[a-z][a-z0-9-]*$"
_KINDS: Final = "|".join(KIND_BY_NAME)
_WITHIN: Final = rf"^(workspace|({_KINDS})/[^\n]+)$"
_DAY: Final = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"


def _code(written: str) -> str:
    if not re.fullmatch(_CODE, written):
        raise PydanticCustomError("invalid-value", "expected the code of a finding, as in hidden-filter")
    return written


def _within(written: str) -> str:
    if not re.fullmatch(_WITHIN, written):
        raise PydanticCustomError("invalid-value", "expected KIND/NAME, as in workflow/Incoming, or workspace")
    return written


def _day(written: str) -> str:
    if not _is_day(written):
        raise PydanticCustomError("invalid-value", "expected a day, as in 2027-03-31")
    return written


def _is_day(written: str) -> bool:
    try:
        date.fromisoformat(written)
    except ValueError:
        return False
    return re.fullmatch(_DAY, written) is not None


_Within = Annotated[str, Field(json_schema_extra={"pattern": _WITHIN}), AfterValidator(_within)]
Code = Annotated[str, Field(json_schema_extra={"pattern": _CODE}), AfterValidator(_code)]


class Acceptance(Resource):
    """A finding that stays as it is, and why."""

    code: Code
    """The code in brackets at the end of the finding."""

    within: Annotated[_Within | None, Field(alias="in")] = None
    """Where it is: KIND/NAME, in which ``*`` and ``?`` match anything, or ``workspace``. Left out: anywhere."""

    because: Annotated[str, Field(min_length=1)]
    """Why it stays."""

    until: Annotated[str, Field(json_schema_extra={"pattern": _DAY}), AfterValidator(_day)] | None = None
    """The last day, in UTC, on which it is accepted."""

    text: Annotated[str, Field(min_length=1)] | None = None
    """The exact expression, of an expression-syntax alone: it is sent as it is while it is live as it is."""


class Lint(Resource):
    """How findings count."""

    severity: dict[Code, Literal["off", "info", "warning", "error"]] = {}
    """The severity of a code. Errors stay errors."""

    accept: list[Acceptance] = []
    """Findings that stay as they are."""
