"""Means of replications with the half-widths of their confidence intervals."""

import math
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final, NamedTuple

_STEPS: Final = 200
_TINY: Final = 1e-300
_PRECISION: Final = 1e-14


class Estimate(NamedTuple):
    """A mean over replications."""

    mean: float | None
    """None where no replication has a value."""

    half_width: float | None
    """Of the confidence interval; None with fewer than two values."""

    @property
    def low(self) -> float:
        """The lower end of the interval; minus infinity where it is not known."""
        return -math.inf if self.mean is None or self.half_width is None else self.mean - self.half_width

    @property
    def high(self) -> float:
        """The upper end of the interval; infinity where it is not known."""
        return math.inf if self.mean is None or self.half_width is None else self.mean + self.half_width


def estimate(values: Iterable[float | None], confidence: float) -> Estimate:
    """The mean of *values*, which are independent; None among them does not count."""
    known = [each for each in values if each is not None]
    count = len(known)
    if not count:
        return Estimate(None, None)
    mean = math.fsum(known) / count
    if count == 1:
        return Estimate(mean, None)
    if min(known) == max(known):
        return Estimate(known[0], 0.0)
    deviation = math.sqrt(math.fsum((each - mean) ** 2 for each in known) / (count - 1))
    return Estimate(mean, student_quantile((1 + confidence) / 2, count - 1) * deviation / math.sqrt(count))


def paired(before: Sequence[float | None], after: Sequence[float | None], confidence: float) -> Estimate:
    """The mean change from *before* to *after*, day by day; a day counts if both have a value."""
    pairs = zip(before, after, strict=True)
    return estimate([b - a for a, b in pairs if a is not None and b is not None], confidence)


@lru_cache(maxsize=256)
def student_quantile(probability: float, freedom: int) -> float:
    """The quantile of Student's distribution with *freedom* degrees, for a *probability* from a half to below one."""
    low, high = 0.0, 2.0
    while _student_below(high, freedom) < probability:
        high *= 2
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if _student_below(middle, freedom) < probability:
            low = middle
        else:
            high = middle
        if high - low <= _PRECISION * high:
            break
    return (low + high) / 2


def _student_below(t: float, freedom: int) -> float:
    return 1 - _beta_share(freedom / (freedom + t * t), freedom / 2, 0.5) / 2


def _beta_share(x: float, a: float, b: float) -> float:
    """The regularised incomplete beta function."""
    if x in (0.0, 1.0):
        return x
    log_factor = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    if x < (a + 1) / (a + b + 2):
        return math.exp(log_factor) * _continued_fraction(x, a, b) / a
    return 1 - math.exp(log_factor) * _continued_fraction(1 - x, b, a) / b


def _continued_fraction(x: float, a: float, b: float) -> float:
    """Lentz's method for the continued fraction of the incomplete beta function."""
    c, d = 1.0, 1 / _apart_from_zero(1 - (a + b) * x / (a + 1))
    value, factor, m = d, 2.0, 0
    while m < _STEPS and abs(factor - 1) >= _PRECISION:
        m += 1
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        d = 1 / _apart_from_zero(1 + even * d)
        c = _apart_from_zero(1 + even / c)
        value *= d * c
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        d = 1 / _apart_from_zero(1 + odd * d)
        c = _apart_from_zero(1 + odd / c)
        factor = d * c
        value *= factor
    return value


def _apart_from_zero(value: float) -> float:
    return value if abs(value) > _TINY else _TINY
