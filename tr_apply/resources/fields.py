"""Field types that several kinds use. Limits and defaults are TaskRouter's own."""

from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_core import PydanticCustomError

from tr_apply.resources.kind import NAME_LIMIT
from tr_apply.resources.scalar import core_scalar
from tr_apply.resources.template import Substituted, plain, sids_in


def _without_marks(name: str) -> str:
    if any(sids_in(name)):
        raise PydanticCustomError("sid-in-name", "a name cannot hold a ${{sid:…}}")
    if not name.strip():
        raise PydanticCustomError("empty-name", "a name needs at least one visible character")
    return plain(name)


def _reread(value: Any) -> Any:
    """A string that was exactly one ``${NAME}`` is a YAML scalar where a number or a boolean is wanted."""
    return core_scalar(str(value)) if isinstance(value, Substituted) else value


Name = Annotated[str, Field(min_length=1, max_length=NAME_LIMIT), AfterValidator(_without_marks)]
"""A FriendlyName: 1 to 64 characters."""

Integer = Annotated[int, BeforeValidator(_reread)]
Flag = Annotated[bool, BeforeValidator(_reread)]

Template = str
"""Text that may hold ``${sid:KIND/NAME}``."""

Expression = Annotated[Template, Field(min_length=1)]
"""An expression of TaskRouter's own language; its syntax is checked with its place at hand."""

Url = Template
"""An absolute URL; empty for none."""

Seconds = Integer

JsonObject = dict[str, Any]
