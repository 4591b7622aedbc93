"""Where a server may be: an address that can be one, and to which credentials may be sent."""

import ipaddress
import re
from urllib.parse import SplitResult, urlsplit

from tr_apply.errors import TargetError

_NEVER_IN_AN_ADDRESS = re.compile(r"[\s\x00-\x1f\x7f\\]")


def require_safe_address(url: str) -> SplitResult:
    """The parts of *url*, if credentials may be sent there.

    Raises:
        TargetError: when it is not the address of a server, or credentials would not be safe on the way there.
    """
    parts = _parts(url)
    if parts.username or parts.password:
        raise TargetError("credentials do not belong into the base URL; set TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN")
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise _no_address(url)
    if parts.scheme == "http" and not _is_loopback(parts.hostname):
        raise TargetError(f"{url}: credentials are sent only over https, except to a server on this machine")
    return parts


def _parts(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        port = parts.port  # looked at only when it is asked for
    except ValueError as error:
        raise _no_address(url) from error
    if port == 0 or _NEVER_IN_AN_ADDRESS.search(url):
        raise _no_address(url)
    return parts


def _no_address(url: str) -> TargetError:
    shown = url.partition("?")[0].rpartition("@")[2]  # never what may be a password
    return TargetError(f"{shown}: expected the address of a server, as in https://example.com")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
