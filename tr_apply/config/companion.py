"""A file next to a configuration, with models and variables of its own: routing tests, a simulation."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Generic, NamedTuple, TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from tr_apply.config.common_rules import SECRET_MISPLACED, UNKNOWN_EACH
from tr_apply.config.files import read_file, regular
from tr_apply.config.json_values import note_literal_keys, note_phone_numbers
from tr_apply.config.load import Configuration
from tr_apply.config.notes import Notes
from tr_apply.config.places import Located, Sources, shown
from tr_apply.config.problems import note_nulls, note_problems
from tr_apply.config.shape import shape_of
from tr_apply.config.source_file import SourceFile
from tr_apply.config.values.substitution import Substitution, substitute
from tr_apply.resources.kind import Resource

M = TypeVar("M", bound=Resource)


class Companion(NamedTuple, Generic[M]):
    """A file as it was read.

    Attributes:
        content: What it says; None where its structure is wrong.
        notes: Every finding so far, and the places that later checks need.
        file: The file as it is written.
    """

    content: M | None
    notes: Notes
    file: SourceFile


def read_companion(path: Path, configuration: Configuration, model: type[M], what: str) -> Companion[M]:
    """Read the file at *path*, which accompanies *configuration*, as a *model*. Messages call it *what*: ``a test``."""
    sources = Sources()
    notes = Notes(sources, configuration.notes.variables)
    file = read_file(regular(path, configuration.reach), sources)
    notes.root = Located(file.data, file.places)
    shape = shape_of(model)
    made = substitute([file], notes, shape)
    _take_back_secrets(file, made, notes, what)
    for mistake in file.mistakes:
        notes.mistake(mistake)
    for failure in made.failures:
        notes.at(failure.error.rule, failure.error.message, failure.at)
    for at, name in made.each.values():
        message = f"`${{each.{shown(name)}}}` is a value of `for_each`, which {what} does not have"
        notes.at(UNKNOWN_EACH, message, at)
    note_literal_keys(file.marked_keys, notes, shape)
    note_phone_numbers(file.phone_numbers, notes, shape)
    if file.has_nulls:
        note_nulls(notes, shape)
    try:
        return Companion(model.model_validate(notes.root.value), notes, file)
    except ValidationError as error:
        errors = [_as_written(each, notes.root.value) for each in error.errors(include_url=False)]
        note_problems(errors, notes, shape, whole=file.complete)
        return Companion(None, notes, file)


def _take_back_secrets(file: SourceFile, made: Substitution, notes: Notes, what: str) -> None:
    """The output shows tasks and names: no secret may get into one."""
    for site in file.sites:
        if site.place in made.secret:
            site.container[site.key] = notes.written[site.place]
            message = f"a secret variable cannot be used in {what}, because its output shows this value"
            notes.at(SECRET_MISPLACED, message, site.place)
            notes.mistaken.add(site.place)


def _as_written(error: ErrorDetails, value: Any) -> ErrorDetails:
    """*error* without the keys that a shorthand leaves out."""
    return {**error, "loc": tuple(_written_keys(error["loc"], value))}


def _written_keys(path: Iterable[str | int], value: Any) -> Iterable[str | int]:
    for part in path:
        if isinstance(part, str) and not isinstance(value, dict):
            continue
        yield part
        try:
            value = value[part]
        except (KeyError, IndexError, TypeError):
            value = {}  # pydantic's own keys follow
