"""Files that are overwritten: an earlier export of the same workspace, an earlier plan; nothing written by hand."""

import hashlib
import json
import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.cli.conftest import have_database
from tr_apply.cli import run
from tr_apply.export import exported_text, exported_workspace, is_unchanged_export

CONFIGURATION = "workspace: {name: %s}\ntask_queues: [{name: Sales}]\n"
EDITED = ["", "\n", "workspace: {name: Center}\n", "# mine\n", "not: [yaml", "{}", "[]", '{"plans": []}', "\x00"]


@pytest.fixture
def center(tmp_path, monkeypatch):
    """Two live workspaces, and the folder that commands run in."""
    monkeypatch.chdir(tmp_path)
    for name in ("Center", "Other"):
        Path(f"{name}.yaml").write_text(CONFIGURATION % name)
    have_database("world.db", apply, "Center.yaml", "Other.yaml")
    return tmp_path


def apply(*files):
    for file in files:
        assert run(["apply", file, "--local-db", "world.db", "--auto-approve", "-q"]) == 0


def export(name="Center", output="out.yaml", *more):
    return run(["export", name, "--local-db", "world.db", "--output", output, *more])


def plan(*more):
    return run(["plan", "Center.yaml", "--local-db", "world.db", "--out", "plan.json", *more])


@pytest.mark.usefixtures("center")
def test_an_export_begins_with_the_digest_of_the_rest_and_is_written_over():
    assert export() == 0
    first, _, rest = Path("out.yaml").read_text().partition("\n")
    assert first == f"# Exported by tr-apply; sha256 of the rest: {hashlib.sha256(rest.encode()).hexdigest()}"

    assert export() == 0
    assert export("center") == 0


@pytest.mark.usefixtures("center")
@pytest.mark.parametrize("edited", EDITED)
def test_any_other_file_stays_as_it_is(edited, capsys):
    Path("out.yaml").write_text(edited)

    assert export() == 6
    assert Path("out.yaml").read_text() == edited
    assert "--overwrite" in capsys.readouterr().err
    assert export("Center", "out.yaml", "--overwrite") == 0
    assert is_unchanged_export(Path("out.yaml").read_text())


@pytest.mark.usefixtures("center")
def test_an_edited_export_and_one_of_another_workspace_stay_as_they_are():
    assert export() == 0
    assert export("Other") == 6
    text = Path("out.yaml").read_text()
    Path("out.yaml").write_text(f"{text}# a note\n")

    assert export() == 6
    assert Path("out.yaml").read_text() == f"{text}# a note\n"


@pytest.mark.usefixtures("center")
@pytest.mark.parametrize("edited", ["workspace.yaml", "task_queues.yaml"])
def test_in_a_folder_one_edited_file_keeps_all_of_them(edited):
    assert export("Center", "folder/") == 0
    path = Path("folder", edited)
    path.write_text(path.read_text() + "# mine\n")
    before = {each.name: each.read_text() for each in Path("folder").iterdir()}

    assert export("Center", "folder/") == 6
    assert {each.name: each.read_text() for each in Path("folder").iterdir()} == before
    assert export("Center", "folder/", "--overwrite") == 0


@pytest.mark.usefixtures("center")
def test_a_folder_of_another_workspace_stays_as_it_is():
    assert export("Center", "folder/") == 0

    assert export("Other", "folder/") == 6
    Path("folder/workspace.yaml").unlink()
    assert export("Center", "folder/") == 6


@pytest.mark.usefixtures("center")
@pytest.mark.parametrize("edited", EDITED)
def test_a_plan_is_written_over_a_plan_alone(edited):
    assert plan() == 0
    assert plan() == 0
    Path("plan.json").write_text(edited)

    assert plan() == 6
    assert Path("plan.json").read_text() == edited
    assert plan("--overwrite") == 0
    assert json.loads(Path("plan.json").read_text())["plans"]


@pytest.mark.usefixtures("center")
def test_a_way_back_is_not_written_over_a_configuration():
    Path("Center.yaml").write_text(CONFIGURATION.replace("Sales", "Support") % "Center")
    before = Path("Other.yaml").read_text()

    code = run(["apply", "Center.yaml", "--local-db", "world.db", "--auto-approve", "--allow-delete", "task_queue=1",
                "--undo-out", "Other.yaml"])  # fmt: skip

    assert code == 6
    assert Path("Other.yaml").read_text() == before
    assert plan("--detailed-exitcode") == 2


@given(st.text(st.characters(codec="utf-8", exclude_characters="\r"), max_size=20), st.data())
def test_any_edit_of_an_export_is_noticed(name, data):
    text = exported_text({"workspace": {"name": f"W {name}"}, "task_queues": [{"name": "Q"}]})
    at = data.draw(st.integers(0, len(text) - 1))
    put = data.draw(st.sampled_from(["", "x", "\n", "#"]))

    assert is_unchanged_export(text)
    assert is_unchanged_export(text[:at] + put + text[at + 1 :]) == (put == text[at])


def test_the_name_of_an_export_is_read_back():
    assert exported_workspace(exported_text({"workspace": {"name": "A $${b}: 'c'"}})) == "A ${b}: 'c'"
    assert exported_workspace("{") is None
    assert exported_workspace("- a") is None


@pytest.mark.usefixtures("center")
def test_a_file_with_names_of_people_is_readable_by_its_owner_alone():
    previous = os.umask(0)
    try:
        Path("journal").touch(0o666)
        Path("Center.yaml").write_text(CONFIGURATION.replace("}]", "}, {name: New}]") % "Center")
        assert plan() == 0
        assert run(["apply", "Center.yaml", "--local-db", "new.db", "--auto-approve", "--journal", "journal",
                    "--undo-out", "undo.json", "-q"]) == 0  # fmt: skip
    finally:
        os.umask(previous)

    for name in ("plan.json", "new.db", "journal", "undo.json"):
        assert stat.S_IMODE(Path(name).stat().st_mode) == 0o600, name


READS = {
    "the file itself": ["render", "Center.yaml", "--output", "Center.yaml"],
    "a file of the folder": ["render", "folder", "--output", "folder/w.yaml"],
    "an overlay": ["validate", "Center.yaml", "--overlay", "o.yaml", "--output", "o.yaml"],
    "a file of variables": ["render", "Center.yaml", "--var-file", "v.yaml", "--output", "v.yaml"],
    "a second format": ["plan", "Center.yaml", "--local-db", "world.db", "--also", "json=./Center.yaml"],
    "a picture": ["graph", "Center.yaml", "--output", "Center.yaml"],
    "outputs": ["apply", "Center.yaml", "--local-db", "world.db", "--auto-approve", "--outputs-file", "Center.yaml"],
    "a journal": ["apply", "Center.yaml", "--local-db", "world.db", "--auto-approve", "--journal", "Center.yaml"],
}


@pytest.mark.parametrize("case", READS)
def test_no_result_is_written_over_what_the_command_reads(center, capsys, case):
    (center / "folder").mkdir()
    for name, text in {"folder/w.yaml": CONFIGURATION % "W", "o.yaml": "vars: {}\n", "v.yaml": "a: b\n"}.items():
        (center / name).write_text(text)
    before = {path: path.read_text() for path in center.rglob("*.yaml")}

    assert run(READS[case]) == 6

    assert "is read by this command, so it is not written over" in capsys.readouterr().err
    assert {path: path.read_text() for path in center.rglob("*.yaml")} == before


@pytest.mark.usefixtures("center")
def test_a_result_may_be_written_next_to_what_the_command_reads():
    assert run(["render", "Center.yaml", "--output", "rendered.yaml"]) == 0
    assert run(["render", "Center.yaml", "--output", "rendered.yaml"]) == 0
