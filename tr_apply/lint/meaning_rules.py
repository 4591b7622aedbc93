"""The rows of the rules on what expressions mean; what finds them is in meaning/."""

from typing import Final

from tr_apply.findings import Rule, Severity

UNREACHABLE_FILTER: Final = Rule(
    "unreachable-filter", Severity.WARNING, "Filters above take all the tasks of this one and keep them."
)
NEVER_TRUE: Final = Rule("never-true", Severity.WARNING, "Nothing can satisfy an expression.")
ALWAYS_TRUE: Final = Rule(
    "always-true", Severity.WARNING, "Every task matches a filter that is not the last, although it asks for something."
)
DEAD_STEP: Final = Rule(
    "dead-step", Severity.WARNING, "Nobody can ever take a task in a step: its filter, target and queue do not fit."
)
ONLY_AFTER_TIMEOUT: Final = Rule(
    "only-after-timeout", Severity.INFO, "A filter gets only tasks that another one has let go."
)
IDLE_PART: Final = Rule("idle-part", Severity.INFO, "A part of a filter's expression makes no difference.")
UNREACHABLE_DEFAULT: Final = Rule("unreachable-default", Severity.INFO, "No task ever comes to a default_filter.")

MEANING_RULES: Final = (
    UNREACHABLE_FILTER,
    NEVER_TRUE,
    ALWAYS_TRUE,
    DEAD_STEP,
    ONLY_AFTER_TIMEOUT,
    IDLE_PART,
    UNREACHABLE_DEFAULT,
)

ENDED_BY: Final = frozenset({UNREACHABLE_FILTER.code, NEVER_TRUE.code})
"""A filter without tasks has no further findings."""
