"""check() and check_against(): the findings about routing text, and texts without any."""

import pytest

from tr_apply.findings import Finding, Severity, Spot
from tr_apply.routing.check import RULES, TEXT_RULES, check, check_against
from tr_apply.routing.place import Place
from tr_apply.routing.value_types import AttributeTypes, JsonType, summarize

QUEUE, FILTER, TARGET, ORDER_BY, SKIP_IF, KNOWN_WORKER = Place

WORKERS = [
    {
        "skills": ["support", "sales"],
        "level": 3,
        "name": "Alice",
        "vip": True,
        "routing": {"skills": ["es"], "levels": {"es": 4}},
        "numbers": [1, 2],
        "empty": [],
        "unset": None,
    },
    {"skills": [], "level": 4.5, "name": "Bob"},
]
TYPES = summarize(WORKERS)


def said(source, place, **more):
    return [(finding.code, finding.spot.offset) for finding in check(source, place, **more)]


def message(source, place, **more):
    [finding] = check(source, place, **more)
    return finding.message


# Errors


def test_a_syntax_error_is_the_only_finding():
    assert check("worker.skill-level == TRUE", QUEUE) == (
        Finding(
            Severity.ERROR,
            "expression-syntax",
            "a key cannot contain a hyphen; rename the attribute or, if this is a text, quote it",
            spot=Spot(offset=12),
        ),
    )


@pytest.mark.parametrize(
    ("source", "place"),
    [("worker.level", ORDER_BY), ("workers.available", SKIP_IF), ("worker.sid", KNOWN_WORKER), ("vip", TARGET)],
)
def test_each_place_has_its_own_syntax(source, place):
    assert [code for code, _ in said(source, place)] == ["expression-syntax"]


# Warnings


@pytest.mark.parametrize(
    ("source", "place", "code", "offset"),
    [
        ("1==1 AND worker.skills HAS 'x'", QUEUE, "wrong-prefix", 9),
        ("task.type == 'x'", QUEUE, "wrong-prefix", 0),
        ("task.type == 'x'", FILTER, "wrong-prefix", 0),
        ("worker.flag == true", FILTER, "wrong-prefix", 0),
        ("language == 'x'", TARGET, "missing-prefix", 0),
        ("task.language == en", TARGET, "missing-prefix", 17),
        ("worker == 'x'", TARGET, "missing-prefix", 0),
        ("task.langs HAS 'x' AND workers.available == 0", TARGET, "missing-prefix", 23),
        ("worker.available == 0", SKIP_IF, "skip-if-name", 0),
        ("workers.busy == 0", SKIP_IF, "skip-if-name", 0),
        ("workers.WA12 == 0", SKIP_IF, "skip-if-name", 0),
        ("worker.channel.voice.capacity > 0", TARGET, "channel-property", 0),
        ("worker.channel.voice > 0", TARGET, "channel-property", 0),
        ("worker.channel.voice.load ASC", ORDER_BY, "channel-property", 0),
        ("friendly_name == 'alice'", QUEUE, "own-name-in-queue", 0),
        ("language == en", QUEUE, "unquoted-text", 12),
        ("skills HAS support", FILTER, "unquoted-text", 11),
        ("language IN ['fr', en]", FILTER, "unquoted-text", 19),
        ("worker.a ASC, worker.b DESC, worker.a DESC", ORDER_BY, "repeated-order", 29),
        ("worker.friendly_name ASC", ORDER_BY, "order-of-texts", 0),
        ('"language" == "spanish"', QUEUE, "constant-comparison", 0),
        ("'a' == 'a'", FILTER, "constant-comparison", 0),
        ("1==1 AND null == null", FILTER, "constant-comparison", 9),
        ("3 > 2", TARGET, "constant-comparison", 0),
        ("1 IN [1]", SKIP_IF, "constant-comparison", 0),
        ("'x' HAS skills", QUEUE, "operand-type", 0),
        ("skills HAS ['a', 'b']", QUEUE, "operand-type", 0),
        ("language IN 'en'", QUEUE, "operand-type", 0),
        ("language NOT IN 'en'", QUEUE, "operand-type", 0),
        ("['en'] IN languages", QUEUE, "operand-type", 0),
        ("language IN []", QUEUE, "operand-type", 0),
        ("skills == ['a']", QUEUE, "operand-type", 0),
        ("skills != ['a']", QUEUE, "operand-type", 0),
        ("level CONTAINS 5", QUEUE, "operand-type", 0),
        ("level > true", QUEUE, "operand-type", 0),
        ("level >= null", QUEUE, "operand-type", 0),
        ("workers.available == '0'", SKIP_IF, "operand-type", 0),
        ("workers.available == null", SKIP_IF, "operand-type", 0),
        ("worker.channel.voice.assigned_tasks == 'one'", TARGET, "operand-type", 0),
        ("worker.sid HAS 'WK1'", TARGET, "operand-type", 0),
        ("a == 1 AND a == 2", QUEUE, "contradiction", 16),
        ("a != 'x' OR a != 'y'", QUEUE, "contradiction", 17),
        ("a == 'x' OR b == 1 OR a == 'x'", QUEUE, "repeated-condition", 22),
        ("a == 'x' AND a == 'x'", QUEUE, "repeated-condition", 13),
        ("level > '5'", QUEUE, "ordered-text", 8),
        ("'a' <= name", QUEUE, "ordered-text", 0),
        ("a == 1 OR a == '1'", QUEUE, "several-types", 10),
        ("a == true OR 'true' == a", QUEUE, "several-types", 23),
        ("skills HAS 'x' OR skills == 'x'", QUEUE, "several-types", 18),
        ("'x' IN skills OR skills CONTAINS 'x'", QUEUE, "several-types", 17),
        ("a IN [1, '2']", QUEUE, "several-types", 0),
        ("1==1 OR task.a == worker.b", TARGET, "both-missing", 8),
        ("a == 1 OR b == 2 AND c == 3", QUEUE, "mixed-and-or", 10),
        ("a == 1 AND (b == 2 AND c == 3 OR d == 4)", QUEUE, "mixed-and-or", 12),
        ("score >-1", QUEUE, "operator-and-minus", 6),
        ("a == 1 And b == 2", QUEUE, "keyword-case", 7),
        ("a == True", QUEUE, "keyword-case", 5),
        ("a == NULL", FILTER, "keyword-case", 5),
        ("worker.a Asc", ORDER_BY, "keyword-case", 9),
        (r"a == 'O\'Brien'", QUEUE, "string-escape", 7),
        (r"a == 'C:\\temp'", QUEUE, "string-escape", 8),
        ("a > -1", QUEUE, "negative-number", 4),
    ],
)
def test_an_expression_that_cannot_be_intended_is_a_warning(source, place, code, offset):
    findings = check(source, place)

    assert [(finding.severity, finding.code, finding.spot.offset) for finding in findings] == [
        ("warning", code, offset)
    ]


@pytest.mark.parametrize(
    ("source", "place"),
    [
        *((source, QUEUE) for source in ("1==1", "1 == 1", "1=1", "1==0", "1==2", "1!=1", "1=0", "true == true")),
        ("routing.skills has 'x' and region in ['a', 'b'] AND level >= 4", QUEUE),
        ("'x' NOT IN skills", QUEUE),
        ("language IN languages", QUEUE),
        ("routing.a == routing.b", QUEUE),
        ("score > threshold", QUEUE),
        ("levels >- 3", QUEUE),
        ("3 <- levels", QUEUE),
        ("a != 'x' AND a != 'y'", QUEUE),
        ("a == 'x' OR a == 'y'", QUEUE),
        ("a == 'x' OR (b == 1 AND c == 2)", QUEUE),
        ("a > 1 AND a < 5", QUEUE),
        ("a == null OR a == 'x'", QUEUE),
        ("a != null AND a HAS 'x'", QUEUE),
        ("language NOT IN []", QUEUE),
        (r"path == 'C:\temp'", QUEUE),
        ("worker == 'x'", FILTER),
        ("friendly_name == 'x'", FILTER),
        ("worker.channel == 'voice'", TARGET),
        ("worker.channel.voice.assigned_tasks < 2", TARGET),
        ("task.worker_sid = worker.sid", TARGET),
        ("task.language IN worker.languages", TARGET),
        ("task.a != worker.b", TARGET),
        ("task.list IN [worker.a, worker.b]", TARGET),
        # Alternatives of a target that say nothing are those of a template.
        ("task.a == 1 OR (worker.b == 1 AND worker.b == 2)", TARGET),
        ("task.a == 1 OR worker.sid IN 'x' OR 'a' == 'b'", TARGET),
        ("task.a == 1 OR task.a == 1", TARGET),
        ("worker.activity_name in ['On call', 'Busy']", TARGET),
        ("workers.available == 0 OR workers.WA0123456789abcdef0123456789abcdef > 1", SKIP_IF),
        ("worker.level DESC, worker.channel.voice.assigned_tasks asc", ORDER_BY),
        ("task.originalRouting.workerSid", KNOWN_WORKER),
    ],
)
def test_an_expression_that_may_be_intended_gives_no_warning(source, place):
    assert check(source, place) == ()


def test_findings_come_from_left_to_right():
    assert said("a == True OR task.b == -1 AND c == C", QUEUE) == [
        ("keyword-case", 5),
        ("wrong-prefix", 13),
        ("mixed-and-or", 13),
        ("negative-number", 23),
        ("unquoted-text", 35),
    ]


@pytest.mark.parametrize(
    ("source", "place", "expected"),
    [
        ("worker.skills HAS 'x'", QUEUE, "names in a queue have no prefix; write skills for worker.skills"),
        ("worker.x == 1", FILTER, "worker.x is always null: a filter sees the attributes of the task only"),
        ("language == en", FILTER, "en is an attribute here; for the text write 'en'"),
        ('"a" == "b"', QUEUE, "always false; the name of an attribute has no quotes"),
        ("[1] == 'b'", QUEUE, "no attribute is compared, so this is always false"),
        (
            "a HAS ['x']",
            QUEUE,
            "never true: HAS looks for one value in a list, as in list HAS 'x', but ['x'] is a list",
        ),
        ("a IN []", QUEUE, "[] is an empty list"),
        ("workers.available != 'x'", SKIP_IF, "always true: != compares two single values of one type, but workers."),
        ("a != ['x']", QUEUE, "never true where the attribute is set"),
        ("score >-1", QUEUE, ">-1 reads as HAS 1; write > -1 for a negative number"),
        ("level > '-5.5'", QUEUE, "write -5.5 without quotes to compare numbers"),
        ("level > 'b'", QUEUE, "how TaskRouter orders a text such as 'b' is not documented"),
        ("a == TRUE", QUEUE, "only true is documented, not TRUE"),
        ("['a'] CONTAINS b", QUEUE, "but ['a'] is a list of texts; write ['a'] HAS b"),
        ("a Contains 'x'", QUEUE, "only CONTAINS is documented, not Contains"),
    ],
)
def test_a_message_says_what_to_write(source, place, expected):
    assert expected in message(source, place)


# Forms that TaskRouter has taken


@pytest.mark.parametrize(
    ("source", "place", "offset", "hint"),
    [
        ("n == '+1', '+2', '+3'", FILTER, 11, "did you mean n IN ['+1', '+2', '+3']?"),
        ("a == 1 OR b = 5, true", QUEUE, 17, "did you mean b IN [5, true]?"),
        ("task.a == 1 AND *(worker.b == 2 OR worker.c == 3)", TARGET, 16, "remove it"),
        ("*(a == 1)", FILTER, 0, "remove it"),
        ("worker.flag! = true", TARGET, 0, "did you mean worker.flag != true?"),
        ("worker.skill-level DESC, worker.a ASC", ORDER_BY, 0, "rename the attribute"),
    ],
)
def test_a_form_that_taskrouter_has_accepted_is_a_warning_with_the_probable_intention(source, place, offset, hint):
    [finding] = check(source, place)

    assert (finding.severity, finding.code, finding.spot.offset) == ("warning", "unread-syntax", offset)
    assert hint in finding.message


@pytest.mark.parametrize(
    "source",
    ["a *(b == 1)", "a * 2 == 1", "x == ['a'], 'b'", "x == 'a', y", "flag ! = true", "flag! != true", "x == 'a',"],
)
def test_syntax_that_only_resembles_such_a_form_is_an_error(source):
    [finding] = check(source, FILTER)

    assert finding.code == "expression-syntax"


def test_a_hint_at_a_list_has_every_value():
    assert "did you mean x IN ['a', 'b', 'c']?" in message("x HAS 'a', 'b', 'c'", QUEUE)


# Two attributes that may both be missing


@pytest.mark.parametrize(
    "guard",
    [
        "task.a != null",
        "task.a == 'x'",
        "'x' == task.a",
        "task.a > 1",
        "worker.b != null",
        "worker.b IN ['x']",
        "task.a HAS 'x'",
    ],
)
def test_an_attribute_that_must_be_there_cannot_be_missing(guard):
    assert said(f"{guard} AND task.a == worker.b", TARGET) == []
    assert said(f"1==2 OR ({guard} AND (1==2 OR task.a == worker.b))", TARGET) == []


@pytest.mark.parametrize("guard", ["task.a == null", "task.a != 'x'", "task.c != null", "task.a NOT IN ['x']"])
def test_an_attribute_that_may_be_missing_does_not_guard(guard):
    assert ("both-missing", len(guard) + 5) in said(f"{guard} AND task.a == worker.b", TARGET)


def test_a_filter_guards_its_targets():
    assert said("task.a == worker.b", TARGET, given="x == 1 AND (a != null AND y == 1)") == []
    assert said("task.a == worker.b", TARGET, given="a != null OR y == 1") == [("both-missing", 0)]
    assert said("task.a == worker.b", TARGET, given="b != null") == [("both-missing", 0)]
    assert said("task.a == worker.b", TARGET, given="a !=") == [("both-missing", 0)]


# With the attributes known


@pytest.mark.parametrize(
    ("source", "place", "code", "offset"),
    [
        ("1==1 AND level HAS 'support'", QUEUE, "attribute-type", 9),
        ("skills == 'support'", QUEUE, "attribute-type", 0),
        ("skills != 'support'", QUEUE, "attribute-type", 0),
        ("skills CONTAINS 'support'", QUEUE, "attribute-type", 0),
        ("skills > 1", QUEUE, "attribute-type", 0),
        ("vip > 0", QUEUE, "attribute-type", 0),
        ("vip == 'true'", QUEUE, "attribute-type", 0),
        ("level == '3'", QUEUE, "attribute-type", 0),
        ("level != '3'", QUEUE, "attribute-type", 0),
        ("level IN ['3']", QUEUE, "attribute-type", 0),
        ("level CONTAINS '3'", QUEUE, "attribute-type", 0),
        ("numbers HAS '1'", QUEUE, "attribute-type", 0),
        ("'x' NOT IN name", QUEUE, "attribute-type", 0),
        ("skills IN ['support']", QUEUE, "attribute-type", 0),
        ("routing.levels == 4", QUEUE, "attribute-type", 0),
        ("routing.levels.es HAS 4", QUEUE, "attribute-type", 0),
        ("skills[0] == 1", QUEUE, "attribute-type", 0),
        ("task.language IN worker.level", TARGET, "attribute-type", 0),
        ("worker.level DESC, worker.name ASC", ORDER_BY, "attribute-type", 19),
        ("skill HAS 'support'", QUEUE, "attribute-never-set", 0),
        ("blocked == true", QUEUE, "attribute-never-set", 0),
        ("blocked != null", QUEUE, "attribute-never-set", 0),
        ("name == 'x' OR 'x' IN routing.skill", QUEUE, "attribute-never-set", 22),
        ("task.language == worker.language", TARGET, "attribute-never-set", 17),
        ("worker.languages HAS task.language", TARGET, "attribute-never-set", 0),
        ("worker.score DESC", ORDER_BY, "attribute-never-set", 0),
        ("language == 'en'", FILTER, "attribute-never-set", 0),
        ("task.agent", KNOWN_WORKER, "attribute-never-set", 0),
    ],
)
def test_an_expression_that_no_worker_or_task_can_satisfy_is_a_warning(source, place, code, offset):
    findings = check_against(source, place, TYPES)

    assert [(finding.severity, finding.code, finding.spot.offset) for finding in findings] == [
        ("warning", code, offset)
    ]


@pytest.mark.parametrize(
    ("source", "place"),
    [
        ("level > 2 AND level >= 2.5 AND name > 'a'", QUEUE),
        ("level > '2'", QUEUE),  # a text may hold a number
        ("vip == true OR vip != false", QUEUE),
        ("skills HAS 'x' AND 'y' NOT IN routing.skills", QUEUE),
        ("numbers HAS 3 OR numbers HAS 2.5", QUEUE),
        ("level == null OR level != null", QUEUE),
        ("unset == 'x' OR unset HAS 'x'", QUEUE),  # null wherever it is set, so it may become anything
        ("empty HAS 'x' OR empty HAS 5", QUEUE),
        ("blocked != true", QUEUE),  # true of a worker without it, and meant so
        ("blocked == null", QUEUE),
        ("1==1", QUEUE),
        ("sid == 'WK1'", QUEUE),  # said by check already
        ("worker.skill HAS 'x'", QUEUE),
        ("level CONTAINS 5", QUEUE),
        ("task.whatever IN worker.skills", TARGET),
        ("task.a != worker.b", TARGET),
        ("worker.sid NOT IN task.excluded", TARGET),
        ("worker.channel.voice.capacity > 0", TARGET),
        ("task.targetWorker == worker.contact_uri", TARGET),  # written at login
        ("worker == 1", TARGET),
        ("worker.level DESC, worker.unset ASC, worker.sid ASC", ORDER_BY),
        ("workers.available == 0", SKIP_IF),
        ("level HAS", QUEUE),
    ],
)
def test_an_expression_that_some_worker_or_task_can_satisfy_gives_no_warning(source, place):
    assert check_against(source, place, TYPES) == ()


def test_without_workers_nothing_is_known():
    assert check_against("skill HAS 'x'", QUEUE, summarize([])) == ()


def test_an_attribute_is_reported_once_with_its_neighbour():
    [finding] = check_against("skill HAS 'a' OR skill HAS 'b'", QUEUE, TYPES)
    [in_target] = check_against("'a' IN worker.routing.skill", TARGET, TYPES)
    [without] = check_against("favourite == 'a'", FILTER, TYPES)

    assert finding.message == "no worker here has skill; is skills meant?"
    assert in_target.message == "no worker here has worker.routing.skill; is worker.routing.skills meant?"
    assert without.message == "no task here has favourite"


def test_a_type_is_named_in_the_message():
    [finding] = check_against("numbers HAS '1'", QUEUE, TYPES)

    assert finding.message.endswith("but numbers is a list of integers and '1' is a text")


def test_contains_on_a_list_says_has():
    [finding] = check_against("skills CONTAINS 'es'", QUEUE, TYPES)

    assert finding.message.endswith("; write skills HAS 'es'")


def test_a_summary_has_every_attribute_with_all_its_types():
    types = summarize([{"a": 1, "b": [{"c": "x"}, 2.5]}, {"a": None, "d": {"e": True}, "b": None}])

    assert types == AttributeTypes(
        {
            ("a",): frozenset({JsonType.INTEGER}),
            ("b",): frozenset({JsonType.LIST}),
            ("b", 0): frozenset({JsonType.OBJECT, JsonType.DECIMAL}),
            ("b", 0, "c"): frozenset({JsonType.TEXT}),
            ("d",): frozenset({JsonType.OBJECT}),
            ("d", "e"): frozenset({JsonType.BOOLEAN}),
        }
    )
    assert list(types.names()) == ["a", "b", "d", "d.e"]


# The table


def test_every_rule_has_a_code_of_its_own_and_one_line_about_it():
    codes = [rule.code for rule in TEXT_RULES]

    assert {"expression-syntax", "attribute-type", "attribute-never-set", *(rule.code for rule in RULES)} == set(codes)
    assert len(set(codes)) == len(codes)
    assert all(rule.says.endswith(".") and "\n" not in rule.says for rule in TEXT_RULES)
