"""The files of the page, as a browser may use them: nothing inline, nothing from elsewhere, kept until they change."""

import hashlib
from collections.abc import Iterator, Mapping
from functools import cached_property
from importlib.resources import files
from typing import Final, NamedTuple

from starlette.requests import Request
from starlette.responses import Response

from tr_apply.local.http.requests import header

STATIC: Final = "/_console/static/"
_PAGE: Final = "/"
_ICON: Final = "/favicon.ico"
AT_THE_ROOT: Final = frozenset({_PAGE, _ICON})
"""The files outside the console's own folder. A browser asks for the icon of everything else it opens here, without
credentials, and would show a refusal as an error of the page."""

_RULES: Final = (
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "connect-src 'self'",
    "img-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    # Text of others can become nodes of the page only, never markup: the browser itself refuses the rest.
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
)
POLICY: Final = "; ".join(_RULES)
"""The content security policy of the page."""

EVERY_ANSWER: Final[Mapping[str, str]] = {
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
"""Headers that keep pages of other origins from using an answer in any way."""

_TYPES: Final = {
    "html": "text/html; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}


class _StaticFile(NamedTuple):
    body: bytes
    media_type: str
    tag: str


class Pages:
    """The page and its files, read together when the first of them is asked for."""

    @cached_property
    def _pages(self) -> dict[str, _StaticFile]:
        return dict(_pages())

    def answer(self, request: Request) -> Response | None:
        """The file that a request names, or 304 if the browser has it already; None if there is no such file."""
        page = self._pages.get(request.scope["path"])
        if page is None:
            return None
        # The browser checks each time, so an upgrade is seen; usually the answer is "not modified".
        headers = {**EVERY_ANSWER, "Cache-Control": "no-cache", "ETag": page.tag}
        known = header(request.scope, b"if-none-match") or ""
        if page.tag in (each.strip() for each in known.split(",")):
            return Response(status_code=304, headers=headers)
        return Response(page.body, media_type=page.media_type, headers=headers)


def _pages() -> Iterator[tuple[str, _StaticFile]]:
    from tr_apply.picture import PALETTE, STYLE  # noqa: PLC0415

    named = [(each, each.name.rpartition(".")[2]) for each in (files(__package__) / "static").iterdir()]
    for each, suffix in [pair for pair in named if pair[1] in _TYPES]:
        page = _page(each.read_bytes(), suffix)
        yield (_PAGE if suffix == "html" else f"{STATIC}{each.name}"), page
        if each.name == "icon.svg":
            yield _ICON, page
    yield f"{STATIC}lanes.css", _page(f"{PALETTE}{STYLE}".encode(), "css")


def _page(body: bytes, suffix: str) -> _StaticFile:
    return _StaticFile(body, _TYPES[suffix], f'"{hashlib.sha256(body).hexdigest()[:32]}"')
