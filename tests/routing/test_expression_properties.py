"""Properties of every expression with any attributes, tried on random ones."""

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.routing.order_text import format_order_by
from tr_apply.errors import ExpressionSyntaxError
from tr_apply.routing.check import check, check_against
from tr_apply.routing.evaluate import COMPARE, compiled, evaluate, order_key
from tr_apply.routing.format import format_expression
from tr_apply.routing.nodes import (
    And,
    Comparator,
    Comparison,
    Constant,
    Direction,
    ListLiteral,
    Or,
    OrderBy,
    OrderClause,
    Path,
    with_paths,
)
from tr_apply.routing.nodes import paths as paths_of
from tr_apply.routing.parser import parse, parse_known_worker, parse_order_by
from tr_apply.routing.place import Place
from tr_apply.routing.value_types import JsonType, ValueTypes, json_type, outcomes, summarize

thorough = settings(derandomize=True, max_examples=150)

KEYS = ["a", "b", "skills", "task", "worker", "in_x", "$1"]
texts = st.text(st.sampled_from("ab5 '\"\\\n-é"), max_size=6) | st.sampled_from(["5", "-1.5", "en"])
scalars = (
    st.none()
    | st.booleans()
    | st.integers(-3, 6)
    | st.integers()
    | st.sampled_from([0.0, 5.0, -1.5])
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts
)
json_values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=3),
    max_leaves=8,
)
attributes = st.dictionaries(st.sampled_from(KEYS), json_values, max_size=5)

segments = st.lists(st.sampled_from([*KEYS, "988ENsk", "AND", 0, 1, 12]), max_size=3)
paths = st.builds(lambda first, rest: Path((first, *rest)), st.sampled_from(KEYS), segments)
operands = st.recursive(
    paths | st.builds(Constant, scalars),
    lambda inner: st.builds(lambda items: ListLiteral(tuple(items)), st.lists(inner, max_size=3)),
    max_leaves=4,
)
conditions = st.builds(Comparison, operands, st.sampled_from(Comparator), operands)


def junctions(inner):
    several = st.lists(inner, min_size=2, max_size=3).map(tuple)
    return st.builds(And, several) | st.builds(Or, several)


expressions = st.recursive(conditions, junctions, max_leaves=6)
orders = st.builds(
    lambda clauses: OrderBy(tuple(clauses)),
    st.lists(
        st.builds(
            lambda rest, direction: OrderClause(Path(("worker", "a", *rest)), direction),
            segments,
            st.sampled_from(Direction),
        ),
        min_size=1,
        max_size=3,
    ),
)
# Pieces of the language in any order get further into the parser than plain random text.
PIECES = (
    *("a", "skills", "b.c", "a[0]", "'x'", '"y"', "5", "-1", "0.5", "true", "null", "AND", "OR", "IN", "HAS", "NOT"),
    *(
        "CONTAINS",
        "EXISTS",
        "(",
        ")",
        "[",
        "]",
        ",",
        "==",
        "=",
        "!=",
        "<",
        ">",
        ">-",
        "<-",
        "ASC",
        "worker.x",
        "task.y",
    ),
    *("-", ".", "!", "'", "\\", "{", "é", "&", "5x", "\u00a0", "\u201c", " ", "\n"),
)
pieces = st.lists(st.sampled_from(PIECES), max_size=12)
any_text = st.text(max_size=20) | pieces.map(" ".join) | pieces.map("".join)


@thorough
@given(expressions)
def test_canonical_text_reads_back_as_the_same_expression(expression):
    assert parse(format_expression(expression)) == expression


@thorough
@given(orders)
def test_canonical_text_reads_back_as_the_same_order(order_by):
    assert parse_order_by(format_order_by(order_by)) == order_by


@thorough
@given(expressions, st.randoms(use_true_random=False))
def test_other_spellings_read_back_as_the_same_expression(expression, random):
    def spelt(word):
        alternatives = {"==": ["=", "=="], "HAS": ["has", ">-"], "IN": ["in", "<-"], "AND": ["and"], "OR": ["or"]}
        return random.choice(alternatives.get(word, [word])) + random.choice([" ", "\n", "\t  "])

    def rewritten(node):
        match node:
            case Comparison(left, comparator, right):
                return written(left) + spelt(comparator.value) + written(right)
            case And(inner) | Or(inner):
                word = "AND" if isinstance(node, And) else "OR"
                return f" {spelt(word)}".join(f"({rewritten(each)} )" for each in inner)

    def written(operand):
        return format_expression(Comparison(operand, Comparator.EQUAL, Constant(0))).removesuffix("== 0")

    assert parse(rewritten(expression)) == expression


def syntax_error(read, text):
    try:
        read(text)
    except ExpressionSyntaxError as error:
        return error


@thorough
@given(any_text, st.sampled_from([parse, parse_order_by, parse_known_worker]))
def test_any_text_is_an_expression_or_a_syntax_error_within_it(text, read):
    error = syntax_error(read, text)

    assert error is None or (0 <= error.offset <= len(text) and error.message)


@thorough
@given(any_text | expressions.map(format_expression), st.sampled_from(Place), attributes)
def test_any_text_can_be_checked(text, place, sample):
    for finding in check(text, place, given=text) + check_against(text, place, summarize([sample])):
        assert 0 <= finding.spot.offset <= len(text)


@thorough
@given(expressions, attributes)
def test_compiled_and_evaluated_agree(expression, names):
    answer = evaluate(expression, names)

    assert isinstance(answer, bool)
    assert compiled(expression)(names) is answer


@thorough
@given(conditions, json_values, json_values)
def test_a_path_means_its_value(condition, left, right):
    names = {"left": left, "right": right}
    comparison = Comparison(Path(("left",)), condition.comparator, Path(("right",)))

    assert evaluate(comparison, names) is COMPARE[condition.comparator](left, right)


def types_of(value):
    elements = frozenset(map(json_type, value)) if isinstance(value, list) else frozenset(JsonType)
    return ValueTypes(frozenset({json_type(value)}), elements)


@thorough
@given(st.sampled_from(Comparator), json_values, json_values)
def test_no_answer_is_outside_what_the_types_allow(comparator, left, right):
    answer = COMPARE[comparator](left, right)

    assert answer in outcomes(comparator, types_of(left), types_of(right))


@thorough
@given(orders, st.lists(attributes, max_size=4))
def test_sorting_keeps_every_worker(order_by, workers):
    ordered = sorted(range(len(workers)), key=lambda index: order_key(order_by, workers[index]))

    assert sorted(ordered) == list(range(len(workers)))


@settings(thorough, max_examples=50)
@given(expressions)
def test_paths_can_be_replaced_in_any_position(tree):
    replaced = with_paths(tree, lambda path: Path(("new", *path.segments)))

    assert with_paths(tree, lambda path: path) == tree
    assert [path.segments for path in paths_of(replaced)] == [("new", *path.segments) for path in paths_of(tree)]
