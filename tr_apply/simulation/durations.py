"""Distributions of times.

A time is read at a share of the distribution's mass (its quantile), so one random number makes one time, and a longer
mean makes every time longer. Two scenarios stay comparable task by task.
"""

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import Final, Literal, TypeAlias

NEVER: Final = 2**62  # milliseconds
_LONGEST: Final = 30 * 24 * 3600 * 1000  # milliseconds; no day lasts so long
_STANDARD: Final = NormalDist()
_P90: Final = _STANDARD.inv_cdf(0.9)

Shape: TypeAlias = Literal["constant", "exponential", "lognormal", "weibull", "sample", "never"]


@dataclass(frozen=True, slots=True)
class DurationSpread:
    """How long something takes."""

    shape: Shape = "constant"
    scale_ms: float = 0.0
    """The constant, the mean of an exponential, the median of a lognormal, the scale of a Weibull distribution."""

    form: float = 1.0
    """Sigma of a lognormal, the shape of a Weibull distribution."""

    sample: tuple[float, ...] = ()
    """Times that were measured, in milliseconds, sorted."""

    factor: float = 1.0
    """Every time is multiplied by this."""

    def at(self, share: float) -> int:
        """The time, in milliseconds, that a *share* of all (0 to 1, without 1) is below."""
        if self.shape == "never":
            return NEVER
        return min(_LONGEST, round(self.factor * self._raw(share)))

    def _raw(self, share: float) -> float:
        match self.shape:
            case "exponential":
                return -self.scale_ms * math.log1p(-share)
            case "lognormal":
                return self.scale_ms * math.exp(self.form * _STANDARD.inv_cdf(share or 1e-12))
            case "weibull":
                return float(self.scale_ms * (-math.log1p(-share)) ** (1 / self.form))
            case "sample":
                return self.sample[int(share * len(self.sample))]
            case _:
                return self.scale_ms

    @classmethod
    def lognormal(cls, mean_ms: float, p90_ms: float) -> "DurationSpread":
        """The lognormal distribution of this mean and this 90 % quantile, which is at most 2.27 times the mean."""
        log_ratio = math.log(p90_ms / mean_ms)
        sigma = _P90 - math.sqrt(max(0.0, _P90**2 - 2 * log_ratio))
        return cls("lognormal", mean_ms * math.exp(-(sigma**2) / 2), sigma)

    @classmethod
    def weibull(cls, mean_ms: float, form: float) -> "DurationSpread":
        """The Weibull distribution of this mean and shape."""
        return cls("weibull", mean_ms / math.gamma(1 + 1 / form), form)
