"""Routing tests: the ``*.test.yaml`` of a configuration, checked against what it declares."""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias

from pydantic import ValidationError

from tr_apply.config.files import TEST_SUFFIXES, read_file, regular
from tr_apply.config.json_values import note_literal_keys, note_phone_numbers
from tr_apply.config.load import Configuration
from tr_apply.config.notes import Notes
from tr_apply.config.places import Located, Sources, find, shown
from tr_apply.config.problems import note_nulls, note_problems
from tr_apply.config.reader import SourceFile
from tr_apply.config.references import declared_of, references
from tr_apply.config.shape import shape_of
from tr_apply.config.substitution import Substitution, substitute
from tr_apply.config.suggestions import Suggestions
from tr_apply.findings import Finding, KeyPath, Severity
from tr_apply.resources import KIND_BY_NAME, SECTIONS, TASK_CHANNEL
from tr_apply.resources.routing_test import RoutingTest, RoutingTests
from tr_apply.resources.seeds import SEEDED_CHANNELS
from tr_apply.resources.template import WORKSPACE, sids_in
from tr_apply.routing.names import name_key

_EMPTY: Final = ("no-tests", "no *.test.yaml beside this configuration")


_Known: TypeAlias = Mapping[str, Mapping[str, str]]
"""Names by kind and by what two names of a kind share."""


@dataclass(frozen=True, slots=True)
class LocatedTest:
    """A routing test, and where it is written."""

    test: RoutingTest
    file: str
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Suite:
    """The routing tests of a configuration, as far as they could be read, and what is wrong with them."""

    tests: Sequence[LocatedTest]
    diagnostics: Sequence[Finding]


def is_routing_test(path: Path) -> bool:
    """Whether *path* is named as a file of routing tests."""
    return path.name.endswith(TEST_SUFFIXES)


def load_routing_tests(configuration: Configuration) -> Suite:
    """The routing tests beside *configuration*: below its folder or, of a single file, in the folder it lies in."""
    files = test_files(Path(configuration.path))
    if not files:
        return Suite((), [Finding(Severity.ERROR, *_EMPTY, file=configuration.path)])
    known = _known_names(configuration)
    suites = [_read(file, configuration, known) for file in files]
    return Suite(
        [test for suite in suites for test in suite.tests],
        [each for suite in suites for each in suite.diagnostics],
    )


def test_files(path: Path) -> Sequence[Path]:
    """The files of routing tests beside the configuration *path*."""
    return sorted(_files_below(path) if path.is_dir() else _files_beside(path))


def _files_below(root: Path) -> Iterator[Path]:
    for folder, folders, names in os.walk(root):
        folders[:] = [each for each in folders if each != "overlays" and not each.startswith(".")]
        yield from (Path(folder, name) for name in names if _is_test(name))


def _files_beside(path: Path) -> Iterator[Path]:
    """Those that begin with its name, if there are any: a folder may hold several workspaces, each with its tests."""
    found = [path.with_name(name) for name in os.listdir(path.parent) if _is_test(name)]  # noqa: PTH208  names alone
    own = [each for each in found if each.name.startswith(f"{path.stem}.")]
    yield from own or found


def _is_test(name: str) -> bool:
    return name.endswith(TEST_SUFFIXES) and not name.startswith(".")


def _known_names(configuration: Configuration) -> _Known:
    """The names that tests may use: those that are declared and, of a section that is not, those referred to."""
    document = configuration.document
    known = {
        kind.name: {name_key(kind.name_of(each)): kind.name_of(each) for _, each in declared_of(document, kind)}
        for kind in SECTIONS
    }
    for each in references(document):
        known[each.kind].setdefault(name_key(each.name), each.name)
    for name in SEEDED_CHANNELS:
        known[TASK_CHANNEL.name].setdefault(name_key(name), name)
    return known


def _read(path: Path, configuration: Configuration, known: _Known) -> Suite:
    sources = Sources()
    notes = Notes(sources, configuration.notes.variables)
    file = read_file(regular(path), sources)
    notes.root = Located(file.data, file.places)
    shape = shape_of(RoutingTests)
    made = substitute([file], notes, shape)
    _take_back_secrets(file, made, notes)
    for mistake in file.mistakes:
        notes.at(Severity.ERROR, mistake.code, mistake.message, mistake.place, mistake.path)
        notes.mistaken.add(mistake.place)
    for failure in made.failures:
        notes.at(Severity.ERROR, failure.error.code, failure.error.message, failure.at)
    for at, name in made.each.values():
        message = f"`${{each.{shown(name)}}}` stands for a value of `for_each`, which a test does not have"
        notes.at(Severity.ERROR, "unknown-each", message, at)
    note_literal_keys(file.marked_keys, notes, shape)
    note_phone_numbers(file.phone_numbers, notes, shape)
    if file.has_nulls:
        note_nulls(notes, shape)
    tests = list(_checked(notes, known, whole=file.complete))
    notes.found.sort(key=lambda each: (each.line or 0, each.column or 0))
    return Suite(tests, notes.found)


def _take_back_secrets(file: SourceFile, made: Substitution, notes: Notes) -> None:
    """A test prints its tasks and its names: no secret may get into one."""
    for site in file.sites:
        if site.place in made.secret:
            site.container[site.key] = notes.written[site.place]
            message = "a secret variable cannot be used in a test, because its output shows this value"
            notes.at(Severity.ERROR, "secret-misplaced", message, site.place)
            notes.mistaken.add(site.place)


def _checked(notes: Notes, known: _Known, *, whole: bool) -> Iterator[LocatedTest]:
    try:
        tests = RoutingTests.model_validate(notes.root.value).tests
    except ValidationError as error:
        note_problems(error.errors(include_url=False), notes, shape_of(RoutingTests), whole=whole)
        return
    suggestions = Suggestions()
    for index, test in enumerate(tests):
        for kind, name, path in _names_in(test, ("tests", index)):
            _note_unknown(kind, name, path, notes, known[kind], suggestions)
        for name, path in _sids_in(test.task, ("tests", index, "task")):
            if name.kind in known:
                _note_unknown(name.kind, name.name, path, notes, known[name.kind], suggestions)
            elif name.kind != WORKSPACE:
                kinds = ", ".join((WORKSPACE, *known))
                notes.error("unknown-kind", f"`{shown(name.kind)}` is no kind of resource; kinds are {kinds}", path)
        yield LocatedTest(test, *notes.sources.locate(find(notes.root.node, ("tests", index))))


def _names_in(test: RoutingTest, at: KeyPath) -> Iterator[tuple[str, str, KeyPath]]:
    """Kind, name and path of everything that *test* names."""
    yield "workflow", test.workflow, (*at, "workflow")
    yield "task_channel", test.channel, (*at, "channel")
    for index, name in enumerate(test.available or ()):
        yield "worker", name, (*at, "available", index)
    for number, step in enumerate(test.expect.steps or ()):
        here = (*at, "expect", "steps", number)
        yield "task_queue", step.queue, (*here, "queue")
        for index, name in enumerate(step.eligible or ()):
            yield "worker", name, (*here, "eligible", index)
    for moment, where in (test.expect.at or {}).items():
        if where.queue is not None:
            yield "task_queue", where.queue, (*at, "expect", "at", moment, "queue")


def _sids_in(value: Any, at: KeyPath) -> Iterator[tuple[Any, KeyPath]]:
    match value:
        case str():
            yield from ((each, at) for each in sids_in(value))
        case dict():
            for key, child in value.items():
                yield from _sids_in(child, (*at, key))
        case list():
            for index, child in enumerate(value):
                yield from _sids_in(child, (*at, index))
        case _:
            pass


def _note_unknown(
    kind: str, name: str, path: KeyPath, notes: Notes, known: Mapping[str, str], suggestions: Suggestions
) -> None:  # fmt: skip
    if name_key(name) in known:
        return
    near = suggestions.nearest(name, known.values())
    hint = f"did you mean {near!r}?" if near else f"it must be declared in `{KIND_BY_NAME[kind].section}`"
    notes.error("unknown-reference", f"there is no {KIND_BY_NAME[kind].title} '{shown(name)}'; {hint}", path)
