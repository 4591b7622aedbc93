"""explain: every code and every key has a text, and every example is what it says."""

import ast
from datetime import date
from importlib import import_module

import pytest
import yaml

from tests.shape import modules
from tr_apply import errors
from tr_apply.cli import run
from tr_apply.config.load import load
from tr_apply.config.rules import RULES
from tr_apply.explain import EXIT_CODES, EXIT_STEPS, PLAN_CODES, explained, file_examples, rule_examples
from tr_apply.explain.fields import field_named, field_names, field_rows, field_text
from tr_apply.findings import Severity
from tr_apply.lint import lint, rules
from tr_apply.lint.member_rules import SERVER_DISAGREES
from tr_apply.manual import page

EXAMPLES = {**file_examples.EXAMPLES, **rule_examples.EXAMPLES}
HEAD = "workspace: {name: X}\n"


def found(text, tmp_path, *, head=True):
    path = tmp_path / "c.yaml"
    path.write_text(HEAD * (head and "workspace:" not in text) + text, encoding="utf-8")
    configuration = load(path)
    lint(configuration, today=date(2026, 1, 1))
    return configuration.diagnostics


@pytest.mark.parametrize("code", EXAMPLES)
def test_an_example_has_the_finding_where_it_is_wrong_and_no_error_where_it_is_right(code, tmp_path):
    example = EXAMPLES[code]
    is_a_list = code == "not-a-mapping"  # nothing can be written above it

    assert code in {each.code for each in found(example.wrong, tmp_path, head=not is_a_list)}
    right = found(example.right, tmp_path)
    assert [each for each in right if each.severity is Severity.ERROR or each.code == code] == []


def test_every_rule_has_an_example():
    of_files = {rule.code for rule in rules()} - {SERVER_DISAGREES.code}  # no file shows what a server answers

    assert of_files == rule_examples.EXAMPLES.keys()


@pytest.mark.parametrize("code", [rule.code for rule in (*rules(), *RULES)])
def test_a_code_is_explained_by_what_it_says(code):
    says = {rule.code: rule.says for rule in (*RULES, *rules())}

    text = explained(code)

    assert text.startswith(code)
    assert says[code] in text
    assert ("Wrong:" in text) is (code in EXAMPLES)


def codes_in_the_source():
    """Every code that some module passes to ``error_at``, ``Finding`` or ``Blocked``, by its text or a constant's name."""
    positions = {"error_at": 0, "Blocked": 0, "_problem": 0, "Finding": 1}
    for module in modules():
        if any(name in module.text for name in positions):
            for call in (node for node in ast.walk(module.tree) if isinstance(node, ast.Call)):
                at = positions.get(call.func.id) if isinstance(call.func, ast.Name) else None
                if at is not None and len(call.args) > at:
                    yield from _text_of(call.args[at], module.name)


def _text_of(node, module):
    if isinstance(node, ast.Constant):
        yield node.value
    elif isinstance(node, ast.Name) and node.id.isupper():
        yield getattr(import_module(module), node.id)


def test_every_code_of_the_source_is_explained():
    codes = {*codes_in_the_source(), *(each.code for each in vars(errors).values() if hasattr(each, "exit_code"))}

    assert {"protected", "left-alone", "rename-conflict", "stale"} <= codes
    for code in codes:
        assert explained(code).startswith(code)


@pytest.mark.parametrize("code", PLAN_CODES)
def test_a_code_of_a_plan_is_explained_with_what_comes_next(code, capsys):
    assert run(["explain", code]) == 0

    said = capsys.readouterr().out
    assert said.startswith(f"{code} (")
    assert PLAN_CODES[code].means in said
    assert ("Next: " in said) is (PLAN_CODES[code].next_step != "")


def test_every_key_has_a_type_a_meaning_and_an_example():
    for name, facts, about, example in field_rows():
        types = facts.split("; ")[0].split(" or ")

        assert set(types) <= {"string", "integer", "number", "boolean", "list", "mapping", "any value"}, name
        assert about, name
        assert example, name


@pytest.mark.parametrize("name", field_names())
def test_a_key_is_explained_with_an_example_that_holds_it(name, tmp_path):
    text = field_text(field_named(name))

    example = text.partition("Example:\n\n")[2]
    value = yaml.safe_load(example)
    for key in name.split("."):
        value = value[0] if isinstance(value, list) else value
        value = next(iter(value.values())) if key not in value else value
        value = value[key]
    wrong = {"unknown-key", "wrong-type", "invalid-value", "out-of-range", "field-path"}
    assert [
        each for each in found("\n".join(line[4:] for line in example.splitlines()), tmp_path) if each.code in wrong
    ] == []


@pytest.mark.parametrize(
    ("topic", "expected"),
    [
        (
            "task_queue.target_workers",
            ["task_queues.target_workers", "Which workers", 'default: "1==1"', "languages HAS 'es'"],
        ),
        ("task_queues[2].target_workers", ["task_queues.target_workers"]),
        ("workflows[0].filters[1].targets[0].timeout", ["Seconds", "timeout: 60", "from 1"]),
        ("worker_channel.capacity", ["workers.channels.capacity"]),
        ("workspace.name", ["required", "name: Support Center"]),
        ("target_workers", ["task_queues.target_workers", "Example:"]),
        ("hidden-filter", ["unreachable-filter (warning)"]),
        ("5", ["stale"]),
        ("timeout", ["timeout (an error of a run)", "`--timeout` ended the run", "workflows.filters.targets.timeout"]),
    ],
)
def test_a_key_is_found_by_what_people_call_it(topic, expected, capsys):
    assert run(["explain", topic]) == 0

    printed = capsys.readouterr().out
    assert [each for each in expected if each not in printed] == []


def test_an_unknown_name_is_a_usage_error_with_a_suggestion(capsys):
    assert run(["explain", "hiden-filter"]) == 64

    assert "did you mean 'hidden-filter'?" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("topic", "said"),
    [
        ("skip_if", "but keys end in it: workflows.filters.targets.skip_if, workflows.default_filter.skip_if\n"),
        ("renamed_from", "workspace.renamed_from, activities.renamed_from, task_channels.renamed_from, "),
        ("renamed_from", "task_queues.renamed_from and 2 more\n"),
    ],
)
def test_a_key_that_several_have_is_answered_with_their_names(topic, said, capsys):
    assert run(["explain", topic]) == 64

    assert said in capsys.readouterr().err


def test_the_exit_codes_are_those_of_the_manual():
    text = page("exit-codes")

    rows = {code: f"| {code} | {says} | {EXIT_STEPS[code]} |" for code, says in EXIT_CODES.items()}
    assert [code for code, row in rows.items() if row not in text] == []
    assert [code for code in EXIT_CODES if EXIT_STEPS[code] not in explained(code)] == []
