"""The notes of one version: its section of CHANGELOG.md. Fails if the tag is not the version of the package."""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def notes(tag: str, version: str, changelog: str) -> str:
    """The section of *changelog* for the *tag*, which must name the *version* of the package.

    Raises:
        ValueError: when it does not, or there is no such section.
    """
    if tag != f"v{version}":
        raise ValueError(f"the tag is {tag}, and the package has version {version}")
    found = re.search(rf"^## {re.escape(version)}\b[^\n]*\n(.*?)(?=^## |\Z)", changelog, re.MULTILINE | re.DOTALL)
    if found is None or not found[1].strip():
        raise ValueError(f"CHANGELOG.md has no section for {version}")
    return found[1].strip() + "\n"


def version_of(module: str) -> str:
    """The version in the text of ``tr_apply/version.py``."""
    return re.findall(r'^__version__ = "([^"]+)"$', module, re.MULTILINE)[0]


if __name__ == "__main__":
    package = version_of((ROOT / "tr_apply" / "version.py").read_text(encoding="utf-8"))
    try:
        sys.stdout.write(notes(sys.argv[1], package, (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")))
    except ValueError as error:
        sys.exit(str(error))
