"""The form of every JSON document that tr-apply makes: what it is, how the run ended, and its errors."""

import json
from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from tr_apply.errors import ConfigError, TrApplyError
from tr_apply.printable import printable_json

if TYPE_CHECKING:
    from pydantic import TypeAdapter

FORMAT_VERSION = "1.0"
_WORST_FIRST = (130, 4, 1, 64, 3, 5, 6, 2, 0)


def envelope(command: str, exit_code: int, content: Mapping[str, Any], errors: Sequence[Mapping[str, Any]] = ()) -> str:
    """The form of every JSON output."""
    return json_text({**head(command, exit_code, errors), **content})


def head(command: str, exit_code: int, errors: Sequence[Mapping[str, Any]] = ()) -> dict[str, Any]:
    """The keys that every document begins with."""
    return {"format_version": FORMAT_VERSION, "command": command, "exit_code": exit_code, "errors": list(errors)}


def json_text(document: Mapping[str, Any]) -> str:
    """*document* as it is printed: nothing in it steers a terminal."""
    from pydantic_core import to_json  # noqa: PLC0415

    try:  # a plan of thousands of operations takes json, which indents in Python, five times as long
        text = to_json(document, indent=2).decode()
    except ValueError:  # half a surrogate pair, or very deep attributes
        text = json.dumps(document, indent=2, ensure_ascii=False)
    return printable_json(text) + "\n"


def json_value(document: object) -> dict[str, Any]:
    """*document*, a dataclass that is a JSON document; fields that equal their default are left out."""
    adapter = _adapter(type(document))  # type: ignore[arg-type]  # mypy doubts that a class can be hashed
    value: dict[str, Any] = adapter.dump_python(document, mode="json", exclude_defaults=True)
    return value


@cache
def _adapter(kind: type) -> "TypeAdapter[Any]":
    from pydantic import TypeAdapter  # noqa: PLC0415

    return TypeAdapter(kind)


def errors_of(error: TrApplyError, file: str | None = None) -> list[dict[str, Any]]:
    """*error* as JSON errors: every finding of an invalid configuration, or the error itself, as one of *file*."""
    from tr_apply.findings import errors_of as only_errors  # noqa: PLC0415

    if isinstance(error, ConfigError):
        return [each.error_document() for each in only_errors(error.diagnostics)]
    return [simple_error(error.code, str(error)) | {"file": file}]


def simple_error(code: str, message: str) -> dict[str, Any]:
    """An error that has no place in a file."""
    return {"code": code, "message": message, "file": None, "line": None, "column": None, "path": None}


def worst(codes: Sequence[int]) -> int:
    """The exit code that counts when there are several."""
    return min(codes, key=_WORST_FIRST.index, default=0)
