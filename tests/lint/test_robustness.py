"""lint() has something to say about whatever could be read of a configuration, and never fails."""

import copy
import json
import math
import subprocess
import sys
from datetime import date
from pathlib import Path

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.seeded import Choices, chosen, json_value
from tests.yaml_files import SAFE, content_of, places
from tr_apply.config.load import load
from tr_apply.lint import lint
from tr_apply.lint.attributes import types
from tr_apply.routing.value_types import summarize

CASES = content_of(Path(__file__).with_name("cases.yaml"))
CONFIGURATIONS = [
    {"workspace": {"name": "X"}} | yaml.load(case["config"], SAFE) for cases in CASES.values() for case in cases
]
JUNK = [
    None,
    True,
    0,
    -1,
    2.5,
    "",
    " ",
    "1==1",
    "${",
    "${x}",
    "${sid:task_queue/Q}",
    "a b",
    [],
    {},
    [None],
    [{}],
    {"": 1},
]


def spoilt(choices):
    """A configuration with parts removed or replaced by invalid ones."""
    configuration = copy.deepcopy(choices.choice(CONFIGURATIONS))
    for _ in range(1 + choices.below(4)):
        found = list(places(configuration))
        if not found:
            break
        container, key = choices.choice(found)
        if choices.flag():
            container[key] = copy.deepcopy(choices.choice(JUNK))
        else:
            del container[key]
    return configuration


@given(configuration=chosen(spoilt, 32))
@settings(max_examples=300)
def test_nothing_that_could_be_read_breaks_it(tmp_path_factory, configuration):
    path = tmp_path_factory.mktemp("spoilt") / "configuration.yaml"
    path.write_text(json.dumps(configuration, default=str), encoding="utf-8")
    loaded = load(path)

    lint(loaded, today=date(2026, 1, 1))

    assert all(each.file == str(path) and each.line and each.column for each in loaded.diagnostics)


SCALARS = (
    lambda _: None,
    Choices.flag,
    Choices.integer,
    Choices.number,
    lambda choices: choices.choice([math.inf, -math.inf]),
    lambda choices: choices.any_text(3),
)


def values(choices):
    return dict(choices.several(lambda part: (key(part), json_value(part, SCALARS, key, 2)), 3))


def key(choices):
    return choices.choice("abc")


@given(st.lists(chosen(values, 240), max_size=4))
def test_the_types_of_many_attributes_equal_those_that_summarize_finds_one_by_one(attributes):
    assert types(attributes) == summarize(attributes)


def test_nothing_heavy_is_imported():
    heavy = "{'httpx', 'asyncio', 'deepdiff', 'starlette', 'click'}"
    program = f"import sys, tr_apply.lint; print(sorted({heavy} & set(sys.modules)))"

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stdout == "[]\n"
