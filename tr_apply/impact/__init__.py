"""What a change does to people and tasks before it is applied: who loses a place in a queue, which calls go elsewhere.

Pure: what is live and what is wanted arrive as values, and the answers are the values that a plan shows.
"""

from tr_apply.impact.people import PeopleImpact, QueueChange, Staffing, people
from tr_apply.impact.routes import FilterRoute, RouteChange, RouteChanges, route_changes

__all__ = [
    "FilterRoute",
    "PeopleImpact",
    "QueueChange",
    "RouteChange",
    "RouteChanges",
    "Staffing",
    "people",
    "route_changes",
]
