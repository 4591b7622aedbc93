"""simulate prints what days are like in a configuration, compares two, and fails where a limit does not hold."""

import json
import os
import re
import signal
import subprocess
from pathlib import Path
from xml.etree import ElementTree as ET

import jsonschema
import pytest

import tr_apply
from tr_apply.cli import run
from tr_apply.cli import simulating as command
from tr_apply.cli.output import Output
from tr_apply.report.simulation_html import simulation_html
from tr_apply.report.simulation_text import duration, number, signed, simulation_text

SCHEMA = json.loads((Path(__file__).parents[2] / "schemas" / "plan.schema.json").read_text(encoding="utf-8"))
BASE = """\
workspace: {name: Shop}
activities: [{name: Offline}, {name: Available, available: true}]
task_queues: [{name: Sales, target_workers: "team == 'sales'"}, {name: <i>Everyone</i>}]
workflows:
  - name: Voice
    filters:
      - expression: "topic == 'sales'"
        targets: [{queue: Sales, timeout: 20}, {queue: <i>Everyone</i>}]
    default_filter: {queue: <i>Everyone</i>}
workers:
  - {name: ana, attributes: {team: sales}}
  - {name: ben, attributes: {team: sales}}
  - {name: cem, attributes: {team: others}}
"""
LOAD = """\
simulation:
  interval: 30m
  opens: "09:00"
  closes: "11:00"
  drain: 30m
  service_levels: [{threshold: 20s, target: 80%, short_abandon: 2s}]
  demand:
    - {name: Sales, workflow: Voice, channel: voice, offered: [8, 9, 9, 8], attributes: {topic: sales},
       handle_time: 3m, patience: 1m}
    - {name: "<b>Rest</b>", workflow: Voice, channel: voice, offered: {total: 12, profile: Sales}, handle_time: 2m,
       patience: 2m}
  staffing: {answer_delay: 4s}
  experiment: {replications: 8}
"""
WITHOUT_OVERFLOW = BASE.replace("{queue: Sales, timeout: 20}, {queue: <i>Everyone</i>}", "{queue: Sales}")


@pytest.fixture
def simulate(tmp_path, monkeypatch, capsys):
    """Writes the files, simulates, and returns the exit code, the result and the messages."""
    monkeypatch.chdir(tmp_path)
    for name, text in (("w.yaml", BASE), ("new.yaml", WITHOUT_OVERFLOW), ("load.yaml", LOAD)):
        Path(name).write_text(text)

    def simulated(path="w.yaml", *arguments):
        code = run(["simulate", path, "--load", "load.yaml", *arguments])
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return simulated


def document(result):
    code, out, _ = result
    found = json.loads(out)
    jsonschema.Draft202012Validator(SCHEMA).validate(found)
    assert found["exit_code"] == code
    assert found["command"] == "simulate"
    return found


# The output


def test_text_has_a_row_for_each_demand_and_lists_the_parts_not_modelled(simulate):
    code, out, err = simulate()

    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0].startswith("w.yaml: 8 simulated days, 3 workers, ")
    head = next(line for line in lines if line.lstrip().startswith("offered"))
    assert re.split(r"\s{2,}", head.strip()) == [
        "offered", "service level %", "ASA", "abandoned %", "90 % answered by", "longest wait",
    ]  # fmt: skip
    assert [line.split("  ")[0] for line in lines if line.startswith(("All", "  Sales", "  <b>"))] == [
        "All tasks",
        "",
        "",
    ]
    row = next(line for line in lines if line.startswith("All tasks"))
    assert row.count("±") == 6
    assert "Not modelled: transfers and conferences, callbacks" in out


def test_a_comparison_has_before_after_and_the_change(simulate):
    code, out, _ = simulate("new.yaml", "--against", "w.yaml", "--max-sl-drop", "100pp")

    assert code == 0
    assert out.startswith("new.yaml (after) against w.yaml (before): 8 simulated days")
    row = next(line for line in out.splitlines() if line.startswith("  Sales"))
    assert row.count("→") == 5
    assert row.count("±") == 6
    assert "! is sure at 95 % in all 16" in out
    assert "3 of 3 limits hold." in out


@pytest.mark.parametrize(
    ("options", "said"),
    [([], "voice, below the target of 80 %: "), (["--against", "new.yaml"], "below the target of 80 % (after): ")],
)
def test_times_below_the_target_are_after_only_where_there_is_a_before(simulate, options, said):
    Path("load.yaml").write_text(LOAD.replace("answer_delay: 4s", "answer_delay: 25s"), encoding="utf-8")

    _, out, _ = simulate("w.yaml", *options)

    assert said in out


def test_fewer_days_at_most_than_at_least_is_a_mistake_that_names_the_other_option(simulate):
    code, _, err = simulate("w.yaml", "--min-sl", "80%", "--max-replications", "4")

    assert code == 64
    assert "--max-replications 4: at least 8 days are simulated unless --replications says fewer, and at most" in err


def test_json_is_one_document_by_its_schema(simulate):
    found = document(simulate("w.yaml", "--format", "json", "--seed", "4", "--replications", "3"))

    simulation = found["simulation"]
    assert (simulation["seed"], simulation["replications"], simulation["confidence"]) == (4, 3, 0.95)
    assert simulation["formula"] == "answered within 20s / (answered + abandoned, without those who gave up within 2s)"
    [scenario] = simulation["scenarios"]
    assert scenario["name"] == "after"
    assert simulation["differences"] == simulation["gates"] == []
    first = scenario["results"][0]
    assert (first["by"], first["name"], first["interval"]) == ("all", "All tasks", None)
    assert 0 <= first["service_level"]["mean"] <= 1
    assert set(first["asa_s"]) == {"mean", "half_width"}
    assert set(first["wait_s"]) == {"p50", "p80", "p90", "p95", "max"}
    assert {each["by"] for each in scenario["results"]} == {
        "all", "demand", "queue", "channel", "interval", "worker_group",
    }  # fmt: skip


def test_a_limit_that_fails_is_exit_3_an_error_and_a_failure(simulate):
    arguments = ("new.yaml", "--against", "w.yaml", "--max-abandonment-rise", "0pp", "--max-replications", "60")
    found = document(simulate(*arguments, "--format", "json"))
    _, out, _ = simulate(*arguments)
    _, xml, _ = simulate(*arguments, "--format", "junit")

    assert found["exit_code"] == 3
    states = {each["name"]: each["state"] for each in found["simulation"]["gates"]}
    assert states["Sales"] == "failed"
    assert {each["code"] for each in found["errors"]} == {"gate"}
    assert re.search(r"FAILED: the abandonment of Sales changes by \+[0-9.]+ ±[0-9.]+ points;", out)
    suite = ET.fromstring(xml)[0]
    assert suite.get("tests") == "3"
    failed = [case.get("name") for case in suite if case.find("failure") is not None]
    assert "max-abandonment-rise=0pp: Sales" in failed
    assert len(failed) == int(suite.get("failures"))


def test_a_lowest_service_level_that_is_missed_is_exit_3(simulate):
    code, out, _ = simulate("w.yaml", "--min-sl", "100%")

    assert code == 3
    said = " ".join(out.split())
    assert re.search(r"the service level of all tasks is [0-9.]+ ±[0-9.]+ %; --min-sl wants at least 100%", said)


def test_html_is_a_page_without_scripts_on_which_names_are_text(simulate):
    code, page, _ = simulate("new.yaml", "--against", "w.yaml", "--format", "html", "--max-sl-drop", "0pp")

    assert code == 3
    assert "<script" not in page
    assert "<b>Rest" not in page
    assert "&lt;b&gt;Rest&lt;/b&gt;" in page
    assert "&lt;i&gt;Everyone&lt;/i&gt;" in page
    assert page.count("<svg") == page.count("</svg>") == 1
    assert '<polyline class="before"' in page
    assert '<polygon class="band after"' in page
    assert '<table class="heat">' in page
    assert 'class="gate ' in page
    assert "Not modelled: " in page


def figures_of(step):
    """The lines of a step on the page, without tags."""
    lines = re.findall(r'<span class="figure">(.*?)</span>', step)
    return [re.sub(r"<.*?>", "", line).replace("\N{NO-BREAK SPACE}", " ") for line in lines]


def test_html_shows_in_each_step_who_waits_before_and_after(simulate):
    _, page, _ = simulate("new.yaml", "--against", "w.yaml", "--format", "html")

    changed, same = re.findall(r'<li class="lane.*?</li>', page.replace("\n", ""))
    before, after = changed.split('<span class="which">')[1:]
    assert before.startswith("before</span>")
    assert after.startswith("after</span>")
    captions = ["tasks", "answered", "answered after", "abandoned", "go on", "after", "tasks", "answered"]
    number = r" [0-9.]+s? ±[0-9.]+( %)?"
    for caption, line in zip(captions, figures_of(before), strict=False):
        assert re.fullmatch(caption + number, line)
    assert len(figures_of(before)) == 10
    assert len(figures_of(after)) == 4
    assert re.fullmatch(f"abandoned{number} →{number}", figures_of(same)[3])
    assert "<i>Everyone" not in page
    assert "The number in a queue counts the 3 declared workers." in page


def test_html_of_one_configuration_shows_its_steps_once_and_of_a_sweep_none(simulate):
    _, page, _ = simulate("w.yaml", "--format", "html")
    _, varied, _ = simulate("w.yaml", "--format", "html", "--what-if", "demand:+50%")
    _, sweep, _ = simulate("w.yaml", "--format", "html", "--what-if", "demand:+0%..+20%", "--replications", "2")

    assert "Where tasks wait" in page
    assert not any("→" in line for line in figures_of(page))
    assert re.search("tasks [0-9.]+ ±[0-9.]+ → [0-9.]+ ±[0-9.]+", figures_of(varied)[0])
    assert "Where tasks wait" not in sweep


def test_the_days_of_a_page_name_their_targets_in_words(simulate):
    load = Path("load.yaml").read_text(encoding="utf-8")
    _, page, _ = simulate("w.yaml", "--format", "html")
    Path("load.yaml").write_text(load.replace(", target: 80%", ""), encoding="utf-8")
    _, without, _ = simulate("w.yaml", "--format", "html")

    assert "Green is at the target (80 %), yellow up to 20 points below it, red further below." in page
    assert re.search(r'<td class="level-[012]">', page)
    assert "Green is" not in without
    assert '<td class="level-' not in without
    assert 'class="target"' not in without


def test_html_of_one_configuration_has_one_line(simulate):
    _, page, _ = simulate("w.yaml", "--format", "html")

    assert "<title>tr-apply: simulated days</title>" in page
    assert '<polyline class="after"' in page
    assert '<polyline class="before"' not in page


def test_a_sweep_is_a_table_and_a_chart(simulate):
    arguments = ("w.yaml", "--what-if", "workers.team=sales:-1..+1", "--replications", "4")
    code, out, _ = simulate(*arguments)
    _, page, _ = simulate(*arguments, "--format", "html")
    _, other, _ = simulate("w.yaml", "--what-if", "demand:+0%..+50%/25%", "--replications", "4", "--format", "html")

    assert code == 0
    rows = [line for line in out.splitlines() if line.startswith(("before", "workers."))]
    assert [row.split()[:2] for row in rows] == [
        ["before", "3"], ["workers.team=sales:-1", "2"], ["workers.team=sales:+0", "3"], ["workers.team=sales:+1", "4"],
    ]  # fmt: skip
    assert "w.yaml and 3 variants: 4 simulated days, 2 to 4 workers" in out
    assert page.count('<circle class="dot"') == 4
    assert "Service level of all tasks, by people" in page
    assert ">+50%<" in other


def test_seconds_and_minutes_are_written_as_people_do():
    assert [duration(each) for each in (0, 9.6, 59.6, 236, 3723)] == ["0s", "10s", "1:00", "3:56", "1:02:03"]
    assert [signed(each, "wait_p90_s") for each in (-5.0, 0.2, -0.2, 70)] == ["-5s", "+0s", "+0s", "+1:10"]
    assert [signed(each, "abandonment") for each in (-0.0001, 0.021)] == ["+0.0", "+2.1"]
    assert [number(each) for each in (None, 0.0, 2.5, 488.2)] == ["-", "0", "2.5", "488"]


def test_a_day_without_tasks_has_no_numbers(simulate):
    Path("load.yaml").write_text(re.sub(r"offered: \[.*?\]", "offered: [0, 0, 0, 0]", LOAD))

    code, out, _ = simulate("w.yaml", "--min-sl", "80%")
    _, page, _ = simulate("w.yaml", "--format", "html")

    assert code == 0
    row = next(line for line in out.splitlines() if line.startswith("All tasks"))
    assert row.split() == ["All", "tasks", "0", "±0", "-", "-", "-", "-", "-"]
    assert "<svg" not in page


def test_a_group_that_one_side_lacks_is_compared_with_nothing(simulate):
    arguments = ("w.yaml", "--replications", "2", "--format")
    gone = ("--what-if", "demand.Sales:-100%")

    _, out, _ = simulate(*arguments, "text", *gone)
    _, page, _ = simulate(*arguments, "html", *gone, "--max-sl-drop", "2pp")
    _, sweep, _ = simulate(*arguments, "html", "--what-if", "demand:-100%..+0%/100%")
    _, table, _ = simulate(*arguments, "text", "--what-if", "demand:-100%..+0%/100%")

    row = next(line for line in out.splitlines() if line.startswith("  Sales"))
    assert row.count("→ -") == 5
    assert "--max-sl-drop 2pp says nothing of Sales, because it has no tasks." in page
    assert sweep.count('<circle class="dot"') == 2
    assert re.search(r"demand:-100% +3 +- +- +-", table)


def test_a_long_day_with_few_tasks_has_gaps_and_not_every_label(simulate):
    text = LOAD.replace('"09:00"', '"00:00"').replace('"11:00"', '"24:00"').replace("threshold: 20s, target: 80%,", "")
    levels = "[{queue: Sales, target: 90%}, {channel: voice, target: 80%}, {short_abandon: 2s}]"
    text = re.sub(r"service_levels: .*", f"service_levels: {levels}", text)
    Path("load.yaml").write_text(
        re.sub(r"offered: \[.*?\]", "offered: {total: 20}", text).replace("profile: Sales", "")
    )

    _, page, _ = simulate("w.yaml", "--replications", "2", "--format", "html")
    _, out, _ = simulate("w.yaml", "--replications", "2")

    assert "<td></td>" in page
    assert ">00:00</text>" in page
    assert ">00:30</text>" not in page
    assert page.count('class="target"') == 1
    assert "voice 20s" in out


def test_another_demand_shows_how_many_tasks_came_before_and_after(simulate):
    arguments = ("w.yaml", "--what-if", "demand.Sales:+50%")
    _, out, _ = simulate(*arguments)
    _, page, _ = simulate(*arguments, "--format", "html")

    number = r"[0-9]+ ±[0-9.]+"
    for row in (f"All tasks +{number} → {number} ", f"  Sales +{number} → {number} ", f"  <b>Rest</b> +{number}  "):
        assert re.search(f"^{row}", out, re.MULTILINE)
    assert re.search(f"{number} → {number} tasks a day", " ".join(out.split()))
    assert re.search(f"<th>  Sales</th><td>{number} → {number}</td>", page)


def test_one_day_alone_has_no_half_width_and_says_so(simulate):
    simulate()  # writes the files
    results = tr_apply.simulate(tr_apply.load("w.yaml"), "load.yaml", against=tr_apply.load("new.yaml"), replications=1)
    text, page = simulation_text(results), simulation_html(results)

    assert text.startswith("w.yaml (after) against new.yaml (before): 1 simulated day, 3 workers, ")
    assert "±? is an unknown half-width: one day alone says nothing about the others." in text
    row = next(line for line in text.splitlines() if line.startswith("All tasks"))
    assert row.count("±?") == row.count("±") == 6
    assert "±0" not in page


def test_ctrl_c_before_any_day_is_done_is_an_error(simulate, monkeypatch):
    def interrupt(_done, _total):
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "_progress", lambda _output: interrupt)

    code, out, err = simulate("new.yaml", "--against", "w.yaml")

    assert (code, out) == (130, "")
    assert "interrupted before a day of each scenario was done" in err


# Mistakes


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--max-sl-drop", "2"), "'2' is not a number of pp, such as 2pp"),
        (("--max-sl-drop", "2%"), "'2%' is not a number of pp"),
        (("--min-sl", "80pp"), "'80pp' is not a number of %, such as 80%"),
        (("--min-sl", "180%"), "'180%' is not a number of %"),
        (("--max-sl-drop", "2pp"), "--max-sl-drop compares"),
        (("--replications", "1"), "1 is not in the range"),
        (("--executor", "threads"), "--executor threads: expected serial, processes or dask://HOST:PORT"),
        (("--what-if", "people:+1"), "--what-if 'people:+1': expected workers."),
        (("--against", "gone.yaml"), "gone.yaml: there is no such file"),
        (("--load", "gone.yaml"), "gone.yaml: there is no such file"),
    ],
)
def test_a_bad_option_is_a_usage_error(simulate, arguments, message):
    code, out, err = simulate("w.yaml", *arguments)

    assert (code, out) == (64, "")
    assert message in err


def test_a_mistake_in_the_load_is_exit_3_with_its_place(simulate):
    Path("load.yaml").write_text(LOAD.replace("handle_time: 3m", "handle_tim: 3m"))

    code, _, err = simulate()

    assert code == 3
    assert "load.yaml:9:8: error: unknown key `handle_tim`; did you mean `handle_time`? [unknown-key]" in err


def test_a_run_out_of_time_is_an_error(simulate):
    code, out, err = simulate("w.yaml", "--timeout", "0.001", "--replications", "200")

    assert (code, out) == (1, "")
    assert "timed out after 0.001 s (--timeout)" in err


# Against the live workspace


def test_a_configuration_is_compared_with_the_live_workspace(simulate):
    assert run(["apply", "w.yaml", "--local", "--auto-approve", "-q"]) == 0

    code, out, _ = simulate("new.yaml", "--against", "live", "--local", "--max-sl-drop", "0pp")
    same, _, _ = simulate("w.yaml", "--against", "live", "--local", "--max-sl-drop", "0pp")

    assert code == 3
    assert "new.yaml (after) against Shop (live) (before)" in out.replace("\n  ", " ")
    assert same == 0


def test_a_sensitive_value_is_on_neither_side_of_the_page(simulate, monkeypatch):
    monkeypatch.setenv("TR_SECRET_topic", "xyzzy")
    text = f"variables: {{topic: {{secret: true}}}}\n{BASE}".replace(
        "'sales'\"\n        targets", "'${topic}'\"\n        targets"
    )
    Path("w.yaml").write_text(text, encoding="utf-8")
    Path("new.yaml").write_text(text.replace("timeout: 20", "timeout: 40"), encoding="utf-8")
    assert run(["apply", "w.yaml", "--local", "--auto-approve", "-q"]) == 0

    for against in (("--against", "live", "--local"), ("--against", "w.yaml")):
        code, page, _ = simulate("new.yaml", *against, "--format", "html", "--replications", "2")
        assert code == 0
        assert '<span class="which">before</span>' in page
        assert "(sensitive)" in page
        assert "xyzzy" not in page


def test_a_side_may_carry_overlays_of_its_own(simulate):
    Path("alone.yaml").write_text("workflows: [{name: Voice, default_filter: {queue: Sales}}]\n")

    _, out, _ = simulate("w.yaml+alone.yaml", "--against", "w.yaml", "--replications", "3")
    code, _, err = simulate("w.yaml+gone.yaml", "--against", "w.yaml")

    assert out.startswith("w.yaml+alone.yaml (after) against w.yaml (before)")
    assert code == 64
    assert "gone.yaml: there is no such file" in err


def test_without_a_live_workspace_there_is_nothing_to_compare_with(simulate):
    code, _, err = simulate("w.yaml", "--against", "live", "--local")

    assert code == 1
    assert "there is no live workspace 'Shop' yet; leave out --against live" in err


# In a process of its own


@pytest.mark.skipif(os.name != "posix", reason="a terminal of POSIX")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.usefixtures("simulate")  # its files
def test_ctrl_c_prints_the_completed_days_and_says_so(forking, number):
    ours, theirs = os.openpty()
    arguments = ["new.yaml", "--load", "load.yaml", "--against", "w.yaml", "--replications", "10000"]
    started = subprocess.Popen(
        [forking.programs / "tr-apply", "simulate", *arguments, "--executor", "serial"],
        stdout=subprocess.PIPE, stderr=theirs, text=True,
    )  # fmt: skip
    os.close(theirs)
    shown = b""
    while not any(int(each) >= 4 for each in re.findall(rb"Simulated ([0-9]+) of", shown)):  # two days of each scenario
        shown += os.read(ours, 4096)

    started.send_signal(number)
    out, _ = started.communicate(timeout=60)
    os.close(ours)

    assert started.returncode == 130
    assert "Interrupted: these are only the days that were done." in out
    assert int(re.search(r"([0-9]+)\s+simulated\s+day", out)[1]) < 10_000


def test_progress_says_how_long_it_may_take(monkeypatch, capsys):
    monkeypatch.setattr(command, "_SAY_EVERY_S", 0.0)
    command._progress(Output("simulate"))(10, 40)
    command._progress(Output("simulate", quiet=True))(10, 40)

    assert re.fullmatch(r"Simulated 10 of 40 days, about [0-9]+ s left\n", capsys.readouterr().err)


# Calibration


def calibrated(share, abandonment="20%", more=""):
    recorded = f"recorded: {{tasks: 300, service_level: {share}, abandonment: {abandonment}{more}}}"
    Path("load.yaml").write_text(LOAD.replace("patience: 1m}", f"patience: 1m, {recorded}}}"))


def test_calibration_finds_recorded_shares_that_fit_and_that_differ(simulate):
    first = document(simulate("w.yaml", "--format", "json"))["simulation"]
    [sales] = [each for each in first["scenarios"][0]["results"] if (each["by"], each["name"]) == ("demand", "Sales")]
    assert "calibration" not in first
    calibrated(f"{100 * sales['service_level']['mean']:.1f}%", "99%")

    level, abandonment = document(simulate("w.yaml", "--calibrate", "--format", "json"))["simulation"]["calibration"]

    assert (level["name"], level["measure"], level["fits"]) == ("Sales", "service_level", True)
    assert level["simulated"] == sales["service_level"]
    assert (abandonment["recorded"]["mean"], abandonment["fits"]) == (0.99, False)
    assert 0 < abandonment["recorded"]["half_width"] < 0.03


def test_people_see_recorded_next_to_simulated(simulate):
    calibrated("0%", "100%")

    _, text, _ = simulate("w.yaml", "--calibrate")
    _, page, _ = simulate("w.yaml", "--calibrate", "--format", "html")

    assert re.search(r"recorded % +simulated %\n +Sales, service level|Sales, service level +0\.0 ±\d", text)
    assert re.search(r"Sales, abandonment +100\.0 ±\d\.\d +\d+\.\d ±\d+\.\d +DIFFERS", text)
    assert "0 of 2 recorded shares fit the simulated days." in text
    assert "<h2>Recorded and simulated</h2>" in page
    assert "<td>DIFFERS</td>" in page


def test_a_demand_without_any_task_does_not_fit(simulate):
    calibrated("50%")
    Path("load.yaml").write_text(
        Path("load.yaml")
        .read_text()
        .replace("[8, 9, 9, 8]", "[0, 0, 0, 0]")
        .replace("{total: 12, profile: Sales}", "[1, 1, 1, 1]")
    )

    code, text, _ = simulate("w.yaml", "--calibrate")

    assert code == 0
    assert re.search(r"Sales, service level +50\.0 ±\d\.\d +- +DIFFERS", text)


@pytest.mark.parametrize(
    ("more", "options", "said"),
    [
        (None, [], "no demand of the load has `recorded`"),
        (", threshold: 30s", [], "the recorded service level of 'Sales' is for 30 s, and `service_levels` says 20 s"),
        ("", ["--against", "w.yaml"], "leave out --against and --what-if"),
        ("", ["--what-if", "demand:+20%"], "leave out --against and --what-if"),
    ],
)
def test_calibration_needs_recorded_figures_and_nothing_else(simulate, more, options, said):
    if more is not None:
        calibrated("50%", more=more)

    code, out, err = simulate("w.yaml", "--calibrate", *options)

    assert (code, out) == (64, "")
    assert said in " ".join(err.split())
