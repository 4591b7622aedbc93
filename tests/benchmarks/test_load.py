"""Reading a large configuration, with its places, against what PyYAML takes to read the same file without any."""

import json

import pytest

WORKERS = 20_000
LANGUAGES = ("en", "es", "ca", "fr", "de", "it", "pt")

# Each way runs in a process of its own, so neither finds warm memory. Times are of the processor.
READ = """
import time, sys, yaml
text = open(sys.argv[1], encoding="utf-8").read()
began = time.process_time()
yaml.load(text, Loader=yaml.CSafeLoader)
print(time.process_time() - began)
"""
LOAD = """
import gc, json, resource, time, sys
from datetime import date
from pathlib import Path
gc.disable()  # as the command line does
from tr_apply.config.load import load
from tr_apply.lint import lint
from tr_apply.resources.document import Document
Document.model_rebuild()  # part of the start, which is measured elsewhere
began = time.process_time()
configuration = load(Path(sys.argv[1]))
lint(configuration, today=date(2026, 1, 1))
taken = time.process_time() - began
configuration.require_valid()
places = [configuration.notes.where(("workers", index, "name")) for index in (0, len(configuration.document.workers) - 1)]
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps({"seconds": taken, "megabytes": peak, "workers": len(configuration.document.workers), "places": places}))
"""


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """20,000 workers as people write them, in 5 MB."""
    path = tmp_path_factory.mktemp("large") / "workers.yaml"
    with path.open("w") as file:
        file.write("workspace:\n  name: Large\nactivities:\n  - {name: Offline, available: false}\n")
        file.write("task_queues:\n  - {name: Everyone, target_workers: level > 3 AND languages HAS 'es'}\nworkers:\n")
        for index in range(WORKERS):
            languages = ", ".join(LANGUAGES[index % 5 : index % 5 + 3])
            file.write(
                f"  - name: worker-{index:05}@example.com\n"
                "    activity: Offline\n"
                "    attributes:\n"
                f"      languages: [{languages}]\n"
                f"      level: {index % 10}\n"
                f"      team: team-{index % 40}\n"
                f"      contact_uri: client:worker_{index:05}\n"
                f"      full_name: Worker Number {index}\n"
                "    channels:\n"
                f"      voice: {{capacity: 1, available: {'true' if index % 3 else 'false'}}}\n"
            )
    return path


def test_a_large_file_is_loaded_and_checked_in_a_fraction_of_the_time(run_alone, report, large):
    runs = [(float(run_alone(READ, large)), json.loads(run_alone(LOAD, large))) for _ in range(3)]

    ratio = min(ours["seconds"] for _, ours in runs) / min(theirs for theirs, _ in runs)
    ours = runs[0][1]
    megabytes = max(each["megabytes"] for _, each in runs)
    size = large.stat().st_size / 1e6
    report(
        "load and validate", f"{size:.1f} MB in {ours['seconds']:.2f} s, {ratio:.2f} times PyYAML, {megabytes:.0f} MB"
    )
    assert ours["workers"] == WORKERS
    assert ours["places"] == [f"{large}:8:11", f"{large}:{8 + 10 * (WORKERS - 1)}:11"]
    assert ratio <= 0.4
    assert megabytes <= 200
