"""Sensitive values: marked in the plan, digests in its JSON, and in none of the requests that the plan shows."""

import json

import pytest

from tr_apply.envelope import FORMAT_VERSION
from tr_apply.plan.compare.document_diff import covers
from tr_apply.plan.saved.document import checksum_of, plan_document
from tr_apply.plan.saved.load import saved_plans

HEAD = "workspace: {name: Center}\n"
CANARY, FORMER = "hunter2", "swordfish"

COVERED = [
    ("attributes.phone", "attributes.phone", (), True),
    ("attributes.phone", "attributes.phone.home", (), True),
    ("attributes.phone", "attributes.phones", (), False),
    ("attributes.phone", "attributes.level", (), False),
    ("attributes.phone", "attributes", ({"phone": 1},), True),
    ("attributes.phone", "attributes", ({"level": 1},), False),
    ("attributes.*.secret", "attributes", ({"a": {"b": 1}, "c": {"secret": 1}},), True),
    ("attributes.*.secret", "attributes.c", (None, {"secret": 1}), True),
    ("attributes.*.secret", "attributes.c.open", (1, 2), False),
    ("attributes.*.secret", "attributes.a.b.secret", (), True),
    ("attributes.list[1]", "attributes.list", (["a", "b"],), True),
    ("attributes.list[1]", "attributes.list", (["a"],), False),
    ("attributes.x", "attributes.a.b", ({"x": 1},), False),
    ("filters[Gold].expression", "filters", ([{"name": "Gold", "expression": "x", "targets": []}],), True),
    ("filters[Gold].expression", "filters", ([{"name": "Silver", "expression": "x", "targets": []}],), False),
    ("filters[Gold].expression", "filters[Gold].expression", (), True),
    ("filters[Gold].expression", "filters[Gold].targets[0].queue", (), False),
    ("filters[Gold]", "filters[Gold].targets[0].queue", (), True),
    ("filters[Gold].expression", "filters[#2].expression", (), True),
    ("filters[*].targets[0].queue", "filters[#2]", ({"expression": "x", "targets": [{"queue": "A"}]},), True),
    ("filters[a [b]", "filters[a [b].expression", (), True),
    ("events_filter", "event_callback_url", (), False),
]


@pytest.mark.parametrize(("pattern", "path", "values", "expected"), COVERED)
def test_a_pattern_covers_everything_inside_and_around_it(pattern, path, values, expected):
    assert covers(pattern, path, values) is expected


def worker(secret, level=1, name="a"):
    attributes = {"level": level, "phones": {"home": {"number": secret}}, "list": [secret]}
    return [{"name": name, "attributes": attributes, "channels": {"voice": {"capacity": 3}}}]


def workflow(secret, timeout=120):
    filters = [{"name": "Gold", "expression": f"x == '{secret}'", "targets": [{"queue": "A"}]}]
    return [
        {
            "name": "W",
            "assignment_callback_url": f"http://{secret}",
            "task_reservation_timeout": timeout,
            "filters": filters,
        }
    ]


def document(sensitive, workers=(), workflows=(), url=""):
    return {
        "workspace": {"name": "Center", "event_callback_url": f"http://x/{url}"},
        "task_queues": [{"name": "A", "target_workers": f"x == '{url}'"}],
        "workers": list(workers),
        "workflows": list(workflows),
        "manage": {section: {"sensitive": patterns} for section, patterns in sensitive.items()},
    }


ALL = {
    "workers": ["attributes.phones.*.number", "attributes.list"],
    "workflows": ["filters[Gold].expression", "assignment_callback_url"],
    "workspace": ["event_callback_url"],
    "task_queues": ["target_workers"],
}
# The live values, then the declared ones.
STEPS = {
    "everything is created": (None, document(ALL, worker(CANARY), workflow(CANARY), CANARY)),
    "secrets change": (
        document(ALL, worker(FORMER), workflow(FORMER), FORMER),
        document(ALL, worker(CANARY), workflow(CANARY), CANARY),
    ),
    "secrets go": (document(ALL, worker(CANARY), workflow(CANARY), CANARY), document(ALL)),
    "something else changes": (
        document(ALL, worker(CANARY), workflow(CANARY), CANARY),
        document(ALL, worker(CANARY, level=2), workflow(CANARY, timeout=30), CANARY),
    ),
}


@pytest.mark.parametrize("case", STEPS)
def test_no_secret_is_in_the_json_of_a_plan(world, case):
    before, after = STEPS[case]
    if before is not None:
        world.apply(before)

    plan = world.plan(after)

    assert plan.operations
    assert CANARY not in json.dumps(plan_document(plan))
    assert FORMER not in json.dumps(plan_document(plan))
    world.apply(after)


def test_a_field_next_to_a_secret_is_still_shown(world):
    world.apply(document(ALL, worker(CANARY)))

    [operation] = world.document(document(ALL, worker(CANARY, level=2)))["operations"]

    assert operation["changes"] == [{"path": "attributes.level", "before": 1, "after": 2}]
    assert list(operation["writes"][0]["form"]["Attributes"]) == ["digest"]


def test_a_changed_secret_is_shown_as_digests(world):
    world.apply(document(ALL, worker(FORMER)))

    [operation] = world.document(document(ALL, worker(CANARY)))["operations"]

    for change in operation["changes"]:
        assert change["sensitive"] is True
        assert change["before"].startswith("sha256:")
        assert change["after"].startswith("sha256:")
        assert change["before"] != change["after"]


APART = [
    ({"a": 1, "b": {"pin": CANARY, "ok": 2}}, {"attributes.a": 1, "attributes.b.ok": 2, "attributes.b.pin": None}),
    ({"a": 1, "pin": {"home": CANARY}}, {"attributes.a": 1, "attributes.pin": None}),
    ({"a": None, "pin": CANARY}, {"attributes": None}),  # a null key cannot be a change by itself
    ({"a": [{"pin": CANARY}, 1], "c": 1}, {"attributes.a": None, "attributes.c": 1}),
]


@pytest.mark.parametrize(("attributes", "expected"), APART)
def test_of_a_new_resource_only_secrets_are_hidden(world, attributes, expected):
    text = document({"workers": ["attributes.pin", "attributes.*.pin"]}, [{"name": "a", "attributes": attributes}])

    operations = world.document(text)["operations"]

    [changes] = [each["changes"] for each in operations if each["kind"] == "worker"]
    assert {each["path"]: None if each.get("sensitive") else each["after"] for each in changes} == expected
    assert CANARY not in json.dumps(operations)


def test_the_filters_of_a_new_workflow_without_a_secret_are_shown(world):
    filters = [
        {"name": "Gold", "expression": f"x == '{CANARY}'", "targets": [{"queue": "A"}]},
        {"name": "Silver", "expression": "y == 1", "targets": [{"queue": "A"}]},
    ]
    text = document({"workflows": ["filters[Gold].expression"]}, workflows=[{"name": "W", "filters": filters}])

    operations = world.document(text)["operations"]

    [changes] = [each["changes"] for each in operations if each["kind"] == "workflow"]
    assert [each["path"] for each in changes if each.get("sensitive")] == ["filters[Gold].expression"]
    assert {"path": "filters[Silver]", "before": None, "after": filters[1]} in changes
    assert CANARY not in json.dumps(operations)


def test_a_list_that_looks_like_filters_is_one_value(world):
    def text(number):
        routes = [{"name": "A", "targets": 1, "phone": number}, {"name": "B", "targets": 2}]
        return document({"workers": ["attributes.routes[A].phone"]}, [{"name": "a", "attributes": {"routes": routes}}])

    world.apply(text(CANARY))

    [operation] = world.document(text("other"))["operations"]

    assert [(change["path"], change.get("sensitive")) for change in operation["changes"]] == [
        ("attributes.routes", True)
    ]
    assert CANARY not in json.dumps(operation)


def test_a_plan_that_was_saved_and_read_again_is_shown_in_the_same_words(world):
    planned = world.document(document(ALL, worker(CANARY), workflow(CANARY), CANARY))
    text = {"format_version": FORMAT_VERSION, "command": "plan", "plans": [planned]}

    [plan] = saved_plans(json.dumps(text | {"checksum": checksum_of(text)}))

    assert plan_document(plan) == planned


def test_another_secret_is_another_plan(world):
    one, other = (world.document(document(ALL, worker(secret))) for secret in ("one", "other"))

    assert one["plan_id"] != other["plan_id"]


def test_the_capacity_of_a_channel_may_be_a_secret(world):
    world.apply(document({}, worker("x")))
    text = document({"workers": ["channels.voice.capacity"]}, [{"name": "a", "channels": {"voice": {"capacity": 7}}}])

    [operation] = world.document(text)["operations"]

    assert operation["changes"][0]["sensitive"] is True
    assert list(operation["writes"][0]["form"]["Capacity"]) == ["digest"]


def test_the_channel_of_another_worker_is_not_secret(world):
    world.apply(document({}, worker("x")))
    text = document({"workers": ["channels.sms"]}, [{"name": "a", "channels": {"voice": {"capacity": 7}}}])

    [operation] = world.document(text)["operations"]

    assert operation["changes"] == [{"path": "capacity", "before": 3, "after": 7}]


def test_a_secret_expression_stays_hidden_where_its_filter_gets_another_name(world):
    def text(name, value):
        filters = [{"name": name, "expression": f"x == '{value}' AND y == 1", "targets": [{"queue": "A"}]}]
        return document({"workflows": ["filters[Gold].expression"]}, workflows=[{"name": "W", "filters": filters}])

    world.apply(text("Gold", CANARY))

    [operation] = world.document(text("Silver", "open"))["operations"]

    assert {each["path"]: each.get("sensitive") for each in operation["changes"]} == {
        "filters[Silver].name": None,
        "filters[Silver].expression": True,
    }
    assert operation["changes"][1]["filter"] == {
        "number": 1,
        "of": 1,
        "name": "Silver",
        "above": None,
        "former": "Gold",
    }
    assert CANARY not in json.dumps(operation)
