"""``outputs``: what other systems need to know of a workspace, once it is proven to be as declared."""

import json
import re

import httpx
import pytest

TEXT = """
workspace: {name: Center}
activities: [{name: Offline}, {name: Break, available: false}]
task_queues: [{name: All}]
workflows: [{name: Voice, default_filter: {queue: All}}]
outputs:
  workflow_sid: "${sid:workflow/Voice}"
  workspace_url: "https://example.com/${sid:workspace}/${sid:activity/Break}"
  region: emea
"""


@pytest.fixture(autouse=True)
def path(write):
    return write("w.yaml", TEXT)


def expected(live):
    workspace, workflow, pause = (
        live.path().rpartition("/")[2],
        live.sid("Workflows", "Voice"),
        live.sid("Activities", "Break"),
    )
    url = f"https://example.com/{workspace}/{pause}"
    return {"workflow_sid": workflow, "workspace_url": url, "region": "emea"}


def step_outputs(text):
    """As GitHub's runner reads them."""
    found = {}
    while text:
        head = re.match(r"(\w+)<<(\S+)\n(.*?)\n\2\n", text, re.DOTALL)
        found[head[1]] = head[3]
        text = text[head.end() :]
    return found


def test_the_values_are_in_the_json_in_the_file_and_in_the_outputs_of_the_step(cli, live, monkeypatch, tmp_path):
    monkeypatch.setenv("GITHUB_OUTPUT", str(tmp_path / "step"))

    said = cli("apply", "w.yaml", "--auto-approve", "--outputs-file", "out.env", "--format", "json")

    assert said.code == 0, said.err
    assert said.document["plans"][0]["outputs"] == expected(live)
    assert (tmp_path / "out.env").read_text() == "".join(f"{k}={v}\n" for k, v in expected(live).items())
    assert step_outputs((tmp_path / "step").read_text()) == expected(live)


@pytest.mark.parametrize("sid", ["${sid:worker/Ann}", "WK0123456789abcdef0123456789abcdef"])
def test_a_worker_is_named_by_its_sid(cli, live, write, sid):
    write("w.yaml", TEXT.replace("outputs:\n", f'workers: [{{name: Ann}}]\noutputs:\n  ann: "{sid}"\n', 1))

    said = cli("apply", "w.yaml", "--auto-approve", "--format", "json")

    assert said.code == 0, said.out
    assert said.document["plans"][0]["outputs"]["ann"] == sid.replace("${sid:worker/Ann}", live.sid("Workers", "Ann"))


@pytest.mark.usefixtures("live")
def test_without_outputs_there_are_none(cli, write):
    write("w.yaml", TEXT.partition("outputs:")[0])

    assert cli("apply", "w.yaml", "--auto-approve", "--format", "json").document["plans"][0]["outputs"] == {}


def test_they_are_written_when_there_is_nothing_to_change_too(cli, live, tmp_path):
    cli("apply", "w.yaml", "--auto-approve")

    said = cli("apply", "w.yaml", "--auto-approve", "--outputs-file", "out.json")

    assert "No changes." in said.out
    assert json.loads((tmp_path / "out.json").read_text()) == expected(live)


def test_a_saved_plan_has_them_without_its_configuration(cli, live):
    planned = cli("plan", "w.yaml", "--out", "plan.json", "--format", "json").document["plans"][0]
    assert planned["outputs"]["workflow_sid"] == "${sid:workflow/Voice}"

    said = cli("apply", "--plan", "plan.json", "--format", "json")

    assert said.document["plans"][0]["outputs"] == expected(live)


@pytest.mark.usefixtures("live")
def test_they_are_not_written_unless_the_workspace_is_verified(cli, interfere, tmp_path):
    def fails(request):
        is_create = request.method == "POST" and request.url.path.endswith("/Workflows")
        return httpx.Response(400, json={"message": "no", "code": 20001}) if is_create else None

    interfere(fails)

    said = cli("apply", "w.yaml", "--auto-approve", "--outputs-file", "out.env", "--format", "json")

    assert said.code == 4
    assert said.document["plans"][0]["outputs"] == {}
    assert not (tmp_path / "out.env").exists()


@pytest.mark.usefixtures("live")
def test_several_workspaces_share_a_json_file_and_no_file_of_lines(cli, write, tmp_path):
    write("x.yaml", TEXT.replace("Center", "Other"))

    lines = cli("apply", "w.yaml", "x.yaml", "--auto-approve", "--outputs-file", "out.env")
    said = cli("apply", "w.yaml", "x.yaml", "--auto-approve", "--outputs-file", "out.json")

    assert (lines.code, said.code) == (64, 0)
    written = json.loads((tmp_path / "out.json").read_text())
    assert written.keys() == {"Center", "Other"}
    assert written["Center"]["workflow_sid"] != written["Other"]["workflow_sid"]


@pytest.mark.usefixtures("live")
def test_a_replace_names_the_outputs_that_change(cli, write):
    cli("apply", "w.yaml", "--auto-approve")
    write("w.yaml", TEXT.replace("available: false", "available: true"))

    said = cli("plan", "w.yaml", "--format", "json")

    assert said.code == 0, said.out
    [operation] = said.document["plans"][0]["operations"]
    assert operation["action"] == "replace"
    assert operation["outputs"] == ["workspace_url"]
    assert "outputs that change: workspace_url" in cli("plan", "w.yaml").out


REFUSED = {
    'outputs: {plan_id: "x"}': "invalid-value",
    'outputs: {has_changes: "x"}': "invalid-value",
    'outputs: {"a-b": "x"}': "invalid-value",
    "outputs: {sid: '${sid:workflow/Nobody}'}": "unknown-reference",
    "outputs: {token: '${TOKEN}'}\nvariables: {TOKEN: {secret: true}}": "sensitive-output",
    "outputs: {url: 'https://user:secret@example.com/'}": "sensitive-output",
}


@pytest.mark.parametrize("text", REFUSED)
def test_an_output_that_cannot_be_or_must_not_be_shown_is_exit_3(cli, write, monkeypatch, text):
    monkeypatch.setenv("TR_SECRET_TOKEN", "5ecret")
    write("w.yaml", f"workspace: {{name: Center}}\nworkflows: []\n{text}\n")

    said = cli("validate", "w.yaml", "--format", "json")

    assert said.code == 3
    assert REFUSED[text] in {each["code"] for each in said.document["diagnostics"]}
    assert "5ecret" not in said.out


def test_a_line_file_refuses_a_value_of_several_lines(cli, live, write, tmp_path):
    write("w.yaml", TEXT.replace("region: emea", 'region: "a\\nworkflow_sid=x"'))

    said = cli("apply", "w.yaml", "--auto-approve", "--outputs-file", "out.env")

    assert said.code == 1
    assert "line break" in said.err
    assert not (tmp_path / "out.env").exists()
    assert live.items("Workspaces") == []


@pytest.mark.parametrize("name", ["folder.json", "file/out.json", "file/new/out.env"])
def test_a_file_that_cannot_be_written_is_found_out_before_anything_is_done(cli, live, write, tmp_path, name):
    (tmp_path / "folder.json").mkdir()
    write("file", "")

    said = cli("apply", "w.yaml", "--auto-approve", "--outputs-file", name)

    assert said.code == 1
    assert f"{name} cannot be written" in said.err
    assert live.items("Workspaces") == []


def test_a_file_in_a_new_folder_can_be_written(cli, live, tmp_path):
    said = cli("apply", "w.yaml", "--auto-approve", "--outputs-file", "new/folder/out.json")

    assert said.code == 0, said.err
    assert json.loads((tmp_path / "new" / "folder" / "out.json").read_text()) == expected(live)


def test_step_outputs_that_cannot_be_written_are_found_out_before_anything_is_done(cli, live, monkeypatch, tmp_path):
    monkeypatch.setenv("GITHUB_OUTPUT", str(tmp_path))

    said = cli("apply", "w.yaml", "--auto-approve")

    assert said.code == 1
    assert "GITHUB_OUTPUT=" in said.err
    assert live.items("Workspaces") == []


@pytest.mark.usefixtures("live")
def test_apply_names_the_sid_of_everything_that_it_made_or_touched(cli, live, write):
    made = cli("apply", "w.yaml", "--auto-approve", "--format", "json").document["plans"][0]["results"]
    write(
        "w.yaml",
        TEXT.replace("available: false", "available: true").replace("name: All", "name: All, max_reserved_workers: 2"),
    )
    old = live.sid("Activities", "Break")
    changed = cli("apply", "w.yaml", "--auto-approve", "--format", "json").document["plans"][0]["results"]

    assert {(each["kind"], each["name"], each["sid"]) for each in made} == {
        ("workspace", "Center", live.path().rpartition("/")[2]),
        ("activity", "Break", old),
        ("activity", "Available", next(each["sid"] for each in made if each["name"] == "Available")),
        ("task_queue", "All", live.sid("TaskQueues", "All")),
        ("workflow", "Voice", live.sid("Workflows", "Voice")),
    } | {(each["kind"], each["name"], each["sid"]) for each in made if each["name"] == "Unavailable"}
    assert all(each["sid"] is not None for each in made)
    new = live.sid("Activities", "Break")
    assert {(each["name"], each["sid"]) for each in changed} == {("Break", new), ("All", live.sid("TaskQueues", "All"))}
    assert new != old
