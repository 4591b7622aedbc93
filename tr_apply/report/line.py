"""One line about a change, before a format gives it colours or an indent."""

from dataclasses import dataclass
from typing import Literal

Sign = Literal["+", "-", ""]
"""Whether a line is new, is gone, or stays."""


@dataclass(frozen=True, slots=True)
class TextLine:
    """A line.

    Attributes:
        text: What it says.
        sign: Whether that is new or gone.
        depth: How far it is set in.
    """

    text: str
    sign: Sign = ""
    depth: int = 0
