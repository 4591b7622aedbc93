"""Changes between real workflows: every kind of task that goes elsewhere is reported, and no other.

No two files of the corpus are known to be the staging and the production version of one workflow, so each document is
treated as the next version of every other one.
"""

import json
import random
from itertools import permutations

import pytest

from tests.routing.satisfy.test_enumeration import CORPUS, documents, tree
from tr_apply.impact import route_changes
from tr_apply.resources.workflow import Filter, Target, Workflow, from_document
from tr_apply.routing.workflow import DEFAULT, first_place
from tr_apply.routing.workflow_document import read_routing

EVERY = 3
"""Of 1,560 pairs; all of them take three times as long, and agree as well."""

needs_corpus = pytest.mark.skipif(not CORPUS.is_dir(), reason=f"no real configurations in {CORPUS}")


def workflows():
    """Every readable document of the corpus, once."""
    found = {}
    for _, document in documents():
        workflow = Workflow.model_construct(name="W", **from_document(document, lambda sid: sid, str))
        if workflow.filters and all(tree(each.expression) is not None for each in workflow.filters):
            found.setdefault(json.dumps(document, sort_keys=True), (workflow, read_routing(json.dumps(document))))
    return list(found.values())


def way(targets):
    """Where the targets of a filter lead: each queue with whom it wants, up to a target that no task leaves."""
    queue, steps = None, []
    for target in targets:
        queue = target.queue or queue
        steps.append((queue, target.expression, target.known_worker_sid, target.known_worker_friendly_name))
        if target.timeout is None and "timeout" not in target.extra and target.skip_if is None:
            break
    return tuple(steps)


class Version:
    """A workflow, and the combinations of a grid that come to each of its filters first."""

    def __init__(self, workflow, grid):
        self.ways = {number: way(each.targets) for number, each in enumerate(workflow.filters, 1)}
        left, self.first = grid.full, {}
        for number, each in enumerate(workflow.filters, 1):
            self.first[number] = left & grid.bits(tree(each.expression))
            left &= ~self.first[number]
        rest = 0 if workflow.default_filter is not None else None
        self.first[rest] = left
        self.ways[rest] = None if rest is None else way([workflow.default_filter])


def expected(before, after):
    """Every pair of first filters by which some combination goes elsewhere."""
    return {
        (one, other)
        for one, those in before.first.items()
        for other, these in after.first.items()
        if those & these and before.ways[one] != after.ways[other]
    }


def begins_in(routing, task):
    """The number of the filter in which TaskRouter's rules have a task begin; 0 for the default filter."""
    place = first_place(routing, task, 0)
    return None if place is None else 0 if place.filter == DEFAULT else place.filter + 1


def number(way_of_filter):
    return None if way_of_filter is None else way_of_filter.filter


@needs_corpus
def test_every_pair_of_first_filters_that_the_enumeration_has_is_reported_and_no_other(grid_of, largest):
    compared, moved = 0, 0
    for (old, old_routing), (new, new_routing) in list(permutations(workflows(), 2))[::EVERY]:
        grid = grid_of([tree(each.expression) for each in (*old.filters, *new.filters)])
        if grid.size > largest // 16:
            continue

        found = route_changes(old, new, tree)

        assert found.unknown == ()
        pairs = {(number(each.before), number(each.after)) for each in found.routes}
        assert len(pairs) == len(found.routes)
        assert pairs == expected(Version(old, grid), Version(new, grid))
        for each in found.routes:
            assert begins_in(old_routing, each.task) == number(each.before)
            assert begins_in(new_routing, each.task) == number(each.after)
        compared, moved = compared + 1, moved + len(pairs)

    assert compared > 500
    assert moved > 5000


def test_one_edit_and_one_move_among_60_filters_are_those_of_the_enumeration(grid_of):
    dice = random.Random(4)
    texts = [
        f"language IN {dice.sample(LANGUAGES, 2)} AND topic == '{dice.choice(TOPICS)}' AND attempts >= {dice.randrange(4)}"
        for _ in range(60)
    ]
    before = [Filter(name=f"f{n}", expression=text, targets=[Target(queue=f"q{n}")]) for n, text in enumerate(texts)]
    after = list(before)
    after[20] = after[20].model_copy(update={"expression": f"{texts[20]} OR topic == 'topic9'"})
    after.insert(5, after.pop(40))
    old, new = (
        Workflow(name="W", filters=filters, default_filter=Target(queue="Everyone")) for filters in (before, after)
    )
    grid = grid_of([tree(each.expression) for each in (*before, *after)])

    found = route_changes(old, new, tree)

    pairs = {(number(each.before), number(each.after)) for each in found.routes}
    assert found.unknown == ()
    assert len(pairs) == len(found.routes) > 1
    assert pairs == expected(Version(old, grid), Version(new, grid))


LANGUAGES = ("en", "es", "fr", "de", "it")
TOPICS = [f"topic{n}" for n in range(10)]
