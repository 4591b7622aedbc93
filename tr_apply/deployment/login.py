"""Who asks which TaskRouter, as environment variables say it: names are shown, values never."""

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from tr_apply.errors import TargetError
from tr_apply.resources.credentials import Credentials
from tr_apply.routing.names import is_sid
from tr_apply.transport import Connection, require_safe_address

_ACCOUNT, _TOKEN = "TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN"
_KEY, _SECRET = "TWILIO_API_KEY", "TWILIO_API_SECRET"
_REGION, _EDGE, _BASE_URL = "TWILIO_REGION", "TWILIO_EDGE", "TR_APPLY_BASE_URL"
_USUAL: Final = {
    "account_sid_env": _ACCOUNT,
    "auth_token_env": _TOKEN,
    "api_key_env": _KEY,
    "api_secret_env": _SECRET,
    "region_env": _REGION,
}
_REGION_FORM: Final = re.compile(r"[a-z]{2}[0-9]{1,2}")
_EDGE_FORM: Final = re.compile(r"[a-z]{2,16}(-[a-z]{2,16})?")
_FIRST_REGION: Final = "us1"
_TWILIO: Final = re.compile(r"https://taskrouter(\.[a-z0-9-]+)??(\.(?P<region>[a-z0-9-]+))?\.twilio\.com")

_NO_TARGET: Final = (
    "no TaskRouter to talk to. Set TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN (or TWILIO_API_KEY and TWILIO_API_SECRET) "
    "for Twilio, or use --local for the embedded TaskRouter, which needs no account"
)

_NO_CREDENTIALS: Final = (
    "no credentials for the server that --base-url or TR_APPLY_BASE_URL names. Set TWILIO_ACCOUNT_SID and "
    "TWILIO_AUTH_TOKEN (or TWILIO_API_KEY and TWILIO_API_SECRET). A `tr-apply serve` that was given no account takes "
    "any: AC and 32 zeros, with any token"
)


def connection(
    base_url: str | None, environment: Mapping[str, str], credentials: Credentials | None = None
) -> Connection:
    """Where TaskRouter is and who asks; a workspace may name the variables that hold its own *credentials*.

    Raises:
        TargetError: when nothing says so, or it would not be safe.
    """
    names = _names(credentials)
    own = _own(environment, credentials, names)
    address = _base_url(base_url, own, names)
    account = own.get(_ACCOUNT)
    if account is not None and not is_sid(account, "AC"):
        raise TargetError(f"{names[_ACCOUNT]} is not an account SID, which is AC and 32 hexadecimal digits")
    for user, password in ((_KEY, _SECRET), (_ACCOUNT, _TOKEN)):
        if user in own and password in own:
            variables, region = (names[user], names[password]), _twilio_region(address)
            return Connection(address, own[user], own[password], account, variables, region)
    raise TargetError(_missing(own, names, _NO_CREDENTIALS if base_url or _BASE_URL in own else _NO_TARGET))


def _names(credentials: Credentials | None) -> dict[str, str]:
    """By the usual variable, the one to be read in its place.

    Where only the auth token is named, an API key of the usual variables may be one of another account.
    """
    written = {usual: getattr(credentials, field, None) for field, usual in _USUAL.items()}
    left_out = {_KEY, _SECRET} if written[_TOKEN] is not None else set()
    return {usual: name or usual for usual, name in written.items() if name is not None or usual not in left_out}


def _own(
    environment: Mapping[str, str], credentials: Credentials | None, names: Mapping[str, str]
) -> Mapping[str, str]:
    """*environment* as if the usual variables held what those that *credentials* name hold; empty ones are not set.

    Raises:
        TargetError: when one that the file names is not set.
    """
    own = {usual: value for usual, name in names.items() if (value := environment.get(name))}
    for field, usual in _USUAL.items():
        if usual not in own and (name := getattr(credentials, field, None)) is not None:
            raise TargetError(f"the environment variable {name}, which `workspace.credentials` names, is not set")
    return own | {name: environment[name] for name in (_EDGE, _BASE_URL) if environment.get(name)}


def _missing(own: Mapping[str, str], names: Mapping[str, str], without_any: str) -> str:
    """Which variable lacks its other half; where none is set, *without_any* says so."""
    for one, other in ((_KEY, _SECRET), (_SECRET, _KEY), (_TOKEN, _ACCOUNT)):
        if one in own:
            return f"{names[one]} is set, and {names[other]}, which belongs to it, is not"
    if _ACCOUNT in own:
        key = f" (or {names[_KEY]} and {names[_SECRET]})" if _KEY in names else ""
        return f"{names[_ACCOUNT]} is set, and {names[_TOKEN]}{key}, which belongs to it, is not"
    return without_any


def region(base_url: str | None, environment: Mapping[str, str], credentials: Credentials | None = None) -> str:
    """The identity of a TaskRouter: a region of Twilio, or the address of another server.

    Raises:
        TargetError: as ``connection``.
    """
    names = _names(credentials)
    address = _base_url(base_url, _own(environment, credentials, names), names)
    if (found := _twilio_region(address)) is not None:
        return found
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc.lower()}{parts.path}"


def _twilio_region(base_url: str) -> str | None:
    found = _TWILIO.fullmatch(base_url.lower())
    return None if found is None else found["region"] or _FIRST_REGION


def _base_url(written: str | None, own: Mapping[str, str], names: Mapping[str, str]) -> str:
    """The address that is *written*, or that the environment *own* gives.

    Raises:
        TargetError: It is not a valid address, or the credentials would not be safe on the way there.
    """
    url = (written or own.get(_BASE_URL) or _twilio_url(own, names)).rstrip("/")
    require_safe_address(url)
    return url


def _twilio_url(own: Mapping[str, str], names: Mapping[str, str]) -> str:
    """``taskrouter[.edge][.region].twilio.com``; an edge alone belongs to us1.

    Raises:
        TargetError: when region or edge have another form, which could be a secret: its value is not shown.
    """
    region, edge = own.get(_REGION), own.get(_EDGE)
    if region is not None and not _REGION_FORM.fullmatch(region):
        raise TargetError(f"{names[_REGION]} is not a region of Twilio, as in us1, ie1 or au1")
    if edge is not None and not _EDGE_FORM.fullmatch(edge):
        raise TargetError(f"{_EDGE} is not an edge of Twilio, as in dublin or ashburn-ix")
    if edge and not region:
        region = _FIRST_REGION
    return "https://" + ".".join(part for part in ("taskrouter", edge, region, "twilio.com") if part)
