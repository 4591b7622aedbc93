"""One file as it was read, before anything in it is checked or put in its place."""

from dataclasses import field
from pathlib import Path
from typing import Any

from tr_apply.config.places import Places
from tr_apply.config.reach import NOWHERE, Reach
from tr_apply.findings import Finding, KeyPath
from tr_apply.frozen import unfrozen


@unfrozen
class Site:
    """The place of a string with ``${``, where its value is put back once it is known."""

    container: Any
    key: str | int
    place: int


@unfrozen
class SourceFile:
    """One file as it was read. ``data`` is always a mapping: everything before the mistake that ended reading."""

    data: dict[str, Any]
    places: Places
    sites: list[Site] = field(default_factory=list)
    phone_numbers: dict[int, str] = field(default_factory=dict)
    """Plain scalars that were read as numbers and lost a plus sign or leading zeros, by place."""

    marked_keys: list[tuple[int, KeyPath]] = field(default_factory=list)
    """The first of each key that holds ``${``."""

    mistakes: list[Finding] = field(default_factory=list)
    has_nulls: bool = False
    has_for_each: bool = False
    """Whether any key is ``for_each``."""

    folder: Path = Path()
    """The folder of the file."""

    reach: Reach = NOWHERE
    """Where a file may lie that this one names."""

    complete: bool = True
    """False after a mistake that kept the rest of the file from being read."""
