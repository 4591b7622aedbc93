"""Why no plan can be made."""

from collections.abc import Sequence

from tr_apply.findings import Finding


class PlanProblemsError(Exception):
    """The configuration cannot be applied to this workspace; each finding has its spot in the configuration."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        super().__init__("; ".join(each.message for each in findings))
        self.findings = findings
