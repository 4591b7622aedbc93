"""Rules of the loader: each is listed once, applied by something, and has the severity of its findings."""

import importlib
import pkgutil
import re
from pathlib import Path

import pytest

import tr_apply.config
from tr_apply.config.common_rules import OF_MODELS
from tr_apply.config.rules import RULES
from tr_apply.findings import Rule

PACKAGE = Path(__file__).parents[2] / "tr_apply"
SOURCES = [path for path in (PACKAGE / "config").rglob("*.py") if path.name != "rules.py"]
TEXT = "\n".join(path.read_text(encoding="utf-8") for path in SOURCES)
MODELS = "\n".join(path.read_text(encoding="utf-8") for path in (PACKAGE / "resources").glob("*.py"))


def constants():
    """Every rule of the package by the name of its constant."""
    names = [each.name for each in pkgutil.walk_packages(tr_apply.config.__path__, "tr_apply.config.")]
    modules = [importlib.import_module(name) for name in names]
    return {name: value for module in modules for name, value in vars(module).items() if isinstance(value, Rule)}


def test_every_rule_is_listed_once():
    codes = [rule.code for rule in RULES]

    assert len(codes) == len(set(codes))
    assert set(constants().values()) == set(RULES)


@pytest.mark.parametrize("name", constants())
def test_a_rule_is_applied_by_something(name):
    uses = len(re.findall(rf"\b{name}\b", re.sub(r"(?m)^from [^\n(]+(?:\([^)]*\))?", "", TEXT)))

    assert uses > 1 or constants()[name].code in OF_MODELS


def test_a_refusal_of_the_models_is_a_rule():
    given = set(re.findall(r'PydanticCustomError\(\s*"([a-z-]+)"', MODELS))

    assert given == OF_MODELS.keys()
