"""For each rule a configuration in which it finds something, and the same as it should be."""

from collections.abc import Mapping
from typing import Final, NamedTuple


class Example(NamedTuple):
    """Two pieces of a configuration."""

    wrong: str
    right: str


def _queue(wrong: str, right: str) -> Example:
    return Example(*(f'task_queues:\n  - {{name: Spanish, target_workers: "{text}"}}\n' for text in (wrong, right)))


def _target(wrong: str, right: str, *, key: str = "expression") -> Example:
    return Example(*(_workflow("vip == true", f'{{queue: Gold, {key}: "{text}"}}') for text in (wrong, right)))


def _filter(wrong: str, right: str) -> Example:
    return Example(*(_workflow(text, "{queue: Gold}") for text in (wrong, right)))


def _workflow(expression: str, *targets: str) -> str:
    listed = "".join(f"          - {target}\n" for target in targets)
    return (
        "task_queues: [{name: Gold}, {name: Everyone}]\n"
        "workflows:\n  - name: Voice\n    filters:\n"
        f'      - expression: "{expression}"\n        targets:\n{listed}'
        "    default_filter: {queue: Everyone}\n"
    )


def _filters(*expressions: str) -> str:
    listed = "".join(f'      - {{expression: "{text}", targets: [{{queue: Gold}}]}}\n' for text in expressions)
    return (
        "task_queues: [{name: Gold}, {name: Everyone}]\nworkflows:\n  - name: Voice\n    filters:\n"
        f"{listed}    default_filter: {{queue: Everyone}}\n"
    )


def _two_filters(first_target: str, second: str) -> str:
    return (
        "task_queues: [{name: Gold}, {name: Everyone}]\nworkflows:\n  - name: Voice\n    filters:\n"
        f'      - {{expression: "vip == true", targets: [{first_target}]}}\n'
        f'      - {{expression: "{second}", targets: [{{queue: Everyone}}]}}\n'
    )


def _staffed(expression: str, *workers: str) -> str:
    listed = "".join(
        f"  - {{name: {name}, attributes: {{{text}}}}}\n" for name, text in zip("abc", workers, strict=False)
    )
    return f'task_queues: [{{name: Q, target_workers: "{expression}"}}]\nworkers:\n{listed}'


EXAMPLES: Final[Mapping[str, Example]] = {
    "missing-queue": Example(
        _workflow("vip == true", "{timeout: 20}", "{queue: Gold}"),
        _workflow("vip == true", "{queue: Gold, timeout: 20}", "{}"),
    ),
    "outside-scope": Example(
        "manage: {workers: {where: \"team == 'emea'\"}}\nworkers: [{name: ann, attributes: {team: us}}]\n",
        "manage: {workers: {where: \"team == 'emea'\"}}\nworkers: [{name: ann, attributes: {team: emea}}]\n",
    ),
    "unreachable-target": Example(
        _workflow("vip == true", "{queue: Gold}", "{queue: Everyone}"),
        _workflow("vip == true", "{queue: Gold, timeout: 60}", "{queue: Everyone}"),
    ),
    "unreachable-filter": Example(_filters("vip == true", "vip == true"), _filters("vip == true", "vip == false")),
    "never-true": _filter("level > 5 AND level < 3", "level > 3 AND level < 5"),
    "always-true": Example(
        _filters("language != 'es' OR language != 'pt'", "1==1"),
        _filters("language != 'es' AND language != 'pt'", "1==1"),
    ),
    "dead-step": Example(
        _workflow("language == 'es'", "{queue: Gold, expression: \"task.language == 'pt' AND worker.vip == true\"}"),
        _workflow("language == 'es'", "{queue: Gold, expression: \"task.language == 'es' AND worker.vip == true\"}"),
    ),
    "only-after-timeout": Example(
        _two_filters("{queue: Gold, timeout: 60}", "vip == true"),
        _two_filters("{queue: Gold, timeout: 60}", "vip == 1"),
    ),
    "idle-part": Example(
        _filters("channel == 'web'", "channel == 'web' OR topic == 'sales'"),
        _filters("channel == 'web'", "topic == 'sales'"),
    ),
    "unreachable-default": Example(
        _filters("language == 'es'", "language != 'es'"), _filters("language == 'es'", "language == 'pt'")
    ),
    "another-queue": Example(
        _workflow("queue == '${sid:task_queue/Everyone}'", "{queue: Gold}"),
        _workflow("queue == '${sid:task_queue/Everyone}'", "{queue: Everyone}"),
    ),
    "two-spellings": Example(
        _filters("urgency == 'very high'", "urgency == 'very_high' AND vip == true"),
        _filters("urgency == 'high'", "urgency == 'very high' AND vip == true"),
    ),
    "skip-if-counts-all": Example(
        _workflow(
            "a == 1",
            '{queue: Gold, expression: "worker.level > 3", skip_if: "workers.available == 0"}',
            "{queue: Everyone}",
        ),
        _workflow(
            "a == 1",
            '{queue: Gold, expression: "worker.level > 3", skip_if: "workers.available == 0", timeout: 30}',
            "{queue: Everyone}",
        ),
    ),
    "two-known-workers": Example(
        _workflow(
            "a == 1",
            "{queue: Gold, timeout: 9, known_worker_sid: task.agent, known_worker_friendly_name: task.name}",
            "{}",
        ),
        _workflow("a == 1", "{queue: Gold, timeout: 9, known_worker_sid: task.agent}", "{}"),
    ),
    "default-filter-key": Example(
        "task_queues: [{name: Q}]\nworkflows: [{name: W, default_filter: {queue: Q, timeout: 20}}]\n",
        "task_queues: [{name: Q}]\nworkflows: [{name: W, default_filter: {queue: Q}}]\n",
    ),
    "empty-workflow": Example(
        "task_queues: [{name: Q}]\nworkflows: [{name: W}]\n",
        "task_queues: [{name: Q}]\nworkflows: [{name: W, default_filter: {queue: Q}}]\n",
    ),
    "long-reservation-timeout": Example(
        "task_queues: [{name: Q}]\n"
        "workflows: [{name: W, task_reservation_timeout: 28800, default_filter: {queue: Q}}]\n",
        "task_queues: [{name: Q}]\nworkflows: [{name: W, task_reservation_timeout: 2m, default_filter: {queue: Q}}]\n",
    ),
    "inert-key": Example(
        _workflow("a == 1", "{queue: Gold, extra: {Timeout: 20}}"),
        _workflow("a == 1", "{queue: Gold, timeout: 20}", "{}"),
    ),
    "unknown-activity": Example(
        "activities: [{name: Bathroom}]\n" + _target("worker.activity_name != 'Bathrom'", "").wrong,
        "activities: [{name: Bathroom}]\n" + _target("worker.activity_name != 'Bathroom'", "").wrong,
    ),
    "unknown-channel": _target("worker.channel.voise.assigned_tasks < 1", "worker.channel.voice.assigned_tasks < 1"),
    "empty-queue": Example(
        _staffed("level > 3 AND team == 'a'", "level: 4, team: b", "level: 2, team: a"),
        _staffed("level > 3 AND team == 'b'", "level: 4, team: b", "level: 2, team: a"),
    ),
    "mixed-types": Example(
        _staffed("1==1", "languages: [es]", "languages: es"), _staffed("1==1", "languages: [es]", "languages: [es]")
    ),
    "value-spelling": Example(
        _staffed("languages HAS 'ES'", "languages: [es]"), _staffed("languages HAS 'es'", "languages: [es]")
    ),
    "value-type": Example(
        _staffed("skills HAS '466'", "skills: [466, en]"), _staffed("skills HAS 466", "skills: [466, en]")
    ),
    "empty-target-workers": Example(
        'vars: {who: ""}\ntask_queues: [{name: Q, target_workers: "${who}"}]\n',
        'vars: {who: ""}\ntask_queues: [{name: Q, target_workers: "${who:-1==1}"}]\n',
    ),
    "secret-in-url": Example(
        'workspace: {name: X, event_callback_url: "https://me:pass@example.com/"}\n',
        'variables: {login: {secret: true, default: "me:pass"}}\n'
        'workspace: {name: X, event_callback_url: "https://${login}@example.com/"}\n',
    ),
    "unknown-event": Example(
        "workspace: {name: X, events_filter: [task.finished]}\n",
        "workspace: {name: X, events_filter: [task.completed]}\n",
    ),
    "invalid-url": Example(
        "workspace: {name: X, event_callback_url: example.com/events}\n",
        "workspace: {name: X, event_callback_url: https://example.com/events}\n",
    ),
    "unencrypted-url": Example(
        "workspace: {name: X, event_callback_url: http://example.com/events}\n",
        "workspace: {name: X, event_callback_url: https://example.com/events}\n",
    ),
    "channel-name": Example(
        "task_channels: [{unique_name: e-mail, name: E-mail}]\n",
        "task_channels: [{unique_name: email, name: E-mail}]\n",
    ),
    "single-tasking-queue": Example(
        "workspace: {name: X, multi_task_enabled: false}\ntask_queues: [{name: Q}]\n",
        "workspace: {name: X, multi_task_enabled: false}\nactivities: [{name: Offline}, {name: Busy}]\n"
        "task_queues: [{name: Q, reservation_activity: Busy, assignment_activity: Busy}]\n",
    ),
    "multitasking-activity": Example(
        "workspace: {name: X, multi_task_enabled: true}\nactivities: [{name: Offline}, {name: Busy}]\n"
        "task_queues: [{name: Q, reservation_activity: Busy}]\n",
        "workspace: {name: X, multi_task_enabled: true}\ntask_queues: [{name: Q}]\n",
    ),
    "available-timeout-activity": Example(
        "workspace: {name: X, timeout_activity: Here}\nactivities: [{name: Here, available: true}, {name: Away}]\n",
        "workspace: {name: X, timeout_activity: Away}\nactivities: [{name: Here, available: true}, {name: Away}]\n",
    ),
    "over-limit": Example(
        "task_channels:\n" + "".join(f"  - {{unique_name: c{n}, name: C{n}}}\n" for n in range(11)),
        "task_channels:\n  - {unique_name: email, name: E-mail}\n",
    ),
    "last-timeout": Example(
        _workflow("vip == true", "{queue: Gold, timeout: 20}"),
        _workflow("vip == true", "{queue: Gold, timeout: 20}", "{queue: Everyone}"),
    ),
    "no-default-filter": Example(
        'task_queues: [{name: Q}]\nworkflows: [{name: W, filters: [{expression: "a == 1", targets: [{queue: Q}]}]}]\n',
        "task_queues: [{name: Q}]\nworkflows:\n  - name: W\n"
        '    filters: [{expression: "a == 1", targets: [{queue: Q}]}]\n'
        "    default_filter: {queue: Q}\n",
    ),
    "known-worker-waits": Example(
        _workflow("agent != null", "{queue: Gold, known_worker_sid: task.agent}"),
        _workflow("agent != null", "{queue: Gold, known_worker_sid: task.agent, timeout: 30}", "{}"),
    ),
    "unused-queue": Example(
        "task_queues: [{name: A}, {name: B}]\nworkflows: [{name: W, default_filter: {queue: A}}]\n",
        "task_queues: [{name: A}]\nworkflows: [{name: W, default_filter: {queue: A}}]\n",
    ),
    "available-default-activity": Example(
        "workspace: {name: X, default_activity: Here}\nactivities: [{name: Here, available: true}, {name: Away}]\n",
        "workspace: {name: X, default_activity: Away}\nactivities: [{name: Here, available: true}, {name: Away}]\n",
    ),
    "attribute-key": Example(_staffed("1==1", "skill-level: 3"), _staffed("1==1", "skill_level: 3")),
    "timeout-after-skip": Example(
        _workflow("a == 1", '{queue: Gold, timeout: 9, skip_if: "1==1"}', "{queue: Everyone}"),
        _workflow("a == 1", '{queue: Gold, timeout: 9, skip_if: "workers.available == 0"}', "{queue: Everyone}"),
    ),
    "same-members": Example(
        'task_queues:\n  - {name: A, target_workers: "level > 1"}\n  - {name: B, target_workers: "level > 2"}\n'
        "workers: [{name: a, attributes: {level: 3}}, {name: b, attributes: {level: 4}}]\n",
        'task_queues:\n  - {name: A, target_workers: "level > 1"}\n  - {name: B, target_workers: "level > 3"}\n'
        "workers: [{name: a, attributes: {level: 3}}, {name: b, attributes: {level: 4}}]\n",
    ),
    "expression-syntax": _queue("languages has es and", "languages HAS 'es'"),
    "wrong-prefix": _queue("worker.languages HAS 'es'", "languages HAS 'es'"),
    "missing-prefix": _target("languages HAS task.language", "worker.languages HAS task.language"),
    "skip-if-name": _target("workers.waiting == 0", "workers.available == 0", key="skip_if"),
    "channel-property": _target("worker.channel.voice.capacity > 0", "worker.channel.voice.configured_capacity > 0"),
    "own-name-in-queue": _queue("friendly_name == 'ann'", "name == 'ann'"),
    "unquoted-text": _filter("language == es", "language == 'es'"),
    "repeated-order": _target("worker.level DESC, worker.level ASC", "worker.level DESC", key="order_by"),
    "order-of-texts": _target("worker.friendly_name ASC", "worker.level DESC", key="order_by"),
    "constant-comparison": _filter("'language' == 'es'", "language == 'es'"),
    "operand-type": _filter("language IN 'es'", "language IN ['es']"),
    "contradiction": _filter(
        "vip == true OR (language == 'es' AND language == 'pt')", "vip == true OR language == 'es' OR language == 'pt'"
    ),
    "repeated-condition": _filter("language == 'es' OR language == 'es'", "language == 'es' OR language == 'pt'"),
    "ordered-text": _queue("level > '5'", "level > 5"),
    "several-types": _queue("level == 3 OR level == '3'", "level == 3"),
    "both-missing": _target("task.team == worker.team", "task.team == worker.team AND task.team != null"),
    "unread-syntax": _filter("language == 'es', 'pt'", "language IN ['es', 'pt']"),
    "mixed-and-or": _filter("a == 1 OR b == 2 AND c == 3", "a == 1 OR (b == 2 AND c == 3)"),
    "operator-and-minus": _filter("score >-1", "score > 0"),
    "keyword-case": _filter("a == 1 And b == 2", "a == 1 AND b == 2"),
    "string-escape": _filter("name == 'O\\\\'Brien'", 'name == \\"O\'Brien\\"'),
    "negative-number": _filter("score > -1", "score >= 0"),
    "attribute-type": Example(
        _staffed("level HAS 'support'", "level: 3"), _staffed("skills HAS 'support'", "skills: [support]")
    ),
    "attribute-never-set": Example(
        _staffed("skill HAS 'support'", "skills: [support]"), _staffed("skills HAS 'support'", "skills: [support]")
    ),
    "idle-protection": Example(
        "task_queues: [{name: Everyone}]\nsafety: {protect: [task_queue/Evryone]}\n",
        "task_queues: [{name: Everyone}]\nsafety: {protect: [task_queue/Everyone]}\n",
    ),
    "idle-limit": Example(
        "task_queues: [{name: Q}]\nmanage: {task_queues: additive}\nsafety: {max_deletes: 1}\n",
        "task_queues: [{name: Q}]\nmanage: {task_queues: exact}\nsafety: {max_deletes: 1}\n",
    ),
    "idle-ignore": Example(
        "workers: [{name: ann}]\nmanage: {workers: {ignore: [attributes.phone]}}\n",
        "workers: [{name: ann, attributes: {}}]\nmanage: {workers: {ignore: [attributes.phone]}}\n",
    ),
    "unused-accept": Example(
        "lint: {accept: [{code: empty-workflow, in: workflow/Gone, because: built later}]}\n", "lint: {accept: []}\n"
    ),
    "unknown-code": Example("lint: {severity: {hiden-filter: off}}\n", "lint: {severity: {hidden-filter: off}}\n"),
    "lasting-error": Example("lint: {severity: {missing-queue: info}}\n", "lint: {severity: {unused-queue: info}}\n"),
}
