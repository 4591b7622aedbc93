"""Expressions, orders and times in words."""

import pytest

from tr_apply.picture.words import condition_words, duration, listed, order_words, skip_words
from tr_apply.resources.template import SidOf
from tr_apply.routing.parser import parse, parse_order_by

AGENT = "WK" + "0" * 32
NAMES = {AGENT: SidOf("worker", "alice"), "WA" + "0" * 32: SidOf("activity", "Lunch")}


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("language == 'es' AND topic == 'technical'", "language is es and topic is technical"),
        ("'es' == language", "language is es"),
        ("tier IN ['gold', 'platinum']", "tier is one of gold, platinum"),
        ("tier NOT IN ['gold']", "tier is not one of gold"),
        ("channel == 'web' OR channel == 'chat' OR channel IN ['sms']", "channel is one of web, chat, sms"),
        ("a == 1 OR b == 2 OR a == 3", "a is one of 1, 3 or b is 2"),
        ("a == 1 AND b == 2 OR c == 3", "(a is 1 and b is 2) or c is 3"),
        ("a == 1 AND (b == 2 OR c == 3)", "a is 1 and (b is 2 or c is 3)"),
        ("a == 1 AND (b == 2 OR b == 3)", "a is 1 and b is one of 2, 3"),
        ("last_agent != null", "last_agent is set"),
        ("last_agent == null", "last_agent is not set"),
        ("sentiment < 2 AND level >= 3", "sentiment < 2 and level >= 3"),
        ("languages HAS 'es'", "languages has es"),
        ("worker.sid NOT IN task.refused", "task.refused does not have worker.sid"),
        ("task.topic IN worker.skills", "worker.skills has task.topic"),
        ("task.agent == worker.name", "task.agent is worker.name"),
        ("name CONTAINS 'van'", "name contains van"),
        ("a == 'very high' AND b == '5' AND c == 5", 'a is "very high" and b is "5" and c is 5'),
        ("a == 'true' OR b == true", 'a is "true" or b is true'),
        ("a == ''", 'a is ""'),
        ("a IN []", "a is one of no value at all"),
        ("a IN [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]", "a is one of 1, 2, 3, 4, 5, 6, 7, 8 and 2 more"),
        ("worker.channel.voice.assigned_tasks == 0", "voice tasks in hand is 0"),
        (f"worker.sid == '{AGENT}'", "worker.sid is the SID of alice"),
        ("1==1", "always"),
        ("1==0", "never"),
    ],
)  # fmt: skip
def test_a_condition_reads_as_a_sentence(expression, words):
    assert condition_words(parse(expression), NAMES.get) == words


@pytest.mark.parametrize("expression", ["a == 'x', 'y'", "*(a == 'x')"])
def test_an_expression_without_a_known_meaning_stays_as_it_is_written(expression):
    assert condition_words(parse(expression), NAMES.get) == expression


@pytest.mark.parametrize(
    ("skip_if", "words"),
    [
        ("1==1", "nobody is free"),
        ("workers.available == 0", "nobody is at work"),
        ("workers.available < 2", "nobody is free and people at work < 2"),
        (
            "workers.available < 2 OR workers.unavailable > 3",
            "nobody is free and (people at work < 2 or people away > 3)",
        ),
        (f"workers.WA{'0' * 32} > 1", "nobody is free and people in Lunch > 1"),
    ],
)
def test_a_skip_if_is_looked_at_only_where_nobody_is_free(skip_if, words):
    assert skip_words(parse(skip_if), NAMES.get) == words


def test_an_order_says_which_worker_comes_first():
    assert order_words(parse_order_by("worker.level DESC, worker.cost ASC")) == "highest level first"
    assert order_words(parse_order_by("worker.pay.level ASC")) == "lowest pay.level first"


def test_times_are_short():
    assert [duration(s) for s in (1, 45, 90, 120, 150, 3600, 5400, 14_400)] == [
        "1s", "45s", "90s", "2m", "2m30s", "1h", "1h30m", "4h",
    ]  # fmt: skip


def test_several_names_are_a_sentence():
    assert [listed(["a"]), listed(["a", "b"]), listed(["a", "b", "c"], last="or")] == ["a", "a and b", "a, b or c"]
