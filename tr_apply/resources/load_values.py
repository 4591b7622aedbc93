"""Values of ``simulation.yaml``: times, shares, times of day, and mappings that may be written short."""

import math
import re
from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from tr_apply.resources.fields import MOMENT, reread, seconds
from tr_apply.resources.kind import Resource

SHARE: Final = r"^(100|[0-9]{1,2}(\.[0-9]{1,4})?)%$"
_CLOCK: Final = r"^([01]?[0-9]|2[0-3]):[0-5][0-9]$|^24:00$"
_LONGEST_S: Final = 30 * 24 * 3600


def _seconds(written: Any) -> Any:
    value = reread(written)
    if isinstance(value, str) and re.fullmatch(MOMENT, value):
        value = seconds(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _LONGEST_S:
        raise PydanticCustomError("invalid-value", "expected a time such as 20s, 2m30s or 8h, of at most 30 days")
    return float(value)


def patience_of(written: Any) -> Any:
    """A time, or infinity."""
    return math.inf if written in ("infinite", math.inf) else _seconds(written)


def _share(written: Any) -> Any:
    if not isinstance(written, str) or not re.fullmatch(SHARE, written):
        raise PydanticCustomError("invalid-value", "expected a share from 0% to 100%, such as 5%")
    return float(written.removesuffix("%")) / 100


def _clock(written: str) -> str:
    if not re.fullmatch(_CLOCK, written):
        raise PydanticCustomError("invalid-value", 'expected a time of day from "00:00" to "24:00", in quotes')
    return written


def as_list(written: Any) -> Any:
    """A text alone as a list of it."""
    return [written] if isinstance(written, str) else written


_TIME_INPUT: Final = float | Annotated[str, Field(json_schema_extra={"pattern": MOMENT})]
Duration = Annotated[float, BeforeValidator(_seconds, json_schema_input_type=_TIME_INPUT)]
"""A time such as ``2m30s``; a number is seconds."""

PATIENCE_INPUT: Final = _TIME_INPUT | Literal["infinite"]
_SHARE_INPUT: Final = Annotated[str, Field(json_schema_extra={"pattern": SHARE})]
Share = Annotated[float, BeforeValidator(_share, json_schema_input_type=_SHARE_INPUT)]
ClockTime = Annotated[str, Field(json_schema_extra={"pattern": _CLOCK}), AfterValidator(_clock)]
CLOCKS: Final = Annotated[str, Field(json_schema_extra={"pattern": _CLOCK})]
NUMBER: Final = BeforeValidator(reread)


class Shorthand(Resource):
    """A mapping with one key that may be written alone: any other value is the value of ``SHORT``."""

    SHORT: ClassVar[str]

    @model_validator(mode="before")
    @classmethod
    def _whole(cls, written: Any) -> Any:
        return written if isinstance(written, dict) or written is None else {cls.SHORT: written}
