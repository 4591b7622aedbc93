"""Everything that is looked for, one row each."""

from collections.abc import Iterator
from typing import Final, NamedTuple

from tr_apply.diagnostics import Severity
from tr_apply.errors import ExpressionSyntaxError
from tr_apply.lint import filter_rules, key_rules, target_rules, url_rules, value_rules, worker_rules, workspace_rules
from tr_apply.lint.subject import Rule
from tr_apply.routing.check import CODES

_ERROR, _WARNING, _INFO = Severity.ERROR, Severity.WARNING, Severity.INFO

RULES: Final = (
    Rule(
        "missing-queue",
        _ERROR,
        "The first target of a filter, or a default_filter, has no queue.",
        target_rules.missing_queue,
    ),
    Rule(
        "outside-scope",
        _ERROR,
        "A worker is declared that `manage.workers.where` leaves out.",
        worker_rules.outside_scope,
    ),
    Rule(
        "unreachable-target",
        _WARNING,
        "A target stands behind one that no task ever leaves for the next.",
        target_rules.unreachable_target,
    ),
    Rule(
        "hidden-filter",
        _WARNING,
        "A filter above takes all the tasks of this one and keeps them.",
        filter_rules.hidden_filter,
    ),
    Rule(
        "skip-if-counts-all",
        _WARNING,
        "A skip_if counts workers whom its target leaves out, and there is no timeout.",
        target_rules.skip_if_counts_all,
    ),
    Rule(
        "two-known-workers",
        _WARNING,
        "A target names its known worker in both ways.",
        target_rules.two_known_workers,
    ),
    Rule(
        "default-filter-key",
        _WARNING,
        "A default_filter has a key that means nothing there.",
        filter_rules.default_filter_key,
    ),
    Rule(
        "empty-workflow",
        _WARNING,
        "A workflow has neither filters nor a default_filter.",
        filter_rules.empty_workflow,
        needs_all=True,
    ),
    Rule(
        "inert-key",
        _WARNING,
        "A key under extra is a misspelt or misplaced one of TaskRouter's, which ignores it.",
        key_rules.inert_key,
    ),
    Rule(
        "value-spelling",
        _WARNING,
        "An expression asks for a text that the workers have in another spelling only.",
        value_rules.value_spelling,
    ),
    Rule("unknown-event", _WARNING, "An event type that TaskRouter does not have.", workspace_rules.unknown_event),
    Rule("invalid-url", _WARNING, "A callback is no absolute http or https URL.", url_rules.invalid_url),
    Rule("unencrypted-url", _WARNING, "A callback to a public host is not encrypted.", url_rules.unencrypted_url),
    Rule(
        "channel-name",
        _WARNING,
        "The unique name of a task channel cannot stand in an expression.",
        workspace_rules.channel_name,
    ),
    Rule(
        "single-tasking-queue",
        _ERROR,
        "A queue lacks the activities that it needs in a workspace that is not multitasking.",
        workspace_rules.single_tasking_queue,
        needs_all=True,
    ),
    Rule(
        "available-timeout-activity",
        _WARNING,
        "Workers who let a reservation time out stay available.",
        workspace_rules.available_timeout_activity,
    ),
    Rule("over-limit", _WARNING, "More of a kind than TaskRouter allows by default.", workspace_rules.over_limit),
    Rule(
        "last-timeout",
        _INFO,
        "A task may be canceled because the last target of its filter has a timeout.",
        filter_rules.last_timeout,
    ),
    Rule(
        "no-default-filter",
        _INFO,
        "A task that no filter of the workflow matches is canceled.",
        filter_rules.no_default_filter,
        needs_all=True,
    ),
    Rule(
        "known-worker-waits",
        _INFO,
        "A task may wait for one worker for as long as it lives.",
        target_rules.known_worker_waits,
    ),
    Rule(
        "unused-queue",
        _INFO,
        "No workflow leads to a queue.",
        workspace_rules.unused_queue,
        needs_all=True,
    ),
    Rule(
        "available-default-activity",
        _INFO,
        "New workers are available at once.",
        workspace_rules.available_default_activity,
    ),
    Rule(
        "attribute-key",
        _INFO,
        "An attribute of a worker has a name that cannot stand in an expression.",
        worker_rules.attribute_key,
    ),
)
"""The rules on the structure. Those on one routing text are in tr_apply.routing.check."""


class Row(NamedTuple):
    """A line of a documentation of all codes."""

    code: str
    severity: Severity
    says: str


def rules() -> Iterator[Row]:
    """Every code that a check of a configuration that can be read may give."""
    for rule in RULES:
        yield Row(rule.code, rule.severity, rule.says)
    for code, says in CODES.items():
        yield Row(code, _ERROR if code == ExpressionSyntaxError.code else _WARNING, says)
