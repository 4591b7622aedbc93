"""Adds routing tests to the text of a file, which keeps everything that is written in it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import yaml

from tr_apply.resources.yaml_text import yaml_text

_TESTS: Final = "tests"
_HEAD: Final = "# Written by tr-apply test --record: what happens to recorded tasks is what these tests expect.\n"


def with_tests(text: str, tests: Sequence[Mapping[str, Any]]) -> str | None:
    """*text*, a file of routing tests or empty, with *tests* added after its own.

    None if its tests are not a list with one item per line: adding to it would mean rewriting it.
    """
    added = yaml_text({_TESTS: list(tests)})
    if not text.strip():
        return _HEAD + added
    before = _plain(text)
    if before is None or _TESTS not in before:
        candidates = [f"{_ended(text)}\n{added}"]
    else:
        candidates = list(_inserted(text, added.removeprefix(f"{_TESTS}:\n")))
    wanted = {**(before or {}), _TESTS: [*((before or {}).get(_TESTS) or []), *_loaded(added)[_TESTS]]}
    return next((each for each in candidates if _plain(each) == wanted), None)


def _plain(text: str) -> dict[str, Any] | None:
    """The mapping in *text*, all scalars as they are written; None where there is none."""
    try:
        found = _loaded(text)
    except (yaml.YAMLError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _loaded(text: str) -> Any:
    return yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506  # makes nothing but texts, lists and mappings


def _inserted(text: str, items: str) -> Iterator[str]:
    """*text* with *items* after the last test; where that is inside a block text, after all that follows."""
    root = yaml.compose(text, Loader=yaml.BaseLoader)
    pairs = root.value if isinstance(root, yaml.MappingNode) else ()
    node = next((value for key, value in pairs if key.value == _TESTS), None)
    if not isinstance(node, yaml.SequenceNode) or node.flow_style:
        return
    lines = _ended(text).splitlines(keepends=True)
    end = node.end_mark.line + (1 if node.end_mark.column else 0)
    last = end
    while last and not lines[last - 1].split("#")[0].strip():
        last -= 1
    indented = "".join(f"{' ' * node.start_mark.column}{line}" for line in items.splitlines(keepends=True))
    for at in dict.fromkeys((last, end)):
        yield "".join([*lines[:at], indented, *lines[at:]])


def _ended(text: str) -> str:
    return text if text.endswith("\n") else f"{text}\n"
