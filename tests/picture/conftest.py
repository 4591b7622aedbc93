"""A picture full of hostile names; a real browser and mermaid's own parser."""

import json

import pytest

from tests.picture.scenes import HOSTILE, scene_of, workflow_of
from tr_apply.picture import picture_of


@pytest.fixture(scope="session")
def hostile_picture():
    """A picture in which every text is somebody's attempt."""
    queues = {name: f"team == {json.dumps(name.replace(chr(10), ''))}" for name in HOSTILE}
    filters = [
        (name, f"topic == 'x{number}'", {"queue": name, "timeout": 60, "expression": "worker.a == '<b>'"}, HOSTILE[0])
        for number, name in enumerate(HOSTILE)
    ]
    workers = {name: {"team": name.replace("\n", "")} for name in HOSTILE}
    workflows = [workflow_of(*filters, name=name, default=name) for name in HOSTILE[:2]]
    return picture_of(scene_of(*workflows, queues=queues, workers=workers))
