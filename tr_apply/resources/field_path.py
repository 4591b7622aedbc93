"""Paths of fields as ``manage`` writes them: ``attributes.phone``, ``filters[Gold].targets``."""

import re
from fnmatch import fnmatchcase
from typing import Final

_PART: Final = re.compile(r"([^.\[\]]+)|\[([^\]]*)\]")
_WHOLE: Final = re.compile(r"[^.\[\]]+(?:\.[^.\[\]]+|\[[^\]]+\])*\Z")


def is_field_path(path: str) -> bool:
    """Whether *path* is parts with dots or brackets between them."""
    return _WHOLE.match(path) is not None


def lies_in(path: str, pattern: str) -> bool:
    """Whether *path* is what *pattern* names, or a part of it; ``*`` stands for anything."""
    literal = pattern.replace("[", "[[]")
    return any(fnmatchcase(path, each) for each in (literal, f"{literal}.*", f"{literal}[[]*"))


def path_parts(path: str) -> tuple[str, ...]:
    """*path* part by part; brackets stay on what they hold."""
    return tuple(match[1] or f"[{match[2]}]" for match in _PART.finditer(path))


def root_of(path: str) -> str:
    """The field in which *path* begins: ``filters`` of ``filters[Gold].targets``."""
    return path.partition(".")[0].partition("[")[0]
