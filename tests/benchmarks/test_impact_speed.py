"""What it costs to know who loses a place in a queue, beyond reading the workers: seconds of processor time."""

import random
import time

import pytest

from tr_apply.impact import Staffing, people


@pytest.mark.parametrize(("workers", "queues", "ceiling"), [(1_200, 50, 0.1), (15_000, 300, 2.0)])
def test_one_changed_queue_and_one_changed_worker(workers, queues, ceiling, report):
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

    report(f"{queues} queues x {workers} workers", f"{middle - began:.3f} s, {ended - middle:.3f} s with a worker")
    assert [change.queue for change in one_queue.queues] == ["queue 0"]
    assert len(both.queues) > 1
    assert middle - began <= ceiling
    assert ended - middle <= ceiling
