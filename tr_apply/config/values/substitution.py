"""Putting variables into the strings of files that were read."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from typing import Any, NamedTuple

from tr_apply.config.common_rules import INVALID_VALUE, WRONG_TYPE
from tr_apply.config.notes import Notes
from tr_apply.config.places import Places, find, nodes_at, paths_of
from tr_apply.config.shape import JSON_KEYS, Shape, shape_at
from tr_apply.config.source_file import Site, SourceFile
from tr_apply.config.values.declarations import SECTION as DECLARATIONS
from tr_apply.config.values.declarations import declarations_of
from tr_apply.config.values.marks import EACH, VARIABLE_NAME
from tr_apply.config.values.variables import VariableError, Variables
from tr_apply.findings import Finding, KeyPath, Rule, found_at
from tr_apply.frozen import unfrozen
from tr_apply.resources.template import Substituted, sids_in

_VARIABLES = "vars"


class Failure(NamedTuple):
    """A string that could not be completed: where it begins, and the reference in it that is wrong."""

    place: int
    at: int
    error: VariableError


@unfrozen
class Substitution:
    """The result of putting variables into strings.

    Attributes:
        failures: Strings that could not be completed.
        has_sids: Whether some string asks for a SID.
        secret: Places of strings into which a secret flowed.
        each: Places of strings that hold ``${each.…}``, where the first of them begins, and what it names.
    """

    failures: list[Failure] = field(default_factory=list)
    has_sids: bool = False
    secret: set[int] = field(default_factory=set)
    each: dict[int, tuple[int, str]] = field(default_factory=dict)

    def and_then(self, later: "Substitution") -> "Substitution":
        """The result of this substitution followed by a *later* one."""
        return Substitution(
            [*self.failures, *later.failures],
            self.has_sids or later.has_sids,
            self.secret | later.secret,
            self.each | later.each,
        )


def values_of(files: Sequence[SourceFile], mistakes: list[Finding]) -> dict[str, str]:
    """The variables in the files of ``--var-file``; later files win."""
    values: dict[str, str] = {}
    for file in files:
        for name, value in file.data.items():
            problem = _problem(name, value)
            if problem is None:
                values[name] = value
            else:
                mistakes.append(found_at(*problem, find(file.places, (name,), key=True), (name,)))
    return values


def _problem(name: str, value: object) -> tuple[Rule, str] | None:
    if not VARIABLE_NAME.match(name):
        return INVALID_VALUE, "a variable's name is made of letters, digits and _"
    if not isinstance(value, str):
        return WRONG_TYPE, f"expected a string, found {'a list' if isinstance(value, list) else 'a mapping'}"
    return None


def variables_of(
    files: Sequence[SourceFile],
    *,
    from_files: Mapping[str, str],
    given: Mapping[str, str],
    environment: Mapping[str, str],
) -> Variables:
    """All that strings may refer to; later overlays win over earlier ones, and overlays over files."""
    declared: dict[str, str] = {}
    for file in files:
        section = file.data.get(_VARIABLES)
        if isinstance(section, dict):
            declared |= {name: value if isinstance(value, str) else "" for name, value in section.items()}
    return Variables(
        given=given,
        declared=declared,
        environment=environment,
        from_files=from_files,
        declarations=declarations_of(file.data.get(DECLARATIONS) for file in files),
    )


def substitute(files: Sequence[SourceFile], notes: Notes, root: Shape | None = None) -> Substitution:
    """Replace the variables in every string of *files*, which are configurations unless *root* is another shape."""
    made = Substitution()
    for file in files:
        section, declarations = file.data.get(_VARIABLES), {*map(id, _containers(file.data.get(DECLARATIONS)))}
        alone = [
            site
            for site in file.sites
            if id(site.container) not in declarations  # they are read by themselves
            and _substitute(site, notes, made, variable=str(site.key) if site.container is section else "")
        ]
        if alone:
            _put_alone(file, alone, notes, root)
    return made


def substitute_variables(files: Sequence[SourceFile], notes: Notes) -> Substitution:
    """Replace the variables in files of variables."""
    made = Substitution()
    for file in files:
        for site in file.sites:
            _substitute(site, notes, made, variable=str(site.key) if site.container is file.data else "")
    return made


def _substitute(site: Site, notes: Notes, made: Substitution, *, variable: str) -> bool:
    """Replace the variables in one string; whether it is exactly one variable."""
    text, variables = site.container[site.key], notes.variables
    if variable and not variables.uses(variable, text):
        return False
    try:
        value = variables.substituted(text, name=variable)
    except VariableError as error:
        notes.mistaken.add(site.place)
        if error.variable in {"", variable}:  # a variable's own mistake is reported at its declaration
            at = notes.character(site.place, text, error.offset)
            made.failures.append(Failure(site.place, at, error))
        return False
    notes.written[site.place] = text
    site.container[site.key] = value
    made.has_sids = made.has_sids or any(sids_in(value))
    if variables.holds_secret(text):
        made.secret.add(site.place)
    if not variable and (each := _first_each(value)) is not None:
        made.each[site.place] = (notes.character(site.place, value, each.start()), each[1])
    return not variable and isinstance(value, Substituted)


def _first_each(value: str) -> re.Match[str] | None:
    """The first ``${each.…}`` in *value*."""
    if "${each." not in value:
        return None
    return next((match for match in EACH.finditer(value) if match[1] is not None), None)


def _containers(value: Any) -> Iterator[Any]:
    """*value* and all that it holds, as far as that holds anything."""
    if isinstance(value, (dict, list)):
        yield value
        for child in value.values() if isinstance(value, dict) else value:
            yield from _containers(child)


def _put_alone(file: SourceFile, sites: Sequence[Site], notes: Notes, root: Shape | None) -> None:
    """Put in the value of a variable that is the whole string: in its type if any type is allowed, else as plain text.

    For a field that holds a number, the text is parsed later.
    """
    paths: dict[int, list[KeyPath]] = {}
    for place, path in paths_of(file.places, {site.place for site in sites}):
        paths.setdefault(place, []).append(path)
    for site in sites:
        declaration = notes.variables.type_of(notes.written[site.place])
        for path in paths.get(site.place, ()):
            if _holds_any(path, root, is_typed=declaration is not None):
                text = str(site.container[site.key])
                site.container[site.key] = text if declaration is None else declaration.value(text)
                _put_node(file.places, path, site.container[site.key], site.place)
                file.has_nulls = file.has_nulls or site.container[site.key] is None
                break


def _holds_any(path: KeyPath, root: Shape | None, *, is_typed: bool) -> bool:
    """Whether *path* may hold a value of any type; for an untyped variable, whether it is inside a JSON document."""
    if root is None and not is_typed:
        return not JSON_KEYS.isdisjoint(path[2:-1])  # the shape of a configuration takes a while to make
    shape = shape_at(path, root)
    return shape is None or shape.is_json or shape.each is not None or bool(shape.keys)


def _put_node(root: Places, path: KeyPath, value: Any, place: int) -> None:
    node: Any = root
    for part in path[:-1]:
        node = node.children[part]
    node.children[path[-1]] = nodes_at(value, place)
