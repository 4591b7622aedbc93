"""Any file of routing tests and any task get an answer, and never a crash."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tr_apply.config.load import load
from tr_apply.config.routing_tests import load_routing_tests
from tr_apply.envelope import json_value
from tr_apply.findings import errors_of
from tr_apply.rehearsal.find_route import find_route
from tr_apply.rehearsal.offline_workspace import OfflineWorkspace, RouteRequest
from tr_apply.rehearsal.results import results_document, run_tests
from tr_apply.report.route_text import route_text
from tr_apply.report.tests_junit import tests_junit as junit_of
from tr_apply.report.tests_text import tests_text as text_of

thorough = settings(derandomize=True, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])

WORKSPACE = """\
workspace: {name: X}
task_queues:
  - {name: Q, target_workers: "a == 1 OR b HAS 'x'"}
  - {name: R, max_reserved_workers: 3}
workflows:
  - name: W
    filters:
      - {name: F, expression: "a IN ['x', 1] OR b.c != null", targets: [
          {queue: Q, timeout: 5, skip_if: "workers.available == 0", expression: "task.a == worker.a"},
          {known_worker_friendly_name: task.b, timeout: 5, order_by: "worker.a DESC"}]}
      - {expression: "a >= 1", targets: [{queue: R, timeout: 5, known_worker_sid: task.a.b}]}
    default_filter: {queue: R}
  - {name: V}
workers:
  - {name: ann, attributes: {a: 1}}
  - {name: bob, attributes: {b: [x], a: [1]}, channels: {chat: {capacity: 0}}}
"""

KEYS = ["tests", "name", "workflow", "task", "available", "channel", "priority", "expect", "filter", "default_filter",
        "unrouted", "steps", "at", "queue", "eligible", "timeout", "90s", "a", "b", "${x}"]  # fmt: skip
words = st.sampled_from(
    ["W", "V", "F", "Q", "R", "ann", "bob", "chat", "", "${x", "${sid:worker/ann}", "$${", "\x1b", "é"]
)
scalars = st.none() | st.booleans() | st.integers(-1, 3) | st.floats() | words
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=12,
)
attributes = st.dictionaries(st.sampled_from(["a", "b", "${x}"]), values, max_size=3)
steps = st.fixed_dictionaries(
    {"queue": words},
    optional={"priority": scalars, "timeout": scalars, "eligible": st.lists(words, max_size=2) | scalars},
)
expectations = st.fixed_dictionaries(
    {},
    optional={
        "filter": words,
        "default_filter": scalars,
        "unrouted": scalars,
        "steps": st.lists(steps, max_size=3) | values,
        "at": st.dictionaries(
            st.sampled_from(["0s", "7s", "1h", "1h7s", "1d", "s"]), st.fixed_dictionaries({"queue": words})
        ),
    },
)
tests = st.fixed_dictionaries(
    {"name": words, "workflow": st.sampled_from(["W", "V", "w", "X"]), "expect": expectations},
    optional={"task": attributes, "available": st.lists(words, max_size=2), "channel": words, "priority": scalars},
)
workers = st.fixed_dictionaries(
    {"name": words},
    optional={
        "activity": words,
        "attributes": attributes,
        "channels": st.dictionaries(words, st.fixed_dictionaries({}, optional={"capacity": scalars}), max_size=2),
        "tasks": scalars,
    },
)
files = (
    st.fixed_dictionaries({"tests": st.lists(tests, max_size=3)}, optional={"workers": st.lists(workers, max_size=3)})
    | values
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("robust")
    (folder / "w.yaml").write_text(WORKSPACE)
    return folder


@pytest.fixture(scope="module")
def configuration(folder):
    configuration = load(folder)
    configuration.require_valid()
    return configuration


@thorough
@given(files)
def test_every_file_of_tests_is_run_or_its_mistakes_are_reported(folder, configuration, content):
    (folder / "w.test.yaml").write_text(json.dumps(content))

    suite = load_routing_tests(configuration)
    if errors_of(suite.diagnostics):
        assert all(each.line is not None and each.column is not None for each in suite.diagnostics)
        return
    tried = run_tests("X", configuration.document, suite.tests)

    json.dumps(json_value(results_document([tried], with_coverage=True)))
    assert text_of([tried], with_coverage=True).isprintable() is False  # it has lines
    assert junit_of([tried], {}).startswith("<?xml")


@thorough
@given(attributes, st.sampled_from(["W", "V"]), st.none() | st.just(("bob",)), st.sampled_from(["default", "chat"]))
def test_every_task_has_a_way(configuration, task, workflow, available, channel):
    found = find_route(
        OfflineWorkspace(configuration.document), RouteRequest(workflow, task, channel, available=available)
    )

    json.dumps(json_value(found))
    assert "\x1b" not in route_text(found).replace("\x1b[1m", "").replace("\x1b[0m", "")
    assert found.end.at >= max((step.entered for step in found.steps), default=0)
