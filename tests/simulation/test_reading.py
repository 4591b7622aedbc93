"""``simulation.yaml``: what it means, and each mistake with its place."""

import math
import textwrap
from pathlib import Path

import pytest

from tr_apply import api
from tr_apply.errors import ConfigError, UsageError
from tr_apply.resources.simulation import CustomerPatience
from tr_apply.simulation import reading
from tr_apply.simulation.durations import DurationSpread
from tr_apply.simulation.load import AnswerTarget, DayHours, PlannedBreak, RosterEntry, ShiftPlan
from tr_apply.simulation.reading import load_simulation
from tr_apply.simulation.scenario import scenario_of

CONFIGURATION = """
vars: {mean: 5m}
variables: {token: {secret: true}}
workspace: {name: Shop, timeout_activity: Break, default_activity: Offline}
activities: [{name: Offline}, {name: Available, available: true}, {name: Break}, {name: Chat only, available: true}]
task_queues: [{name: Everyone}]
workflows: [{name: Voice, default_filter: {queue: Everyone}}]
workers:
  - {name: ana, attributes: {team: sales}}
  - {name: ben, attributes: {team: sales}}
  - {name: cem, attributes: {team: night}}
"""
CALLS = "{name: Calls, workflow: Voice, channel: voice, offered: [1, 2, 3, 4], handle_time: 2m}"
HOUR = 3_600_000


class Desk:
    """Writes files into a folder and reads a load from them."""

    def __init__(self, folder):
        self.folder = folder
        (folder / "workspace.yaml").write_text(CONFIGURATION)

    @property
    def configuration(self):
        return api.load(self.folder / "workspace.yaml")

    def file(self, name, text):
        (self.folder / name).write_text(textwrap.dedent(text).lstrip())

    def read(self, more="", demand=CALLS, head='interval: 15m, opens: "09:00", closes: "10:00"'):
        lines = [f"simulation:\n  {each}" for each in ["{" + head + ","]]
        text = f"{lines[0]}\n   demand: [{demand}]{',' if more else ''}\n   {more}}}\n"
        (self.folder / "simulation.yaml").write_text(text)
        return load_simulation(self.folder / "simulation.yaml", self.configuration)

    def mistakes(self, *arguments, **more):
        with pytest.raises(ConfigError) as caught:
            self.read(*arguments, **more)
        return [
            f"{Path(each.file).name}:{each.line}:{each.column}: {each.message}" for each in caught.value.diagnostics
        ]


@pytest.fixture
def desk(tmp_path):
    return Desk(tmp_path)


def demand(**keys):
    given = {"name": "Calls", "workflow": "Voice", "channel": "voice", "offered": "[1, 2, 3, 4]", "handle_time": "2m"}
    return "{" + ", ".join(f"{key}: {value}" for key, value in {**given, **keys}.items() if value) + "}"


# The format


def test_the_least_that_can_be_written(desk):
    load = desk.read()

    assert load.hours == DayHours(15 * 60_000, 9 * HOUR, 10 * HOUR, 12 * HOUR)
    [contact] = load.contacts
    assert contact.offered == (1, 2, 3, 4)
    assert contact.handle == DurationSpread("exponential", 120_000)
    assert contact.after_contact.at(0.9) == 0
    assert contact.patience.shape == "never"
    assert load.targets == (AnswerTarget(None, None, 20_000, None, 0),)
    assert (load.replications, load.seed, load.confidence) == (30, 1, 0.95)


@pytest.mark.parametrize(
    ("written", "spread"),
    [
        ("260s", DurationSpread("exponential", 260_000)),
        ("{mean: 260s}", DurationSpread("exponential", 260_000)),
        ("{mean: 260, distribution: constant}", DurationSpread("constant", 260_000)),
        ("{mean: 260s, p90: 560s}", DurationSpread.lognormal(260_000, 560_000)),
        ("{mean: 260s, p90: 560s, distribution: lognormal}", DurationSpread.lognormal(260_000, 560_000)),
        ('"${mean}"', DurationSpread("exponential", 300_000)),
        ("{csv: times.csv}", DurationSpread("sample", sample=(1_000, 2_500, 4_000))),
        ("{csv: times.csv, column: wrap}", DurationSpread("sample", sample=(0, 5_000, 6_000))),
    ],
)
def test_how_long_something_takes(desk, written, spread):
    desk.file("times.csv", "Handle_Time;wrap\n4;5\n2,5;6\n1;\n")

    assert desk.read(demand=demand(handle_time=written)).contacts[0].handle == spread


@pytest.mark.parametrize(
    ("written", "spread"),
    [
        ("infinite", DurationSpread("never")),
        ("{mean: infinite}", DurationSpread("never")),
        ("90s", DurationSpread("exponential", 90_000)),
        ("{weibull: {shape: 1.5, mean: 90s}}", DurationSpread.weibull(90_000, 1.5)),
    ],
)
def test_how_long_customers_wait(desk, written, spread):
    assert desk.read(demand=demand(patience=written)).contacts[0].patience == spread


def test_attributes_are_fixed_or_drawn(desk):
    attributes = "{a: 1, b: {x: 40%, y: 60%}, c: [{value: 1, share: 25%}], d: {e: {f: 5%}}, g: [h], i: {j: 5%, k: 1}}"

    [contact] = desk.read(demand=demand(attributes=attributes)).contacts

    assert contact.attributes == {"a": 1, "d": {"e": {"f": "5%"}}, "g": ["h"], "i": {"j": "5%", "k": 1}}
    assert [(each.attribute, each.values, each.below) for each in contact.choices] == [
        ("b", ("x", "y"), (0.4, 1.0)),
        ("c", (1,), (0.25,)),
    ]


def test_a_total_is_spread_like_another_demand_or_evenly(desk):
    others = [demand(name="Like", offered="{total: 20, profile: Calls}"), demand(name="Even", offered="{total: 20}")]

    load = desk.read(demand=", ".join([*others, CALLS]))

    assert [each.offered for each in load.contacts] == [(2, 4, 6, 8), (5, 5, 5, 5), (1, 2, 3, 4)]


def test_a_profile_of_nothing_is_nothing(desk):
    none = demand(name="None", offered="[0, 0, 0, 0]")

    assert desk.read(demand=f"{demand(offered='{total: 9, profile: None}')}, {none}").contacts[0].offered == (0,) * 4


def test_offered_comes_from_the_intervals_of_a_report(desk):
    desk.file(
        "acd.csv",
        """
        Date,Time,Queue,Offered
        2026-03-02,09:00,SALES,10
        2026-03-02,09:15,SALES,4
        2026-03-02,09:15,OTHER,99
        2026-03-02,12:00,SALES,99
        2026-03-03,09:00:00,SALES,20
        """,
    )

    [contact] = desk.read(demand=demand(offered="{csv: acd.csv, queue: SALES}")).contacts

    assert contact.offered == (15, 2, 0, 0)


@pytest.mark.parametrize("time", ["2026-03-02T09:30:00Z", "2026-03-02 09:30", "9:30", "2026-03-02T09:30:00.5+01:00"])
def test_times_are_written_as_programs_write_them(desk, time):
    desk.file("acd.csv", f"begin,calls\n{time},8\n")

    [contact] = desk.read(demand=demand(offered="{csv: acd.csv, column: calls, time_column: begin}")).contacts

    assert contact.offered == (0, 0, 8, 0)


def test_without_times_each_row_is_an_interval(desk):
    desk.file("acd.csv", "offered\n1\n2\n3\n4.5\n")

    assert desk.read(demand=demand(offered="{csv: acd.csv}")).contacts[0].offered == (1, 2, 3, 4.5)


def test_staffing_and_service_levels(desk):
    load = desk.read(
        """service_levels: [{channel: voice, threshold: 10s, target: 90%, short_abandon: 2s}, {queue: Everyone}],
           staffing: {answer_delay: 4s, no_answer: 2%, returns_after: 5m, absence: 5%, shrinkage: 8%, pause: 15m,
             shifts: [{name: sales, where: "team == 'sales'", starts: ["09:00", "09:30"], length: 1h, activity: Chat only,
               breaks: [{after: 10m, length: 5m, activity: Break}]}]},
           experiment: {replications: 7, seed: 3, confidence: 90%}"""
    )

    assert load.targets[0] == AnswerTarget("voice", None, 10_000, 0.9, 2_000)
    assert load.shifts == (
        ShiftPlan(
            "sales", "team == 'sales'", (9 * HOUR, 9 * HOUR + HOUR // 2), HOUR, "Chat only",
            (PlannedBreak(600_000, 300_000, "Break"),),
        ),
    )  # fmt: skip
    assert (load.rules.no_answer, load.rules.returns_after_ms, load.rules.pause_ms) == (0.02, 300_000, 900_000)
    assert (load.replications, load.seed, load.confidence) == (7, 3, 0.9)


def test_a_roster_says_who_works_when(desk):
    desk.file("roster.csv", "name,start,end,activity\nana,09:00,09:30,\nAna,09:30,10:00,Break\ncem,22:00,06:00,\n")

    load = desk.read("staffing: {shifts: {csv: roster.csv}}")
    center = scenario_of("after", desk.configuration.document, load)

    assert load.roster == (
        RosterEntry("ana", 9 * HOUR, 9 * HOUR + HOUR // 2, None),
        RosterEntry("Ana", 9 * HOUR + HOUR // 2, 10 * HOUR, "Break"),
        RosterEntry("cem", 22 * HOUR, 30 * HOUR, None),
    )
    assert [(each.group, len(each.work), len(each.rests)) for each in center.people] == [
        ("roster", 1, 1),
        ("", 0, 0),
        ("", 0, 0),
    ]


# People of a configuration


def plans(desk, shifts, **more):
    load = desk.read(f"drain: 0s, staffing: {{shifts: [{shifts}]}}", **more)
    return {each.worker.name: each for each in scenario_of("after", desk.configuration.document, load).people}


ALL_DAY = 'interval: 30m, opens: "00:00", closes: "24:00"'
EMPTY_DAY = demand(offered="{total: 1}")


def test_workers_take_turns_with_the_starts_of_their_shift_and_others_are_away(desk):
    found = plans(desk, """{where: "team == 'sales'", starts: ["09:00", "09:30"], length: 30m}""")

    assert [found[name].work[0].begin_ms / HOUR for name in ("ana", "ben")] == [9, 9.5]
    assert found["cem"].work == ()


def test_the_first_shift_that_fits_counts(desk):
    found = plans(desk, """{where: "team == 'night'", starts: "09:30", length: 10m}, {starts: "09:00", length: 10m}""")

    assert [each.work[0].begin_ms / HOUR for each in found.values()] == [9, 9, 9.5]


def test_a_night_shift_reaches_into_the_day_from_the_day_before(desk):
    found = plans(desk, '{starts: "22:00", length: 8h}', demand=EMPTY_DAY, head=ALL_DAY)

    assert [(each.begin_ms / HOUR, each.end_ms / HOUR) for each in found["cem"].work] == [(0, 6), (22, 24)]


def test_breaks_are_cut_out_of_the_work(desk):
    found = plans(desk, '{starts: "08:00", length: 2h, breaks: [{after: 70m, length: 10m}, {after: 75m, length: 10m}]}')

    minutes = [((begin - 9 * HOUR) / 60_000, (end - 9 * HOUR) / 60_000) for begin, end, _ in found["ana"].work]
    assert minutes == [(0, 10), (25, 60)]
    assert len(found["ana"].rests) == 2


def test_without_shifts_everybody_works_all_day(desk):
    center = scenario_of("after", desk.configuration.document, desk.read("staffing: {absence: 5%}"))

    assert {each.group for each in center.people} == {"all workers"}
    assert center.people[0].work[0][:2] == (9 * HOUR, 12 * HOUR)


def test_another_configuration_without_the_workflow_cannot_be_compared(desk, tmp_path):
    other = tmp_path / "other.yaml"
    other.write_text("workspace: {name: Other}\ntask_queues: [{name: Everyone}]\nworkflows: []\n")

    with pytest.raises(UsageError, match="Other has no workflow 'Voice', which the demand 'Calls' needs"):
        scenario_of("before", api.load(other).document, desk.read())


# Mistakes


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ("staffin: {}", "4:4: unknown key `staffin`; did you mean `staffing`?"),
        ("drain: soon", "4:11: expected a time such as 20s, 2m30s or 8h, of at most 30 days"),
        ("drain: 49h", "4:11: `drain` must be at most 48h"),
        ("staffing: {absence: 0.05}", "4:24: expected a share from 0% to 100%, such as 5%"),
        ("staffing: {shrinkage: 100%}", "4:14: shrinkage must be below 100%, and `pause` longer than 0s"),
        ("staffing: {shifts: {}}", "4:23: expected a list of shifts, or `csv`"),
        ("staffing: {shifts: [{length: 1h}]}", "4:24: `starts` is missing"),
        (
            "staffing: {shifts: [{starts: 9am, length: 1h}]}",
            '4:33: expected a time of day from "00:00" to "24:00", in quotes',
        ),
        ('staffing: {shifts: [{starts: "09:00", length: 25h}]}', "4:50: a shift lasts at most 24h"),
        (
            """staffing: {shifts: [{where: "team == (", starts: "09:00", length: 1h}]}""",
            "4:41: parentheses hold whole comparisons",
        ),
        (
            """staffing: {shifts: {each: [{where: "team ==", starts: "09:00", length: 1h}]}}""",
            "4:47: ",
        ),
        (
            'staffing: {shifts: [{starts: "09:00", length: 1h, breaks: [{after: 1m, length: 1m, activity: Brake}]}]}',
            "4:97: there is no activity 'Brake'; did you mean 'Break'?",
        ),
        ('staffing: {shifts: [{starts: "09:00", length: 1h, activity: Gone}]}', "4:64: there is no activity 'Gone'; "),
        ("service_levels: [{queue: Everybody}]", "4:29: there is no task queue 'Everybody'; "),
        ("service_levels: [{channel: fax}]", "4:31: there is no task channel 'fax'; "),
        ("service_levels: []", "4:20: needs at least one item"),
        ("experiment: {replications: 1}", "4:31: must be at least 2, found 1"),
        ("experiment: {confidence: 20%}", "4:16: the confidence must be from 50% to below 100%"),
        ("experiment: {seed: null}", "4:23: null is not allowed here"),
        ('staffing: {shifts: {csv: "../roster.csv"}}', "4:29: "),
        ("staffing: {shifts: {csv: gone.csv}}", "4:29: "),
    ],
)
def test_a_mistake_has_its_place(desk, more, message):
    assert any(each.startswith(f"simulation.yaml:{message}") for each in desk.mistakes(more)), desk.mistakes(more)


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"workflow": "Voices"}, "there is no workflow 'Voices'; did you mean 'Voice'?"),
        ({"channel": "phone"}, "there is no task channel 'phone'; "),
        ({"offered": "[1, 2]"}, "2 numbers for 4 intervals of 15m"),
        ({"offered": "[1, 2, 3, many]"}, "expected a number, found the text 'many'"),
        ({"offered": "[1, 2, 3, -4]"}, "must be at least 0.0, found -4"),
        ({"offered": "5"}, "expected a list, found the number 5"),
        ({"offered": "{}"}, "expected a list of numbers, or one of `csv` and `total`"),
        ({"offered": "{total: 5, profile: Call}"}, "there is no demand 'Call' to be like; "),
        ({"offered": "{total: 5, profil: Calls}"}, "unknown key `profil`; did you mean `profile`?"),
        ({"offered": "[60000, 60000, 60000, 60000]"}, "240,000 tasks a day; at most 200,000 are simulated"),
        ({"arrivals": "regular"}, "expected 'poisson' or 'exact', found the text 'regular'"),
        ({"arrivals": "{dispersion: 0.5}"}, "must be at least 1.0, found 0.5"),
        ({"handle_time": ""}, "`handle_time` is missing"),
        ({"handle_time": "long"}, "expected a time such as 20s"),
        ({"handle_time": "true"}, "expected a time such as 20s"),
        ({"handle_time": "{mean: 1m, p90: 10m}"}, "`p90` must be from 1 to 2.27 times the mean"),
        ({"handle_time": "{mean: 1m, p90: 2m, distribution: exponential}"}, "a lognormal distribution needs `p90`"),
        ({"handle_time": "{mean: 1m, distribution: lognormal}"}, "a lognormal distribution needs `p90`"),
        ({"handle_time": "{p90: 1m}"}, "expected either `mean` or `csv`"),
        ({"patience": "{silent: 5%}"}, "expected `infinite`, or either `mean` or `weibull`"),
        ({"attributes": "{a: {b: 60%, c: 50%}}"}, "the shares are 110% together; at most 100% are possible"),
        ({"attributes": "{a: '${token}'}"}, "a secret variable cannot be used in a simulation"),
        ({"priority": "-1"}, "must be at least 0, found -1"),
    ],
)
def test_a_mistake_in_a_demand(desk, keys, message, monkeypatch):
    monkeypatch.setenv("TR_SECRET_token", "s3cret")
    found = desk.mistakes(demand=demand(**keys))

    assert any(each.partition(": ")[2].startswith(message) for each in found), found
    assert all(each.startswith("simulation.yaml:3:") for each in found), found


@pytest.mark.parametrize(
    ("head", "message"),
    [
        ('interval: 20m, opens: "09:00", closes: "10:00"', "2:14: expected '15m' or '30m', found the text '20m'"),
        (
            'interval: 15m, opens: "10:00", closes: "09:00"',
            '2:43: `closes` must be after `opens`, on the same day; for nights, open from "00:00" to "24:00"',
        ),
        (
            'interval: 30m, opens: "09:00", closes: "10:15"',
            "2:43: from opening to closing there must be a whole number",
        ),
        ("interval: 15m, opens: 9, closes: '10:00'", "2:26: expected a string, found the number 9"),
    ],
)
def test_a_mistake_in_the_frame_of_the_day(desk, head, message):
    found = desk.mistakes(head=head)

    assert any(each.startswith(f"simulation.yaml:{message}") for each in found), found


def test_two_demands_cannot_share_a_name(desk):
    assert "the demand 'Calls' is written twice" in desk.mistakes(demand=f"{CALLS}, {CALLS}")[0]


@pytest.mark.parametrize(
    ("table", "written", "message"),
    [
        (
            "time,offerd\n09:00,1\n",
            "{csv: t.csv}",
            "simulation.yaml:3:69: the table has no column 'offered'; did you mean",
        ),
        ("time,calls\n09:00,1\n", "{csv: t.csv}", "its columns: time, calls"),
        ("time,offered\n9h,1\n", "{csv: t.csv}", "t.csv:2:1: expected a time such as 09:30, found '9h'"),
        ("time,offered\n09:00,some\n", "{csv: t.csv}", "t.csv:2:7: expected a number, found 'some'"),
        ("time,offered\n09:00,-1\n", "{csv: t.csv}", "t.csv:2:7: expected a number, found '-1'"),
        ("time,offered\n09:99,1\n", "{csv: t.csv}", "t.csv:2:1: expected a time"),
        ("offered\n1\n", "{csv: t.csv}", "1 rows for 4 intervals; name the column with the time: `time_column`"),
        ("offered\n1\n", "{csv: t.csv, time_column: begin}", "the table has no column 'begin'"),
        ("offered\n1\n", "{csv: t.csv, queue: SALES}", "the table has no column 'queue'"),
        ("queue,offered\nX,1\n", "{csv: t.csv, queue: SALES}", "no row has the queue 'SALES'"),
        ('time,offered\n"09:00,1\n', "{csv: t.csv}", "t.csv:2:1: this quote is never closed"),
        ("", "{csv: t.csv}", "the table has no column"),
    ],
)
def test_a_mistake_in_a_table_has_its_place(desk, table, written, message):
    (desk.folder / "t.csv").write_text(table)

    found = desk.mistakes(demand=demand(offered=written))

    assert any(message in each for each in found), found


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("dan,09:00,10:00,", "r.csv:2:1: there is no worker 'dan'"),
        ("ana,09:00,10:00,Brake", "r.csv:2:17: there is no activity 'Brake'; did you mean 'Break'?"),
        ("ana,nine,10:00,", "r.csv:2:5: expected a time such as 09:30"),
        ("ana,09:00", "r.csv:2:5: expected a time"),
    ],
)
def test_a_mistake_in_a_roster_has_its_place(desk, row, message):
    desk.file("r.csv", f"name,start,end,activity\n{row}\n")

    found = desk.mistakes("staffing: {shifts: {csv: r.csv}}")

    assert any(each.startswith(message) for each in found), found


def test_measured_times_must_be_there(desk):
    desk.file("t.csv", "handle_time\n")

    assert "the table has no rows" in desk.mistakes(demand=demand(handle_time="{csv: t.csv}"))[0]


def test_sizes_are_bounded(desk, monkeypatch):
    desk.file("t.csv", "handle_time\n1\n2\n3\n")
    monkeypatch.setattr("tr_apply.simulation.tables._ROWS_LIMIT", 2)
    assert "more than 2 rows" in desk.mistakes(demand=demand(handle_time="{csv: t.csv}"))[0]

    monkeypatch.setattr("tr_apply.simulation.tables._SIZE_LIMIT", 5)
    assert "a table of more than" in desk.mistakes(demand=demand(handle_time="{csv: t.csv}"))[0]

    monkeypatch.setattr(reading, "_SIZE_LIMIT", 5)
    with pytest.raises(UsageError, match="larger than"):
        desk.read()


def test_a_load_that_is_not_there_is_a_usage_error(desk):
    with pytest.raises(UsageError, match="there is no such file"):
        load_simulation(desk.folder / "gone.yaml", desk.configuration)


# Next to a configuration


def test_a_folder_leaves_out_files_of_simulations_and_nothing_else(desk):
    desk.read()
    desk.file("load.yml", "simulation: {}\n")

    assert api.load(desk.folder).document.workspace.name == "Shop"

    desk.file("load.yml", "simulation: {}\nvars: {a: b}\n")
    with pytest.raises(ConfigError, match="unknown key `simulation`"):
        api.load(desk.folder)


def test_a_simulation_file_is_not_a_configuration(desk):
    desk.read()

    with pytest.raises(ConfigError, match=r"unknown key `simulation`; .*simulate --load"):
        api.load(desk.folder / "simulation.yaml")


def test_infinite_is_the_only_word_for_a_patience():
    assert CustomerPatience(mean="infinite").mean == math.inf
