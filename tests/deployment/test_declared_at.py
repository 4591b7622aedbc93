"""Each operation of a plan says why, and where the files declare its resource."""

import json

import pytest

from tr_apply.cli import run

FILES = {
    "a.yaml": """\
workspace: {name: Center}
activities: [{name: Offline}, {name: Lunch}]
task_queues:
- name: Everyone
- {name: "${each.lang} queue", for_each: {lang: [en, es]}}
""",
    "people.yaml": "workers: {csv: people.csv}\n",
    "more.yaml": """\
workflows:
- name: Incoming
  default_filter: {queue: Everyone}
""",
    "people.csv": "name,channels.voice.capacity\nann,1\nben,3\n",
}
CHANGED = {
    "a.yaml": """\
workspace: {name: Center, event_callback_url: "https://example.com"}
activities: [{name: Offline}, {name: Lunch, available: true}]
task_queues:
- {name: Everyone, max_reserved_workers: 2}
- {name: "en queue"}
- {name: "spanish", renamed_from: [es queue]}
""",
    "more.yaml": "workflows: []\nsafety: {max_deletes: 100%}\n",
}


@pytest.fixture
def planned(tmp_path, capsys, monkeypatch):
    """The operations of the plan for *files*, by kind and name."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "center"
    folder.mkdir()

    def operations(files, *, apply=False):
        for name, text in files.items():
            (folder / name).write_text(text)
        if apply:
            assert run(["apply", "center", "--local-db", "w.db", "--auto-approve"]) == 0
            capsys.readouterr()
        assert run(["plan", "center", "--local-db", "w.db", "--format", "json"]) == 0
        [plan] = json.loads(capsys.readouterr().out)["plans"]
        return {(each["kind"], each["name"]): each for each in plan["operations"]}

    return operations


def test_a_declared_resource_has_its_place(planned):
    found = planned(FILES)

    assert {
        key: (each["source"]["file"], each["source"]["line"]) for key, each in found.items() if "source" in each
    } == {
        ("workspace", "Center"): ("center/a.yaml", 1),
        ("activity", "Lunch"): ("center/a.yaml", 2),
        ("task_queue", "Everyone"): ("center/a.yaml", 4),
        ("task_queue", "en queue"): ("center/a.yaml", 5),
        ("task_queue", "es queue"): ("center/a.yaml", 5),
        ("workflow", "Incoming"): ("center/more.yaml", 2),
        ("worker", "ann"): ("center/people.csv", 2),
        ("worker", "ben"): ("center/people.csv", 3),
        ("worker_channel", "ben/voice"): ("center/people.csv", 3),
    }


def test_every_operation_says_why(planned):
    planned(FILES, apply=True)

    found = planned(CHANGED)

    assert {key: each["reason"] for key, each in found.items()} == {
        ("workspace", "Center"): "live values differ from `workspace`",
        ("activity", "Lunch"): "TaskRouter cannot change `available`: a new activity with a new SID takes its place",
        ("task_queue", "Everyone"): "live values differ from `task_queues`",
        ("task_queue", "spanish"): "renamed from 'es queue'",
        ("workflow", "Incoming"): "not declared in `workflows`",
    }
    assert "source" not in found["workflow", "Incoming"]
    assert all(each["reason"] for each in planned(FILES).values())
