"""The one way by which text of others gets into each kind of picture."""

import re
from html import escape
from typing import Final

from tr_apply.printable import printable

_UNSAFE_IN_MERMAID: Final = re.compile(r"(?![ ,]|(?<=[^\W_])[._-](?=[^\W_]))(?=[\x00-\x7f])[\W_]")


def markup(text: str) -> str:
    """*text* in HTML or SVG, between tags or in quotes."""
    return escape(printable(text))


def mermaid_text(text: str) -> str:
    """*text* in a quoted label of mermaid, which reads HTML, Markdown and its own syntax in labels.

    Whatever may mean something in one of these is a number: https://mermaid.js.org/syntax/flowchart.html#entity-codes
    """
    return _UNSAFE_IN_MERMAID.sub(lambda found: f"#{ord(found[0])};", printable(text))


def dot_text(text: str) -> str:
    """*text* in a quoted label of dot, which knows HTML's entities and its own escapes."""
    return escape(printable(text), quote=False).replace("\\", "\\\\").replace('"', '\\"')
