"""Activities: the state of a worker, and whether tasks may be offered in it."""

from tr_apply.resources.fields import Flag, Name
from tr_apply.resources.kind import FormField, Holds, Kind, Resource


class Activity(Resource):
    """An activity."""

    name: Name
    """Name of the activity (FriendlyName), and its identity."""

    renamed_from: list[Name] = []
    """Names that this activity had before, newest first."""

    available: Flag = False
    """Whether a worker in it is offered tasks. Cannot change: TaskRouter gets a new activity instead."""


ACTIVITY = Kind(
    name="activity",
    section="activities",
    model=Activity,
    collection="Activities",
    list_key="activities",
    sid_prefix="WA",
    fields={
        "name": FormField("FriendlyName", "friendly_name", Holds.NAME),
        "available": FormField("Available", "available", update=False),
    },
    replaced_on=frozenset({"available"}),
)
