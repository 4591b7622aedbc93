"""Answers as they are sent."""

import json
from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

JSON = "application/json; charset=utf-8"
_ENCODER = json.JSONEncoder(separators=(",", ":"), check_circular=False)


def json_response(body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """An answer with this body."""
    return Response(_ENCODER.encode(body), status, headers, media_type=JSON)
