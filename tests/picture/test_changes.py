"""Two versions of a workflow as one picture."""

from tests.picture.scenes import scene_of, workflow_of
from tr_apply.picture import FilterPairs, compared_picture
from tr_apply.picture.changes import route_words

ES = ("Spanish", "language == 'es'", {"queue": "Spanish", "timeout": 60}, "Everyone")
VIP = ("VIP", "tier == 'gold'", {"queue": "VIP", "priority": 20})
SALES = ("Sales", "topic == 'sales'", {"queue": "Sales", "timeout": 60, "skip_if": "1==1"}, "Everyone")


def by_name(before, after):
    places = {each.name: index for index, each in enumerate(before)}
    found = {index: places[each.name] for index, each in enumerate(after) if each.name in places}
    return FilterPairs(found, {2} if list(found.values()) == [1, 2, 0] else set())


def changed(before, after, **options):
    """(title, change, what it was) of each lane of the one workflow."""
    picture = compared_picture(
        scene_of(workflow_of(*before)), scene_of(workflow_of(*after, **options)), by_name, against="live"
    )
    [workflow] = picture.workflows
    return [(lane.title, lane.change, lane.before) for lane in workflow.lanes if lane.change]


def test_an_unchanged_lane_is_not_marked():
    assert changed([ES, VIP], [ES, VIP]) == []


def test_a_new_filter_is_new_and_those_below_it_only_have_another_number():
    assert changed([ES, VIP], [SALES, ES, VIP]) == [("Sales", "new", ())]


def test_a_changed_route_says_what_it_was():
    after = ("Sales", SALES[1], "Sales")

    assert changed([SALES], [after]) == [
        ("Sales", "changed", ("Sales for 1m (skipped if nobody is free), then Everyone",))
    ]


def test_a_changed_condition_says_what_it_was():
    assert changed([VIP], [("VIP", "tier == 'platinum'", VIP[2])]) == [("VIP", "changed", ("tier is gold",))]


def test_a_condition_that_means_the_same_has_not_changed():
    before = ("VIP", "tier == 'gold' OR tier == 'platinum'", "VIP")
    after = ("VIP", "tier IN ['platinum', 'gold']", "VIP")

    assert changed([before], [after]) == []


def test_a_condition_of_the_same_words_that_means_something_else_is_shown_as_it_was_written():
    many = [str(n) for n in range(12)]
    before, after = (("A", f"a IN {each}", "Q") for each in (many, [*many[:11], "x"]))

    assert changed([before], [after]) == [("A", "changed", (before[1],))]


def test_a_filter_that_another_one_passed_is_moved():
    assert changed([ES, VIP, SALES], [VIP, SALES, ES]) == [("Spanish", "moved", ("filter 1",))]


def test_a_removed_filter_is_drawn_in_its_former_place():
    picture = compared_picture(
        scene_of(workflow_of(ES, VIP, SALES)), scene_of(workflow_of(ES, SALES)), by_name, against="live"
    )

    [workflow] = picture.workflows
    assert [(lane.title, lane.number, lane.change) for lane in workflow.lanes] == [
        ("Spanish", 1, ""), ("VIP", 0, "removed"), ("Sales", 2, ""), ("Everything else", 0, ""),
    ]  # fmt: skip
    assert workflow.filters == 2
    assert workflow.change == "changed"


def test_a_removed_filter_is_at_the_end_if_it_was_the_last():
    assert changed([ES, VIP], [ES]) == [("VIP", "removed", ("filter 2",))]


def test_the_default_filter_is_compared_too():
    assert changed([ES], [ES], default="VIP") == [("Everything else", "changed", ("Everyone",))]
    assert changed([ES], [ES], default=None) == [("Everything else", "changed", ("Everyone",))]


def test_workflows_that_only_one_version_has_are_marked():
    one, other = workflow_of(ES, name="One"), workflow_of(ES, name="Other")
    picture = compared_picture(scene_of(one), scene_of(other), by_name, against="live")

    assert [(each.name, each.change) for each in picture.workflows] == [("Other", "new"), ("One", "removed")]


def test_queues_say_who_was_in_them():
    workers = {"ana": {"languages": ["es"]}}
    before = scene_of(queues={"Spanish": "languages HAS 'es'", "Old": "1==1"}, workers=workers)
    after = scene_of(queues={"Spanish": "langauges HAS 'es'", "New": "1==1"}, workers=workers)
    picture = compared_picture(before, after, by_name, against="live")

    assert [(each.name, each.change, each.before) for each in picture.queues] == [
        ("Spanish", "changed", ("languages has es", "1 person")),
        ("New", "new", ()),
        ("Old", "removed", ()),
    ]


def test_a_route_reads_as_a_sentence():
    picture = compared_picture(scene_of(workflow_of(VIP)), scene_of(workflow_of(ES, VIP)), by_name, against="live")

    assert [route_words(lane.steps) for lane in picture.workflows[0].lanes] == [
        "Spanish for 1m, then Everyone", "VIP (priority 20)", "Everyone",
    ]  # fmt: skip
