"""Properties of every expression with any attributes, tried on random ones."""

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.routing.order_text import format_order_by
from tests.seeded import Choices, chosen, json_value
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

thorough = settings(derandomize=True, max_examples=200)

SIZE = 480  # of all, as hypothesis copies the bytes of one argument into another
KEYS = ["a", "b", "skills", "task", "worker", "in_x", "$1"]
SCALARS = (
    lambda _: None,
    Choices.flag,
    lambda choices: choices.below(10) - 3,
    Choices.integer,
    lambda choices: choices.choice([0.0, 5.0, -1.5]),
    Choices.number,
    lambda choices: choices.text("ab5 '\"\\\n-é", 6),
    lambda choices: choices.choice(["5", "-1.5", "en"]),
)
SEGMENTS = [*KEYS, "988ENsk", "AND", 0, 1, 12]


def scalar(choices):
    return choices.choice(SCALARS)(choices)


def key(choices):
    return choices.choice(KEYS)


def names(choices):
    return dict(choices.some(lambda part: (key(part), json_value(part, SCALARS, key, 2)), 5))


def rest_of_a_path(choices):
    return choices.several(lambda part: part.choice(SEGMENTS), 3, size=2)


def operand(choices, depth=2):
    match choices.choice(["path", "constant", "list"] if depth else ["path", "constant"]):
        case "path":
            return Path((choices.choice(KEYS), *rest_of_a_path(choices)))
        case "constant":
            return Constant(scalar(choices))
        case "list":
            return ListLiteral(tuple(choices.several(lambda part: operand(part, depth - 1), 3)))


def condition(choices):
    comparator = choices.choice(list(Comparator))
    left, right = choices.several(operand, 2, least=2)
    return Comparison(left, comparator, right)


def expression(choices, depth=2):
    kind = choices.choice([Comparison, And, Or] if depth else [Comparison])
    if kind is Comparison:
        return condition(choices)
    return kind(tuple(choices.several(lambda part: expression(part, depth - 1), 3, least=2)))


def order(choices):
    clauses = choices.several(
        lambda part: OrderClause(Path(("worker", "a", *rest_of_a_path(part))), part.choice(list(Direction))), 4, least=1
    )
    return OrderBy(tuple(clauses))


json_values = chosen(lambda choices: json_value(choices, SCALARS, key), SIZE)
attributes = chosen(names, SIZE)
conditions = chosen(condition, SIZE)
expressions = chosen(expression, SIZE)
orders = chosen(order, SIZE)
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
any_text = (
    st.text(max_size=20)
    | chosen(lambda choices: " ".join(choices.pieces(PIECES, 20)), SIZE)
    | chosen(lambda choices: choices.text(PIECES, 20), SIZE)
)


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


@settings(thorough, max_examples=60)
@given(expressions)
def test_paths_can_be_replaced_in_any_position(tree):
    replaced = with_paths(tree, lambda path: Path(("new", *path.segments)))

    assert with_paths(tree, lambda path: path) == tree
    assert [path.segments for path in paths_of(replaced)] == [("new", *path.segments) for path in paths_of(tree)]
