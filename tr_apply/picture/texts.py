"""Routing texts as trees, and what the SIDs in them stand for."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from tr_apply.errors import ExpressionSyntaxError
from tr_apply.resources import KINDS
from tr_apply.resources.template import SidOf, filled, made_up_sid
from tr_apply.routing.names import name_key
from tr_apply.routing.nodes import Expression, OrderBy
from tr_apply.routing.parser import parse, parse_order_by

_PREFIXES: Final = {kind.name: kind.sid_prefix for kind in KINDS}


@dataclass(frozen=True, slots=True)
class Texts:
    """Reads templates. A ``${sid:KIND/NAME}`` is the SID that is known, or a made-up one."""

    known: Mapping[str, SidOf] = field(default_factory=dict)
    """What each SID of a live workspace stands for."""

    _made_up: dict[str, SidOf] = field(default_factory=dict)
    _sids: dict[SidOf, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Turn the known SIDs around."""
        self._sids.update({_folded(reference): sid for sid, reference in self.known.items()})

    def text(self, template: str) -> str:
        """*template* as TaskRouter would have it."""
        return filled(template, self.sid)

    def sid(self, reference: SidOf) -> str:
        """The SID of what *reference* names."""
        if (known := self._sids.get(_folded(reference))) is not None:
            return known
        sid = made_up_sid(_PREFIXES.get(reference.kind, "XX"), reference)
        self._made_up[sid] = reference
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
        """What *sid* stands for, where that is known."""
        return self.known.get(sid) or self._made_up.get(sid)


def _folded(reference: SidOf) -> SidOf:
    return SidOf(reference.kind, name_key(reference.name))
