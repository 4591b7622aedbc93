"""Putting variables into the strings of files that were read."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from tr_apply.config.notes import Notes
from tr_apply.config.places import find
from tr_apply.config.reader import Mistake, SourceFile
from tr_apply.config.variables import VARIABLE_NAME, VariableError, Variables
from tr_apply.resources.template import sids_in

_VARIABLES = "vars"


class Failure(NamedTuple):
    """A string that could not be completed: where it begins, and the reference in it that is wrong."""

    place: int
    at: int
    error: VariableError


def literal_variables(files: Sequence[SourceFile], mistakes: list[Mistake]) -> dict[str, str]:
    """What the files of ``--var-file`` say, later ones over earlier ones."""
    values: dict[str, str] = {}
    for file in files:
        for name, value in file.data.items():
            problem = _problem(name, value)
            if problem is None:
                values[name] = value
            else:
                mistakes.append(Mistake(*problem, find(file.places, (name,), key=True), (name,)))
    return values


def _problem(name: str, value: object) -> tuple[str, str] | None:
    if not VARIABLE_NAME.match(name):
        return "invalid-value", "a variable's name is made of letters, digits and _"
    if not isinstance(value, str):
        return "wrong-type", f"expected a string, found {'a list' if isinstance(value, list) else 'a mapping'}"
    return None


def variables_of(files: Sequence[SourceFile], given: Mapping[str, str], environment: Mapping[str, str]) -> Variables:
    """All that strings may refer to; later overlays win over earlier ones, and overlays over files."""
    declared: dict[str, str] = {}
    for file in files:
        section = file.data.get(_VARIABLES)
        if isinstance(section, dict):
            declared |= {name: value if isinstance(value, str) else "" for name, value in section.items()}
    return Variables(given=given, declared=declared, environment=environment)


def substitute(files: Sequence[SourceFile], notes: Notes) -> tuple[list[Failure], bool]:
    """Replace the variables in every string of *files*.

    Returns:
        Where that was not possible, and whether some string asks for a SID.
    """
    failures: list[Failure] = []
    has_sids = False
    for file in files:
        section = file.data.get(_VARIABLES)
        for site in file.sites:
            text = site.container[site.key]
            variable = str(site.key) if site.container is section else ""
            if variable and not notes.variables.uses(variable, text):
                continue
            try:
                value = notes.variables.substituted(text, name=variable)
            except VariableError as error:
                notes.mistaken.add(site.place)
                if error.variable in {"", variable}:  # a variable's own mistake is told where it is declared
                    at = notes.character(site.place, text, error.offset)
                    failures.append(Failure(site.place, at, error))
                continue
            notes.written[site.place] = text
            site.container[site.key] = value
            has_sids = has_sids or any(sids_in(value))
    return failures, has_sids
