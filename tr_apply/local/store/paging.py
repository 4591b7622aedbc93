"""Pages of a list: which one is asked for, and the tokens that lead to the next and the previous.

A token is ``PA`` (after) or ``PB`` (before), then a SID, and in an ordered list ``/`` and the values it is ordered by.
It names a place in the order, not a row, so pages neither repeat nor lose items while others come and go.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple, Self

from tr_apply.local.forms import fields
from tr_apply.local.kinds.columns import Item
from tr_apply.local.kinds.kind import ServedKind
from tr_apply.local.storage.refusals import AbsolutePagingError, InvalidParameterError
from tr_apply.local.storage.sids import new_sid, position_of
from tr_apply.routing.names import is_sid, sid_pattern

DEFAULT_SIZE = 50
MAX_SIZE = 1000

_VALUE = r"(?:[0-9]{4}-[0-9]{2}-[0-9T:.]{18}Z|-?[0-9]{1,18})"  # a date or a whole number
_TOKEN = re.compile(rf"(PA|PB)({sid_pattern()})(?:/({_VALUE}(?:,{_VALUE})*))?")


class SortKey(NamedTuple):
    """A column that a list is sorted by."""

    column: str
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Order:
    """The sort order of a list. Its last key is the creation, which alone would be enough."""

    keys: tuple[SortKey, ...]

    @classmethod
    def of(cls, kind: ServedKind, query: Mapping[str, str]) -> Self:
        """As ``Ordering=NAME:asc`` says, where the kind has any; several are separated by commas."""
        creation = f"{kind.table}.position"
        keys = [_key(kind, each) for each in (query.get("Ordering") or "").split(",") if each and kind.orderings]
        columns = [key.column for key in keys]
        if len(columns) > 1 and not any(allowed.issuperset(columns) for allowed in kind.combinations):
            raise InvalidParameterError("Ordering combines what cannot be combined")
        if creation not in columns:
            keys.append(SortKey(creation, descending=bool(keys) and keys[-1].descending and not kind.combinations))
        return cls(tuple(keys))

    @property
    def values(self) -> int:
        """The number of keys in a token besides the SID, which gives the place in creation order."""
        return len(self.keys) - 1


@dataclass(frozen=True, slots=True)
class PageToken:
    """A place between two items: after the one at *sid* and *key*, or *before* it."""

    sid: str
    values: tuple[str, ...]
    before: bool

    @classmethod
    def read(cls, kind: ServedKind, order: Order, text: str) -> Self:
        """The place that *text* names in a list of *kind* in this order."""
        found = _TOKEN.fullmatch(text)
        values = tuple(found[3].split(",")) if found and found[3] else ()
        if not found or not is_sid(found[2], kind.sid_prefix) or len(values) != order.values:
            raise InvalidParameterError("PageToken is not one of this list")
        return cls(found[2], values, before=found[1] == "PB")

    def __str__(self) -> str:
        values = f"/{','.join(self.values)}" if self.values else ""
        return f"{'PB' if self.before else 'PA'}{self.sid}{values}"

    @property
    def position(self) -> int:
        """In the order of creation."""
        return position_of(self.sid)

    def turned(self) -> "PageToken":
        """The same place, looking the other way: what this one leaves out is what that one begins with."""
        step = -1 if self.before else 1
        sid = new_sid(self.sid[:2], self.position + step)
        return replace(self, sid=sid, before=not self.before)


@dataclass(frozen=True, slots=True)
class PageRequest:
    """Which page of a list is wanted. ``number`` is the client's bookkeeping and selects nothing."""

    size: int
    number: int
    order: Order
    token: PageToken | None

    @classmethod
    def of(cls, kind: ServedKind, query: Mapping[str, str]) -> Self:
        """As ``PageSize``, ``Page``, ``PageToken`` and ``Ordering`` say.

        Raises:
            AbsolutePagingError: A page that is not the first is asked for without a token.
        """
        size = fields.integer(1, MAX_SIZE)("PageSize", query.get("PageSize") or str(DEFAULT_SIZE))
        number = fields.integer(0, 10**9)("Page", query.get("Page") or "0")
        order = Order.of(kind, query)
        text = query.get("PageToken")
        if number and not text:
            raise AbsolutePagingError("Page numbers cannot be used alone; follow next_page_url of the page before")
        return cls(size, number, order, PageToken.read(kind, order, text) if text else None)

    @property
    def backwards(self) -> bool:
        """Whether the rows must be read from the last to the first."""
        return self.token is not None and self.token.before


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a list. ``filters`` are the query parameters that shape the list, as they were sent."""

    items: list[Item]
    request: PageRequest
    filters: Mapping[str, str]
    next: PageToken | None
    previous: PageToken | None


def _key(kind: ServedKind, text: str) -> SortKey:
    name, _, direction = text.partition(":")
    if name not in kind.orderings or direction not in {"", "asc", "desc"}:
        names = " or ".join(kind.orderings)
        raise InvalidParameterError(f"Ordering must be {names}, then :asc or :desc")
    return SortKey(kind.orderings[name], descending=direction == "desc")
