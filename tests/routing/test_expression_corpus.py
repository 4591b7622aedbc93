"""Expressions of real configurations, in a folder next to the checkout if available."""

import json
from pathlib import Path

import pytest

from tests.routing.order_text import format_order_by
from tr_apply.routing.check import check
from tr_apply.routing.format import format_expression
from tr_apply.routing.parser import parse, parse_order_by
from tr_apply.routing.place import Place

CORPUS = Path(__file__).parents[2].parent / "shared" / "corpus"
PLACES = {
    "target_workers": Place.QUEUE,
    "filter": Place.FILTER,
    "target": Place.TARGET,
    "order_by": Place.ORDER_BY,
    "skip_if": Place.SKIP_IF,
    "known_worker_sid": Place.KNOWN_WORKER,
}

pytestmark = pytest.mark.skipif(not CORPUS.is_dir(), reason=f"no real configurations in {CORPUS}")


def texts():
    """Every (place, text) of the corpus."""
    listed = json.loads((CORPUS / "expressions.json").read_text(encoding="utf-8"))
    found = {(PLACES[each["kind"]], each["expr"]) for each in listed}
    for file in CORPUS.glob("work*/*.json"):
        found.update(texts_in(json.loads(file.read_text(encoding="utf-8")), "filter"))
    return sorted(found)


def texts_in(document, kind):
    """Every (place, text) of one document; the place of an ``expression`` follows from the list around it."""
    if isinstance(document, list):
        for each in document:
            yield from texts_in(each, kind)
    if not isinstance(document, dict):
        return
    for key, value in document.items():
        if isinstance(value, str):
            if key == "expression" or key in PLACES:
                yield PLACES[kind if key == "expression" else key], value
        else:
            yield from texts_in(value, {"targets": "target", "filters": "filter"}.get(key, kind))


def test_real_texts_have_no_findings_but_these():
    found = {(place.value, text, finding.code) for place, text in texts() for finding in check(text, place)}

    assert found == {
        # Written by a test of another tool; a key alone is not a comparison.
        ("queue", "test", "expression-syntax"),
        ("target", "task.targetWorker == worker.contact_uri", "both-missing"),
    }


def test_real_texts_survive_formatting():
    for place, text in texts():
        if text == "test" or place is Place.KNOWN_WORKER:
            continue
        if place is Place.ORDER_BY:
            order_by = parse_order_by(text)
            assert parse_order_by(format_order_by(order_by)) == order_by
        else:
            expression = parse(text)
            assert parse(format_expression(expression)) == expression
