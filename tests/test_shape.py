"""The package does not grow into corridors again: lower a limit when its figure has fallen for good.

One was raised: the imports a module, as each command that was added joins rooms that were there before.
"""

from graphlib import CycleError
from pathlib import Path

import pytest

from tests.shape import Module, figures, import_graph, levels, modules, several_meanings

LIMITS = {
    "import levels": 32,
    "imports a module": 5.9,
    "class names with several meanings": 9,
    "lines of the longest file": 400,
    "lines of the longest function": 60,
    "modules under 60 lines": 59,
    "questions whether it is a certain kind": 12,
    "questions for the name of a certain kind": 58,
    "narrowing asserts": 31,
}


@pytest.fixture(scope="module")
def measured():
    return figures(modules())


@pytest.mark.parametrize("figure", LIMITS)
def test_a_figure_of_the_package_is_within_its_limit(measured, figure):
    assert measured[figure] <= LIMITS[figure]


def module(name, text="", file="module.py"):
    return Module(name, Path(file), text)


HOUSE = [
    module("house", file="__init__.py"),
    module("house.roof", "from house import walls\nfrom house.walls import Door as Gate\nclass Tile: ..."),
    module("house.walls", "import house.floor\nclass Door: ...\nclass _Tile: ...\n"),
    module("house.floor", "import os\ndef late():\n    from house.cellar import lamp\n    return lamp\n"),
    module("house.cellar", "lamp = 1\nclass Lamp:\n    class Door: ...\n", file="below/module.py"),
]


def test_an_import_leads_to_the_module_that_is_meant_and_counts_inside_a_function_too():
    assert import_graph(HOUSE) == {
        "house": set(),
        "house.roof": {"house.walls"},
        "house.walls": {"house.floor"},
        "house.floor": {"house.cellar"},
        "house.cellar": set(),
    }


def test_a_level_counts_the_modules_up_to_it():
    assert levels(import_graph(HOUSE)) == {
        "house": 1,
        "house.cellar": 1,
        "house.floor": 2,
        "house.walls": 3,
        "house.roof": 4,
    }


def test_modules_in_a_circle_have_no_level():
    circle = [module("a", "import b"), module("b", "import a")]

    with pytest.raises(CycleError):
        levels(import_graph(circle))


def test_a_name_has_several_meanings_when_two_modules_have_a_class_of_it_private_or_not():
    assert several_meanings(HOUSE) == {"Tile": ["house.roof", "house.walls"]}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("kind is WORKER", {"is": 1}),
        ("each.kind is not WORKSPACE", {"is": 1}),
        ("live.kind == WORKER.name", {"name": 1}),
        ("live.kind in {WORKER.name, ACTIVITY.name}", {"name": 1}),
        ("kind in (WORKER, WORKFLOW)", {"name": 1}),
        ("kind is other or kind.name == name or kind in SECTIONS", {}),
    ],
)
def test_a_question_for_a_certain_kind_counts_by_its_row_or_its_name(text, found):
    assert module("house.room", text).kind_questions == found


def test_an_assert_counts_if_it_narrows_a_type():
    text = "assert found is not None, 'why'\nassert isinstance(found, str)\nassert found\nassert found is None\n"

    assert module("house.room", text).narrowing_asserts == 2


def test_figures_count_files_functions_and_lines():
    assert figures(HOUSE) == {
        "import levels": 4,
        "imports a module": 0.6,
        "class names with several meanings": 1,
        "files under 60 lines": 5,
        "modules under 60 lines": 4,
        "lines of the longest file": 4,
        "lines of the longest function": 3,
        "modules in the largest room": 3,
        "questions whether it is a certain kind": 0,
        "questions for the name of a certain kind": 0,
        "narrowing asserts": 0,
        "files": 5,
        "lines": 13,
    }
