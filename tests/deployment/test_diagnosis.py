"""``doctor``: each check, against the embedded TaskRouter with restricted access."""

import asyncio
import json
import socket

import pytest

from tr_apply.cli import run
from tr_apply.cli.doctor import diagnosis_text
from tr_apply.client import Client
from tr_apply.deployment.diagnosis import diagnosed
from tr_apply.local import open_app
from tr_apply.transport import Connection, Patience, in_process

ACCOUNT = "AC" + "1" * 32
SECRET = "canary-t0ken-5ecret"
TWILIO = Connection("http://test", ACCOUNT, SECRET, ACCOUNT, ("TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN"), "ie1", "test")
KEY = Connection(
    "http://test", "SK" + "2" * 32, SECRET, ACCOUNT, ("TWILIO_API_KEY", "TWILIO_API_SECRET"), "us1", "test"
)


def gate(app, *, refused=(), more=()):
    """*app*, but requests of *refused* methods get 403, and every answer has *more* headers."""

    async def guarded(scope, receive, send):
        if scope["method"] in refused:
            await send({"type": "http.response.start", "status": 403, "headers": []})
            await send({"type": "http.response.body", "body": b'{"code": 20003, "message": "Permission Denied"}'})
            return

        async def sent(message):
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message["headers"], *more]}
            await send(message)

        await app(scope, receive, sent)

    return guarded


@pytest.fixture
def look():
    app = open_app(":memory:", account_sid=ACCOUNT, auth_token=SECRET)

    def found(connection=TWILIO, **what):
        async def diagnosis():
            patience = Patience(total_s=0.1, first_s=0.01)
            async with Client(connection, through=in_process(gate(app, **what)), patience=patience) as client:
                return await diagnosed(client)

        return asyncio.run(diagnosis())

    yield found
    app.close()


def states(diagnosis):
    return {each.name: each.state.value for each in diagnosis.checks}


def message(diagnosis, name):
    return next(each.message for each in diagnosis.checks if each.name == name)


def test_all_is_well(look):
    found = look(more=[(b"date", b"Mon, 30 Nov 2026 07:00:00 GMT")])

    assert states(found) == {
        "credentials": "ok",
        "read": "ok",
        "write": "ok",
        "clock": "warning" if abs(found.clock_skew_s) > 60 else "ok",
        "limits": "ok",
        "proxy": "ok",
    }
    assert message(found, "credentials") == "TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN work in ie1"
    assert message(found, "read") == "0 workspaces"
    assert found.limits.keys() == {"limit", "remaining", "config"}
    assert (found.account_sid, found.region, found.host) == (ACCOUNT, "ie1", "test")
    assert SECRET not in repr(found)


def test_a_clock_that_is_wrong_is_a_warning(look):
    found = look(more=[(b"date", b"Tue, 01 Jan 2019 00:00:00 GMT")])

    assert states(found)["clock"] == "warning"
    assert "ahead of the server; correct the clock of this machine" in message(found, "clock")


@pytest.mark.parametrize("date", [b"", b"yesterday", b"Mon, 99 Nov 2026 07:00:00 GMT", b"Mon, 30 Nov 2026 07:00:00"])
def test_an_invalid_date_gives_no_clock_skew(look, date):
    assert states(look(more=[(b"date", date)]))["clock"] == "unknown"


def test_a_key_that_may_only_read_says_which_permission_it_lacks(look):
    app_key = look(KEY)
    assert states(app_key)["credentials"] == "failed", "the embedded TaskRouter knows one account and no key"

    found = look(refused={"POST"})

    assert states(found) | {"clock": ""} == {
        "credentials": "ok",
        "read": "ok",
        "write": "failed",
        "clock": "",
        "limits": "ok",
        "proxy": "ok",
    }
    assert "may not update workspaces" in message(found, "write")


def test_credentials_that_are_refused_end_the_look(look):
    found = look(Connection("http://test", ACCOUNT, "other", ACCOUNT, TWILIO.variables, "ie1", "test"))

    assert states(found) == {"credentials": "failed", "proxy": "ok"}
    assert "each region of Twilio has credentials of its own, and this is ie1" in message(found, "credentials")
    assert found.workspaces is None


def test_the_command_looks_at_the_embedded_taskrouter(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for name in "abcdef":
        (tmp_path / f"{name}.yaml").write_text(f"workspace: {{name: {name}}}\n")
    assert run(["apply", "--local", "--auto-approve", *(f"{name}.yaml" for name in "abcdef")]) == 0
    capsys.readouterr()

    assert run(["doctor", "--local"]) == 0

    text = capsys.readouterr().out
    assert "Target: the embedded TaskRouter, kept in .tr-apply/local.db\n" in text
    assert "  ok      read        6 workspaces: a (WS" in text
    assert text.count("(WS") == 5
    assert "e (WS" in text
    assert ", …\n" in text
    assert "the embedded TaskRouter uses the clock of this machine" in text


def test_no_target_is_an_error_with_both_ways_out(monkeypatch, capsys):
    for name in ("TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", "TWILIO_API_KEY", "TWILIO_API_SECRET", "TR_APPLY_BASE_URL"):
        monkeypatch.delenv(name, raising=False)

    assert run(["doctor", "--format", "json"]) == 1

    document = json.loads(capsys.readouterr().out)
    assert [each["code"] for each in document["errors"]] == ["no-target"]
    assert document["doctor"]["checks"][0] | {"message": ""} == {"name": "target", "state": "failed", "message": ""}
    assert run(["doctor"]) == 1
    assert "  failed  target      no TaskRouter to talk to." in capsys.readouterr().out


@pytest.mark.parametrize("options", [[], ["--base-url", "http://127.0.0.1:8080"]])
def test_a_server_without_credentials_is_distinguished_from_no_server(monkeypatch, capsys, options):
    for name in ("TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", "TWILIO_API_KEY", "TWILIO_API_SECRET"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TR_APPLY_BASE_URL", "" if options else "http://127.0.0.1:8080")

    assert run(["doctor", *options]) == 1

    assert "no credentials for the server that --base-url or TR_APPLY_BASE_URL names" in capsys.readouterr().out


def test_a_server_that_never_answers_ends_it_in_time(monkeypatch, capsys):
    monkeypatch.setenv("TWILIO_ACCOUNT_SID", ACCOUNT)
    monkeypatch.setenv("TWILIO_AUTH_TOKEN", SECRET)
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}"

        assert run(["doctor", "--base-url", url, "--timeout", "0.5"]) == 1

    printed = capsys.readouterr()
    assert "timed out after 0.5 s (--timeout)" in printed.out
    assert SECRET not in printed.out + printed.err


def test_the_text_names_the_known_facts(look):
    text = diagnosis_text(look())

    assert text.splitlines()[1] == f"Target: test, region ie1, account {ACCOUNT}"
    assert text.splitlines()[2] == "  ok      credentials TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN work in ie1"
