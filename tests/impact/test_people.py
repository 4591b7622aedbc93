"""Whose place in which queue changes."""

from hypothesis import given, settings
from hypothesis import strategies as st

from tr_apply.impact import Staffing, people
from tr_apply.plan.impact import PeopleImpact, QueueChange
from tr_apply.routing.evaluate import evaluate
from tr_apply.routing.parser import parse

ANA = {"languages": ["es", "en"], "level": 3}
BEN = {"languages": ["en"], "level": 7}
CHO = {"languages": ["es"], "level": 9}
STAFF = {"ana": ANA, "ben": BEN, "cho": CHO}


def changes(before, after, staff_before=STAFF, staff_after=STAFF):
    return people(Staffing(before, staff_before), Staffing(after, staff_after)).queues


def test_a_misspelt_attribute_takes_everybody_out_of_a_queue():
    [change] = changes({"Spanish": "languages HAS 'es'"}, {"Spanish": "langauges HAS 'es'"})

    assert change == QueueChange("Spanish", before=2, after=0, gained=(), lost=("ana", "cho"))
    assert change.falls_to_nobody


def test_a_queue_whose_members_stay_is_not_named():
    before = {"Spanish": "languages HAS 'es'", "Everyone": "1==1"}
    after = {"Spanish": "'es' IN languages", "Everyone": "1==1"}

    assert changes(before, after) == ()


def test_gained_and_lost_are_both_named_although_the_count_stays():
    assert changes({"Q": "level < 5"}, {"Q": "level == 7"}) == (QueueChange("Q", 1, 1, ("ben",), ("ana",)),)


def test_a_queue_that_falls_to_nobody_comes_first():
    before = {"A": "level > 5", "B": "level > 8"}
    after = {"A": "level > 2", "B": "level > 9"}

    assert [change.queue for change in changes(before, after)] == ["B", "A"]


def test_a_changed_attribute_moves_people_as_a_changed_expression_does():
    queues = {"Spanish": "languages HAS 'es'", "Senior": "level > 5"}
    after = {**STAFF, "ana": {**ANA, "languages": ["en"]}, "ben": {**BEN, "level": 1}}

    assert changes(queues, queues, STAFF, after) == (
        QueueChange("Senior", 2, 1, (), ("ben",)),
        QueueChange("Spanish", 2, 1, (), ("ana",)),
    )


def test_one_that_becomes_true_moves_people():
    queues = {"Gold": "vip == true"}

    assert changes(queues, queues, {"ana": {"vip": True}}, {"ana": {"vip": 1}}) == (
        QueueChange("Gold", 1, 0, (), ("ana",)),
    )


def test_people_who_leave_and_who_come_count():
    queues = {"Spanish": "languages HAS 'es'", "New": "level == null"}
    after = {"ana": ANA, "ben": BEN, "dan": {}}

    assert changes(queues, queues, STAFF, after) == (
        QueueChange("New", 0, 1, ("dan",), ()),
        QueueChange("Spanish", 2, 1, (), ("cho",)),
    )


def test_a_new_queue_gains_and_a_deleted_one_loses_all_of_its_members():
    assert changes({"Old": "level > 5"}, {"New": "level > 8"}) == (
        QueueChange("Old", 2, 0, (), ("ben", "cho")),
        QueueChange("New", 0, 1, ("cho",), ()),
    )


def test_an_empty_expression_is_for_nobody():
    assert changes({"Q": "1==1"}, {"Q": ""})[0].lost == ("ana", "ben", "cho")


def test_a_queue_that_cannot_be_read_is_unknown_and_hides_no_other():
    before = Staffing({"Broken": "level > 5", "Q": "1==1"}, STAFF)
    after = Staffing({"Broken": "level >> 5", "Q": "1==0"}, STAFF)

    result = people(before, after)

    assert result == PeopleImpact(3, (QueueChange("Q", 3, 0, (), ("ana", "ben", "cho")),), ("Broken",))


def test_how_many_were_read_is_how_many_there_were():
    assert people(Staffing({}, STAFF), Staffing({}, {})).read == 3


EXPRESSIONS = ("level > 1", "level == null", "languages HAS 'es'", "'es' NOT IN languages", "1==1", "1==0", "")
workers = st.dictionaries(
    st.sampled_from("abcdef"),
    st.fixed_dictionaries(
        {}, optional={"level": st.integers(0, 2), "languages": st.sampled_from([[], ["es"], ["en"]])}
    ),
)
staffings = st.builds(Staffing, st.dictionaries(st.sampled_from("PQR"), st.sampled_from(EXPRESSIONS)), workers)


def members(staffing, queue):
    text = staffing.queues.get(queue)
    return {name for name, names in staffing.workers.items() if text and evaluate(parse(text), names)}


@settings(deadline=None, derandomize=True)
@given(staffings, staffings)
def test_the_changes_are_those_of_asking_everybody_about_every_queue(before, after):
    expected = {
        queue: (
            sorted(members(after, queue) - members(before, queue)),
            sorted(members(before, queue) - members(after, queue)),
        )
        for queue in "PQR"
        if members(before, queue) != members(after, queue)
    }

    found = people(before, after).queues

    assert {change.queue: (list(change.gained), list(change.lost)) for change in found} == expected
    assert all(
        (change.before, change.after) == (len(members(before, change.queue)), len(members(after, change.queue)))
        for change in found
    )
