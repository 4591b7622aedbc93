"""Statistics against Twilio's own OpenAPI document: paths, fields and their types."""

import json
from pathlib import Path

import pytest

SHARED = Path(__file__).parents[4] / "shared"

TYPES = {"string": str, "integer": int, "array": list}
ANY_OBJECT = dict  # the document says nothing of these


@pytest.fixture(scope="module")
def documented():
    """The document's entry for each path with Statistics in it, with its only method."""
    if not SHARED.is_dir():
        pytest.skip(f"the reference data is not at {SHARED}")
    document = json.loads((SHARED / "reference/twilio_taskrouter_v1.json").read_text(encoding="utf-8"))
    found = {}
    for path, item in document["paths"].items():
        if path.endswith("Statistics"):
            [method] = item.keys() & {"get", "post"}
            found[path] = (method.upper(), item[method], document["components"]["schemas"])
    return found


def fields_of(operation, schemas):
    schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
    if "properties" in schema:
        [schema] = [each["items"] for name, each in schema["properties"].items() if name != "meta"]
    return schemas[schema["$ref"].rpartition("/")[2]]["properties"]


def test_every_documented_resource_answers_with_the_documented_fields(documented, played, clocked):
    sids = {
        "WorkspaceSid": played.workspace.fetch().sid,
        "TaskQueueSid": played.everyone,
        "WorkflowSid": played.workflow,
        "WorkerSid": played.workers["alice"],
    }
    assert len(documented) == 15

    for path, (method, operation, schemas) in documented.items():
        query = {"SplitByWaitTime": "5"} if method == "GET" else {}
        body = {"json": {"queueSids": [played.everyone]}} if method == "POST" else {"params": query}
        answer = clocked.request(method, path.format_map(sids), **body)
        assert answer.status_code == 200, answer.text
        item = answer.json()
        if "meta" in item:
            item = item[item["meta"]["key"]][0]

        expected = fields_of(operation, schemas)
        assert item.keys() == expected.keys(), path
        for name, value in item.items():
            kind = TYPES.get(expected[name].get("type"), ANY_OBJECT)
            assert type(value) is kind or (value is None and name.endswith(("_sid", "_in_queue"))), (path, name)
