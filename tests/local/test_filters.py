"""The filters and the order of lists."""

import json

import pytest

WORKERS = {
    "Alice": {"languages": ["en", "es"], "level": 3, "sid": "mine"},
    "Bob": {"languages": ["en"], "level": 1},
    "Carol": {"languages": ["fr"]},
}
QUEUES = {"Everyone": "1==1", "Spanish": "languages HAS 'es'", "Expert": "level > 2", "Nobody": ""}


@pytest.fixture
def staffed(api, workspace, sids):
    """A workspace with workers and queues; only Alice is available."""
    available = sids(f"{workspace}/Activities")["Available"]
    for name, attributes in WORKERS.items():
        more = {"ActivitySid": available} if name == "Alice" else {}
        api.made(f"{workspace}/Workers", FriendlyName=name, Attributes=json.dumps(attributes), **more)
    for name, expression in QUEUES.items():
        api.made(f"{workspace}/TaskQueues", FriendlyName=name, TargetWorkers=expression)
    return workspace


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"FriendlyName": "alice"}, ["Alice"]),
        ({"FriendlyName": "Ali"}, []),
        ({"FriendlyName": "Bob"}, ["Bob"]),
        ({"FriendlyName": ""}, ["Alice", "Bob", "Carol"]),
        ({"friendlyname": "Bob"}, ["Alice", "Bob", "Carol"]),
        ({"ActivityName": "offline"}, ["Bob", "Carol"]),
        ({"ActivityName": "Lunch"}, []),
        ({"Available": "true"}, ["Alice"]),
        ({"Available": "1"}, ["Alice"]),
        ({"Available": "no"}, ["Bob", "Carol"]),
        ({"TaskQueueName": "spanish"}, ["Alice"]),
        ({"TaskQueueName": "Everyone"}, ["Alice", "Bob", "Carol"]),
        ({"TaskQueueName": "Nobody"}, []),
        ({"TaskQueueName": "Unknown"}, []),
        ({"TargetWorkersExpression": "languages HAS 'en'"}, ["Alice", "Bob"]),
        ({"TargetWorkersExpression": "friendly_name == 'Carol'"}, ["Carol"]),
        ({"TargetWorkersExpression": "activity_name != 'Offline'"}, ["Alice"]),
        ({"TargetWorkersExpression": "sid == 'mine'"}, []),
        ({"TargetWorkersExpression": "level == " + "9" * 400}, []),
        ({"TargetWorkersExpression": "languages HAS 'en'", "Available": "false"}, ["Bob"]),
        ({"TargetWorkersExpression": "level > 0", "TaskQueueName": "Expert"}, ["Alice"]),
    ],
)
def test_workers_by(api, staffed, query, expected):
    assert api.names(f"{staffed}/Workers", **query) == expected


def test_workers_by_sids(api, staffed, sids):
    activity = sids(f"{staffed}/Activities")["Available"]
    queue = sids(f"{staffed}/TaskQueues")["Expert"]
    worker = sids(f"{staffed}/Workers")["Bob"]

    assert api.names(f"{staffed}/Workers", ActivitySid=activity) == ["Alice"]
    assert api.names(f"{staffed}/Workers", TaskQueueSid=queue) == ["Alice"]
    assert api.names(f"{staffed}/Workers", TaskQueueSid="WQ" + 32 * "0") == []
    assert api.names(f"{staffed}/Workers", TargetWorkersExpression=f"sid IN ['{worker}']") == ["Bob"]
    assert api.names(f"{staffed}/Workers", TargetWorkersExpression=f"activity_sid == '{activity}'") == ["Alice"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"FriendlyName": "SPANISH"}, ["Spanish"]),
        ({"EvaluateWorkerAttributes": '{"languages": ["es"]}'}, ["Everyone", "Spanish"]),
        ({"EvaluateWorkerAttributes": ' {"level": 3}'}, ["Everyone", "Expert"]),
        ({"EvaluateWorkerAttributes": "{}"}, ["Everyone"]),
        ({"EvaluateWorkerAttributes": "languages HAS 'es'"}, ["Everyone", "Spanish", "Expert"]),
        ({"EvaluateWorkerAttributes": "level == 1"}, ["Everyone"]),
        ({"EvaluateWorkerAttributes": "level == 99"}, []),
    ],
)
def test_queues_by(api, staffed, query, expected):
    assert api.names(f"{staffed}/TaskQueues", **query) == expected


def test_queues_by_worker(api, staffed, sids):
    workers = sids(f"{staffed}/Workers")

    assert api.names(f"{staffed}/TaskQueues", WorkerSid=workers["Alice"]) == ["Everyone", "Spanish", "Expert"]
    assert api.names(f"{staffed}/TaskQueues", WorkerSid=workers["Carol"]) == ["Everyone"]
    assert api.names(f"{staffed}/TaskQueues", WorkerSid="WK" + 32 * "0") == []


@pytest.mark.parametrize(
    ("available", "expected"),
    [("true", ["Available"]), ("yes", ["Available"]), ("false", ["Offline", "Unavailable"])],
)
def test_activities_by_availability(api, workspace, available, expected):
    assert api.names(f"{workspace}/Activities", Available=available) == expected


def test_a_name_is_found_whole_and_whatever_its_case(api, workspace):
    assert api.names(f"{workspace}/Activities", FriendlyName="available") == ["Available"]


def test_workflows_and_workspaces_by_name(api):
    made = api.made("/Workspaces", FriendlyName="Support", Template="FIFO")
    api.made("/Workspaces", FriendlyName="Sales")

    assert api.names(f"/Workspaces/{made['sid']}/Workflows", FriendlyName="default fifo workflow") == [
        "Default Fifo Workflow"
    ]
    assert api.names("/Workspaces", FriendlyName="SUPPORT") == ["Support"]


def test_channels_have_no_filters(api, workspace):
    assert len(api.items(f"{workspace}/TaskChannels", FriendlyName="Voice")) == 5


@pytest.mark.parametrize(
    ("collection", "query"),
    [
        ("Workers", {"TargetWorkersExpression": "level >"}),
        ("Workers", {"ActivitySid": "Offline"}),
        ("Workers", {"TaskQueueSid": "WQ1"}),
        ("Workers", {"Ordering": "DateCreated:asc"}),
        ("Workers", {"Ordering": "DateStatusChanged:up"}),
        ("TaskQueues", {"EvaluateWorkerAttributes": "level >"}),
        ("TaskQueues", {"EvaluateWorkerAttributes": '{"level": }'}),
        ("TaskQueues", {"WorkerSid": "WQ" + 32 * "0"}),
        ("TaskQueues", {"Ordering": "DateStatusChanged:asc"}),
    ],
)
def test_a_wrong_filter_is_refused(api, staffed, refused, collection, query):
    [name] = query

    assert name in refused(api.get(f"{staffed}/{collection}", **query))


def test_workers_in_the_order_of_their_last_move(api, staffed, sids):
    workers, activities = sids(f"{staffed}/Workers"), sids(f"{staffed}/Activities")
    for name in ("Carol", "Alice", "Bob"):
        api.changed(f"{staffed}/Workers/{workers[name]}", ActivitySid=activities["Unavailable"])

    assert api.names(f"{staffed}/Workers", Ordering="DateStatusChanged:asc") == ["Carol", "Alice", "Bob"]
    assert api.names(f"{staffed}/Workers", Ordering="DateStatusChanged") == ["Carol", "Alice", "Bob"]
    assert api.names(f"{staffed}/Workers", Ordering="DateStatusChanged:desc") == ["Bob", "Alice", "Carol"]


def test_queues_in_the_order_of_their_last_update(api, staffed, sids):
    api.changed(f"{staffed}/TaskQueues/{sids(f'{staffed}/TaskQueues')['Everyone']}", TaskOrder="LIFO")

    assert api.names(f"{staffed}/TaskQueues", Ordering="DateUpdated:desc")[0] == "Everyone"
    assert api.names(f"{staffed}/TaskQueues", Ordering="DateUpdated:asc")[-1] == "Everyone"
