"""``tr-apply test --live``: routing tests of a configuration over the people of a live workspace."""

import json

import pytest

from tr_apply.cli import run

LIVE = """\
workspace: {name: Center}
activities: [{name: Offline}, {name: Here, available: true}]
task_queues: [{name: Everyone}, {name: Team}]
workers:
  - {name: ana, attributes: {languages: [es], team: "${sid:task_queue/Team}"}}
  - {name: ben, activity: Here, attributes: {languages: [en], level: 1}}
"""
FILE = """\
workspace: {name: Center}
activities: [{name: Offline}, {name: Here, available: true}]
task_queues:
  - {name: Everyone}
  - {name: Spanish, target_workers: "languages HAS 'es'"}
  - {name: Team, target_workers: "team == '${sid:task_queue/Team}'"}
  - {name: Senior, target_workers: "level > 2"}
workflows:
  - name: Voice
    filters:
      - {name: Spanish, expression: "language == 'es'", targets: [{queue: Spanish, timeout: 60}, {queue: Everyone}]}
      - {name: Team, expression: "team == true", targets: [{queue: Team}]}
      - {name: Senior, expression: "senior == true", targets: [{queue: Senior}]}
    default_filter: {queue: Everyone}
manage: {workers: {mode: additive, attributes: merge}}
workers: [{name: ben, attributes: {level: 5}}, {name: cho, attributes: {languages: [fr]}}]
"""
TESTS = """\
workers: [{name: zoe, attributes: {languages: [es]}}]
tests:
  - name: Spanish tasks come to all who speak it, whatever their activity
    workflow: Voice
    task: {language: es}
    expect: {filter: Spanish, steps: [{queue: Spanish, eligible: [ana, zoe]}, {queue: Everyone}]}
  - name: A SID in live attributes is the queue that the file declares
    workflow: Voice
    task: {team: true}
    expect: {steps: [{queue: Team, eligible: [ana]}]}
  - name: Attributes that the file gives count
    workflow: Voice
    task: {senior: true}
    expect: {steps: [{queue: Senior, eligible: [ben]}]}
  - name: Who is available may be said by live names
    workflow: Voice
    task: {}
    available: [ana, cho]
    expect: {default_filter: true, steps: [{queue: Everyone, eligible: [ana, cho]}]}
"""


@pytest.fixture
def folder(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "live.yaml").write_text(LIVE, encoding="utf-8")
    assert run(["apply", "live.yaml", "--local", "--auto-approve"]) == 0
    (tmp_path / "live.yaml").unlink()
    (tmp_path / "center.yaml").write_text(FILE, encoding="utf-8")
    (tmp_path / "center.test.yaml").write_text(TESTS, encoding="utf-8")
    capsys.readouterr()
    return tmp_path


def test_tests_run_over_the_live_people_with_the_queues_and_workflows_of_the_file(folder, capsys):
    assert run(["test", str(folder), "--live", "center", "--local", "--format", "json", "-v"]) == 0

    printed = capsys.readouterr()
    document = json.loads(printed.out)
    assert document["summary"] == {"passed": 4, "failed": 0}
    requests = [line.split()[0] for line in printed.err.splitlines() if " /v1/" in line]
    assert (set(requests), len(requests)) == ({"GET"}, 4)


def test_without_live_people_the_names_of_live_ones_are_not_known(folder, capsys):
    assert run(["test", str(folder)]) == 3
    assert "there is no worker 'ana'" in capsys.readouterr().err


def test_a_test_that_fails_among_the_live_people_shows_what_happens_instead(folder, capsys):
    (folder / "center.test.yaml").write_text(TESTS.replace("[ana, zoe]", "[ana]"), encoding="utf-8")

    assert run(["test", str(folder), "--live", "Center", "--local"]) == 3
    assert "eligible: ana, zoe" in capsys.readouterr().out


def test_a_taskrouter_without_live_people_to_ask_for_is_a_mistake(folder, capsys):
    assert run(["test", str(folder), "--local"]) == 64
    assert "give --live NAME as well" in capsys.readouterr().err


def test_a_workspace_that_is_not_live_and_two_paths_are_errors(folder, capsys):
    assert run(["test", str(folder), "--live", "Nowhere", "--local"]) == 1
    assert "there is no live workspace 'Nowhere'" in capsys.readouterr().err
    (folder / "other").mkdir()
    (folder / "other" / "w.yaml").write_text("workspace: {name: Other}\n", encoding="utf-8")
    assert run(["test", str(folder / "center.yaml"), str(folder / "other"), "--live", "Center", "--local"]) == 64
    assert "--live takes the people of one workspace: give one PATH" in capsys.readouterr().err
