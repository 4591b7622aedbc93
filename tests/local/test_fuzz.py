"""For any request, the answer is one of TaskRouter's, and no request breaks the server for the next."""

import asyncio
import json

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.seeded import JSON_SCALARS, chosen, json_value
from tr_apply.local import open_app
from tr_apply.local.kinds.all_kinds import KINDS

FUZZ = settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def world():
    """A client of one application with a workspace full of things, and the SIDs and names that occur there."""
    runner = asyncio.Runner()
    app = open_app(":memory:")
    client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://x/v1", auth=("AC1", "x"))

    def send(method, path, **more):
        return runner.run(client.request(method, path, **more))

    workspace = send("POST", "/Workspaces", data={"FriendlyName": "x", "Template": "FIFO"}).json()["sid"]
    worker = send("POST", f"/Workspaces/{workspace}/Workers", data={"FriendlyName": "alice"}).json()["sid"]
    available = send("GET", f"/Workspaces/{workspace}/Activities").json()["activities"][1]["sid"]
    send("POST", f"/Workspaces/{workspace}/Workers", data={"FriendlyName": "bob", "ActivitySid": available})
    task = send("POST", f"/Workspaces/{workspace}/Tasks", data={"Attributes": '{"a":1}'}).json()["sid"]
    known = [workspace, worker, task, "voice", "Offline"]
    reservation = send("GET", f"/Workspaces/{workspace}/Tasks/{task}/Reservations").json()["reservations"][0]["sid"]
    known += [reservation, send("GET", f"/Workspaces/{workspace}/Events").json()["events"][0]["sid"]]
    for collection in ("Activities", "TaskChannels", "TaskQueues", "Workflows"):
        page = send("GET", f"/Workspaces/{workspace}/{collection}").json()
        known += [item["sid"] for item in page[page["meta"]["key"]]]
    yield send, known
    runner.run(client.aclose())
    runner.close()
    app.close()


WORDS = [
    "",
    "0",
    "1",
    "-1",
    "true",
    "{}",
    "[]",
    "null",
    "NaN",
    "1==1",
    "a ==",
    "FIFO",
    "asc",
    "*",
    '"0"',
    "%",
    "é",
    "�",
    '{"a":1}',
    '{"task_routing":{"filters":[]}}',
    '{"task_routing":{"default_filter":{"queue":"SID"}}}',
    "languages HAS 'en'",
    "level > 99999999999999999999",
    "DateStatusChanged:desc",
    "DateUpdated:asc",
    "Priority:desc,VirtualStartTime",
    "2026-01-01T00:00:00Z",
    "accepted",
    "rejected",
    "completed",
    "canceled",
    "conference",
    "call",
    "PASID",
    "PBSID",
    "PASID/2026-01-01T00:00:00.000000Z",
    "9" * 30,
    "x" * 70,
    "2147483648",
    "9223372036854775808",
]
NAMES = [*sorted({field.name for kind in KINDS.values() for field in kind.fields}), "PageSize", "Page", "PageToken"]
NAMES += [*sorted({each.name for kind in KINDS.values() for each in kind.filters}), "Ordering", "Unknown"]

TEXTS = (lambda choices: choices.choice(WORDS), lambda choices: choices.any_text(40), lambda _: "SID")


def field(choices):
    name = choices.choice(NAMES) if choices.below(4) else choices.any_text(8)
    return name, choices.choice(TEXTS)(choices)


forms = chosen(lambda choices: dict(choices.several(field, 6, size=200)), 1220)


def clean(text):
    """The text as a client can send it: characters that UTF-8 cannot encode cannot be sent."""
    return text.encode("utf-8", "replace").decode()


def check(answer):
    assert answer.status_code in {200, 201, 204, 400, 401, 404, 405, 410, 412, 413}, answer.text
    if answer.status_code >= 400 and answer.request.method != "HEAD":
        assert json.loads(answer.content).keys() == {"code", "message", "more_info", "status"}


@FUZZ
@given(
    method=st.sampled_from(["GET", "POST", "DELETE"]),
    kind=st.sampled_from(list(KINDS.values())),
    form=forms,
    item=st.none() | st.integers(min_value=0, max_value=16),
)
def test_any_form_on_any_resource_gets_an_answer(world, method, kind, form, item):
    send, known = world
    path = kind.collection.format(workspace_sid=known[0], worker_sid=known[1], task_sid=known[2])
    sid = known[item or 0]
    filled = {clean(name): clean(text).replace("SID", sid) for name, text in form.items()}
    keep = method == "DELETE" and sid in known[:3]
    url = path if item is None or keep else f"{path}/{sid}"

    match method:
        case "GET":
            check(send("GET", url, params=filled))
        case "POST":
            check(send("POST", url, data=filled))
        case "DELETE":
            check(send("DELETE", url, headers={"If-Match": "".join(filled).encode()}))
    check(send("GET", path))


@pytest.fixture(scope="module")
def app():
    app = open_app(":memory:")
    yield app
    app.close()


REFUSALS = {400, 401, 404, 405, 413}


@FUZZ
@given(path=st.text(max_size=60).map(clean), method=st.sampled_from(["GET", "POST", "DELETE", "PUT", "HEAD", "x"]))
def test_any_path_gets_an_answer(app, exchange, path, method):
    assert exchange(app, method, f"/v1/Workspaces/{path}")[0] in REFUSALS
    assert exchange(app, method, f"/{path}")[0] in REFUSALS


@FUZZ
@given(
    body=st.binary(max_size=300),
    query=st.binary(max_size=60),
    header=st.tuples(
        st.sampled_from([b"content-type", b"if-match", b"authorization", b"host", b"transfer-encoding"]),
        st.binary(max_size=40),
    ),
)
def test_any_bytes_as_body_query_and_headers_get_an_answer(app, exchange, body, query, header):
    more = {"query_string": query, "headers": [header]}

    for sent in (body, b"FriendlyName=" + body):
        message = {"type": "http.request", "body": sent}
        assert exchange(app, "POST", "/v1/Workspaces", message=message, **more)[0] in REFUSALS | {201}
    assert exchange(app, "GET", "/v1/Workspaces", **more)[0] in REFUSALS | {200}


KEYS = ["task_routing", "filters", "targets", "expression", "queue", "default_filter", "a", "timeout"]
SCALARS = (*JSON_SCALARS, lambda choices: choices.any_text(8), lambda _: "SID")
JSON = chosen(lambda choices: json_value(choices, SCALARS, lambda part: part.choice(KEYS)), 480)


@FUZZ
@given(routing=JSON, attributes=JSON)
def test_any_json_as_a_document_gets_an_answer(world, routing, attributes):
    send, known = world
    queue = next(sid for sid in known if sid.startswith("WQ"))
    documents = [json.dumps(each).replace("SID", queue) for each in (routing, {"task_routing": routing}, attributes)]
    workspace = f"/Workspaces/{known[0]}"

    for document in documents:
        check(send("POST", f"{workspace}/Workflows", data={"FriendlyName": "fuzz", "Configuration": document}))
        check(send("POST", f"{workspace}/Workers/{known[1]}", data={"Attributes": document}))
        check(send("GET", f"{workspace}/TaskQueues", params={"EvaluateWorkerAttributes": document}))
    check(send("GET", f"{workspace}/Workers", params={"TargetWorkersExpression": "a.b[0] HAS 'x' OR a > 1"}))


@FUZZ
@given(expression=st.text(alphabet="ab.[]()'\"0 1<>=!-,ANDORHSI\\n", max_size=30))
def test_any_expression_gets_an_answer(world, expression):
    send, known = world
    workspace = f"/Workspaces/{known[0]}"

    check(send("GET", f"{workspace}/Workers", params={"TargetWorkersExpression": expression}))
    check(send("POST", f"{workspace}/TaskQueues", data={"FriendlyName": "fuzz", "TargetWorkers": expression}))
    check(send("GET", f"{workspace}/TaskQueues", params={"EvaluateWorkerAttributes": '{"a": [1, "b"]}'}))
