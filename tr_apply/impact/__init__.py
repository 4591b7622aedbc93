"""The effect of a change on people and tasks before it is applied: lost places in queues, calls that go elsewhere.

Pure: the live and the declared resources arrive as values, and the answers are the values that a plan shows.
"""

from tr_apply.impact.measure import people_impact, with_impact
from tr_apply.impact.people import Staffing, people
from tr_apply.impact.routes import RouteChanges, route_changes

__all__ = [
    "RouteChanges",
    "Staffing",
    "people",
    "people_impact",
    "route_changes",
    "with_impact",
]
