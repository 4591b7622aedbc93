"""format_expression(): one canonical text for each tree."""

import pytest

from tr_apply.routing.format import format_expression
from tr_apply.routing.nodes import And, Comparator, Comparison, Constant, Or, Path
from tr_apply.routing.parser import parse, parse_order_by


@pytest.mark.parametrize(
    ("source", "canonical"),
    [
        ("a=1", "a == 1"),
        ("a>-1", "a HAS 1"),
        ('"x"<-a', "'x' IN a"),
        ("a not  in [ 'x' , 2,null ]", "a NOT IN ['x', 2, null]"),
        ("a in []", "a IN []"),
        ("a == TRUE or b == False", "a == true OR b == false"),
        ("a==1 OR b==2 AND c==3", "a == 1 OR (b == 2 AND c == 3)"),
        ("(a==1 or b==2) and c==3", "(a == 1 OR b == 2) AND c == 3"),
        ("((a == 1))", "a == 1"),
        ("(a == 1 AND b == 2) AND c == 3", "(a == 1 AND b == 2) AND c == 3"),
        ("a.b[2].c contains 'x'", "a.b[2].c CONTAINS 'x'"),
        ("a[1][2] == -1.50", "a[1][2] == -1.5"),
        ("a == 2.0", "a == 2.0"),
    ],
)
def test_an_expression_has_one_canonical_text(source, canonical):
    assert format_expression(parse(source)) == canonical


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("en", "'en'"),
        ("O'Brien", '"O\'Brien"'),
        ('say "yes"', "'say \"yes\"'"),
        ("""'"both"'""", """'\\'"both"\\''"""),
        (r"C:\temp", r"'C:\temp'"),
        ("C:\\", r"'C:\\'"),
        (r"\'", '"' + r"\\'" + '"'),
        (r"\\", r"'\\\\'"),
        ("", "''"),
        (1e21, "1000000000000000000000.0"),
        (1e-7, "0.0000001"),
        (-0.5, "-0.5"),
    ],
)
def test_a_written_constant_reads_back_the_same(value, text):
    expression = Comparison(Path(("a",)), Comparator.EQUAL, Constant(value))

    assert format_expression(expression) == f"a == {text}"
    assert parse(format_expression(expression)) == expression


def test_and_inside_or_is_always_in_parentheses():
    one = Comparison(Path(("a",)), Comparator.EQUAL, Constant(1))

    assert format_expression(Or((And((one, one)), one))) == "(a == 1 AND a == 1) OR a == 1"


def test_an_order_reads_the_same_with_other_blanks_and_case():
    assert parse_order_by("worker.a   asc,worker.b.c[0] Desc") == parse_order_by("worker.a ASC, worker.b.c[0] DESC")


@pytest.mark.parametrize(
    "source",
    ["x == 'a', 'b'", "*(a == 1)", "*(a == 1 AND b == 2) OR c == 3", "a == 1 AND *(b == 2 OR c == 3)", "a! == 1"],
)
def test_accepted_syntax_is_written_as_it_is_and_is_another_tree_than_its_reading(source):
    tree = parse(source)
    without = source.replace(", 'b'", "").replace("*", "").replace("!", "")

    assert format_expression(tree) == source
    assert tree != parse(without)
