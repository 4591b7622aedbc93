"""printable(): text of others never steers a terminal, hides text, or is a command for a CI runner."""

import json
import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.seeded import chosen, json_value
from tr_apply.cli import run
from tr_apply.printable import hidden_characters, printable, printable_json, printable_lines, without_commands

ESCAPED = {
    "\x1b[31mred": r"\x1b[31mred",
    "a\nb\r": r"a\nb\r",
    "\x9b2J": r"\x9b2J",
    "a\u202eb": r"a\u202eb",
    "zero\u200bwidth": r"zero\u200bwidth",
    "soft\u00adhyphen": r"soft\xadhyphen",
    "hangul\u3164filler": r"hangul\u3164filler",
    "joined\u034f": r"joined\u034f",
    "x\ufe0f": r"x\ufe0f",
    "tag\U000e0041": r"tag\U000e0041",
    "half\ud800": r"half\ud800",
    "line\u2028end": r"line\u2028end",
    "a\u200db": r"a\u200db",
    "a\u200cb": r"a\u200cb",
}
AS_THEY_ARE = [
    "Grüße 🎧", "日本語サポート", "دعم", "👩\u200d💻 IT", "☎\ufe0f Hotline", "1\ufe0f\u20e3 first", "👩🏽\u200d🔧",
    "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
    "क्\u200dष", "Sales::EMEA", "a b\u00a0c",
]  # fmt: skip


@pytest.mark.parametrize("text", ESCAPED)
def test_an_invisible_character_is_an_escape(text):
    assert printable(text) == ESCAPED[text]


@pytest.mark.parametrize("text", AS_THEY_ARE)
def test_ordinary_text_stays(text):
    assert printable(text) == text
    assert list(hidden_characters(text)) == []


@given(st.text())
def test_nothing_steers_a_terminal_whatever_the_text(text):
    shown = printable(text)

    assert "\n" not in shown
    assert "\x1b" not in shown
    assert not any(unicodedata.category(each) in {"Cc", "Cs", "Co", "Cn", "Zl", "Zp"} for each in shown)
    assert printable(shown) == shown
    assert bool(list(hidden_characters(text))) == (shown != text)


def is_command(line):
    """As GitHub's runner reads a line: https://github.com/actions/runner, ActionCommand.TryParseV2 and TryParse."""
    return line.lstrip().startswith("::") or "##[" in line


PIECES = ["::add-mask::x", "##[add-mask]x", "::", "##[", " ", "\t", "\n", "\r", "\u2003", "a", "#", "[", ":", "\x1b[0m"]
COMMANDS = chosen(lambda choices: choices.text(PIECES, 12), 13)


def any_text(choices):
    return choices.any_text(8)


SCALARS = (any_text, lambda choices: choices.text(PIECES, 8))


@given(COMMANDS | st.text())
def test_no_line_is_a_command_for_a_runner(text):
    assert not any(map(is_command, printable_lines(text).split("\n")))
    assert not any(map(is_command, without_commands(text).split("\n")))


@given(chosen(lambda choices: json_value(choices, SCALARS, any_text), 640))
def test_json_reads_the_same_and_shows_nothing_raw(value):
    document = json.dumps(value, indent=2, ensure_ascii=False)

    shown = printable_json(document)

    assert json.loads(shown) == json.loads(document)
    assert not any(map(is_command, shown.split("\n")))
    assert all(printable(line) == line for line in shown.split("\n"))


HOSTILE = "x\n::add-mask::y\x1b]0;title\x07\u202e##[add-mask]z\u200b"
QUOTED = json.dumps(HOSTILE)
FILES = {
    "an event": f"workspace: {{name: W, events_filter: [{QUOTED}]}}\n",
    "a queue": f"workspace: {{name: W}}\ntask_queues: [{{name: {QUOTED}}}]\n",
    "a workspace": f"workspace: {{name: {QUOTED}}}\n",
    "a key": f"workspace: {{name: W}}\n{QUOTED}: 1\n",
    "a reference": f"workspace: {{name: W}}\nworkflows: [{{name: F, default_filter: {{queue: {QUOTED}}}}}]\n",
    "an expression": f"workspace: {{name: W}}\ntask_queues: [{{name: Q, target_workers: {QUOTED}}}]\n",
    "a filter": f"workspace: {{name: W}}\ntask_queues: [{{name: Q}}]\nworkflows:\n- name: F\n  filters:\n"
    f"  - {{name: {QUOTED}, expression: '1==1', targets: [{{queue: Q}}]}}\n",
    "an attribute": f"workspace: {{name: W}}\nworkers: [{{name: w, attributes: {{{QUOTED}: {QUOTED}}}}}]\n",
    "a URL": f"workspace: {{name: W, event_callback_url: {QUOTED}}}\n",
    "a variable": f'workspace: {{name: "${{{QUOTED[1:-1]}}}"}}\n',
    "credentials": f"workspace: {{name: W, credentials: {{auth_token_env: {QUOTED}}}}}\n",
}
COMMANDS_AND_FORMATS = [
    *[("validate", form) for form in ("text", "json", "github", "sarif")],
    *[("plan", form) for form in ("text", "json", "markdown", "html")],
    *[("apply", form) for form in ("text", "json")],
]


@pytest.mark.parametrize("where", FILES)
@pytest.mark.parametrize(("command", "form"), COMMANDS_AND_FORMATS)
def test_no_command_prints_it_raw_in_any_format(where, command, form, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "w.yaml").write_text(FILES[where])
    more = {"validate": (), "plan": ("--local",), "apply": ("--local", "--auto-approve")}[command]

    run([command, "w.yaml", "--format", form, *more])

    printed = capsys.readouterr()
    for stream in (printed.out, printed.err):
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u202e]", stream), stream
        lines = stream.split("\n")
        commands = [line for line in lines if is_command(line)]
        assert all(re.match(r"::(error|warning|notice) file=w\.yaml,line=\d+,col=\d+::", line) for line in commands)
        assert not commands or form == "github"
