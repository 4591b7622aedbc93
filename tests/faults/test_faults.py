"""Whatever a network does: the right result or a clear failure, nothing twice, and running again repairs it."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.faults.proxy import FAULTS, ON_LISTS, ignoring_closed

CONFIGURATION = """
workspace: {name: Support, default_activity: Offline, timeout_activity: Offline}
activities:
  - {name: Offline, available: false}
  - {name: Available, available: true}
  - {name: Lunch, available: false}
task_channels:
  - {unique_name: fax, name: Fax}
task_queues:
  - {name: Sales, target_workers: "skills HAS 'sales'"}
  - {name: Everyone}
workflows:
  - name: Incoming
    filters:
      - {name: Sales, expression: "kind == 'sales'", targets: [{queue: Sales, timeout: 30}, {queue: Everyone}]}
    default_filter: {queue: Everyone}
workers:
  - {name: alice, attributes: {skills: [sales]}, channels: {fax: {capacity: 2}}}
  - {name: bob, attributes: {}}
safety: {max_deletes: 100%}
"""

CHANGED = CONFIGURATION.replace("skills: [sales]", "skills: [sales, es]").replace("timeout: 30", "timeout: 60")
CHANGED = CHANGED.replace("  - {name: bob, attributes: {}}", "  - {name: carol, attributes: {}}")
CHANGED = CHANGED.replace("- {name: Lunch, available: false}", "- {name: Lunch, available: true}")

EXIT_CODES = {0, 1, 4, 5}

DONE = "Verified"


@pytest.fixture
def files(tmp_path):
    first, second = tmp_path / "first.yaml", tmp_path / "second.yaml"
    first.write_text(CONFIGURATION)
    second.write_text(CHANGED)
    return first, second


@pytest.fixture
def applied(behind, cli):
    """Applies a file through the proxy: the exit code and what was said."""

    def apply(path, *more):
        consent = ("--allow-delete", "worker=1") if path.name == "second.yaml" else ()
        return cli("apply", path, "--auto-approve", *consent, "--base-url", behind.proxy.url, *more)

    return apply


@pytest.fixture
def exported(behind, cli):
    """The world as YAML, past the proxy."""

    def export():
        code, out, err = cli("export", "Support", "--base-url", behind.direct)
        assert code == 0, err
        return out

    return export


def plan_of_faults(faults, on_lists):
    """A function of requests that lets the faults happen to the requests with those numbers."""

    def choose(request):
        fault = faults.get(request.number)
        if fault is None and request.is_list:
            fault = on_lists
        return None if fault is None else ignoring_closed(fault)

    return choose


SEQUENCES = st.dictionaries(st.integers(0, 40), st.sampled_from(FAULTS), max_size=6)


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(faults=SEQUENCES, on_lists=st.sampled_from([None, None, None, *ON_LISTS]), changes=st.booleans())
def test_any_sequence_of_faults_ends_right_or_clearly_wrong_and_running_again_repairs_it(
    behind, files, applied, exported, faults, on_lists, changes
):
    behind.new()
    first, second = files
    path = second if changes else first
    if changes:
        assert applied(first)[0] == 0
    behind.proxy.begin(plan_of_faults(faults, on_lists))

    code, out, err = applied(path)

    behind.proxy.begin()
    behind.require_no_duplicate()
    assert code in EXIT_CODES, (code, err)
    assert (code == 0) == (DONE in out or "No changes" in out), (out, err)
    code, out, err = applied(path)
    assert code == 0, (out, err)
    behind.require_no_duplicate()
    assert exported() == reference(behind, path, applied, exported)


REFERENCES = {}


def reference(behind, path, applied, exported):
    """The world as it is where nothing ever went wrong."""
    if path.name not in REFERENCES:
        behind.new()
        assert applied(path)[0] == 0
        REFERENCES[path.name] = exported()
    return REFERENCES[path.name]
