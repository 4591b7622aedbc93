"""Loading any file ends, in findings at places that exist."""

import json

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.seeded import chosen
from tests.yaml_files import SAFE, places
from tr_apply.errors import UsageError

MINIMAL = "workspace: {name: W}\n"
WORDS = """
workspace name activities task_channels unique_name task_queues workflows workers manage safety vars filters targets
expression queue default_filter timeout attributes channels voice capacity extra mode where ignore protect delete
max_deletes true null 5 -1 1.5 .nan 0x1F +14155551234 ~ yes 'x' "a\\n" ${a} ${a:-b} ${sid:worker/x} $${ ${ <<
!!str !x &a *a | > - ? : , { } [ ] # % @ --- ... é \u2028 \ufeff \t \r
""".split(" ")  # noqa: SIM905
KEYS = WORDS[: WORDS.index("true")]
YAML_ISH = chosen(lambda choices: choices.text([*WORDS, " ", "\n", "\n  ", "\n    - ", ": "], choices.choice([10, 40])))


def step_and_line(choices):
    """How much deeper than the line before it, and its text."""
    step, words = choices.choice([0, 0, 0, 0, 1, 1, -1, -2, -4, 4]), choices.choice([WORDS, KEYS])
    return step, "".join(map(choices.choice, [["", "- ", "? "], words, ["", ":", ": ", ": "], words]))


def lines(choices):
    indents, texts = [], choices.several(step_and_line, choices.choice([3, 6, 6, 12]), size=6)
    for step, _ in texts:
        indents.append(min(max(0, step + sum(indents[-1:])), 4))
    return "\n".join("  " * indent + text for indent, (_, text) in zip(indents, texts, strict=True))


LINES = chosen(lines, 86)
FUZZ = settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])


def lines_of(text):
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def check(loaded, content, **inputs):
    configuration = loaded(content, **inputs)

    sources = configuration.notes.sources
    lines = {name: lines_of(text) for name, text in zip(sources.names, sources.texts, strict=True)}
    for finding in configuration.diagnostics:
        assert 1 <= finding.line <= len(lines[finding.file])
        assert 1 <= finding.column <= len(lines[finding.file][finding.line - 1]) + 1
        assert "\n" not in str(finding)
    if not configuration.complete:
        assert configuration.diagnostics, "something is wrong, and nothing is said"


@FUZZ
@given(content=st.binary(max_size=200))
def test_bytes(loaded, content):
    check(loaded, content)


@FUZZ
@given(content=st.text(max_size=200))
def test_text(loaded, content):
    check(loaded, content.encode(errors="surrogatepass"))


@FUZZ
@given(content=YAML_ISH | LINES)
def test_text_that_looks_like_yaml(loaded, content):
    check(loaded, MINIMAL + content)


@FUZZ
@given(section=st.sampled_from(["activities", "task_queues", "workflows", "workers", "manage", "safety", "vars", "task_channels"]), content=LINES)  # fmt: skip
def test_text_below_a_section(loaded, section, content):
    check(loaded, f"{MINIMAL}{section}:\n" + "\n".join("  " + line for line in content.split("\n")))


@FUZZ
@given(content=LINES, overlay=LINES, variables=LINES)
def test_overlays_and_files_of_variables(loaded, content, overlay, variables):
    check(loaded, MINIMAL + content, overlays=[MINIMAL + overlay], variable_files=[variables], given={"a": overlay})


EVERYTHING = """
vars: {spanish: "languages HAS 'es'"}
variables: {team: {type: string, enum: [emea, us], default: emea}}
workspace:
  {name: Center, renamed_from: [Old], events_filter: [task.created], multi_task_enabled: true, default_activity: Off}
activities: [{name: Off, available: false, renamed_from: [Away]}]
task_channels: [{unique_name: voice, name: Voice}]
task_queues:
- {name: Spanish, target_workers: "${spanish} AND team == '${team}'", max_reserved_workers: 1}
- {name: "Queue ${each.team}", for_each: {team: [a, b]}, target_workers: "team == '${each.team}'"}
workflows:
- name: Incoming
  task_reservation_timeout: 30
  filters:
  - name: "Team ${each.team}"
    for_each: {team: [a, b]}
    expression: "team == '${each.team}'"
    targets: [{queue: "Queue ${each.team}", priority: 1, timeout: 60, extra: {note: x}}, {order_by: worker.level DESC}]
  default_filter: {queue: Spanish, skip_if: workers.available == 0}
workers: [{name: alice, activity: Off, attributes: {languages: [es], level: 3}, channels: {voice: {capacity: 2}}}]
manage: {task_queues: additive, workers: {mode: additive, where: "team == 'emea'", ignore: [attributes.x]}}
safety: {protect: [task_queue/Spanish], max_deletes: 20%, delete: any}
lint:
  severity: {no-default-filter: off}
  accept: [{code: hidden-filter, in: workflow/Incoming, because: it is kept, until: 2027-03-31}]
outputs: {workflow_sid: "${sid:workflow/Incoming}"}
"""
ANYTHING = [None, True, 5, "${", [], [5], {"x": [None]}]


def test_the_configuration_whose_parts_become_anything_is_valid(loaded):
    loaded(EVERYTHING).require_valid()


@pytest.mark.parametrize("other", ANYTHING, ids=repr)
def test_any_part_may_be_anything(loaded, other):
    whole = json.loads(json.dumps(yaml.load(EVERYTHING, SAFE), default=str))
    for container, key in places(whole):
        before, container[key] = container[key], other
        check(loaded, json.dumps(whole))
        container[key] = before


LARGE = {
    "nested keys": "? " * 50_000,
    "directives": "%TAG !a! b\n" * 2_000,
    "tags": "a: !x " * 10_000,
    "nested lists": "- " * 50_000 + "x",
    "equal keys": "a:\n" * 20_000,
    "anchors": "&a " * 50_000,
    "single quotes": "'" * 100_001,
    "escapes": '"\\' * 50_000,
    "empty lines": "a: |\n" + "\n" * 100_000,
    "folded lines": "a: >\n" + " x\n" * 100_000,
    "nested mappings": "{a: b, " * 50_000,
    "a list without an end": "a: [" + "{}, " * 100_000,
    "comments": "# " * 100_000,
    "references": "activities: [{name: '" + "${a}" * 50_000 + "'}]",
    "escaped references": "activities: [{name: '" + "$${" * 100_000 + "'}]",
    "equal names": "workers: [" + "{name: a}, " * 20_000 + "]",
    "unknown keys": "workers: [" + "{nam: a, x: 1}, " * 5_000 + "]",
    "SIDs of nobody": "workers: [{name: a, attributes: {x: '" + "${sid:worker/x}" * 10_000 + "'}}]",
    "former names": "workflows: [{name: a, default_filter: {queue: q}, renamed_from: [" + "x, " * 20_000 + "]}]",
    "a chain of variables": "vars: {" + ", ".join(f"v{i}: '${{v{i + 1}}}'" for i in range(5_000)) + "}",
}


@pytest.mark.parametrize("name", LARGE)
def test_large_and_odd_files_end(loaded, name):
    check(loaded, MINIMAL + LARGE[name])


def test_only_paths_are_usage_errors(loaded):
    with pytest.raises(UsageError):
        loaded(MINIMAL, given={"-": "x"})
