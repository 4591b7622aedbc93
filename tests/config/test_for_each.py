"""``for_each``: one object for each combination of values."""

import json
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tr_apply.config.composition import for_each
from tr_apply.config.load import load
from tr_apply.findings import errors_of

HEAD = "workspace: {name: W}\n"
NAME = st.sampled_from("abc")
TEXT = st.text(st.sampled_from("xyz${}é \\'\""), min_size=1, max_size=4)
LISTS = st.dictionaries(NAME, st.lists(TEXT, max_size=3, unique_by=str.casefold), min_size=1, max_size=3)


def said(configuration):
    return [(each.line, each.code, each.path, each.message) for each in configuration.diagnostics]


def names(configuration):
    return [each.name for each in configuration.document.task_queues]


def escaped(text):
    return text.replace("${", "$${")


@given(LISTS)
def test_the_objects_are_the_product_of_the_lists_and_the_last_list_varies_first(lists):
    attributes = {name: f"${{each.{name}}}" for name in lists} | {
        "all": "-".join(f"${{each.{name}}}" for name in lists)
    }
    item = {
        "for_each": {name: list(map(escaped, values)) for name, values in lists.items()},
        "name": "w ${each." + "} ${each.".join(lists) + "}",
        "attributes": attributes,
    }
    with TemporaryDirectory() as folder:
        path = Path(folder, "c.yaml")
        path.write_text(json.dumps({"workspace": {"name": "W"}, "workers": [item]}))
        configuration = load(path)

    expected = [dict(zip(lists, each, strict=True)) for each in product(*lists.values())]
    found = [worker.attributes for worker in configuration.document.workers]
    assert {each.code for each in configuration.diagnostics} <= {"duplicate-name", "look-alike"}  # two may read alike
    assert found == [
        {name: escaped(text) for name, text in values.items()} | {"all": escaped("-".join(values.values()))}
        for values in expected
    ]


def test_values_are_put_into_every_string_including_names_references_and_sids(loaded):
    configuration = loaded(
        HEAD
        + "task_channels: [{for_each: {c: [chat, mail]}, unique_name: '${each.c}', name: '${each.c}'}]\n"
        "activities: [{name: Offline}, {for_each: {a: [Lunch, Break]}, name: '${each.a}', available: false}]\n"
        "task_queues:\n"
        "  - for_each: {lang: [en, es], skill: [sales, support]}\n"
        "    name: ${each.skill} ${each.lang}\n"
        "    target_workers: languages HAS '${each.lang}' AND skills HAS '${each.skill}'\n"
        "    assignment_activity: Lunch\n"
        "workflows:\n"
        "  - for_each: {skill: [sales, support]}\n"
        "    name: ${each.skill}\n"
        "    filters:\n"
        "      - for_each: {lang: [en, es]}\n"
        "        name: ${each.lang}\n"
        "        expression: language == '${each.lang}'\n"
        "        targets: [{queue: '${each.skill} ${each.lang}', timeout: 5}]\n"
        "    default_filter: {queue: '${each.skill} en'}\n"
        "workers:\n"
        "  - for_each: {name: [ann, ben], n: [1, 2]}\n"
        "    name: ${each.name}${each.n}\n"
        "    attributes: {n: '${each.n}', text: 'n${each.n}', queue: '${sid:task_queue/sales ${each.lang}}'}\n".replace(
            "${each.lang}}'}", "en}'}"
        )
        + "    channels: {chat: {capacity: '${each.n}'}}\n"
    )

    document = configuration.document
    assert configuration.diagnostics == ()
    assert names(configuration) == ["sales en", "support en", "sales es", "support es"]
    assert document.task_queues[3].target_workers == "languages HAS 'es' AND skills HAS 'support'"
    assert [each.unique_name for each in document.task_channels] == ["chat", "mail"]
    assert [each.name for each in document.activities] == ["Offline", "Lunch", "Break"]
    sales, support = document.workflows
    assert [each.name for each in sales.filters] == ["en", "es"]
    assert support.filters[1].targets[0].queue == "support es"
    assert [each.name for each in document.workers] == ["ann1", "ann2", "ben1", "ben2"]
    assert document.workers[1].attributes == {"n": 2, "text": "n2", "queue": "${sid:task_queue/sales en}"}
    assert document.workers[1].channels["chat"].capacity == 2


def test_a_sid_may_be_that_of_a_value(loaded):
    configuration = loaded(
        HEAD + "task_queues: [{name: en}, {name: es}]\n"
        "workers: [{for_each: {q: [en, es]}, name: '${each.q}', attributes: {of: '${sid:task_queue/${each.q}}'}}]\n"
    )

    assert configuration.diagnostics == ()
    assert [each.attributes["of"] for each in configuration.document.workers] == [
        "${sid:task_queue/en}",
        "${sid:task_queue/es}",
    ]


def test_values_come_from_variables_and_variables_may_hold_them(loaded):
    configuration = loaded(
        'variables: {langs: {type: json}}\nvars: {langs: \'["en", "es"]\', speaks: "languages HAS \'${each.lang}\'"}\n'
        + HEAD
        + "task_queues: [{for_each: {lang: '${langs}'}, name: 'Q ${each.lang}', target_workers: '${speaks}'}]\n"
    )

    assert configuration.diagnostics == ()
    assert [each.target_workers for each in configuration.document.task_queues] == [
        "languages HAS 'en'",
        "languages HAS 'es'",
    ]


def test_each_row_of_a_table_makes_one(loaded):
    configuration = loaded(
        {
            "c.yaml": HEAD + "task_queues:\n"
            "  - for_each: {csv: queues.csv}\n"
            "    name: ${each.name}\n"
            "    target_workers: ${each.Who may}\n"
            "    max_reserved_workers: ${each.most}\n"
            "workers: [{for_each: {csv: queues.csv}, name: '${each.name}', attributes: {most: '${each.most}', at: '${each.at}'}}]\n",
            "queues.csv": 'name,Who may,most,at\nGold,"a == ""${who}""",3,"[1, 2]"\n\nSilver,1==1,1,007\n',
        },
        given={"who": "x"},
    )

    document = configuration.document
    assert configuration.diagnostics == ()
    assert [(each.name, each.target_workers, each.max_reserved_workers) for each in document.task_queues] == [
        ("Gold", 'a == "x"', 3),
        ("Silver", "1==1", 1),
    ]
    assert [each.attributes for each in document.workers] == [{"most": 3, "at": [1, 2]}, {"most": 1, "at": "007"}]


def test_a_mistake_of_an_object_is_reported_at_the_item_with_the_values(loaded):
    configuration = loaded(
        HEAD + "task_queues:\n"
        "  - {name: First}\n"
        "  - for_each: {n: [5, 500], lang: [en]}\n"
        "    name: ${each.lang} ${each.n}\n"
        "    max_reserved_workers: ${each.n}\n"
        "    assignment_activity: Nowhere\n"
        "  - {name: Last, max_reserved_worker: 1}\n"
        "activities: [{name: Offline}]\n"
    )

    assert said(configuration) == [
        (6, "out-of-range", "task_queues[2].max_reserved_workers", "must be at most 50, found 500 (where n: 500, lang: en)"),
        *(
            (7, "unknown-reference", f"task_queues[{i}].assignment_activity", f"there is no activity 'Nowhere'; add it to `activities` (where n: {n}, lang: en)")
            for i, n in ((1, 5), (2, 500))
        ),
        (8, "unknown-key", "task_queues[3].max_reserved_worker", "unknown key `max_reserved_worker`; did you mean `max_reserved_workers`?"),
    ]  # fmt: skip


def test_overlays_patch_the_objects_by_their_names(loaded):
    configuration = loaded(
        HEAD + "task_queues: [{for_each: {lang: [en, es]}, name: 'Q ${each.lang}'}]\n",
        overlays=["task_queues: [{name: Q es, max_reserved_workers: 2}, {name: Q en, delete: true}]\n"],
    )

    assert [(each.name, each.max_reserved_workers) for each in configuration.document.task_queues] == [("Q es", 2)]


def test_a_secret_value_hides_the_field_that_it_flows_into(loaded):
    configuration = loaded(
        HEAD + "workflows: [{for_each: {n: [a, b], t: ['${t}']}, name: '${each.n}', "
        "assignment_callback_url: 'https://x.example/${each.t}', fallback_assignment_callback_url: 'https://y.example'}]\n",
        environment={"TR_SECRET_t": "canary"},
    )

    assert configuration.diagnostics == ()
    assert configuration.document.sensitive("workflows", "b") == ("assignment_callback_url",)


MISTAKES = {
    "{lang: [en, null]}": ("for-each", "expected a text, a number, true or false"),
    "{lang: [en, [es]]}": ("for-each", "expected a text, a number, true or false"),
    "{lang: en}": ("for-each", "expected a list of values for `lang`"),
    "{1lang: [en]}": ("for-each", "`1lang`: a name is made of letters, digits and _"),
    "[en, es]": ("for-each", "expected lists of values by name, as in {lang: [en, es]}, or {csv: FILE}"),
    "{}": ("for-each", "expected lists of values by name, as in {lang: [en, es]}, or {csv: FILE}"),
    "{lang: [+4912345678]}": ("for-each", 'YAML reads +4912345678 as the number 4912345678; quote it: "+4912345678"'),
    "{lang: [en, 007]}": ("for-each", 'YAML reads 007 as the number 7; quote it: "007"'),
    "{csv: long.csv}": ("invalid-value", "1.5E+10 is a long number that the spreadsheet has shortened; format the column as text (where lang: 1.5E+10)"),
    "{csv: none.csv}": ("unreadable", "none.csv: No such file or directory"),
    "{csv: bad.csv}": ("csv-syntax", "this quote is never closed"),
    "{csv: bad.csv, lang: [a]}": ("unknown-key", "`csv` is the only key of a `for_each` over a table"),
    "{lnag: [en]}": ("unknown-each", "`for_each` of this object has no `lang` to put in for `${each.lang}` (where lnag: en)"),
    "{lang: ['${each.lang}']}": ("unknown-each", "`for_each` of this object has no `lang` to put in for `${each.lang}` (where lang: ${each.lang})"),
}  # fmt: skip


@pytest.mark.parametrize("written", MISTAKES)
def test_a_for_each_that_cannot_be_meant_is_an_error(loaded, written):
    files = {
        "c.yaml": HEAD + f"task_queues: [{{for_each: {written}, name: '${{each.lang}}'}}]\n",
        "bad.csv": 'a\n"x',
        "long.csv": "lang\n1.5E+10\n",
    }

    configuration = loaded(files)

    assert MISTAKES[written] in [(each.code, each.message) for each in errors_of(configuration.diagnostics)]
    assert all(each.line for each in configuration.diagnostics)


def test_a_value_outside_of_its_item_is_an_error(loaded):
    configuration = loaded(
        HEAD + "task_queues:\n  - {for_each: {q: [A]}, name: '${each.q}', target_workers: &x \"a == '${each.q}'\"}\n"
        "  - {name: B, target_workers: *x}\n"
        "  - {name: C, target_workers: \"$${each.q} == 'literal'\"}\n"
        "workers: [{name: 'a ${each.q}'}]\n"
    )

    assert [(each.line, each.code) for each in configuration.diagnostics][:2] == [
        (4, "unknown-each"),
        (6, "unknown-each"),
    ]


def test_a_filter_cannot_take_the_names_of_its_workflow(loaded):
    configuration = loaded(
        HEAD + "task_queues: [{name: Q}]\n"
        "workflows: [{for_each: {a: [x]}, name: F, filters: [{for_each: {a: [y]}, expression: 'b == 1', targets: [{queue: Q}]}]}]\n"
    )

    assert [(each.code, each.message) for each in configuration.diagnostics] == [
        ("for-each", "`a` has its values from the `for_each` of the workflow already (where a: x)")
    ]


HUGE = {
    "one item": "task_queues: [{for_each: {a: &l [" + ",".join(map(str, range(101))) + "], b: *l}, name: '${each.a} ${each.b}'}]\n",
    "several items": "task_queues: [" + "{for_each: {a: [1,2,3,4,5,6,7,8,9,10], b: [1,2,3,4,5,6,7,8,9,10], c: [1,2,3,4,5,6]}, name: x}," * 20 + "]\n",
    "endless lists": "task_queues: [{for_each: {" + ",".join(f"a{i}: [1,2,3,4,5,6,7,8,9,10]" for i in range(40)) + "}, name: x}]\n",
}  # fmt: skip


@pytest.mark.parametrize("kind", HUGE)
def test_more_objects_than_anybody_means_are_refused_at_their_place(loaded, kind):
    configuration = loaded(HEAD + HUGE[kind])

    found = {
        (each.line, each.code, (each.path or "").partition("[")[0]) for each in errors_of(configuration.notes.found)
    }
    assert (2, "for-each", "task_queues") in found
    assert all("10,000" in each.message for each in configuration.diagnostics if each.code == "for-each")


def test_objects_that_hold_too_much_are_refused(loaded):
    attributes = ", ".join(f"k{i}: '${{each.n}}'" for i in range(500))
    numbers = ",".join(map(str, range(9_000)))

    configuration = loaded(
        HEAD + f"workers: [{{for_each: {{n: [{numbers}]}}, name: 'w${{each.n}}', attributes: {{{attributes}}}}}]\n"
    )

    assert [each.message for each in configuration.diagnostics] == ["this file makes more than 2,000,000 values"]


@pytest.mark.parametrize(("most", "refused"), [(12, 0), (11, 1)])
def test_values_are_counted_to_the_last_one(loaded, monkeypatch, most, refused):
    monkeypatch.setattr(for_each, "_MOST_VALUES", most)

    configuration = loaded(HEAD + "workers: [{for_each: {n: [1, 2]}, name: 'w${each.n}', attributes: {a: [b, c]}}]\n")

    assert [each.message for each in configuration.diagnostics] == ["this file makes more than 11 values"] * refused


def test_an_object_too_many_is_refused_before_any_is_made(loaded, monkeypatch):
    made = []
    monkeypatch.setattr(for_each._Expansion, "_object", lambda *_: made.append(1))
    monkeypatch.setattr(for_each, "_MOST_VALUES", 3)

    loaded(HEAD + "workers: [{for_each: {n: [1, 2]}, name: 'w${each.n}'}]\n")

    assert made == []


def test_forty_queues_by_twenty_languages_are_a_few_lines(loaded):
    skills, languages = ([f"{kind}{i}" for i in range(number)] for kind, number in (("s", 40), ("l", 20)))

    configuration = loaded(
        HEAD
        + f"task_queues:\n  - for_each: {{skill: {json.dumps(skills)}, lang: {json.dumps(languages)}}}\n"
        + "    name: ${each.skill} ${each.lang}\n"
    )

    assert configuration.diagnostics == ()
    assert names(configuration) == [f"{skill} {lang}" for skill in skills for lang in languages]
