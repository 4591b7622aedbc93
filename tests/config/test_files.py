"""The files of a PATH, and the messages about files that cannot be read."""

import codecs
import io
import os
import threading
from pathlib import Path

import pytest

from tr_apply.cli import run
from tr_apply.config import files
from tr_apply.config.load import load
from tr_apply.errors import UsageError

MINIMAL = "workspace: {name: W}\n"


def findings(path):
    return [(each.file, each.line, each.column, each.code) for each in load(Path(path)).diagnostics]


@pytest.mark.parametrize(
    ("content", "place"),
    [
        (b"\xff", (1, 1)),
        (b"workspace:\n  name: caf\xe9\n", (2, 12)),
        ("workspace: {name: é🎧".encode() + b"\xe9}", (1, 21)),
        (codecs.BOM_UTF8 + b"a\xe9", (1, 2)),
        (b"a: 1\r\nb\xe9", (2, 2)),
        ("é".encode()[:1], (1, 1)),
    ],
)
def test_invalid_utf_8_is_reported_at_its_place(folder, content, place):
    (folder / "c.yaml").write_bytes(content)

    assert findings("c.yaml") == [("c.yaml", *place, "not-utf-8")]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf_16_is_called_by_its_name(folder, encoding):
    byte_order = {"utf-16-le": codecs.BOM_UTF16_LE, "utf-16-be": codecs.BOM_UTF16_BE}.get(encoding, b"")
    (folder / "c.yaml").write_bytes(byte_order + MINIMAL.encode(encoding))

    [finding] = load(Path("c.yaml")).diagnostics

    assert "UTF-16" in finding.message


def test_a_byte_order_mark_is_not_content(folder):
    (folder / "c.yaml").write_bytes(codecs.BOM_UTF8 + MINIMAL.encode() + b"x: 1\n")

    assert findings("c.yaml") == [("c.yaml", 2, 1, "unknown-key")]


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_lines_end_as_in_every_editor(folder, line_end):
    text = "workspace:\n  name: W\n# é\u2028\u0085\nx: 1\ntask_queues:\n  - name: 'two\n      lines'\n    y: 1\n"
    (folder / "c.yaml").write_bytes(text.replace("\n", line_end).encode())

    assert findings("c.yaml") == [("c.yaml", 4, 1, "unknown-key"), ("c.yaml", 8, 5, "unknown-key")]


def test_a_path_that_does_not_exist_is_a_usage_error(folder):
    (folder / "broken.yaml").symlink_to("nowhere.yaml")

    with pytest.raises(UsageError, match="no such file or directory"):
        load(Path("nowhere.yaml"))
    with pytest.raises(UsageError, match="symbolic link to nowhere"):
        load(Path("broken.yaml"))


def test_a_link_to_itself_is_not_a_file(folder):
    (folder / "self.yaml").symlink_to("self.yaml")

    with pytest.raises(UsageError, match=r"self\.yaml"):
        load(Path("self.yaml"))


def test_a_file_of_any_name_can_be_a_path(folder):
    (folder / "overlays").mkdir()
    (folder / "overlays" / ".odd.test.yaml.txt").write_text(MINIMAL)

    assert findings("overlays/.odd.test.yaml.txt") == []


def test_a_folder_called_overlays_can_be_a_path(folder):
    (folder / "overlays").mkdir()
    (folder / "overlays" / "c.yaml").write_text(MINIMAL)

    assert findings("overlays") == []


def test_a_pipe_can_be_a_path(folder):
    os.mkfifo(folder / "pipe")
    writer = threading.Thread(target=(folder / "pipe").write_text, args=(MINIMAL + "x: 1\n",))
    writer.start()

    found = findings("pipe")

    writer.join()
    assert found == [("pipe", 2, 1, "unknown-key")]


def test_an_empty_folder_is_not_a_configuration(folder):
    (folder / "empty").mkdir()

    assert findings("empty") == [("empty", 1, 1, "no-configuration")]


def test_an_unreadable_file_in_a_folder_is_reported_with_the_other_findings(folder):
    (folder / "a.yaml").write_text(MINIMAL + "x: 1\n")
    (folder / "broken.yaml").symlink_to("nowhere.yaml")
    (folder / "folder.yaml").mkdir()
    os.mkfifo(folder / "pipe.yaml")
    (folder / "self.yaml").symlink_to("self.yaml")
    (folder / "z.yaml").write_bytes(b"y: \xff\n")

    assert findings(".") == [
        ("a.yaml", 2, 1, "unknown-key"),
        ("broken.yaml", 1, 1, "unreadable"),
        ("pipe.yaml", 1, 1, "unreadable"),
        ("self.yaml", 1, 1, "unreadable"),
        ("z.yaml", 1, 4, "not-utf-8"),
    ]


def test_a_link_to_a_folder_is_followed_once(folder):
    (folder / "real").mkdir()
    (folder / "real" / "a.yaml").write_text("activities: []\n")
    (folder / "base.yaml").write_text(MINIMAL)
    (folder / "again").symlink_to("real")

    [finding] = load(Path()).diagnostics

    assert (finding.file, finding.code) == ("real", "symlink-loop")
    assert "again, which is read already" in finding.message


def test_a_link_to_a_folder_above_is_reported(folder):
    (folder / "sub").mkdir()
    (folder / "sub" / "loop").symlink_to("..")
    (folder / "a.yaml").write_text(MINIMAL)

    assert findings(".") == [("sub/loop", 1, 1, "symlink-loop")]


def test_a_file_without_permission_is_reported(folder, monkeypatch):
    (folder / "a.yaml").write_text(MINIMAL)
    monkeypatch.setattr(files, "_text", _refuse)

    assert findings("a.yaml") == [("a.yaml", 1, 1, "unreadable")]


def test_a_folder_without_permission_is_reported_with_the_other_findings(folder, monkeypatch):
    (folder / "a.yaml").write_text(MINIMAL + "x: 1\n")
    (folder / "secret").mkdir()
    real = os.scandir

    def scandir(path):
        return _refuse(path) if str(path).endswith("secret") else real(path)

    monkeypatch.setattr(os, "scandir", scandir)

    assert findings(".") == [("a.yaml", 2, 1, "unknown-key"), ("secret", 1, 1, "unreadable")]


def _refuse(path):
    raise PermissionError(13, "Permission denied", str(path))


def test_a_file_that_is_far_too_large_is_reported(folder, monkeypatch):
    monkeypatch.setattr(files, "_SIZE_LIMIT", 100)
    (folder / "c.yaml").write_text(MINIMAL + "#" * 100)

    assert findings("c.yaml") == [("c.yaml", 1, 1, "too-large")]


def test_a_file_name_that_is_not_text_can_be_shown(folder):
    path = os.fsencode(folder) + b"/caf\xe9.yaml"
    Path(os.fsdecode(path)).write_text("x: 1\n")

    found = {each.file for each in load(Path()).diagnostics}

    assert found == {"caf\\xe9.yaml"}


@pytest.mark.parametrize("number", [2, 10])
def test_a_folder_of_several_workspaces_is_one_finding_with_what_to_pass(loaded, number):
    one = "workspace: {{name: Tenant {0}}}\ntask_queues: [{{name: Q}}]\nworkflows: [{{name: F, x: 1}}]\n"

    configuration = loaded({f"{each:02}.yaml": one.format(each) for each in range(number)})

    [finding] = configuration.diagnostics
    assert (finding.code, finding.file, finding.line, finding.column) == ("several-workspaces", "01.yaml", 1, 1)
    more = "'Tenant 1'" if number == 2 else "'Tenant 1', 'Tenant 2', …"
    assert finding.message == (
        f"these are {number} workspaces ('Tenant 0', {more}), and a PATH is one; the first is at 00.yaml:1:1. "
        "Pass each as a PATH of its own, as in ./*.yaml"
    )


@pytest.fixture
def standard_input(monkeypatch):
    def put(text):
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text.encode())))

    return put


def test_a_dash_is_standard_input_read_once(standard_input, folder, capsys):
    (folder / "people.csv").write_text("name\nann\n")
    standard_input("workspace: {name: '${n}'}\nworkers: {csv: people.csv}\ntask_queues: [{name: Q, x: 1}]\n")

    code = run(["validate", "-", "--var", "n=W"])

    assert code == 3
    assert capsys.readouterr().out == "<stdin>:3:25: error: unknown key `x`; known here: name, renamed_from, target_workers, max_reserved_workers, task_order, reservation_activity, assignment_activity [unknown-key] (task_queues[0].x)\n"  # fmt: skip


@pytest.mark.usefixtures("folder")
def test_standard_input_is_planned_and_applied_like_a_file(standard_input, capsys):
    text = "workspace: {name: W}\ntask_queues: [{name: Q}]\n"
    for command in (["plan", "-"], ["apply", "-", "--auto-approve"], ["diff", "-", "W"]):
        standard_input(text)
        assert run([*command, "--local"]) == 0, capsys.readouterr().err

    assert "No differences" in capsys.readouterr().out
    standard_input(text)
    assert run(["plan", "-", "--local", "--base-ref", "HEAD"]) == 64
