"""The cost of a hostile file: steps and findings in proportion to its size."""

from collections import Counter
from itertools import cycle, islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tr_apply.config import columns, filling, reader
from tr_apply.config.common_rules import SHOWN
from tr_apply.config.places import Places, Sources
from tr_apply.config.reader import read
from tr_apply.findings import Severity


class _CountedFrame(filling.Frame):
    """A mapping that counts how many of its keys are looked at to find where one is written first."""

    __slots__ = ()
    steps = 0

    def first_place(self, key):
        _CountedFrame.steps += len(self.data) if self.first is None else 1
        return super().first_place(key)


KEYS = ["*a", "<<", *(f"k{number}" for number in range(12))]


@given(st.lists(st.sampled_from(KEYS), min_size=1, max_size=30), st.integers(1, 40))
def test_repeated_keys_cost_steps_in_proportion_to_the_file(keys, times):
    written = [key if key in KEYS[:2] else f"{key}x{number // len(keys) % 7}"
               for number, key in enumerate(islice(cycle(keys), len(keys) * times))]  # fmt: skip
    text = "a: &a x\nm:\n" + "".join(f"  {key} : 1\n" for key in written)
    sources = Sources()
    begin = sources.add("c.yaml", text)
    _CountedFrame.steps = 0

    with pytest.MonkeyPatch.context() as patch:
        for module in (reader, filling):
            patch.setattr(module, "Frame", _CountedFrame)
        found = read(sources, begin)

    assert _CountedFrame.steps <= 2 * len(written) + 4
    repeated = sum(count - 1 for key, count in Counter(written).items() if key not in KEYS[:2])
    assert sum(each.code == "duplicate-key" for each in found.mistakes) == repeated


@given(st.lists(st.text("abc", min_size=1, max_size=2), unique=True, max_size=30), st.data())
def test_the_place_of_a_key_is_found_whatever_was_asked_before(names, data):
    places, expected = Places(0, mapping=True), {}
    for place, name in enumerate(names, 1):
        places.add_key(name, place)
        places.children[name] = place
        expected[name] = place
        if data.draw(st.booleans()):
            asked = data.draw(st.sampled_from([*expected, "zz"]))
            assert places.key_place(asked) == expected.get(asked)
    gone = data.draw(st.sets(st.sampled_from(names))) if names else set()

    places.without(gone)

    assert {name: places.key_place(name) for name in names} == {
        name: None if name in gone else expected[name] for name in names
    }


UNKNOWN_KEYS = {
    "at the root": "".join(f"k{number}: 1\n" for number in range(300)),
    "in one mapping": "task_queues:\n- name: Q\n" + "".join(f"  k{number}: 1\n" for number in range(300)),
    "in many mappings": "task_queues:\n" + "".join(f"- {{name: Q{number}, k: 1}}\n" for number in range(300)),
}


@pytest.mark.parametrize("shape", UNKNOWN_KEYS)
def test_a_file_shows_a_hundred_findings_and_counts_the_others(loaded, shape):
    configuration = loaded(f"workspace: {{name: W}}\n{UNKNOWN_KEYS[shape]}")

    *shown, last = configuration.diagnostics

    assert len(shown) == SHOWN
    assert {each.code for each in shown} == {"unknown-key"}
    assert (last.severity, last.code, last.message) == (Severity.ERROR, "more-findings", "and 200 more in this file")
    assert (last.file, last.line) == (shown[-1].file, shown[-1].line + 1)


def test_errors_are_shown_before_warnings(loaded):
    attributes = "".join(f"    ${{{number}: 1\n" for number in range(150))  # a warning each: a key is literal text
    text = f"workspace: {{name: W}}\nworkers:\n- name: w\n  attributes:\n{attributes}task_queues: [{{name: Q, k: 1}}]\n"

    configuration = loaded(text)

    assert [each.code for each in configuration.diagnostics if each.severity is Severity.ERROR] == ["unknown-key"]
    assert configuration.diagnostics[-1].severity is Severity.WARNING
    assert configuration.diagnostics[-1].message == "and 51 more in this file"


def test_each_file_has_its_own_hundred(loaded):
    unknown = "".join(f"k{number}: 1\n" for number in range(120))

    configuration = loaded({"a.yaml": f"workspace: {{name: W}}\n{unknown}", "b.yaml": unknown.replace("k", "l")})

    more = [(each.file, each.message) for each in configuration.diagnostics if each.code == "more-findings"]
    assert more == [("a.yaml", "and 20 more in this file"), ("b.yaml", "and 20 more in this file")]


def test_aliases_may_expand_to_one_value_per_character_of_the_file(loaded):
    values = ", ".join(["1"] * 300)
    head = f"workspace: {{name: W}}\nworkers:\n- {{name: w, attributes: &a {{k: [{values}]}}}}\n"
    many = "".join(f"- {{name: w{number}, attributes: *a}}\n" for number in range(400))
    padding = "#" * 200_000

    assert [each.code for each in loaded(head + many).diagnostics] == ["alias-bomb"]
    assert loaded(head + many + padding).diagnostics == ()


@pytest.mark.parametrize("count", [50, 400])
def test_many_findings_in_one_expression_walk_its_text_once(count, monkeypatch):
    value = " OR ".join(f"a{number}" for number in range(count))
    text = f"k: '{value}'"
    steps = Counter()
    original = columns._end_of_character

    def counted(*arguments):
        steps["characters"] += 1
        return original(*arguments)

    monkeypatch.setattr(columns, "_end_of_character", counted)

    found = [columns.character_index(text, 3, value, value.index(f"a{number}")) for number in range(count)]

    assert [text[at] for at in found] == ["a"] * count
    assert steps["characters"] <= len(value)


LONG = "x == 'a' OR " * 5_000 + "x == 'b'"  # takes a quarter of a second to check
LONG_TEXTS = {
    "aliases": f'vars:\n  v: &v "{LONG}"\ntask_queues:\n'
    + "".join(f"- {{name: Q{number}, target_workers: *v}}\n" for number in range(2_500)),
    "variables": f'vars:\n  v: "{LONG}"\nworkers:\n- name: ann\n  attributes:\n'
    + "".join(f'    a{number}: "${{v}}"\n' for number in range(100)),
    "for_each": "task_queues:\n"
    f"- {{for_each: {{n: [{','.join(map(str, range(100)))}]}}, name: \"Q${{each.n}}\", target_workers: \"{LONG}\"}}\n",
    "for_each in the text": "task_queues:\n- for_each: {n: [" + ",".join(map(str, range(100))) + "]}\n"
    f"  name: Q${{each.n}}\n  target_workers: \"x == '${{each.n}}' OR {LONG}\"\n",
}  # fmt: skip


@pytest.mark.parametrize("shape", LONG_TEXTS)
def test_a_small_file_that_makes_much_text_is_refused_before_the_text_is_checked(loaded, shape):
    configuration = loaded(f"workspace: {{name: W}}\n{LONG_TEXTS[shape]}")

    assert {each.code for each in configuration.diagnostics if each.severity is Severity.ERROR} - {
        "document-too-long"
    } == {{"aliases": "alias-bomb", "variables": "variable-too-long"}.get(shape, "for-each")}
