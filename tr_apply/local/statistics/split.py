"""``SplitByWaitTime``: how many were accepted or canceled within some time, and how many later."""

from bisect import bisect_left
from itertools import accumulate

from tr_apply.local.forms.fields import integer
from tr_apply.local.statistics.choices import SPLIT_LIMIT
from tr_apply.local.statistics.durations import MS_IN_SECOND
from tr_apply.local.storage.refusals import InvalidParameterError

NAME = "SplitByWaitTime"
THRESHOLD_LIMIT_S = 10**9
THRESHOLDS_LIMIT = 50
"""How many there may be in one request: each is answered for each of up to a thousand queues. TaskRouter's own limit
is not documented."""

Thresholds = tuple[int, ...]
"""Seconds, as they were sent, each once."""


def read_thresholds(text: str | None) -> Thresholds:
    """The thresholds that the parameter's text lists with commas between them; none where there is no text.

    Raises:
        InvalidParameterError: One of them is not a whole number of seconds, or there are too many.
    """
    if not text:
        return ()
    if text.count(",") >= THRESHOLDS_LIMIT:
        raise InvalidParameterError(f"{NAME} can hold {THRESHOLDS_LIMIT} thresholds")
    parse = integer(0, THRESHOLD_LIMIT_S)
    return tuple(dict.fromkeys(parse(NAME, each.strip()) for each in text.split(",")))


class Split:
    """Waits on both sides of each threshold.

    A wait is noted once, between two thresholds, however many thresholds there are.
    """

    def __init__(self, thresholds: Thresholds) -> None:
        self._sent = thresholds
        self._sorted = sorted(thresholds)
        self._limits_ms = [MS_IN_SECOND * threshold for threshold in self._sorted]
        self._room = SPLIT_LIMIT if thresholds else 0
        self._accepted = [0] * (len(thresholds) + 1)
        self._canceled = [0] * (len(thresholds) + 1)

    def accept(self, waited_ms: int) -> None:
        """Note a reservation that was accepted."""
        self._note(self._accepted, waited_ms)

    def cancel(self, waited_ms: int) -> None:
        """Note a task that was canceled."""
        self._note(self._canceled, waited_ms)

    def figures(self) -> dict[str, dict[str, dict[str, int]]]:
        """The figures as in the API, by threshold in the order of the request."""
        accepted, canceled = list(accumulate(self._accepted)), list(accumulate(self._canceled))
        sides = {
            threshold: {
                "above": _counts(canceled[-1] - canceled[place], accepted[-1] - accepted[place]),
                "below": _counts(canceled[place], accepted[place]),
            }
            for place, threshold in enumerate(self._sorted)
        }
        return {str(threshold): sides[threshold] for threshold in self._sent}

    def _note(self, counts: list[int], waited_ms: int) -> None:
        if self._room:
            self._room -= 1
            counts[bisect_left(self._limits_ms, waited_ms)] += 1


def _counts(canceled: int, accepted: int) -> dict[str, int]:
    return {"tasks_canceled": canceled, "reservations_accepted": accepted}
