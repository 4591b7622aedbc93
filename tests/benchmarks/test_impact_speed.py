"""The cost of finding who loses a place in a queue, beyond reading the workers.

The seconds are of processor time; the tests limit their ratio to evaluating some queues for every worker, one by one.
"""

import random
import time

import pytest

from tr_apply.impact import Staffing, people
from tr_apply.routing.evaluate import evaluate
from tr_apply.routing.parser import parse

ASKED = 20
"""Queues about which everybody is asked for comparison."""


@pytest.mark.parametrize(("workers", "queues"), [(1_200, 50), (15_000, 300)])
def test_one_changed_queue_and_one_changed_worker(workers, queues, report):
    dice = random.Random(1)
    staff = {
        f"worker {number}": {
            "skills": dice.sample([f"skill{n}" for n in range(40)], 4),
            "languages": dice.sample(["en", "es", "fr", "de"], 2),
            "level": dice.randrange(10),
        }
        for number in range(workers)
    }
    before = {f"queue {n}": f"skills HAS 'skill{dice.randrange(40)}' AND level >= {n % 10}" for n in range(queues)}
    after = before | {"queue 0": "skills HAS 'skill1' AND languages HAS 'es'"}
    moved = staff | {"worker 5": {"skills": ["skill1"], "languages": ["es"], "level": 9}}

    began = time.process_time()
    one_queue = people(Staffing(before, staff), Staffing(after, staff))
    middle = time.process_time()
    both = people(Staffing(before, staff), Staffing(after, moved))
    ended = time.process_time()
    trees = [parse(text) for text in list(before.values())[:ASKED]]
    asked = sum(evaluate(tree, names) for tree in trees for names in staff.values())
    reference = time.process_time() - ended

    one, with_worker = middle - began, ended - middle
    report(
        f"{queues} queues x {workers} workers",
        f"{one:.3f} s, {with_worker:.3f} s with a worker; everybody about {ASKED} queues {reference:.3f} s",
    )
    assert asked
    assert [change.queue for change in one_queue.queues] == ["queue 0"]
    assert len(both.queues) > 1
    assert one <= reference
    assert with_worker <= reference * queues / ASKED
