"""Models <-> form parameters and answers: the requests, and the models read from answers."""

import json

import pytest
from hypothesis import given

from tests.seeded import Choices, chosen, json_value
from tr_apply.client.answers import live_of
from tr_apply.errors import ApiError
from tr_apply.live import Live
from tr_apply.resources import ACTIVITY, KIND_BY_NAME, TASK_CHANNEL, TASK_QUEUE, WORKER, WORKFLOW, WORKSPACE
from tr_apply.resources.activity import Activity
from tr_apply.resources.task_channel import TaskChannel
from tr_apply.resources.task_queue import TaskQueue
from tr_apply.resources.template import SidOf
from tr_apply.resources.worker import Worker
from tr_apply.resources.workflow import Filter, Target, Workflow
from tr_apply.resources.workspace import Workspace
from tr_apply.wire import Json, Labels, field_of, form_of, form_text, model_of, parsed_json, references_in

QUEUE = "WQ" + "1" * 32
BUSY = "WA" + "2" * 32
LABELS = Labels({QUEUE: SidOf("task_queue", "Gold"), BUSY: SidOf("activity", "Busy")})
SIDS = {SidOf("task_queue", "Gold"): QUEUE, SidOf("activity", "Busy"): BUSY, SidOf("workspace", ""): "WS" + "3" * 32}


def sent(kind, resource, *fields):
    """The form parameters as they go over the wire."""
    return {name: form_text(value, SIDS.__getitem__) for name, value in form_of(kind, resource, fields).items()}


def live(kind, **answer):
    return Live(kind.name, "x", kind.sid_prefix + "0" * 32, answer)


# Requests


@pytest.mark.parametrize(
    ("kind", "resource", "fields", "form"),
    [
        (
            ACTIVITY,
            Activity(name="Lunch", available=True),
            ["name", "available"],
            {"FriendlyName": "Lunch", "Available": "true"},
        ),
        (ACTIVITY, Activity(name="$${x} ${y}"), ["name"], {"FriendlyName": "${x} ${y}"}),
        (
            TASK_CHANNEL,
            TaskChannel(unique_name="fax", name="Fax"),
            ["unique_name", "name"],
            {"UniqueName": "fax", "FriendlyName": "Fax"},
        ),
        (
            TASK_QUEUE,
            TaskQueue(name="Gold", max_reserved_workers=5, assignment_activity="Busy"),
            ["max_reserved_workers", "assignment_activity", "reservation_activity"],
            {"MaxReservedWorkers": "5", "AssignmentActivitySid": BUSY, "ReservationActivitySid": ""},
        ),
        (
            TASK_QUEUE,
            TaskQueue(name="Gold", target_workers="a == '${sid:activity/Busy}' AND b == '$${x}'"),
            ["target_workers"],
            {"TargetWorkers": f"a == '{BUSY}' AND b == '${{x}}'"},
        ),
        (
            WORKSPACE,
            Workspace(name="C", events_filter=["task.created", "task.canceled"], multi_task_enabled=False),
            ["events_filter", "multi_task_enabled"],
            {"EventsFilter": "task.created,task.canceled", "MultiTaskEnabled": "false"},
        ),
        (
            WORKER,
            Worker(
                name="ann",
                activity="Busy",
                attributes={"q": "${sid:task_queue/Gold}", "é": ["${sid:workspace}", 1, None]},
            ),
            ["attributes", "activity"],
            {"Attributes": f'{{"q":"{QUEUE}","é":["{SIDS[SidOf("workspace", "")]}",1,null]}}', "ActivitySid": BUSY},
        ),
    ],
    ids=[
        "a flag",
        "a name with an escape",
        "a channel",
        "numbers and activities",
        "a template",
        "a list",
        "attributes with SIDs",
    ],
)
def test_a_field_is_a_form_parameter(kind, resource, fields, form):
    assert sent(kind, resource, *fields) == form


def test_any_part_of_a_workflow_sends_its_whole_document_with_sids():
    workflow = Workflow(
        name="Incoming",
        filters=[Filter(name="A", expression="a == 1", targets=[Target(queue="Gold", timeout=5), Target(priority=2)])],
        default_filter=Target(queue="Gold"),
    )

    form = sent(WORKFLOW, workflow, "filters")

    document = json.loads(form["Configuration"])["task_routing"]
    assert list(form) == ["Configuration"]
    assert [target.get("queue") for target in document["filters"][0]["targets"]] == [QUEUE, None]
    assert document["default_filter"]["queue"] == QUEUE
    assert form == sent(WORKFLOW, workflow, "default_filter") == sent(WORKFLOW, workflow, "filters", "default_filter")


def test_a_field_without_a_form_parameter_is_not_sent():
    assert form_of(WORKER, Worker(name="ann"), ["channels", "renamed_from"]) == {}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (SidOf("task_queue", "Gold"), {SidOf("task_queue", "Gold")}),
        ("a == '${sid:task_queue/Gold}' OR b == '$${sid:activity/Busy}'", {SidOf("task_queue", "Gold")}),
        (
            Json({"a": [SidOf("activity", "Busy"), {"b": "${sid:workspace}"}], "c": 1}),
            {SidOf("activity", "Busy"), SidOf("workspace", "")},
        ),
        ("plain", set()),
    ],
    ids=["a SID", "a template", "a document", "a text"],
)
def test_the_sids_that_a_value_waits_for(value, expected):
    assert references_in(value) == expected


# Answers


@pytest.mark.parametrize(
    ("kind", "answer", "expected"),
    [
        (
            TASK_QUEUE,
            {"friendly_name": "Gold", "assignment_activity_sid": BUSY, "target_workers": None},
            {"assignment_activity": "Busy", "target_workers": ""},
        ),
        (
            TASK_QUEUE,
            {"reservation_activity_sid": "", "assignment_activity_sid": 3},
            {"reservation_activity": None, "assignment_activity": None},
        ),
        (
            TASK_QUEUE,
            {"assignment_activity_sid": "WA" + "9" * 32, "assignment_activity_name": "Far"},
            {"assignment_activity": "Far"},
        ),
        (TASK_QUEUE, {"assignment_activity_sid": "WA" + "9" * 32}, {"assignment_activity": "WA" + "9" * 32}),
        (
            TASK_QUEUE,
            {"target_workers": f"q == '{QUEUE}' AND b == '${{x}}'"},
            {"target_workers": "q == '${sid:task_queue/Gold}' AND b == '$${x}'"},
        ),
        (
            WORKSPACE,
            {"events_filter": "task.created, task.canceled ,"},
            {"events_filter": ["task.created", "task.canceled"]},
        ),
        (WORKSPACE, {"events_filter": None}, {"events_filter": []}),
        (WORKER, {"attributes": f'{{"q": "{QUEUE}"}}'}, {"attributes": {"q": "${sid:task_queue/Gold}"}}),
        (WORKER, {"attributes": {"level": 1}}, {"attributes": {"level": 1}}),
        (WORKER, {"attributes": ""}, {"attributes": {}}),
        (WORKER, {"attributes": None}, {"attributes": {}}),
        (WORKER, {"attributes": "null"}, {"attributes": {}}),
        (WORKER, {}, {"attributes": {}, "activity": None}),
    ],
    ids=[
        "a known activity, no expression",
        "no activity",
        "an activity that was not read",
        "an activity that nobody knows",
        "SIDs and what looks like a template",
        "a list with blanks",
        "no list",
        "attributes with a SID",
        "attributes as an object",
        "empty attributes",
        "no attributes",
        "attributes that are null",
        "nothing at all",
    ],
)
def test_an_answer_is_what_a_file_would_say(kind, answer, expected):
    found = live(kind, **answer)

    assert {key: field_of(kind, key, found, LABELS) for key in expected} == expected


@pytest.mark.parametrize("text", ["{", "[" * 100_000, "NaN nonsense"])
def test_a_document_that_is_not_json_names_its_resource(text):
    found = live(WORKER, attributes=text)

    with pytest.raises(ApiError, match=r"the attributes of the worker 'x' \(WK0+\) is not valid JSON"):
        model_of(found, LABELS)


@pytest.mark.parametrize("text", ['{"a":' * 201 + "1" + "}" * 201, "[" * 500 + "]" * 500])
def test_a_document_that_is_nested_beyond_reason_names_its_resource(text):
    with pytest.raises(ApiError, match=r"the attributes of the worker 'x' \(WK0+\) is nested deeper than 200 levels"):
        model_of(live(WORKER, attributes=text), LABELS)


def test_a_document_with_much_in_it_is_not_nested_for_that():
    wide = {"a": [[n] for n in range(300)], "b": {}}
    deep = json.loads("[" * 200 + "]" * 200)

    assert parsed_json(live(WORKER, attributes=json.dumps(wide)), "attributes") == wide
    assert parsed_json(live(WORKER, attributes=json.dumps(deep)), "attributes") == deep


def test_a_document_is_read_with_its_answer():
    found = live_of(WORKER, {"sid": "WK" + "0" * 32, "friendly_name": "x", "attributes": '{"a": 1}'})

    assert parsed_json(found, "attributes") is found.documents["attributes"]


def test_a_document_that_cannot_be_read_is_an_error_only_where_it_is_needed():
    found = live_of(WORKER, {"sid": "WK" + "0" * 32, "friendly_name": "x", "attributes": "{"})

    with pytest.raises(ApiError, match=r"the attributes of the worker 'x' .* is not valid JSON"):
        parsed_json(found, "attributes")


ANSWER_KEYS = {spec.form: spec.answer for kind in KIND_BY_NAME.values() for spec in kind.fields.values()}


def name_of(choices):
    return choices.any_text(20) or "a"


SCALARS = (
    lambda _: None,
    Choices.flag,
    lambda choices: choices.below(19) - 9,
    lambda choices: choices.any_text(8).replace("$", ""),
)
ATTRIBUTES = chosen(
    lambda choices: dict(choices.some(lambda part: (part.any_text(8), json_value(part, SCALARS, name_of, 2)), 4)),
    640,
)


@given(name=chosen(name_of, 640), attributes=ATTRIBUTES)
def test_a_sent_resource_comes_back_the_same(name, attributes):
    worker = Worker.model_construct(name=name, activity="Busy", attributes=attributes)

    form = sent(WORKER, worker, "attributes", "activity")
    answer = {ANSWER_KEYS[parameter]: text for parameter, text in form.items()} | {"friendly_name": name}
    back = model_of(live(WORKER, **answer), LABELS)

    assert (back.name, back.attributes, back.activity) == (name, attributes, "Busy")


def test_an_unknown_sid_is_its_own_name():
    assert LABELS.name("WQ" + "8" * 32) == "WQ" + "8" * 32
