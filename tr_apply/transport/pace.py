"""How many requests run concurrently, and how soon after one another they begin: as many as TaskRouter accepts.

Its limits are not published, so they are measured. Two signals mean "too many". A refusal (429) lowers the *rate* at
which requests begin; the rate stays just below the one that was accepted, and rises slowly while nothing is refused.
Longer answers lower the *window*, the number of concurrent requests, by a fifth; it rises by one with every window of
answers that are in time.
"""

import math
from collections import deque

_HORIZON_S = 2.0  # over which admitted requests are counted
_SURE_S = 1.0  # after which that count says something

_MARGIN = 0.98  # of the rate at which refusals began
_LESS = 0.8  # of it if that was not the limit
_GROWTH = 0.01  # s seconds after the last refusal the rate is exp(_GROWTH * s * s) times the limit
_DOUBLING_S = 0.2  # far below the limit, or while nobody knows it
_SLOWEST, _FIRST = 2.0, 20.0  # requests a second: the least there are, and the first guess
_HOLD_S = 0.2  # no two reductions within
_EPISODE_S = 0.5  # refusals further apart have causes of their own
_FORGOTTEN_S = 20.0  # without a refusal for so long, there is no limit any more

_SHORT, _LONG = 0.3, 0.02  # weight of one answer in each average of the latency
_TIMES, _MORE_S = 2.0, 0.1  # a short average so much above the long one is a rise


class Pace:
    """Follows the server, and never allows more than *ceiling* concurrent requests.

    It has no clock: the caller passes the time, in seconds.
    """

    def __init__(self, ceiling: int) -> None:
        self._ceiling = ceiling
        self._window = float(ceiling)
        self._slowed_at = -math.inf
        self._latency: dict[str, tuple[float, float]] = {}
        self._rate = math.inf
        self._limit = math.inf
        self._began_at = math.inf
        self._next_at = -math.inf
        self._reduced_at = -math.inf
        self._refused_at = -math.inf
        self._grown_at = -math.inf
        self._admitted: deque[float] = deque()

    @property
    def window(self) -> int:
        """How many requests may be under way."""
        return int(self._window)

    @property
    def rate(self) -> float:
        """How many requests may begin in a second."""
        return self._rate

    def begin(self, now: float) -> float:
        """Take the next turn; the time when it is."""
        self._began_at = min(self._began_at, now)
        turn = max(now, self._next_at)
        if now - self._refused_at > _FORGOTTEN_S:
            self._rate = self._limit = math.inf
        elif turn > now:  # a rate that delays no request need not rise
            self._raise_rate(now)
        self._grown_at = now
        self._next_at = turn + 1 / self._rate
        return turn

    def admitted(self, now: float, seconds: float, alike: str) -> None:
        """Note an answer after *seconds*; *alike* names the group of requests to compare it with."""
        self._admitted.append(now)
        short, long = self._latency.get(alike, (seconds, seconds))
        short += _SHORT * (seconds - short)
        long += _LONG * (seconds - long)
        self._latency[alike] = short, long
        if short > _TIMES * long and short > long + _MORE_S:
            self.strained(now, now - seconds)
        else:
            self._window = min(self._ceiling, self._window + 1 / self._window)

    def strained(self, now: float, begun: float) -> None:
        """A request that was *begun* then shows that too many are under way; one reduction serves all of those."""
        if begun >= self._slowed_at:
            self._window = max(1.0, self._window * _LESS)
            self._slowed_at = now

    def refused(self, now: float, begun: float) -> None:
        """A request that was *begun* then was refused because there are too many."""
        is_new = now - self._refused_at > _EPISODE_S
        self._refused_at = now
        if begun < self._reduced_at or now < self._reduced_at + _HOLD_S:
            return  # the reduction could not be felt yet
        self._reduce_rate(self._flow(now), is_new=is_new, is_sure=now - self._began_at >= _SURE_S)
        self._reduced_at = self._grown_at = now

    def _reduce_rate(self, flow: float, *, is_new: bool, is_sure: bool) -> None:
        if self._rate == math.inf:
            self._rate = max(flow, _FIRST)
            self._limit = self._rate if is_sure else math.inf
        elif flow >= _LESS * self._rate:
            self._rate = self._limit = _MARGIN * self._rate
        elif is_new and is_sure and flow > _SLOWEST:
            self._rate = self._limit = flow
        elif self._limit == math.inf:
            self._rate = self._limit = (1 + _LESS) / 2 * self._rate
        else:  # nothing passes for a while, which says little about what passes otherwise
            self._rate = max(_SLOWEST, min(_LESS * self._rate, flow))
            self._limit = max(self._rate, 0.95 * self._limit)

    def _raise_rate(self, now: float) -> None:
        elapsed, quiet = now - self._grown_at, now - self._refused_at
        if self._rate < self._limit:
            self._rate = min(self._limit, self._rate * 2 ** (elapsed / _DOUBLING_S))
        else:
            self._rate *= math.exp(_GROWTH * (quiet**2 - (quiet - elapsed) ** 2))

    def _flow(self, now: float) -> float:
        """Requests a second that were admitted lately."""
        while self._admitted and self._admitted[0] <= now - _HORIZON_S:
            self._admitted.popleft()
        return len(self._admitted) / min(_HORIZON_S, max(_SURE_S, now - self._began_at))
