"""The manual on a terminal, in a pipe, and the message about a page that does not exist."""

import re

import click
import pytest
from click.shell_completion import ShellComplete

from tr_apply.cli import COMMANDS, commands, run
from tr_apply.manual import TOPICS, page
from tr_apply.report.manual import plain_page, terminal_page

PAGE = """\
# Title

<!-- [[[cog
hidden
]]] -->
A paragraph with `code`, a [link](other.md) and **weight**,
on two lines.

1. First
   goes on.
2. Second

- a

<details><summary>More</summary>

| code | says |
|---|---|
| `a` | one \\| two |

</details>

```console
$ tr-apply plan

No changes.
```
<!-- [[[end]]] -->
"""


def test_without_a_topic_the_pages_are_listed(capsys):
    assert run(["help"]) == 0

    out = capsys.readouterr().out
    assert [line.split()[0] for line in out.splitlines() if line.startswith("  ")] == [*TOPICS]


@pytest.mark.parametrize("topic", TOPICS)
def test_a_page_is_plain_where_there_is_no_terminal(capsys, topic):
    assert run(["help", topic]) == 0

    out = capsys.readouterr().out
    assert out == plain_page(page(topic))
    assert not re.search(r"<!--|<details>|\x1b", out)


def test_the_help_of_a_command_is_a_page_too(capsys):
    assert run(["help", "apply"]) == 0
    helped = capsys.readouterr().out

    assert run(["apply", "--help"]) == 0
    assert capsys.readouterr().out == helped


@pytest.mark.parametrize("name", list(COMMANDS))
def test_the_examples_of_a_help_text_are_a_line_each(capsys, name):
    assert run([name, "--help"]) == 0

    out = capsys.readouterr().out
    assert "\\b" not in out
    assert max(line.count(f"tr-apply {name}") for line in out.splitlines()) == 1


def test_a_page_that_is_not_there_is_a_usage_error_with_a_suggestion(capsys):
    assert run(["help", "finding"]) == 64
    assert "there is no page 'finding' in the manual; did you mean 'findings'?" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("word", "said"),
    [("overlays", "see tr-apply help configuration; tr-apply help"), ("Console", "see tr-apply help embedded; ")],
)
def test_a_word_of_a_heading_leads_to_its_page(capsys, word, said):
    assert run(["help", word]) == 64
    assert f"there is no page {word!r} in the manual; {said}" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("validat", "No such command 'validat'. Did you mean 'validate'?\nTry 'tr-apply --help'.\n"),
        ("xyzzy", "No such command 'xyzzy'.\nTry 'tr-apply --help'.\n"),
    ],
)
def test_a_misspelt_command_is_named_with_the_one_that_was_meant(capsys, written, said):
    assert run([written]) == 64
    assert capsys.readouterr().err == f"Error: {said}"


@pytest.mark.parametrize(
    ("words", "completed"),
    [
        ("help exp", ["expressions", "export", "explain"]),
        ("explain needs", ["needs-consent"]),
        ("explain task_queues.max", ["task_queues.max_reserved_workers"]),
    ],
)
def test_the_shell_completes_pages_codes_and_keys(words, completed):
    program, incomplete = words.split()

    found = ShellComplete(commands, {}, "tr-apply", "_TR_APPLY_COMPLETE").get_completions([program], incomplete)

    assert [each.value for each in found] == completed


def test_a_terminal_gets_it_wrapped_and_without_signs():
    text = terminal_page(PAGE, 30)

    assert (
        click.unstyle(text)
        == """\
Title

A paragraph with code, a link
and weight, on two lines.

1. First goes on.
2. Second

- a

More

code  says
a     one | two

    $ tr-apply plan

    No changes.
"""
    )
    assert "\x1b[1mTitle\x1b[0m" in text


def test_a_page_whose_fence_is_open_ends_all_the_same():
    assert "    a\n" in terminal_page("# T\n\n```\na\nb\n", 80)


@pytest.mark.parametrize("topic", TOPICS)
def test_every_page_fits_a_terminal(topic):
    text = click.unstyle(terminal_page(page(topic), 80))

    prose = [line for line in text.splitlines() if not line.startswith("    ")]
    assert max(map(len, prose)) <= 80
