"""Ordinary events are taken in one loop, all others by handlers: together they read a file as the handlers alone do."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tr_apply.config import reader
from tr_apply.config.filling import DEPTH_LIMIT, Filling
from tr_apply.config.places import Sources, place_of
from tr_apply.config.reader import read

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").rglob("*.yaml"))

ODD = """\
vars: {a: 012, b: ~, c: +34600100200, "<<": x}
workspace: {name: Odd, "<<": 1, 'a b': [1, +34600100200, 007, -0, 1.5e3, .nan, ~, null, "${x}", '${y}', ${z}]}
# quoted keys, repeated keys, aliases and anchors: their content, and their next neighbours
workers:
  - name: &ana Ana
    attributes: &own {team: a, team: b, "team": {deep: [1, {x: *ana}]}, for_each: 1, "${k}": v, "${k}": w}
    attributes: *own
  - {name: *ana, <<: {a: 1}, <<: 2, b: 1, *ana : 3, *ana : 4, c: [*ana, *none, &c [1, *ana], *c], b: {c: 1}}
  - [1, [2, [3, []]], {}, "", '', | ]
"""
ODDITIES = [
    ODD.replace(", | ]", "]"),
    ODD,
    "a: {b: &x [*x]}\nc: 1\n",
    "a: !!str 1\nb: {c: !t d, !t e: f}\nc: !x [1]\nd: [!x 1, !y {a: 1}]\n",
    "a:\n  ? [x]\n  : 1\n",
    "a: {b: {{ x }}}\n",
    f"a:\n  b: {'[' * (DEPTH_LIMIT + 3)}\n",
    f"a: {'x' * 130}\nb: &l {'y' * 120}\nc: [*l, &m [{'z' * 77}, a], *m]\n",
    "a: 1\n---\nb: 2\n",
    f"a: &a {{b: {{c: {'x' * 60}, {'d' * 60}: [1, 2, 'q', 3]}}}}\nc: [{'*a, ' * 60}]\n",
    "[1, 2]",
    "a: [1\n",
    "m:\n  a:\n    b: 1\n  a:\n    c: 2\n  d: 3\n  a: 4\n  d: {e: 5}\n  f: 6\n",
]
PIECES = st.sampled_from(
    r"a|b|c|: |:\n  |\n|\n  |\n    |- |[|]|{|}|, |&a |*a|\"|'|1|<<|${v}|+34600100200|007|~|for_each|!t |# x\n|vars:\n  |---\n|? "
    .replace(r"\n", "\n").replace(r"\"", '"').split("|")
)  # fmt: skip


def everything(text, raw=frozenset({"vars"})):
    """All that is known of a file once it is read."""
    sources = Sources()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reader, "EXPANSION_LIMIT", 0)  # the length of a text is the limit
        source = read(sources, sources.add("odd.yaml", text), raw=raw)
    return (
        repr(source.data),
        shown(source.places),
        [(each.container, each.key, each.place) for each in source.sites],
        source.phone_numbers,
        source.marked_keys,
        source.mistakes,
        (source.has_nulls, source.has_for_each, source.complete),
    )


def shown(node):
    """A node's places, and those below."""
    if isinstance(node, int):
        return node
    return place_of(node), list(node.keys), {key: shown(child) for key, child in node.items()}


def by_handlers(text):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Filling, "after_ordinary", lambda _, get_event: get_event())
        return everything(text)


@pytest.mark.parametrize("text", ODDITIES, ids=range(len(ODDITIES)))
def test_an_odd_file_is_read_as_the_handlers_do_wherever_it_ends(text):
    for end in range(len(text) + 1):
        assert everything(text[:end]) == by_handlers(text[:end])


@given(st.lists(PIECES, max_size=40).map("".join))
def test_any_text_is_read_as_the_handlers_do(text):
    assert everything(text) == by_handlers(text)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: "/".join(path.parts[-2:]))
def test_an_example_is_read_as_the_handlers_do(path):
    text = path.read_text(encoding="utf-8")

    assert everything(text) == by_handlers(text)
