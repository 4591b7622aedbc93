"""rows(): what Python's own reader finds, and where."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tr_apply.config.table import TableError, cell_index, rows

TEXT = st.text(st.sampled_from('ab,;\t" \n\r\u2028é'), max_size=6)
TABLE = st.lists(st.lists(TEXT, min_size=2, max_size=4), min_size=1, max_size=4)


def texts(text):
    return [[cell.text for cell in row] for row in rows(text)]


def read(text):
    """The rows up to a mistake, and the mistake."""
    found = []
    try:
        found.extend(rows(text))
    except TableError as error:
        return found, error
    return found, None


@given(table=TABLE, delimiter=st.sampled_from(",;\t"), end=st.sampled_from(["\n", "\r\n", "\r"]))
def test_a_table_of_pythons_writer_is_read_again(table, delimiter, end):
    written = io.StringIO(newline="")
    csv.writer(written, delimiter=delimiter, lineterminator=end, quoting=csv.QUOTE_ALL).writerows([["x", "y"], *table])

    assert texts(written.getvalue()) == [["x", "y"], *(row for row in table if any(row))]


@given(
    lines=st.lists(st.lists(st.text("ab \u2028é", max_size=3), min_size=2, max_size=3), min_size=1),
    end=st.sampled_from(["\n", "\r\n"]),
)
def test_plain_text_is_read_as_pythons_reader_reads_it(lines, end):
    text = end.join(["x,y", *map(",".join, lines)])

    expected = [[cell.strip(" ") for cell in row] for row in csv.reader(io.StringIO(text, newline=""))]

    assert texts(text) == [row for row in expected if any(row)]


@given(text=st.text(st.sampled_from('ab,;" \n\r'), max_size=30))
def test_every_cell_begins_where_it_says(text):
    found, error = read(text)

    assert error is None or 0 <= error.at < len(text)
    for cell in (cell for row in found for cell in row):
        for offset, character in enumerate(cell.text):
            assert text[cell_index(text, cell.at, cell.text, offset)] == character


@given(text=st.text(max_size=30))
def test_any_text_ends(text):
    _, error = read(f'x,"{text}')

    assert error is None or 0 <= error.at < len(text) + 3


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("\n\n", []),
        ("a", [["a"]]),
        ("a,b\n1,2", [["a", "b"], ["1", "2"]]),
        ("a;b\r\n1,5;2\r\n", [["a", "b"], ["1,5", "2"]]),
        ("a\tb\n1,5\t2", [["a", "b"], ["1,5", "2"]]),
        ('"a;x;y",b\n1,2', [["a;x;y", "b"], ["1", "2"]]),
        ("sep=;\na;b,c,d\n1;2", [["a", "b,c,d"], ["1", "2"]]),
        ("SEP=,\r\na;b,c\r\n", [["a;b", "c"]]),
        ('a,b\n" x ", y \n', [["a", "b"], [" x ", "y"]]),
        ('a,b\n "x"  ,2', [["a", "b"], ["x", "2"]]),
        ('a,b\nsay "x",2', [["a", "b"], ['say "x"', "2"]]),
        ("a,b\n,\n , \n1,2", [["a", "b"], ["1", "2"]]),
        ("a,b\n1\n1,2,3,", [["a", "b"], ["1"], ["1", "2", "3", ""]]),
        ('a,b\n"1\n2",3', [["a", "b"], ["1\n2", "3"]]),
        ("a,b\n1,", [["a", "b"], ["1", ""]]),
    ],
)
def test_a_table(text, expected):
    assert texts(text) == expected


@pytest.mark.parametrize(("text", "at"), [('a,b\n"x,2', 4), ('a,b\n"x"y,2', 7), ('"', 0), ('a,"b"c', 5)])
def test_a_wrong_quote_is_reported_with_its_place(text, at):
    with pytest.raises(TableError) as raised:
        list(rows(text))

    assert raised.value.at == at


def test_a_part_of_a_cell_begins_where_the_cell_does():
    assert cell_index('"[""a""]"', 0, "a", 0) == 0
    assert cell_index("[1]", 0, "a", 0) == 0
