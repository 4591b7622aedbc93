"""JSON as others send it, read as ``json.loads`` reads it, in a part of the time."""

import json
from typing import Any

from pydantic_core import from_json


def read_json(text: str | bytes) -> Any:
    """The result of ``json.loads``, but faster: a list of workers holds a thousand documents, each as a text.

    Raises:
        ValueError: It is not JSON; the words are those of ``json.loads``.
        RecursionError: It is nested too deeply.
    """
    try:
        return from_json(text)
    except ValueError:
        return json.loads(text)  # takes a half of a surrogate pair as well
