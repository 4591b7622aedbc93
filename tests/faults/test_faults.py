"""Under any network fault: the right result or a clear failure, nothing twice, and running again repairs it."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.faults.proxy import FAULTS, ON_LISTS, Lagging, ignoring_closed

EXIT_CODES = {0, 1, 4, 5}

DONE = "Verified"


def plan_of_faults(faults, on_lists):
    """A function of requests that lets the faults happen to the requests with those numbers."""
    lagging = Lagging(on_lists) if isinstance(on_lists, int) else None

    def choose(request):
        fault = faults.get(request.number)
        if fault is None and lagging is not None:
            fault = lagging(request)
        elif fault is None and request.is_list:
            fault = on_lists
        return None if fault is None else ignoring_closed(fault)

    return choose


SEQUENCES = st.dictionaries(st.integers(0, 40), st.sampled_from(FAULTS), max_size=6)


@settings(max_examples=20, suppress_health_check=list(HealthCheck))
@given(faults=SEQUENCES, on_lists=st.sampled_from([None, None, 1, 3, *ON_LISTS]), changes=st.booleans())
def test_any_sequence_of_faults_ends_right_or_clearly_wrong_and_running_again_repairs_it(
    behind, files, begun, applied, exported, reference, faults, on_lists, changes
):
    first, second = files
    path = second if changes else first
    begun(first if changes else None)
    behind.proxy.begin(plan_of_faults(faults, on_lists))

    code, out, err = applied(path)

    behind.proxy.begin()
    behind.require_no_duplicate()
    assert code in EXIT_CODES, (code, err)
    assert (code == 0) == (DONE in out or "No changes" in out), (out, err)
    code, out, err = applied(path)
    assert code == 0, (out, err)
    behind.require_no_duplicate()
    assert exported() == reference(path)
