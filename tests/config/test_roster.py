"""``workers: {csv: FILE}``: the workers of a table, each with the line and the column of its cells."""

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tr_apply.config.roster import attribute

YAML = "workspace: {name: W}\nworkers: {csv: agents.csv}\n"
MORE = "name,activity,attributes.level,attributes.languages,channels.voice.capacity,channels.voice.available\n"


@pytest.fixture
def findings(loaded):
    """The findings about a table, and its workers."""

    def load(table, yaml=YAML, **inputs):
        configuration = loaded({"c.yaml": yaml, "agents.csv": table}, **inputs)
        found = [f"{each.file}:{each.line}:{each.column} {each.code} {each.path}" for each in configuration.diagnostics]
        workers = [each and each.model_dump(exclude_unset=True) for each in configuration.document.workers]
        return found, workers

    return load


def test_a_row_is_a_worker(findings):
    found, workers = findings(MORE + 'alice,Offline,3,"[""en"", ""es""]",2,true\nbob,,,,,\n')

    assert found == []
    assert workers == [
        {
            "name": "alice",
            "activity": "Offline",
            "attributes": {"level": 3, "languages": ["en", "es"]},
            "channels": {"voice": {"capacity": 2, "available": True}},
        },
        {"name": "bob", "attributes": {}},
    ]


def test_without_columns_of_attributes_they_keep_their_live_values(findings):
    assert findings("name\nalice\n") == ([], [{"name": "alice"}])


def test_a_file_as_excel_writes_it(findings):
    table = '\ufeffname;attributes.contact.city;channels.voice.available\r\nJosé;"São\r\nPaulo";FALSE\r\n;;\r\n'

    found, workers = findings(table.encode())

    assert found == []
    assert workers == [
        {
            "name": "José",
            "attributes": {"contact": {"city": "São\r\nPaulo"}},
            "channels": {"voice": {"available": False}},
        }
    ]


def test_a_table_is_found_next_to_the_file_that_names_it(loaded):
    files = {"b/workers.yaml": "workers: {csv: tables/agents.csv}\n", "b/tables/agents.csv": "name\nbob\n"}

    configuration = loaded({"a.yaml": "workspace: {name: W}\nworkers: [{name: alice}]\n", **files})

    assert configuration.diagnostics == ()
    assert [worker.name for worker in configuration.document.workers] == ["alice", "bob"]


def test_a_path_and_a_cell_may_hold_variables(loaded):
    files = {
        "c.yaml": "vars: {region: emea, lang: es}\nworkspace: {name: W, event_callback_url: '$${x}'}\nworkers: {csv: '${region}.csv'}\n",
        "emea.csv": 'name,attributes.l,attributes.j,attributes.k,channels.voice.capacity\nalice,${lang}-x,"[""${lang}""]",$${lang},${lang:-2}\n',
    }

    configuration = loaded(files, given={"lang": "2"})

    assert configuration.diagnostics == ()
    [alice] = configuration.document.workers
    assert alice.attributes == {"l": "2-x", "j": ["2"], "k": "$${lang}"}
    assert alice.channels["voice"].capacity == 2
    assert configuration.document.workspace.event_callback_url == "$${x}"


def test_a_table_can_be_laid_over_by_name(loaded):
    configuration = loaded(
        {"c.yaml": YAML, "agents.csv": "name,attributes.level\nalice,1\nbob,1\n"},
        overlays=["workers: [{name: bob, attributes: {level: 2}}, {name: alice, delete: true}]\n"],
    )

    assert configuration.diagnostics == ()
    assert [(worker.name, worker.attributes) for worker in configuration.document.workers] == [("bob", {"level": 2})]


def test_an_overlay_may_be_a_table(loaded, folder):
    (folder / "more.csv").write_text("name,attributes.level\nbob,2\n")

    configuration = loaded("workspace: {name: W}\nworkers: [{name: bob}]\n", overlays=["workers: {csv: more.csv}\n"])

    assert [worker.attributes for worker in configuration.document.workers] == [{"level": 2}]


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ("name,attributes.level\nalice,[1\n", ["agents.csv:2:7 invalid-value workers[0].attributes.level"]),
        ('name,attributes.level\nalice,{"a": NaN}\n', ["agents.csv:2:7 invalid-value workers[0].attributes.level"]),
        ("name,attributes.a\nalice," + "[" * 120 + "]" * 120, ["agents.csv:2:7 invalid-value workers[0].attributes.a"]),
        ("name,attributes.a\nalice," + "[" * 20_000, ["agents.csv:2:7 invalid-value workers[0].attributes.a"]),
        ("name,channels.voice.capacity\nalice,51\n", ["agents.csv:2:7 out-of-range workers[0].channels.voice.capacity"]),
        ("name,channels.voice.capacity\nalice,x\n", ["agents.csv:2:7 wrong-type workers[0].channels.voice.capacity"]),
        ("name,channels.voice.capacity\nalice,.nan\n", ["agents.csv:2:7 invalid-value workers[0].channels.voice.capacity"]),
        ('name,channels.voice.available\n"a, b",yes\n', ["agents.csv:2:8 wrong-type workers[0].channels.voice.available"]),
        ("name,channels.voic.capacity\nalice,1\n", []),
        ("name,activity\n,Offline\n", ["agents.csv:2:1 missing-key workers[0]"]),
        ("name\nalice\nbob\nALICE\n", ["agents.csv:4:1 duplicate-name workers[2].name"]),
        ("name\n" + "x" * 65, ["agents.csv:2:1 too-long workers[0].name"]),
        ("name,activitty\nalice,x\n", ["agents.csv:1:6 unknown-key workers"]),
        ("name,attributes.\nalice,x\n", ["agents.csv:1:6 unknown-key workers"]),
        ("name,channels.voice.capacty\nalice,1\n", ["agents.csv:1:6 unknown-key workers"]),
        ("name,name\nalice,bob\n", ["agents.csv:1:6 duplicate-key workers"]),
        ("name,attributes.a,attributes.a.b\nalice,1,2\n", ["agents.csv:1:19 duplicate-key workers"]),
        ("activity\nOffline\n", ["agents.csv:1:1 missing-key workers"]),
        ("", ["agents.csv:1:1 missing-key workers"]),
        ("name,\nalice,\nbob,x\n", ["agents.csv:3:5 unknown-key workers[1]"]),
        ("name\nalice,x\n", ["agents.csv:2:7 unknown-key workers[0]"]),
        ('name\n"alice\n', ["agents.csv:2:1 csv-syntax workers"]),
        ('name\n"alice"x\nbob', ["agents.csv:2:8 csv-syntax workers"]),
        ("name,attributes.a\nalice,x ${b}\n", ["agents.csv:2:9 unknown-variable workers[0].attributes.a"]),
        ('name,attributes.a\nalice,"a ""x"" ${b}"\n', ["agents.csv:2:16 unknown-variable workers[0].attributes.a"]),
        ('name,attributes.a\nalice,"[""${b}""]"\n', ["agents.csv:2:7 unknown-variable workers[0].attributes.a[0]"]),
        ("name,attributes.a\nalice,x ${sid:worker/bob}\n", ["agents.csv:2:9 unknown-reference workers[0].attributes.a"]),
        (b"name\nalice\nJos\xe9\n", ["agents.csv:3:4 not-utf-8 workers"]),
        ("name\nalice\n".encode("utf-16"), ["agents.csv:1:1 not-utf-8 workers"]),
    ],
)  # fmt: skip
def test_a_mistake_is_reported_with_its_line_and_column(findings, table, expected):
    found, _ = findings(table)

    assert found == expected


@pytest.mark.parametrize(
    ("yaml", "expected"),
    [
        ("workers: {csv: nowhere.csv}", ["c.yaml:2:16 unreadable workers"]),
        ("workers: {csv: .}", ["c.yaml:2:16 unreadable workers"]),
        ("workers: {csv: 5}", ["c.yaml:2:16 wrong-type workers"]),
        ("workers: {}", ["c.yaml:2:10 wrong-type workers"]),
        ("workers: {csv: ''}", ["c.yaml:2:16 wrong-type workers"]),
        ("workers: {csv: agents.csv, name: x}", ["c.yaml:2:28 unknown-key workers.name"]),
        ("workers: {cvs: agents.csv}", ["c.yaml:2:10 wrong-type workers", "c.yaml:2:11 unknown-key workers.cvs"]),
    ],
)
def test_a_table_that_cannot_be_read_is_reported_where_it_is_named(findings, yaml, expected):
    found, _ = findings("name\nalice\n", f"workspace: {{name: W}}\n{yaml}\n")

    assert found == expected


def test_a_pipe_is_not_a_table(loaded, folder):
    os.mkfifo(folder / "pipe.csv")

    configuration = loaded("workspace: {name: W}\nworkers: {csv: pipe.csv}\n")

    assert [each.code for each in configuration.diagnostics] == ["unreadable"]


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("3", 3),
        ("-3", -3),
        ("0", 0),
        ("1.5", 1.5),
        ("999999", 999999),
        ("true", True),
        ("FALSE", False),
        ('["en"]', ["en"]),
        ('{"a": null}', {"a": None}),
        ('"42"', "42"),
        # Text, even if a spreadsheet or YAML 1.1 would read it otherwise
        ("1234567", "1234567"),
        ("+14155550100", "+14155550100"),
        ("4155550100", "4155550100"),
        ("007", "007"),
        ("1e3", "1e3"),
        ("1,5", "1,5"),
        (".5", ".5"),
        ("yes", "yes"),
        ("no", "no"),
        ("null", "null"),
        ("~", "~"),
        ("12:30", "12:30"),
        ("0x1F", "0x1F"),
        ("#N/A", "#N/A"),
        ('"Bob" Smith', '"Bob" Smith'),
        ('"Bob" and "Eve"', '"Bob" and "Eve"'),
        ('"', '"'),
    ],
)
def test_the_value_of_a_cell(cell, value):
    made = attribute(cell)

    assert (made, type(made)) == (value, type(value))


@given(
    value=st.dictionaries(st.text(max_size=3), st.none() | st.integers() | st.text(max_size=3))
    | st.lists(st.booleans())
    | st.text(max_size=5)
)
def test_json_in_a_cell_is_itself(value):
    assert attribute(json.dumps(value)) == value


def test_the_workers_of_an_overlays_table_say_in_a_column_that_they_are_new(loaded):
    Path("more.csv").write_text("name,new,attributes.level\nann,,2\nben,true,3\n")
    base = "workspace: {name: W}\nworkers: [{name: ann}]\n"

    configuration = loaded(base, overlays=["workers: {csv: more.csv}\n"])
    alone = loaded("workspace: {name: W}\nworkers: {csv: more.csv}\n")

    assert configuration.diagnostics == ()
    assert [(each.name, each.attributes) for each in configuration.document.workers] == [
        ("ann", {"level": 2}),
        ("ben", {"level": 3}),
    ]
    assert [each.code for each in alone.diagnostics] == ["unknown-key"]


def test_a_column_of_lists_has_semicolons_between_the_elements(findings):
    text = 'name,attributes.languages[],attributes.n\nann,en; es ;,1\nben,de,2\nche,,3\ndan,"[""a;b""]",4\neva,1;x,5\n'

    found, workers = findings(text)

    assert found == []
    assert [each["attributes"].get("languages") for each in workers] == [["en", "es"], ["de"], None, ["a;b"], [1, "x"]]


def test_a_key_is_a_list_or_a_value(findings):
    found, _ = findings("name,attributes.a[],attributes.a\nann,x,y\n")

    assert found == ["agents.csv:1:21 duplicate-key workers"]


@pytest.mark.parametrize("cell", ["1.50056E+10", "4E+12", "-1,5E+10"])
@pytest.mark.parametrize("column", ["name", "attributes.phone"])
def test_a_number_that_a_spreadsheet_has_shortened_is_an_error(loaded, cell, column):
    header, row = ("name", f'"{cell}"') if column == "name" else (f"name,{column}", f'ann,"{cell}"')
    Path("agents.csv").write_text(f"{header}\n{row}\n")

    configuration = loaded(YAML)

    first = configuration.diagnostics[0]
    assert (first.code, first.line) == ("invalid-value", 2)
    assert f"{cell} is a long number that the spreadsheet has shortened" in first.message


def test_a_column_of_several_types_is_a_warning_that_names_the_rows(loaded):
    cells = ["1", "2", "three", "4", "", "${x}", "true", *(str(n) for n in range(5, 11))]
    Path("agents.csv").write_text(
        "name,attributes.level,attributes.ok\n" + "".join(f"w{i},{cell},{i}\n" for i, cell in enumerate(cells))
    )

    [finding] = loaded(YAML, given={"x": "5"}).diagnostics

    assert (finding.severity, finding.code, finding.file, finding.line) == ("warning", "mixed-column", "agents.csv", 4)
    assert finding.message == (
        "`attributes.level` is text in row 4, a boolean in row 8, a number in rows 2, 3, 5, 9, 10 and 4 more; "
        "expressions compare them differently"
    )
