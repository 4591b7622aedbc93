"""Routing tests: the ``*.test.yaml`` of a configuration, checked against what it declares."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from tr_apply.config.common_rules import UNKNOWN_KIND, UNKNOWN_REFERENCE, first_findings
from tr_apply.config.companion import Companion, read_companion
from tr_apply.config.load import Configuration
from tr_apply.config.names import note_repeated
from tr_apply.config.notes import Notes
from tr_apply.config.places import find, shown
from tr_apply.config.references import Reference, declared, references
from tr_apply.config.routing_test_files import files_of_tests
from tr_apply.config.suggestions import Suggestions
from tr_apply.findings import Finding, KeyPath, Rule, Severity, Spot, found_by
from tr_apply.resources import ACTIVITY, KIND_BY_NAME, TASK_CHANNEL, TASK_QUEUE, WORKER, WORKFLOW
from tr_apply.resources.routing_test import OwnWorker, RoutingTest, RoutingTests
from tr_apply.resources.template import WORKSPACE, SidOf, sids_in
from tr_apply.routing.names import name_key

NO_TESTS: Final = Rule("no-tests", Severity.ERROR, "There is no file of routing tests.")

_NO_FILE: Final = "no *.test.yaml next to this configuration"


@dataclass(frozen=True, slots=True)
class _KnownNames:
    """The names that tests may use."""

    names: Mapping[str, dict[str, str]]
    """By kind and by what two names of a kind share."""

    closed: frozenset[str]
    """Kinds that have no other resources than *names*."""

    def with_people_of(self, content: RoutingTests) -> "_KnownNames":
        """The same with the workers of a file of tests, and with channels that only they have."""
        people = {name_key(each.name): each.name for each in content.workers}
        workers = {**self.names[WORKER.name], **people}
        if TASK_CHANNEL.name in self.closed:
            return _KnownNames({**self.names, WORKER.name: workers}, self.closed)
        channels = {name_key(name): name for each in content.workers for name in each.channels}
        channels |= self.names[TASK_CHANNEL.name]
        return _KnownNames({**self.names, WORKER.name: workers, TASK_CHANNEL.name: channels}, self.closed)


@dataclass(frozen=True, slots=True)
class LocatedTest:
    """A routing test, the people whom its file brings, and where it is written."""

    test: RoutingTest
    workers: Sequence[OwnWorker]
    file: str
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Suite:
    """The routing tests of a configuration, as far as they could be read, and the mistakes in them."""

    tests: Sequence[LocatedTest]
    diagnostics: Sequence[Finding]


def load_routing_tests(
    configuration: Configuration, files: Sequence[Path] | None = None, people: Sequence[OwnWorker] = ()
) -> Suite:
    """The routing tests of *configuration*; those in *files* alone, where these are given.

    Every file of tests may name these *people*, and brings its own on top of them.
    """
    chosen = files_of_tests(Path(configuration.path)) if files is None else files
    if not chosen:
        return Suite((), [found_by(NO_TESTS, _NO_FILE, Spot())._replace(file=configuration.path)])
    known = _known_names(configuration).with_people_of(RoutingTests.model_construct(workers=list(people), tests=[]))
    suites = [_read(file, configuration, known) for file in chosen]
    return Suite(
        [replace(test, workers=(*people, *test.workers)) for suite in suites for test in suite.tests],
        [each for suite in suites for each in suite.diagnostics],
    )


def _known_names(configuration: Configuration) -> _KnownNames:
    """The names of declared resources, of TaskRouter's seeds, and of references."""
    document = configuration.document
    found = declared(document, configuration.notes.root.value)
    names = {kind: dict(of_kind) for kind, of_kind in found.names.items()}
    for each in references(document):
        names[each.kind].setdefault(name_key(each.name), each.name)
    return _KnownNames(names, found.closed)


def _read(path: Path, configuration: Configuration, known: _KnownNames) -> Suite:
    read = read_companion(path, configuration, RoutingTests, "a test")
    tests = list(_checked(read, known))
    notes = read.notes
    notes.found.sort(key=lambda each: (each.line or 0, each.column or 0))
    return Suite(tests, tuple(first_findings(notes.found)))


def _checked(read: Companion[RoutingTests], known: _KnownNames) -> Iterator[LocatedTest]:
    content, notes = read.content, read.notes
    if content is None:
        return
    names = (((WORKER.section, index, "name"), each.name) for index, each in enumerate(content.workers))
    note_repeated(names, "the worker {name!r} is written twice", notes)
    _note_unknown_names(content, notes, known.with_people_of(content))
    workers = tuple(content.workers)
    for index, test in enumerate(content.tests):
        yield LocatedTest(test, workers, *notes.sources.locate(find(notes.root.node, ("tests", index))))


def _note_unknown_names(content: RoutingTests, notes: Notes, known: _KnownNames) -> None:
    suggestions = Suggestions()
    for each in _references(content, known.closed):
        _note_unknown(each, notes, known.names[each.kind], suggestions)
    for sid, path in _sids(content):
        if sid.kind in known.names:
            _note_unknown(Reference(sid.kind, sid.name, path), notes, known.names[sid.kind], suggestions)
        elif sid.kind != WORKSPACE:
            kinds = ", ".join((WORKSPACE, *known.names))
            notes.add(UNKNOWN_KIND, f"`{shown(sid.kind)}` is not a kind of resource; the kinds are {kinds}", path)


def _references(content: RoutingTests, closed: frozenset[str]) -> Iterator[Reference]:
    """Everything that *content* names; a worker may have an activity or a channel of a section that is not managed."""
    for index, worker in enumerate(content.workers):
        yield from (each for each in _of_worker(worker, ("workers", index)) if each.kind in closed)
    for index, test in enumerate(content.tests):
        yield from _of_test(test, ("tests", index))


def _of_worker(worker: OwnWorker, at: KeyPath) -> Iterator[Reference]:
    if worker.activity is not None:
        yield Reference(ACTIVITY.name, worker.activity, (*at, "activity"))
    for channel in worker.channels:
        yield Reference(TASK_CHANNEL.name, channel, (*at, "channels", channel), key=True)


def _of_test(test: RoutingTest, at: KeyPath) -> Iterator[Reference]:
    yield Reference(WORKFLOW.name, test.workflow, (*at, "workflow"))
    yield Reference(TASK_CHANNEL.name, test.channel, (*at, "channel"))
    for index, name in enumerate(test.available or ()):
        yield Reference(WORKER.name, name, (*at, "available", index))
    for number, step in enumerate(test.expect.steps or ()):
        here = (*at, "expect", "steps", number)
        yield Reference(TASK_QUEUE.name, step.queue, (*here, "queue"))
        for index, name in enumerate(step.eligible or ()):
            yield Reference(WORKER.name, name, (*here, "eligible", index))
    for moment, where in (test.expect.at or {}).items():
        if where.queue is not None:
            yield Reference(TASK_QUEUE.name, where.queue, (*at, "expect", "at", moment, "queue"))


def _sids(content: RoutingTests) -> Iterator[tuple[SidOf, KeyPath]]:
    """Every ``${sid:…}`` in the attributes of *content*."""
    for index, worker in enumerate(content.workers):
        yield from _sids_in(worker.attributes, ("workers", index, "attributes"))
    for index, test in enumerate(content.tests):
        yield from _sids_in(test.task, ("tests", index, "task"))


def _sids_in(value: Any, at: KeyPath) -> Iterator[tuple[SidOf, KeyPath]]:
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


def _note_unknown(each: Reference, notes: Notes, known: Mapping[str, str], suggestions: Suggestions) -> None:
    if name_key(each.name) in known:
        return
    kind = KIND_BY_NAME[each.kind]
    near = suggestions.nearest(each.name, known.values())
    hint = f"did you mean {near!r}?" if near else f"it must be declared in `{kind.section}`"
    message = f"there is no {kind.title} '{shown(each.name)}'; {hint}"
    notes.add(UNKNOWN_REFERENCE, message, each.path, key=each.key)
