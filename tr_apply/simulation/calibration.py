"""Whether simulated days are like those that were recorded: the check of a load before anybody relies on it."""

import math
from collections.abc import Iterator
from dataclasses import replace
from statistics import NormalDist
from typing import Final, Literal

from tr_apply.errors import UsageError
from tr_apply.simulation.load import DayLoad, RecordedShares
from tr_apply.simulation.results import CalibratedShare, MeanEstimate, SimulationResults

_MEASURES: Final[tuple[Literal["service_level", "abandonment"], ...]] = ("service_level", "abandonment")


def require_recorded(load: DayLoad) -> None:
    """Make sure that *load* can be calibrated.

    Raises:
        UsageError: It has no recorded figures, or figures with another threshold.
    """
    if not load.recorded:
        raise UsageError("--calibrate: no demand of the load has `recorded`; tr-apply record --load writes it")
    for each in load.recorded:
        found = next((goal for goal in load.targets if goal.channel in (None, each.channel)), None)
        if found is not None and found.threshold_ms != each.threshold_ms:
            raise UsageError(
                f"--calibrate: the recorded service level of {each.demand!r} is for {each.threshold_ms / 1000:g} s, and"
                f" `service_levels` says {found.threshold_ms / 1000:g} s; make them equal"
            )


def with_calibration(results: SimulationResults, load: DayLoad) -> SimulationResults:
    """*results* of one scenario, with the recorded figures next to the simulated ones."""
    return replace(results, calibration=tuple(_calibrated(results, load)))


def _calibrated(results: SimulationResults, load: DayLoad) -> Iterator[CalibratedShare]:
    groups = {each.name: each for each in results.scenarios[0].results if each.by == "demand"}
    quantile = NormalDist().inv_cdf(1 - (1 - results.confidence) / 2)
    together = 1 - (1 - results.confidence) / (len(_MEASURES) * len(load.recorded))
    wider = NormalDist().inv_cdf((1 + together) / 2) / quantile
    for each in load.recorded:
        for measure in _MEASURES:
            recorded = MeanEstimate(getattr(each, measure), quantile * _deviation(each, measure))
            simulated: MeanEstimate = getattr(groups[each.demand], measure)
            yield CalibratedShare(each.demand, measure, recorded, simulated, fits=_fits(recorded, simulated, wider))


def _deviation(recorded: RecordedShares, measure: Literal["service_level", "abandonment"]) -> float:
    """The standard error of a recorded share, by Agresti and Coull's formula, which is not zero for 0 % and 100 %."""
    tasks = recorded.tasks + 4
    share = (getattr(recorded, measure) * recorded.tasks + 2) / tasks
    return math.sqrt(share * (1 - share) / tasks)


def _fits(recorded: MeanEstimate, simulated: MeanEstimate, wider: float) -> bool:
    if recorded.mean is None or simulated.mean is None:
        return False
    half_width = wider * math.hypot(recorded.half_width or 0.0, simulated.half_width or 0.0)
    return abs(recorded.mean - simulated.mean) <= half_width
