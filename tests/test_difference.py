"""The differences of two workspaces are the same whether they are read from files, or applied and read from TaskRouter."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tr_apply.deployment.configured import Configured
from tr_apply.difference import contents_of_file, contents_of_live, difference, planned_difference
from tr_apply.reader import named_workspace, read_everything

QUEUES = ["Gold", "Silver", "Everyone"]
TARGETS = ["1==1", "level > 3", "languages HAS 'es'"]
ATTRIBUTES = [{}, {"level": 1}, {"level": 1.5, "tags": ["a", "b"]}, {"queue": "${sid:task_queue/Everyone}"}]


def some(of):
    return st.lists(of, max_size=3, unique_by=lambda each: each["name"])


def named(names, **fields):
    return st.fixed_dictionaries({"name": st.sampled_from(names)}, optional=fields)


WORKERS = named(
    ["alice", "bob", "carol"],
    activity=st.sampled_from(["Offline", "Break"]),
    attributes=st.sampled_from(ATTRIBUTES),
    channels=st.dictionaries(
        st.sampled_from(["voice", "chat"]), st.fixed_dictionaries({"capacity": st.integers(0, 2)}), max_size=2
    ),
)
FILTERS = st.fixed_dictionaries(
    {
        "expression": st.sampled_from(["vip == true", "n > 1"]),
        "targets": st.just([{"queue": "Everyone", "priority": 3}]),
    },
    optional={"name": st.sampled_from(["VIP", "Rest"])},
)
DOCUMENTS = st.fixed_dictionaries(
    {
        "workspace": st.fixed_dictionaries(
            {"name": st.just("Center")}, optional={"prioritize_queue_order": st.sampled_from(["FIFO", "LIFO"])}
        ),
        "task_queues": some(named(QUEUES[:2], target_workers=st.sampled_from(TARGETS))).map(
            lambda queues: [*queues, {"name": "Everyone"}]
        ),
    },
    optional={
        "activities": st.just([{"name": "Offline"}, {"name": "Break"}]),
        "workflows": some(
            named(["In", "Out"], filters=st.lists(FILTERS, max_size=2), default_filter=st.just({"queue": "Everyone"}))
        ),
    },
)


@st.composite
def documents(draw):
    document = draw(DOCUMENTS)
    if "activities" in document:  # where people are named
        document["workers"] = draw(some(WORKERS))
    return document


def told(found):
    return {
        (o.action.value, o.kind, o.name): {c.path: (c.before, c.after) for c in o.changes} for o in found.operations
    }


class Both:
    """A document as a file, and as the live workspace that it makes."""

    def __init__(self, new_world, runner, document):
        self._world, self._runner = new_world(), runner
        self.configuration = self._world.configuration(document)
        self._world.apply(document)
        self.file = contents_of_file(self.configuration.document)
        self.live = contents_of_live(self._with_client(read_everything))

    def against(self, configuration):
        """The differences of *configuration* from this live workspace."""

        async def planned(client, workspace):
            return await Configured(configuration).plan_for(client, workspace)

        plan, snapshot = self._with_client(planned)
        return planned_difference(plan, snapshot, configuration.document, to_live=False)

    def _with_client(self, use):
        async def run():
            async with self._world._client() as client:
                return await use(client, await named_workspace(client, "Center"))

        return self._runner.run(run())


@settings(max_examples=15, suppress_health_check=list(HealthCheck))
@given(first=documents(), second=documents())
def test_files_differ_like_the_workspaces_made_from_them(new_world, runner, first, second):
    one, other = Both(new_world, runner, first), Both(new_world, runner, second)

    files, lives = difference(one.file, other.file), difference(one.live, other.live)

    assert told(files) == told(lives)
    assert files.equal == lives.equal
    assert told(difference(one.file, one.live)) == {}
    assert told(one.against(one.configuration)) == {}
    planned = told(one.against(other.configuration))
    assert {key: planned[key] for key in planned.keys() & told(files).keys()}.items() <= told(files).items()
    assert {kind for _, kind, _ in told(files).keys() - planned.keys()} <= {
        "workspace",
        "activity",
        "workflow",
        "worker",
        "worker_channel",
    }
