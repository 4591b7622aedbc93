"""The workspace before a run, as its journal recorded it: even a killed run can be undone."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tr_apply.errors import RefusedError, TrApplyError
from tr_apply.live import Live, Snapshot
from tr_apply.plan.change import Plan, Verb, Write
from tr_apply.plan.json_values import SecretDigest, hidden
from tr_apply.plan.saved.document import plan_id
from tr_apply.plan.saved.load import read_plan
from tr_apply.plan.undo import hidden_fields
from tr_apply.resources import KIND_BY_NAME, WORKER, WORKER_CHANNEL, Holds, Kind
from tr_apply.routing.names import name_key
from tr_apply.wire import FormValue, Json, Labels, form_of, live_labels, model_of

_HIDDEN = "$hidden"
_MARK = "hidden sha256:"


@dataclass(slots=True)
class Journaled:
    """A run according to its journal, together with the unfinished runs before it.

    Attributes:
        plan: The plan that was carried out.
        protected: KIND/pattern of the resources that are never deleted.
        before: The former state of each resource in the plan, by SID; for a channel, with its worker.
        is_done: Whether the plan was carried out completely.
    """

    plan: Plan
    protected: Sequence[str] = ()
    before: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    is_done: bool = False
    _made_before: set[tuple[str, str]] = field(default_factory=set)

    def go_on(self, plan: Plan) -> None:
        """Take in the *plan* of the run that goes on with this one."""
        self._made_before |= _created(self.plan)
        if plan_id(plan) == plan_id(self.plan):
            return
        self.plan = replace(
            self.plan,
            operations=[*self.plan.operations, *plan.operations],
            sids={**plan.sids, **self.plan.sids},
            base={**plan.base, **self.plan.base},
            sensitive={**plan.sensitive, **self.plan.sensitive},
        )

    def note_before(self, line: Mapping[str, Any]) -> None:
        """Keep the former state of a resource, unless an earlier run of these created it."""
        if (line["kind"], name_key(line["name"])) not in self._made_before:
            self.before.setdefault(line["sid"], line)


def _created(plan: Plan) -> set[tuple[str, str]]:
    """Kinds and names of the resources that *plan* creates."""
    writes = (write for each in plan.operations for write in each.writes if write.verb is Verb.CREATE)
    return {(write.target.kind, name_key(write.target.name)) for write in writes}


# Written


def before_lines(plan: Plan, before: Snapshot) -> Iterator[dict[str, Any]]:
    """A line for each resource that *plan* touches, as it is in *before*; what must not be shown as digests."""
    labels = live_labels(before)
    touched = {write.sid for each in plan.operations for write in each.writes} | {each.sid for each in plan.operations}
    for live in (before.workspace, *before.each()):
        if live.sid in touched:
            yield _line(plan, live, labels)
    if "channels" not in hidden_fields(plan, WORKER):
        for worker, channels in before.channels.items():
            yield from (_line(plan, live, labels) | {"worker": worker} for live in channels)


def _line(plan: Plan, live: Live, labels: Labels) -> dict[str, Any]:
    kind = KIND_BY_NAME[live.kind]
    secret = _hidden_answers(plan, kind)
    values = {key: live.answer[key] for key in _keys(kind, live.answer) if key not in secret}
    digests = {key: _digest(live, fields, labels) for key, fields in secret.items()}
    return {"kind": live.kind, "name": live.name, "sid": live.sid, "values": values, "hidden": digests}


def _keys(kind: Kind, answer: Mapping[str, Any]) -> list[str]:
    """The keys of a resource's content, and of the names of its references."""
    wanted = {spec.answer for spec in kind.fields.values()} | ({kind.document.answer} if kind.document else set())
    return [key for key in answer if key in wanted or key.endswith(("_name", "_sid"))]


def _hidden_answers(plan: Plan, kind: Kind) -> dict[str, list[str]]:
    """Keys of an answer that must not be shown, with the keys of the configuration that they hold."""
    fields = hidden_fields(plan, kind)
    found = {spec.answer: [key] for key, spec in kind.fields.items() if key in fields or "*" in fields}
    if kind.document is not None and not fields.isdisjoint({*kind.document.keys, "*"}):
        found[kind.document.answer] = [kind.document.keys[0]]
    return found


def _digest(live: Live, keys: Sequence[str], labels: Labels) -> str:
    [value] = form_of(KIND_BY_NAME[live.kind], model_of(live, labels), keys).values()
    known = hidden(value)
    return str(known.value) if isinstance(known, SecretDigest) else ""


# Read


def journaled(path: Path) -> list[Journaled]:
    """The last run of each workspace in the journal *path*, and all before it as it was when that began.

    Raises:
        TrApplyError: when it cannot be read.
        RefusedError: when there is no run in it that can be undone.
    """
    found: list[Journaled] = []
    current: dict[tuple[str, str], Journaled] = {}
    for line in _lines(path):
        match line:
            case {
                "event": "begin",
                "run": str(run),
                "plan_id": str(name),
                "plan": dict(document),
                "protected": list(known),
            }:
                current[run, name] = _begun(found, document, known)
            case {"event": "before", "run": str(run), "plan_id": str(name)} if (run, name) in current:
                current[run, name].note_before(line)
            case {"event": "end", "run": str(run), "plan_id": str(name), "not_done": left} if (run, name) in current:
                current[run, name].is_done = not left
    if not found:
        raise RefusedError(
            f"{path} holds no run that can be undone: the run was killed before it wrote anything, or this is not a "
            "journal, or one of a version before 0.2"
        )
    return found


def _begun(found: list[Journaled], document: Mapping[str, Any], protected: Sequence[Any]) -> Journaled:
    """The run of this plan; where the one before did not come to its end, this one goes on with it."""
    plan = read_plan(document)
    known = next((each for each in found if _is_same_workspace(each.plan, plan)), None)
    if known is not None and not known.is_done:
        known.go_on(plan)
        return known
    if known is not None:
        found.remove(known)
    found.append(Journaled(plan, [str(each) for each in protected]))
    return found[-1]


def _is_same_workspace(one: Plan, other: Plan) -> bool:
    """Whether both are for one workspace; the account may not be known before that exists."""
    accounts = {one.target.account_sid, other.target.account_sid} - {None}
    names = {name_key(one.target.workspace), name_key(other.target.workspace)}
    return one.target.region == other.target.region and len(accounts) <= 1 and len(names) == 1


def _lines(path: Path) -> Iterator[Mapping[str, Any]]:
    """Every whole line; the last one of a run that was killed may be torn."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise TrApplyError(f"{path} cannot be read: {error.strerror}") from error
    for each in text.splitlines():
        try:
            line = json.loads(each)
        except (ValueError, RecursionError):
            continue
        if isinstance(line, dict):
            yield line


def snapshot_before(run: Journaled, after: Snapshot) -> Snapshot:
    """The workspace before *run*: the one in *after*, with the former state of the resources that the run changed."""
    labels, made = live_labels(after), _made(run, after)
    now = {live.sid: live for live in (after.workspace, *after.each())}
    old = {sid: _live(line, now.get(sid), labels) for sid, line in run.before.items() if "worker" not in line}
    by_kind = {
        kind: [
            *(old.get(live.sid, live) for live in resources if live.sid not in made),
            *(each for sid, each in old.items() if each.kind == kind and sid not in now),
        ]
        for kind, resources in after.by_kind.items()
    }
    workspace = old.get(after.workspace.sid, after.workspace)
    return replace(after, workspace=workspace, by_kind=by_kind, channels={**after.channels, **_channels(run)})


def _made(run: Journaled, after: Snapshot) -> set[str]:
    """SIDs of the resources that the run created: they have the planned names now, and did not exist before."""
    names = _created(run.plan)
    found = {live.sid for live in after.each() if (live.kind, name_key(live.name)) in names}
    return found - run.before.keys()


def _channels(run: Journaled) -> Mapping[str, Sequence[Live]]:
    found: dict[str, list[Live]] = {}
    for line in run.before.values():
        if "worker" in line:
            found.setdefault(line["worker"], []).append(
                Live(WORKER_CHANNEL.name, line["name"], line["sid"], line["values"])
            )
    return found


def _live(line: Mapping[str, Any], now: Live | None, labels: Labels) -> Live:
    """The resource of *line*; a hidden value is the one *now* if its digest is equal, else a mark with its digest."""
    kind = KIND_BY_NAME[line["kind"]]
    answer = dict(line["values"])
    for key, digest in line["hidden"].items():
        fields = [name for name, spec in kind.fields.items() if spec.answer == key] or [*kind.document_keys[:1]]
        same = now is not None and _digest(now, fields, labels) == digest
        answer[key] = now.answer.get(key) if same and now is not None else _mark(kind, key, digest)
    return Live(kind.name, line["name"], line["sid"], answer)


def _mark(kind: Kind, key: str, digest: str) -> str:
    is_json = any(spec.answer == key and spec.holds is Holds.JSON for spec in kind.fields.values())
    is_document = kind.document is not None and kind.document.answer == key
    return json.dumps({_HIDDEN: digest}) if is_json or is_document else f"{_MARK}{digest}"


def with_digests(plan: Plan) -> Plan:
    """*plan* with the digest of each value that is known only by its digest."""
    return replace(
        plan,
        operations=[replace(each, writes=tuple(map(_write_with_digests, each.writes))) for each in plan.operations],
    )


def _write_with_digests(write: Write) -> Write:
    return replace(write, form={name: _value_with_digest(value) for name, value in write.form.items()})


def _value_with_digest(value: FormValue) -> FormValue:
    match value:
        case SecretDigest():
            return value
        case Json({"$hidden": str(digest)}):
            return SecretDigest(digest)
        case str() if value.startswith(_MARK):
            return SecretDigest(value.removeprefix(_MARK))
        case _:
            return value
