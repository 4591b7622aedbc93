"""Flowcharts: Mermaid's own parser takes every one, and dot's text is whatever it was."""

import html
import json
import re
import shutil
import subprocess

import pytest

from tests.picture.scenes import HOSTILE, scene_of, workflow_of
from tr_apply.picture import FilterPairs, compared_picture, mermaid, picture_dot, picture_mermaid, picture_of
from tr_apply.picture.drawing.escape import dot_text, mermaid_text

ES = ("Spanish", "language == 'es'", {"queue": "Spanish", "timeout": 60}, {"queue": "Everyone", "priority": 5})
SALES = ("Sales", "topic == 'sales'", {"queue": "Sales", "timeout": 60})


def large_picture(filters):
    listed = [
        (f"Filter {n}", f"topic == 'topic-{n}'", {"queue": f"Queue {n}", "timeout": 60}, "Everyone")
        for n in range(filters)
    ]
    return picture_of(scene_of(workflow_of(*listed)))


def test_a_workflow_is_a_flowchart_with_a_row_for_each_filter():
    picture = picture_of(scene_of(workflow_of(ES, SALES)))
    lines = mermaid(picture.workflows[0], picture).splitlines()

    assert lines[0] == "flowchart LR"
    assert [line.strip() for line in lines if "classDef" not in line and " class " not in line][1:] == [
        'w1(["Voice"])',
        'w1f1["1  Spanish<br/>language is es"]',
        "w1 --> w1f1",
        'w1f1s1("Spanish")',
        "w1f1 --> w1f1s1",
        'w1f1s2("Everyone<br/>priority 5<br/>waits")',
        'w1f1s1 -->|"after 1m"| w1f1s2',
        'w1f2["2  Sales<br/>topic is sales"]',
        "w1 --> w1f2",
        'w1f2s1("Sales")',
        "w1f2 --> w1f2s1",
        'w1f2e(["canceled"])',
        'w1f2s1 -->|"after 1m"| w1f2e',
        'w1f3["Everything else"]',
        "w1 --> w1f3",
        'w1f3s1("Everyone<br/>waits")',
        "w1f3 --> w1f3s1",
    ]


def test_a_queue_with_nobody_and_a_filter_that_no_task_reaches_are_marked():
    hidden = ("Hidden", "language == 'es' AND a == 1", "Everyone")
    scene = scene_of(workflow_of(ES, hidden), queues={"Spanish": "a == 1", "Everyone": "1==1"}, workers={"ana": {}})
    picture = picture_of(scene)
    text = mermaid(picture.workflows[0], picture)

    assert '("Spanish · nobody")' in text
    assert "class w1f1s1 nobody" in text
    assert "never reached#58; filter 1 #40;Spanish#41; takes every such task" in text
    assert "class w1f2 pale" in text


def test_a_task_waits_in_the_step_that_it_cannot_leave_and_not_after_it():
    text = picture_mermaid(picture_of(scene_of(workflow_of(("A", "a == 1", "Sales", "Everyone")))))

    assert '("Sales<br/>waits")' in text
    assert '("Everyone<br/>never reached")' in text


def test_a_change_is_in_the_flowchart():
    before, after = (scene_of(workflow_of(*each)) for each in ([ES], [(*ES[:2], "Everyone"), SALES]))
    text = picture_mermaid(
        compared_picture(before, after, lambda _before, _after: FilterPairs({0: 0}, set()), against="live")
    )

    assert "2  Sales<br/>topic is sales<br/>new" in text
    assert "before#58; Spanish for 1m, then Everyone #40;priority 5#41;" in text


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("customer_tier is a.b-c", "customer_tier is a.b-c"),
        ("__a__ -b *c*", "#95;#95;a#95;#95; #45;b #42;c#42;"),
        ("1. x", "1#46; x"),
        ('"<b>`]|#quot;', "#34;#60;b#62;#96;#93;#124;#35;quot#59;"),
        ("日本語 é", "日本語 é"),
    ],
)
def test_special_characters_of_mermaid_in_a_label_are_numbers(text, escaped):
    assert mermaid_text(text) == escaped


def test_a_flowchart_never_grows_beyond_what_mermaid_takes():
    text = picture_mermaid(large_picture(400))

    assert len(text) < 50_000
    assert text.count("-->") < 500
    assert "and more that has no room here" in text


def test_mermaids_own_parser_takes_hostile_names_and_large_workflows(mermaid_problems, hostile_picture):
    texts = [
        picture_mermaid(hostile_picture),
        picture_mermaid(large_picture(400)),
        picture_mermaid(picture_of(scene_of())),
    ]
    texts += [mermaid(each, hostile_picture) for each in hostile_picture.workflows]

    *problems, refused = mermaid_problems([*texts, 'flowchart LR\n  a["]"'])

    assert problems == [None] * 5
    assert refused is not None


def test_text_of_dot_keeps_its_signs():
    assert dot_text('a "b" \\N &lt;') == 'a \\"b\\" \\\\N &amp;lt;'


def test_dot_draws_hostile_names_as_they_are(hostile_picture):
    program = shutil.which("dot")
    if program is None:
        pytest.skip("Graphviz is not installed")
    done = subprocess.run(
        [program, "-Tjson0"], input=picture_dot(hostile_picture), capture_output=True, encoding="utf-8", check=True
    )

    assert done.stderr == ""
    assert len(re.findall(r'"_gvid"', done.stdout)) > 2 * len(HOSTILE)
    labels = [each["label"] for each in json.loads(done.stdout)["objects"] if "label" in each]
    assert any(html.unescape(each).startswith(HOSTILE[0]) for each in labels)
