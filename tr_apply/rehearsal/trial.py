"""All routing tests of one configuration."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from tr_apply.config.routing_tests import LocatedTest
from tr_apply.rehearsal.coverage import Coverage, coverage
from tr_apply.rehearsal.verdict import Verdict, judge
from tr_apply.rehearsal.world import World


@dataclass(frozen=True)
class Trial:
    """What came of the tests of a configuration."""

    path: str
    """What the user called the configuration."""

    verdicts: Sequence[Verdict]
    world: World

    @property
    def failed(self) -> Sequence[Verdict]:
        """Those that did not pass."""
        return [each for each in self.verdicts if not each.passed]

    @cached_property
    def coverage(self) -> Coverage:
        """What the tests have reached."""
        return coverage(self.world, (each.route for each in self.verdicts))


def trial(path: str, world: World, tests: Sequence[LocatedTest]) -> Trial:
    """Try every one of *tests*."""
    return Trial(path, [judge(world, each) for each in tests], world)
