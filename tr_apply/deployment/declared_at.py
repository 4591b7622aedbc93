"""Where the files declare what a plan changes."""

from collections.abc import Mapping
from dataclasses import replace

from tr_apply.config.load import Configuration
from tr_apply.config.places import find
from tr_apply.findings import KeyPath
from tr_apply.plan.change import Action, Operation, Plan, SourceLine
from tr_apply.resources import SECTIONS, WORKER, WORKER_CHANNEL, WORKSPACE
from tr_apply.routing.names import name_key

_Places = Mapping[tuple[str, str], KeyPath]


def with_sources(plan: Plan, configuration: Configuration) -> Plan:
    """*plan* with file and line of everything that *configuration* declares."""
    if not plan.operations:
        return plan
    places = _places(configuration)
    return replace(plan, operations=[_with_source(each, configuration, places) for each in plan.operations])


def _places(configuration: Configuration) -> _Places:
    """By kind and name, the path of every declared resource."""
    document = configuration.document
    places: dict[tuple[str, str], KeyPath] = {(WORKSPACE.name, name_key(document.workspace.name)): (WORKSPACE.name,)}
    for kind in SECTIONS:
        for index, resource in enumerate(getattr(document, kind.section)):
            places[kind.name, name_key(kind.name_of(resource))] = (kind.section, index)
    return places


def _with_source(operation: Operation, configuration: Configuration, places: _Places) -> Operation:
    if operation.action is Action.DELETE or (path := _path(operation, places)) is None:
        return operation
    notes = configuration.notes
    file, line, _ = notes.sources.locate(find(notes.root.node, path, key=isinstance(path[-1], str)))
    return replace(operation, source=SourceLine(file, line))


def _path(operation: Operation, places: _Places) -> KeyPath | None:
    if operation.kind != WORKER_CHANNEL.name:
        return places.get((operation.kind, name_key(operation.name)))
    worker, _, channel = operation.name.rpartition("/")
    found = places.get((WORKER.name, name_key(worker)))
    return None if found is None else (*found, "channels", channel)
