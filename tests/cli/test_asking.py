"""A person at a terminal is asked, and sees the progress; files are written completely or not at all."""

import asyncio
import io
import json
import os
import stat
import sys
import threading
from dataclasses import replace

import pytest

from tr_apply.apply import Result
from tr_apply.cli import run
from tr_apply.cli.output import Output
from tr_apply.cli.progress import shown_progress
from tr_apply.errors import TrApplyError
from tr_apply.plan.change import Action, Operation, Plan, PlanTarget, Verb, Write
from tr_apply.resources.template import SidOf
from tr_apply.whole_file import write_file

LOCAL = ["--local-db", "world.db"]
TEXT = "workspace: {name: Center}\ntask_queues: [{name: A}, {name: B}]\n"


class Terminal(io.StringIO):
    """Text that somebody types, or reads."""

    def isatty(self):
        return True


@pytest.fixture(autouse=True)
def _files(tmp_path):
    (tmp_path / "w.yaml").write_text(TEXT)
    (tmp_path / "x.yaml").write_text(TEXT.replace("Center", "Other"))


@pytest.fixture
def types(monkeypatch):
    return lambda text: monkeypatch.setattr(sys, "stdin", Terminal(text))


ANSWERS = [("yes\n", 0), ("y\n", 6), ("no\n", 6), ("", 6), ("YES\n", 6)]


@pytest.mark.parametrize(("answer", "code"), ANSWERS)
def test_only_yes_is_yes(capsys, types, answer, code):
    types(answer)

    assert run(["apply", "w.yaml", *LOCAL]) == code

    printed = capsys.readouterr()
    assert "Apply these changes? Type 'yes'" in printed.err
    assert run(["plan", "w.yaml", *LOCAL, "--detailed-exitcode"]) == (0 if code == 0 else 2)


def leave():
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("leaves", "said"),
    [(lambda: "", "Error: not approved, so nothing was written"), (leave, "Error: interrupted; nothing was written")],
    ids=["Ctrl-D", "Ctrl-C"],
)
def test_the_message_after_an_unanswered_question_is_a_line_of_its_own(capsys, types, monkeypatch, leaves, said):
    types("")
    monkeypatch.setattr(sys.stdin, "readline", leaves)

    run(["apply", "w.yaml", *LOCAL])

    assert capsys.readouterr().err.splitlines()[-2:] == ["Apply these changes? Type 'yes' to confirm: ", said]


def test_one_question_for_several_workspaces(capsys, types):
    types("yes\n")

    assert run(["apply", "w.yaml", "x.yaml", *LOCAL]) == 0

    assert capsys.readouterr().err.count("Apply these changes to 2 workspaces?") == 1


def test_the_person_asked_sees_the_plan_even_if_the_result_goes_elsewhere(capsys, types):
    types("yes\n")

    assert run(["apply", "w.yaml", *LOCAL, "--format", "json"]) == 0

    printed = capsys.readouterr()
    assert "+ workspace Center" in printed.err
    assert json.loads(printed.out)["plans"][0]["verified"] is True


def test_nobody_is_asked_if_there_is_nothing_to_do(capsys, types):
    types("yes\n")
    run(["apply", "w.yaml", *LOCAL])
    types("")
    capsys.readouterr()

    assert run(["apply", "w.yaml", *LOCAL]) == 0
    assert "Type 'yes'" not in capsys.readouterr().err


def test_who_is_not_asked_because_consent_is_missing_reads_how_a_plan_is_approved(capsys, tmp_path, types):
    run(["apply", "w.yaml", *LOCAL, "--auto-approve"])
    (tmp_path / "w.yaml").write_text(TEXT.replace(", {name: B}", ""))
    types("yes\n")

    assert run(["apply", "w.yaml", *LOCAL]) == 6

    *_, last = capsys.readouterr().err.splitlines()
    assert last == (
        "  approving a plan means: plan --out FILE saves it, somebody reviews it, and apply --plan FILE applies it"
    )
    assert run(["plan", "w.yaml", *LOCAL, "--out", "reviewed.json"]) == 0
    assert run(["apply", *LOCAL, "--plan", "reviewed.json"]) == 0


@pytest.mark.parametrize(("typed", "code"), [("Center\n", 0), ("center\n", 6), ("", 6)])
def test_the_name_of_the_workspace_to_destroy_is_typed(capsys, types, typed, code):
    run(["apply", "w.yaml", *LOCAL, "--auto-approve"])
    types(typed)

    assert run(["destroy", "w.yaml", *LOCAL]) == code

    assert "2 task queues" in capsys.readouterr().err


def test_a_target_alone_is_applied(capsys):
    assert run(["apply", "w.yaml", *LOCAL, "--target", "queue/A"]) == 64
    assert run(["apply", "w.yaml", *LOCAL, "--target", "task_queue/A", "--auto-approve"]) == 0
    assert "task_queue B" not in capsys.readouterr().out


# How far it has come


def plan_of(count):
    writes = [Write(Verb.CREATE, SidOf("task_queue", f"Q{n}"), None) for n in range(count)]
    operations = [
        Operation(Action.CREATE, "task_queue", w.target.name, None, writes=(w,), id=f"op-{n}")
        for n, w in enumerate(writes)
    ]
    return Plan(PlanTarget("Center", None, None), operations)


def show(output, plans, results):
    """Show the *results* of each of *plans*, made from its operations."""

    async def shown():
        async with shown_progress(plans, output) as progress_of:
            for plan in plans:
                for result in results(plan.operations):
                    progress_of(plan)(result)

    asyncio.run(shown())


def told(output, plans):
    show(output, plans, lambda them: [Result(them[0], requests=1), Result(them[1], failed=True, error="no")])


def test_progress_is_a_line_for_each_request(capsys):
    told(Output("apply"), [plan_of(2)])

    lines = capsys.readouterr().err.splitlines()
    assert [line.split() for line in lines] == [
        ["[1/2]", "done", "+", "task_queue", "Q0"],
        ["[2/2]", "failed", "+", "task_queue", "Q1"],
    ]


def test_progress_is_shown_although_nothing_else_ends(capsys):
    plan = plan_of(2)

    async def first_line():
        async with shown_progress([plan], Output("apply")) as progress_of:
            progress_of(plan)(Result(plan.operations[0], requests=1))
            while not (shown := capsys.readouterr().err):  # noqa: ASYNC110  # a print sets no event
                await asyncio.sleep(0)
            return shown

    assert asyncio.run(first_line()) == "[1/2] done + task_queue Q0\n"


def test_progress_names_the_workspace_where_there_are_several(capsys):
    told(Output("apply"), [plan_of(2), plan_of(2)])

    lines = capsys.readouterr().err.splitlines()
    assert [line.split()[:2] for line in lines] == [["Center:", f"[{number}/4]"] for number in range(1, 5)]


def test_quiet_shows_no_progress(capsys):
    told(Output("apply", quiet=True), [plan_of(2)])

    assert capsys.readouterr().err == ""


def test_progress_is_a_bar_on_a_terminal(monkeypatch):
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)

    told(Output("apply"), [plan_of(2), plan_of(3)])

    assert "task_queue Q1" in screen.getvalue()


# Files


def test_a_file_is_replaced_wholly_and_keeps_its_permissions(tmp_path):
    path = tmp_path / "plan.json"
    write_file(path, "one")
    assert stat.S_IMODE(path.stat().st_mode) & 0o400
    path.chmod(0o640)

    write_file(path, "two")

    assert path.read_text() == "two"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert [each.name for each in tmp_path.iterdir() if each.name.startswith(".")] == []


def test_a_link_stays_a_link(tmp_path):
    (tmp_path / "real.json").write_text("old")
    (tmp_path / "link.json").symlink_to("real.json")

    write_file(tmp_path / "link.json", "new")

    assert (tmp_path / "link.json").is_symlink()
    assert (tmp_path / "real.json").read_text() == "new"


def test_a_pipe_is_written_to(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    read = []
    reader = threading.Thread(target=lambda: read.append((tmp_path / "pipe").read_text()))
    reader.start()

    write_file(tmp_path / "pipe", "text")

    reader.join(20)
    assert read == ["text"]
    assert not (tmp_path / "pipe").is_file()


def test_a_file_that_cannot_be_written_leaves_nothing(tmp_path, monkeypatch):
    def full(*_arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tr_apply.whole_file.Path.replace", full)

    with pytest.raises(TrApplyError, match="No space left"):
        write_file(tmp_path / "plan.json", "text")

    assert not [each for each in tmp_path.iterdir() if "plan" in each.name]


def test_a_result_in_parts_is_one_file(tmp_path):
    assert run(["apply", "w.yaml", *LOCAL, "--auto-approve", "--output", "result.txt"]) == 0

    text = (tmp_path / "result.txt").read_text()
    assert text.index("+ workspace Center") < text.index("Verified")


def test_progress_counts_operations_with_room_for_the_last_number(capsys):
    show(Output("apply"), [plan_of(11)], lambda operations: [Result(each, requests=1) for each in operations[:3]])

    assert capsys.readouterr().err.splitlines()[-1] == "[ 3/11] done + task_queue Q2"


def test_progress_counts_earlier_operations_and_shows_the_rest(capsys):
    show(
        Output("apply"),
        [plan_of(11)],
        lambda operations: [Result(replace(operations[0], writes=())), Result(operations[1], requests=1)],
    )

    assert capsys.readouterr().err == "[ 2/11] done + task_queue Q1\n"
