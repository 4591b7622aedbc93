"""Routing texts as trees, with the resources of their SIDs."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from tr_apply.errors import ExpressionSyntaxError
from tr_apply.resources import KINDS, SidOf, filled, made_up_sid
from tr_apply.routing.names import SID_IN_TEXT
from tr_apply.routing.nodes import Expression, OrderBy
from tr_apply.routing.parser import parse, parse_order_by

_PREFIXES: Final = {kind.name: kind.sid_prefix for kind in KINDS}
_SID: Final = re.compile(SID_IN_TEXT)


@dataclass(frozen=True, slots=True)
class Texts:
    """Parses templates. Each SID of a known resource is replaced by an invented one, the same in every workspace.

    So texts of a file and of two live workspaces compare by the names in them.
    """

    known: Mapping[str, SidOf] = field(default_factory=dict)
    """The resource of each SID of live workspaces."""

    _named: dict[str, SidOf] = field(default_factory=dict)

    def text(self, template: str) -> str:
        """*template* as TaskRouter would have it."""
        return self.literal(filled(template, self.sid))

    def literal(self, text: str) -> str:
        """The same for *text* that is not a template."""
        return _SID.sub(self._replaced, text) if self.known else text

    def _replaced(self, found: re.Match[str]) -> str:
        reference = self.known.get(found[0])
        return found[0] if reference is None else self.sid(reference)

    def sid(self, reference: SidOf) -> str:
        """The invented SID of the resource that *reference* names."""
        sid = made_up_sid(_PREFIXES.get(reference.kind, "XX"), reference)
        self._named[sid] = reference
        return sid

    def tree(self, template: str | None) -> Expression | None:
        """The tree of an expression; None where there is none, or where it cannot be read."""
        if not template or not template.strip():
            return None
        try:
            return parse(self.text(template))
        except ExpressionSyntaxError:
            return None

    def order(self, template: str | None) -> OrderBy | None:
        """The same for an ``order_by``."""
        if not template:
            return None
        try:
            return parse_order_by(self.text(template))
        except ExpressionSyntaxError:
            return None

    def named(self, sid: str) -> SidOf | None:
        """The resource of *sid*, if it is known."""
        return self._named.get(sid)
