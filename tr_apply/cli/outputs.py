"""Where ``outputs`` go: a file of their own, and the outputs of a step of a GitHub workflow."""

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from tr_apply.api.plan import Plan
from tr_apply.cli.github import write_any_step_outputs
from tr_apply.errors import IncompleteError, TrApplyError, UsageError
from tr_apply.resources.template import plain
from tr_apply.whole_file import require_writable, write_file

_JSON = ".json"


def require_one_workspace(file: Path | None, plans: Sequence[Plan]) -> None:
    """Lines ``NAME=value`` do not say which workspace they are of.

    Raises:
        UsageError: when there are several, and *file* is for lines.
    """
    if file is not None and file.suffix != _JSON and len(plans) > 1:
        raise UsageError(f"--outputs-file {file}: several workspaces need a file that ends in .json")


def require_writable_outputs(plans: Sequence[Plan], file: Path | None) -> None:
    """Find out before anything is written to TaskRouter whether the outputs of *plans* can be written.

    Raises:
        TrApplyError: when they cannot.
    """
    if any(map(_declared, plans)):
        write_any_step_outputs(os.environ, {})
    if file is None:
        return
    require_writable(file)
    for plan in plans if file.suffix != _JSON else ():
        _lines({name: plain(template) for name, template in _declared(plan).items()})


def write_outputs(plans: Sequence[Plan], file: Path | None) -> None:
    """Write the outputs of *plans*; those of a workspace that is not as declared are left out.

    Raises:
        IncompleteError: They cannot be written; the workspaces are applied all the same.
    """
    found = [plan for plan in plans if plan.outputs is not None]
    if not found:
        return
    try:
        if file is not None:
            write_file(file, _text(found, file, several=len(plans) > 1))
        for plan in found:
            write_any_step_outputs(os.environ, plan.outputs or {})
    except TrApplyError as error:
        raise IncompleteError(f"the changes were made, but the outputs could not be written: {error}") from error


def _declared(plan: Plan) -> Mapping[str, str]:
    return {} if plan.changes is None else plan.changes.outputs


def _text(plans: Sequence[Plan], file: Path, *, several: bool) -> str:
    outputs = {str(plan.workspace): plan.outputs or {} for plan in plans}
    if file.suffix != _JSON:
        [only] = outputs.values()
        return _lines(only)
    return json.dumps(outputs if several else next(iter(outputs.values())), indent=2, ensure_ascii=False) + "\n"


def _lines(outputs: Mapping[str, str]) -> str:
    """Lines ``NAME=value``.

    Raises:
        TrApplyError: when a value has a line break, which such a line cannot hold.
    """
    for name, value in outputs.items():
        if len(value.splitlines()) > 1 or value.endswith("\n"):
            raise TrApplyError(f"the output {name} has a line break; use a file that ends in .json")
    return "".join(f"{name}={value}\n" for name, value in outputs.items())
