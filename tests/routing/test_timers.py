"""Timers: each once, at its moment, in the order of creation where several are due together."""

from tr_apply.routing.engine.state import Timers


def gone_off(timers, now_ms):
    found = []
    while (due := timers.pop(now_ms)) is not None:
        found.append(due)
    return found


def test_timers_go_off_in_order():
    timers = Timers()
    timers.set("b", 2, 10)
    timers.set("a", 1, 10)
    timers.set("c", 3, 5)

    assert timers.next() == 5
    assert gone_off(timers, 9) == [(5, "c")]
    assert gone_off(timers, 10) == [(10, "a"), (10, "b")]
    assert timers.next() is None


def test_a_timer_that_is_moved_or_cleared_goes_off_once_or_never():
    timers = Timers()
    timers.set("moved", 1, 10)
    timers.set("moved", 1, 20)
    timers.set("moved", 1, 20)
    timers.set("cleared", 2, 10)
    timers.clear("cleared")
    timers.clear("never set")

    assert gone_off(timers, 15) == []
    assert gone_off(timers, 20) == [(20, "moved")]


def test_a_timer_that_is_set_again_and_again_needs_little_memory():
    timers = Timers()
    timers.set("other", 0, 99_999)
    for moment in range(1_000):
        timers.set("task", 1, 10_000 + moment)

    assert len(timers._heap) < 200
    assert gone_off(timers, 100_000) == [(10_999, "task"), (99_999, "other")]
