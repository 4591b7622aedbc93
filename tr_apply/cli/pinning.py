"""The version that ``init`` pins: the tr-apply of this installation, and a note on what cannot be pinned."""

import json
from importlib.metadata import PackageNotFoundError, distribution
from typing import Any, NamedTuple

from tr_apply.version import __version__

_PACKAGE = "tr-apply"
_DEPENDENCIES = (
    "The packages that tr-apply needs are not pinned: pip takes the newest that fit. To pin them too, install from a "
    "file of requirements with hashes."
)


class Pinned(NamedTuple):
    """The pip requirement for this version of tr-apply, and a sentence about the parts that it does not pin."""

    requirement: str
    unpinned: str


def pinned() -> Pinned:
    """This installation: its repository and commit where it came from one, else its version."""
    try:
        return pinned_by(distribution(_PACKAGE).read_text("direct_url.json"))
    except PackageNotFoundError:
        return pinned_by(None)


def pinned_by(direct_url: str | None) -> Pinned:
    """The same, where *direct_url* is what pip has written down about the origin; None for a package index."""
    version = f"{_PACKAGE}=={__version__}"
    match _parsed(direct_url):
        case None:
            return Pinned(version, _DEPENDENCIES)
        case {"url": str(url), "vcs_info": {"vcs": "git", "commit_id": str(commit)}}:
            return Pinned(f"{_PACKAGE} @ git+{url}@{commit}", _DEPENDENCIES)
        case _:
            return Pinned(
                version,
                "This tr-apply was installed from files of one machine, which nothing else can install: the pin holds "
                f"once this version is in your package index. Or write `{_PACKAGE} @ git+URL@COMMIT`. {_DEPENDENCIES}",
            )


def _parsed(text: str | None) -> Any:
    try:
        return None if text is None else json.loads(text)
    except ValueError:
        return {}
