"""Several workspaces in one run: concurrent and independent, with one summary and the worst exit code."""

import asyncio
import json

import pytest

from tr_apply.cli import run
from tr_apply.deployment.fleet import SIDE_BY_SIDE, Fleet, Member
from tr_apply.envelope import worst
from tr_apply.errors import RefusedError

LOCAL = ["--local-db", "world.db"]
TEXT = "workspace: {{name: {name}}}\ntask_queues: [{{name: A}}, {{name: B}}]\n"
LESS = "workspace: {{name: {name}}}\ntask_queues: [{{name: A}}]\n"


@pytest.fixture
def write(tmp_path):
    def to(name, text=TEXT, **values):
        (tmp_path / f"{name}.yaml").write_text(text.format(name=name, **values))
        return f"{name}.yaml"

    return to


@pytest.fixture
def cli(capsys):
    def call(*arguments):
        code = run([*arguments, *LOCAL])
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return call


def test_thirty_workspaces_are_planned_and_applied_in_the_order_of_their_paths(cli, write):
    paths = [write(f"Center{number:02}") for number in range(30)]

    code, out, err = cli("apply", *paths, "--auto-approve", "--format", "json")

    document = json.loads(out)
    assert code == 0, err
    assert [plan["target"]["workspace"] for plan in document["plans"]] == [path.removesuffix(".yaml") for path in paths]
    assert {plan["verified"] for plan in document["plans"]} == {True}
    assert cli("plan", *paths, "--detailed-exitcode")[0] == 0


def test_one_summary_at_the_end_lists_every_path(cli, write):
    write("Done")
    cli("apply", "Done.yaml", "--auto-approve")
    write("Broken", "workspace: {{name: {name}, what: 1}}")
    write("New")

    code, out, err = cli("plan", "New.yaml", "Broken.yaml", "Done.yaml")

    assert code == 3
    assert "Broken.yaml:1:" in err
    summary = out[out.index("path ") :].splitlines()
    assert [line.split()[0] for line in summary] == ["path", "New.yaml", "Broken.yaml", "Done.yaml"]
    assert "3 to create; 3 requests" in summary[1]
    assert "exit 3" in summary[2]
    assert "no changes" in summary[3]


def test_the_summary_lists_workspaces_without_changes(cli, write):
    cli("apply", write("Done"), "--auto-approve")

    code, out, _ = cli("apply", "Done.yaml", write("New"), "--auto-approve")

    assert code == 0
    _, done, new = out[out.index("path ") :].splitlines()
    assert done.split(maxsplit=2) == ["Done.yaml", "Done", "no changes"]
    assert "3 of 3 done; 3 requests; verified" in new


def test_results_are_not_mixed_up(cli, write):
    paths = [write(name) for name in ("One", "Two", "Three")]

    _, out, err = cli("apply", *paths, "--auto-approve")

    positions = [out.index(f"\n{name}:\n") for name in ("One", "Two", "Three")]
    assert positions == sorted(positions)
    assert out.count("Verified") == 3
    heads = [line.split()[:2] for line in err.splitlines()]
    assert {workspace for workspace, _ in heads} == {"One:", "Two:", "Three:"}
    assert [position for _, position in heads] == [f"[{number}/9]" for number in range(1, 10)]


def test_one_path_alone_has_no_summary(cli, write):
    _, out, _ = cli("plan", write("One"))

    assert "outcome" not in out


def test_one_that_is_refused_does_not_stop_the_others(cli, write):
    paths = [write(name) for name in ("One", "Two")]
    cli("apply", *paths, "--auto-approve")
    write("One", LESS)
    write("Two", TEXT.replace("{{name: B}}", "{{name: B, max_reserved_workers: 2}}"))

    code, out, err = cli("apply", *paths, "--auto-approve")

    assert code == 6
    assert "Error: One.yaml: nothing was written" in err
    assert out.count("Verified") == 1
    assert cli("plan", "Two.yaml", "--detailed-exitcode")[0] == 0


WORST = [
    ([0, 2], 2),
    ([6, 2, 0], 6),
    ([5, 6], 5),
    ([3, 5, 6], 3),
    ([1, 3], 1),
    ([64, 3], 64),
    ([4, 1], 4),
    ([130, 4, 0], 130),
    ([], 0),
]


@pytest.mark.parametrize(("codes", "expected"), WORST)
def test_the_worst_exit_code_counts(codes, expected):
    assert worst(codes) == worst(codes[::-1]) == expected


# Twice the same

TWICE = {
    "the same file": ("X", TEXT, "X", TEXT),
    "the same name": ("X", TEXT, "Y", TEXT.replace("{name}", "x")),
    "a new name and the former one": (
        "X",
        "workspace: {{name: New, renamed_from: [Old]}}",
        "Y",
        "workspace: {{name: Old}}",
    ),
    "a new name that another makes": (
        "X",
        "workspace: {{name: Fresh, renamed_from: [Old]}}",
        "Y",
        "workspace: {{name: Fresh}}\nactivities: []",
    ),
}


@pytest.mark.parametrize("command", [["plan"], ["apply", "--auto-approve"]], ids=lambda command: command[0])
@pytest.mark.parametrize("case", TWICE)
def test_the_same_workspace_twice_is_refused_before_anything_is_written(cli, write, command, case):
    cli("apply", write("Old", "workspace: {{name: {name}}}"), "--auto-approve")
    one, text, other, other_text = TWICE[case]
    paths = [write(one, text), write(other, other_text), write("Free")]
    before = cli("diff", "Old.yaml", "Old", "--format", "json")[1]

    code, out, _ = cli(*command, *paths, "--format", "json")

    document = json.loads(out)
    assert code == 3
    assert {error["code"] for error in document["errors"]} == {"workspace-twice"}
    assert [error["file"] for error in document["errors"]] == paths[:2]
    assert all("make them one PATH, or leave one out" in error["message"] for error in document["errors"])
    assert cli("diff", "Old.yaml", "Old", "--format", "json")[1] == before
    assert cli("plan", "Free.yaml", "--detailed-exitcode")[0] == (0 if command[0] == "apply" else 2)


# Concurrency


class Rooms:
    """Counts how many are inside concurrently."""

    def __init__(self):
        self.now = self.most = 0
        self.left = set()

    async def enter(self, member):
        self.now += 1
        self.most = max(self.most, self.now)
        for _ in range(5 if member.name == "0" else 1):
            await asyncio.sleep(0)
        self.now -= 1
        self.left.add(member.name)
        if member.name == "2":
            raise RefusedError("no")
        if member.name == "3":
            raise ZeroDivisionError


def test_a_limited_number_runs_concurrently_and_one_failure_stops_no_other():
    rooms = Rooms()
    members = [Member(str(number)) for number in range(3 * SIDE_BY_SIDE)]

    with pytest.raises(ZeroDivisionError):
        asyncio.run(Fleet(members).each(members, rooms.enter))

    assert rooms.most == SIDE_BY_SIDE
    assert rooms.left == {member.name for member in members}
    assert [member.exit_code for member in members[:4]] == [0, 0, 6, 0]


# Accounts


ACCOUNTS = """
workspace: {{name: {name}, credentials: {{account_sid_env: TWILIO_{name}_SID, auth_token_env: TWILIO_{name}_TOKEN}}}}
task_queues: [{{name: A}}]
"""


def test_one_run_serves_several_accounts(capsys, write, monkeypatch, silent_server):
    monkeypatch.setenv("TWILIO_ONE_SID", "AC" + "1" * 32)
    monkeypatch.setenv("TWILIO_ONE_TOKEN", "canary-one")
    paths = [write("ONE", ACCOUNTS), write("TWO", ACCOUNTS)]

    code = run(["plan", *paths, "--base-url", silent_server.url, "--timeout", "0.3", "--format", "json"])

    printed = capsys.readouterr()
    errors = json.loads(printed.out)["errors"]
    assert code == 1
    assert [error["code"] for error in errors] == ["timeout", "no-target"]
    assert "TWILIO_TWO_SID" in errors[1]["message"]
    assert "canary-one" not in printed.out + printed.err


def test_a_target_that_one_of_several_has_leaves_the_others_as_they_are(cli, write):
    write("One"), write("Two", LESS)

    code, out, _ = cli(
        "apply", "One.yaml", "Two.yaml", "--target", "task_queue/B", "--auto-approve", "--format", "json"
    )

    assert code == 0
    made = {each["target"]["workspace"]: [op["name"] for op in each["operations"]] for each in json.loads(out)["plans"]}
    assert made == {"One": ["One", "B"], "Two": []}


def test_a_target_that_is_deleted_in_one_of_several_is_known(cli, write):
    cli("apply", write("One"), write("Two"), "--auto-approve")
    write("One", LESS)

    code, out, _ = cli("plan", "One.yaml", "Two.yaml", "--target", "task_queue/B", "--format", "json")

    assert code == 0
    assert [[op["action"] for op in each["operations"]] for each in json.loads(out)["plans"]] == [["delete"], []]


def test_a_target_that_none_of_several_has_is_a_usage_error_before_any_write(cli, write):
    code, _, err = cli("apply", write("One"), write("Two"), "--target", "task_queue/C", "--auto-approve")

    assert code == 64
    assert (
        err.count("--target task_queue/C: there is no such task queue, neither declared nor about to be deleted") == 2
    )
    assert cli("export", "One")[0] == 1


def test_credentials_of_a_workspace_are_not_asked_for_with_local(cli, write):
    assert cli("plan", write("ONE", ACCOUNTS), write("TWO", ACCOUNTS))[0] == 0
