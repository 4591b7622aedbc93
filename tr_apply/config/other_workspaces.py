"""The workspaces that the files around a configuration name, as those of other tenants and stages."""

import os
from collections.abc import Collection, Iterator
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Final

from tr_apply.config.files import SUFFIXES, read_file, regular
from tr_apply.config.places import Sources
from tr_apply.config.reach import Reach
from tr_apply.config.values.marks import REFERENCE
from tr_apply.resources.field_path import fits
from tr_apply.routing.names import name_key

_MOST_FILES: Final = (
    2_000  # a repository with more of them names its workspaces in the first ones, or says `renamed_from`
)


class NamedWorkspaces:
    """Names of workspaces in the files that *reach* holds: the root. A variable in a name matches any text."""

    def __init__(self, reach: Reach) -> None:
        self._reach = reach

    @cached_property
    def _patterns(self) -> Collection[str]:
        """Read when first asked about a name: where the account has no other workspace, there is nothing to ask."""
        return sorted(set(_patterns(self._reach)))

    def has(self, name: str) -> bool:
        """Whether some file names a workspace like that."""
        return any(fits(name_key(name), pattern) for pattern in self._patterns)


def _patterns(reach: Reach) -> Iterator[str]:
    files = (path for folder in reach.folders for path in _files_below(folder))
    for path in islice(files, _MOST_FILES):
        file = read_file(regular(path, reach), Sources(), raw=True)
        workspace = file.data.get("workspace")
        name = workspace.get("name") if isinstance(workspace, dict) else None
        if isinstance(name, str):
            yield name_key(REFERENCE.sub("*", name))


def _files_below(folder: Path) -> Iterator[Path]:
    """Every YAML file, also below ``overlays``; links are not followed."""
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(each for each in folders if not each.startswith("."))
        yield from (Path(place, name) for name in sorted(names) if name.endswith(SUFFIXES))
