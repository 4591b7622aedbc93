"""From a PATH to a checked configuration: files, variables, overlays, structure, references.

Nothing stops at the first mistake: whatever can still be read is read and checked, and every finding is kept.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from tr_apply.config.files import Found, configuration_files, given_file, read_file, require_path
from tr_apply.config.first_findings import first_findings
from tr_apply.config.json_values import note_literal_keys, note_phone_numbers
from tr_apply.config.look_alikes import note_look_alikes
from tr_apply.config.names import note_names
from tr_apply.config.notes import Notes
from tr_apply.config.places import Located, Sources, paths_of
from tr_apply.config.reach import NOWHERE, Reach, reach_of, reach_of_given
from tr_apply.config.reader import Mistake, SourceFile
from tr_apply.config.references import note_broken_references
from tr_apply.config.sections import counted, joined, shifted
from tr_apply.config.shape import shape_of
from tr_apply.config.structure import document_of
from tr_apply.config.substitution import Failure, literal_variables, substitute, variables_of
from tr_apply.config.variables import UNKNOWN, VARIABLE_NAME
from tr_apply.config.withheld import withheld
from tr_apply.config.workflows import note_workflows
from tr_apply.errors import ConfigError, UsageError
from tr_apply.findings import Finding, KeyPath, Severity, errors_of
from tr_apply.resources import WORKER
from tr_apply.resources.document import Document


class Configuration(NamedTuple):
    """A configuration as far as it could be read.

    Attributes:
        path: What the user called it.
        document: The resources; where something is wrong, those that are right.
        notes: Every finding so far, and the places that later checks need.
        complete: Whether all of the structure is right, so that checks across resources make sense.
        has_sids: Whether any string asks for a SID.
        reach: Where a file may lie that belongs to it.
    """

    path: str
    document: Document
    notes: Notes
    complete: bool
    has_sids: bool = False
    reach: Reach = NOWHERE

    @property
    def diagnostics(self) -> tuple[Finding, ...]:
        """Errors and warnings in the order of the files, the worst 100 of each."""
        order = {name: index for index, name in enumerate(self.notes.sources.names)}
        found = sorted(
            self.notes.found, key=lambda each: (order.get(each.file or "", -1), each.line or 0, each.column or 0)
        )
        return tuple(withheld(first_findings(found), self.notes.root.value))

    @property
    def accepted(self) -> tuple[Finding, ...]:
        """Findings that the configuration accepts, in the order in which they were found."""
        return tuple(withheld(self.notes.accepted, self.notes.root.value))

    def require_valid(self) -> None:
        """Do nothing if the configuration can be used.

        Raises:
            ConfigError: with every finding.
        """
        if errors_of(self.notes.found):
            raise ConfigError(self.diagnostics)


class Inputs(NamedTuple):
    """What surrounds the files: overlays, and where variables come from."""

    overlays: Sequence[Path] = ()
    given: Mapping[str, str] = MappingProxyType({})
    variable_files: Sequence[Path] = ()
    environment: Mapping[str, str] = MappingProxyType({})
    credentials_variables: Sequence[str] = ()
    """Environment variables that ``credentials`` may name, too."""

    root: Path | None = None
    """What the configuration names lies in it; None for the folder of its PATH."""


class _Read(NamedTuple):
    """Every file of a run."""

    files: Sequence[SourceFile]
    overlays: Sequence[SourceFile]
    variable_files: Sequence[SourceFile]

    @property
    def content(self) -> Sequence[SourceFile]:
        """The files that say what is to be."""
        return (*self.files, *self.overlays)

    @property
    def complete(self) -> bool:
        """Whether no file has a part that could not be read."""
        return all(file.complete for file in (*self.content, *self.variable_files))


def load(path: Path, inputs: Inputs | None = None) -> Configuration:
    """The configuration at *path* with every finding about its files and its structure.

    Raises:
        UsageError: when there is no such path, overlay or file of variables.
    """
    inputs = inputs or Inputs()
    sources = Sources()
    require_path(path)
    reach = reach_of(path, inputs.root)
    read = _read(path, inputs, sources, reach)
    mistakes: list[Mistake] = []
    from_files = literal_variables(read.variable_files, mistakes)
    notes = Notes(sources, variables_of(read.content, {**from_files, **inputs.given}, inputs.environment))
    failures, has_sids = substitute(read.content, notes)
    if rosters := [file for file in read.content if isinstance(file.data.get(WORKER.section), dict)]:
        from tr_apply.config.roster import read_roster  # noqa: PLC0415  # seldom needed

        for file in rosters:
            read_roster(file, sources)
        more, with_sids = substitute(rosters, notes)
        failures, has_sids = [*failures, *more], has_sids or with_sids
    notes.root = _joined(read, sources, mistakes)
    _note_mistakes(read, mistakes, notes)
    _note_failures(failures, read, notes)
    configuration = _checked(str(path), read, notes, has_sids=has_sids)._replace(reach=reach)
    if configuration.document.workspace.credentials is not None:
        from tr_apply.config.credentials import allowed_variables, note_credentials  # noqa: PLC0415  # seldom needed

        allowed = allowed_variables(inputs.credentials_variables, inputs.environment)
        note_credentials(configuration.document, allowed, notes)
    return configuration


def _read(path: Path, inputs: Inputs, sources: Sources, reach: Reach) -> _Read:
    for name in inputs.given:
        if not VARIABLE_NAME.match(name):
            raise UsageError(f"--var {name}=…: a variable's name is made of letters, digits and _")
    found = configuration_files(path, reach, is_chosen=inputs.root is not None)
    overlays, variable_files = _existing(inputs.overlays, reach), _existing(inputs.variable_files, reach)
    raw = frozenset({"vars"})
    read = _Read(
        files=[read_file(each, sources, raw=raw) for each in found],
        overlays=[read_file(each, sources, raw=raw) for each in overlays],
        variable_files=[read_file(each, sources, raw=True) for each in variable_files],
    )
    for file in read.files:
        file.reach = reach
    for file in read.overlays:
        file.reach = reach.also(file.folder)
    return read


def _existing(paths: Sequence[Path], reach: Reach) -> list[Found]:
    for path in paths:
        if not path.exists() or path.is_dir():
            raise UsageError(f"{path}: there is no such file")
    return [given_file(path, reach_of_given(path, reach)) for path in paths]


def _joined(read: _Read, sources: Sources, mistakes: list[Mistake]) -> Located:
    root = joined(read.files, sources, mistakes)
    if read.overlays:
        from tr_apply.config.overlay import overlaid  # noqa: PLC0415  # seldom needed

    for overlay in read.overlays:
        root = overlaid(root, Located(overlay.data, overlay.places), mistakes)
    return root


def _note_mistakes(read: _Read, mistakes: Sequence[Mistake], notes: Notes) -> None:
    """Note what was found in the files, under the paths that it has in the whole."""
    before: Mapping[str, int] = {}
    for file in read.files:
        _note_all((each._replace(path=shifted(each.path, before)) for each in file.mistakes), notes)
        note_literal_keys(((place, shifted(path, before)) for place, path in file.marked_keys), notes)
        before = counted(file, before)
    for file in (*read.overlays, *read.variable_files):
        _note_all(file.mistakes, notes)
    for file in read.overlays:
        note_literal_keys(file.marked_keys, notes)
    _note_all(mistakes, notes)


def _note_all(mistakes: Iterable[Mistake], notes: Notes) -> None:
    for each in mistakes:
        notes.at(Severity.ERROR, each.code, each.message, each.place, each.path)
        notes.mistaken.add(each.place)


def _note_failures(failures: Sequence[Failure], read: _Read, notes: Notes) -> None:
    """Note the strings that lack a variable; one that an overlay replaced has a path in its own file only.

    Where a file could not be read to its end, what seems to have no value may well have one there.
    """
    failures = [each for each in failures if read.complete or each.error.code != UNKNOWN]
    places = {failure.place for failure in failures}
    paths: dict[int, KeyPath] = {}
    for root in (notes.root.node, *(file.places for file in read.content)) if places else ():
        for place, path in paths_of(root, places):
            paths.setdefault(place, path)
    for failure in failures:
        path = paths.get(failure.place, ())
        notes.at(Severity.ERROR, failure.error.code, failure.error.message, failure.at, path)


def _checked(path: str, read: _Read, notes: Notes, *, has_sids: bool) -> Configuration:
    if any(file.has_nulls for file in read.content):
        from tr_apply.config.problems import note_nulls  # noqa: PLC0415  # seldom needed

        note_nulls(notes, shape_of(Document))
    note_phone_numbers({k: v for file in read.content for k, v in file.phone_numbers.items()}, notes)
    document, valid = document_of(notes, whole=read.complete)
    raw = notes.root.value
    note_names(document, raw, notes)
    note_look_alikes(raw, notes)
    if document.declares("manage"):
        from tr_apply.config.ownership import note_ownership  # noqa: PLC0415  # seldom needed

        note_ownership(document, notes)
    note_workflows(document, notes)
    if read.complete:
        note_broken_references(document, raw, notes, has_sids=has_sids)
    return Configuration(path, document, notes, complete=read.complete and valid, has_sids=has_sids)
