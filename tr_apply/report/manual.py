"""A page of the manual as a person reads it: plain, or laid out for a terminal of some width."""

import re
import textwrap
from collections.abc import Iterator
from itertools import groupby
from typing import Any, Final

import click

from tr_apply.report.table import table

_COMMENT: Final = re.compile(r"<!--.*?-->\n?", re.DOTALL)
_SUMMARY: Final = re.compile(r"<details>\s*<summary>(.*?)</summary>\n?", re.DOTALL)
_TAG: Final = re.compile(r"</?(details|summary|code|br)>\n?")
_LINK: Final = re.compile(r"\[([^\]]+)\]\([^)]+\)")
_CODE: Final = re.compile(r"`([^`]+)`")
_HEADING: Final = re.compile(r"#+ ")
_ITEM: Final = re.compile(r"(\s*)([-*]|[0-9]+\.) ")
_BLANKS: Final = re.compile(r"\n{3,}")
_CELL_END: Final = re.compile(r"(?<!\\)\|")
_FENCE: Final = "```"
_WHOLE_WORDS: Final[dict[str, Any]] = {"break_long_words": False, "break_on_hyphens": False}
_WIDEST: Final = 100  # characters of a line that is pleasant to read


def plain_page(page: str) -> str:
    """*page* without what only the web or a generator reads."""
    text = _SUMMARY.sub(lambda match: f"### {match[1]}\n", _COMMENT.sub("", page))
    return _BLANKS.sub("\n\n", _TAG.sub("", text)).strip() + "\n"


def terminal_page(page: str, width: int) -> str:
    """*page* for a terminal that is *width* characters wide: wrapped, with headings and code set off."""
    blocks = (_laid_out(block, min(width, _WIDEST)) for block in _blocks(plain_page(page)))
    return "\n".join(blocks)


def _blocks(text: str) -> Iterator[list[str]]:
    """Lines that belong together; a fenced block is one, whatever is in it."""
    fenced: list[str] = []
    for is_blank, lines in groupby(text.splitlines(), lambda line: not line.strip()):
        found = [*lines]
        if fenced or (not is_blank and found[0].startswith(_FENCE)):
            fenced += found
            if not is_blank and fenced[-1].startswith(_FENCE) and len(fenced) > 1:
                yield fenced
                fenced = []
        elif not is_blank:
            yield found
    if fenced:
        yield fenced


def _laid_out(lines: list[str], width: int) -> str:
    first = lines[0]
    if first.startswith(_FENCE):
        return "".join(f"    {line}".rstrip() + "\n" for line in lines[1:-1])
    if _HEADING.match(first) and len(lines) == 1:
        return click.style(_spoken(_HEADING.sub("", first)), bold=True) + "\n"
    if first.startswith("|"):
        return _table(lines, width)
    return "".join(_wrapped(each, width) for each in _items(lines))


def _items(lines: list[str]) -> Iterator[list[str]]:
    """The items of a list, or one paragraph."""
    item: list[str] = []
    for line in lines:
        if _ITEM.match(line) and item:
            yield item
            item = []
        item.append(line)
    yield item


def _wrapped(lines: list[str], width: int) -> str:
    mark = match[0] if (match := _ITEM.match(lines[0])) else ""
    text = " ".join(line.strip() for line in [lines[0][len(mark) :], *lines[1:]])
    indent = " " * len(mark)
    return textwrap.fill(_spoken(text), width, initial_indent=mark, subsequent_indent=indent, **_WHOLE_WORDS) + "\n"


def _table(lines: list[str], width: int) -> str:
    head, _, *body = [[_spoken(cell.strip()) for cell in _CELL_END.split(line)[1:-1]] for line in lines]
    first, *rest = table(head, body, width=width).splitlines(keepends=True)
    return click.style(first.rstrip("\n"), underline=True) + "\n" + "".join(rest)


def _spoken(text: str) -> str:
    """*text* without the signs of Markdown."""
    return _CODE.sub(r"\1", _LINK.sub(r"\1", text)).replace("**", "").replace("\\|", "|")
