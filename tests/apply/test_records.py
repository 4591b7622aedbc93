"""``--journal`` and ``--undo-out`` from the command line."""

import gc
import json
from collections import Counter

import pytest

from tests.faults.configurations import CONSENT_TO_SMALL_CHANGED, SMALL, SMALL_CHANGED
from tr_apply.cli import run
from tr_apply.errors import NetworkError

CANARY = "canary-5ecret"


@pytest.fixture
def folder(alone, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    (alone / "first.yaml").write_text(SMALL)
    (alone / "second.yaml").write_text(SMALL_CHANGED)
    return alone


@pytest.fixture
def cli(folder, capfd):  # noqa: ARG001  # the command line works in it
    """The command line on the embedded TaskRouter: its exit code, and what it said."""

    def tr_apply(command, *arguments):
        code = run([command, *arguments, "--local"])
        gc.enable()
        out, err = capfd.readouterr()
        assert CANARY not in out + err
        assert "Traceback" not in err
        return code, out, err

    return tr_apply


def lines(folder):
    return [json.loads(line) for line in (folder / "journal").read_text().splitlines()]


def test_the_journal_records_a_run_from_its_beginning_to_its_end(cli, folder):
    assert cli("apply", "first.yaml", "--auto-approve", "--journal", "journal")[0] == 0
    assert cli("apply", "second.yaml", "--auto-approve", *CONSENT_TO_SMALL_CHANGED, "--journal", "journal")[0] == 0

    found = lines(folder)
    counts = Counter(each["event"] for each in found)
    assert counts == {"begin": 2, "before": counts["before"], "send": 17, "answer": 17, "end": 2}
    first, second = found[0], found[-1]
    assert (first["event"], first["workspace"], first["workspace_sid"], first["requests"]) == (
        "begin",
        "Support",
        None,
        10,
    )
    assert (second["event"], second["verified"], second["not_done"]) == ("end", True, {})
    assert first["run"] != second["run"]


def test_a_journal_that_cannot_be_opened_is_an_error_before_anything_else(cli, folder):
    code, _, err = cli("apply", "first.yaml", "--auto-approve", "--journal", "nowhere/journal")

    assert code == 1
    assert "the journal nowhere/journal cannot be opened: No such file or directory" in err
    assert not (folder / ".tr-apply" / "local.db").exists()


def test_the_way_back_leads_back(cli):
    cli("apply", "first.yaml", "--auto-approve")
    _, before, _ = cli("export", "Support")

    code, out, _ = cli("apply", "second.yaml", "--auto-approve", *CONSENT_TO_SMALL_CHANGED, "--undo-out", "undo.json")

    assert code == 0
    assert "Note: not taken back by --undo-out: the worker 'bob' comes back with a new SID" in out
    assert cli("export", "Support")[1] != before
    code, out, err = cli("apply", "--plan", "undo.json", "--undo-out", "redo.json")
    assert code == 0, (out, err)
    assert cli("export", "Support")[1] == before
    assert cli("apply", "--plan", "redo.json")[0] == 0
    assert cli("plan", "second.yaml", "--detailed-exitcode")[0] == 0


def test_a_way_back_that_is_not_the_way_any_more_is_refused(cli):
    cli("apply", "first.yaml", "--auto-approve", "--undo-out", "undo.json")
    cli("apply", "second.yaml", "--auto-approve", *CONSENT_TO_SMALL_CHANGED)

    code, _, err = cli("apply", "--plan", "undo.json")

    assert code == 5
    assert "changed since it was made" in err


def test_a_new_workspace_is_taken_back_as_a_whole(cli):
    cli("apply", "first.yaml", "--auto-approve", "--undo-out", "undo.json")

    code, out, err = cli("apply", "--plan", "undo.json")

    assert code == 0, (out, err)
    assert "- workspace Support" in out
    assert cli("export", "Support")[0] == 1


@pytest.mark.parametrize("protected", ["workspace/Supp*", "worker/carol"])
def test_a_protected_resource_is_not_deleted_on_the_way_back_either(cli, folder, protected):
    kept = SMALL.replace("max_deletes: 100%", f"max_deletes: 100%, protect: [{protected}]")
    (folder / "first.yaml").write_text(kept)
    if "carol" in protected:
        cli("apply", "first.yaml", "--auto-approve")
        (folder / "first.yaml").write_text(
            kept.replace("{name: bob, attributes: {}}", "{name: bob}\n  - {name: carol}")
        )
    cli("apply", "first.yaml", "--auto-approve", "--undo-out", "undo.json")

    code, _, err = cli("apply", "--plan", "undo.json")

    assert code == 6
    assert "protected" in err
    assert cli("plan", "first.yaml", "--detailed-exitcode")[0] == 0


def test_a_way_back_with_secrets_needs_the_configuration_that_has_them(cli, folder):
    secret = SMALL.replace("{skills: [sales]}", "{skills: [sales], phone: PHONE}") + (
        "manage: {workers: {sensitive: [attributes.phone]}}\n"
    )
    (folder / "first.yaml").write_text(secret.replace("PHONE", CANARY))
    (folder / "second.yaml").write_text(secret.replace("PHONE", "other"))
    journal = ("--journal", "journal")
    cli("apply", "first.yaml", "--auto-approve", *journal)
    cli("apply", "second.yaml", "--auto-approve", *journal, "--undo-out", "undo.json")

    assert cli("apply", "--plan", "undo.json")[0] == 64
    assert cli("apply", "--plan", "undo.json", "second.yaml")[0] == 5
    assert cli("apply", "--plan", "undo.json", "first.yaml", *journal)[0] == 0

    assert cli("plan", "first.yaml", "--detailed-exitcode")[0] == 0
    assert all(CANARY not in (folder / each).read_text() for each in ("undo.json", "journal"))


def test_somebody_with_a_secret_who_was_renamed_gets_back_the_former_name(cli, folder):
    text = (
        "workspace: {{name: Shop}}\nmanage: {{workers: {{sensitive: [attributes.phone]}}}}\nworkers: [{{{worker}}}]\n"
    )
    (folder / "first.yaml").write_text(text.format(worker="name: al, attributes: {phone: canary}"))
    renamed = text.format(worker="name: alfa, renamed_from: [al], attributes: {phone: other}")
    (folder / "second.yaml").write_text(renamed)
    cli("apply", "first.yaml", "--auto-approve")
    cli("apply", "second.yaml", "--auto-approve", "--undo-out", "undo.json")

    code, _, err = cli("apply", "--plan", "undo.json", "first.yaml")  # which knows nothing of the new name

    assert code == 0, err
    assert cli("plan", "first.yaml", "--detailed-exitcode")[0] == 0


def test_a_file_for_the_way_back_that_cannot_be_written_is_an_error_before_the_first_write(cli, folder):
    (folder / "file").write_text("")

    code, _, err = cli("apply", "first.yaml", "--auto-approve", "--undo-out", "file/undo.json")

    assert code == 1
    assert "undo.json cannot be written" in err
    assert cli("export", "Support")[0] == 1


def test_an_old_way_back_does_not_stay_when_a_new_apply_begins(cli, monkeypatch):
    cli("apply", "first.yaml", "--auto-approve", "--undo-out", "undo.json")

    async def died(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("tr_apply.deployment.deployment.Deployment.apply", died)
    cli("apply", "second.yaml", "--auto-approve", *CONSENT_TO_SMALL_CHANGED, "--undo-out", "undo.json")

    code, _, err = cli("apply", "--plan", "undo.json")
    assert code == 6
    assert "there is no plan in it: the apply that this would undo did not finish; its journal" in err


def test_where_nothing_changed_there_is_nothing_to_take_back(cli, folder):
    cli("apply", "first.yaml", "--auto-approve", "--undo-out", "undo.json")
    cli("apply", "first.yaml", "--auto-approve", "--undo-out", "undo.json")

    code, out, _ = cli("apply", "--plan", "undo.json")

    assert code == 0
    assert "No changes." in out
    assert [plan["operations"] for plan in json.loads((folder / "undo.json").read_text())["plans"]] == [[]]


def test_several_workspaces_have_one_way_back(cli, folder):
    (folder / "other.yaml").write_text(SMALL.replace("name: Support", "name: Other", 1))
    cli("apply", "first.yaml", "other.yaml", "--auto-approve", "--undo-out", "undo.json", "--journal", "journal")

    assert len(json.loads((folder / "undo.json").read_text())["plans"]) == 2
    assert Counter(each["event"] for each in lines(folder))["end"] == 2
    assert cli("apply", "--plan", "undo.json")[0] == 0
    assert cli("export", "Other")[0] == 1


def test_without_a_way_back_the_apply_is_not_called_complete(cli, monkeypatch):
    async def failed(*_):
        raise NetworkError("no answer")

    monkeypatch.setattr("tr_apply.deployment.undo.Undo.plan", failed)

    code, _, err = cli("apply", "first.yaml", "--auto-approve", "--undo-out", "undo.json")

    assert code == 4
    assert "the changes were made, but the undo plan could not be written: no answer" in err


def test_a_journal_leads_back_and_holds_no_secret(cli, folder):
    secret = "workspace: {{name: Shop, event_callback_url: 'https://example.com/{0}'}}\nworkers: [{{name: ann, attributes: {{code: '{0}', level: {1}}}}}]\nmanage: {{workspace: {{sensitive: [event_callback_url]}}, workers: {{sensitive: [attributes]}}}}\n"
    (folder / "old.yaml").write_text(secret.format("f0rmer-5ecret", 1))
    (folder / "new.yaml").write_text(secret.format("n3w-5ecret", 2))
    assert cli("apply", "old.yaml", "--auto-approve")[0] == 0
    assert cli("apply", "new.yaml", "--auto-approve", "--journal", "journal")[0] == 0

    code, out, err = cli("plan", "--undo", "journal", "--out", "undo.json", "--format", "json")

    assert code == 0, err
    written = (folder / "journal").read_text() + (folder / "undo.json").read_text() + out
    assert "5ecret" not in written
    assert cli("apply", "--plan", "undo.json", "old.yaml")[0] == 0
    assert cli("plan", "old.yaml", "--detailed-exitcode")[0] == 0


def test_only_the_last_run_is_taken_back_once_the_one_before_has_ended(cli, folder):
    text = "workspace: {{name: Shop}}\ntask_queues: [{{name: A, max_reserved_workers: {}}}]\n"
    for number in (1, 2, 3):
        (folder / "shop.yaml").write_text(text.format(number))
        assert cli("apply", "shop.yaml", "--auto-approve", "--journal", "journal")[0] == 0

    code, out, _ = cli("plan", "--undo", "journal", "--format", "json")

    [plan] = json.loads(out)["plans"]
    [operation] = plan["operations"]
    assert code == 0
    assert [(each["before"], each["after"]) for each in operation["changes"]] == [(3, 2)]


@pytest.mark.parametrize("options", [["shop.yaml"], ["--target", "task_queue/A"], ["--var", "A=1"]])
def test_a_way_back_takes_everything_from_the_journal(cli, folder, options):
    (folder / "shop.yaml").write_text("workspace: {name: Shop}\n")

    assert cli("plan", "--undo", "journal", *options)[0] == 64


def test_a_file_that_is_not_a_journal_is_refused(cli, folder):
    (folder / "shop.yaml").write_text("workspace: {name: Shop}\n")

    assert cli("plan", "--undo", "shop.yaml")[0] == 6
    assert cli("plan", "--undo", "nowhere")[0] == 1
