"""Examples for codes of files, their structure and their references: a wrong piece, and the correct one.

Codes about a file as a whole (such as one that cannot be read) have no example here.
"""

from collections.abc import Mapping
from typing import Final

from tr_apply.explain.rule_examples import Example

EXAMPLES: Final[Mapping[str, Example]] = {
    "yaml-syntax": Example("task_queues: [{name: Gold}\n", "task_queues: [{name: Gold}]\n"),
    "several-documents": Example("activities: []\n---\nworkers: []\n", "activities: []\nworkers: []\n"),
    "not-a-mapping": Example("- name: Gold\n", "task_queues:\n  - name: Gold\n"),
    "endless-alias": Example(
        "workers: [{name: ann, attributes: &a {self: *a}}]\n", "workers: [{name: ann, attributes: {}}]\n"
    ),
    "unknown-anchor": Example(
        "workers: [{name: ann, attributes: *spanish}]\n",
        "workers: [{name: ann, attributes: &spanish {language: es}}, {name: bob, attributes: *spanish}]\n",
    ),
    "complex-key": Example(
        "workers: [{name: ann, attributes: {[a]: 1}}]\n", "workers: [{name: ann, attributes: {a: 1}}]\n"
    ),
    "merge-key": Example(
        "workers: [{name: ann, attributes: {<<: {a: 1}}}]\n", "workers: [{name: ann, attributes: {a: 1}}]\n"
    ),
    "tag": Example("workers: [{name: !!str ann}]\n", "workers: [{name: ann}]\n"),
    "duplicate-key": Example("activities: []\nactivities: []\n", "activities: []\n"),
    "invalid-number": Example(
        "workers: [{name: ann, attributes: {level: .inf}}]\n", "workers: [{name: ann, attributes: {level: 9}}]\n"
    ),
    "phone-number": Example(
        "workers: [{name: ann, attributes: {phone: +15550001111}}]\n",
        'workers: [{name: ann, attributes: {phone: "+15550001111"}}]\n',
    ),
    "unknown-variable": Example(
        'task_queues: [{name: Q, target_workers: "${SPANISH}"}]\n',
        'vars: {SPANISH: "languages HAS \'es\'"}\ntask_queues: [{name: Q, target_workers: "${SPANISH}"}]\n',
    ),
    "malformed-variable": Example(
        'task_queues: [{name: "${my queue}"}]\n', 'vars: {my_queue: Gold}\ntask_queues: [{name: "${my_queue}"}]\n'
    ),
    "endless-variable": Example(
        'vars: {A: "${B}", B: "${A}"}\ntask_queues: [{name: "${A}"}]\n',
        'vars: {A: Gold}\ntask_queues: [{name: "${A}"}]\n',
    ),
    "missing-key": Example("activities: [{available: true}]\n", "activities: [{name: Available, available: true}]\n"),
    "unknown-key": Example(
        "task_queues: [{name: Q, max_workers: 2}]\n", "task_queues: [{name: Q, max_reserved_workers: 2}]\n"
    ),
    "wrong-type": Example(
        "activities: [{name: Here, available: on}]\n", "activities: [{name: Here, available: true}]\n"
    ),
    "invalid-value": Example(
        "task_queues: [{name: Q, task_order: LILO}]\n", "task_queues: [{name: Q, task_order: LIFO}]\n"
    ),
    "out-of-range": Example(
        "task_queues: [{name: Q, max_reserved_workers: 99}]\n", "task_queues: [{name: Q, max_reserved_workers: 50}]\n"
    ),
    "empty": Example('task_queues: [{name: ""}]\n', "task_queues: [{name: Gold}]\n"),
    "too-long": Example(f"activities: [{{name: {'x' * 65}}}]\n", f"activities: [{{name: {'x' * 64}}}]\n"),
    "null": Example("activities:\n", "activities: []\n"),
    "sid-in-name": Example('task_queues: [{name: "${sid:workspace}"}]\n', "task_queues: [{name: Gold}]\n"),
    "duplicate-name": Example(
        "activities: [{name: Busy}, {name: busy}]\n", "activities: [{name: Busy}, {name: Away}]\n"
    ),
    "renamed-from": Example(
        "activities: [{name: Busy, renamed_from: [Busy]}]\n", "activities: [{name: Busy, renamed_from: [In a call]}]\n"
    ),
    "unknown-reference": Example(
        "task_queues: [{name: Gold}]\nworkflows: [{name: W, default_filter: {queue: Glod}}]\n",
        "task_queues: [{name: Gold}]\nworkflows: [{name: W, default_filter: {queue: Gold}}]\n",
    ),
    "unknown-kind": Example(
        'workers: [{name: ann, attributes: {home: "${sid:queue/Gold}"}}]\ntask_queues: [{name: Gold}]\n',
        'workers: [{name: ann, attributes: {home: "${sid:task_queue/Gold}"}}]\ntask_queues: [{name: Gold}]\n',
    ),
    "field-path": Example(
        "workers: []\nmanage: {workers: {ignore: [atributes.phone]}}\n",
        "workers: []\nmanage: {workers: {ignore: [attributes.phone]}}\n",
    ),
    "declared-and-ignored": Example(
        "workers: [{name: ann, attributes: {phone: x}}]\nmanage: {workers: {ignore: [attributes.phone]}}\n",
        "workers: [{name: ann, attributes: {}}]\nmanage: {workers: {ignore: [attributes.phone]}}\n",
    ),
}
