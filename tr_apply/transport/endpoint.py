"""Where a connection leads, and whether it is safe there: the server, the proxy before it, the trusted certificates."""

import ipaddress
import os
import re
import ssl
from base64 import b64encode
from dataclasses import field
from urllib.parse import SplitResult, quote, unquote, urlsplit

from tr_apply.errors import TargetError
from tr_apply.frozen import frozen

_PORTS = {"http": 80, "https": 443}


@frozen
class Endpoint:
    """A server.

    Attributes:
        host: In ASCII, an IPv6 address without its brackets.
        prefix: The path below which everything is; empty at the root.
        authorization: What a proxy wants to see; None where nothing is known.
    """

    scheme: str
    host: str
    port: int
    prefix: str = ""
    authorization: bytes | None = field(default=None, repr=False)

    @property
    def is_encrypted(self) -> bool:
        """Whether TLS is spoken with it."""
        return self.scheme == "https"

    @property
    def is_address(self) -> bool:
        """Whether the host is an IP address, and not a name for one or more."""
        return ":" in self.host or self.host.replace(".", "").isdigit()

    @property
    def authority(self) -> str:
        """Host and port as in ``Host``, without the usual port."""
        return self._host if self.port == _PORTS[self.scheme] else f"{self._host}:{self.port}"

    @property
    def tunnel(self) -> str:
        """Host and port as in ``CONNECT``."""
        return f"{self._host}:{self.port}"

    @property
    def _host(self) -> str:
        return f"[{self.host}]" if ":" in self.host else self.host


def endpoint_of(url: str) -> Endpoint:
    """The server at *url*.

    Raises:
        TargetError: when it is not the address of one.
    """
    try:
        return _parsed(urlsplit(url))
    except ValueError as error:  # UnicodeError is one
        shown = url.partition("?")[0].rpartition("@")[2]
        raise TargetError(f"{shown}: this address cannot be used: {error}") from error


def proxy_for(base_url: str) -> Endpoint | None:
    """The proxy that the environment names. Plain HTTP is for this machine, so no proxy has to see the credentials.

    Raises:
        TargetError: when what it names cannot be used.
    """
    if not base_url.startswith("https:"):
        return None
    from urllib.request import getproxies, proxy_bypass  # noqa: PLC0415  # which imports much else

    proxies = getproxies()
    address = proxies.get("https") or proxies.get("all")
    if not address or proxy_bypass(endpoint_of(base_url).host):
        return None
    try:
        return _parsed(urlsplit(address if "://" in address else f"http://{address}"))
    except ValueError as error:
        raise TargetError("HTTPS_PROXY is not the address of a proxy") from error


def _parsed(parts: SplitResult) -> Endpoint:
    if parts.scheme not in _PORTS:
        raise ValueError("it does not begin with http:// or https://")
    if not parts.hostname:
        raise ValueError("it names no host")
    host = parts.hostname.encode("idna").decode("ascii")
    port = _PORTS[parts.scheme] if parts.port is None else parts.port
    prefix = quote(parts.path.rstrip("/"), safe="/%:@!$&'()*+,;=")
    return Endpoint(parts.scheme, host, port, prefix, _authorization(parts))


def _authorization(parts: SplitResult) -> bytes | None:
    if parts.username is None:
        return None
    return b"Basic " + b64encode(f"{unquote(parts.username)}:{unquote(parts.password or '')}".encode())


def tls_context() -> ssl.SSLContext:
    """Trusts what SSL_CERT_FILE or SSL_CERT_DIR name, else the usual authorities; reading them takes a while.

    Raises:
        TargetError: when they cannot be read.
    """
    file, folder = os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")
    if not file and not folder:
        import certifi  # noqa: PLC0415  # plain HTTP needs none

        file = certifi.where()
    try:
        context = ssl.create_default_context(cafile=file or None, capath=None if file else folder)
    except OSError as error:
        raise TargetError(f"the certificates of SSL_CERT_FILE or SSL_CERT_DIR cannot be read: {error}") from error
    context.set_alpn_protocols(["http/1.1"])
    return context


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
