"""Changes in a long text, word by word, as lines: unchanged words are folded, changed ones never are."""

import re
from collections.abc import Sequence
from typing import Literal

from tr_apply.frozen import frozen
from tr_apply.plan.compare.sequences import differences

Sign = Literal["+", "-", ""]
"""Whether a line is new, is gone, or stays."""


@frozen
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


FOLD = "…"
_WORD = re.compile(r"\s*(?:[\w$.]+|[^\w\s])|\s+")
_KEPT = 3  # words that are shown before and after a change


def text_lines(before: str, after: str, depth: int = 0) -> list[TextLine]:
    """The old and the new text, each on one line."""
    old, new = _WORD.findall(before), _WORD.findall(after)
    changed = list(differences(old, new))
    return [
        TextLine(_folded(old, [(each.start, each.end) for each in changed]), "-", depth),
        TextLine(_folded(new, [(each.new_start, each.new_end) for each in changed]), "+", depth),
    ]


def _folded(words: Sequence[str], changed: Sequence[tuple[int, int]]) -> str:
    """*words* without those that are far from anything *changed*."""
    parts: list[str] = []
    end = 0
    for begin, stop in changed:
        parts.append(_stays(words[end:begin], is_first=end == 0))
        parts.extend(words[begin:stop])
        end = stop
    parts.append(_stays(words[end:], is_first=not changed, is_last=True))
    return "".join(parts).strip()


def _stays(words: Sequence[str], *, is_first: bool = False, is_last: bool = False) -> str:
    head = () if is_first else words[:_KEPT]
    tail = () if is_last else words[max(len(words) - _KEPT, len(head)) :]
    if len(head) + len(tail) >= len(words):
        return "".join(words)
    return f"{''.join(head)} {FOLD} {''.join(tail).lstrip()}"
