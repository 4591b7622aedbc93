"""Answers as they are sent."""

import json
from collections.abc import Mapping
from typing import Any

from pydantic_core import PydanticSerializationError, to_json
from starlette.responses import Response

JSON = "application/json; charset=utf-8"


def json_response(body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """An answer with this body."""
    return Response(_encoded(body), status, headers, media_type=JSON)


def _encoded(body: Any) -> bytes:
    try:
        return to_json(body)  # in a third of the time of the json module
    except PydanticSerializationError:
        # Half of a surrogate pair: JSON can hold it as an escape, but UTF-8 cannot.
        return json.dumps(body, separators=(",", ":")).encode()
