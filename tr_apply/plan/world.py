"""The names of a workspace as they will be: which live resource is which declared one, and what each SID is called."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from tr_apply.live import Live, Snapshot
from tr_apply.plan.match import Match, Matching, match
from tr_apply.plan.ownership import rewritten
from tr_apply.resources import SECTIONS, WORKSPACE
from tr_apply.resources.document import Document, WorkersRule
from tr_apply.resources.kind import Kind, name_key, temporary_name
from tr_apply.resources.template import MARK, SID, SidOf, sid_of
from tr_apply.routing.evaluate import compiled
from tr_apply.routing.parser import parse
from tr_apply.wire import Labels, model_of, parsed_json

_MARK_OR_SID = re.compile(MARK.pattern + r"|\b[A-Z]{2}[0-9a-fA-F]{32}\b")


def is_managed(document: Document, kind: Kind) -> bool:
    """Whether the file says anything about *kind*."""
    return document.declares(kind.section) and getattr(document.manage, kind.section).mode != "ignore"


def deletes_rest(document: Document, kind: Kind) -> bool:
    """Whether live resources that the file does not declare are deleted."""
    return is_managed(document, kind) and getattr(document.manage, kind.section).mode == "exact"


@dataclass(slots=True)
class World:
    """Declared and live resources, matched.

    Attributes:
        matchings: By kind, for every kind that was read; of a kind that is not managed, all is ``rest``.
        labels: What each SID is called when the plan is done.
        renamed: New names of resources that are replaced, by the label of the old one.
        names: Names by kind and key, as they will be.
        foreign: Live resources that are read but are not ours.
    """

    matchings: dict[str, Matching] = field(default_factory=dict)
    labels: Labels = field(default_factory=lambda: Labels({}))
    renamed: dict[SidOf, str] = field(default_factory=dict)
    names: dict[str, dict[str, str]] = field(default_factory=dict)
    foreign: set[Live] = field(default_factory=set)

    def matches(self, kind: Kind) -> Sequence[Match]:
        """The declared resources of *kind*."""
        return self.matchings[kind.name].matches if kind.name in self.matchings else ()

    def rest(self, kind: Kind) -> Sequence[Live]:
        """The live resources of *kind* that no declared one is."""
        return self.matchings[kind.name].rest if kind.name in self.matchings else ()

    def name(self, kind: str, written: str) -> str:
        """The name of *kind* that *written* means, as it is spelled where it is declared or live."""
        return self.names.get(kind, {}).get(name_key(written), written)

    def knows(self, kind: str, written: str) -> bool:
        """Whether *written* leads to something; a SID stands for itself."""
        if kind not in self.names:
            return True
        return name_key(written) in self.names[kind] or SID.match(written) is not None

    def spelled(self, resource: Any) -> Any:
        """*resource* with its ``${sid:…}`` spelled as what they mean, and literal SIDs as the names they have."""
        return rewritten(resource, self._spelled_text)

    def _spelled_text(self, text: str) -> str:
        def mark(match: re.Match[str]) -> str:
            if match[0] == "$${":
                return match[0]
            if match[1] is None:
                label = self.labels.by_sid.get(match[0])
                return match[0] if label is None or "}" in label.name else f"${{sid:{label}}}"
            reference = sid_of(match[1])
            return f"${{sid:{SidOf(reference.kind, self.name(reference.kind, reference.name))}}}"

        return _MARK_OR_SID.sub(mark, text)

    def label(self, live: Live) -> SidOf:
        """What *live* will be called."""
        return self.labels.by_sid[live.sid]


def world_of(document: Document, snapshot: Snapshot) -> World:
    """Match the resources of *document* with those of *snapshot*."""
    world = World()
    by_live_name = live_labels(snapshot)
    for kind in SECTIONS:
        if snapshot.has(kind.name):
            world.matchings[kind.name] = _matching(document, kind, snapshot.by_kind[kind.name], by_live_name)
    if isinstance(rule := document.manage.workers, WorkersRule) and rule.where is not None:
        _leave_alone(world, rule.where)
    _name_everything(world, snapshot)
    return world


def live_labels(snapshot: Snapshot) -> Labels:
    """What each SID is called now."""
    return Labels({live.sid: SidOf(live.kind, live.name) for live in snapshot.each()})


def _matching(document: Document, kind: Kind, live: Sequence[Live], labels: Labels) -> Matching:
    if not is_managed(document, kind):
        return Matching(rest=list(live))

    def distance(declared: Any, other: Live) -> int:
        held = model_of(other, labels)
        return sum(
            getattr(declared, key) not in (None, getattr(held, key))
            for key in kind.model.model_fields
            if key in held.model_fields_set and key != kind.identity and key not in kind.runtime
        )

    return match(kind, getattr(document, kind.section), live, distance)


def _leave_alone(world: World, where: str) -> None:
    """Live workers outside ``where`` are not ours, whatever the file says."""
    ours = compiled(parse(where))
    matching = world.matchings.get("worker")
    if matching is None:
        return
    found = [m.live for m in matching.matches if m.live is not None]
    for live in (*found, *matching.rest):
        if not ours(worker_names(live)):
            world.foreign.add(live)


def worker_names(live: Live) -> dict[str, Any]:
    """What an expression over workers can ask about *live*."""
    attributes = parsed_json(live, "attributes")
    built_in = {key: live.answer.get(key) for key in ("friendly_name", "activity_sid", "activity_name")}
    return (attributes if isinstance(attributes, dict) else {}) | built_in | {"sid": live.sid}


def _name_everything(world: World, snapshot: Snapshot) -> None:
    labels: dict[str, SidOf] = {}
    if snapshot.workspace is not None:
        labels[snapshot.workspace.sid] = SidOf(WORKSPACE.name, "")
    for kind in SECTIONS:
        if (matching := world.matchings.get(kind.name)) is None:
            continue
        names = world.names.setdefault(kind.name, {})
        for name, live in _named(matching.matches, world.renamed):
            names.setdefault(name_key(name), name)
            if live is not None:
                labels[live.sid] = SidOf(kind.name, name)
        for live in matching.rest:
            names.setdefault(name_key(live.name), live.name)
            labels[live.sid] = SidOf(kind.name, live.name)
    world.labels = Labels(labels)


def _named(matches: Iterable[Match], renamed: dict[SidOf, str]) -> Iterator[tuple[str, Live | None]]:
    for each in matches:
        yield each.name, each.live
        if each.old is not None:
            parked = temporary_name(each.name)
            renamed[SidOf(each.kind.name, parked)] = each.name
            yield parked, each.old


def everything(snapshot: Snapshot) -> Iterator[Live]:
    """Every live resource that was read."""
    if snapshot.workspace is not None:
        yield snapshot.workspace
    yield from snapshot.each()
    for channels in snapshot.channels.values():
        yield from channels
