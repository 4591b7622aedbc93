"""Who is available: the workers of an engine, sent home and called in again."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from tr_apply.routing.engine.engine import Engine


@dataclass(frozen=True, slots=True)
class Places:
    """SIDs of the activities of one worker."""

    worker_sid: str
    at_work: str
    away: str


class Roster:
    """An engine in which nobody is available but those who were called last.

    To build an engine takes as long as a thousand tasks, so that one serves all questions.
    """

    def __init__(self, engine: Engine, places: Mapping[str, Places]) -> None:
        """Take up *engine*, in which everybody is away; *places* are by the name of the worker."""
        self._engine = engine
        self._places = places
        self._called: Sequence[str] = ()
        self._now_ms = 0

    def called(self, names: Sequence[str]) -> Engine:
        """The engine, with these workers available; the first has been so for the longest time."""
        if names != self._called:
            for sid, activity_sid in self._moves(names):
                self._now_ms += 1
                self._engine.set_activity(sid, activity_sid, self._now_ms)
            self._engine.outcome()  # nobody asks for these events
            self._called = names
        return self._engine

    def _moves(self, names: Sequence[str]) -> Iterator[tuple[str, str]]:
        for name in self._called:
            yield self._places[name].worker_sid, self._places[name].away
        for name in names:
            yield self._places[name].worker_sid, self._places[name].at_work
