"""The embedded TaskRouter against Twilio's own OpenAPI document: the names of fields and parameters."""

import json

import pytest

from tr_apply.local.kinds import KINDS

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
    api.post(f"/Workspaces/{made['sid']}/Workers", data={"FriendlyName": "alice"})
    return made["sid"]


def paths_of(openapi, kind):
    """What the document says of the kind's two URLs; it calls the last SID of a path Sid."""
    pascal = {"workspace_sid": "WorkspaceSid", "worker_sid": "WorkerSid"}
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
    assert {each.name for each in kind.fields if each.on != "create"} == form_of(item["post"])[0]


@pytest.mark.parametrize("name", sorted(KINDS))
def test_the_lists_have_the_documented_parameters(openapi, name):
    kind = KINDS[name]
    collection, _ = paths_of(openapi, kind)
    documented = {each["name"] for each in collection["get"]["parameters"] if each["in"] == "query"}

    known = {each.name for each in kind.filters} | ({"Ordering"} if kind.orderings else set())

    assert known | PAGING == documented


@pytest.mark.parametrize("name", sorted(KINDS))
def test_the_answers_have_the_documented_fields(api, openapi, workspace, name):
    kind = KINDS[name]
    worker = api.get(f"/Workspaces/{workspace}/Workers").json()["workers"][0]["sid"]
    page = api.get(kind.collection.format(workspace_sid=workspace, worker_sid=worker)).json()
    schema = paths_of(openapi, kind)[1]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    documented = openapi["components"]["schemas"][schema["$ref"].rpartition("/")[2]]["properties"]

    item = page[kind.list_key][0]

    assert item.keys() == documented.keys()
    for field, value in item.items():
        types = {"string": str, "boolean": bool, "integer": int, "object": dict}
        expected = types.get(documented[field].get("type"), str)
        assert value is None or type(value) is expected, (field, json.dumps(value))
