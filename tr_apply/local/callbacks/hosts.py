"""Where callbacks may go. A workspace copied from production names production's URLs, which a laptop must not call."""

import ipaddress
from collections.abc import Iterable
from functools import lru_cache
from urllib.parse import urlsplit


class Hosts:
    """This machine, and those that were named."""

    def __init__(self, named: Iterable[str] = ()) -> None:
        self._named = {_named(each) for each in named}

    def allow(self, url: str) -> bool:
        """Whether a URL may be called."""
        host = host_of(url)
        return bool(host) and (is_loopback(host) or host in self._named)


@lru_cache(maxsize=64)
def host_of(url: str) -> str:
    """The host of a URL, without case and brackets; empty if there is none."""
    try:
        return _plain(urlsplit(url).hostname or "")
    except ValueError:
        return ""


@lru_cache(maxsize=64)
def is_loopback(host: str) -> bool:
    """Whether *host* is always this machine, without asking a name server."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _named(text: str) -> str:
    """The host that somebody names: by itself, with a port, or as a URL; the port makes no difference."""
    if text.count(":") > 1 and "//" not in text and not text.startswith("["):
        return _plain(text)  # an IPv6 address
    return host_of(text if "//" in text else f"//{text}")


def _plain(host: str) -> str:
    return host.strip("[]").rstrip(".").lower()
