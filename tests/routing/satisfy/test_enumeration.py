"""Every answer about the filters of a workflow, compared with an enumeration of all kinds of tasks."""

import json
import random
from pathlib import Path as File

import pytest

from tr_apply.errors import ExpressionSyntaxError
from tr_apply.routing.parser import parse
from tr_apply.routing.place import Place
from tr_apply.routing.satisfy import (
    Exit,
    Expressions,
    Filters,
    Satisfiable,
    TaskFilter,
    Unknown,
    Unsatisfiable,
    default_filter,
    moves,
    way_out,
)

CORPUS = File(__file__).parents[3].parent / "shared" / "corpus"


def tree(text):
    try:
        return parse(text)
    except ExpressionSyntaxError:
        return None


def documents():
    for file in sorted(CORPUS.glob("workflows/*.json")):
        yield file.stem, json.loads(file.read_text(encoding="utf-8"))
    for file in sorted(CORPUS.glob("workspaces/*.json")):
        for n, workflow in enumerate(json.loads(file.read_text(encoding="utf-8")).get("workflows", ())):
            yield f"{file.stem}-{n}", workflow.get("configuration") or {}


def read(document):
    """The filters of a document; those without an expression are left out."""
    listed = (document.get("task_routing") or {}).get("filters") or ()
    return [read_filter(number, each) for number, each in enumerate(listed, 1) if "expression" in each]


def read_filter(number, written):
    exits = [
        Exit("timeout" in each, tree(each["skip_if"]) if "skip_if" in each else None) for each in written["targets"]
    ]
    return TaskFilter(number, written.get("filter_friendly_name"), tree(written["expression"]), way_out(exits))


VALUES = ("'voice'", "'web'", "'sms'", "null", "true", "5", "'5'")
CONDITIONS = (
    *("channel == {0}", "channel != {0}", "channel IN [{0}, {1}]", "channel NOT IN [{0}, {1}]", "topic == {0}"),
    *("topic != {0}", "attempts > 1", "attempts <= 3", "3 > attempts", "skills HAS {0}", "{0} IN skills"),
    *("{0} NOT IN skills", "topic CONTAINS 'voice'", "topic CONTAINS 'i'", "call.queue == {0}", "call != null", "1==1"),
)


def random_condition(dice):
    return dice.choice(CONDITIONS).format(*dice.sample(VALUES, 2))


def random_text(dice):
    alternatives = [
        " AND ".join(random_condition(dice) for _ in range(dice.randint(1, 3))) for _ in range(dice.randint(1, 3))
    ]
    return " OR ".join(f"({each})" for each in alternatives)


def random_filters(dice):
    return [
        TaskFilter(
            number, None, parse(random_text(dice)), dice.choice(("none", "none", "timeout", "skip")), ("to", number)
        )
        for number in range(1, dice.randint(3, 9))
    ]


def expected(grid, filters):
    """The result of the enumeration for each filter: whether it is never true, always true, reached, reached first."""
    any_above = {"none": 0, "timeout": 0, "skip": 0}
    for each in filters:
        bits = grid.bits(each.expression)
        above = any_above["none"] | any_above["timeout"] | any_above["skip"]
        yield not bits, bits == grid.full, bool(bits & ~any_above["none"]), bool(bits & ~above)
        any_above[each.way_out] |= bits
    yield bool(grid.full & ~(any_above["none"] | any_above["timeout"]))


def answered(filters):
    asked = Filters(filters)
    for index, each in enumerate(filters):
        alone = Expressions([each.expression], Place.FILTER)
        yield (
            alone.never_true(each.expression),
            alone.always_true(each.expression),
            found(asked.reach(index)),
            found(asked.reach_first(index)),
        )
    yield found(asked.reach_default())


def found(reach):
    return None if isinstance(reach.answer, Unknown) else isinstance(reach.answer, Satisfiable)


def is_readable(filters):
    return bool(filters) and all(each.expression is not None for each in filters)


@pytest.mark.skipif(not CORPUS.is_dir(), reason=f"no real configurations in {CORPUS}")
def test_the_answers_about_real_workflows_are_those_of_the_enumeration(grid_of, largest):
    compared = 0
    for name, document in documents():
        filters = read(document)
        if is_readable(filters):
            grid = grid_of([each.expression for each in filters])
            assert grid.size <= largest, name
            assert list(answered(filters)) == list(expected(grid, filters)), name
            compared += 1

    assert compared > 40


def test_the_enumeration_knows_a_text_that_holds_a_part_and_is_not_the_part(grid_of):
    expression = parse("topic != 'voice' AND topic CONTAINS 'voice'")

    assert grid_of([expression]).bits(expression)


@pytest.mark.parametrize("seed", [*range(4), 1004])
def test_the_answers_about_random_workflows_are_those_of_the_enumeration(seed, grid_of, largest):
    dice, compared = random.Random(seed), 0
    while compared < 40:
        filters = random_filters(dice)
        grid = grid_of([each.expression for each in filters])
        if grid.size <= largest // 32:
            assert list(answered(filters)) == list(expected(grid, filters))
            compared += 1


def changed(dice, filters):
    """*filters* after some typical changes by people."""
    result = list(filters)
    for _ in range(dice.randint(1, 2)):
        index = dice.randrange(len(result))
        match dice.randrange(4):
            case 0:
                result.insert(index, TaskFilter(0, None, parse(random_text(dice)), "none", ("new", index)))
            case 1:
                result.insert(dice.randrange(len(result)), result.pop(index))
            case 2 if len(result) > 1:
                del result[index]
            case _:
                result[index] = TaskFilter(0, None, parse(random_text(dice)), "none", result[index].route)
    return result


def first_of(filters, grid):
    """Which combinations each of *filters* takes first; those that no filter takes with None."""
    left = grid.full
    for each in filters:
        yield each, left & grid.bits(each.expression)
        left &= ~grid.bits(each.expression)
    yield None, left


def route_of(each):
    return None if each is None else each.route


@pytest.mark.parametrize("seed", range(4))
def test_the_moves_between_random_workflows_are_those_of_the_enumeration(seed, grid_of, largest):
    dice, compared = random.Random(100 + seed), 0
    while compared < 30:
        before = random_filters(dice)
        after = changed(dice, before)
        if dice.random() < 0.5:
            before, after = [*before, default_filter("default")], [*after, default_filter("default")]
        grid = grid_of([each.expression for each in (*before, *after)])
        if grid.size > largest // 32:
            continue
        those_after = list(first_of(after, grid))
        pairs = {(one, other) for one, those in first_of(before, grid) for other, these in those_after if those & these}

        result = moves(before, after, most=1000)

        assert result.unknown == ()
        assert {(move.before, move.after) for move in result.found} == {
            pair for pair in pairs if route_of(pair[0]) != route_of(pair[1])
        }
        compared += 1


def test_a_taker_really_takes_its_task_and_none_can_be_left_out():
    dice = random.Random(5)
    for _ in range(60):
        filters = random_filters(dice)
        for index, each in enumerate(filters):
            result = Filters(filters).reach(index)
            if not isinstance(result.answer, Unsatisfiable):
                continue
            needed = {taker.filter.number for taker in result.takers}
            for number in needed:
                fewer = [other for other in filters[:index] if other.number in needed - {number}]
                assert isinstance(Filters([*fewer, each]).reach(len(fewer)).answer, Satisfiable)
