"""The conditions for a release of a tag, and the rights of this repository's workflows."""

import importlib.util
import re
from pathlib import Path

import pytest
import yaml

from tr_apply import __version__

ROOT = Path(__file__).parent.parent
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
CHANGELOG = "# Changelog\n\n## Unreleased\n\n- new\n\n## 0.2.0 - 2026-12-01\n\n- two\n\n## 0.1.0\n\n- one\n"


@pytest.fixture(scope="module")
def release():
    spec = importlib.util.spec_from_file_location("release_notes", ROOT / ".github/release_notes.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_notes_are_the_section_of_the_version(release):
    assert release.notes("v0.2.0", "0.2.0", CHANGELOG) == "- two\n"
    assert release.notes("v0.1.0", "0.1.0", CHANGELOG) == "- one\n"


@pytest.mark.parametrize(
    ("tag", "version", "says"),
    [
        ("v0.2.1", "0.2.0", "the tag is v0.2.1, and the package has version 0.2.0"),
        ("v0.3.0", "0.3.0", "CHANGELOG.md has no section for 0.3.0"),
    ],
)
def test_a_tag_without_its_version_or_its_notes_is_not_released(release, tag, version, says):
    with pytest.raises(ValueError, match=re.escape(says)):
        release.notes(tag, version, CHANGELOG)


def test_the_version_is_read_from_the_package(release):
    assert release.version_of((ROOT / "tr_apply/version.py").read_text(encoding="utf-8")) == __version__


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_pins_its_actions_by_commit_and_says_what_it_may_do(path):
    text = path.read_text(encoding="utf-8")
    workflow = yaml.safe_load(text)

    used = re.findall(r"uses: (\S+)", text)
    assert [each for each in used if not each.startswith("./") and not re.search(r"@[0-9a-f]{40}$", each)] == []
    assert workflow["permissions"] in ({}, {"contents": "read"})
    assert all("timeout-minutes" in job for job in workflow["jobs"].values())
