"""The embedded TaskRouter against Twilio's own OpenAPI document: the names of fields and parameters."""

import json

import pytest

from tr_apply.local.kinds.all_kinds import KINDS

PAGING = {"PageSize", "Page", "PageToken"}
UNDOCUMENTED = {
    "document_content_type": "in the document, and always null",
}


@pytest.fixture(scope="module")
def openapi(shared):
    return shared("reference/twilio_taskrouter_v1.json")


@pytest.fixture(scope="module")
def workspace(api):
    made = api.post("/Workspaces", data={"FriendlyName": "OpenAPI", "Template": "FIFO"}).json()
    path = f"/Workspaces/{made['sid']}"
    available = api.get(f"{path}/Activities?FriendlyName=Available").json()["activities"][0]["sid"]
    worker = api.post(f"{path}/Workers", data={"FriendlyName": "alice", "ActivitySid": available}).json()
    task = api.post(f"{path}/Tasks", data={"Attributes": '{"type": "lead"}'}).json()
    return {"workspace_sid": made["sid"], "worker_sid": worker["sid"], "task_sid": task["sid"]}


def paths_of(openapi, kind):
    """The document's entries for the two URLs of a kind; it names the last SID of a path Sid."""
    pascal = {"workspace_sid": "WorkspaceSid", "worker_sid": "WorkerSid", "task_sid": "TaskSid"}
    collection = "/v1" + kind.collection.format(**{name: f"{{{text}}}" for name, text in pascal.items()})
    return openapi["paths"][collection], openapi["paths"][collection + "/{Sid}"]


def form_of(operation):
    schema = operation["requestBody"]["content"]["application/x-www-form-urlencoded"]["schema"]
    return set(schema["properties"]), set(schema.get("required", []))


@pytest.mark.parametrize("name", sorted(KINDS))
def test_the_forms_have_the_documented_fields(openapi, name):
    kind = KINDS[name]
    collection, item = paths_of(openapi, kind)

    if kind.creatable:
        fields, required = form_of(collection["post"])
        assert {each.name for each in kind.fields if each.on != "update"} == fields
        assert {each.name for each in kind.fields if each.required} == required
    else:
        assert "post" not in collection
        assert "delete" not in item
    changeable = form_of(item["post"])[0] if "post" in item else set()
    assert {each.name for each in kind.fields if each.on != "create"} == changeable


@pytest.mark.parametrize("name", sorted(KINDS))
def test_the_lists_have_the_documented_parameters(openapi, name):
    kind = KINDS[name]
    collection, _ = paths_of(openapi, kind)
    documented = {each["name"] for each in collection["get"]["parameters"] if each["in"] == "query"}

    known = {each.name for each in kind.filters} | ({"Ordering"} if kind.orderings else set())
    known |= set(kind.narrowing.names) if kind.narrowing else set()

    assert known | PAGING == documented


@pytest.mark.parametrize("name", sorted(KINDS))
def test_the_answers_have_the_documented_fields(api, openapi, workspace, name):
    kind = KINDS[name]
    page = api.get(kind.collection.format(**workspace)).json()
    schema = paths_of(openapi, kind)[1]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    documented = openapi["components"]["schemas"][schema["$ref"].rpartition("/")[2]]["properties"]

    item = page[kind.list_key][0]

    undocumented = {"links"} if name == "worker_channel" else set()  # as answers had them until 2018
    assert item.keys() - undocumented == documented.keys()
    for field in documented:
        value = item[field]
        types = {"string": str, "boolean": bool, "integer": int, "object": dict}
        expected = types.get(documented[field].get("type"), dict if field == "event_data" else str)
        assert value is None or type(value) is expected, (field, json.dumps(value))
