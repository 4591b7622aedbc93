"""How much room text takes, about, without a font: SVG does not break lines by itself."""

import unicodedata
from collections.abc import Iterator
from typing import Final

from tr_apply.printable import printable

_EM: Final = {
    character: em
    for em, characters in (
        (0.31, "ijl'|"),
        (0.37, " .,:;!fI·"),
        (0.43, "tr()[]/-"),
        (0.55, "csz"),
        (0.85, "wM<>=+~→…"),
        (1.0, "mW@%"),
    )
    for character in characters
}
"""Widths in DejaVu Sans, which is as wide as Verdana; others are close to 0.63, capitals to 0.72."""


def text_width(text: str, size: float) -> float:
    """About how many pixels *text* takes in a font of that size."""
    return size * sum(map(_em, text))


def _em(character: str) -> float:
    if unicodedata.east_asian_width(character) in {"W", "F"}:
        return 1.3
    if unicodedata.combining(character):
        return 0.0
    usual = 0.72 if character.isupper() or not character.isascii() else 0.63
    return _EM.get(character, usual)


def cut(text: str, size: float, room: float) -> str:
    """As much of *text* as there is room for on one line."""
    text = printable(text)
    if text_width(text, size) <= room:
        return text
    fitting = _fitting(text, size, room - size)
    return f"{text[:fitting]}…"


def wrapped(text: str, size: float, room: float, *, most: int = 100) -> list[str]:
    """*text* on as many lines as it needs; of more than *most*, the last ends in an ellipsis."""
    lines = list(_broken(printable(text), size, room))
    if len(lines) <= most:
        return lines
    return [*lines[: most - 1], cut(f"{lines[most - 1]} {lines[most]}", size, room)]


def _broken(text: str, size: float, room: float) -> Iterator[str]:
    line = ""
    for word in text.split():
        longer = f"{line} {word}" if line else word
        if text_width(longer, size) <= room:
            line = longer
            continue
        if line:
            yield line
        line = word
        while text_width(line, size) > room:
            fitting = _fitting(line, size, room)
            yield line[:fitting]
            line = line[fitting:]
    yield line


def _fitting(text: str, size: float, room: float) -> int:
    """How many characters have room, at least one."""
    width = 0.0
    for index, character in enumerate(text):
        width += text_width(character, size)
        if width > room:
            return max(1, index)
    return len(text)
