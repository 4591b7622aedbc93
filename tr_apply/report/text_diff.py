"""What changed in a long text, word by word: words that stay are folded, words that change never are."""

import difflib
import re
from collections.abc import Iterator, Sequence

from tr_apply.report.line import Line

FOLD = "…"
_WORD = re.compile(r"\s*(?:[\w$.]+|[^\w\s])|\s+")
_KEPT = 3  # words that are shown before and after a change
_MOST = 1_500  # words between the first and the last change whose own differences are looked for


def text_lines(before: str, after: str, depth: int = 0) -> list[Line]:
    """The old and the new text, each on one line."""
    old, new = _WORD.findall(before), _WORD.findall(after)
    blocks = list(_blocks(old, new))
    return [
        Line(_folded(old, [block[:2] for block in blocks]), "-", depth),
        Line(_folded(new, [block[2:] for block in blocks]), "+", depth),
    ]


def _blocks(old: Sequence[str], new: Sequence[str]) -> Iterator[tuple[int, int, int, int]]:
    """Where the two differ: from, to in *old*, from, to in *new*."""
    start = _common(old, new)
    rest = min(len(old), len(new)) - start
    end = min(_common(old[::-1], new[::-1]), rest)
    middle, other = old[start : len(old) - end], new[start : len(new) - end]
    if max(len(middle), len(other)) > _MOST:
        yield start, start + len(middle), start, start + len(other)
        return
    matcher = difflib.SequenceMatcher(None, middle, other, autojunk=False)
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        if tag != "equal":
            yield start + i1, start + i2, start + j1, start + j2


def _common(one: Sequence[str], other: Sequence[str]) -> int:
    """How many words at the beginning are the same."""
    number = 0
    for mine, its in zip(one, other, strict=False):
        if mine != its:
            break
        number += 1
    return number


def _folded(words: Sequence[str], changed: Sequence[tuple[int, ...]]) -> str:
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
