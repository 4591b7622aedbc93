"""Workspaces of the three sizes for which Terraform was measured (README, Speed)."""

SIZES = {"S": (5, 20, 4, 10, 50), "M": (5, 100, 10, 10, 500), "L": (5, 300, 20, 10, 2_000)}
"""Activities, queues, workflows, filters in each of them, and workers."""


def configuration(size):
    """The configuration of that size; JSON is YAML, too."""
    activities, queues, workflows, filters, workers = SIZES[size]
    return {
        "workspace": {"name": size, "default_activity": "activity 0", "timeout_activity": "activity 0"},
        "activities": [{"name": f"activity {n}", "available": n % 2 == 1} for n in range(activities)],
        "task_queues": [
            {"name": f"queue {n}", "target_workers": f"level > {n % 9} OR skills HAS 'skill {n % 40}'"}
            for n in range(queues)
        ],
        "workflows": [
            {
                "name": f"workflow {n}",
                "filters": [_filter(n * filters + each, queues) for each in range(filters)],
                "default_filter": {"queue": "queue 0"},
            }
            for n in range(workflows)
        ],
        "workers": [
            {
                "name": f"worker {n}",
                "activity": "activity 0",
                "attributes": {"level": n % 10, "skills": [f"skill {n % 40}", f"skill {n % 7}"]},
            }
            for n in range(workers)
        ],
    }


def _filter(number, queues):
    return {
        "name": f"filter {number}",
        "expression": f"topic == 'topic {number}'",
        "targets": [{"queue": f"queue {number % queues}", "timeout": 60}, {"queue": f"queue {number % 10}"}],
    }


def objects(size):
    """How many there are, the workspace and its own settings counted as Terraform does."""
    activities, queues, workflows, _, workers = SIZES[size]
    return 2 + activities + queues + workflows + workers
