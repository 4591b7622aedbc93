"""Twilio's helper library for Python, with requests for TaskRouter sent to another server."""

import re
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from tr_apply.errors import UsageError

if TYPE_CHECKING:
    from twilio.rest import Client

# With an edge and a region, where an application sets them.
_TASKROUTER: Final = re.compile(r"https://taskrouter(\.[a-z0-9-]+){0,2}\.twilio\.com(?=/)")


def client_at(url: str, account_sid: str, auth_token: str) -> "Client":
    """A client of the library whose requests for TaskRouter go to *url*, and no others anywhere.

    Raises:
        UsageError: when the library is not installed.
    """
    try:
        make_client, inner = import_module("twilio.rest").Client, import_module("twilio.http.http_client")
    except ModuleNotFoundError as error:
        raise UsageError(
            "taskrouter.client is Twilio's helper library, which is not installed: pip install twilio. "
            f"Or send requests to taskrouter.url ({url}) with another client"
        ) from error
    return make_client(account_sid, auth_token, http_client=RedirectingHttpClient(inner.TwilioHttpClient(), url))


class RedirectingHttpClient:
    """The library's own HTTP client, sent to another server.

    The environment's proxies are left out, as the server is on this machine.
    """

    def __init__(self, inner: Any, url: str) -> None:
        self._inner = inner
        self._url = url
        inner.session.trust_env = False

    def request(self, method: str, url: str, *arguments: Any, **options: Any) -> Any:
        """The answer to a request.

        Raises:
            UsageError: when the request is not for TaskRouter.
        """
        found = _TASKROUTER.match(url)
        if found is None:
            raise UsageError(f"only TaskRouter is here: the request to {urlsplit(url).hostname} was not sent")
        return self._inner.request(method, self._url + url[found.end() :], *arguments, **options)

    def close(self) -> None:
        """Close the connections."""
        self._inner.session.close()

    def __getattr__(self, name: str) -> Any:
        """All other attributes that the library reads of its HTTP client."""
        return getattr(self._inner, name)
