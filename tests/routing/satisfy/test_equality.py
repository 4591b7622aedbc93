"""Whether two expressions mean the same: of real ones, and of one whose operands change places."""

import json
import random
from collections import defaultdict
from dataclasses import replace
from itertools import combinations

import pytest

from tests.routing.satisfy.test_enumeration import CORPUS, documents, random_text, tree
from tr_apply.routing.nodes import Comparison, comparisons, paths
from tr_apply.routing.parser import parse
from tr_apply.routing.place import Place
from tr_apply.routing.satisfy import meanings

PLACES = {"filter": Place.FILTER, "target_workers": Place.QUEUE}


def of_same_attributes():
    """The real expressions of tasks or workers, those about the same attributes together."""
    alike = defaultdict(dict)
    for kind, text in real_texts():
        if (found := tree(text)) is not None:
            asked = frozenset(path.segments for one in comparisons(found) for path in paths(one))
            alike[kind, asked][found] = None
    return alike


def real_texts():
    for each in json.loads((CORPUS / "expressions.json").read_text(encoding="utf-8")):
        if each["kind"] in PLACES:
            yield each["kind"], each["expr"]
    for _, document in documents():
        for each in (document.get("task_routing") or {}).get("filters") or ():
            yield "filter", each.get("expression", "")


@pytest.mark.skipif(not CORPUS.is_dir(), reason=f"no real configurations in {CORPUS}")
def test_two_real_expressions_mean_the_same_where_the_enumeration_has_no_difference(grid_of, largest):
    compared, same = 0, 0
    for (kind, asked), found in of_same_attributes().items():
        if not asked:
            continue
        grid = grid_of(found)
        if grid.size > largest:
            continue
        for one, other in combinations(found, 2):
            expected = grid.bits(one) == grid.bits(other)
            assert meanings(one, other, PLACES[kind]).same is expected, (one, other)
            compared, same = compared + 1, same + expected

    assert compared > 150
    assert same >= 2


def permuted(dice, expression):
    """*expression* with the operands of each AND and OR in another order."""
    if isinstance(expression, Comparison):
        return expression
    operands = [permuted(dice, each) for each in expression.operands]
    dice.shuffle(operands)
    return replace(expression, operands=tuple(operands))


def test_the_operands_of_and_and_or_may_change_places():
    dice = random.Random(3)
    for _ in range(1000):
        expression = parse(random_text(dice))

        assert meanings(expression, permuted(dice, expression), Place.FILTER).same
