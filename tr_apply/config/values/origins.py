"""Findings about variables themselves: values that they cannot have, and where a value comes from."""

from typing import Final

from tr_apply.config.common_rules import WRONG_TYPE
from tr_apply.config.notes import Notes
from tr_apply.config.values.declarations import SECTION as DECLARATIONS
from tr_apply.findings import Rule, Severity

ENVIRONMENT_BEATS_FILE: Final = Rule(
    "environment-beats-file", Severity.INFO, "A variable of the environment is used instead of the value in `vars`."
)

_VARS = "vars"


def note_variables(notes: Notes) -> None:
    """Note values that a declaration does not allow, and what the environment puts in the place of ``vars``."""
    for name, mistake in notes.variables.type_mistakes():
        origin = notes.variables.origin(name)
        path = (_VARS, name) if origin == _VARS else (DECLARATIONS, name, "default") if origin == "default" else None
        message = str(mistake) if path else f"{origin}: {mistake}"
        notes.add(mistake.rule, message, path or (DECLARATIONS, name), key=path is None)
    for name, variable in notes.variables.beaten_by_environment():
        message = f"{variable} of the environment is used instead of this value; remove one of them"
        notes.add(ENVIRONMENT_BEATS_FILE, message, (_VARS, name))
    _note_defaults(notes)


def _note_defaults(notes: Notes) -> None:
    """A text is written as one: YAML would make 42 of 0042."""
    declared = notes.root.value.get(DECLARATIONS)
    for name, rule in declared.items() if isinstance(declared, dict) else ():
        default = rule.get("default") if isinstance(rule, dict) else None
        if default is not None and not isinstance(default, str) and notes.variables.declarations[name].type == "string":
            message = "the variable is a string: quote its default, or declare its `type`"
            notes.add(WRONG_TYPE, message, (DECLARATIONS, name, "default"))
