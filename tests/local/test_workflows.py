"""Workflows: the configuration document, and everything about it that is refused."""

import json

import pytest

from tr_apply.local.forms.configuration import SIZE_LIMIT


@pytest.fixture
def queue(api, workspace):
    return api.made(f"{workspace}/TaskQueues", FriendlyName="Support")["sid"]


@pytest.fixture
def post(api, workspace):
    """Creates a workflow from a document, or from text as it is."""

    def post(document, **form):
        text = document if isinstance(document, str) else json.dumps(document)
        return api.post(f"{workspace}/Workflows", FriendlyName="Incoming", Configuration=text, **form)

    return post


def routed(**task_routing):
    return {"task_routing": task_routing}


def test_a_new_workflow_has_the_documented_defaults(post, queue):
    made = post(routed(default_filter={"queue": queue})).json()

    assert made["task_reservation_timeout"] == 120
    assert (made["assignment_callback_url"], made["fallback_assignment_callback_url"]) == ("", "")
    assert made["document_content_type"] is None
    assert "re_evaluate_tasks" not in made


def test_a_configuration_comes_back_compact_and_otherwise_as_it_was_sent(api, workspace, post, queue):
    text = """
      { "task_routing" : { "zebra": 1.50, "filters": [ {
          "friendlyName": "old \\" helper \\u00e9 é",  "expression": "a == 'b  c'",
          "targets": [ { "timeout": "20", "priority" : 5, "queue": "QUEUE" }, {} ] } ],
        "default_filter" : { "queue":"QUEUE", "Expression": "1==1" } }, "extra": [1, null, true] }
    """.replace("QUEUE", queue)

    made = post(text).json()

    assert made["configuration"] == (
        '{"task_routing":{"zebra":1.50,"filters":[{'
        '"friendlyName":"old \\" helper \\u00e9 é","expression":"a == \'b  c\'",'
        '"targets":[{"timeout":"20","priority":5,"queue":"QUEUE"},{}]}],'
        '"default_filter":{"queue":"QUEUE","Expression":"1==1"}},"extra":[1,null,true]}'
    ).replace("QUEUE", queue)
    assert api.read(f"{workspace}/Workflows/{made['sid']}") == made


@pytest.mark.parametrize(
    ("where", "text"),
    [
        ("filter", "language == 'en', 'es'"),
        ("filter", "vip == true AND *(language == 'en' OR language == 'es')"),
        ("expression", "worker.flag! = true"),
        ("order_by", "worker.skill-level DESC"),
    ],
)
def test_syntax_that_taskrouter_has_accepted_is_accepted_and_kept_as_it_is(where, text, post, queue):
    target = {"queue": queue, **({} if where == "filter" else {where: text})}
    each = {"expression": text if where == "filter" else "1==1", "targets": [target]}

    made = post(routed(filters=[each]))

    assert made.status_code == 201
    [kept] = json.loads(made.json()["configuration"])["task_routing"]["filters"]
    assert kept == each


def test_every_key_of_a_target_is_accepted(post, queue):
    target = {
        "queue": queue,
        "expression": "task.language IN worker.languages",
        "priority": "10",
        "timeout": 60,
        "order_by": "worker.level DESC, worker.cost ASC",
        "skip_if": "workers.available == 0",
        "known_worker_sid": "task.agent.sid",
    }
    known_by_name = {"known_worker_friendly_name": "task.agent", "order_by": None}
    filters = [{"expression": "1==1", "targets": [target, known_by_name]}]

    assert post(routed(filters=filters, default_filter=target)).status_code == 201


@pytest.mark.parametrize("filters", [[], None])
def test_filters_may_be_empty_next_to_a_default_filter(post, queue, filters):
    assert post(routed(filters=filters, default_filter={"queue": queue})).status_code == 201


def test_filters_alone_will_do(post, queue):
    assert post(routed(filters=[{"expression": "1==1", "targets": [{"queue": queue}]}])).status_code == 201


def test_the_old_name_of_a_queue_reference_is_accepted_and_counts(api, workspace, post, queue, refused):
    assert post(routed(default_filter={"task_queue_sid": queue})).status_code == 201

    refused(api.delete(f"{workspace}/TaskQueues/{queue}"))


TARGET = {"queue": "QUEUE"}


def filtered(**each):
    return routed(filters=[{"expression": "1==1", "targets": [TARGET], **each}])


@pytest.mark.parametrize(
    ("document", "complaint"),
    [
        ("", "Missing required parameter Configuration"),
        ("{", "not valid JSON"),
        ("[]", "must be a JSON object"),
        ('"task_routing"', "must be a JSON object"),
        ({}, "task_routing must be an object"),
        ({"filters": []}, "task_routing must be an object"),
        ({"task_routing": []}, "task_routing must be an object"),
        (routed(), "needs filters, a default_filter, or both"),
        (routed(filters=None, default_filter=None), "needs filters, a default_filter, or both"),
        (routed(filters={}), "filters must be a list"),
        (routed(filters=["x"]), "filters[0] must be an object"),
        (filtered(expression=""), "filters[0].expression must be a text"),
        (filtered(expression=None), "filters[0].expression must be a text"),
        (filtered(expression=1), "filters[0].expression must be a text"),
        (filtered(expression="skill-level > 3"), "filters[0].expression cannot be parsed"),
        (filtered(targets=[]), "filters[0].targets needs at least one"),
        (filtered(targets=None), "filters[0].targets needs at least one"),
        (filtered(targets={}), "filters[0].targets must be a list"),
        (filtered(targets=[{}]), "targets[0].queue is missing"),
        (filtered(targets=[TARGET, {"queue": "Support"}]), "targets[1].queue must be the SID"),
        (filtered(targets=[{"queue": 5}]), "targets[0].queue must be the SID"),
        (filtered(targets=[{"queue": "WQ" + 32 * "0"}]), "targets[0].queue: TaskQueue WQ0"),
        (filtered(targets=[{"queue": "\ud800"}]), "targets[0].queue must be the SID"),
        (filtered(targets=[TARGET, {"task_queue_sid": "WQ1"}]), "targets[1].task_queue_sid must be the SID"),
        (filtered(targets=[{**TARGET, "expression": "worker-x == 1"}]), "targets[0].expression cannot be parsed"),
        (filtered(targets=[{**TARGET, "order_by": "level DESC"}]), "targets[0].order_by cannot be parsed"),
        (filtered(targets=[{**TARGET, "order_by": 1}]), "targets[0].order_by must be a text"),
        (filtered(targets=[{**TARGET, "skip_if": "workers.available"}]), "targets[0].skip_if cannot be parsed"),
        (filtered(targets=[{**TARGET, "known_worker_sid": "agent"}]), "known_worker_sid cannot be parsed"),
        (filtered(targets=[{**TARGET, "timeout": "soon"}]), "targets[0].timeout must be a whole number"),
        (filtered(targets=[{**TARGET, "timeout": -1}]), "targets[0].timeout must be a whole number"),
        (filtered(targets=[{**TARGET, "priority": True}]), "targets[0].priority must be a whole number"),
        (filtered(targets=[{**TARGET, "priority": 1.5}]), "targets[0].priority must be a whole number"),
        (routed(default_filter={}), "default_filter.queue is missing"),
        (routed(default_filter="QUEUE"), "default_filter must be an object"),
        (routed(default_filter={**TARGET, "expression": "x"}), "default_filter.expression cannot be parsed"),
        ('{"task_routing": {"filters": [], "filters": []}}', 'the key "filters" is repeated'),
        ('{"task_routing": NaN}', "NaN is not a number"),
        ('{"task_routing": {"filters": [], "x": 1e999}}', "too large"),
        ('{"task_routing": {"filters": [], "x": 92233720368547758070}}', "64 bits"),
        ('{"task_routing": {"filters": [], "x": ' + "9" * 5000 + "}}", "64 bits"),
        ('{"task_routing": {"filters": [], "x": ' + "[" * 200 + "]" * 200 + "}}", "nested too deeply"),
        ('{"a":' * 100_000 + "1" + "}" * 100_000, "nested too deeply"),
    ],
)
def test_a_configuration_that_cannot_work_is_refused_with_its_place(post, queue, refused, document, complaint):
    text = document if isinstance(document, str) else json.dumps(document)

    message = refused(post(text.replace("QUEUE", queue)))

    assert complaint in message


def test_the_size_limit_counts_bytes_and_white_space(post, queue, refused):
    text = json.dumps(routed(default_filter={"queue": queue}, note="é"), ensure_ascii=False)
    room = SIZE_LIMIT - len(text.encode())

    assert "longer than 1038576 bytes" in refused(post(text + " " * (room + 1)))
    assert post(text + " " * room).status_code == 201


def test_a_queue_of_another_workspace_is_refused(api, post, refused):
    other = api.made("/Workspaces", FriendlyName="Other")["sid"]
    foreign = api.made(f"/Workspaces/{other}/TaskQueues", FriendlyName="Support")["sid"]

    message = refused(post(routed(default_filter={"queue": foreign})))

    assert "default_filter.queue" in message


def test_a_refused_update_leaves_the_old_configuration_in_force(api, workspace, post, queue, refused):
    made = post(routed(default_filter={"queue": queue})).json()
    path = f"{workspace}/Workflows/{made['sid']}"

    refused(api.post(path, Configuration="{}", FriendlyName="Renamed"))

    assert api.read(path) == made


def test_tasks_can_be_re_evaluated_with_and_without_a_change(api, workspace, post, queue):
    made = post(routed(default_filter={"queue": queue})).json()

    changed = api.changed(f"{workspace}/Workflows/{made['sid']}", ReEvaluateTasks="true")

    assert {**changed, "date_updated": made["date_updated"]} == made


@pytest.mark.parametrize(
    "url",
    ["not a url", "http://[::1", "http://", "ftp://x/y", "javascript:x", "http://x/{task}", "http://x/%zz", "a|b"],
)
@pytest.mark.parametrize("field", ["AssignmentCallbackUrl", "FallbackAssignmentCallbackUrl"])
def test_a_callback_goes_to_a_url(api, workspace, post, queue, refused, field, url):
    assert f"{field} must be an http or https URL" in refused(
        post(routed(default_filter={"queue": queue}), **{field: url})
    )
    assert "EventCallbackUrl must be" in refused(api.post(workspace, EventCallbackUrl=url))


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost:8080/x",
        "http://127.0.0.1",
        "https://u:p@x.example/?a=%20b#rc=3",
        "HTTPS://x",
        "http://[::1]:9/",
    ],
)
def test_loopback_plain_http_and_connection_overrides_are_taken(api, workspace, post, queue, url):
    assert (
        post(routed(default_filter={"queue": queue}), AssignmentCallbackUrl=url).json()["assignment_callback_url"]
        == url
    )
    assert api.changed(workspace, EventCallbackUrl=url)["event_callback_url"] == url


def test_callbacks_are_kept_as_sent_and_cleared_by_an_empty_value(api, workspace, post, queue):
    made = post(routed(default_filter={"queue": queue}), AssignmentCallbackUrl="test").json()
    assert made["assignment_callback_url"] == "test"

    cleared = api.changed(f"{workspace}/Workflows/{made['sid']}", AssignmentCallbackUrl="")

    assert cleared["assignment_callback_url"] == ""


@pytest.mark.parametrize(("seconds", "accepted"), [("1", True), ("86400", True), ("0", False), ("86401", False)])
def test_the_reservation_timeout_has_limits(post, queue, seconds, accepted):
    answer = post(routed(default_filter={"queue": queue}), TaskReservationTimeout=seconds)

    assert answer.status_code == (201 if accepted else 400)


def test_two_workflows_cannot_have_one_name(post, queue, refused):
    post(routed(default_filter={"queue": queue}))

    assert refused(post(routed(default_filter={"queue": queue}))).startswith("Workflow named Incoming already exists")


def test_a_deleted_workflow_is_gone(api, workspace, post, queue, refused):
    made = post(routed(default_filter={"queue": queue})).json()

    assert api.delete(f"{workspace}/Workflows/{made['sid']}").status_code == 204

    refused(api.get(f"{workspace}/Workflows/{made['sid']}"), 404, 20404)
    assert api.delete(f"{workspace}/TaskQueues/{queue}").status_code == 204
