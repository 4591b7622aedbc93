"""Loads what a PATH names, for every command that needs a configuration."""

import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from tr_apply.api import configurations
from tr_apply.api.configurations import PeopleOf
from tr_apply.cli.options import ConfigurationOptions, given_variables
from tr_apply.cli.output import Output
from tr_apply.config.files import STANDARD_INPUT, SUFFIXES, require_path
from tr_apply.config.load import Begun, Configuration, Inputs
from tr_apply.errors import ConfigError, UsageError
from tr_apply.findings import Finding, Severity
from tr_apply.routing.names import sid_pattern

_WORKSPACE_SID = re.compile(sid_pattern("WS"))


def inputs_of(given: ConfigurationOptions) -> Inputs:
    """The ``Inputs`` that the options describe."""
    return Inputs(
        overlays=given.overlays,
        given=given_variables(given.variables),
        variable_files=given.variable_files,
        environment=os.environ,
        credentials_variables=given.credentials_variables,
        root=root_of(given),
    )


def root_of(given: ConfigurationOptions) -> Path | None:
    """The folder of ``--root``.

    Raises:
        UsageError: It is not a folder.
    """
    if given.root is not None and not given.root.is_dir():
        raise UsageError(f"--root {given.root}: there is no such folder")
    return given.root


def require_paths(paths: Sequence[Path]) -> None:
    """Check that each PATH exists, before anything is done for the others.

    Raises:
        UsageError: for the first that does not.
    """
    for path in paths:
        require_path(path)


def require_inputs(paths: Sequence[Path], given: ConfigurationOptions) -> None:
    """Check that each PATH exists and that one of them uses each ``--var``.

    Raises:
        UsageError: for the first PATH that does not exist.
        ConfigError: with the variables that nothing uses.
    """
    require_paths(paths)
    if unused := unused_variables(paths, given):
        raise ConfigError(unused)


def unused_variables(paths: Sequence[Path], given: ConfigurationOptions) -> tuple[Finding, ...]:
    """An error for each ``--var`` that nothing at *paths* uses."""
    if not given.variables or not paths:
        return ()
    from tr_apply.config.values import used  # noqa: PLC0415  # seldom needed

    return tuple(used.unused_variables(paths, inputs_of(given)))


def checked(path: Path, given: ConfigurationOptions, people: PeopleOf | None = None) -> Configuration:
    """The configuration at *path*, with every finding; *people* reads the workers of the live workspace."""
    return configurations.checked(path, inputs_of(given), people)


def begun(path: Path, given: ConfigurationOptions) -> Begun:
    """The configuration at *path* as far as its structure; the rest is checked while its workspace is read."""
    return configurations.begun(path, inputs_of(given))


def usable(path: Path, given: ConfigurationOptions, output: Output) -> Configuration:
    """The same configuration if it has no errors. Prints its warnings.

    Raises:
        ConfigError: It has errors.
    """
    configuration = checked(path, given)
    configuration.require_valid()
    say_warnings((each for each in configuration.diagnostics if each.severity is Severity.WARNING), output)
    return configuration


def say_warnings(found: Iterable[Finding], output: Output) -> None:
    """Print the warnings *found*."""
    for each in found:
        output.say(str(each))


# Names in arguments


def paths_in(written: str) -> Sequence[Path]:
    """The path that *written* is, and those of the overlays that it carries; none of the name of a live workspace."""
    if _WORKSPACE_SID.fullmatch(written):
        return ()
    parts = written.split("+")
    if exists(written) or len(parts) == 1 or not _is_path_with_overlays(parts):
        return [Path(written)] if is_path(written) else ()
    return [Path(each) for each in parts]


def _is_path_with_overlays(parts: Sequence[str]) -> bool:
    """Whether *parts* are paths, though they need not exist; a live workspace may be called ``C++``, too."""
    return all(parts) and (all(map(exists, parts)) or any(map(looks_like_a_path, parts)))


def is_path(written: str) -> bool:
    """Whether *written* is a file or a folder, and not the name of a live workspace."""
    return not _WORKSPACE_SID.fullmatch(written) and (looks_like_a_path(written) or exists(written))


def looks_like_a_path(written: str) -> bool:
    """Whether *written* can only be a path, there or not."""
    return "/" in written or written.lower().endswith(SUFFIXES)


def exists(written: str) -> bool:
    """Whether *written* is standard input, or a file or a folder that is there."""
    try:
        return Path(written) == STANDARD_INPUT or Path(written).exists()
    except OSError:  # too long for a file
        return False
