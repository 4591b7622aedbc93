"""load(): what a configuration says, once variables, overlays and several files are one."""

from datetime import date
from pathlib import Path

import pytest

from tr_apply.config.load import Inputs, load
from tr_apply.config.notes import Notes
from tr_apply.config.places import Sources
from tr_apply.config.values.variables import Variables
from tr_apply.errors import ConfigError, UsageError
from tr_apply.findings import errors_of
from tr_apply.lint import lint

MINIMAL = "workspace: {name: W}\n"


def attributes_of(configuration):
    return configuration.document.workers[0].attributes


def test_plain_scalars_are_those_of_yaml_1_2(loaded):
    configuration = loaded(
        MINIMAL
        + """
workers:
  - name: a
    attributes:
      texts: [no, off, on, yes, y, 12:30, 1_000, 0b1, 2024-01-01, 1.2.3, "5", '~', nil, -, +, .]
      numbers: [0o14, 0xC, -7, +7, 1.5, .5, 5., 1e3, -1.5E-3]
      booleans: [true, True, TRUE, false, False, FALSE]
      nulls: [null, Null, NULL, ~, ]
"""
    )

    assert configuration.diagnostics == ()
    attributes = attributes_of(configuration)
    assert attributes["texts"] == ["no", "off", "on", "yes", "y", "12:30", "1_000", "0b1", "2024-01-01", "1.2.3", "5", "~", "nil", "-", "+", "."]  # fmt: skip
    assert attributes["numbers"] == [12, 12, -7, 7, 1.5, 0.5, 5.0, 1000.0, -0.0015]
    assert [type(number) for number in attributes["numbers"]] == [int] * 4 + [float] * 5
    assert attributes["booleans"] == [True] * 3 + [False] * 3
    assert attributes["nulls"] == [None] * 4


def test_keys_are_text_whatever_they_look_like(loaded):
    configuration = loaded(
        MINIMAL + "workers: [{name: a, attributes: {1: a, true: b, null: c, ~: d, no: e, 1.0: f}}]\n"
    )

    assert attributes_of(configuration) == {"1": "a", "true": "b", "null": "c", "~": "d", "no": "e", "1.0": "f"}


def test_a_field_left_out_has_the_default_of_taskrouter(loaded):
    configuration = loaded(MINIMAL + "task_queues: [{name: A}]\ntask_channels: [{unique_name: email}]\n")

    queue, channel = configuration.document.task_queues[0], configuration.document.task_channels[0]
    assert (queue.target_workers, queue.max_reserved_workers, queue.task_order) == ("1==1", 1, "FIFO")
    assert channel.name == "email"


def test_sections_that_are_there_are_known_from_those_that_are_not(loaded):
    configuration = loaded(MINIMAL + "task_queues: []\n")

    assert configuration.document.declares("task_queues")
    assert not configuration.document.declares("workers")


def test_several_files_are_joined_in_path_order(loaded):
    configuration = loaded(
        {
            "b.yaml": "task_queues: [{name: B}]\n",
            "a/z.yml": "task_queues: [{name: A}]\n",
            "c.yaml": MINIMAL + "task_queues: [{name: C}]\n",
        }
    )

    assert [queue.name for queue in configuration.document.task_queues] == ["A", "B", "C"]
    assert configuration.notes.sources.names == ["a/z.yml", "b.yaml", "c.yaml"]


def test_an_overlay_merges_mappings_and_replaces_scalars_and_plain_lists(loaded):
    configuration = loaded(
        MINIMAL
        + """
workers:
  - {name: alice, attributes: {team: {a: 1, b: 2}, languages: [en, es], level: 1}, renamed_from: [al]}
  - {name: bob}
""",
        overlays=["workers: [{name: ALICE, attributes: {team: {b: 3}, languages: [de], city: Bern}}, {name: carol}]\n"],
    )

    alice, bob, carol = configuration.document.workers
    assert alice.attributes == {"team": {"a": 1, "b": 3}, "languages": ["de"], "level": 1, "city": "Bern"}
    assert alice.renamed_from == ["al"]
    assert alice.name == "ALICE"
    assert (bob.name, carol.name) == ("bob", "carol")


def test_an_overlay_merges_filters_by_name_and_keeps_their_order(loaded):
    configuration = loaded(
        MINIMAL
        + """
workflows:
  - name: Incoming
    filters:
      - {name: Gold, expression: a == 1, targets: [{queue: Q}]}
      - {expression: b == 1, targets: [{queue: Q}]}
      - {name: Rest, expression: 1==1, targets: [{queue: Q}]}
""",
        overlays=["workflows: [{name: incoming, filters: [{name: Gold, expression: a == 2}]}]\n"],
    )

    [workflow] = configuration.document.workflows
    assert [(each.name, each.expression) for each in workflow.filters] == [
        ("Gold", "a == 2"),
        (None, "b == 1"),
        ("Rest", "1==1"),
    ]


def test_an_overlay_takes_away_what_it_deletes(loaded):
    configuration = loaded(
        MINIMAL + "task_queues: [{name: A}, {name: B}, {name: C}]\n",
        overlays=["task_queues: [{name: b, delete: true}]\n"],
    )

    assert [queue.name for queue in configuration.document.task_queues] == ["A", "C"]


def test_a_deleted_name_can_be_declared_anew(loaded):
    configuration = loaded(
        MINIMAL + "task_queues: [{name: A, max_reserved_workers: 5}]\n",
        overlays=["task_queues: [{name: A, delete: true}]\n", "task_queues: [{name: A}]\n"],
    )

    [queue] = configuration.document.task_queues
    assert queue.max_reserved_workers == 1


def test_a_rule_of_one_word_is_its_mode_when_an_overlay_adds_to_it(loaded):
    configuration = loaded(
        MINIMAL + "manage: {workers: additive, task_queues: {ignore: [task_order]}}\n",
        overlays=["manage: {workers: {attributes: merge}, task_queues: additive}\n"],
    )

    manage = configuration.document.manage
    assert (manage.workers.mode, manage.workers.attributes) == ("additive", "merge")
    assert (manage.task_queues.mode, manage.task_queues.ignore) == ("additive", ["task_order"])


def test_a_change_by_an_overlay_leaves_other_uses_of_an_alias_alone(loaded):
    configuration = loaded(
        MINIMAL + "workers: [{name: a, attributes: &x {level: 1}}, {name: b, attributes: *x}]\n",
        overlays=["workers: [{name: a, attributes: {level: 2}}]\n"],
    )

    assert [worker.attributes for worker in configuration.document.workers] == [{"level": 2}, {"level": 1}]


def test_variables_come_from_the_nearest_that_has_them(loaded):
    configuration = loaded(
        "vars: {a: file, b: file, c: file}\nworkspace: {name: '${a} ${b} ${c} ${d} ${e} ${f:-default}'}\n",
        overlays=["vars: {a: overlay, b: first}\n", "vars: {b: second}\n"],
        variable_files=["a: var-file\nd: var-file\n", "d: later\n"],
        given={"a": "given"},
        environment={"TR_VAR_a": "env", "TR_VAR_e": "env", "f": "secret"},
    )

    assert configuration.diagnostics == ()
    assert configuration.document.workspace.name == "given second file later env default"


SOURCES = ["given", "variable file", "secret", "environment", "overlay", "file", "default"]
"""Where a variable may come from; the first that has it counts."""


@pytest.mark.parametrize("first", range(len(SOURCES)))
def test_each_source_of_a_variable_beats_all_that_follow(loaded, first):
    has = dict.fromkeys(SOURCES[first:], True)
    keys = {"secret": "TR_SECRET_a", "environment": "TR_VAR_a"}

    configuration = loaded(
        "workspace: {name: W, event_callback_url: 'https://x.example/${a}'}\n"
        + ("vars: {a: file}\n" if "file" in has else "")
        + ("variables: {a: {default: default}}\n" if "default" in has else ""),
        overlays=["vars: {a: overlay}\n"] if "overlay" in has else [],
        variable_files=["a: variable file\n"] if "variable file" in has else [],
        given={"a": "given"} if "given" in has else {},
        environment={key: name for name, key in keys.items() if name in has},
    )

    assert errors_of(configuration.diagnostics) == ()
    assert configuration.document.workspace.event_callback_url == f"https://x.example/{SOURCES[first]}"


def test_values_from_outside_are_literal_and_those_in_vars_are_not(loaded):
    configuration = loaded(
        "vars: {d: '${b} ${sid:worker/a}'}\nworkspace: {name: W}\n"
        "workers: [{name: a, attributes: {x: '${a}', y: '${b}', z: '${c}', w: '${d}', v: '${e}${f}'}}]\n",
        given={"a": "${sid:worker/nobody}", "e": "$", "f": "{g}"},
        environment={"TR_VAR_b": "${missing}"},
        variable_files=["c: $${x}${b}\n"],
    )

    assert configuration.diagnostics == ()
    assert attributes_of(configuration) == {
        "x": "$${sid:worker/nobody}",
        "y": "$${missing}",
        "z": "$${x}$${missing}",
        "w": "$${missing} ${sid:worker/a}",
        "v": "$${g}",
    }


def test_a_string_of_one_variable_is_text_inside_attributes(loaded):
    configuration = loaded("vars: {n: 5}\n" + MINIMAL + "workers: [{name: a, attributes: {level: '${n}'}}]\n")

    assert attributes_of(configuration) == {"level": "5"}


def test_names_are_literal_and_other_texts_are_templates(loaded):
    configuration = loaded(MINIMAL + "task_queues: [{name: '$${A}', target_workers: 'x == ''$${A}'''}]\n")

    [queue] = configuration.document.task_queues
    assert (queue.name, queue.target_workers) == ("${A}", "x == '$${A}'")


@pytest.mark.parametrize(
    ("text", "has_sids"),
    [
        ("workers: [{name: a, attributes: {x: '${sid:worker/a}'}}]\n", True),
        ("vars: {q: '${sid:worker/a}'}\nworkers: [{name: a, attributes: {x: '${q}'}}]\n", True),
        ("workers: [{name: a, attributes: {x: '$${sid:worker/a}'}}]\n", False),
        ("", False),
    ],
)
def test_it_is_known_whether_any_string_asks_for_a_sid(loaded, text, has_sids):
    assert loaded(MINIMAL + text).has_sids == has_sids


def test_a_configuration_is_complete_only_when_all_of_it_is_right(loaded):
    assert loaded(MINIMAL).complete
    assert not loaded(MINIMAL + "x: 1\n").complete
    assert not loaded(MINIMAL + "activities: [\n").complete


def test_valid_parts_are_loaded_although_the_rest_is_wrong(loaded):
    configuration = loaded(
        """
workspace: {name: W, sid: wrong}
activities: [{name: A}, {available: true}, {name: B, available: maybe}]
workflows:
  - name: Incoming
    filters:
      - {name: Gold, expression: x == 1, targets: [{queue: Q, priority: high, timeout: 5}]}
  - name: Outgoing
    filters: [{name: Gold, targets: [{queue: Q}]}]
manage: {workers: {mode: additive, where: 5}, activities: exactly}
safety: 5
workers: 5
"""
    )

    document = configuration.document
    assert document.workspace.name == "W"
    assert [activity and activity.name for activity in document.activities] == ["A", None, "B"]
    incoming, outgoing = document.workflows
    assert incoming.filters[0].targets[0].timeout == 5
    assert outgoing.filters == [None]
    assert (document.manage.workers.mode, document.manage.activities.mode) == ("additive", "exact")
    assert document.safety.max_deletes == "20%"
    assert document.workers == []


def test_a_mistake_in_a_filter_hides_no_other_mistake_of_the_workflow(loaded):
    configuration = loaded(
        """
workspace: {name: W}
task_queues: [{name: Q}]
workflows:
  - name: Incoming
    filters:
      - {name: no expression, targets: [{queue: Q}]}
      - {name: wrong timeout, expression: "a == 'x'", targets: [{queue: Q, timeout: 0}, {queue: Q}]}
      - {name: wrong queue, expression: "a ==", targets: [{queue: 5}]}
      - {name: no such queue, expression: "1==1", targets: [{queue: Nobody}]}
      - text
    default_filter: {queue: Nope}
"""
    )
    lint(configuration, today=date(2026, 1, 1))

    assert [(each.severity.value, each.code, each.path) for each in configuration.diagnostics] == [
        ("error", "missing-key", "workflows[0].filters[0]"),
        ("error", "out-of-range", "workflows[0].filters[1].targets[0].timeout"),
        ("error", "expression-syntax", "workflows[0].filters[2].expression"),
        ("error", "wrong-type", "workflows[0].filters[2].targets[0].queue"),
        ("error", "unknown-reference", "workflows[0].filters[3].targets[0].queue"),
        ("error", "wrong-type", "workflows[0].filters[4]"),
        ("error", "unknown-reference", "workflows[0].default_filter.queue"),
    ]


def test_a_filter_with_many_mistakes_is_kept_without_its_wrong_keys(loaded):
    targets = ", ".join("{priority: x}" for _ in range(900))
    configuration = loaded(MINIMAL + f"workflows: [{{name: A, filters: [{{expression: x, targets: [{targets}]}}]}}]\n")

    [kept] = configuration.document.workflows[0].filters
    assert [target.priority for target in kept.targets] == [None] * 900
    assert len(configuration.notes.found) == 900


def test_a_workspace_that_is_wrong_altogether_has_no_name(loaded):
    assert loaded("workspace: 5\n").document.workspace.name == ""


def test_findings_are_in_the_order_of_files_and_lines(loaded):
    configuration = loaded(
        {"a.yaml": MINIMAL + "x: 1\n", "b.yaml": "y: 1\nz: 1\n"}, overlays=["w: 1\nworkspace: {v: 1}\n"]
    )

    places = [(each.file, each.line) for each in configuration.diagnostics]
    assert places == [("a.yaml", 2), ("b.yaml", 1), ("b.yaml", 2), ("overlay0.txt", 1), ("overlay0.txt", 2)]


def test_a_valid_configuration_can_be_required(loaded):
    loaded(MINIMAL + "workers: [{name: a, attributes: {'${x}': 1}}]\n").require_valid()


def test_an_invalid_configuration_cannot_be_required_and_says_all(loaded):
    configuration = loaded(MINIMAL + "x: 1\ny: 1\n")

    with pytest.raises(ConfigError) as raised:
        configuration.require_valid()

    assert raised.value.diagnostics == configuration.diagnostics
    assert str(raised.value).count("\n") == 1


@pytest.mark.parametrize("name", ["my-var", "1a", "", "a b", "ä"])
def test_a_variable_of_the_command_line_has_a_name(folder, name):
    with pytest.raises(UsageError, match="letters, digits"):
        load(folder, Inputs(given={name: "x"}))


@pytest.mark.parametrize("kind", ["overlays", "variable_files"])
@pytest.mark.parametrize("path", ["nowhere.yaml", "."])
def test_an_overlay_and_a_file_of_variables_must_be_there(folder, kind, path):
    (folder / "c.yaml").write_text(MINIMAL)

    with pytest.raises(UsageError, match="no such file"):
        load(Path("c.yaml"), Inputs(**{kind: [Path(path)]}))


def test_attributes_have_at_most_4096_characters_of_json_with_sids_filled_in(loaded):
    fits = "x" * (4096 - len('{"a":""}'))
    mark, sid_length = "${sid:worker/a}", 34

    configuration = loaded(
        MINIMAL
        + f"""
workers:
  - name: a
    attributes: {{a: {fits}}}
  - name: b
    attributes: {{a: {fits}x}}
  - name: c
    attributes: {{a: "{fits[sid_length:]}{mark}"}}
  - name: d
    attributes: {{a: "{fits[sid_length - 1 :]}{mark}"}}
  - name: e
    attributes: {{a: "{fits[2:]}é🎧"}}
  - name: f
    attributes: {{a: "{fits[2:]}$${{"}}
"""
    )

    assert [(each.code, each.path) for each in configuration.diagnostics] == [
        ("document-too-long", "workers[1].attributes"),
        ("document-too-long", "workers[3].attributes"),
    ]


def test_a_workflow_makes_a_document_of_at_most_1038576_bytes(loaded):
    def workflow(name, length):
        return f"  - {{name: {name}, filters: [{{expression: x==1, targets: [{{queue: Q}}]}}], extra: {{note: {'x' * length}}}}}\n"

    empty = '{"task_routing":{"filters":[{"expression":"x==1","targets":[{"queue":"' + "0" * 34 + '"}]}],"note":""}}'
    room = 1_038_576 - len(empty)

    configuration = loaded(MINIMAL + "workflows:\n" + workflow("A", room) + workflow("B", room + 1))

    assert [(each.code, each.path) for each in configuration.diagnostics] == [("document-too-long", "workflows[1]")]


def test_sids_in_a_workflow_count_with_their_length(loaded):
    mark = "${sid:task_queue/A}"
    configuration = loaded(
        MINIMAL + f'workflows: [{{name: A, extra: {{a: 5, b: "{mark * 30_500}"}}}}]\n'  # 34 x 30,500 bytes
    )

    assert [each.code for each in configuration.diagnostics] == []
    configuration = loaded(MINIMAL + f'workflows: [{{name: A, extra: {{b: "{mark * 30_600}"}}}}]\n')
    assert [each.code for each in configuration.diagnostics] == ["document-too-long"]


def test_thousands_of_unknown_names_are_reported_without_delay(loaded):
    workers = "".join(f"  - {{name: w{i}, activity: Nowhere {i}}}\n" for i in range(3000))
    activities = "".join(f"  - {{name: Activity {i}}}\n" for i in range(99))

    configuration = loaded(f"{MINIMAL}activities:\n{activities}workers:\n{workers}")

    assert len(configuration.notes.found) == 3000
    assert "add it to `activities`" in configuration.notes.found[-1].message


def test_text_that_cannot_be_a_number_is_not_reported_as_a_quoted_number(loaded):
    [found] = loaded(MINIMAL + "task_queues: [{name: Q, max_reserved_workers: '.nan'}]\n").diagnostics

    assert found.message == "expected a whole number, found the text '.nan'"


def test_a_place_is_found_although_a_variable_is_gone():
    sources = Sources()
    begin = sources.add("c.yaml", "a: x ${gone} b")
    notes = Notes(sources, Variables(), written={begin + 3: "x ${gone} b"})

    assert sources.locate(notes.character(begin + 3, "x ${gone} b", 10)) == ("c.yaml", 1, 14)


def test_a_time_with_a_unit_is_its_number_of_seconds(loaded):
    text = """
    vars: {LONG: 90s}
    workspace: {name: X}
    task_queues: [{name: Q}]
    workflows:
      - name: W
        task_reservation_timeout: "${LONG}"
        filters: [{expression: 1==1, targets: [{queue: Q, timeout: 2m}, {queue: Q, timeout: 1h}, {queue: Q, timeout: 30}]}]
    """

    [workflow] = loaded(text).document.workflows

    assert workflow.task_reservation_timeout == 90
    assert [target.timeout for target in workflow.filters[0].targets] == [120, 3600, 30]
