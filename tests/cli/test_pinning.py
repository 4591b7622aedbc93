"""The pip requirement that ``init`` writes, from pip's record of the installation's origin."""

import json
from importlib.metadata import PackageNotFoundError

import pytest

from tr_apply import __version__
from tr_apply.cli import pinning
from tr_apply.cli.pinning import pinned, pinned_by

GIT = {"url": "https://example.com/tr-apply.git", "vcs_info": {"vcs": "git", "commit_id": "c0ffee"}}
FROM_FILES = "installed from files of one machine"


@pytest.mark.parametrize(
    ("origin", "requirement", "is_of_one_machine"),
    [
        (None, f"tr-apply=={__version__}", False),
        (json.dumps(GIT), "tr-apply @ git+https://example.com/tr-apply.git@c0ffee", False),
        (json.dumps({"url": "file:///home/me/tr-apply", "dir_info": {}}), f"tr-apply=={__version__}", True),
        ("{", f"tr-apply=={__version__}", True),
    ],
    ids=["index", "git", "files", "unreadable"],
)
def test_an_origin_gives_what_pip_installs(origin, requirement, is_of_one_machine):
    found = pinned_by(origin)

    assert found.requirement == requirement
    assert (FROM_FILES in found.unpinned) is is_of_one_machine
    assert "are not pinned" in found.unpinned


def test_an_installation_without_metadata_counts_as_one_from_a_package_index(monkeypatch):
    def nothing(name):
        raise PackageNotFoundError(name)

    monkeypatch.setattr(pinning, "distribution", nothing)

    assert pinned() == pinned_by(None)
