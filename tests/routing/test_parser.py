"""parse(), parse_order_by() and parse_known_worker(): text to trees, and mistakes in the user's words."""

import pytest

from tr_apply.errors import ExpressionSyntaxError
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
)
from tr_apply.routing.parser import parse, parse_known_worker, parse_order_by
from tr_apply.routing.tokens import MAX_LENGTH


def is_one(key):
    return Comparison(Path((key,)), Comparator.EQUAL, Constant(1))


def syntax_error(source, read=parse):
    with pytest.raises(ExpressionSyntaxError) as caught:
        read(source)
    return caught.value


# Trees


@pytest.mark.parametrize(
    ("spelling", "comparator"),
    [
        *((comparator.value, comparator) for comparator in Comparator),
        ("=", Comparator.EQUAL),
        (">-", Comparator.HAS),
        ("<-", Comparator.IN),
        ("has", Comparator.HAS),
        ("Contains", Comparator.CONTAINS),
        ("not\tin", Comparator.NOT_IN),
    ],
)
def test_every_spelling_of_a_comparator_is_read_and_kept(spelling, comparator):
    comparison = parse(f"a {spelling} b")

    assert comparison == Comparison(Path(("a",)), comparator, Path(("b",)))
    assert comparison.spelling == spelling


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("'en'", "en"),
        ('"en"', "en"),
        ("''", ""),
        ('"O\'Brien"', "O'Brien"),
        (r"'O\'Brien'", "O'Brien"),
        (r"'a\\'", "a\\"),
        (r"'C:\temp'", r"C:\temp"),
        ("'Zürich\n(CH)'", "Zürich\n(CH)"),
        ("5", 5),
        ("-5", -5),
        ("5.25", 5.25),
        ("-0.5", -0.5),
        ("true", True),
        ("FALSE", False),
        ("null", None),
    ],
)
def test_a_constant_is_read(text, value):
    assert parse(f"a == {text}").right == Constant(value)


@pytest.mark.parametrize(
    ("text", "segments"),
    [
        ("a", ("a",)),
        ("$_a1", ("$_a1",)),
        ("worker.routing.levels.988ENsk", ("worker", "routing", "levels", "988ENsk")),
        ("object.array[2]", ("object", "array", 2)),
        ("a[0][10].b", ("a", 0, 10, "b")),
        ("in_progress", ("in_progress",)),
        ("task.in", ("task", "in")),
        ("in.task", ("in", "task")),
    ],
)
def test_a_path_is_read(text, segments):
    path = parse(f"{text} == 1").left

    assert path == Path(segments)
    assert str(path) == text


def test_a_list_may_hold_anything_and_nothing():
    assert parse("a IN[1, 'x', b.c, [null]]").right == ListLiteral(
        (Constant(1), Constant("x"), Path(("b", "c")), ListLiteral((Constant(None),)))
    )
    assert parse("a IN []").right == ListLiteral(())


def test_and_binds_tighter_than_or():
    assert parse("a=1 OR b=1 AND c=1 or d=1") == Or((is_one("a"), And((is_one("b"), is_one("c"))), is_one("d")))


def test_parentheses_group_and_are_remembered():
    tree = parse("(a=1 OR b=1) AND (c=1)")

    assert tree == And((Or((is_one("a"), is_one("b"))), is_one("c")))
    assert tree.operands[0].grouped
    assert not tree.grouped


def test_blanks_and_line_breaks_are_free():
    assert parse("\n a==1\tAND\r\n(b==1)  ") == And((is_one("a"), is_one("b")))


def test_a_node_has_its_position():
    tree = parse("  a == 1 AND (b IN ['x', y] OR c == 1)")

    assert tree.offset == 2
    assert [operand.offset for operand in tree.operands] == [2, 13]
    in_list = tree.operands[1].operands[0]
    assert (in_list.offset, in_list.right.offset) == (14, 19)
    assert [item.offset for item in in_list.right.items] == [20, 25]


def test_offsets_and_spellings_do_not_count_in_a_comparison_of_trees():
    one, other = parse("a=1 or b=1"), parse("(  a == 1  OR b == 1)")

    assert one == other
    assert hash(one) == hash(other)


def test_a_boolean_is_not_a_number_in_a_tree():
    assert parse("a == true") != parse("a == 1")
    assert parse("a IN [true]") != parse("a IN [1]")
    assert len({Constant(value) for value in (True, 1, 1.0, False, 0)}) == 4
    assert Constant(1) != 1


# Mistakes


@pytest.mark.parametrize(
    ("source", "offset", "hint"),
    [
        ("", 0, "the expression is empty"),
        ("  ", 2, "the expression is empty"),
        ("vip", 3, "a comparison operator must follow vip, as in vip == true"),
        ("a == 'x' AND vip", 16, "must follow vip"),
        ("true", 4, "true alone is not a comparison"),
        ("skill-level > 3", 5, "a key cannot contain a hyphen"),
        ("skill-5 > 3", 5, "a key cannot contain a hyphen"),
        ("a == en-US", 7, "a key cannot contain a hyphen"),
        ("score -1 > 3", 6, "there is no arithmetic"),
        ("score + 1 > 7", 6, "there is no arithmetic"),
        ("a *(b == 1)", 2, "there is no arithmetic"),
        ("skills NOT HAS 'x'", 7, "write 'x' NOT IN skills"),
        ("skills NOT HAS (", 7, "write 'x' NOT IN skills"),
        ("a NOT CONTAINS 'x'", 2, "there is no NOT CONTAINS"),
        ("a NOT 'x'", 2, "only IN can follow NOT"),
        ("NOT (a == 1)", 0, "turn the comparison around"),
        ("NOT EXISTS a", 0, "write key == null"),
        ("EXISTS language", 7, "write language != null"),
        ("language EXISTS AND a == 1", 9, "write language != null"),
        ("language NOT EXISTS", 9, "write language == null"),
        ("a =\n  = 1", 6, "= = is not an operator; write =="),
        ("exists(language)", 6, "write language != null"),
        ("EXISTS ('x')", 7, "there are no functions"),
        ("upper(a) == 'X'", 5, "there are no functions such as upper(…)"),
        ("a == upper(b)", 10, "there are no functions"),
        ("a IS NOT NULL", 2, "there is no IS"),
        ("a LIKE 'x'", 2, "there is no LIKE"),
        ("a == 'en' && b == 1", 10, "&& is not an operator; write AND"),
        ("a == 1 || b == 1", 7, "|| is not an operator; write OR"),
        ("a =~ 'x'", 3, "no regular expressions"),
        ("a <> 'en'", 3, "<> is not an operator; write !="),
        ("a === 1", 4, "=== is not an operator; write =="),
        ("a = = 1", 4, "= = is not an operator; write =="),
        ("a => 1", 3, "=> is not an operator; write >="),
        ("a =< 1", 3, "=< is not an operator; write <="),
        ("a !== 1", 4, "!== is not an operator; write !="),
        ("a <= >= 1", 5, "two operators follow each other, <= and >="),
        ("worker.flag ! = true", 12, "!= is written without a blank"),
        ("!a == 1", 0, "turn the comparison around"),
        ("1 < score < 10", 10, "write AND score < 10"),
        ("a == 'en' AND", 13, "a comparison must follow AND"),
        ("a == 1 AND OR b == 1", 11, "a comparison is missing before OR"),
        ("== 5", 0, "a key or a value is missing before =="),
        ("a ==", 4, "a value must follow =="),
        ("a == AND", 5, "a value is missing before AND"),
        ("in == 5", 0, "in is an operator and cannot be a key"),
        ("a == 'en' OR 'es'", 17, "write OR a == 'es'"),
        ("1==1 OR b.c", 11, "must follow b.c"),
        ("a == [1] OR 'es'", 16, "'es' alone is not a comparison"),
        ("language != 'en', 'es'", 16, "did you mean language IN ['en', 'es']?"),
        ("[1] == 'en', 'es'", 11, "did you mean key IN ['en', 'es']?"),
        ("x IN ('a','b')", 5, "square brackets"),
        ("x IN ['a'", 9, "a ] is missing"),
        ("x IN ['a')", 9, "a ] is missing before )"),
        ("x IN ['a' 'b']", 10, "a comma is missing before 'b'"),
        ("x IN ['a',]", 10, "a value is missing before ]"),
        ("(a) == 5", 2, "write a without them"),
        ("a == (5)", 5, "parentheses hold whole comparisons"),
        ("(a == 1", 7, "the parenthesis at column 1 is not closed"),
        ("((a == 1) AND b == 2", 20, "the parenthesis at column 1 is not closed"),
        ("a == 1)", 6, "this ) closes nothing"),
        ("a == 1 ]", 7, "this ] closes nothing"),
        ("()", 1, "there is nothing between these parentheses"),
        ("(", 1, "a comparison must follow ("),
        ("a == 'en", 5, "no closing '"),
        ("a == \"en'", 5, 'no closing "'),
        (r"a == 'en\'", 5, "quotes inside it"),
        ("owner == 'O'Brien'", 12, 'with a quote in it, write it in "'),
        ('owner == "say "no" to it"', 15, "with a quote in it, write it in '"),
        ("name == John Smith", 13, "'John Smith'"),
        ("a == 1 b == 2", 7, "AND or OR is missing before b"),
        ("a == “x”", 5, "“ is a typographic quote"),
        ("a\u2013b == 1", 1, "\u2013 is a typographic dash"),
        ("a\u00a0== 1", 1, "an unusual blank (U+00A0)"),
        ("a.b. == 1", 3, "a dot joins two keys"),
        ("a == .5", 5, "a number cannot begin with a dot"),
        ("a == 1e5", 5, "1e5 is neither a number"),
        ("a == 5.", 5, "5. is neither a number"),
        ("5a == 1", 0, "5a is neither a number"),
        ("a == {{x}}", 5, "a placeholder that was not replaced"),
        ("a == 1;", 6, "; has no meaning here"),
        ("é == 1", 0, "é cannot be part of a key"),
        ("a[ 0 ] == 1", 1, "without blanks and counted from 0"),
        ("a == b [0]", 7, "without blanks and counted from 0"),
        ("a[1234567890] == 1", 1, "without blanks and counted from 0"),
        ("a == " + "9" * 2000, 5, "this number is too large"),
        ("a == " + "9" * 400 + ".5", 5, "this number is too large"),
        ("a == 1 '" + "x" * 100 + "'", 7, "AND or OR is missing before 'xxx"),
    ],
)
def test_a_mistake_is_explained_at_the_first_wrong_token(source, offset, hint):
    error = syntax_error(source)

    assert error.offset == offset
    assert hint in error.message


def test_the_leftmost_mistake_is_reported():
    assert syntax_error("a b == 'unterminated").offset == 2


def test_a_message_repeats_only_the_beginning_of_a_long_text():
    assert len(syntax_error("a == 1 '" + "x" * 1000 + "'").message) < 100
    assert len(syntax_error("9" * 1000 + "a").message) < 200


@pytest.mark.parametrize("opening", ["(", "a IN ["])
def test_deep_nesting_is_an_error_and_no_crash(opening):
    source = opening[:-1] + opening[-1] * 10_000

    error = syntax_error(source)

    assert "are nested" in error.message
    assert error.offset == len(opening) + 99


def test_a_hundred_parentheses_are_not_too_many():
    assert parse("(" * 100 + "a=1" + ")" * 100) == is_one("a")


def test_adjacent_parentheses_are_not_nested():
    assert len(parse(" AND ".join(["(a IN [1])"] * 200)).operands) == 200


@pytest.mark.parametrize(
    "source",
    [
        "a" * 200_000,
        "'" + "\\" * 99_000,
        "1==1 AND " * 11_000,
        "[" * 100_000,
        "a." * 50_000,
        "-" * 100_000,
        "9" * 100_000,
    ],
    ids=lambda source: source[:5],
)
def test_a_huge_text_gives_an_error(source):
    error = syntax_error(source)

    assert 0 <= error.offset <= len(source)


def test_a_long_expression_is_read_up_to_the_limit():
    source = " OR ".join(["a == 1"] * 9_999)

    assert len(parse(source).operands) == 9_999
    assert "100,000" in syntax_error(source + " " * MAX_LENGTH).message


# order_by


def test_an_order_is_a_list_of_clauses():
    assert parse_order_by("worker.finance ASC, worker.routing.levels.es desc") == OrderBy(
        (
            OrderClause(Path(("worker", "finance")), Direction.ASCENDING),
            OrderClause(Path(("worker", "routing", "levels", "es")), Direction.DESCENDING),
        )
    )


@pytest.mark.parametrize(
    ("source", "offset", "hint"),
    [
        ("", 0, "as in worker.level DESC"),
        ("worker.level", 12, "ASC or DESC must follow worker.level"),
        ("worker.level down", 13, "ASC or DESC must follow worker.level"),
        ("level DESC", 0, "write worker.level"),
        ("worker.a ASC worker.b DESC", 13, "a comma is missing before worker.b"),
        ("worker.a ASC,", 13, "as in worker.level DESC"),
        ("worker.levels[0]-b DESC", 16, "a key cannot contain a hyphen"),
        ("task.a ASC", 0, "as in worker.level DESC"),
        ("worker.a[ 0 ] ASC", 8, "without blanks"),
    ],
)
def test_a_mistake_in_an_order_is_explained(source, offset, hint):
    error = syntax_error(source, parse_order_by)

    assert error.offset == offset
    assert hint in error.message


# known_worker_sid


def test_a_known_worker_is_a_path_of_the_task():
    assert parse_known_worker("task.originalRouting.workerSid") == Path(("task", "originalRouting", "workerSid"))


@pytest.mark.parametrize(
    "source", ["", "task", "agent", "worker.sid", "task.a == 1", "'task.a'", "task.a task.b", "WK1"]
)
def test_a_known_worker_is_nothing_else(source):
    assert "as in task.agent_sid" in syntax_error(source, parse_known_worker).message
