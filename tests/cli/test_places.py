"""Many workspaces are called alike: wherever one is named, account, server or database, and SID are named, too."""

import io
import json
import re
import sys

import pytest

from tr_apply.cli import run
from tr_apply.deployment.clients import Clients
from tr_apply.deployment.target_options import TargetOptions
from tr_apply.plan.change import PlanTarget
from tr_apply.report.wording import full_name, where

TEXT = "workspace: {name: Center}\ntask_queues: [{name: A}]\n"
ACCOUNT, WORKSPACE = "AC" + "1" * 32, "WS" + "2" * 32


@pytest.fixture(autouse=True)
def _file(tmp_path):
    (tmp_path / "w.yaml").write_text(TEXT)


class Terminal(io.StringIO):
    """Text that somebody types."""

    def isatty(self):
        return True


PLACES = [
    ({"region": "us1", "host": "taskrouter.twilio.com"}, "region us1"),
    ({"region": "ie1", "host": "taskrouter.dublin.ie1.twilio.com"}, "region ie1"),
    ({"region": "http://127.0.0.1:8080", "host": "127.0.0.1:8080"}, "host 127.0.0.1:8080"),
    ({"region": "local", "database": "world.db"}, "database world.db"),
    ({"host": "taskrouter.twilio.com"}, "host taskrouter.twilio.com"),
]


@pytest.mark.parametrize(("place", "words"), PLACES)
def test_a_target_is_named_with_everything_that_distinguishes_it(place, words):
    target = PlanTarget("Center", ACCOUNT, WORKSPACE, **place)

    assert where(target) == f"account {ACCOUNT}, {words}"
    assert full_name(target) == f"Center ({WORKSPACE}, account {ACCOUNT}, {words})"


def test_a_workspace_that_is_not_there_yet_is_new():
    assert full_name(PlanTarget("Center", None, None)) == "Center (new workspace)"


@pytest.mark.parametrize(
    ("options", "host", "database"),
    [
        ({"base_url": "https://Example.com:8443/x"}, "example.com:8443", None),
        ({}, "taskrouter.twilio.com", None),
        ({"local_db": "some.db"}, None, "some.db"),
        ({"local": True}, None, ".tr-apply/local.db"),
    ],
)
def test_a_client_knows_its_server_or_its_database(options, host, database):
    environment = {"TWILIO_ACCOUNT_SID": ACCOUNT, "TWILIO_AUTH_TOKEN": "x"}
    found = []

    Clients(TargetOptions(**options), environment, found.append).of(None)

    assert [(each.host, each.database) for each in found] == [(host, database)]


def test_the_plan_says_where_in_every_format(capsys):
    formats = {}
    for name in ("text", "json", "markdown", "html"):
        assert run(["plan", "w.yaml", "--local-db", "world.db", "--format", name]) == 0
        formats[name] = capsys.readouterr().out

    [plan] = json.loads(formats.pop("json"))["plans"]
    assert plan["target"]["database"] == "world.db"
    assert "host" not in plan["target"]
    assert all("database world.db" in text for text in formats.values())


ON_GITHUB = {"GITHUB_SERVER_URL": "https://github.com", "GITHUB_REPOSITORY": "o/r", "GITHUB_RUN_ID": "7"}


@pytest.mark.parametrize(("options", "links"), [([], False), (["--out", "w.plan.json"], True)])
def test_a_comment_links_the_artifacts_of_a_run_that_saves_its_plan(capsys, monkeypatch, options, links):
    for name, value in ON_GITHUB.items():
        monkeypatch.setenv(name, value)

    assert run(["plan", "w.yaml", "--local-db", "world.db", "--format", "markdown", *options]) == 0

    text = capsys.readouterr().out
    assert ("[The whole plan](https://github.com/o/r/actions/runs/7#artifacts)" in text) is links


def test_where_the_database_is_does_not_make_another_plan(capsys, tmp_path):
    ids = []
    for database in ("world.db", str(tmp_path / "world.db")):
        assert run(["plan", "w.yaml", "--local-db", database, "--format", "json"]) == 0
        ids.append(json.loads(capsys.readouterr().out)["plans"][0]["plan_id"])

    assert ids[0] == ids[1]


def test_the_question_says_where(capsys, monkeypatch, tmp_path):
    assert run(["apply", "w.yaml", "--local-db", "world.db", "--auto-approve"]) == 0
    (tmp_path / "w.yaml").write_text(TEXT.replace("]", ", {name: B}]"))
    monkeypatch.setattr(sys, "stdin", Terminal("no\n"))
    capsys.readouterr()

    assert run(["apply", "w.yaml", "--local-db", "world.db"]) == 6

    place = r"Center \(WS\w{32}, account AC\w{32}, database world\.db\)"
    assert re.search(rf"^  {place}\nApply these changes\?", capsys.readouterr().err, re.MULTILINE)


def test_destroy_says_where_before_it_asks_for_the_name(capsys, monkeypatch):
    assert run(["apply", "w.yaml", "--local-db", "world.db", "--auto-approve"]) == 0
    monkeypatch.setattr(sys, "stdin", Terminal("no\n"))
    capsys.readouterr()

    assert run(["destroy", "w.yaml", "--local-db", "world.db"]) == 6

    place = r"Center \(WS\w{32}, account AC\w{32}, database world\.db\)"
    assert re.search(rf"This deletes the workspace {place} with ", capsys.readouterr().err)
