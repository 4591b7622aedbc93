"""Field types that several kinds use. Limits and defaults are TaskRouter's own."""

import re
from collections.abc import Mapping
from functools import cache
from typing import Annotated, Any, Final, get_args

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field
from pydantic_core import PydanticCustomError

from tr_apply.resources.scalar import core_scalar
from tr_apply.resources.template import Substituted, plain, sids_in
from tr_apply.routing.names import NAME_LIMIT


def _literal_name(written: str) -> str:
    """A name as literal text: it holds no references, so its escapes are resolved now."""
    name = written
    if "${" in written:
        if any(sids_in(written)):
            raise PydanticCustomError("sid-in-name", "a name cannot hold a ${sid:…}")
        name = plain(written)
    if len(name) > NAME_LIMIT:
        raise PydanticCustomError(
            "too-long",
            "{length} characters; TaskRouter takes at most {limit}",
            {"length": len(name), "limit": NAME_LIMIT},
        )
    if "\0" in name:
        raise PydanticCustomError("invalid-value", "a name cannot hold a NUL character")
    if not name.strip():
        raise PydanticCustomError("empty", "a name needs at least one visible character")
    return name


def whole_number(value: Any) -> Any:
    """JSON has one kind of numbers: 5.0 is 5."""
    value = reread(value)
    return int(value) if isinstance(value, float) and value.is_integer() else value


def reread(value: Any) -> Any:
    """A string that was exactly one ``${NAME}`` is a YAML scalar where a number or a boolean is wanted."""
    if not isinstance(value, Substituted):
        return value
    try:
        scalar = core_scalar(str(value))
    except ValueError as error:
        raise PydanticCustomError("invalid-number", "{problem}", {"problem": str(error)}) from error
    if scalar is None:
        raise PydanticCustomError("empty", "the variable is empty; leave the key out for TaskRouter's default")
    return scalar


_IS_NAME = AfterValidator(_literal_name)

Name = Annotated[str, Field(json_schema_extra={"pattern": r"\S", "maxLength": NAME_LIMIT}), _IS_NAME]
"""A FriendlyName: 1 to 64 characters of literal text."""

INTEGER: Final = BeforeValidator(whole_number)
"""Of an ``int``, after its limits."""

MOMENT: Final = r"^(?=[0-9])([0-9]{1,9}h)?([0-9]{1,9}m)?([0-9]{1,9}s)?$"
_UNIT_SECONDS: Final = {"s": 1, "m": 60, "h": 3600}

TIMES: Final = frozenset({"timeout", "task_reservation_timeout"})
"""The keys that hold a number of seconds."""


def seconds(moment: str) -> int:
    """The seconds in a time such as ``90s``, ``2m30s`` or ``2h``."""
    return sum(int(number) * _UNIT_SECONDS[unit] for number, unit in re.findall("([0-9]+)([hms])", moment))


def _whole_seconds(value: Any) -> Any:
    return seconds(value) if isinstance(value, str) and re.fullmatch(MOMENT, value) else whole_number(value)


def seconds_up_to(limit: int) -> BeforeValidator:
    """Of an ``int`` of seconds, after its limits, which are 1 and *limit*."""
    number = Annotated[int, Field(ge=1, le=limit)]
    return BeforeValidator(
        _whole_seconds, json_schema_input_type=number | Annotated[str, Field(json_schema_extra={"pattern": MOMENT})]
    )


Flag = Annotated[bool, BeforeValidator(reread)]

Template = str
"""Text that may hold ``${sid:KIND/NAME}``."""

Expression = Annotated[Template, Field(min_length=1)]
"""An expression of TaskRouter's own language; its syntax is checked with its place at hand."""

Url = Template
"""An absolute URL; empty for none."""

JsonObject = dict[str, Any]


@cache
def literal_fields(model: type[BaseModel]) -> frozenset[str]:
    """The fields of *model* that hold names: text in which a ``${`` is nothing but itself."""
    fields: Mapping[str, Any] = model.model_fields
    return frozenset(
        key for key, field in fields.items() if _IS_NAME in field.metadata or _holds_names(field.annotation)
    )


def _holds_names(annotation: Any) -> bool:
    return any(argument is _IS_NAME or _holds_names(argument) for argument in get_args(annotation))
