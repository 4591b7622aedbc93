"""A configuration: read and checked, from files or as a program has built it."""

import os
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from tr_apply.config.load import Begun, Configuration, Inputs
from tr_apply.config.load import begin as begin_configuration
from tr_apply.findings import errors_of
from tr_apply.lint import lint
from tr_apply.routing.evaluate import Names

if TYPE_CHECKING:
    from tr_apply.models import Workspace  # a command reads files, and needs no models that programs build

StrPath = str | PathLike[str]


PeopleOf: TypeAlias = Callable[[Configuration], Sequence[Names] | None]
"""Reads the workers of the live workspace that a configuration is for."""


def checked(path: Path, inputs: Inputs, people: PeopleOf | None = None) -> Configuration:
    """The configuration at *path* with every finding, errors included; *people* are asked for if it can be read.

    Raises:
        UsageError: when there is no such path, overlay or file of variables.
    """
    return begun(path, inputs, people).finished()


def begun(path: Path, inputs: Inputs, people: PeopleOf | None = None) -> Begun:
    """The same, as far as its structure; `Begun.finished` does the rest of the checks.

    Raises:
        UsageError: as ``checked``.
    """
    found = begin_configuration(path, inputs)

    def finished() -> Configuration:
        configuration = found.finished()
        workers = None if people is None or errors_of(configuration.notes.found) else people(configuration)
        lint(configuration, today=datetime.now(UTC).date(), people=workers)
        return configuration

    return found._replace(finished=finished)


def begin(path: StrPath) -> Begun:
    """``load`` without options, as far as the structure.

    Raises:
        UsageError: There is no such file.
    """
    return begun(Path(path), Inputs(environment=os.environ))


def load(
    source: "StrPath | Workspace",
    *,
    overlays: Sequence[StrPath] = (),
    variables: Mapping[str, str] | None = None,
    variable_files: Sequence[StrPath] = (),
    root: StrPath | None = None,
) -> Configuration:
    """Read and check a configuration. Offline; the environment's ``TR_VAR_…`` and ``TR_SECRET_…`` are variables.

    Args:
        source: A file, a folder, or a ``Workspace`` that the program has built.
        overlays: Files that change the configuration; later ones win.
        variables: As ``--var``.
        variable_files: As ``--var-file``.
        root: The folder that holds every file named by the configuration; by default the configuration's own folder.

    Returns:
        The configuration; its ``diagnostics`` hold the warnings.

    Raises:
        ConfigError: The configuration has errors; ``diagnostics`` holds every finding.
        UsageError: There is no such file.
    """
    inputs = Inputs(
        overlays=[Path(each) for each in overlays],
        given=variables or {},
        variable_files=[Path(each) for each in variable_files],
        environment=os.environ,
        root=None if root is None else Path(root),
    )
    if isinstance(source, str | PathLike):
        path = Path(source)
    else:
        path, inputs = Path(f"<{source.name}>"), inputs._replace(content=source.to_yaml().encode())
    configuration = checked(path, inputs)
    configuration.require_valid()
    return configuration
