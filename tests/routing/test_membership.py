"""Many expressions over many workers: the index, the closures and the plain evaluator agree, whatever changes."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.seeded import chosen, json_value
from tr_apply.routing.evaluate import compiled, evaluate
from tr_apply.routing.format import format_expression
from tr_apply.routing.membership import Membership
from tr_apply.routing.nodes import And, Comparator, Comparison, Constant, ListLiteral, Or, Path
from tr_apply.routing.parser import parse_target_workers
from tr_apply.routing.worker_index import WorkerIndex, bits_of, numbers_in

MISSING = object()
thorough = settings(derandomize=True, max_examples=100)

# Values that Python takes for equal and the language does not, and the other way round
SIZE = 320  # of all, as hypothesis copies the bytes of one argument into another
SCALARS = [None, True, False, 0, 1, 1.0, 2, 2.5, -1, "", "a", "ab", "1", "2.5", "en", "é"]
PATHS = [("a",), ("b",), ("skills",), ("a", "x"), ("skills", 0), ("activity_name",)]


NAMES = ["a", "b", "skills", "activity_name"]


def scalar(choices):
    return choices.choice(SCALARS)


def key(choices):
    return choices.choice("xy")


def names_of(choices):
    return dict(choices.some(lambda part: (part.choice(NAMES), json_value(part, [scalar], key, 2)), 4))


def constant_or_path(choices):
    return Constant(scalar(choices)) if choices.flag() else Path(choices.choice(PATHS))


def operand(choices):
    if choices.below(3):
        return constant_or_path(choices)
    return ListLiteral(tuple(choices.several(constant_or_path, 3, size=2)))


def comparison(choices):
    left, right = choices.several(operand, 2, least=2, size=11)
    return Comparison(left, choices.choice(list(Comparator)), right)


def expression(choices):
    kind = choices.choice([Comparison, And, Or])
    several = choices.several(comparison, 3, least=2, size=26)
    return several[0] if kind is Comparison else kind(tuple(several))


names = chosen(names_of, SIZE)
expressions = chosen(expression, SIZE)


def by_evaluator(expression, workers):
    return {number for number, each in workers.items() if evaluate(expression, each)}


@thorough
@given(st.lists(expressions, max_size=5), st.lists(names, max_size=8))
def test_the_index_and_the_closures_mean_what_the_evaluator_means(trees, workers):
    index, numbered = WorkerIndex(workers), dict(enumerate(workers))

    for tree in trees:
        expected = by_evaluator(tree, numbered)
        assert set(numbers_in(index.where(tree))) == expected
        assert {number for number, each in numbered.items() if compiled(tree)(each)} == expected


WORKERS = [
    {} if value is MISSING else {"a": value, "b": other}
    for value in (MISSING, None, True, 0, 1, 2.5, "", "a", "1", [], ["a"], [1, "a"], [None], [["a"]], {}, {"x": 1})
    for other in (1, ["a", 1])
]
CONSTANTS = [None, True, 0, 1, 1.0, 2.5, "", "a", "1"]
OPERANDS = [*map(Constant, CONSTANTS), ListLiteral(()), ListLiteral(tuple(map(Constant, ("a", 1)))), Path(("b",))]


@pytest.mark.parametrize("comparator", Comparator)
def test_every_comparison_of_an_attribute_means_the_same_in_the_index(comparator):
    index, numbered = WorkerIndex(WORKERS), dict(enumerate(WORKERS))
    attribute = Path(("a",))

    for operand in OPERANDS:
        for tree in (Comparison(attribute, comparator, operand), Comparison(operand, comparator, attribute)):
            assert set(numbers_in(index.where(tree))) == by_evaluator(tree, numbered), format_expression(tree)


changes = st.lists(
    st.tuples(st.sampled_from(["add", "replace", "remove", "activity"]), st.integers(0, 7), names), max_size=12
)


@thorough
@given(st.dictionaries(st.sampled_from(["WQ1", "WQ2", "WQ3"]), expressions), st.lists(names, max_size=4), changes)
def test_members_follow_every_change(queues, workers, deeds):
    membership, numbered = Membership(workers, queues), dict(enumerate(workers))

    for deed, pick, after in deeds:
        known = sorted(numbered)
        number = known[pick % len(known)] if known else None
        before = {sid for sid in queues if number is not None and membership.members[sid] >> number & 1}
        if deed == "add" or number is None:
            number, moved = membership.add_worker(after)
            numbered[number], before = after, set()
        elif deed == "remove":
            membership.remove_worker(number)
            del numbered[number]
            moved = None
        elif deed == "activity":
            numbered[number] = {**numbered[number], "activity_name": after.get("activity_name")}
            moved = membership.change_activity(number, numbered[number])
        else:
            numbered[number] = after
            moved = membership.change_worker(number, after)
        for sid, tree in queues.items():
            assert set(numbers_in(membership.members[sid])) == by_evaluator(tree, numbered)
        if moved is not None:
            now = {sid for sid in queues if membership.members[sid] >> number & 1}
            assert set(moved) == before ^ now
    assert membership.everyone() == {
        number: [sid for sid in queues if membership.members[sid] >> number & 1]
        for number in numbered
        if any(bits >> number & 1 for bits in membership.members.values())
    }


@thorough
@given(expressions, expressions, st.lists(names, max_size=5))
def test_a_queue_may_get_another_expression_and_go(before, after, workers):
    membership = Membership(workers, {"WQ": before})

    membership.set_queue("WQ", after)

    assert set(numbers_in(membership.members["WQ"])) == by_evaluator(after, dict(enumerate(workers)))
    membership.set_queue("WQ", None)
    assert membership.members["WQ"] == 0
    membership.remove_queue("WQ")
    assert membership.members == {}


@pytest.mark.parametrize("text", ["", " ", "\n"])
def test_an_empty_target_workers_is_for_nobody(text):
    membership = Membership(WORKERS, {"WQ": parse_target_workers(text)})

    assert membership.members["WQ"] == 0


def test_an_attribute_with_hundreds_of_values_is_indexed_too():
    workers = [{"id": number, "tags": [number, number % 7]} for number in range(700)]
    index = WorkerIndex(workers)
    everyone = Comparison(Path(("id",)), Comparator.GREATER_OR_EQUAL, Constant(100))
    some = Comparison(Path(("tags",)), Comparator.HAS, Constant(3))

    for tree in (everyone, some, And((everyone, some))):
        assert set(numbers_in(index.where(tree))) == by_evaluator(tree, dict(enumerate(workers)))

    index.replace(650, {"id": 5, "tags": [3]})
    index.remove(651)
    numbered = dict(enumerate(workers)) | {650: {"id": 5, "tags": [3]}}
    del numbered[651]
    assert index.add({"id": 651, "tags": []}) == 651
    assert set(numbers_in(index.where(some))) == by_evaluator(some, numbered)


@pytest.mark.parametrize("numbers", [[], [0], [5], [0, 1, 63, 64, 200]])
def test_a_set_of_numbers_is_an_integer(numbers):
    bits = bits_of(numbers, 201)

    assert bits == sum(1 << number for number in numbers)
    assert list(numbers_in(bits)) == numbers
