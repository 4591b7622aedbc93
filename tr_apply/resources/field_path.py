"""Names as patterns, and paths of fields as ``manage`` writes them: ``attributes.phone``, ``filters[Gold].targets``.

A name is in brackets, and may hold brackets itself: a bracket closes where those in it are balanced and the
path ends or goes on with a dot or another bracket, as in ``filters[[night] x].targets``.
"""

from collections.abc import Sequence


def is_field_path(path: str) -> bool:
    """Whether *path* is parts with dots or brackets between them."""
    return _parsed(path) is not None


def lies_in(path: str, pattern: str) -> bool:
    """Whether *path* matches *pattern*, or is inside a path that does; ``*`` matches anything."""
    return any(fits(path, each) for each in (pattern, f"{pattern}.*", f"{pattern}[*"))


def path_parts(path: str) -> tuple[str, ...]:
    """*path* part by part; brackets stay on what they hold. Nothing, where it is not a path."""
    return tuple(_parsed(path) or ())


def with_any_item(path: str) -> str:
    """*path* with any name in place of the first one in brackets."""
    parts = list(path_parts(path))
    at = next((index for index, part in enumerate(parts) if part.startswith("[")), None)
    if at is not None:
        parts[at] = "[*]"
    return "".join(part if part.startswith("[") else f".{part}" for part in parts).removeprefix(".")


def root_of(path: str) -> str:
    """The field in which *path* begins: ``filters`` of ``filters[Gold].targets``."""
    return path.partition(".")[0].partition("[")[0]


def _parsed(path: str) -> Sequence[str] | None:
    """The parts of *path*; None where it is not a path."""
    parts: list[str] = []
    at = 0
    while at < len(path):
        if path[at] == "[":
            end = _end_of_bracket(path, at)
            is_sound = end is not None and end > at + 1 and bool(parts)
        else:
            at += bool(parts)  # the dot
            end = _end_of_key(path, at) - 1
            is_sound = end >= at and path[at - 1 : at] in {"", "."} and "]" not in path[at : end + 1]
        if not is_sound or end is None:
            return None
        parts.append(path[at : end + 1])
        at = end + 1
    return parts or None


def _end_of_key(path: str, at: int) -> int:
    ends = [found for sign in ".[" if (found := path.find(sign, at)) >= 0]
    return min(ends, default=len(path))


def _end_of_bracket(path: str, at: int) -> int | None:
    """Where the bracket that opens at *at* closes; None where it does not."""
    depth = 0
    for index in range(at, len(path)):
        depth += (path[index] == "[") - (path[index] == "]")
        if depth == 0 and path[index + 1 : index + 2] in {"", ".", "["}:
            return index
        depth = max(depth, 1)
    return None


def fits(name: str, pattern: str) -> bool:
    """Whether *name* is what *pattern* means: equal to it, or matched by its signs.

    Takes time in proportion to the product of both lengths, whatever the pattern.
    """
    if name == pattern:
        return True
    at = sign = 0
    star, retry = -1, 0
    while at < len(name):
        if sign < len(pattern) and pattern[sign] == "*":
            star, retry = sign, at
            sign += 1
        elif sign < len(pattern) and pattern[sign] in {"?", name[at]}:
            at += 1
            sign += 1
        elif star >= 0:
            retry += 1
            at, sign = retry, star + 1
        else:
            return False
    return all(each == "*" for each in pattern[sign:])
