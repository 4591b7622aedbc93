"""Routing tests: what should happen to a task, in the words of the configuration that they test."""

import re
from itertools import combinations
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, ConfigDict, Field, JsonValue, model_validator
from pydantic_core import PydanticCustomError

from tr_apply.resources.fields import INTEGER, MOMENT, JsonObject, Name, seconds_up_to
from tr_apply.resources.kind import Resource
from tr_apply.resources.worker import CAPACITY_LIMIT, AttributesObject, WorkerChannel
from tr_apply.resources.workflow import PRIORITY_LIMIT, TIMEOUT_LIMIT

_OUTCOMES: Final = ("filter", "default_filter", "unrouted")
_TWO_OUTCOMES: Final[list[JsonValue]] = [{"required": list(pair)} for pair in combinations(_OUTCOMES, 2)]


def _moment(written: str) -> str:
    if not re.fullmatch(MOMENT, written):
        raise PydanticCustomError("invalid-value", "expected a time such as 90s, 2m30s, 15m or 2h")
    return written


Moment = Annotated[str, Field(json_schema_extra={"pattern": MOMENT}), AfterValidator(_moment)]
"""A time after the creation of the task."""


class ExpectedStep(Resource):
    """A step that the task should come to."""

    queue: Name
    """The task queue, by name."""

    priority: Annotated[int, Field(ge=0, le=PRIORITY_LIMIT), INTEGER] | None = None
    """The task's priority in this step."""

    timeout: Annotated[int, Field(ge=1, le=TIMEOUT_LIMIT), seconds_up_to(TIMEOUT_LIMIT)] | None = None
    """Seconds until the next step."""

    eligible: list[Name] | None = None
    """The workers who may take the task, in the order in which it is offered to them."""


class Whereabouts(Resource):
    """Where the task should be at some time, when nobody takes it."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1, "not": {"required": ["queue", "unrouted"]}})

    queue: Name | None = None
    """The task queue, by name."""

    unrouted: Literal[True] | None = None
    """That the task is in no queue any more, because it was canceled."""

    @model_validator(mode="after")
    def _of_one_place(self) -> "Whereabouts":
        if len(self.model_fields_set) != 1:
            raise PydanticCustomError("invalid-value", "expected either a queue or unrouted")
        return self


class Expectation(Resource):
    """The expected route: one of ``filter``, ``default_filter`` and ``unrouted``, and further expectations."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1, "not": {"anyOf": _TWO_OUTCOMES}})

    filter: Annotated[str, Field(min_length=1)] | None = None
    """Name of the filter that takes the task."""

    default_filter: Literal[True] | None = None
    """That no filter matches, and the default filter takes it."""

    unrouted: Literal[True] | None = None
    """True if no filter takes it and it is canceled."""

    steps: list[ExpectedStep] | None = None
    """All steps of a task that nobody takes, from the first; of each, only the keys that are written are compared."""

    at: dict[Moment, Whereabouts] | None = None
    """Where the task is after some time, as in ``90s`` or ``2m30s``."""

    @model_validator(mode="after")
    def _of_one_outcome(self) -> "Expectation":
        if not self.model_fields_set:
            raise PydanticCustomError("empty", "expected a filter, default_filter or unrouted, steps, or a place at")
        if len(self.model_fields_set.intersection(_OUTCOMES)) > 1:
            raise PydanticCustomError("invalid-value", "only one of filter, default_filter and unrouted can be")
        return self


class RoutingTest(Resource):
    """A task, and what should happen to it."""

    name: Annotated[str, Field(min_length=1)]
    """The name of the test, a sentence."""

    workflow: Name
    """The workflow that gets the task, by name."""

    task: JsonObject = {}
    """The attributes of the task."""

    channel: Name = "default"
    """Unique name of the task's channel."""

    priority: Annotated[int, Field(ge=0, le=PRIORITY_LIMIT), INTEGER] = 0
    """The priority that the task is created with."""

    available: list[Name] | None = None
    """The workers who are available, by name, the one longest idle first.

    Left out: every declared worker, and those of this file whose ``activity`` does not say that they are away.
    """

    expect: Expectation
    """The expected route of the task."""


class OwnWorker(Resource):
    """A worker whom a file of tests brings, next to those of the configuration; one of the same name is replaced."""

    name: Name
    """Name of the worker."""

    activity: Name | None = None
    """The activity that the worker is in, unless a test says who is available. Left out: an available one."""

    attributes: AttributesObject = {}
    """The attributes of the worker that expressions read: a JSON object."""

    channels: dict[str, WorkerChannel] = {}
    """Capacity by unique name of a task channel; a channel that is not named has capacity 1."""

    tasks: Annotated[int, Field(ge=0, le=CAPACITY_LIMIT), INTEGER] = 0
    """Accepted tasks that the worker has in hand, on the channel of the task that is tested."""


class RoutingTests(Resource):
    """Routing tests of the configuration in the nearest folder, from that of the file upwards."""

    workers: list[OwnWorker] = []
    """People for the tests of this file."""

    tests: list[RoutingTest]
    """The tests, each by itself."""
