"""expression_cases.json: every case the language is specified by, with how sure it is."""

import json
from pathlib import Path

import pytest

from tests.routing.order_text import format_order_by
from tr_apply.errors import ExpressionSyntaxError
from tr_apply.routing.check import check
from tr_apply.routing.evaluate import compiled, evaluate, order_key
from tr_apply.routing.format import format_expression
from tr_apply.routing.parser import parse, parse_order_by
from tr_apply.routing.place import Place

CASES = json.loads((Path(__file__).parent / "expression_cases.json").read_text(encoding="utf-8"))
EXPRESSIONS = [case for case in CASES if case["context"] != "order_by"]
ORDERS = [case for case in CASES if case["context"] == "order_by"]


def of(cases, **wanted):
    chosen = [case for case in cases if all(case[key] == value for key, value in wanted.items())]
    ids = [f"{CASES.index(case)} {case['context']}: {case['expr']}" for case in chosen]
    return pytest.mark.parametrize("case", chosen, ids=ids)


def names_of(case):
    match case["context"]:
        case "queue":
            return case["worker"]
        case "filter":
            return case["task"]
        case "target":
            return {"task": case["task"], "worker": case["worker"]}
        case "skip_if":
            return {"workers": case["queue_workers"]}


def test_there_are_121_cases():
    assert len(CASES) == 121


@of(EXPRESSIONS, valid=True)
def test_a_valid_expression_has_the_given_answer(case):
    expression = parse(case["expr"])

    assert evaluate(expression, names_of(case)) is case["result"]
    assert compiled(expression)(names_of(case)) is case["result"]


@of(EXPRESSIONS, valid=True)
def test_a_valid_expression_survives_formatting(case):
    expression = parse(case["expr"])

    assert parse(format_expression(expression)) == expression


@of(EXPRESSIONS, valid=False)
def test_an_invalid_expression_is_refused(case):
    with pytest.raises(ExpressionSyntaxError):
        parse(case["expr"])


@of(ORDERS, valid=True)
def test_a_valid_order_survives_formatting_and_sorts_as_given(case):
    order_by = parse_order_by(case["expr"])
    waiting_longest_first = sorted(case.get("workers", []), key=lambda worker: worker["last_assigned"])

    workers = sorted(waiting_longest_first, key=lambda worker: order_key(order_by, worker["attributes"]))

    assert parse_order_by(format_order_by(order_by)) == order_by
    assert [worker["name"] for worker in workers] == case.get("expected_order", [])


@of(ORDERS, valid=False)
def test_an_invalid_order_is_refused(case):
    with pytest.raises(ExpressionSyntaxError):
        parse_order_by(case["expr"])


@of(CASES)
def test_check_has_an_error_for_exactly_the_invalid_texts(case):
    findings = check(case["expr"], Place(case["context"]))

    assert any(finding.severity == "error" for finding in findings) is not case["valid"]
