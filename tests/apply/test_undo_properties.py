"""Any apply, from anything to anything, is taken back by its way back."""

from hypothesis import HealthCheck, given, settings

from tests.apply.test_undo import apply_with_a_way_back, take_back
from tests.plan.test_properties import changed, examples

WHERE_PEOPLE_ARE = {"activity_sid", "activity_name", "available"}


def state(world):
    """The whole state, without the activities of people: those who were moved do not go back by themselves."""
    found = world.state()
    kept = [{key: value for key, value in worker.items() if key not in WHERE_PEOPLE_ARE} for worker in found["Workers"]]
    return found | {"Workers": sorted(kept, key=repr)}


@settings(max_examples=8, suppress_health_check=list(HealthCheck))
@given(examples(changed))
def test_any_apply_is_taken_back(new_world, runner, both):
    world, (first, second) = new_world(), both
    world.apply(first | {"safety": {"max_deletes": "100%"}})
    before = state(world)

    undo = apply_with_a_way_back(world, runner, second | {"safety": {"max_deletes": "100%"}})

    if undo.operations:
        take_back(world, runner, undo)
    assert state(world) == before
