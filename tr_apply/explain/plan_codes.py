"""The codes that a plan and a run give, beyond the findings of ``validate``: what each means, and what to do."""

from collections.abc import Mapping
from typing import Final, NamedTuple


class PlanCode(NamedTuple):
    """A code of ``blocked``, ``diagnostics`` or ``errors`` in JSON.

    Attributes:
        means: What happened, and why.
        next_step: What to do; empty if there is nothing to do.
    """

    means: str
    next_step: str = ""

    def __str__(self) -> str:
        return self.means if not self.next_step else f"{self.means}\nNext: {self.next_step}"


BLOCKED: Final[Mapping[str, PlanCode]] = {
    "protected": PlanCode(
        "A delete of something that `safety.protect` lists, of an activity that the workspace itself names, or of an "
        "object of Flex. No consent lifts it.",
        "Declare the object, or remove its protection first.",
    ),
    "in-use": PlanCode(
        "A delete of an activity or a queue that something else still names.",
        "Declare it, or stop using it in the same change.",
    ),
    "nowhere-to-go": PlanCode(
        "Workers must leave an activity that goes, and the workspace's default activity of the result is available: "
        "tasks would reach them.",
        "Declare an unavailable activity for these workers, or make the default activity unavailable.",
    ),
    "work-under-way": PlanCode(
        "A delete, a replacement or a move of something that has pending, reserved, assigned or wrapping tasks.",
        "Apply again when these tasks have ended.",
    ),
    "suspected-rename": PlanCode(
        "A delete and a creation of one kind look like one resource under another name; a rename keeps its SID.",
        "Write `renamed_from: [OLD]`, or `renamed_from: []` if it is new.",
    ),
    "suspected-workspace-rename": PlanCode(
        "The workspace would be created, and another live workspace of the account holds most of what it declares.",
        "Write `renamed_from: [OLD]` or `sid` if it is that one, `renamed_from: []` if it is new.",
    ),
    "needs-consent": PlanCode(
        "The plan deletes more objects of a kind than `safety.max_deletes` allows, or all of them.",
        "Approve the plan that shows them (`apply --plan`, `--expect`), or give `--allow-delete KIND=N`.",
    ),
    "consent-differs": PlanCode(
        "`--allow-delete` or `--allow-people-lost` names another number than the plan has.",
        "Look at the plan again and give the number that it shows.",
    ),
    "not-declared": PlanCode(
        "`safety.delete: declared` is set, and the configuration at `--base-ref` did not declare what is deleted.",
        "Give `--base-ref` with the revision that was applied last, or delete the object by hand.",
    ),
    "people-lost": PlanCode(
        "A queue falls to nobody, or loses more members than `safety.max_people_lost` allows.",
        'Approve the plan that shows them, or give `--allow-people-lost "QUEUE=N"`.',
    ),
}
"""Why an operation of a plan may not be carried out."""

NOTES: Final[Mapping[str, PlanCode]] = {
    "ambiguous-live-name": PlanCode(
        "Two live resources of one kind have the same name, so it is not known which one is meant.",
        "Rename or delete all but one of the SIDs in the message.",
    ),
    "ambiguous-rename": PlanCode("Several names in `renamed_from` are live.", "Keep one of them."),
    "ambiguous-workspace": PlanCode("Several live workspaces have the name.", "Pin one by `workspace.sid`."),
    "rename-conflict": PlanCode(
        "A resource is live under its new and under its former name.",
        "Delete one of the two, or remove `renamed_from`.",
    ),
    "half-replaced": PlanCode(
        "A run was interrupted while it replaced something, and the configuration has changed since.",
        "Apply the earlier configuration first, or delete the old object that the message names.",
    ),
    "multitasking-stays": PlanCode(
        "`multi_task_enabled: false` for a live workspace that is multitasking; TaskRouter does not turn it off again.",
        "Remove the key, or write `true`.",
    ),
    "seeded-channel": PlanCode(
        "`renamed_from` names a task channel that TaskRouter put there, which cannot be renamed or deleted.",
        "Remove `renamed_from`.",
    ),
    "unknown-workspace": PlanCode(
        "The account has no workspace with the SID of `workspace.sid`.",
        "Remove `sid`, or use the credentials of the account that has it.",
    ),
    "workspace-twice": PlanCode("Two PATHs of one run declare the same workspace.", "Give one of them."),
    "unknown-former-name": PlanCode(
        "A resource is created because nothing live has the name in its `renamed_from`.",
        "Correct the spelling; remove `renamed_from` if the resource is new.",
    ),
    "waiting-tasks": PlanCode(
        "Tasks wait in a workflow that changes.", "`re_evaluate_tasks: true` routes them anew when it is applied."
    ),
    "becomes-available": PlanCode(
        "An activity becomes available: tasks reach the workers who are in it.", "Make sure that this is meant."
    ),
    "left-alone": PlanCode("Live objects or differences that `manage` leaves as they are."),
    "left-out": PlanCode("Operations that `--exclude` leaves out, with those that depend on them."),
    "spelling": PlanCode(
        "A name differs from the live one in capital letters only, and TaskRouter cannot change it.",
        "Write it as it is in TaskRouter.",
    ),
    "routing-test-failed": PlanCode(
        "A routing test expects something else than what happens.",
        "See the message: it names the test, its line, and both.",
    ),
    "kept": PlanCode("An undeclared activity stays because the workspace names it."),
    "recorded-tasks": PlanCode("`test --tasks` says how the recorded tasks of a file spread over the filters."),
    "terraform-state": PlanCode(
        "`export --from-terraform` cannot use the state, or part of it.", "See the message: it names the resource."
    ),
    "not-undone": PlanCode("Something that the undo plan cannot take back.", "Put it right by hand."),
    "impact-skipped": PlanCode(
        "`--impact none` left out who loses a place in a queue.", "Plan again without it before you approve the plan."
    ),
}
"""Other things that a plan says, and reasons why none can be made."""

ERRORS: Final[Mapping[str, PlanCode]] = {
    "usage": PlanCode("The command line cannot be understood.", "See `tr-apply COMMAND --help`."),
    "invalid-configuration": PlanCode("The configuration has errors.", "See the findings, with file and line."),
    "no-target": PlanCode(
        "There is no TaskRouter to talk to, or it may not be talked to this way.",
        "Set the credentials, or give `--local` or `--base-url`.",
    ),
    "api-error": PlanCode("TaskRouter refused a request.", "See its message and code."),
    "network": PlanCode("No answer arrived, and nothing was changed by the request.", "Run again."),
    "answer-lost": PlanCode("No answer arrived, and a write may have been carried out.", "Run again to finish."),
    "timeout": PlanCode("`--timeout` ended the run.", "Run again with more time, or without it."),
    "incomplete": PlanCode("Something was or may have been written, and not all is as it should be.", "Run again."),
    "stale": PlanCode("The workspace is not what the plan was made from.", "Plan again."),
    "refused": PlanCode("The plan does something that nobody has agreed to.", "See the reasons in the message."),
    "route-change": PlanCode(
        "More tasks go elsewhere than `--max-route-change` allows, or it is not known how many.",
        "Look at the routes in the plan, then raise the limit or change the configuration.",
    ),
    "interrupted": PlanCode("A signal ended the run.", "Run again to finish."),
    "error": PlanCode("Something else went wrong.", "See the message."),
}
"""How a run failed (``errors`` in JSON)."""
