"""After any answer of a server to a write, and any failure here after it, an apply ends in its summary."""

import json

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from tests.faults.proxy import reply
from tr_apply import journal
from tr_apply.cli import run
from tr_apply.client import client
from tr_apply.transport.call import TOO_MANY_REQUESTS

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
KEYS = [
    "sid",
    "friendly_name",
    "unique_name",
    "code",
    "message",
    "detail",
    "configuration",
    "attributes",
    "workspace_sid",
]
BODIES = st.one_of(
    st.dictionaries(st.sampled_from(KEYS), JSON, max_size=5),
    JSON,
    st.binary(max_size=60),
    st.sampled_from([b"[" * 100_000, b'{"sid": "\\ud800"}', b'{"sid": 1' + b"0" * 5_000 + b"}", b"\xff\xfe", b"NaN"]),
)
DATES = [
    "Fri, 31 Dec 99999999999 23:59:59 GMT",
    "9" * 400,
    "inf",
    "nan",
    "-1",
    "1e-9",
    "Thu, 01 Jan 1970 00:00:00 +99999999",
]
HEADERS = st.fixed_dictionaries(
    {},
    optional={
        "retry_after": st.sampled_from(DATES),
        "date": st.sampled_from(DATES),
        "twilio_request_id": st.text("a\x1b[]:", max_size=9),
        "content_type": st.sampled_from(["text/html", "application/json; charset=utf-16", ""]),
        "content_encoding": st.sampled_from(["gzip", "br", "x"]),
        "etag": st.sampled_from(["", '"1"', "W/"]),
    },
)
STATUSES = st.sampled_from([200, 201, 204, 299, 301, 304, 400, 401, 403, 404, 409, 412, 429, 500, 503, 599, 999])
WRITES = st.integers(0, 12)


def answered(write, status, headers, body, *, after):
    """A fault that answers one write in this way, before or *after* it was carried out; repeated, it goes through."""

    async def fault(exchange):
        if after:
            await exchange.forward()
        await exchange.send(reply(status, body, **headers))

    return lambda request: fault if request.write == write else None


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(write=WRITES, status=STATUSES, headers=HEADERS, body=BODIES, after=st.booleans(), changes=st.booleans())
@example(write=3, status=429, headers={"retry_after": DATES[0]}, body={}, after=False, changes=False)
@example(write=3, status=503, headers={"retry_after": DATES[0]}, body={}, after=True, changes=True)
def test_for_any_answer_to_a_write_the_run_ends_in_its_summary(
    behind, files, begun, applied, write, status, headers, body, after, changes
):
    assume(not (after and status == TOO_MANY_REQUESTS))  # which says that it was not carried out
    begun(files[0] if changes else None)
    behind.proxy.begin(answered(write, status, headers, body, after=after))

    code, out, err = applied(files[changes])

    assert code in ({0, 1, 4, 5} if write == 0 else {0, 4}), (out, err)
    assert "Verified" in out or "operations failed" in err or "not proven" in err, (out, err)
    assert "\x1b" not in out + err
    behind.proxy.begin()
    behind.require_no_duplicate()


@pytest.mark.parametrize("option", ["--undo-out", "--journal"])
def test_a_disk_that_is_full_from_the_beginning_keeps_everything_from_being_written(behind, files, applied, option):
    code, _, err = applied(files[0], option, "/dev/full")

    assert code == 1
    assert "/dev/full cannot be written: No space left on device" in err
    assert [line for line in behind.proxy.log if not line.startswith("GET")] == []


@pytest.mark.parametrize("write", [0, 4, 9])
def test_a_way_back_that_cannot_be_saved_any_more_ends_in_the_summary(behind, files, applied, tmp_path, write):
    folder = tmp_path / "records"
    folder.mkdir()

    async def fault(exchange):
        answer = await exchange.forward()
        folder.rename(tmp_path / "moved")
        folder.write_text("a file, so that no folder can be made in its place")
        await exchange.send(answer)

    behind.proxy.begin(lambda request: fault if request.write == write else None)

    code, out, err = applied(files[0], "--undo-out", folder / "undo.json")

    assert code == 4, (out, err)
    assert "Verified" in out
    assert "undo.json cannot be written" in err


@pytest.mark.parametrize("form", ["text", "json"])
@pytest.mark.parametrize("write", [0, 1, 6])
def test_a_bug_in_the_middle_ends_in_the_summary(behind, files, cli, capfd, monkeypatch, write, form):
    """A bug is an unexpected exception; here, one of the reader of an answer."""
    original, count = client.live_of, iter(range(10_000))
    bugs = []

    def broken(kind, answer):
        if isinstance(answer, dict) and "sid" in answer and behind.proxy.log[-1].startswith("POST"):
            number = next(count)
            if number == write:
                bugs.append(number)
                raise ZeroDivisionError("a bug")
        return original(kind, answer)

    monkeypatch.setattr(client, "live_of", broken)
    cli("schema", "plan")  # sets up the environment

    code = run(["apply", str(files[0]), "--auto-approve", "--base-url", behind.proxy.url, "--format", form])

    out, err = capfd.readouterr()
    assert bugs == [write]
    assert code == 4, (out, err)
    assert "ZeroDivisionError" in (json.loads(out)["errors"][0]["message"] if form == "json" else out + err)
    assert "a bug in tr-apply" in out


def test_a_journal_that_ends_in_the_middle_ends_in_the_summary(behind, files, applied, monkeypatch, tmp_path):
    original, count = journal.os.write, iter(range(10_000))

    def full(file, content):
        if b'"event"' in content and next(count) >= 9:
            raise OSError(28, "No space left on device")
        return original(file, content)

    monkeypatch.setattr(journal.os, "write", full)

    code, out, err = applied(files[0], "--journal", tmp_path / "journal")

    assert code == 4, (out, err)
    assert "No space left on device" in err
    assert "failed" in out
    assert behind.items("/Workspaces")
