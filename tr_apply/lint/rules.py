"""Everything that is looked for. Each rule is written next to the function that finds it."""

from collections.abc import Sequence
from typing import Final

from tr_apply.findings import Rule
from tr_apply.lint import (
    filter_rules,
    idle_rules,
    key_rules,
    meaning_rules,
    member_rules,
    own_name_rules,
    target_rules,
    type_rules,
    url_rules,
    value_rules,
    worker_rules,
    workspace_rules,
)
from tr_apply.routing.check import TEXT_RULES

RULES: Final = (
    target_rules.missing_queue,
    worker_rules.outside_scope,
    target_rules.unreachable_target,
    target_rules.skip_if_counts_all,
    target_rules.two_known_workers,
    target_rules.another_queue,
    filter_rules.default_filter_key,
    filter_rules.empty_workflow,
    filter_rules.long_reservation_timeout,
    key_rules.inert_key,
    own_name_rules.unknown_activity,
    own_name_rules.unknown_channel,
    member_rules.empty_queue,
    member_rules.mixed_types,
    value_rules.value_spelling,
    value_rules.two_spellings,
    type_rules.value_type,
    workspace_rules.empty_target_workers,
    workspace_rules.unknown_event,
    url_rules.invalid_url,
    url_rules.unencrypted_url,
    url_rules.secret_in_url,
    workspace_rules.channel_name,
    workspace_rules.single_tasking_queue,
    workspace_rules.multitasking_activity,
    workspace_rules.available_timeout_activity,
    workspace_rules.over_limit,
    filter_rules.last_timeout,
    filter_rules.no_default_filter,
    target_rules.known_worker_waits,
    workspace_rules.unused_queue,
    workspace_rules.available_default_activity,
    worker_rules.attribute_key,
    target_rules.timeout_after_skip,
    member_rules.same_members,
    idle_rules.idle_protection,
    idle_rules.idle_limit,
    idle_rules.idle_ignore,
)
"""The rules on the structure. Those on what expressions mean are in meaning_rules, on one text in routing.check."""

EVERY_RULE: Final[Sequence[Rule]] = (
    *RULES,
    *meaning_rules.MEANING_RULES,
    member_rules.SERVER_DISAGREES,
    *TEXT_RULES,
)
"""Every rule on a configuration that can be read."""
