"""Plans that ``apply --expect`` has begun, kept so the same command can continue after an interruption.

Once a part of a plan is done, planning again gives another plan with another id. The reviewed plan is kept in
``.tr-apply/begun``, and is used only with the configuration that it was made from.
"""

import json
from pathlib import Path
from typing import Final

from tr_apply.config.load import Configuration
from tr_apply.errors import RefusedError, TrApplyError
from tr_apply.own_folder import NAME, make_folder
from tr_apply.plan.change import Plan
from tr_apply.plan.json_values import digest
from tr_apply.plan.saved.document import checked_envelope, plan_document, plan_id
from tr_apply.whole_file import write_file

FOLDER: Final = Path(NAME) / "begun"
_KEPT = 20
_HEXADECIMAL = frozenset("0123456789abcdef")


def keep_begun(plan: Plan, configuration: Configuration) -> None:
    """Keep *plan*, which was made from *configuration*, before anything of it is done.

    Raises:
        TrApplyError: when that is not possible.
    """
    content = {"plans": [plan_document(plan)], "configuration": _digest_of(configuration)}
    try:
        make_folder(FOLDER)
        for each in sorted(FOLDER.glob("*.json"), key=lambda path: path.stat().st_mtime)[:-_KEPT]:
            each.unlink()
    except OSError as error:
        raise TrApplyError(f"{FOLDER} cannot be written: {error.strerror}") from error
    write_file(_path(plan_id(plan)), checked_envelope("plan", 0, content), private=True)


def begun_plan(expected: str, configuration: Configuration) -> Plan | None:
    """The plan with the id *expected* that was begun with the same *configuration*; None where there is none."""
    from tr_apply.plan.saved.load import saved_plans  # noqa: PLC0415  # seldom needed

    try:
        text = _path(expected).read_text(encoding="utf-8") if _HEXADECIMAL.issuperset(expected) else ""
        if not text or json.loads(text).get("configuration") != _digest_of(configuration):
            return None
        [plan] = saved_plans(text)
    except (OSError, ValueError, RefusedError):
        return None
    return plan if plan_id(plan) == expected else None


def _path(name: str) -> Path:
    return FOLDER / f"{name}.json"


def _digest_of(configuration: Configuration) -> str:
    return digest(configuration.document.model_dump(mode="json"))
