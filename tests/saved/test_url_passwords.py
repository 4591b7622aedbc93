"""Passwords in callback URLs: hidden in every output and file, without any word about it in the configuration."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.saved.test_secrets import everything_said
from tr_apply.resources.url import holds_password

CANARY, FORMER = "c4nary7391", "f0rmer8264"
WITH = ["https://user:{}@example.com/x", "https://example.com/x?a=b&token={}",
        "https://example.com/x?apiKey={}", "https://example.com/x?x-api-key={}", "https://example.com/#access_token={}",
        "https://example.com/x?a=1;SECRET={}"]  # fmt: skip
TEXT = """
workspace: {name: Center, event_callback_url: "URL"}
task_queues: [{name: Gold}]
workflows: [{name: Incoming, assignment_callback_url: "URL", fallback_assignment_callback_url: "URL",
             default_filter: {queue: Gold}}]
workers: [{name: ann, attributes: {home: "URL", links: {all: ["URL"]}}}]
"""


@pytest.fixture
def file(write):
    return lambda url, name="w.yaml": write(name, TEXT.replace("URL", url))


@pytest.mark.parametrize("url", WITH)
def test_no_output_and_no_file_shows_it(cli, file, live, tmp_path, monkeypatch, url):
    monkeypatch.setenv("GITHUB_OUTPUT", str(tmp_path / "outputs.txt"))
    assert cli("apply", file(url.format(FORMER)), "--auto-approve").code == 0
    path = file(url.format(CANARY))
    commands = [["validate", path, "--format", form] for form in ("text", "json", "github", "sarif")]
    commands += [
        ["plan", path, "--out", "plan.json", "-v", "--format", form] for form in ("text", "json", "markdown", "html")
    ]
    commands += [["diff", path, "Center", "--format", form] for form in ("text", "json")]
    commands += [
        ["apply", path, "--auto-approve", "-v", "--format", "json", "--journal", "journal", "--undo-out", "undo.json"]
    ]
    commands += [["render", path, "--format", form] for form in ("yaml", "json")]
    without = file("https://example.com/", "without.yaml")
    commands += [["plan", without, "--format", form] for form in ("text", "json", "markdown", "html")]

    said = [everything_said(cli(*command), tmp_path) for command in commands]

    assert live.items("Workflows")[0]["assignment_callback_url"] == url.format(CANARY)
    for text in said:
        assert CANARY not in text
        assert FORMER not in text
    assert "secret-in-url" in said[0]
    assert "(sensitive)" in said[4]


def test_a_saved_plan_is_applied_with_its_configuration(cli, file, live):
    path = file(WITH[0].format(CANARY))
    assert cli("plan", path, "--out", "plan.json").code == 0

    assert cli("apply", "--plan", "plan.json").code == 64
    assert cli("apply", "--plan", "plan.json", path).code == 0
    assert live.items("Workspaces")[0]["event_callback_url"] == WITH[0].format(CANARY)


def test_the_way_back_shows_neither(cli, file, live, tmp_path):
    before = file(WITH[2].format(FORMER))
    cli("apply", before, "--auto-approve")
    said = cli("apply", file("https://example.com/"), "--auto-approve", "--undo-out", "undo.json")

    assert FORMER not in everything_said(said, tmp_path)
    assert live.items("Workspaces")[0]["event_callback_url"] == "https://example.com/"
    assert json.loads((tmp_path / "undo.json").read_text())["plans"]


WITHOUT = ["", "https://example.com", "https://example.com/token=x", "https://example.com?monkey=1", "https://example.com?token=",
           "https://example.com/?id=secret", "not a url", "https://[broken/x", "mailto:a"]  # fmt: skip


@pytest.mark.parametrize("url", WITHOUT)
def test_any_other_url_is_shown(url):
    assert not holds_password(url)


@given(st.text())
def test_any_text_has_an_answer(text):
    assert holds_password(text) in {True, False}
    assert holds_password(f"https://a:{CANARY}@example.com/")


def test_an_invalid_url_that_may_hold_a_password_counts_as_one():
    assert holds_password(f"https://user:{CANARY}@[broken/x")
