"""Changes that TaskRouter would refuse in this very workspace: an error before the first write."""

from collections.abc import Iterator, Mapping
from typing import Any

from tr_apply.findings import Finding, KeyPath, error_at
from tr_apply.lint.declarations import Declarations
from tr_apply.lint.expressions import is_unreadable, placed_texts, texts_of
from tr_apply.plan.compare.ownership import is_managed
from tr_apply.plan.matching.decisions import Decisions
from tr_apply.resources import TASK_CHANNEL, TASK_QUEUE, WORKER, WORKFLOW, WORKSPACE, Kind
from tr_apply.routing.check import EXPRESSION_SYNTAX
from tr_apply.routing.names import name_key
from tr_apply.wire import model_of

_WITH_EXPRESSIONS = (TASK_QUEUE, WORKFLOW)


def refused_here(decisions: Decisions) -> Iterator[Finding]:
    """Findings about the declared and the live configuration together."""
    yield from _unknown_channels(decisions)
    yield from _without_activities(decisions)
    yield from _switched_off(decisions)
    yield from _unreadable(decisions)


def _unknown_channels(decisions: Decisions) -> Iterator[Finding]:
    """Channels of live workers that no task channel makes, where task channels themselves are not read."""
    if decisions.snapshot.has(TASK_CHANNEL.name):
        return  # then they are references like any other
    for match in decisions.matched.matches(WORKER):
        if match.live is None or not match.declared.channels:
            continue
        held = {name_key(each.name) for each in decisions.snapshot.channels.get(match.live.sid, ())}
        for channel in match.declared.channels:
            if name_key(channel) not in held:
                message = f"there is no {TASK_CHANNEL.title} {channel!r}, neither declared nor live"
                yield error_at("unknown-reference", message, (WORKER.section, match.index, "channels", channel))


def _without_activities(decisions: Decisions) -> Iterator[Finding]:
    """Queues that TaskRouter would refuse: a workspace that is not multitasking moves workers to their activities.

    Where the file says what the workspace is, this was looked at before anything was read.
    """
    live = decisions.snapshot.workspace
    if live.answer.get("multi_task_enabled") is not False:
        return
    if decisions.document.workspace.multi_task_enabled is not None or not is_managed(decisions.document, TASK_QUEUE):
        return
    changed = {each.live for each in decisions.kept_of(TASK_QUEUE) if each.changes}
    for match in decisions.matched.matches(TASK_QUEUE):
        missing = [field for field in TASK_QUEUE.references if getattr(match.declared, field) is None]
        if missing and (match.live is None or match.live in changed):
            fields = " and ".join(missing)
            message = f"the live workspace is not multitasking, where a queue needs {fields}"
            yield error_at("single-tasking-queue", message, (TASK_QUEUE.section, match.index, TASK_QUEUE.identity))


def _switched_off(decisions: Decisions) -> Iterator[Finding]:
    """Find a multitasking workspace that is declared single-tasking: TaskRouter refuses that.

    Projects made before 2019-12-19 may reportedly switch back while they have another single-tasking workspace. The API
    does not show whether a project may.
    """
    live = decisions.snapshot.workspace
    if decisions.document.workspace.multi_task_enabled is not False:
        return
    if live.answer.get("multi_task_enabled") is True:
        message = "TaskRouter does not turn it off again; where an old project may, do so in the Console first"
        yield error_at("multitasking-stays", message, (WORKSPACE.name, "multi_task_enabled"))


def _unreadable(decisions: Decisions) -> Iterator[Finding]:
    """Accepted expressions that would be sent although TaskRouter does not hold them there."""
    if not any(each.code == EXPRESSION_SYNTAX.code for each in decisions.document.lint.accept):
        return
    introduced = _introduced_texts(decisions)
    for each in placed_texts(Declarations(decisions.document)):
        if is_unreadable(each) and each.text in introduced.get(each.path[:2], ()):
            message = "this does not parse, and it is not live: only what TaskRouter holds already can be accepted"
            yield error_at(EXPRESSION_SYNTAX.code, message, each.path)


def _introduced_texts(decisions: Decisions) -> Mapping[KeyPath, set[str]]:
    """By the path of each declared resource, the expressions that it will have and does not have now."""
    after = {each.live: each.after for each in decisions.kept if each.declared}
    labels = decisions.matched.labels
    found: dict[KeyPath, set[str]] = {}
    for kind in _WITH_EXPRESSIONS:
        for match in decisions.matched.matches(kind):
            now = set() if match.live is None else _texts(kind, model_of(match.live, labels))
            then = match.declared if match.live is None else after[match.live]
            found[kind.section, match.index] = _texts(kind, then) - now
    return found


def _texts(kind: Kind, resource: Any) -> set[str]:
    return {each.text for each in texts_of(kind, resource)}
