"""plan --load: days before and after the plan, in every format, for the live workspace."""

import json
import re
from pathlib import Path

import jsonschema
import pytest

from tests.cli.conftest import have_database
from tr_apply.cli import run, simulating
from tr_apply.errors import InterruptedRunError
from tr_apply.own_folder import DATABASE
from tr_apply.plan.saved.document import checksum_of

SCHEMA = json.loads((Path(__file__).parents[2] / "schemas" / "plan.schema.json").read_text(encoding="utf-8"))
BEFORE = """\
workspace: {name: Shop}
activities: [{name: Offline}, {name: Available, available: true}]
task_queues: [{name: Sales, target_workers: "team == 'sales'"}, {name: Everyone}]
workflows:
  - name: Voice
    filters:
      - expression: "topic == 'sales'"
        targets: [{queue: Sales, timeout: 20}, {queue: Everyone}]
    default_filter: {queue: Everyone}
workers:
  - {name: ana, attributes: {team: sales}}
  - {name: ben, attributes: {team: others}}
  - {name: cem, attributes: {team: others}}
"""
AFTER = BEFORE.replace("{queue: Sales, timeout: 20}, {queue: Everyone}", "{queue: Sales}")
LOAD = """\
simulation:
  opens: "09:00"
  closes: "10:00"
  demand:
    - {name: "<b>@Sales</b>", workflow: Voice, channel: voice, offered: [14, 14], attributes: {topic: sales},
       handle_time: 3m, patience: 1m}
  experiment: {replications: 3}
"""


@pytest.fixture
def shop(tmp_path, monkeypatch, capsys):
    """A live shop in the folder; returns a function that plans and gives the exit code, the result and the messages."""
    monkeypatch.chdir(tmp_path)
    Path("shop.yaml").write_text(BEFORE)
    have_database(DATABASE, apply, "shop.yaml")
    Path("load.yaml").write_text(LOAD)
    Path("shop.yaml").write_text(AFTER)
    capsys.readouterr()

    def planned(*options, path="shop.yaml", load="load.yaml"):
        code = run(["plan", path, "--local", "-q", *(["--load", load] if load else []), *options])
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return planned


def apply(file):
    assert run(["apply", file, "--local", "--auto-approve", "-q"]) == 0


def document(shop, *options, **given):
    code, out, err = shop("--format", "json", *options, **given)
    assert code == 0, err
    found = json.loads(out)
    jsonschema.Draft202012Validator(SCHEMA).validate(found)
    return found["plans"][0]


def workers(plan):
    return [each["workers"] for each in plan["simulation"]["scenarios"]]


def test_the_json_has_the_days_before_and_after_and_the_plan_keeps_its_id(shop):
    plan = document(shop)
    days = plan.pop("simulation")

    assert plan == document(shop, load=None)
    assert [(each["name"], each["source"]) for each in days["scenarios"]] == [
        ("before", "live"),
        ("after", "shop.yaml"),
    ]
    [change] = [each for each in days["differences"] if (each["by"], each["measure"]) == ("all", "abandonment")]
    assert change["mean"] > 0.1


def test_the_days_are_those_of_simulate_against_live(shop, capsys):
    found = document(shop)["simulation"]

    assert (
        run(["simulate", "shop.yaml", "--load", "load.yaml", "--against", "live", "--local", "--format", "json"]) == 0
    )
    alone = json.loads(capsys.readouterr().out)["simulation"]

    assert found["differences"] == alone["differences"]


def test_people_see_the_days_below_the_plan(shop):
    code, text, _ = shop()

    assert code == 0
    assert re.search(
        r"Simulated days, before and after this plan:\nshop\.yaml \(after\) against live \(before\): 3 simulated days,"
        r"\s+3 workers.*All tasks .* → .*<b>@Sales</b>.*Not modelled: transfers",
        text,
        re.DOTALL,
    )
    assert text.index("Plan: ") < text.index("Simulated days")


def test_a_comment_has_a_table_of_the_days_and_nothing_in_it_breaks_out(shop):
    _, comment, _ = shop("--format", "markdown")

    table = comment[comment.index("<table>") : comment.index("</table>")]
    assert "<summary>Simulated days, before and after</summary>" in comment
    assert "&lt;b&gt;&#64;Sales&lt;/b&gt;" in table
    assert table.count("<tr>") == 3
    assert table.count("<th>") == 7
    assert table.count("<td>") == 14
    assert comment.count("<details") == comment.count("</details>")
    assert max(map(len, comment.splitlines())) < 100


def test_a_comment_without_room_for_the_days_says_so(shop, monkeypatch):
    monkeypatch.setattr("tr_apply.report.markdown.LIMIT", 2600)

    _, comment, _ = shop("--format", "markdown")

    assert "There is no room here for the simulated days" in comment
    assert "<table>" not in comment
    assert len(comment) < 2600


def test_the_page_of_the_plan_shows_the_days_as_simulate_does(shop):
    _, page, _ = shop("--format", "html")
    _, without, _ = shop("--format", "html", load=None)

    days = page[page.index('<section class="days">') :]
    assert '<polyline class="before"' in days
    assert '<polyline class="after"' in days
    assert "Service level by queue and interval" in days
    assert "<b>@Sales</b>" not in page
    assert page.count("<style>") == 1
    assert ".days {" in page
    assert ".days {" not in without
    assert '<ol class="lanes counted">' in page[: page.index(days)]
    assert "In each step: the tasks of a simulated day" in page
    assert '<ol class="lanes">' in without
    assert "In each step" not in without


SHOWN = """doc => [doc.documentElement.scrollWidth <= doc.documentElement.clientWidth,
    getComputedStyle(doc.querySelector('.days td')).display]"""


def test_a_phone_shows_the_days_as_tables_in_the_page_of_the_plan_too(shop, browser):
    _, page, _ = shop("--format", "html")

    assert browser.ask([page], SHOWN, width=390) == [[True, "table-cell"]]


def test_a_workflow_that_gets_another_name_is_simulated_on_both_sides(shop):
    Path("load.yaml").write_text(LOAD.replace("workflow: Voice", "workflow: Calls"))
    Path("shop.yaml").write_text(AFTER.replace("name: Voice", "name: Calls\n    renamed_from: [Voice]"))

    code, page, err = shop("--format", "html")

    assert (code, err) == (0, "")
    assert '<span class="which">before</span>' in page


def test_a_saved_plan_with_days_is_applied_as_any_other(shop, capsys):
    assert shop("--out", "saved.json")[0] == 0

    assert "simulation" in json.loads(Path("saved.json").read_text())["plans"][0]
    assert run(["apply", "--plan", "saved.json", "--local", "--auto-approve"]) == 0
    assert "No changes" in shop(load=None)[1]
    capsys.readouterr()


@pytest.mark.parametrize("form", ["text", "markdown", "html"])
def test_show_has_the_days_of_a_saved_plan(shop, capsys, form):
    _, planned, _ = shop("--format", form, "--out", "saved.json")

    assert run(["show", "saved.json", "--format", form]) == 0
    shown = capsys.readouterr().out
    assert "imulated days, before and after" in shown
    assert shown.count("±") == planned.count("±") >= 12


def test_show_refuses_damaged_days(shop, capsys):
    shop("--out", "saved.json")
    saved = json.loads(Path("saved.json").read_text())
    saved["plans"][0]["simulation"]["scenarios"] = 7
    saved["checksum"] = checksum_of(saved)
    Path("saved.json").write_text(json.dumps(saved))

    assert run(["show", "saved.json"]) == 6
    assert capsys.readouterr().err == (
        "Error: the saved plan saved.json is refused: its simulated days are damaged; plan again\n"
    )


def test_workers_who_stay_live_are_in_both_and_those_who_go_are_not(shop):
    few = AFTER.replace("  - {name: ben, attributes: {team: others}}\n", "")
    Path("shop.yaml").write_text(few + "manage: {workers: additive}\n")
    assert workers(document(shop)) == [3, 3]

    Path("shop.yaml").write_text(few + "safety: {max_deletes: 1}\n")
    assert workers(document(shop)) == [3, 2]

    Path("shop.yaml").write_text(AFTER.replace("name: ben,", "name: bea, renamed_from: [ben],"))
    assert workers(document(shop)) == [3, 3]

    Path("shop.yaml").write_text(AFTER[: AFTER.index("workers:\n")])
    assert workers(document(shop)) == [3, 3]


def test_a_plan_without_changes_and_a_new_workspace_have_no_days(shop):
    Path("shop.yaml").write_text(BEFORE)
    assert "simulation" not in document(shop)

    Path("new.yaml").write_text(AFTER.replace("Shop", "New"))
    assert "simulation" not in document(shop, path="new.yaml")


def test_a_load_that_cannot_be_used_is_an_error_with_its_place_before_anything_is_read(shop):
    Path("load.yaml").write_text(LOAD.replace("workflow: Voice", "workflow: Vioce"))

    code, out, err = shop()

    assert (code, out) == (3, "")
    assert "load.yaml:5:" in err
    assert "did you mean 'Voice'?" in err
    assert shop(load="missing.yaml")[0] == 64


def test_a_configuration_that_cannot_be_used_has_no_days(shop):
    Path("shop.yaml").write_text("workspace: {}\n")

    assert shop()[0] == 3


def test_nobody_at_work_is_an_error(shop):
    Path("load.yaml").write_text(LOAD + '  staffing: {shifts: [{where: "1==0", starts: "09:00", length: 1h}]}\n')

    code, _, err = shop()

    assert code == 64
    assert "nobody works on this day" in err


@pytest.mark.parametrize("options", [["--only", "workflow/Voice"], ["--exclude", "workflow/Voice"], ["shop.yaml"]])
def test_a_part_or_several_configurations_have_no_days(shop, options):
    code, _, err = shop(*options)

    assert code == 64
    assert "--load simulates one whole configuration" in err


@pytest.mark.usefixtures("shop")
def test_a_way_back_has_no_days(capsys):
    assert run(["plan", "--undo", "journal.jsonl", "--load", "load.yaml", "--local"]) == 64
    assert "--undo takes everything from the journal" in capsys.readouterr().err


def test_an_interrupted_simulation_gives_no_plan(shop, monkeypatch):
    def interrupted(experiment, *_):
        experiment.interrupted = True

    monkeypatch.setattr(simulating, "simulated", interrupted)

    code, out, err = shop()

    assert (code, out) == (InterruptedRunError.exit_code, "")
    assert "interrupted while days were simulated" in err


def test_the_time_limit_holds_for_the_days_too(shop, monkeypatch):
    moments = iter([0.0, *[100.0] * 1000])
    monkeypatch.setattr("tr_apply.cli.simulating.time.monotonic", lambda: next(moments))

    code, _, err = shop("--timeout", "50")

    assert code == 1
    assert "timed out after 50 s (--timeout)" in err
