"""Files of recorded tasks: they read back the same, and each mistake has its place."""

import csv
import io
import json
from pathlib import Path

import pytest
from hypothesis import example, given, settings

from tests.seeded import Choices, chosen, json_value
from tr_apply.config.places import Sources
from tr_apply.corpus import read
from tr_apply.corpus.read import load_corpus, read_corpus
from tr_apply.corpus.tasks import Corpus, RecordedTask, aggregated
from tr_apply.corpus.write import corpus_csv, corpus_jsonl
from tr_apply.errors import ConfigError, UsageError

HEADER = "time,workflow,channel,priority,count,attributes.language,attributes\n"
EXAMPLE = """\
time,workflow,channel,priority,count,attributes.language,attributes.topic,attributes
2026-11-20T09:00:12Z,Voice,voice,0,1,es,technical,
,Voice,voice,,58,,sales,"{""customer_tier"": ""gold""}"
"""


def of_text(text, *, is_lines=None):
    sources = Sources()
    return read_corpus(sources, sources.add("tasks.csv", text), is_lines=is_lines)


def findings(text, *, is_lines=None):
    with pytest.raises(ConfigError) as error:
        of_text(text, is_lines=is_lines)
    return [(each.code, each.line, each.column, each.message) for each in error.value.diagnostics]


def test_a_row_is_as_many_tasks_as_it_counts():
    corpus = of_text(EXAMPLE)

    assert list(corpus.tasks) == [
        RecordedTask("Voice", {"language": "es", "topic": "technical"}, "voice", 0, 1, "2026-11-20T09:00:12Z"),
        RecordedTask("Voice", {"customer_tier": "gold", "topic": "sales"}, "voice", 0, 58),
    ]
    assert corpus.total == 59


def test_a_column_that_is_left_out_has_a_default():
    assert list(of_text("workflow\nVoice\n").tasks) == [RecordedTask("Voice", {}, "default", 0, 1, "")]


@pytest.mark.parametrize(
    "text",
    [
        "\ufeffworkflow;count;attributes.language\r\nVoice;3;es\r\n",
        "sep=;\nworkflow;count;attributes.language\nVoice;3;es\n",
        "workflow\tcount\tattributes.language\nVoice\t3.00\tes\n",
        '"workflow","count","attributes"\n"Voice","3","{""language"": ""es""}"\n\n',
    ],
)
def test_a_table_may_come_from_a_spreadsheet(tmp_path, text):
    file = tmp_path / "tasks.csv"
    file.write_text(text, newline="")

    assert list(load_corpus(file).tasks) == [RecordedTask("Voice", {"language": "es"}, count=3)]


def test_attributes_are_read_as_those_of_workers_in_a_table():
    text = "workflow,attributes.a,attributes.b.c,attributes.d[],attributes\n" + 'V,5,"[1, true]",x;7,"{""e"": null}"\n'

    [task] = of_text(text).tasks

    assert task.attributes == {"a": 5, "b": {"c": [1, True]}, "d": ["x", 7], "e": None}


def test_a_time_is_written_in_utc():
    text = "workflow,time\nV,2026-11-20T10:00:00+01:00\nV,2026-11-20\n"

    assert [each.time for each in of_text(text).tasks] == ["2026-11-20T09:00:00Z", "2026-11-20T00:00:00Z"]


def test_a_line_is_an_object_with_the_same_keys():
    text = '{"workflow": "Voice", "count": 58, "attributes": {"topic": "sales"}}\n\n{"workflow": "Chat", "time": null}'

    assert list(of_text(text).tasks) == [RecordedTask("Voice", {"topic": "sales"}, count=58), RecordedTask("Chat", {})]


DEEP = "[" * 150 + "]" * 150


@pytest.mark.parametrize(
    ("text", "code", "line", "column", "part"),
    [
        ("", "missing-key", 1, 1, "has no header"),
        ("time,count\n,1\n", "missing-key", 1, 1, "`workflow` is missing"),
        ("workflow,cuont\nV,1\n", "unknown-key", 1, 10, "did you mean `count`?"),
        ("workflow,colour\nV,1\n", "unknown-key", 1, 10, "known here: time"),
        ("workflow,workflow\nV,V\n", "duplicate-key", 1, 10, "in another column"),
        ("workflow,attributes.a,attributes.a.b\nV,1,1\n", "duplicate-key", 1, 23, "in another column"),
        ('workflow,attributes.a,attributes\nV,1,"{""a"": 2}"\n', "duplicate-key", 2, 3, "has `a` already"),
        ('workflow,attributes.a.b,attributes\nV,1,"{""a"": 2}"\n', "duplicate-key", 2, 3, "has `a.b` already"),
        ("workflow,count\n,1\n", "missing-key", 2, 1, "the workflow is missing"),
        ("workflow,count\nV,0\n", "invalid-value", 2, 3, "0 is not a whole number from 1"),
        ("workflow,count\nV,-1\n", "invalid-value", 2, 3, "-1 is not"),
        ("workflow,count\nV,9999999999\n", "invalid-value", 2, 3, "is not a whole number"),
        ("workflow,priority\nV,high\n", "invalid-value", 2, 3, "high is not"),
        ("workflow,time\nV,yesterday\n", "invalid-value", 2, 3, "yesterday is not a time"),
        ("workflow,time\nV,0001-01-01T00:00:00+09:00\n", "invalid-value", 2, 3, "is not a time"),
        ("workflow\nV,1\n", "unknown-key", 2, 3, "no name for this column"),
        ("workflow,attributes.a\nV,{oops\n", "invalid-value", 2, 3, "starts like JSON"),
        ("workflow,attributes.a\nV,1.2E+11\n", "invalid-value", 2, 3, "shortened"),
        ("workflow,attributes\nV,[1]\n", "invalid-value", 2, 3, "expected a JSON object"),
        (f'workflow,attributes.a\nV,"{DEEP}"\n', "invalid-value", 2, 3, "100 levels deep"),
        ('workflow\n"V\n', "csv-syntax", 2, 1, "never closed"),
    ],
)
def test_a_mistake_in_a_table_has_its_line_and_its_column(text, code, line, column, part):
    [found] = findings(text)

    assert found[:3] == (code, line, column)
    assert part in found[3]


@pytest.mark.parametrize(
    ("text", "code", "column", "part"),
    [
        ("[1]", "invalid-value", 1, "expected a JSON object"),
        ('{"workflow": }', "invalid-value", 14, "not valid JSON"),
        ('{"workflow": "V", "attributes": {"a": NaN}}', "invalid-value", 1, "NaN is not a number"),
        ('{"workflow": "V", "workflow": "W"}', "duplicate-key", 1, "written twice"),
        ('{"workflow": "V", "cuont": 1}', "unknown-key", 19, "did you mean `count`?"),
        ('{"workflow": "V", "colour": 1}', "unknown-key", 19, "known here"),
        ('{"workflow": "V", "count": true}', "invalid-value", 19, "not a whole number"),
        ('{"workflow": 5}', "invalid-value", 2, "expected a name"),
        ('{"workflow": "V", "attributes": 5}', "invalid-value", 19, "expected a JSON object"),
        (f'{{"workflow": "V", "attributes": {{"a": {DEEP}}}}}', "invalid-value", 19, "levels deep"),
        ('{"workflow": "V", "attributes": {"a": %s}}' % (DEEP[:75] * 900), "invalid-value", 1, "levels deep"),
        ('{"workflow": "V", "attributes": {"a": 1%s}}' % ("0" * 5000), "invalid-value", 1, "digits"),
        ("{}", "missing-key", 1, "the workflow is missing"),
    ],
)
def test_a_mistake_in_a_line_has_its_place(text, code, column, part):
    [found] = findings(f'{{"workflow": "Voice"}}\r\n{text}', is_lines=True)

    assert found[:3] == (code, 2, column)
    assert part in found[3]


def test_nobody_reads_thousands_of_findings():
    assert len(findings("workflow,count\n" + "V,0\n" * 1000)) == 50


def test_a_file_has_a_maximum_number_of_rows(monkeypatch):
    monkeypatch.setattr(read, "MOST_ROWS", 2)

    assert of_text("workflow\nV\nV\n").total == 2
    assert findings("workflow\nV\nV\nV\n") == [("invalid-value", 4, 1, "more than 2 rows; use `count`")]
    assert findings('{"workflow": "V"}\n' * 3)[0][1:] == (3, 1, "more than 2 lines; use `count`")


def test_a_file_that_is_not_there_is_a_mistake_of_the_caller(tmp_path):
    with pytest.raises(UsageError, match="there is no such file"):
        load_corpus(tmp_path / "tasks.csv")


def test_a_file_in_the_working_directory_is_not_a_link_that_leads_out(tmp_path, monkeypatch):
    (tmp_path / "outside.csv").write_text("c4nary\nV\n")
    (tmp_path / "inside").mkdir()
    monkeypatch.chdir(tmp_path / "inside")
    Path("tasks.csv").symlink_to("../outside.csv")

    with pytest.raises(ConfigError) as error:
        load_corpus(Path("tasks.csv"))
    with pytest.raises(ConfigError, match="unknown column `c4nary`"):
        load_corpus(Path("tasks.csv"), roots=[tmp_path.resolve()])

    [found] = error.value.diagnostics
    assert (found.code, found.file) == ("outside-root", "tasks.csv")
    assert "c4nary" not in str(found)


@pytest.mark.parametrize(("content", "code"), [(b"workflow\n\xff\n", "not-utf-8"), (None, "unreadable")])
def test_a_file_that_is_not_text_cannot_be_read(tmp_path, content, code):
    file = tmp_path / "tasks.csv"
    file.mkdir() if content is None else file.write_bytes(content)

    with pytest.raises(ConfigError) as error:
        load_corpus(file)

    [found] = error.value.diagnostics
    assert (found.code, found.file) == (code, str(file))


# Written and read again

ODD_KEYS = ["a", "b", "a.b", "=x", "a b", "ä", '"', " a", "a[]", "a]", "sep=;"]
ODD_TEXTS = [
    "5",
    "05",
    "true",
    "{",
    "[1]",
    '"x"',
    "=1+1",
    "+49",
    "-",
    "@a",
    "1E+5",
    " x",
    "x\n",
    "a;b",
    "null",
    "\ud800",
    "7.0",
]


def text(choices):
    return choices.choice(ODD_TEXTS) if choices.flag() else choices.any_text(6)


def key(choices):
    return choices.choice(ODD_KEYS) if choices.flag() else choices.any_text(5)


def name(choices):
    return choices.any_text(6).replace("\0", "").strip() or "a"


SCALARS = (lambda _: None, Choices.flag, Choices.integer, Choices.number, text, text, text)


def task(choices):
    workflow, channel = name(choices), name(choices)
    counts = choices.below(1001), 1 + choices.below(1000)
    created = choices.choice(["", "2026-11-20T09:00:00Z"])
    attributes = dict(choices.some(lambda part: (key(part), json_value(part, SCALARS, key, 2)), 4))
    return RecordedTask(workflow, attributes, channel, *counts, created)


def tasks(choices):
    """Some tasks; up to two of them come again."""
    found = choices.several(task, 6, size=240)
    return found + choices.pieces(found, 2)


TASKS = chosen(tasks, 1450)
TEXTS_BY_KEY = chosen(
    lambda choices: dict(choices.several(lambda part: (part.any_text(4) or "a", text(part)), 3, least=1)), 160
)


def as_a_file(text):
    """The content of a file written with *text*: an invalid character is a JSON escape."""
    return text.encode(errors="backslashreplace").decode()


def known(tasks):
    return [(json.dumps(each.attributes, sort_keys=True), each) for each in tasks]


@settings(max_examples=40)
@given(TASKS)
@example([RecordedTask("V", {"a": -0.0}), RecordedTask("V", {"a": 0.0})])
def test_a_written_file_reads_the_same(tasks):
    table, lines = as_a_file(corpus_csv(tasks)), as_a_file(corpus_jsonl(tasks))

    assert known(of_text(table, is_lines=False).tasks) == known(aggregated(tasks))
    assert known(of_text(lines, is_lines=True).tasks) == known(aggregated(tasks))
    assert as_a_file(corpus_csv(of_text(table, is_lines=False).tasks)) == table


@settings(max_examples=40)
@given(TASKS)
def test_the_order_of_the_tasks_makes_no_difference(tasks):
    assert corpus_csv(reversed(tasks)) == corpus_csv(tasks)
    assert corpus_jsonl(reversed(tasks)) == corpus_jsonl(tasks)


@settings(max_examples=40)
@given(TEXTS_BY_KEY)
def test_no_attribute_begins_a_cell_that_a_spreadsheet_would_compute(attributes):
    table = csv.reader(io.StringIO(corpus_csv([RecordedTask("V", attributes)])))

    assert [cell for row in table for cell in row if cell[:1] in {*"=+-@\t\r"} and cell] == []


def test_a_table_is_one_that_people_read():
    tasks = of_text(EXAMPLE).tasks

    assert corpus_csv([*tasks, *tasks]) == (
        "time,workflow,channel,priority,count,attributes.customer_tier,attributes.language,attributes.topic,attributes\n"
        ",Voice,voice,0,116,gold,,sales,\n"
        "2026-11-20T09:00:12Z,Voice,voice,0,2,,es,technical,\n"
    )


def test_tasks_are_found_by_the_name_of_their_workflow_as_taskrouter_compares_it():
    corpus = Corpus("f", [RecordedTask("Voice", {"a": 1}), RecordedTask("voice", {"a": 1}), RecordedTask("Chat", {})])

    assert [each.count for each in corpus.of("VOICE", "Old name")] == [2]
    assert corpus.others(["voice"]) == {"Chat": 1}
