"""Variables: the values of ``${NAME}``, and texts that are not variables."""

import json
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.seeded import Choices, chosen, json_value
from tr_apply.config.load import Inputs, load
from tr_apply.config.rules import RULES
from tr_apply.config.values.variables import VariableError, Variables
from tr_apply.findings import errors_of
from tr_apply.lint import lint
from tr_apply.resources.template import SidOf, Substituted, filled, mapped, parts

PIECES = ["$", "{", "}", "${", "$${", "${a}", "${b}", "${sid:worker/x}", "${c:-d}", "x", "sid:workspace", ":-"]
TEXT = chosen(lambda choices: choices.text(PIECES, 10), 11)


def literal(template):
    """The text for TaskRouter, with each SID as ``<KIND/NAME>``."""
    return filled(template, lambda sid: f"<{sid}>")


@given(TEXT, TEXT, TEXT)
@example("${a}${b}", "$", "{sid:worker/x}")
@example("${a}${sid:worker/x}", "$", "")
@example("${x:-}", "", "")
def test_values_from_outside_come_out_as_they_are(text, a, b):
    variables = Variables(given={"a": a}, environment={"TR_VAR_b": b})

    try:
        made = literal(variables.substituted(text))
    except VariableError:
        return

    expected = "".join(
        part if isinstance(part, str) else f"<{part}>" for part in _parts(text, {"a": a, "b": b, "c": "d"})
    )
    assert made == expected


def _parts(text, values):
    """The same by another way: the text cut at its references, from left to right."""
    while text:
        for beginning in ("$${", "${sid:", "${"):
            if text.startswith(beginning):
                break
        else:
            yield text[0]
            text = text[1:]
            continue
        if beginning == "$${":
            yield "${"
            text = text[3:]
            continue
        inside, _, text = text[2:].partition("}")
        if beginning == "${sid:":
            yield SidOf(*inside.removeprefix("sid:").partition("/")[::2])
        else:
            name, _, default = inside.partition(":-")
            yield values.get(name, default)


@given(TEXT)
def test_a_text_without_variables_stays_as_it_is(text):
    try:
        made = Variables().substituted(text)
    except VariableError:
        return

    if "${c" not in text:
        assert made == text


@given(TEXT, TEXT)
def test_a_declared_variable_is_its_text_put_in_its_place(text, value):
    direct = Variables(given={"b": "B"}, declared={"a": value})
    try:
        made = direct.substituted(text)
        alone = direct.substituted(value)
    except VariableError:
        return

    if text == "${a}":
        assert made == alone
    assert list(parts(made)) == list(parts(made))  # a template again


@given(st.dictionaries(st.sampled_from("abcdef"), TEXT, max_size=6), TEXT)
def test_variables_end_in_a_text_or_in_an_error(declared, text):
    variables = Variables(declared=declared)

    error = failure(variables, text)

    assert error is None or error.rule in RULES
    assert error is None or 0 <= error.offset <= len(text)


def failure(variables, text):
    try:
        variables.substituted(text)
    except VariableError as error:
        return error
    return None


def test_a_chain_of_variables_may_be_longer_than_the_stack():
    declared = {f"v{i}": f"${{v{i + 1}}}" for i in range(10_000)} | {"v10000": "end"}

    assert Variables(declared=declared).substituted("${v0}") == "end"


def test_a_cycle_longer_than_the_stack_is_reported_in_short():
    declared = {f"v{i}": f"x ${{v{(i + 1) % 10_000}}}" for i in range(10_000)}

    error = failure(Variables(declared=declared), "${v9999}")

    assert (
        error.message
        == "the variable v9999 needs itself: v9999 -> v0 -> v1 -> v2 -> v3 -> v4 -> v5 -> v6 -> … -> v9999"
    )


def test_many_strings_that_variables_make_long_end():
    variables = Variables(given={"a": "x" * 90_000})

    errors = [failure(variables, f"{i} ${{a}}") for i in range(600)]

    assert errors[0] is None
    assert errors[-1].rule.code == "variable-too-long"


def test_a_text_that_is_exactly_one_variable_differs_from_one_that_holds_one():
    variables = Variables(given={"a": "5"})

    assert isinstance(variables.substituted("${a}"), Substituted)
    assert isinstance(variables.substituted("${b:-5}"), Substituted)
    assert not isinstance(variables.substituted("${a}0"), Substituted)
    assert not isinstance(variables.substituted("$${a}"), Substituted)
    assert not isinstance(variables.substituted("${sid:workspace}"), Substituted)


def test_the_error_is_at_the_reference():
    with pytest.raises(VariableError) as raised:
        Variables(given={"a": "long value"}).substituted("${a} ${a} ${b}")

    assert raised.value.offset == 10
    assert raised.value.variable == ""


def test_the_error_names_the_declared_variable_that_is_wrong():
    variables = Variables(declared={"a": "x ${b}", "b": "${missing}"})

    with pytest.raises(VariableError) as raised:
        variables.substituted("at ${a}")

    assert (raised.value.variable, raised.value.offset) == ("b", 3)


def test_variables_that_double_a_sid_end():
    declared = {f"v{i}": f"${{v{i - 1}}}" * 2 for i in range(1, 40)} | {"v0": "${sid:worker/x}"}

    with pytest.raises(VariableError) as raised:
        Variables(declared=declared).substituted("${v39}")

    assert raised.value.rule.code == "variable-too-long"


def test_a_declared_text_is_known_from_another_that_is_equal():
    first, second = "x ${y}", "x ${y}!"[:-1]
    variables = Variables(declared={"a": first})

    assert variables.uses("a", first)
    assert not variables.uses("a", second)
    assert not Variables(given={"a": "z"}, declared={"a": first}).uses("a", first)


TYPED = {"n": ("integer", "0x10", 16), "x": ("number", "1.50", 1.5), "b": ("boolean", "TRUE", True), "j": ("json", '{"a": [1]}', {"a": [1]}), "s": ("string", "0042", "0042")}  # fmt: skip


@pytest.mark.parametrize("name", TYPED)
def test_a_variable_with_a_type_is_that_in_attributes_and_json_in_a_text(loaded, name):
    kind, text, value = TYPED[name]

    configuration = loaded(
        f"variables: {{v: {{type: {kind}}}}}\nworkspace: {{name: W}}\n"
        "task_queues: [{name: Q, target_workers: 'level == ${v}'}]\n"
        "workers: [{name: a, attributes: {alone: '${v}', list: ['${v}'], inside: 'x ${v}', no_type: '${w}'}}]\n",
        environment={"TR_VAR_v": text, "TR_VAR_w": "5"},
    )

    assert errors_of(configuration.diagnostics) == ()
    written = value if kind == "string" else json.dumps(value, separators=(",", ":"))
    attributes = {"alone": value, "list": [value], "inside": f"x {written}", "no_type": "5"}
    assert configuration.document.workers[0].attributes == attributes
    assert configuration.document.task_queues[0].target_workers == f"level == {written}"


def test_a_list_may_come_from_a_variable_of_json(loaded):
    configuration = loaded(
        "variables: {events: {type: json, default: [task.created, task.canceled]}}\n"
        "workspace: {name: W, events_filter: '${events}'}\n"
    )

    assert configuration.diagnostics == ()
    assert configuration.document.workspace.events_filter == ["task.created", "task.canceled"]


def test_null_is_a_value_in_attributes_alone(loaded):
    configuration = loaded(
        "variables: {none: {type: json}}\nvars: {none: 'null'}\n"
        "workspace: {name: W, events_filter: '${none}'}\nworkers: [{name: a, attributes: {b: '${none}'}}]\n"
    )

    assert [(each.code, each.path) for each in configuration.diagnostics] == [("null", "workspace.events_filter")]
    assert configuration.document.workers[0].attributes == {"b": None}


def word(choices):
    return choices.any_text(6)


SCALARS = (lambda _: None, Choices.flag, lambda choices: choices.below(199) - 99, word)


@given(chosen(lambda choices: json_value(choices, SCALARS, word), 480))
def test_a_json_value_enters_attributes_as_it_is(value):
    text = "variables: {v: {type: json}}\nworkspace: {name: W}\nworkers: [{name: a, attributes: {v: '${v}'}}]\n"
    with TemporaryDirectory() as folder:
        path = Path(folder, "c.yaml")
        path.write_text(text)
        configuration = load(path, Inputs(given={"v": json.dumps(value)}))

    assert errors_of(configuration.diagnostics) == ()
    assert mapped(configuration.document.workers[0].attributes["v"], as_sent) == value


def as_sent(leaf):
    return literal(leaf) if isinstance(leaf, str) else leaf


CHAIN = st.dictionaries(st.sampled_from("abcd"), st.lists(st.sampled_from(["${a}", "${b}", "${c}", "${d}", "x"]), max_size=2).map("".join), max_size=4)  # fmt: skip


@given(CHAIN, st.sampled_from("abcd"), st.sampled_from(["${a}", "y ${b}", "${c}${d}", "z", "${d:-w}"]))
def test_a_variable_that_uses_a_secret_is_secret(declared, secret, text):
    variables = Variables(declared=declared, environment={f"TR_SECRET_{secret}": "canary"})

    try:
        made = variables.substituted(text)
    except VariableError:
        return

    if "canary" in made:
        assert variables.holds_secret(text)
    if f"${{{secret}" not in "".join([text, *declared.values()]):
        assert not variables.holds_secret(text)


def test_no_file_makes_a_secret_of_another_one_public(loaded):
    configuration = loaded(
        {
            "a.yaml": "variables: {t: {secret: true}}\nworkspace: {name: W, event_callback_url: 'https://x.example/${t}'}\n",
        },
        overlays=["variables: {t: {secret: false, default: d}}\n"],
    )

    assert configuration.document.sensitive("workspace") == ("event_callback_url",)


def test_a_secret_hides_the_field_of_its_own_resource_and_no_other(loaded):
    configuration = loaded(
        "variables: {t: {secret: true, default: canary}}\nworkspace: {name: W}\n"
        "workflows:\n"
        "  - {name: A, assignment_callback_url: 'https://x.example/${t}'}\n"
        "  - {name: B, assignment_callback_url: 'https://x.example/'}\n"
        "  - name: C\n"
        "    filters:\n"
        "      - {name: One, expression: \"a == '${t}'\", targets: [{queue: Q, expression: \"b == '${t}'\"}]}\n"
        "      - {expression: \"a == '${t}'\", targets: [{queue: Q}]}\n"
        "workers: [{name: ann, attributes: {keys: {door: ['${t}', 1]}, level: 2}}]\n"
    )
    document = configuration.document

    assert document.sensitive("workflows", "a") == ("assignment_callback_url",)
    assert document.sensitive("workflows", "B") == ()
    assert {*document.sensitive("workflows", "C")} == {"filters[One].expression", "filters[One].targets", "filters[*].expression"}  # fmt: skip
    assert document.sensitive("workers", "ANN") == ("attributes.keys.door",)
    assert document.sensitive("workers", "ben") == ()


def test_a_value_that_is_the_whole_string_is_plain_text_inside_attributes(loaded):
    configuration = loaded(
        "workspace: {name: W}\nworkers:\n  - {name: a, attributes: {team: '${team}'}}\n"
        "  - {for_each: {t: [support]}, name: b, attributes: {team: '${each.t}', teams: ['${team}']}}\n"
        "task_queues: [{name: Q, target_workers: \"team == 'support'\"}]\n",
        given={"team": "support"},
    )
    lint(configuration, today=date(2026, 1, 1))

    first, second = (each.attributes for each in configuration.document.workers)
    assert {type(each) for each in (first["team"], second["team"], *second["teams"])} == {str}
    assert configuration.diagnostics == ()


def test_no_finding_quotes_a_part_of_a_secret_or_confirms_a_guess(loaded):
    canary = "canary" * 30
    text = (
        "variables: {a: {enum: [x], default: 'z${t}'}, n: {type: integer}}\nvars: {n: '${t}', t: %s}\n"
        "workspace: {name: 'W ${a}', events_filter: '${t}', default_activity: '${t}'}\n"
        "task_queues: [{for_each: {v: ['${t}']}, name: 'Q ${each.v}', max_reserved_workers: '${n}'}]\n"
    )

    found = [loaded(text % guess, environment={"TR_SECRET_t": canary}).diagnostics for guess in (canary, "other")]

    assert [each.code for each in found[0]] == [each.code for each in found[1]]
    assert "environment-beats-file" in {each.code for each in found[0]}
    assert "canary" not in " ".join(each.message for each in found[0])
