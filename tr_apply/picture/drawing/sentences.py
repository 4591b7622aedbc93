"""Sentences that every kind of picture says alike."""

from collections.abc import Iterator, Sequence
from typing import Final

from tr_apply.picture.model import Picture, WorkflowLanes

_NAMED: Final = 10
"""Members that are named."""


def counts(picture: Picture) -> str:
    """How much there is, and how it is read."""
    filters = sum(each.filters for each in picture.workflows)
    parts = (
        _number(len(picture.workflows), "workflow"),
        _number(filters, "filter"),
        _number(len(picture.queues), "queue"),
    )
    return (
        f"{', '.join(parts)}. A task takes the first filter that fits, "
        "and its steps from left to right until somebody takes it."
    )


def _number(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def compared_with(picture: Picture) -> Iterator[str]:
    """The other side of the comparison, and the number of changes."""
    if picture.against:
        lanes = sum(bool(lane.change) for each in picture.workflows for lane in each.lanes)
        queues = sum(bool(each.change) for each in picture.queues)
        yield f"Compared with {picture.against}: {_number(lanes, 'lane')} and {_number(queues, 'queue')} changed."


def people_words(picture: Picture) -> str:
    """Which people are counted."""
    return f"Numbers count {picture.people}." if picture.people else "Which people are in them is not known here."


def shared_words(workflow: WorkflowLanes) -> Iterator[str]:
    """Which workers all steps of *workflow* are for, if it is the same for all."""
    if workflow.shared is not None:
        yield f"In every step {workflow.shared.title}."


def members_words(members: Sequence[str]) -> str:
    """The number of *members* and the first of their names."""
    more = len(members) - _NAMED
    rest = f" and {more} more" if more > 0 else ""
    return f"{len(members)}: {', '.join(members[:_NAMED])}{rest}"
