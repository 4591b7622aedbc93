"""The facts about one kind of resource that the store needs; kinds/ has one row of this for each."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from tr_apply.local.history.session import Session
from tr_apply.local.kinds.columns import Item
from tr_apply.local.storage.database import Reader, Writer
from tr_apply.routing.engine.state import State

Scope = tuple[str, ...]
"""The SIDs of the resources above, from the workspace down; empty for a workspace."""

Values = dict[str, Any]
"""Column -> value, of the fields that a request sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A field of the form that creates or updates a resource.

    Attributes:
        name: As in ``FriendlyName``.
        column: Where it is stored; of a field that is not ``stored``, its name among the values.
        parse: The field's name and text -> the value; raises InvalidParameterError.
        on: Where it counts. Elsewhere it is ignored, as unknown fields are.
        required: Whether a resource cannot be created without it.
        default: The value at creation when it was left out.
        refers_to: Table of the same workspace that must hold the SID.
        stored: False for a field that is an instruction, such as ``Template``.
        repeats: Whether several values may be sent by repeating the field; they are stored as a comma list.
    """

    name: str
    column: str
    parse: Callable[[str, str], Any]
    on: Literal["create", "update", "both"] = "both"
    required: bool = False
    default: Any = None
    refers_to: str | None = None
    stored: bool = True
    repeats: bool = False


@dataclass(frozen=True, slots=True)
class ColumnFilter:
    """A query parameter of the list that SQLite can answer: *condition* has one ``?`` for the parsed value."""

    name: str
    condition: str
    parse: Callable[[str, str], Any]
    repeats: bool = False
    """Whether several values may be sent by repeating the parameter; they arrive as a comma list."""


Conditions = list[tuple[str, Any]]
"""Conditions in SQL, each with one ``?``, and their values."""


@dataclass(frozen=True, slots=True)
class Narrowing:
    """Query parameters that say together which items are meant."""

    names: tuple[str, ...]
    conditions: Callable[[Reader, Mapping[str, str]], Conditions]


@dataclass(frozen=True, slots=True)
class ItemFilter:
    """A query parameter of the list that needs an expression to be evaluated for every item.

    ``test`` takes a reader, the workspace's SID and the parameter's text, and returns the question to ask of items.
    """

    name: str
    test: Callable[[Reader, str, str], Callable[[Item], bool]]


class Change(NamedTuple):
    """A write as the hooks of a kind see it.

    Attributes:
        scope: Where the resource is.
        before: The resource as it was; None when it is being created.
        values: The fields that were sent, and at creation the defaults of the others.
    """

    scope: Scope
    before: Item | None
    values: Values

    def after(self, column: str) -> Any:
        """The new value of *column*."""
        before = self.before or {}
        return self.values.get(column, before.get(column))

    @property
    def known(self) -> Item:
        """The resource as it was, of a write to one that exists."""
        if self.before is None:
            raise LookupError("the resource is only being created")
        return self.before

    @property
    def workspace_sid(self) -> str:
        """The workspace that the resource is in, or is."""
        if self.scope:
            return self.scope[0]
        sid: str = (self.before or {}).get("sid", "")
        return sid


@dataclass(frozen=True, slots=True)
class RoutedActions:
    """The actions that create, change and remove a resource that takes part in routing.

    They call the engine of the session, which writes the rows. Each gets the session and the change; ``create`` returns
    the new SID. An action that is not possible is missing (None).
    """

    update: Callable[[Session, Change], None]
    create: Callable[[Session, Change], str] | None = None
    delete: Callable[[Session, Change], None] | None = None


def _as_sent(_writer: Writer, change: Change) -> Values:
    return change.values


def _nothing_more(*_change: object) -> None:
    pass


def _as_read(item: Item) -> Item:
    return item


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ServedKind:
    """A kind of resource that the embedded TaskRouter serves.

    Attributes:
        name: Its name in the program.
        table: Its table, if that has another name.
        noun: Its name in messages.
        sid_prefix: Two letters.
        collection: Path of the collection below ``/v1``, with the scope's columns in braces.
        list_key: Key of the items in a list answer.
        columns: Field of the answer -> SQL, in the order of the answer.
        source: The ``FROM`` clause.
        scope: Columns that hold the SIDs of the resources above, from the workspace down.
        parent: Name of the kind directly above; empty for a workspace.
        booleans: Fields of the answer that are booleans; SQLite has none.
        links: Name -> path below ``/v1``, with fields of the answer in braces; an empty field gives None.
        fields: The fields of a form.
        filters: The filters of a list.
        orderings: Name in ``Ordering`` -> column; without an ordering a list is in the order of creation.
        combinations: Columns that may be sorted together; empty if a list has at most one.
        named_by: Column of the name that must be unique in the workspace, ignoring case.
        names_repeat: Whether several may share a name after all.
        alias: Column that may replace the SID in a path.
        revision: Column of its revision, sent as ETag and checked against If-Match; empty for no revisions.
        creatable: Whether the API creates and deletes it; otherwise other resources do.
        changeable: Whether the API updates it.
        prepare: Applies checks of the kind, and returns the columns to write.
        settle: Makes further changes in the same transaction, after the resource is written.
        inform: Passes the resource in its present state to the engine, with the change; without one before a delete.
        routed: The actions that replace a plain write, for a resource in routing.
        shown: The item of a SID and its revision by the engine's data, sooner than by a query; None if it has none.
        shape: Turns the values of the columns into the item of the answer.
        paths: Fields of the item with a path below ``/v1``, answered as a URL.
        narrowing: The condition that several parameters of a list form together.
    """

    name: str
    noun: str
    sid_prefix: str
    collection: str
    list_key: str
    columns: Mapping[str, str]
    source: str
    scope: tuple[str, ...]
    parent: str
    fields: tuple[Field, ...]
    booleans: tuple[str, ...] = ()
    links: Mapping[str, str] = field(default_factory=dict)
    filters: tuple[ColumnFilter | ItemFilter, ...] = ()
    orderings: Mapping[str, str] = field(default_factory=dict)
    combinations: tuple[frozenset[str], ...] = ()
    named_by: str | None = None
    names_repeat: bool = False
    alias: str | None = None
    revision: str = ""
    creatable: bool = True
    changeable: bool = True
    prepare: Callable[[Writer, Change], Values] = _as_sent
    settle: Callable[[Writer, str, Change], None] = _nothing_more
    inform: Callable[[Session, Item, Change | None], None] = _nothing_more
    routed: RoutedActions | None = None
    shown: Callable[[State, Scope, str, int], tuple[Item, int] | None] | None = None
    shape: Callable[[Item], Item] = _as_read
    paths: tuple[str, ...] = ()
    narrowing: Narrowing | None = None
    table: str = ""

    def __post_init__(self) -> None:
        """Call the table as the kind unless it has a name of its own."""
        if not self.table:
            object.__setattr__(self, "table", self.name)

    @property
    def repeatable(self) -> frozenset[str]:
        """The query parameters that may be repeated."""
        return frozenset(each.name for each in self.filters if isinstance(each, ColumnFilter) and each.repeats)
