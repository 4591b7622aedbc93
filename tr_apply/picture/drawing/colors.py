"""The colours of queues: sixteen hues, each as far from the one before as can be. No colour says anything by itself."""

import colorsys
from typing import Final, NamedTuple

HUES: Final = (206, 150, 32, 276, 96, 340, 182, 0, 234, 54, 304, 124, 20, 256, 78, 322)
"""Degrees, by the number of a colour."""


class ChipColors(NamedTuple):
    """How a chip is filled, its edge, and its text, as hexadecimal colours."""

    fill: str
    line: str
    text: str


def light(color: int) -> ChipColors:
    """A colour on white."""
    hue = HUES[color % len(HUES)]
    return ChipColors(_hex(hue, 0.94, 0.65), _hex(hue, 0.38, 0.55), "#1f2328")


def dark(color: int) -> ChipColors:
    """The same on black."""
    hue = HUES[color % len(HUES)]
    return ChipColors(_hex(hue, 0.17, 0.42), _hex(hue, 0.57, 0.50), "#e6edf3")


def _hex(hue: int, lightness: float, saturation: float) -> str:
    parts = colorsys.hls_to_rgb(hue / 360, lightness, saturation)
    return "#" + "".join(f"{round(part * 255):02x}" for part in parts)
