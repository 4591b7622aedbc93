"""The options of apply, and what they agree to."""

from collections.abc import Sequence
from pathlib import Path

from tr_apply.cli.options import CommonOptions, ConfigurationOptions, SelectionOptions
from tr_apply.deployment.target_options import TargetOptions
from tr_apply.errors import UsageError
from tr_apply.frozen import frozen
from tr_apply.plan.checks.consent import Approval, Consent
from tr_apply.resources import KIND_BY_NAME
from tr_apply.resources.scalar import whole_number


@frozen(kw_only=True)
class ApplyOptions:
    """The options of ``tr-apply apply``, each named as click calls it."""

    plan_file: Path | None
    expected: tuple[str, ...]
    auto_approve: bool
    allowed: tuple[str, ...]
    allowed_people: tuple[str, ...]
    tasks_file: Path | None
    max_route_change: float | None
    base_ref: str | None
    concurrency: int
    journal_file: Path | None
    undo_file: Path | None
    outputs_file: Path | None
    selected: SelectionOptions
    given: ConfigurationOptions
    target: TargetOptions
    common: CommonOptions

    @property
    def plan_ids(self) -> tuple[str, ...]:
        """Those that are expected, one for each PATH."""
        return tuple(each for written in self.expected for each in written.replace(",", " ").split())

    def consent(self) -> Consent:
        """The consent given on the command line, and who will have seen the plan before it is applied.

        Raises:
            UsageError: An option has another form.
        """
        asked = Approval.NOBODY if self.auto_approve else Approval.ASKED
        return Consent(
            Approval.REVIEWED if self.plan_ids or self.plan_file is not None else asked,
            allowed_deletes(self.allowed),
            people_lost=allowed_people_lost(self.allowed_people),
            max_route_change=self.max_route_change,
        )


def allowed_deletes(written: Sequence[str]) -> dict[str, int]:
    """The number of deletes by kind, from each ``--allow-delete KIND=N``.

    Raises:
        UsageError: One has another form.
    """
    kinds = list(KIND_BY_NAME)
    allowed = {}
    for each in written:
        kind, _, written_number = each.partition("=")
        if kind not in kinds or (number := whole_number(written_number)) is None:
            raise UsageError(f"--allow-delete {each}: expected KIND=N, where KIND is one of {', '.join(kinds)}")
        allowed[kind] = number
    return allowed


def allowed_people_lost(written: Sequence[str]) -> dict[str, int]:
    """The number of people by queue, from each ``--allow-people-lost "QUEUE=N"``.

    Raises:
        UsageError: One has another form.
    """
    allowed = {}
    for each in written:
        queue, _, written_number = each.rpartition("=")  # the name of a queue may have one, too
        if not queue or (number := whole_number(written_number)) is None:
            raise UsageError(f'--allow-people-lost {each}: expected "QUEUE=N"')
        allowed[queue] = number
    return allowed


def require_sense(paths: Sequence[Path], options: ApplyOptions) -> None:
    """A saved plan is what it is: options that would make another one of it are a misunderstanding.

    Raises:
        UsageError: when there are any, or when it is not said what to apply.
    """
    if options.plan_file is None:
        if not paths:
            raise UsageError("Missing argument 'PATH...', or --plan FILE.\nTry 'tr-apply apply --help'.")
        return
    changing: dict[str, object] = {
        "--target": options.selected.targets,
        "--only": options.selected.only,
        "--exclude": options.selected.excluded,
        "--allow-delete": options.allowed,
        "--allow-people-lost": options.allowed_people,
        "--expect": options.expected,
        "--base-ref": options.base_ref,
        "--tasks": options.tasks_file,
    }
    if not paths:
        files = options.given
        changing |= {"--overlay": files.overlays, "--var": files.variables, "--var-file": files.variable_files}
    for option, value in changing.items():
        if value:
            raise UsageError(f"{option} cannot change a saved plan; plan again with it, or leave it out")
