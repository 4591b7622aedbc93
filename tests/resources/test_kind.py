"""Kind: the places, names and labels of its resources, and the facts that make a kind special."""

import pytest

from tr_apply.resources import ACTIVITY, KINDS, TASK_CHANNEL, TASK_QUEUE, WORKER, WORKER_CHANNEL, WORKSPACE
from tr_apply.resources.seeds import seeds
from tr_apply.resources.template import THE_WORKSPACE, SidOf


def test_a_label_has_the_name_unless_the_resource_is_the_workspace():
    assert TASK_QUEUE.label("Gold") == SidOf("task_queue", "Gold")
    assert WORKSPACE.label("Support") == THE_WORKSPACE


def test_a_place_counts_in_the_section_unless_the_resource_is_the_workspace():
    assert TASK_QUEUE.place(2) == ("task_queues", 2)
    assert WORKSPACE.place(2) == ("workspace",)


@pytest.mark.parametrize(
    ("kind", "path", "parts"),
    [
        (WORKER, ("workers", 3, "attributes", "team"), (("workers", 3), ("attributes", "team"))),
        (WORKER, ("workers",), (("workers",), ())),
        (WORKSPACE, ("workspace", "name"), (("workspace",), ("name",))),
    ],
)
def test_a_path_is_split_where_the_resource_ends(kind, path, parts):
    assert kind.split(path) == parts


def test_the_keys_to_a_kind_are_those_that_hold_its_names():
    assert WORKSPACE.keys_to("activity") == ["default_activity", "timeout_activity"]
    assert TASK_QUEUE.keys_to("task_channel") == []


def test_the_name_in_an_answer_is_that_of_the_identity():
    assert ACTIVITY.answer_name == "friendly_name"
    assert TASK_CHANNEL.answer_name == "unique_name"
    assert WORKER_CHANNEL.answer_name == "task_channel_unique_name"


def test_workers_alone_have_channels():
    assert [kind for kind in KINDS if kind.has_channels] == [WORKER]


def test_the_kinds_hang_together_below_the_workspace():
    parents = {kind.name: kind.parent for kind in KINDS}

    assert [name for name, parent in parents.items() if parent is None] == [WORKSPACE.name]
    assert set(parents.values()) - {None} <= parents.keys()


def test_a_built_in_resource_is_in_every_new_workspace():
    new = seeds(multi_task_enabled=True, template="NONE")

    for kind in KINDS:
        assert kind.built_in <= {kind.name_of(each) for each in new.get(kind.name, ())}
