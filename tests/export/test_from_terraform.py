"""A Terraform state as a configuration: states are written here as both providers write them, by hand."""

import json
import re

import pytest
import yaml

from tr_apply.cli import run

COMMUNITY = {
    "Activities": "twilio_taskrouter_activity",
    "TaskChannels": "twilio_taskrouter_task_channel",
    "TaskQueues": "twilio_taskrouter_task_queue",
    "Workflows": "twilio_taskrouter_workflow",
    "Workers": "twilio_taskrouter_worker",
}
OFFICIAL = {
    "Activities": "twilio_taskrouter_workspaces_activities_v1",
    "TaskChannels": "twilio_taskrouter_workspaces_task_channels_v1",
    "TaskQueues": "twilio_taskrouter_workspaces_task_queues_v1",
    "Workflows": "twilio_taskrouter_workspaces_workflows_v1",
    "Workers": "twilio_taskrouter_workspaces_workers_v1",
}
KEYS = {
    "Workspaces": "friendly_name multi_task_enabled prioritize_queue_order event_callback_url",
    "Activities": "friendly_name available",
    "TaskChannels": "friendly_name unique_name channel_optimized_routing",
    "TaskQueues": "friendly_name target_workers max_reserved_workers task_order assignment_activity_sid "
    "assignment_activity_name reservation_activity_sid reservation_activity_name",
    "Workflows": "friendly_name configuration assignment_callback_url fallback_assignment_callback_url "
    "task_reservation_timeout",
    "Workers": "friendly_name attributes activity_sid",
}
SEEDS = ("Offline", "Available", "Unavailable", "Default", "Voice", "Programmable Chat", "SMS", "Video")
CENTER_SID = "WS" + "1" * 32
CENTER = """
workspace: {name: Center, event_callback_url: "https://example.com/events", events_filter: [task.created, task.canceled],
            default_activity: Away, timeout_activity: Away, multi_task_enabled: true}
activities: [{name: Away, available: false}, {name: Here, available: true}]
task_channels: [{unique_name: fax, name: Fax}]
task_queues:
  - {name: Everyone}
  - {name: "Spanish $${x}", target_workers: "languages HAS 'es'"}
workflows:
  - name: Incoming
    assignment_callback_url: https://example.com/assign
    filters:
      - {name: Spanish, expression: "language == 'es'", targets: [{queue: "Spanish $${x}", timeout: 60}, {queue: Everyone}]}
    default_filter: {queue: Everyone}
workers:
  - {name: ana, attributes: {languages: [es], level: 3}}
manage: {activities: additive, task_channels: additive}
"""


def resource(kind, name, values, **more):
    return {
        "address": f"{kind}.{name}",
        "mode": "managed",
        "type": kind,
        "name": name,
        "provider_name": "registry.terraform.io/twilio/twilio",
        "schema_version": 0,
        "values": values,
        "sensitive_values": {},
        **more,
    }


def shown(resources, *, child=(), outputs=None):
    """The output of ``terraform show -json`` for *resources* and those of a *child* module."""
    root = {"resources": resources, "child_modules": [{"address": "module.people", "resources": [*child]}]}
    values = {"root_module": root, "outputs": outputs or {}}
    return json.dumps({"format_version": "1.0", "terraform_version": "1.11.4", "values": values})


def values_of(answer, collection):
    return {key: answer[key] for key in ("sid", "workspace_sid", *KEYS[collection].split()) if key in answer}


def slug(name):
    return re.sub(r"\W+", "_", name).lower()


def state_of(live, provider, *, leave_out=()):
    """The state of the workspace if *provider* had made all of it except *leave_out*."""
    workspace = live.get("/Workspaces").json()["workspaces"][0]
    own = values_of(workspace, "Workspaces") | {"template": None}
    activities = {key: workspace[key] for key in workspace if re.match("(default|timeout)_activity_(sid|name)", key)}
    if provider is COMMUNITY:
        own |= {"event_filters": workspace["events_filter"].split(",")}
        settings = {"id": own["sid"], "workspace_sid": own["sid"], **activities}
        resources = [
            resource("twilio_taskrouter_workspace", "center", own),
            resource("twilio_taskrouter_workspace_configuration", "center", settings),
        ]
    else:
        own |= {"events_filter": workspace["events_filter"]} | {
            k: v for k, v in activities.items() if k.endswith("sid")
        }
        resources = [resource("twilio_taskrouter_workspaces_v1", "center", own)]
    people, incoming = [], ""
    for collection, kind in provider.items():
        page = live.get(f"/Workspaces/{workspace['sid']}/{collection}?PageSize=1000").json()
        for answer in page[page["meta"]["key"]]:
            if answer["friendly_name"] in leave_out:
                continue
            made = resource(kind, slug(answer["friendly_name"]), values_of(answer, collection))
            (people if collection == "Workers" else resources).append(made)
            incoming = answer["sid"] if collection == "Workflows" else incoming
    for each in people:
        each["address"] = f"module.people.{each['address']}"
    outputs = {"incoming": {"sensitive": False, "value": incoming}, "token": {"sensitive": True, "value": incoming}}
    return shown(resources, child=people, outputs=outputs)


@pytest.fixture
def center(new_local, tmp_path):
    """A live workspace, and files in a folder of the test's own."""
    live = new_local()
    (tmp_path / "center.yaml").write_text(CENTER)
    assert live.command("apply", "--auto-approve", tmp_path / "center.yaml")[0] == 0
    return live


@pytest.fixture
def from_state(tmp_path, capsys):
    """Exports a state; the exit code and the output."""

    def export(state, *arguments):
        (tmp_path / "state.json").write_text(state if isinstance(state, str) else json.dumps(state))
        code = run(["export", *arguments, "--from-terraform", str(tmp_path / "state.json")])
        return code, capsys.readouterr()

    return export


def sections(text):
    """The sections that an export of the live workspace has as well."""
    found = yaml.safe_load(text)
    return {key: value for key, value in found.items() if key not in {"manage", "outputs"}}


@pytest.mark.parametrize("provider", [COMMUNITY, OFFICIAL], ids=["community", "official"])
def test_a_whole_state_exports_as_the_live_workspace_does(center, from_state, provider):
    live = center.command("export", "Center")[1]

    code, printed = from_state(state_of(center, provider))

    assert code == 0
    assert sections(printed.out) == sections(live)
    assert yaml.safe_load(printed.out)["outputs"] == {"incoming": "${sid:workflow/Incoming}"}


@pytest.mark.parametrize("provider", [COMMUNITY, OFFICIAL], ids=["community", "official"])
def test_a_partial_state_plans_empty_and_leaves_alone_what_terraform_did_not_make(
    center, from_state, tmp_path, provider
):
    code, printed = from_state(state_of(center, provider, leave_out=(*SEEDS, "ana")))
    (tmp_path / "from_state.yaml").write_text(printed.out)

    assert code == 0
    assert center.plan(tmp_path / "from_state.yaml") == (0, [], [])
    assert set(yaml.safe_load(printed.out)["manage"].values()) == {"additive"}


def test_each_item_has_its_address_and_the_lines_to_paste_are_ready(center, from_state):
    _, printed = from_state(state_of(center, OFFICIAL, leave_out=SEEDS))

    assert "# twilio_taskrouter_workspaces_v1.center\nworkspace:\n  name: Center\n" in printed.out
    queue = "# twilio_taskrouter_workspaces_task_queues_v1.everyone\n- name: Everyone\n"
    assert f"task_queues:\n{queue}" in printed.out
    assert "# module.people.twilio_taskrouter_workspaces_workers_v1.ana\n- name: ana\n" in printed.out
    assert "Danger: removing the code from Terraform before it has forgotten the workspace deletes" in printed.err
    assert "  terraform state rm twilio_taskrouter_workspaces_task_queues_v1.everyone\n" in printed.err
    assert "  terraform state rm module.people.twilio_taskrouter_workspaces_workers_v1.ana\n" in printed.err


def test_an_address_with_a_key_is_quoted_for_the_shell(from_state):
    made = resource("twilio_taskrouter_workspace", "c", {"sid": CENTER_SID, "friendly_name": "Center"})
    made["address"] = 'twilio_taskrouter_workspace.c["it\'s"]'

    _, printed = from_state(shown([made]))

    assert "terraform state rm 'twilio_taskrouter_workspace.c[\"it'\"'\"'s\"]'\n" in printed.err


def test_activities_without_a_resource_are_known_by_the_names_next_to_their_sids(center, from_state):
    _, printed = from_state(state_of(center, COMMUNITY, leave_out=(*SEEDS, "Away", "Here")))

    assert yaml.safe_load(printed.out)["workspace"]["default_activity"] == "Away"
    assert "activities" not in yaml.safe_load(printed.out)


def test_parts_that_are_not_carried_over_are_listed(from_state):
    own = resource("twilio_taskrouter_workspaces_v1", "c", {"sid": CENTER_SID, "friendly_name": "Center"})
    task = resource("twilio_taskrouter_workspaces_tasks_v1", "t", {"sid": "WT1", "workspace_sid": CENTER_SID})
    other = resource("twilio_taskrouter_workspaces_task_queues_v1", "o", {"sid": "WQ1", "workspace_sid": "WS2"})
    filters = [{"expression": "1==1", "targets": [{"queue": "WQ" + "9" * 32}]}]
    flow = {"sid": "WW1", "workspace_sid": CENTER_SID, "friendly_name": "Flow", "assignment_callback_url": "https://x"}
    flow["configuration"] = json.dumps({"task_routing": {"filters": filters}})
    flow = resource("twilio_taskrouter_workspaces_workflows_v1", "f", flow)
    flow["sensitive_values"] = {"assignment_callback_url": True}
    data = resource("twilio_taskrouter_workspace", "d", {"sid": CENTER_SID, "friendly_name": "Data"}, mode="data")

    code, printed = from_state(shown([own, task, other, flow, data]), "Center")

    assert code == 0
    assert [line.removeprefix("note: ") for line in printed.err.splitlines() if line.startswith("note: ")] == [
        "twilio_taskrouter_workspaces_tasks_v1.t is not carried over: tr-apply does not manage this kind",
        "twilio_taskrouter_workspaces_task_queues_v1.o is not carried over: it belongs to another workspace",
        (
            "twilio_taskrouter_workspaces_workflows_v1.f: the file shows `assignment_callback_url`, which Terraform hides; "
            "use a secret variable"
        ),
        f"nothing in the state has these SIDs, so they stay as they are: WQ{'9' * 32}",
        "every kind is `additive`, as it was in Terraform: nothing that the file does not name is deleted",
    ]


def test_a_state_without_the_workspace_itself_needs_its_name(center, from_state, tmp_path):
    state = json.loads(state_of(center, COMMUNITY, leave_out=SEEDS))
    root = state["values"]["root_module"]
    root["resources"] = [
        each for each in root["resources"] if not each["type"].startswith("twilio_taskrouter_workspace")
    ]

    code, printed = from_state(state)
    assert code == 64
    assert "does not say what WS" in printed.err
    assert "tr-apply export NAME --from-terraform" in printed.err

    code, printed = from_state(state, "Center")
    (tmp_path / "center.yaml").write_text(printed.out)
    assert code == 0
    assert center.plan(tmp_path / "center.yaml") == (0, [], [])


def test_of_several_workspaces_one_is_chosen_by_name_or_sid(from_state):
    both = [
        resource("twilio_taskrouter_workspace", name, {"sid": f"WS{digit * 32}", "friendly_name": name})
        for name, digit in (("a", "1"), ("b", "2"))
    ]

    code, printed = from_state(shown(both))
    assert code == 64
    assert f"holds a (WS{'1' * 32}), b (WS{'2' * 32}); say which one" in printed.err
    for wanted in ("B", f"WS{'2' * 32}"):
        code, printed = from_state(shown(both), wanted)
        assert yaml.safe_load(printed.out) == {"workspace": {"name": "b"}}
    assert from_state(shown(both), "c")[0] == 64


@pytest.mark.parametrize(
    ("state", "message"),
    [
        ("no JSON", "this is not JSON"),
        ("[" * 100_000, "this is not JSON"),
        ("{}", "this holds no Terraform state; write it with: terraform show -json > state.json"),
        ('{"version": 4, "resources": []}', "this is the state file itself"),
        ('{"values": {}}', "no resource of TaskRouter is in this state"),
        (
            '{"values": {"root_module": {"resources": [7, {"type": 1}], "child_modules": 5}}}',
            "no resource of TaskRouter",
        ),
        (
            shown([resource("twilio_taskrouter_task_queue", "q", {"sid": "WQ1", "workspace_sid": "WS1"})]),
            "has no `friendly_name`",
        ),
    ],
)
def test_a_file_that_is_not_a_state_is_an_error_that_says_what_to_do(from_state, state, message):
    code, printed = from_state(state, "Center")

    assert (code, printed.out) == (3, "")
    assert message in printed.err


def test_modules_are_bounded(from_state):
    module = {}
    for _ in range(60):
        module = {"child_modules": [module]}

    code, printed = from_state({"values": {"root_module": module}})

    assert code == 3
    assert "modules are nested more than 50 levels deep" in printed.err


def test_the_folder_has_one_file_a_kind_and_is_written_over_only_unchanged(center, from_state, tmp_path):
    state, folder = state_of(center, OFFICIAL, leave_out=SEEDS), tmp_path / "out"

    assert from_state(state, "--output", f"{folder}/")[0] == 0
    assert from_state(state, "--output", f"{folder}/")[0] == 0
    assert center.plan(folder) == (0, [], [])
    with (folder / "task_queues.yaml").open("a") as file:
        file.write("# mine\n")
    assert from_state(state, "--output", f"{folder}/")[0] == 6


def test_neither_a_name_nor_a_file_is_a_usage_error(capsys, tmp_path):
    assert run(["export"]) == 64
    assert "Missing argument 'NAME|SID', or --from-terraform FILE." in capsys.readouterr().err
    assert run(["export", "--from-terraform", str(tmp_path / "none.json")]) == 64
    (tmp_path / "latin.json").write_bytes(b"\xff")
    assert run(["export", "--from-terraform", str(tmp_path / "latin.json")]) == 1
