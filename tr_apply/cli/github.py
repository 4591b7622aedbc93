"""Outputs of a step of a GitHub workflow, for the steps after it."""

import secrets
from collections.abc import Callable, Mapping
from pathlib import Path

from tr_apply.errors import TrApplyError


def write_step_outputs(environment: Mapping[str, str], find: Callable[[], Mapping[str, str]]) -> None:
    """Append what *find* returns, values of one line, to the file that ``GITHUB_OUTPUT`` names.

    Elsewhere nothing is done, and nothing is looked for.

    Raises:
        TrApplyError: when it cannot be written; the steps after this one would take that for nothing to do.
    """
    if environment.get("GITHUB_OUTPUT"):
        _append(environment, "".join(f"{name}={value}\n" for name, value in find().items()))


def write_any_step_outputs(environment: Mapping[str, str], outputs: Mapping[str, str]) -> None:
    """The same for values that come from a configuration.

    None of them can end its own lines and set an output of another name, as the delimiter is a random one.

    Raises:
        TrApplyError: as ``write_step_outputs``.
    """
    delimiter = f"tr-apply-{secrets.token_hex(16)}"
    lines = (f"{name}<<{delimiter}\n{value}\n{delimiter}\n" for name, value in outputs.items())
    _append(environment, "".join(lines))


def _append(environment: Mapping[str, str], text: str) -> None:
    if not (path := environment.get("GITHUB_OUTPUT")):
        return
    try:
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise TrApplyError(f"GITHUB_OUTPUT={path} cannot be written: {error.strerror}") from error


def run_artifacts(environment: Mapping[str, str]) -> str:
    """The address of this run's artifacts; empty elsewhere than on GitHub."""
    server, repository, run = (environment.get(f"GITHUB_{name}") for name in ("SERVER_URL", "REPOSITORY", "RUN_ID"))
    return f"{server}/{repository}/actions/runs/{run}#artifacts" if server and repository and run else ""


def repository(environment: Mapping[str, str]) -> Path | None:
    """The folder that GitHub's runner has checked out, from where it names files; None elsewhere."""
    return Path(root) if (root := environment.get("GITHUB_WORKSPACE")) else None
