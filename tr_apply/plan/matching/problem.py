"""Why no plan can be made."""

from collections.abc import Sequence
from dataclasses import dataclass

from tr_apply.config.places import KeyPath


@dataclass(frozen=True, slots=True)
class Problem:
    """One reason; ``path`` leads to the place in the configuration."""

    code: str
    message: str
    path: KeyPath


class PlanProblemsError(Exception):
    """The configuration cannot be applied to this workspace."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("; ".join(problem.message for problem in problems))
        self.problems = problems
