"""From a PATH to a checked configuration: files, variables, overlays, structure, references.

Nothing stops at the first mistake: whatever can still be read is read and checked, and every finding is kept.
"""

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Final, NamedTuple

from tr_apply.config.common_rules import OVERLAY_UNKNOWN, first_findings
from tr_apply.config.composition.sections import (
    counted,
    joined,
    several_workspaces,
    several_workspaces_mistake,
    shifted,
)
from tr_apply.config.files import FoundFile, configuration_files, given_file, read_file, require_path
from tr_apply.config.json_values import note_literal_keys, note_phone_numbers
from tr_apply.config.look_alikes import note_look_alikes
from tr_apply.config.names import note_names
from tr_apply.config.notes import Notes
from tr_apply.config.places import Located, Node, Sources, paths_of
from tr_apply.config.reach import NOWHERE, Reach, reach_of, reach_of_given
from tr_apply.config.references import note_broken_references
from tr_apply.config.shape import shape_of
from tr_apply.config.source_file import SourceFile
from tr_apply.config.structure import document_of
from tr_apply.config.values.marks import VARIABLE_NAME
from tr_apply.config.values.origins import note_variables
from tr_apply.config.values.substitution import (
    Failure,
    Substitution,
    substitute,
    substitute_variables,
    values_of,
    variables_of,
)
from tr_apply.config.values.variables import UNKNOWN_VARIABLE, Variables
from tr_apply.config.withheld import is_withheld, withheld
from tr_apply.config.workflows import note_outputs, note_workflows
from tr_apply.errors import ConfigError, UsageError
from tr_apply.findings import Finding, KeyPath, errors_of
from tr_apply.resources import WORKER, Workspace
from tr_apply.resources.document import Document

_SIMULATION: Final = {"simulation"}
"""The only key of a file for `simulate --load`. In a folder, such a file does not belong to the configuration."""


class Configuration(NamedTuple):
    """A configuration as far as it could be read.

    Attributes:
        path: The PATH as the user wrote it.
        document: The resources; if there are mistakes, only the valid ones.
        notes: Every finding so far, and the places that later checks need.
        complete: Whether the whole structure is valid; only then do checks across resources make sense.
        has_sids: Whether any string asks for a SID.
        reach: The folders that its other files may be in.
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
        return tuple(withheld(first_findings(found), self.notes))

    @property
    def accepted(self) -> tuple[Finding, ...]:
        """Findings that the configuration accepts, in the order in which they were found."""
        return tuple(withheld(self.notes.accepted, self.notes))

    def source_line(self, finding: Finding) -> str | None:
        """The line of a file that *finding* is about; None where there is none or where it may not be shown."""
        if finding.file is None or finding.line is None:
            return None
        line = self.notes.sources.line(finding.file, finding.line)
        return None if line is None or is_withheld(line, finding, self.notes) else line

    def require_valid(self) -> None:
        """Do nothing if the configuration can be used.

        Raises:
            ConfigError: with every finding.
        """
        if errors_of(self.notes.found):
            raise ConfigError(self.diagnostics)


class Inputs(NamedTuple):
    """The surroundings of the files: overlays, and the sources of variables."""

    overlays: Sequence[Path] = ()
    given: Mapping[str, str] = MappingProxyType({})
    variable_files: Sequence[Path] = ()
    environment: Mapping[str, str] = MappingProxyType({})
    credentials_variables: Sequence[str] = ()
    """Environment variables that ``credentials`` may name, too."""

    root: Path | None = None
    """The folder that holds every file named by the configuration; None for the folder of its PATH."""

    content: bytes | None = None
    """The configuration itself, where a program made it and its PATH is only what messages call it."""


class Files(NamedTuple):
    """Every file of a run."""

    files: Sequence[SourceFile]
    overlays: Sequence[SourceFile]
    variable_files: Sequence[SourceFile]

    @property
    def content(self) -> Sequence[SourceFile]:
        """The files that declare resources."""
        return (*self.files, *self.overlays)

    @property
    def complete(self) -> bool:
        """Whether no file has a part that could not be read."""
        return all(file.complete for file in (*self.content, *self.variable_files))


class Begun(NamedTuple):
    """A configuration whose structure is read; the checks across its resources are still to be done.

    Attributes:
        configuration: The configuration so far.
        is_settled: Whether no error was found yet, and it may name the credentials that it names: its workspace can be
            read while the rest is checked.
        finished: Does the rest of the checks, once; returns the configuration with every finding.
    """

    configuration: Configuration
    is_settled: bool
    finished: Callable[[], Configuration]


def load(path: Path, inputs: Inputs | None = None) -> Configuration:
    """The configuration at *path* with every finding about its files and its structure.

    Raises:
        UsageError: when there is no such path, overlay or file of variables.
    """
    return begin(path, inputs).finished()


def begin(path: Path, inputs: Inputs | None = None) -> Begun:
    """The same, as far as its structure.

    Raises:
        UsageError: as ``load``.
    """
    inputs = inputs or Inputs()
    sources = Sources()
    read = read_all(path, inputs, sources)
    if workspaces := several_workspaces(read.files):
        broken = _without_content(str(path), sources, several_workspaces_mistake(str(path), workspaces, sources))
        return Begun(broken, is_settled=False, finished=lambda: broken)
    mistakes: list[Finding] = []
    from_files = values_of(read.variable_files, mistakes)
    variables = variables_of(read.content, from_files=from_files, given=inputs.given, environment=inputs.environment)
    notes = Notes(sources, variables)
    made = substitute_variables(read.variable_files, notes).and_then(substitute(read.content, notes))
    if with_tables := [file for file in read.content if names_tables(file)]:
        for file in with_tables:
            file.sites.clear()  # their variables are filled in
            read_tables(file, sources)
        made = made.and_then(substitute(with_tables, notes))
    for file in read.content:
        if file.has_for_each:
            from tr_apply.config.composition.for_each import expand  # noqa: PLC0415  # seldom needed

            expand(file, made, notes)
    notes.root = _joined(read, sources, mistakes, notes.written)
    _note_mistakes(read, mistakes, notes)
    _note_failures(made.failures, read, notes)
    if made.each:
        from tr_apply.config.composition.for_each import note_left_over  # noqa: PLC0415  # seldom needed

        note_left_over(made.each, notes)
    configuration = _structured(str(path), read, notes, made)._replace(reach=reach_of(path, inputs.root))
    problems = _credentials_problems(configuration.document, inputs)
    return Begun(
        configuration,
        is_settled=configuration.complete and not problems and not errors_of(notes.found),
        finished=lambda: _checked(configuration, problems, whole=read.complete),
    )


def _credentials_problems(document: Document, inputs: Inputs) -> Mapping[str, str]:
    if document.workspace.credentials is None:
        return {}
    from tr_apply.config.credentials import allowed_variables, credentials_problems  # noqa: PLC0415  # seldom needed

    allowed = allowed_variables(inputs.credentials_variables, inputs.environment)
    return credentials_problems(document, allowed)


def _without_content(path: str, sources: Sources, mistake: Finding) -> Configuration:
    """A configuration that could not be read at all, because of *mistake*."""
    notes = Notes(sources, Variables())
    notes.place(mistake)
    document = Document.model_construct(workspace=Workspace.model_construct(name=""))
    return Configuration(path, document, notes, complete=False)


def names_tables(file: SourceFile) -> bool:
    """Whether *file* names a table of workers, or of values for objects that it makes."""
    return isinstance(file.data.get(WORKER.section), dict) or file.has_for_each


def read_tables(file: SourceFile, sources: Sources) -> None:
    """Put what the tables hold that *file* names in their place."""
    if isinstance(file.data.get(WORKER.section), dict):
        from tr_apply.config.roster import read_roster  # noqa: PLC0415  # seldom needed

        read_roster(file, sources)
    if file.has_for_each:
        from tr_apply.config.composition.each_rows import read_rows  # noqa: PLC0415  # seldom needed

        read_rows(file, sources)


def read_all(path: Path, inputs: Inputs, sources: Sources) -> Files:
    """Every file of a run for *path*, with its tables, as it is written.

    Raises:
        UsageError: when there is no such path, overlay or file of variables.
    """
    for name in inputs.given:
        if not VARIABLE_NAME.match(name):
            raise UsageError(f"--var {name}=…: a variable's name is made of letters, digits and _")
    if inputs.content is None:
        require_path(path)
    reach = reach_of(path, inputs.root)
    if inputs.content is None:
        found = configuration_files(path, reach, is_chosen=inputs.root is not None)
    else:
        found = [FoundFile(path, content=inputs.content)]
    overlays, variable_files = _existing(inputs.overlays, reach), _existing(inputs.variable_files, reach)
    raw = frozenset({"vars"})
    files = [read_file(each, sources, raw=raw) for each in found]
    if path.is_dir():
        files = [each for each in files if each.data.keys() != _SIMULATION] or files
    read = Files(
        files=files,
        overlays=[read_file(each, sources, raw=raw) for each in overlays],
        variable_files=[read_file(each, sources, raw=True) for each in variable_files],
    )
    for file in read.files:
        file.reach = reach
    for file in read.overlays:
        file.reach = reach.also(file.folder)
    return read


def _existing(paths: Sequence[Path], reach: Reach) -> list[FoundFile]:
    for path in paths:
        if not path.exists() or path.is_dir():
            raise UsageError(f"{path}: there is no such file")
    return [given_file(path, reach_of_given(path, reach)) for path in paths]


def _joined(read: Files, sources: Sources, mistakes: list[Finding], written: Container[int]) -> Located:
    """One mapping of sections; *written* has the places of values that variables put there."""
    root = joined(read.files, sources, mistakes)
    if read.overlays:
        from tr_apply.config.composition.overlay import overlaid  # noqa: PLC0415  # seldom needed

    whole = all(file.complete for file in read.content)  # otherwise a missing resource may be in the unread part
    for overlay in read.overlays:
        found: list[Finding] = []
        root = overlaid(root, Located(overlay.data, overlay.places), found, lambda place: place not in written)
        overlay.mistakes.extend(each for each in found if whole or each.code != OVERLAY_UNKNOWN.code)
    return root


def _note_mistakes(read: Files, mistakes: Sequence[Finding], notes: Notes) -> None:
    """Note the mistakes of the files, under their paths in the whole document."""
    before: Mapping[str, int] = {}
    for file in read.files:
        _note_all(
            (each.under(shifted(each.spot.path, before)) for each in file.mistakes),
            notes,
        )
        note_literal_keys(((place, shifted(path, before)) for place, path in file.marked_keys), notes)
        before = counted(file, before)
    for file in (*read.overlays, *read.variable_files):
        _note_all(file.mistakes, notes, within=file.places)
    for file in read.overlays:
        note_literal_keys(file.marked_keys, notes)
    _note_all(mistakes, notes)


def _note_all(mistakes: Iterable[Finding], notes: Notes, within: Node | None = None) -> None:
    for each in mistakes:
        notes.mistake(each, within)


def _note_failures(failures: Sequence[Failure], read: Files, notes: Notes) -> None:
    """Note the strings that lack a variable; one that an overlay replaced has a path in its own file only.

    Where a file could not be read to its end, what seems to have no value may well have one there.
    """
    failures = [each for each in failures if read.complete or each.error.rule is not UNKNOWN_VARIABLE]
    places = {failure.place for failure in failures}
    paths: dict[int, KeyPath] = {}
    for root in (notes.root.node, *(file.places for file in read.content)) if places else ():
        for place, path in paths_of(root, places):
            paths.setdefault(place, path)
    for failure in failures:
        path = paths.get(failure.place, ())
        notes.at(failure.error.rule, failure.error.message, failure.at, path)


def _structured(path: str, read: Files, notes: Notes, made: Substitution) -> Configuration:
    if any(file.has_nulls for file in read.content):
        from tr_apply.config.problems import note_nulls  # noqa: PLC0415  # seldom needed

        note_nulls(notes, shape_of(Document))
    note_phone_numbers({k: v for file in read.content for k, v in file.phone_numbers.items()}, notes)
    note_variables(notes)
    document, valid = document_of(notes, whole=read.complete)
    if made.secret:
        document = _with_secrets(document, notes, made.secret)
    return Configuration(path, document, notes, complete=read.complete and valid, has_sids=made.has_sids)


def _checked(configuration: Configuration, problems: Mapping[str, str], *, whole: bool) -> Configuration:
    """*configuration* with what is found across its resources, and the *problems* of its credentials.

    *whole* where no file has a part that could not be read.
    """
    document, notes = configuration.document, configuration.notes
    raw = notes.root.value
    note_names(document, raw, notes)
    note_look_alikes(raw, notes)
    if document.declares("manage"):
        from tr_apply.config.ownership import note_ownership  # noqa: PLC0415  # seldom needed

        note_ownership(document, notes)
    note_workflows(document, notes)
    note_outputs(document, notes)
    if whole:
        note_broken_references(document, raw, notes, has_sids=configuration.has_sids)
    if problems:
        from tr_apply.config.credentials import note_credentials  # noqa: PLC0415  # seldom needed

        note_credentials(problems, notes)
    return configuration


def _with_secrets(document: Document, notes: Notes, places: set[int]) -> Document:
    from tr_apply.config.values.flows import by_resource, flows_of, secret_paths  # noqa: PLC0415  # seldom needed

    notes.secret_paths = secret_paths(notes, places)
    return document.with_secrets(by_resource(flows_of(notes.secret_paths, notes)))
