"""Real workspaces and workflows, in a folder next to the checkout if available: each finding is deserved."""

import json
import re
from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from tr_apply.config.load import load
from tr_apply.findings import Severity
from tr_apply.lint import lint
from tr_apply.resources.template import escaped
from tr_apply.resources.workflow import from_document

CORPUS = Path(__file__).parents[2].parent / "shared" / "corpus"

pytestmark = pytest.mark.skipif(not CORPUS.is_dir(), reason=f"no real configurations in {CORPUS}")

FIELDS = {
    # section: keys of the API -> keys of the file
    "activities": {"friendly_name": "name", "available": "available"},
    "task_channels": {"unique_name": "unique_name", "friendly_name": "name"},
    "task_queues": {
        "friendly_name": "name",
        "target_workers": "target_workers",
        "max_reserved_workers": "max_reserved_workers",
        "reservation_activity": "reservation_activity",
        "assignment_activity": "assignment_activity",
    },
    "workflows": {
        "friendly_name": "name",
        "assignment_callback_url": "assignment_callback_url",
        "fallback_assignment_callback_url": "fallback_assignment_callback_url",
    },
    "workers": {"friendly_name": "name", "attributes": "attributes", "activity": "activity"},
}


def as_written(workspace):
    """The configuration that a workspace of the corpus would be exported as."""
    live = workspace["workspace"]
    keys = ("multi_task_enabled", "event_callback_url", "default_activity", "timeout_activity")
    written = {
        "workspace": {"name": live.get("friendly_name", "Flex")} | {key: live[key] for key in keys if key in live}
    }
    queues = {f"WQ_{each['key']}".casefold(): each["friendly_name"] for each in workspace["task_queues"]}
    for section, fields in FIELDS.items():
        if workspace[section]:
            written[section] = [
                {ours: number(each[theirs]) for theirs, ours in fields.items() if theirs in each}
                | (workflow_keys(each["configuration"], queues) if "configuration" in each else {})
                for each in workspace[section]
            ]
    return written


def number(value):
    """The number that some write as a text."""
    return int(value) if isinstance(value, str) and value.isdigit() else value


def workflow_keys(document, queues):
    """The keys of a workflow that an export would write."""

    def queue_name(sid):
        sid = re.sub(r"%\((\w+)_task_queue_sid\)s", r"WQ_\1", sid)
        return queues.get(sid.casefold(), sid)

    keys = from_document(document, queue_name, escaped)
    filters = [each.model_dump(exclude_defaults=True) for each in keys.pop("filters")]
    default = keys.pop("default_filter")
    written = {"filters": filters} | {key: value for key, value in keys.items() if value}
    return written if default is None else written | {"default_filter": default.model_dump(exclude_defaults=True)}


def warned_of(written, path):
    """How often each code is found that is more than an info."""
    path.write_text(json.dumps(written), encoding="utf-8")
    configuration = load(path)
    before = list(configuration.notes.found)
    lint(configuration, today=date(2026, 1, 1))
    after = (each for each in configuration.notes.found if each not in before)
    return Counter(each.code for each in after if each.severity is not Severity.INFO)


def test_workspaces_have_no_warnings_but_these(tmp_path):
    found = {}
    for file in sorted(CORPUS.glob("workspaces/*.json")):
        written = as_written(json.loads(file.read_text(encoding="utf-8")))
        found[file.stem] = warned_of(written, tmp_path / "configuration.yaml")

    assert {name: codes for name, codes in found.items() if codes} == {
        # Tests of another tool write "test" everywhere.
        "RJPearson94_acc-TaskQueue_targetWorkers": {"expression-syntax": 1},
        "RJPearson94_acc-Workflow_assignmentCallback": {"invalid-url": 2},
        # A tutorial in five languages: a default_filter with a timeout, filters with one, `Expression`, plain http, and
        # two in which the host is still a placeholder.
        "TwilioDevEd_task-router-django": {"unencrypted-url": 3, "default-filter-key": 1, "inert-key": 1},
        "TwilioDevEd_task-router-laravel": {"invalid-url": 1},
        "TwilioDevEd_task-router-node": {"default-filter-key": 1, "inert-key": 2},
        "TwilioDevEd_task-router-rails": {"default-filter-key": 1},
        "TwilioDevEd_task-router-servlets": {"invalid-url": 1},
        # People who miss a call stay in Idle.
        "alexdlaird_twilio-taskrouter-demo": {"available-timeout-activity": 1},
        # Made-up data, in which hundreds of filters share a few expressions.
        "lhamoudi_bulk-queues-workflows": {"unreachable-filter": 189},
    }


def test_workflows_have_no_warnings_but_these(tmp_path):
    found = {}
    for file in sorted(CORPUS.glob("workflows/*.json")):
        keys = workflow_keys(json.loads(file.read_text(encoding="utf-8")), {})
        written = {"workspace": {"name": "X"}, "workflows": [{"name": "W", **keys}]}
        found[file.stem] = warned_of(written, tmp_path / "configuration.yaml")

    assert {name: codes for name, codes in found.items() if codes} == {
        "TwilioDevEd_task-router-django--sales": {"default-filter-key": 1, "inert-key": 1},
        "TwilioDevEd_task-router-laravel--workflow-2": {"default-filter-key": 1},
        "TwilioDevEd_task-router-node--sales": {"default-filter-key": 1, "inert-key": 2},
        "TwilioDevEd_task-router-rails--sales": {"default-filter-key": 1},
        # Who listens is anybody but the caller; with the caller alone available, the call waits.
        "joshuasorkin_vent-taskrouter": {"skip-if-counts-all": 1},
    }
