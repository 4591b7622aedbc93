"""The JSON Schemas: what an editor says of a file is what the loader says of its structure."""

import ast
import json
import re
from functools import cache
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from tests.yaml_files import TEXTS, content_of
from tr_apply.cli import run
from tr_apply.config.load import Inputs, load
from tr_apply.config.places import Sources
from tr_apply.config.reader import read
from tr_apply.findings import Severity
from tr_apply.schema import NAMES, schema_text
from tr_apply.schema import schema as made_schema

ROOT = Path(__file__).parents[2]
SHIPPED = sorted(
    path.relative_to(ROOT) for path in [*(ROOT / "examples").rglob("*.yaml"), *(ROOT / "tr_apply").rglob("*.yaml")]
)
EXAMPLES = [path for path in SHIPPED if path.parts[0] == "examples" and path.parent.name != "overlays"]
NAMED_SCHEMA = re.compile(r"# yaml-language-server: \$schema=(\S+)")
CASES = content_of(ROOT / "tests" / "config" / "cases.yaml", TEXTS)
STRUCTURAL = {"missing-key", "unknown-key", "wrong-type", "invalid-value", "out-of-range", "empty", "too-long", "null"}
BEYOND = {
    # Findings that the schema does not have, and the reason
    "an empty file lacks a workspace": "one file of a directory has it",
    "a file of comments lacks a workspace": "one file of a directory has it",
    "a file with an explicit null lacks a workspace": "one file of a directory has it",
    "a name of 64 characters with an escape is not too long": "a string with ${ is checked once it is known",
    "a variable is read again and then checked": "a string with ${ is checked once it is known",
    "a name cannot hold what no request can": "nobody writes that, and the pattern would be for machines only",
    "extra cannot hold what would be read back as a key of its own": "that is found by reading it back",
    "a value outside of its type or its enum": "the values of variables are known to the loader alone",
    "an empty value of a type": "the values of variables are known to the loader alone",
    "a number of a variable has no plus sign or leading zeros to lose": "the values of variables are known to the "
    "loader alone",
}

ACCEPTED = [
    "activities: []",
    "activities: [{name: A}]",
    "activities: [{name: A, available: true}]",
    "activities: [{name: A, available: '${x}'}]",
    "activities: [{name: A, available: '${x:-true}'}]",
    "task_queues: [{name: Q, max_reserved_workers: 50}]",
    "task_queues: [{name: Q, max_reserved_workers: 5.0}]",
    "task_queues: [{name: Q, max_reserved_workers: '${n}'}]",
    "task_queues: [{name: Q, task_order: '${order}'}]",
    "task_queues: [{name: 'Queue ${n}'}]",
    "workflows: [{name: W, task_reservation_timeout: '${t}', filters: [{expression: x == 1, targets: [{queue: Q, timeout: '${t}'}]}]}]",
    "workers: [{name: a, attributes: {x: null, y: [1, {z: 1.5}]}, channels: {voice: {capacity: 0}}}]",
    "workers: {csv: agents.csv}",
    "manage: {workers: exact, task_queues: {mode: ignore}}",
    "manage: {workers: {mode: additive, where: x == 1, attributes: merge, ignore: [attributes.a]}}",
    "safety: {protect: ['task_queue/*'], max_deletes: 20%}",
    "safety: {max_deletes: 0}",
    "vars: {a: 1, b: true, c: text}",
    "variables: {a: {type: integer, enum: [1, 2], default: 1, description: d, secret: true}, b: {}}",
    "task_queues: [{for_each: {lang: [en, 1, true], s: [a]}, name: '${each.lang} ${each.s}', max_reserved_workers: '${each.s}'}]",
    "workers: [{for_each: {csv: agents.csv}, name: '${each.name}'}]",
    "workflows: [{name: W, filters: [{for_each: {a: [b]}, expression: x == 1, targets: [{queue: Q}]}]}]",
    "workspace: {name: W, credentials: {account_sid_env: SID, auth_token_env: TOKEN}}",
    "workspace: {name: W, events_filter: [task.created], sid: WS0123456789abcdef0123456789abcdef}",
]
REJECTED = [
    "activities: {}",
    "activities: null",
    "activities: [{available: true}]",
    "activities: [{name: A, availabel: true}]",
    "activities: [{name: A, available: 'yes'}]",
    "activities: [{name: A, available: 1}]",
    "activities: [{name: A, available: null}]",
    "activities: [{name: 5}]",
    "activities: [{name: ''}]",
    "activities: [{name: ' '}]",
    f"activities: [{{name: {'x' * 65}}}]",
    "task_queues: [{name: Q, max_reserved_workers: 0}]",
    "task_queues: [{name: Q, max_reserved_workers: 51}]",
    "task_queues: [{name: Q, max_reserved_workers: 1.5}]",
    "task_queues: [{name: Q, max_reserved_workers: '5'}]",
    "task_queues: [{name: Q, task_order: fifo}]",
    "task_channels: [{name: Fax}]",
    "workflows: [{name: W, filters: [{targets: [{queue: Q}]}]}]",
    "workflows: [{name: W, filters: [{expression: x == 1}]}]",
    "workflows: [{name: W, filters: [{expression: x == 1, targets: []}]}]",
    "workflows: [{name: W, filters: [{expression: x == 1, targets: [{queue: Q, timeout: 0}]}]}]",
    "workflows: [{name: W, filters: [{expression: x == 1, targets: [{task_queue_sid: Q}]}]}]",
    "workflows: [{name: W, default_filter: [Q]}]",
    "workflows: [{name: W, extra: 1}]",
    "workers: [{name: a, attributes: [1]}]",
    "workers: [{name: a, channels: {voice: 1}}]",
    "workers: [{name: a, channels: {voice: {capacity: 51}}}]",
    "workers: {csv: 5}",
    "workers: {csv: agents.csv, more: 1}",
    "workers: {}",
    "manage: {workers: exactly}",
    "manage: {workers: {mode: exact, were: x == 1}}",
    "manage: {task_queues: {where: x == 1}}",
    "manage: {queues: exact}",
    "safety: {protect: [Everyone]}",
    "safety: {max_deletes: 120%}",
    "safety: {max_deletes: -1}",
    "safety: {max_deletes: some}",
    "vars: {1a: x}",
    "variables: {a: {type: int}}",
    "variables: {a: {secret: 'yes'}}",
    "variables: {a: text}",
    "task_queues: [{name: Q, new: true}]",
    "task_queues: [{name: Q, unset: [task_order]}]",
    "vars: {a: [1]}",
    "workspace: {name: W, credentials: {auth_token_env: 0123456789abcdef0123456789abcdef}}",
    "workspace: {name: W, credentials: {account_sid_env: AC0123456789abcdef0123456789abcdef}}",
    "workspace: {name: W, credentials: {api_key_env: KEY}}",
    "workspace: {name: W, credentials: {}}",
    "workspace: {name: W, credentials: {auth_token: x}}",
    "workspace: {name: W, events_filter: 'task.created,task.canceled'}",
    "workspace: {name: W, events_filter: ['a,b']}",
    "workspace: {name: W, template: fifo}",
    "workspace: {name: W, sid: WW0123456789abcdef0123456789abcdef}",
    "workspace: {sid: WS0123456789abcdef0123456789abcdef}",
    "queues: []",
]


@cache
def schema(name):
    """Made once for all tests, which only read it."""
    return made_schema(name)


@cache
def validator(name):
    return Draft202012Validator(schema(name))


def rejects(name, data):
    return [error.message for error in validator(name).iter_errors(data)]


def data_of(text):
    sources = Sources()
    source = read(sources, sources.add("c.yaml", text), raw=frozenset({"vars"}))
    assert source.complete
    return source.data


def structural_errors(text, **inputs):
    Path("agents.csv").write_text("name\nalice\n")
    Path("c.yaml").write_text(text, encoding="utf-8", newline="")
    found = load(Path("c.yaml"), Inputs(**inputs)).diagnostics
    return {each.code for each in found if each.severity is Severity.ERROR} & STRUCTURAL


def with_workspace(text):
    return text if text.startswith("workspace:") else f"workspace: {{name: W}}\n{text}\n"


@pytest.mark.parametrize("name", NAMES)
def test_the_file_is_what_the_command_prints(capsys, name):
    code = run(["schema", name])

    printed = capsys.readouterr().out
    assert code == 0
    assert printed == schema_text(name) == (ROOT / "schemas" / f"{name}.schema.json").read_text(encoding="utf-8")


def test_there_are_no_other_files():
    assert {path.name for path in (ROOT / "schemas").iterdir()} == {f"{name}.schema.json" for name in NAMES}


@pytest.mark.parametrize("name", NAMES)
def test_each_is_a_schema(name):
    Draft202012Validator.check_schema(schema(name))


@pytest.mark.parametrize("path", EXAMPLES, ids=str)
def test_every_example_is_accepted(path):
    name = "tests" if path.name.endswith(".test.yaml") else "workspace"
    name = "simulation" if path.name == "simulation.yaml" else name
    data = data_of((ROOT / path).read_text(encoding="utf-8"))

    assert rejects(name, data) == []


DAY = 'opens: "09:00", closes: "10:00"'


def simulation(demand="", more=""):
    keys = ", ".join(each for each in ("name: N, workflow: W", demand) if each)
    return data_of(f"simulation: {{{DAY}, demand: [{{{keys}}}]{more and f', {more}'}}}")


@pytest.mark.parametrize(
    "demand",
    [
        "offered: [1, 2.5], handle_time: 2m",
        "offered: {total: 5}, handle_time: {mean: 60, p90: 90s}, patience: infinite, arrivals: exact",
        "offered: {csv: a.csv}, handle_time: {csv: b.csv, concurrency_slowdown: 5%}, arrivals: {dispersion: 1.5}",
        "offered: {each: [1]}, handle_time: 5, patience: {weibull: {shape: 2, mean: 3m}, silent: 12.5%}",
    ],
)
def test_a_simulation_may_be_written_short_or_long(demand):
    assert rejects("simulation", simulation(demand)) == []


@pytest.mark.parametrize(
    ("demand", "more"),
    [
        ("handle_time: 2m", ""),
        ("offered: [1], handle_time: soon", ""),
        ("offered: many, handle_time: 2m", ""),
        ("offered: [-1], handle_time: 2m", ""),
        ("offered: {totl: 1}, handle_time: 2m", ""),
        ("offered: [1], handle_time: 2m, patience: {silent: 5}", ""),
        ("offered: [1], handle_time: 2m", "staffing: {absence: 0.05}"),
        ("offered: [1], handle_time: 2m", "staffing: {shifts: [{starts: 9am, length: 1h}]}"),
        ("offered: [1], handle_time: 2m", "experiment: {replications: 1}"),
    ],
)
def test_an_editor_marks_mistakes_in_a_simulation(demand, more):
    assert rejects("simulation", simulation(demand, more)) != []


@pytest.mark.parametrize("path", SHIPPED, ids=str)
def test_every_file_that_is_shipped_fits_the_schema_that_it_names(path):
    text = (ROOT / path).read_text(encoding="utf-8")
    if (named := NAMED_SCHEMA.match(text)) is None:
        assert path.parent.name != "overlays", "an overlay names its schema"
        return

    file = ROOT / "schemas" / named[1].rpartition("/")[2]
    if path in EXAMPLES:  # the starter is written elsewhere, with its schemas
        assert (ROOT / path.parent / named[1]).resolve() == file
    assert [
        each.message for each in Draft202012Validator(json.loads(file.read_text())).iter_errors(data_of(text))
    ] == []


OVERLAYS = {
    True: [
        "workspace: {renamed_from: [], unset: [event_callback_url]}",
        "task_queues: [{name: Q, task_order: LIFO}, {name: R, delete: true}, {name: S, new: true, unset: [task_order]}]",
        "workflows: [{name: W, filters: [{name: F, after: G}, {name: N, new: true, before: F}], default_filter: {unset: [queue]}}]",
        "task_channels: [{unique_name: fax, delete: true}]",
        "safety: {protect: [task_queue/Q], max_deletes: 5}",
        "workers: [{name: a, attributes: {unset: [x]}}, {for_each: {n: [1]}, name: 'w${each.n}', new: true}]",
        "unset: [workers]",
        "{}",
    ],
    False: [
        "task_queues: [{task_order: LIFO}]",
        "task_queues: [{name: Q, new: false}]",
        "task_queues: [{name: Q, before: R}]",
        "task_queues: [{name: Q, delete: 1}]",
        "task_queues: [{name: Q, unset: task_order}]",
        "workspace: {nam: W}",
        "safety: {unset: [protect]}",
    ],
}


@pytest.mark.parametrize(("text", "fits"), [(text, fits) for fits, texts in OVERLAYS.items() for text in texts])
def test_an_overlay_has_a_schema_of_its_own(text, fits):
    assert (rejects("overlay", data_of(text)) == []) == fits


@pytest.mark.parametrize("text", ACCEPTED)
def test_a_valid_file_is_accepted_by_both(tmp_path, monkeypatch, text):
    monkeypatch.chdir(tmp_path)
    text = with_workspace(text)

    given = {"x": "true", "n": "1", "t": "30", "order": "FIFO"}
    text = text.replace("s: [a]", "s: ['5']")
    assert structural_errors(text, given=given) == set()
    assert rejects("workspace", data_of(text)) == []


@pytest.mark.parametrize("text", REJECTED)
def test_an_invalid_file_is_rejected_by_both(tmp_path, monkeypatch, text):
    monkeypatch.chdir(tmp_path)
    text = with_workspace(text)

    assert structural_errors(text) != set()
    assert rejects("workspace", data_of(text)) != []


def test_every_case_of_the_loader_is_rejected_by_the_schema_where_its_structure_is_wrong(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    differ = {}
    for case in CASES:
        sources = Sources()
        source = read(sources, sources.add("c.yaml", case.get("text", "")), raw=frozenset({"vars"}))
        if "text" in case and "overlays" not in case and not source.mistakes:
            inputs = {key: case[key] for key in ("given", "environment") if key in case}
            wrong, said = structural_errors(case["text"], **inputs), rejects("workspace", source.data)
            if bool(wrong) != bool(said):
                differ[case["name"]] = (wrong, said)

    assert differ.keys() <= BEYOND.keys(), differ


def test_a_variable_may_replace_a_number_but_not_be_next_to_text():
    def queue(value):
        return rejects("workspace", {"task_queues": [{"name": "Q", "max_reserved_workers": value}]})

    assert queue("${n}") == queue("${n:-5}") == queue(5) == []
    for wrong in ("5", "${n} ", "x${n}", "${1n}", "$${n}"):
        assert queue(wrong), wrong


def described(node):
    """Every property in a schema, with its description."""
    if isinstance(node, list):
        for each in node:
            yield from described(each)
    elif isinstance(node, dict):
        for key, value in node.get("properties", {}).items():
            yield key, value.get("description")
        for value in node.values():
            yield from described(value)


@pytest.mark.parametrize("name", NAMES)
def test_every_key_has_a_description(name):
    assert {key for key, text in described(schema(name)) if not text} == set()


def nodes(node):
    if isinstance(node, dict):
        yield node
    for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from nodes(child)


def test_an_editor_says_in_words_what_a_pattern_wants():
    patterns = [node for node in nodes(schema("workspace")) if isinstance(node.get("pattern"), str)]

    assert len(patterns) > 50
    assert [node for node in patterns if not node.get("patternErrorMessage")] == []
    assert [node for node in patterns if set("\\\\^[]") & set(node["patternErrorMessage"])] == []


def test_an_editor_completes_the_events_of_a_filter_and_takes_others():
    [documented, other] = schema("workspace")["$defs"]["workspace"]["properties"]["events_filter"]["items"]["anyOf"]

    assert "task.created" in documented["enum"]
    assert rejects("workspace", data_of("workspace: {name: W, events_filter: [task.created, brand.new]}")) == []
    assert rejects("workspace", data_of("workspace: {name: W, events_filter: ['task.created,x']}")) != []
    assert "task.created" in other["patternErrorMessage"]


def test_descriptions_are_the_docstrings_of_the_models():
    tree = ast.parse((ROOT / "tr_apply" / "resources" / "task_queue.py").read_text())
    [model] = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    strings = {" ".join(ast.get_docstring(model).split())} | {
        " ".join(node.value.value.replace("``", "`").split())
        for node in model.body
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }

    made = schema("workspace")["$defs"]["task_queue"]
    described = [value["description"] for key, value in made["properties"].items() if key != "for_each"]  # of no model

    assert "for_each" in made["properties"]
    assert {made["description"], *described} == strings


def test_inherited_keys_are_described_as_where_they_are_declared():
    definitions = schema("workspace")["$defs"]

    assert definitions["workers_ownership"]["properties"]["ignore"] == definitions["ownership"]["properties"]["ignore"]


def test_a_plan_and_an_apply_are_what_the_schema_says(capsys, tmp_path):
    options = ["--local-db", str(tmp_path / "local.db"), "--format", "json"]
    path = str(ROOT / "examples" / "minimal.yaml")

    for arguments in (["plan", path], ["apply", path, "--auto-approve"], ["plan", path], ["plan", "/nowhere"]):
        run([*arguments, *options])
        document = json.loads(capsys.readouterr().out)
        assert rejects("plan", document) == [], arguments


def test_findings_are_what_the_schema_says(capsys, tmp_path):
    path = tmp_path / "wrong.yaml"
    path.write_text("workspace: {name: W}\nx: 1\nworkflows: [{name: A}]\n")

    run(["validate", str(path), "--format", "json"])

    document = json.loads(capsys.readouterr().out)
    assert {each["severity"] for each in document["diagnostics"]} >= {"error"}
    assert rejects("plan", document) == []
