"""From a PATH to a checked configuration: files, variables, overlays, structure, references.

Nothing stops at the first mistake: whatever can still be read is read and checked, and every finding is kept.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from tr_apply.config.files import configuration_files, read_file
from tr_apply.config.notes import Notes
from tr_apply.config.overlay import Located, overlaid
from tr_apply.config.places import Sources
from tr_apply.config.problems import note_nulls, note_phone_numbers, note_problems
from tr_apply.config.reader import SourceFile
from tr_apply.config.references import note_broken_references, note_duplicates
from tr_apply.config.sections import joined
from tr_apply.config.variables import VARIABLE_NAME, VariableError, Variables
from tr_apply.diagnostics import Diagnostic, Severity, errors_of
from tr_apply.errors import ConfigError, UsageError
from tr_apply.resources import SECTIONS
from tr_apply.resources.document import Document
from tr_apply.resources.workspace import Workspace

_RAW_SECTIONS = frozenset({"vars"})


@dataclass(frozen=True, slots=True)
class Configuration:
    """A configuration as far as it could be read.

    Attributes:
        path: What the user called it.
        document: The resources; where something is wrong, those that are right.
        notes: Every finding so far, and the places that later checks need.
        complete: Whether all of the structure is right, so that checks across resources make sense.
        has_sids: Whether any string asks for a SID.
    """

    path: str
    document: Document
    notes: Notes
    complete: bool
    has_sids: bool = False

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """Errors and warnings in the order of the files."""
        order = {name: index for index, name in enumerate(self.notes.sources.names)}
        return tuple(
            sorted(
                self.notes.found,
                key=lambda each: (order.get(each.file or "", -1), each.line or 0, each.column or 0),
            )
        )

    def require_valid(self) -> None:
        """Do nothing if the configuration can be used.

        Raises:
            ConfigError: with every finding.
        """
        if errors_of(self.notes.found):
            raise ConfigError(self.diagnostics)


@dataclass(frozen=True, slots=True)
class Inputs:
    """What surrounds the files: overlays, and where variables come from."""

    overlays: Sequence[Path] = ()
    given: Mapping[str, str] = field(default_factory=dict)
    variable_files: Sequence[Path] = ()
    environment: Mapping[str, str] = field(default_factory=dict)


def load(path: Path, inputs: Inputs | None = None) -> Configuration:
    """The configuration at *path* with every finding about its files and its structure.

    Raises:
        UsageError: when there is no such path.
        ConfigError: when there is nothing that could be read at all.
    """
    inputs = inputs or Inputs()
    sources = Sources()
    files = _read_all(configuration_files(path), sources)
    overlays = _read_all(_existing(inputs.overlays), sources)
    notes = Notes(sources, Variables(environment=inputs.environment))
    for file in (*files, *overlays):
        notes.found.extend(file.diagnostics)
    notes.variables.given = {**_variable_files(inputs, notes), **_checked_names(inputs.given)}
    notes.variables.declared = _declared(files, overlays)
    has_sids = _substitute((*files, *overlays), notes)
    notes.root = _joined(files, overlays, notes)
    return _checked(str(path), (*files, *overlays), notes, has_sids=has_sids)


def _existing(overlays: Sequence[Path]) -> Sequence[Path]:
    for overlay in overlays:
        if not overlay.is_file():
            raise UsageError(f"{overlay}: there is no such file")
    return overlays


def _read_all(paths: Sequence[Path], sources: Sources) -> list[SourceFile]:
    return [read_file(path, sources, raw_sections=_RAW_SECTIONS) for path in paths]


def _variable_files(inputs: Inputs, notes: Notes) -> dict[str, str]:
    values: dict[str, str] = {}
    for path in _existing(inputs.variable_files):
        file = read_file(path, notes.sources, raw_sections=frozenset())
        raw = read_file(path, Sources(), raw_sections=frozenset(file.data))
        notes.found.extend(file.diagnostics)
        for name in file.data:
            values[name] = raw.data[name]
    return values


def _checked_names(given: Mapping[str, str]) -> Mapping[str, str]:
    for name in given:
        if not VARIABLE_NAME.match(name):
            raise UsageError(f"--var {name}=…: a variable's name is made of letters, digits and _")
    return given


def _declared(files: Sequence[SourceFile], overlays: Sequence[SourceFile]) -> dict[str, str]:
    """Later overlays win over earlier ones, and overlays over files."""
    values: dict[str, str] = {}
    for file in (*files, *overlays):
        section = file.data.get("vars")
        if isinstance(section, dict):
            values |= {name: value for name, value in section.items() if isinstance(value, str)}
    return values


def _substitute(files: Sequence[SourceFile], notes: Notes) -> bool:
    """Replace the variables in every string; True when some string asks for a SID."""
    has_sids = False
    for file in files:
        variables_section = file.data.get("vars")
        for site in file.sites:
            if site.container is variables_section:
                continue
            text = site.container[site.key]
            try:
                value = notes.variables.substituted(text)
            except VariableError as error:
                notes.at(Severity.ERROR, error.code, error.message, site.place)
                continue
            notes.written[site.place] = text
            site.container[site.key] = value
            has_sids = has_sids or "${sid:" in value
    return has_sids


def _joined(files: Sequence[SourceFile], overlays: Sequence[SourceFile], notes: Notes) -> Located:
    def note(code: str, message: str, place: int) -> None:
        notes.at(Severity.ERROR, code, message, place)

    root = joined((Located(file.data, file.places) for file in files), notes.sources, note)
    for overlay in overlays:
        root = overlaid(root, Located(overlay.data, overlay.places), note)
    return root


def _checked(path: str, files: Sequence[SourceFile], notes: Notes, *, has_sids: bool) -> Configuration:
    note_nulls([null for file in files for null in file.nulls], notes)
    note_phone_numbers([number for file in files for number in file.phone_numbers], notes)
    readable = all(file.complete for file in files)
    document, valid = _document(notes, whole=readable)
    if readable:
        note_duplicates(document, notes)
        note_broken_references(document, notes.root.value, notes, has_sids=has_sids)
    return Configuration(path, document, notes, complete=readable and valid, has_sids=has_sids)


def _document(notes: Notes, *, whole: bool) -> tuple[Document, bool]:
    """The document, or what is right of it; and whether all of it is right.

    Where a file could not be read to its end, what seems to be missing may well be there, and is not noted.
    """
    raw = notes.root.value
    try:
        return Document.model_validate(raw), True
    except ValidationError as error:
        errors = error.errors(include_url=False)
    note_problems((e for e in errors if whole or e["type"] != "missing"), notes)
    return _salvaged(raw), False


def _salvaged(raw: Mapping[str, Any]) -> Document:
    """The resources of *raw* that are right by themselves; None stands for the others, so that indices stay."""
    parts: dict[str, Any] = {"workspace": _valid(Workspace, raw.get("workspace"))}
    parts["workspace"] = parts["workspace"] or Workspace.model_construct(name="")
    for name in ("manage", "safety"):
        model = Document.model_fields[name].annotation
        parts[name] = _valid(model, raw.get(name, {})) or model()  # type: ignore[misc]
    for kind in SECTIONS:
        if isinstance(items := raw.get(kind.section), list):
            parts[kind.section] = [_valid(kind.model, item) for item in items]
    return Document.model_construct(_fields_set=set(raw), **parts)


def _valid(model: Any, written: Any) -> Any:
    """What *written* makes without the keys that are wrong; None where too little is left."""
    try:
        return model.model_validate(written)
    except ValidationError as error:
        wrong = {each["loc"][0] for each in error.errors(include_url=False) if each["loc"]}
    if not isinstance(written, dict) or not wrong.intersection(written):
        return None
    try:
        return model.model_validate({k: v for k, v in written.items() if k not in wrong})
    except ValidationError:
        return None
