"""Names for people of the fields of a plan, its filters and the place that it is for; they count from 1."""

import re
from collections.abc import Iterator

from tr_apply.plan.change import FieldChange, FilterPlace, PlanTarget
from tr_apply.printable import printable

_TARGET = re.compile(r"(^|, )targets\[(\d+)\](\.?)")
_NUMBERED = re.compile(r"(^|\.)filters\[#(\d+)\](\.|$)")
_NAMED = re.compile(r"(^|\.)filters\[(.*)\](\.|$)")


def field_title(change: FieldChange) -> str:
    """A field as people call it: ``filter 2 (Gold), target 1 timeout``."""
    if change.filter is None:
        return printable(change.path)
    rest = change.within_filter
    return printable(f"{change.filter}, {_with_targets(rest)}" if rest else str(change.filter))


def _with_targets(path: str) -> str:
    return _TARGET.sub(lambda match: f"{match[1]}target {int(match[2]) + 1}{match[3] and ' '}", path)


def reference_title(path: str) -> str:
    """``workflow/Incoming.filters[#1].targets[0].skip_if``, or a part of it, as people call it."""
    counted = _NAMED.sub(_named_filter, _NUMBERED.sub(_filter, path))
    return printable(_with_targets(counted))


def _filter(match: re.Match[str], name: str = "") -> str:
    """A filter in words, with a blank or a comma if text comes before or after it."""
    return f"{match[1] and ' '}filter {name or match[2]}{match[3] and ', '}"


def _named_filter(match: re.Match[str]) -> str:
    return _filter(match, f"({match[2]})")


def added_at(place: FilterPlace) -> str:
    """Where an added filter is."""
    return f"added as {place.number} of {place.of}{_above(place)}"


def moved_to(before: int, place: FilterPlace) -> str:
    """Where a filter is that is not where it was."""
    if before == place.number:
        return f"still {place.number} of {place.of}, but now{_above(place).removeprefix(',')}"
    return f"moved from {before} to {place.number} of {place.of}{_above(place)}"


def removed_from(place: FilterPlace) -> str:
    """Where a removed filter was."""
    return f"removed, was {place.number} of {place.of}"


def _above(place: FilterPlace) -> str:
    if place.above is not None:
        return f", above {printable(place.above)}"
    return ", the last one" if place.of > 1 else ""


def where(target: PlanTarget) -> str:
    """Which TaskRouter *target* is in: its account, and the database, the region or the server."""
    return ", ".join(_where(target))


def full_name(target: PlanTarget) -> str:
    """The workspace with its SID, account and place: several may have the same name."""
    return f"{printable(target.workspace)} ({', '.join(places(target))})"


def places(target: PlanTarget) -> list[str]:
    """The SID, account and place of a workspace, without its name."""
    return ["new workspace" if target.workspace_sid is None else target.workspace_sid, *_where(target)]


def _where(target: PlanTarget) -> Iterator[str]:
    if target.account_sid is not None:
        yield f"account {printable(target.account_sid)}"
    if target.database is not None:
        yield f"database {printable(target.database)}"
    elif target.host is not None and (target.region is None or not target.host.endswith(".twilio.com")):
        yield f"host {printable(target.host)}"
    elif target.region is not None:
        yield f"region {printable(target.region)}"
