"""Matches declared with live resources, and the final name of every SID."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import field
from typing import Any

from tr_apply.frozen import unfrozen
from tr_apply.live import Live, Snapshot
from tr_apply.plan.compare.diff import changed_fields
from tr_apply.plan.compare.ownership import is_managed, owned, rule_of
from tr_apply.plan.matching.match import Likenesses, Match, Matching, ambiguity, match
from tr_apply.plan.matching.references import canonical, rewritten
from tr_apply.resources import SECTIONS, WORKER, Kind, temporary_name
from tr_apply.resources.document import Document, Ownership
from tr_apply.resources.field_path import root_of
from tr_apply.resources.template import MARK, SID, THE_WORKSPACE, SidOf, filled, referring, sid_of
from tr_apply.routing.evaluate import Predicate, compiled
from tr_apply.routing.names import SID_IN_TEXT, name_key
from tr_apply.routing.parser import parse
from tr_apply.wire import Labels, live_labels, model_of, parsed_json

_MARK_OR_SID = re.compile(f"{MARK.pattern}|{SID_IN_TEXT}")


@unfrozen
class Matched:
    """Declared and live resources, matched.

    Attributes:
        matchings: By kind, for every kind that was read; of a kind that is not managed, all is ``rest``.
        labels: What each SID is called when the plan is done.
        renamed: New names of resources that are replaced, by the label of the old one.
        names: Names by kind and key, as they will be.
        ambiguous: Why a name leads nowhere, by kind and key.
        ours: Which workers are ours; None where all of them are.
        foreign: Live resources that are read but are not ours.
    """

    matchings: dict[str, Matching] = field(default_factory=dict)
    labels: Labels = field(default_factory=lambda: Labels({}))
    renamed: dict[SidOf, str] = field(default_factory=dict)
    names: dict[str, dict[str, str]] = field(default_factory=dict)
    ambiguous: dict[tuple[str, str], str] = field(default_factory=dict)
    ours: Predicate | None = None
    foreign: set[Live] = field(default_factory=set)

    def matches(self, kind: Kind) -> Sequence[Match]:
        """The declared resources of *kind*."""
        return self.matchings[kind.name].matches if kind.name in self.matchings else ()

    def rest(self, kind: Kind) -> Sequence[Live]:
        """The live resources of *kind* that no declared one is."""
        return self.matchings[kind.name].rest if kind.name in self.matchings else ()

    def name(self, kind: str, written: str) -> str:
        """The name of *kind* that *written* means, as it is spelled where it is declared or live; a SID has one too."""
        found = self.names.get(kind, {}).get(name_key(written))
        if found is None and SID.match(written) and (label := self.labels.by_sid.get(written)) is not None:
            found = label.name
        return written if found is None else found

    def knows(self, kind: str, written: str) -> bool:
        """Whether *written* names an existing resource; a SID always does."""
        if kind not in self.names:
            return True
        return name_key(written) in self.names[kind] or SID.match(written) is not None

    def spelled(self, kind: Kind, resource: Any) -> Any:
        """*resource* with its ``${sid:…}`` spelled as what they mean, and literal SIDs as the names they have."""
        return rewritten(kind, resource, self._spelled_text)

    def _spelled_text(self, text: str) -> str:
        def mark(match: re.Match[str]) -> str:
            if match[0] == "$${":
                return match[0]
            if match[1] is None:
                return referring(match, self.labels.by_sid.get(match[0]))
            reference = sid_of(match[1])
            return f"${{sid:{SidOf(reference.kind, self.name(reference.kind, reference.name))}}}"

        return _MARK_OR_SID.sub(mark, text)

    def label(self, live: Live) -> SidOf:
        """The final name of *live*."""
        return self.labels.by_sid[live.sid]


def match_all(document: Document, snapshot: Snapshot) -> Matched:
    """Match the resources of *document* with those of *snapshot*."""
    matched = Matched()
    labels = dict(live_labels(snapshot).by_sid)
    matched.labels = Labels(labels)
    labels[snapshot.workspace.sid] = THE_WORKSPACE
    for kind in SECTIONS:  # a kind refers to kinds above it, whose names are settled by then
        if snapshot.has(kind.name):
            matching = _matching(document, kind, snapshot.by_kind[kind.name], matched)
            matched.matchings[kind.name] = matching
            _name(matched, kind, matching, labels)
    matched.ours = _scope_of(document, matched)
    if matched.ours is not None:
        for live in snapshot.by_kind.get(WORKER.name, ()):
            if not matched.ours(expression_names(live, parsed_json(live, "attributes"))):
                matched.foreign.add(live)
    return matched


def _matching(document: Document, kind: Kind, live: Sequence[Live], matched: Matched) -> Matching:
    if not is_managed(document, kind):
        return Matching(rest=list(live))
    rule = rule_of(document, kind)
    fixed = kind.replaced_on - {kind.identity}

    def distance(declared: Any, other: Live) -> int:
        held = model_of(other, matched.labels)
        wanted = owned(kind, canonical(kind, declared, matched.name), held, rule)
        roots = {root_of(change.path) for change in changed_fields(kind, held, wanted)}
        return len(roots - {kind.identity})

    return match(
        kind,
        getattr(document, kind.section),
        live,
        Likenesses(distance, lambda declared, other: _is_fixed(kind, fixed, declared, other, rule)),
    )


def _is_fixed(kind: Kind, fixed: Iterable[str], declared: Any, live: Live, rule: Ownership) -> bool:
    """Whether TaskRouter cannot turn *live* into *declared* in a *fixed* field that nobody says to leave alone."""
    for key in fixed:
        wanted, now = getattr(declared, key), live.answer.get(kind.fields[key].answer)
        if wanted != now and key not in rule.ignore:
            return True
    return False


def _name(matched: Matched, kind: Kind, matching: Matching, labels: dict[str, SidOf]) -> None:
    """Settle what the resources of *kind* are called."""
    names = matched.names.setdefault(kind.name, {})
    for name, live in _named(matching, matched.renamed):
        if live is not None and live.name != name:
            labels[live.sid] = SidOf(kind.name, name)
        names.setdefault(name_key(name), name)
    by_key: dict[str, list[Live]] = {}
    for live in matching.rest:
        by_key.setdefault(name_key(live.name), []).append(live)
    for key, same in by_key.items():
        names.setdefault(key, same[0].name)
        labels.update({live.sid: SidOf(kind.name, live.name) for live in same})
        if len(same) > 1:
            matched.ambiguous[kind.name, key] = ambiguity(kind, same)


def _named(matching: Matching, renamed: dict[SidOf, str]) -> Iterator[tuple[str, Live | None]]:
    for each in matching.matches:
        yield each.name, each.live
        if each.old is not None:
            parked = temporary_name(each.name)
            renamed[SidOf(each.kind.name, parked)] = each.name
            yield parked, each.old


def _scope_of(document: Document, matched: Matched) -> Predicate | None:
    """Which workers are ours, by their attributes; None where all of them are."""
    where = document.manage.workers.where
    if where is None or not is_managed(document, WORKER):
        return None
    sids = {(label.kind, name_key(label.name)): sid for sid, label in matched.labels.by_sid.items()}
    return compiled(parse(filled(where, lambda label: sids.get((label.kind, name_key(label.name)), ""))))


def expression_names(live: Live | None, attributes: Any) -> Mapping[str, Any]:
    """The values for an expression over workers, if *live* or a new worker had these *attributes*."""
    answer = {} if live is None else live.answer
    built_in = {key: answer.get(key) for key in ("friendly_name", "activity_sid", "activity_name", "sid")}
    return (attributes if isinstance(attributes, dict) else {}) | built_in
