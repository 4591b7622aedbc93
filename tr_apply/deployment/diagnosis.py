"""Whether a TaskRouter can be worked with from here: who asks, what it allows, and what may be in the way."""

import platform
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Any, Final

from tr_apply.client import Client
from tr_apply.deployment.deadline import OutOfTimeError
from tr_apply.errors import TrApplyError
from tr_apply.transport import Response, proxy_for
from tr_apply.version import __version__

_LIMITS: Final = {
    "limit": "x-rate-limit-limit",
    "remaining": "x-rate-limit-remaining",
    "config": "x-rate-limit-config",
}
_SKEW_ALLOWED_S: Final = 60
_NAMED: Final = 5  # workspaces in a message


class CheckState(StrEnum):
    """How a check went."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at."""

    name: str
    """The thing that was checked."""

    state: CheckState
    """How it went."""

    message: str
    """The finding, and the next step."""


@dataclass(frozen=True, slots=True)
class LiveWorkspace:
    """A workspace that the account has."""

    sid: str
    """Its SID."""

    name: str
    """Its name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """All that was found out; nothing in it is secret."""

    version: str
    """The version of tr-apply."""
    python: str
    """The version of Python."""
    platform: str
    """The operating system and the processor's architecture."""
    host: str | None
    """The server; null for the embedded TaskRouter, and where no target is known."""
    database: str | None
    """The file of the embedded TaskRouter."""
    account_sid: str | None
    """The account; null where it is not known."""
    region: str | None
    """A region of Twilio, ``local``, or the address of another server; null where no target is known."""
    variables: Sequence[str]
    """Names of the environment variables that hold the credentials."""
    proxy: str | None
    """Host and port of the proxy that requests go through."""
    workspaces: Sequence[LiveWorkspace] | None
    """The account's workspaces; null where they could not be read."""
    limits: Mapping[str, str] | None
    """TaskRouter's ``X-Rate-Limit-…`` headers, if it sends them."""
    clock_skew_s: int | None
    """Seconds by which the clock here is ahead of the server's; null if the server sends no date."""
    checks: Sequence[Check]
    """Everything that was looked at."""


_NOTHING_KNOWN: Final = Diagnosis(
    version=__version__,
    python=platform.python_version(),
    platform=f"{platform.system()} {platform.machine()}",
    host=None,
    database=None,
    account_sid=None,
    region=None,
    variables=(),
    proxy=None,
    workspaces=None,
    limits=None,
    clock_skew_s=None,
    checks=(),
)


def undiagnosed(problem: TrApplyError) -> Diagnosis:
    """All that is known where *problem* kept the TaskRouter from being looked at."""
    return replace(_NOTHING_KNOWN, checks=(Check("target", CheckState.FAILED, str(problem)),))


async def diagnosed(client: Client) -> Diagnosis:
    """Look at the TaskRouter of *client*. It writes nothing: the right to write is tried on what does not exist."""
    connection = client.connection
    checks: list[Check] = []
    answer: Response | None = None
    async for check, found in _first_answer(client):
        checks.append(check)
        answer = found
    if answer is not None:
        checks.append(await _right_to_write(client))
    workspaces = None if answer is None else _workspaces(answer)
    limits = None if answer is None else _limits(answer.headers)
    skew_s = None if answer is None else _skew_s(answer.headers, datetime.now(UTC))
    proxy = None if client.database is not None else _proxy(connection.base_url)
    if answer is not None:
        checks += [_clock(skew_s, is_local=client.database is not None), _rate_limits(limits)]
    checks.append(Check("proxy", CheckState.OK, "no proxy" if proxy is None else f"requests go through {proxy}"))
    return replace(
        _NOTHING_KNOWN,
        host=client.host,
        database=client.database,
        account_sid=client.account_sid or _account_in(answer),
        region=connection.region,
        variables=connection.variables,
        proxy=proxy,
        workspaces=workspaces,
        limits=limits,
        clock_skew_s=skew_s,
        checks=checks,
    )


async def _first_answer(client: Client) -> AsyncIterator[tuple[Check, Response | None]]:
    """Whether TaskRouter answers, and lets the caller in and read."""
    names = " and ".join(client.connection.variables) or "no credentials are needed"
    try:
        answer = await client.first_page()
    except OutOfTimeError:
        raise
    except TrApplyError as error:
        yield Check("credentials", CheckState.FAILED, str(error)), None
        return
    works = f"{names} work" if client.connection.variables else names
    region = f" in {client.connection.region}" if client.connection.region is not None else ""
    yield Check("credentials", CheckState.OK, f"{works}{region}"), answer
    yield Check("read", CheckState.OK, _told(_workspaces(answer), more=_has_more(answer))), answer


async def _right_to_write(client: Client) -> Check:
    try:
        await client.try_to_write()
    except OutOfTimeError:
        raise
    except TrApplyError as error:
        return Check("write", CheckState.FAILED, str(error))
    return Check("write", CheckState.OK, "updates are allowed (tried on a workspace that does not exist)")


def _workspaces(answer: Response) -> Sequence[LiveWorkspace]:
    items = answer.body.get("workspaces") if isinstance(answer.body, dict) else None
    found = [each for each in items if isinstance(each, dict)] if isinstance(items, list) else []
    return [LiveWorkspace(str(each.get("sid")), str(each.get("friendly_name"))) for each in found]


def _has_more(answer: Response) -> bool:
    meta = answer.body.get("meta") if isinstance(answer.body, dict) else None
    return isinstance(meta, dict) and bool(meta.get("next_page_url"))


def _account_in(answer: Response | None) -> str | None:
    items: Any = answer.body.get("workspaces") if answer is not None and isinstance(answer.body, dict) else None
    first = items[0] if isinstance(items, list) and items and isinstance(items[0], dict) else {}
    account = first.get("account_sid")
    return account if isinstance(account, str) else None


def _told(found: Sequence[LiveWorkspace], *, more: bool) -> str:
    number = f"{len(found)}{' or more' if more else ''} workspace{'' if len(found) == 1 and not more else 's'}"
    named = ", ".join(f"{each.name} ({each.sid})" for each in found[:_NAMED])
    rest = ", …" if len(found) > _NAMED else ""
    return f"{number}: {named}{rest}" if named else number


def _limits(headers: Mapping[str, str]) -> Mapping[str, str] | None:
    return {name: headers[header] for name, header in _LIMITS.items() if header in headers} or None


def _rate_limits(limits: Mapping[str, str] | None) -> Check:
    if limits is None:
        return Check("limits", CheckState.UNKNOWN, "the server sends no X-Rate-Limit headers")
    return Check("limits", CheckState.OK, ", ".join(f"{name} {value}" for name, value in limits.items()))


def _skew_s(headers: Mapping[str, str], now: datetime) -> int | None:
    try:
        return round((now - parsedate_to_datetime(headers.get("date", ""))).total_seconds())
    except (TypeError, ValueError, OverflowError):  # no date, or one without its zone
        return None


def _clock(skew_s: int | None, *, is_local: bool) -> Check:
    if is_local:
        return Check("clock", CheckState.OK, "the embedded TaskRouter uses the clock of this machine")
    if skew_s is None:
        return Check("clock", CheckState.UNKNOWN, "the server does not say what time it is")
    told = f"{abs(skew_s)} s {'ahead of' if skew_s >= 0 else 'behind'} the server"
    if abs(skew_s) > _SKEW_ALLOWED_S:
        return Check(
            "clock", CheckState.WARNING, f"{told}; correct the clock of this machine: dates and signatures depend on it"
        )
    return Check("clock", CheckState.OK, told)


def _proxy(base_url: str) -> str | None:
    found = proxy_for(base_url)
    return None if found is None else found.tunnel
