"""Codes: each has a meaning, and each is given by something."""

import re
from pathlib import Path

import pytest

from tr_apply.config.codes import CODES

PACKAGE = Path(__file__).parents[2] / "tr_apply"
SOURCES = [*(PACKAGE / "config").rglob("*.py"), *(PACKAGE / "resources").glob("*.py")]
TEXT = "\n".join(path.read_text(encoding="utf-8") for path in SOURCES if path.name != "codes.py")


@pytest.mark.parametrize("code", CODES)
def test_a_documented_code_is_given_by_something(code):
    assert f'"{code}"' in TEXT


def test_a_code_that_is_given_is_documented():
    given = set(
        re.findall(r'(?:Mistake|Error|\.error|\.warning|note|_refuse_key)\(\s*(?:Severity\.\w+, )?"([a-z-]+)"', TEXT)
    )

    assert len(given) > 15
    assert given <= CODES.keys()
