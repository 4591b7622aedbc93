"""A configuration in the engine: who is available, and resources that are not declared."""

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tr_apply.config.load import load
from tr_apply.rehearsal.find_route import find_route
from tr_apply.rehearsal.offline_workspace import OfflineWorkspace, RouteRequest
from tr_apply.rehearsal.route import RouteEnd
from tr_apply.report.route_text import route_text
from tr_apply.resources import ACTIVITY

STAFF = ["ann", "bob", "cid", "dora"]
DOCUMENT = {
    "workspace": {"name": "X"},
    "activities": [
        {"name": "Offline"},
        {"name": "Here", "available": True},
        {"name": "Chat only", "available": True},
        {"name": "Lunch"},
    ],
    "task_queues": [{"name": "Q"}, {"name": "Chatters", "target_workers": "activity_name == 'Chat only'"}],
    "workflows": [
        {
            "name": "W",
            "filters": [{"expression": "chat == true", "targets": [{"queue": "Chatters"}]}],
            "default_filter": {"queue": "Q"},
        }
    ],
    "workers": [{"name": "ann"}, {"name": "bob", "activity": "Chat only"}, {"name": "cid"}, {"name": "dora"}],
}


@pytest.fixture(scope="module")
def document(tmp_path_factory):
    path = tmp_path_factory.mktemp("offline") / "w.yaml"
    path.write_text(json.dumps(DOCUMENT))
    return load(path).document


def document_of(content, folder):
    path = folder / "w.yaml"
    path.write_text(json.dumps(content))
    configuration = load(path)
    configuration.require_valid()
    return configuration.document


def eligible(workspace, available=None, **attributes):
    [step] = find_route(workspace, RouteRequest("W", attributes, available=available)).steps
    return list(step.eligible)


lists = st.none() | st.permutations(STAFF).flatmap(
    lambda names: st.integers(0, len(names)).map(lambda number: tuple(names[:number]))
)


@settings(max_examples=40)
@given(st.lists(lists, max_size=6))
def test_whom_earlier_questions_supposed_to_be_there_does_not_matter(document, questions):
    workspace = OfflineWorkspace(document)

    for available in questions:
        assert eligible(workspace, available) == list(STAFF if available is None else available)
        assert eligible(workspace, available, chat=True) == (
            ["bob"] if available is None or "bob" in available else []
        )  # fmt: skip


@pytest.mark.parametrize(
    ("activity", "expected"),
    [(None, "Offline"), ("Lunch", "Lunch"), ("Here", "Offline"), ("Chat only", "Offline")],
)
def test_who_is_away_is_where_the_file_says_or_in_the_default_activity(tmp_path, activity, expected):
    worker = {"name": "ann"} if activity is None else {"name": "ann", "activity": activity}
    workspace = OfflineWorkspace(document_of(DOCUMENT | {"workers": [worker]}, tmp_path))

    [step] = find_route(workspace, RouteRequest("W", available=())).steps

    assert [each.found for each in step.excluded] == [{"activity": expected}]


def test_somebody_can_be_away_though_every_activity_is_available(tmp_path):
    content = {
        **DOCUMENT,
        "workspace": {"name": "X", "default_activity": "Here", "timeout_activity": "Here"},
        "activities": [{"name": "Here", "available": True}],
        "workers": [{"name": "ann"}, {"name": "bob"}],
    }
    workspace = OfflineWorkspace(document_of(content, tmp_path))

    assert eligible(workspace, ("bob",)) == ["bob"]


def test_nobody_is_available_where_no_activity_is(tmp_path):
    content = {**DOCUMENT, "activities": [{"name": "Offline"}], "workers": [{"name": "ann"}]}
    workspace = OfflineWorkspace(document_of(content, tmp_path))

    assert eligible(workspace) == []


def test_activities_of_a_new_workspace_are_there_where_none_are_declared(tmp_path):
    content = {key: value for key, value in DOCUMENT.items() if key != "activities"}
    workspace = OfflineWorkspace(document_of({**content, "workers": [{"name": "ann"}]}, tmp_path))

    assert [each.name for each in workspace.activities] == ["Offline", "Available", "Unavailable"]
    assert eligible(workspace) == ["ann"]


def test_a_sid_of_an_undeclared_resource_belongs_to_nobody(tmp_path):
    content = {
        **{key: value for key, value in DOCUMENT.items() if key != "workers"},
        "task_queues": [{"name": "Q", "target_workers": "sid == '${sid:worker/zoe}'"}, {"name": "Chatters"}],
    }

    assert eligible(OfflineWorkspace(document_of(content, tmp_path))) == []


def test_a_sid_of_an_unknown_kind_is_nothings(document):
    workspace = OfflineWorkspace(document)

    route = find_route(workspace, RouteRequest("W", {"agent": "${sid:agent/zoe}"}))

    assert route.steps[0].eligible == STAFF
    assert route.task.attributes == {"agent": "${sid:agent/zoe}"}


@pytest.mark.parametrize(
    ("expression", "members"),
    [
        ("favourite == '${sid:worker/ben}'", ["ann"]),
        ("favourite == '${sid:worker/ann}'", []),
        ("favourite != '${sid:worker/nobody}'", ["ann", "ben"]),
        ("favourite == '${sid:worker/missing}'", ["ben"]),
        ("favourite == '${sid:worker/BEN}'", ["ann"]),
    ],
)
def test_a_sid_is_the_same_wherever_it_is_asked_for_and_of_no_other_object(expression, members, tmp_path):
    content = {
        **DOCUMENT,
        "manage": {"workers": "additive"},
        "task_queues": [{"name": "Q", "target_workers": expression}, {"name": "Chatters"}],
        "workers": [
            {"name": "ann", "attributes": {"favourite": "${sid:worker/ben}"}},
            {"name": "ben", "attributes": {"favourite": "${sid:worker/missing}"}},
        ],
    }

    assert eligible(OfflineWorkspace(document_of(content, tmp_path))) == members


def test_nobody_matches_a_channel_that_there_is_not(tmp_path):
    filters = [
        {
            "expression": "1==1",
            "targets": [{"queue": "Q", "expression": "worker.channel.voise.assigned_tasks < 1"}],
        }
    ]
    content = {**DOCUMENT, "workflows": [{"name": "W", "filters": filters}]}

    assert eligible(OfflineWorkspace(document_of(content, tmp_path))) == []


def test_workers_attributes_may_hold_sids(tmp_path):
    content = {
        **DOCUMENT,
        "task_queues": [{"name": "Q", "target_workers": "home == '${sid:task_queue/Q}'"}, {"name": "Chatters"}],
        "workers": [{"name": "ann", "attributes": {"home": "${sid:task_queue/Q}"}}, {"name": "bob"}],
    }

    assert eligible(OfflineWorkspace(document_of(content, tmp_path))) == ["ann"]


def test_two_spellings_of_a_name_refer_to_one_resource(tmp_path):
    content = {
        **DOCUMENT,
        "activities": [{"name": "Offline"}],
        "manage": {"activities": "additive"},
        "workers": [{"name": "ann", "activity": "Siesta"}, {"name": "bob", "activity": "siesta"}],
    }
    workspace = OfflineWorkspace(document_of(content, tmp_path))

    assert {each.sid for each in workspace.activities if each.name.casefold() == "siesta"} == {
        workspace.sids.of(ACTIVITY, "SIESTA")
    }


def test_a_route_that_the_worker_ends_is_shown(document):
    end = replace(find_route(OfflineWorkspace(document), RouteRequest("W")), end=RouteEnd("not_accepted", 120, "No"))

    assert route_text(end).splitlines()[-1] == "End: at 2m it is canceled (No)."


def test_an_accepted_expression_that_does_not_parse_matches_nobody(tmp_path):
    accept = {"code": "expression-syntax", "in": "task_queue/Q", "text": "skill-level > 3", "because": "deployed"}
    content = {
        **DOCUMENT,
        "lint": {"accept": [accept]},
        "task_queues": [{"name": "Q", "target_workers": "skill-level > 3"}, {"name": "Chatters"}],
    }

    assert eligible(OfflineWorkspace(document_of(content, tmp_path))) == []
