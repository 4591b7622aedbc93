"""``--what-if``: other people and another demand."""

from dataclasses import replace

import pytest

from tests.simulation.centers import contact, people, scenario
from tr_apply.errors import UsageError
from tr_apply.simulation.what_if import label_of, variants, varied

CENTER = scenario(
    contact(an_hour=10.0),
    contact(name="Chats", an_hour=20.0, channel="chat"),
    staff=(
        *people(3, attributes={"team": "sales", "skills": ["voice", "mail"], "level": 2, "boss": {"name": "kim"}}),
        *(replace(each, worker=each.worker._replace(sid=f"X{n}", name=f"x{n}")) for n, each in enumerate(people(2))),
    ),
)


def only(written):
    [changes] = variants([written])
    return varied(CENTER, changes, "after")


def names(center):
    return [each.worker.name for each in center.people]


def offered(center):
    return [sum(each.offered) for each in center.contacts]


@pytest.mark.parametrize(
    "written",
    ["workers.team=sales:+1", "workers.skills=mail:+1", "workers.level=2:+1", "workers.boss.name=kim:+1"],
)
def test_one_more_is_a_copy_of_the_first_of_them(written):
    after = only(written)

    assert names(after) == [*names(CENTER), "w0 (+1)"]
    assert after.people[-1].work == CENTER.people[0].work
    assert after.people[-1].worker.sid not in {each.worker.sid for each in CENTER.people}


def test_more_than_there_are_copies_them_in_turn():
    assert names(only("workers.team=sales:+4"))[5:] == ["w0 (+1)", "w1 (+2)", "w2 (+3)", "w0 (+4)"]


def test_fewer_lets_the_last_of_them_go():
    assert names(only("workers.team=sales:-2")) == ["w0", "x0", "x1"]


def test_demand_changes_for_one_or_for_all():
    calls, chats = offered(CENTER)

    assert offered(only("demand.Chats:+50%")) == [calls, chats * 1.5]
    assert offered(only("demand:-100%")) == [0, 0]


def test_a_range_is_a_variant_for_each_number():
    found = variants(["workers.team=sales:-1..+1", "demand:+0%..+20%", "demand.Chats:+0%..+50%/25%"])

    assert [label_of(each) for each in found] == [
        "workers.team=sales:-1",
        "workers.team=sales:+0",
        "workers.team=sales:+1",
        "demand:+0%",
        "demand:+10%",
        "demand:+20%",
        "demand.Chats:+0%",
        "demand.Chats:+25%",
        "demand.Chats:+50%",
    ]


def test_changes_that_are_joined_are_made_together():
    [changes] = variants(["demand:+20%; workers.team=sales:+1"])

    assert label_of(changes) == "demand:+20%; workers.team=sales:+1"
    after = varied(CENTER, changes, "after")
    assert len(after.people) == 6
    assert sum(offered(after)) == pytest.approx(1.2 * sum(offered(CENTER)))
    assert len(variants(["demand:+0%..+20%; workers.team=sales:-1..+1"])) == 9


@pytest.mark.parametrize(
    "written",
    [
        "",
        "workers.team=sales",
        "workers.team:+1",
        "workers.=x:+1",
        "workers.team=sales:1",
        "workers.team=sales:+1%",
        "workers.team=sales:+99999",
        "workers.team=sales:+3..+1",
        "workers.team=sales:+1001",
        "demand:+20",
        "demand.:+20%",
        "demand:-101%",
        "queues.Sales:+1",
        "demand:+1%..+2",
    ],
)
def test_an_invalid_variant_is_a_usage_error(written):
    with pytest.raises(UsageError, match="--what-if"):
        variants([written])


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("workers.team=ops:+1", "no worker with such an attribute works"),
        ("workers.team=sales:-4", "there are only 3"),
        ("demand.Chat:+1%", "did you mean 'Chats'"),
        ("demand.Something else:+1%", "known here: Calls, Chats"),
    ],
)
def test_a_name_that_the_scenario_does_not_have_is_a_usage_error(written, message):
    with pytest.raises(UsageError, match=message):
        only(written)


def test_costs_are_bounded():
    with pytest.raises(UsageError, match="at most 50"):
        variants(["workers.team=sales:+0..+60"])
    huge = replace(CENTER, contacts=(contact(an_hour=8_000.0),))
    with pytest.raises(UsageError, match="384,000 tasks a day are more than 200,000"):
        varied(huge, variants(["demand:+100%"])[0], "after")
