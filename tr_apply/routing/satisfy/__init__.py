"""The possible meaning of routing expressions: whether anything satisfies them, with an example, or nothing does.

A decision procedure for the language of TaskRouter, without dependencies. It tries one value of each kind that the
expressions distinguish; a search that fails is therefore a proof. Where that is not certain the answer is `Unknown`.
evaluate.py has judged every example. The cost is counted in nodes, not in seconds: equal questions get equal answers.

An example is one that the language allows, not one that occurs: say "a task such as".
"""

from tr_apply.routing.satisfy.filters import (
    Exit,
    Filters,
    Reachability,
    Taker,
    Task,
    TaskFilter,
    WayOut,
    default_filter,
    matcher,
    way_out,
)
from tr_apply.routing.satisfy.moves import MOST_MOVES, TaskMove, TaskMoves, moves
from tr_apply.routing.satisfy.questions import (
    EVERYTHING,
    Expressions,
    Meanings,
    Wish,
    always_true,
    example,
    idle_parts,
    meanings,
    never_true,
)
from tr_apply.routing.satisfy.regions import Regions
from tr_apply.routing.satisfy.search import (
    PLAN_NODES,
    SEARCH_NODES,
    Answer,
    Budget,
    Reason,
    Satisfiable,
    Unknown,
    Unsatisfiable,
)
from tr_apply.routing.satisfy.steps import Part, StepConditions, StepReach, reach_step, reach_step_among

__all__ = [
    "EVERYTHING",
    "MOST_MOVES",
    "PLAN_NODES",
    "SEARCH_NODES",
    "Answer",
    "Budget",
    "Exit",
    "Expressions",
    "Filters",
    "Meanings",
    "Part",
    "Reachability",
    "Reason",
    "Regions",
    "Satisfiable",
    "StepConditions",
    "StepReach",
    "Taker",
    "Task",
    "TaskFilter",
    "TaskMove",
    "TaskMoves",
    "Unknown",
    "Unsatisfiable",
    "WayOut",
    "Wish",
    "always_true",
    "default_filter",
    "example",
    "idle_parts",
    "matcher",
    "meanings",
    "moves",
    "never_true",
    "reach_step",
    "reach_step_among",
    "way_out",
]
