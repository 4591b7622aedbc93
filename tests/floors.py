"""The table of floors in tr_apply/README.md: from the layers that test_layers.py checks, in the words of the docstrings."""

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.shape import PACKAGE
from tests.test_layers import LAYERS

ABOVE_ALL = {"__init__", "__main__"}


def floors() -> Iterator[str]:
    """The rows of the table, the highest floor first, with the rooms of a package below it."""
    yield "| floor | where | what it is |"
    yield "|---|---|---|"
    for part, floor in sorted(LAYERS.items(), key=lambda each: (-each[1], each[0])):
        if part not in ABOVE_ALL:
            yield from (f"| {floor} | `{name}` | {words} |" for name, words in _described(PACKAGE / part))


def _described(part: Path) -> Iterator[tuple[str, str]]:
    module = part.with_suffix(".py")
    if module.exists():
        yield module.name, _summary(module)
    for door in sorted(part.rglob("__init__.py")):
        yield f"{door.parent.relative_to(PACKAGE).as_posix()}/", _summary(door)


def _summary(module: Path) -> str:
    text = ast.get_docstring(ast.parse(module.read_text(encoding="utf-8")))
    assert text, f"{module} has no docstring"
    first = text.split("\n\n")[0].replace("\n", " ")
    return first.rstrip(":. ").replace("``", "`").replace("|", "\\|")
