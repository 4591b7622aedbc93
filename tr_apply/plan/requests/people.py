"""Who must be moved to another activity, and where to: only when theirs goes away, or they do."""

from dataclasses import field

from tr_apply.frozen import unfrozen
from tr_apply.live import Live
from tr_apply.plan.change import Move, Verb, Write
from tr_apply.plan.matching.decisions import Decisions
from tr_apply.resources import ACTIVITY, WORKER, SidOf
from tr_apply.routing.names import name_key


@unfrozen
class People:
    """The moves that the decisions need.

    Attributes:
        by_activity: Moves out of each activity that goes away, by its SID.
        by_worker: The move that a worker's own deletion needs, by the worker's SID.
        stranded: SIDs of activities and workers that cannot be deleted, because there is nowhere to go.
    """

    by_activity: dict[str, list[Move]] = field(default_factory=dict)
    by_worker: dict[str, Move] = field(default_factory=dict)
    stranded: set[str] = field(default_factory=set)

    def before(self, live: Live) -> list[Move]:
        """The moves before *live* can be deleted: out of an activity, or of the worker who goes."""
        own = self.by_worker.get(live.sid)
        return self.by_activity.get(live.sid, []) if own is None else [own]

    def left_before(self, live: Live) -> str:
        """The SID of the activity that these moves leave."""
        return str(live.answer.get("activity_sid")) if live.sid in self.by_worker else live.sid


def people_of(decisions: Decisions) -> People:
    """Every move that *decisions* needs."""
    return _Movers(decisions).people()


class _Movers:
    def __init__(self, decisions: Decisions) -> None:
        self._decisions = decisions
        self._people = People()
        # Of a replaced activity everybody goes to the new one of the same name; of a deleted one, elsewhere.
        self._replacements = {m.old.sid: m.name for m in decisions.replaced if m.kind is ACTIVITY}
        self._gone = {live.sid for live in decisions.deleted_of(ACTIVITY)}
        self._available = {name_key(a.name): bool(a.available) for a in decisions.result(ACTIVITY)}

    def people(self) -> People:
        for live in self._decisions.deleted_of(WORKER):
            self._leave_for_good(live)
        if self._replacements or self._gone:
            self._leave_activities()
        return self._people

    def _leave_activities(self) -> None:
        for each in self._decisions.kept_of(WORKER):
            self._leave_activity(each.live, each.after.activity if each.declared else None)

    def _leave_for_good(self, live: Live) -> None:
        """TaskRouter deletes a worker only out of an activity in which no task can arrive."""
        if live.answer.get("available") is not True:
            return
        destination = self._refuge(None)
        if destination is None:
            self._people.stranded.add(live.sid)
        else:
            self._people.by_worker[live.sid] = self._move(live, destination)

    def _leave_activity(self, live: Live, declared: str | None) -> None:
        activity = live.answer.get("activity_sid")
        if not isinstance(activity, str):
            return
        if (replacement := self._replacements.get(activity)) is not None:
            self._add(activity, self._move(live, replacement))
        elif activity in self._gone:
            destination = self._refuge(declared)
            if destination is None:
                self._people.stranded.add(activity)
            else:
                self._add(activity, self._move(live, destination))

    def _add(self, activity: str, move: Move) -> None:
        self._people.by_activity.setdefault(activity, []).append(move)

    def _move(self, live: Live, destination: str) -> Move:
        before = str(
            live.answer.get("activity_name") or self._decisions.matched.labels.name(str(live.answer["activity_sid"]))
        )
        return Move(self._decisions.matched.label(live).name, self._decisions.sid(live), before, destination)

    def _refuge(self, declared: str | None) -> str | None:
        """An unavailable activity of the result: the declared one, else the workspace's default; None if neither is."""
        for name in (declared, self._decisions.workspace.after.default_activity):
            if name is not None and self._available.get(name_key(name)) is False:
                return self._decisions.matched.name(ACTIVITY.name, name)
        return None


def moving(move: Move, activity: SidOf | None, *, late: bool) -> Write:
    """The request of *move* out of *activity*, if that is known."""
    return Write(
        Verb.UPDATE,
        SidOf(WORKER.name, move.worker),
        move.sid,
        {"ActivitySid": SidOf(ACTIVITY.name, move.after)},
        releases=frozenset() if activity is None else frozenset({activity}),
        late=late,
    )
