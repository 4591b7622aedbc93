"""The API's resources: creating, reading, changing, deleting and listing them, for every kind alike."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

from tr_apply.local.history.session import Session
from tr_apply.local.kinds.all_kinds import KINDS
from tr_apply.local.kinds.columns import Item
from tr_apply.local.kinds.kind import Change, Field, Scope, ServedKind, Values
from tr_apply.local.storage.clock import stored
from tr_apply.local.storage.database import Copy, Database, Reader, Writer
from tr_apply.local.storage.refusals import (
    DuplicateNameError,
    InvalidParameterError,
    NotFoundError,
    PreconditionFailedError,
)
from tr_apply.local.store.engines import Engines
from tr_apply.local.store.listing import read_page
from tr_apply.local.store.paging import Page
from tr_apply.local.store.rows import find
from tr_apply.local.store.rules import check_deletable
from tr_apply.routing.names import name_key

Form = Mapping[str, Sequence[str]]
"""Field -> the values it was sent with."""


class FoundItem(NamedTuple):
    """One resource, and the revision of those that have one."""

    item: Item
    revision: int | None


class Store:
    """All workspaces of one database.

    Every method takes the kind, and the SIDs of the resources above it as ``scope``. Every method raises
    NotFoundError when one of those, or the resource itself, does not exist, and RoutingRefusedError when the state of
    the routing does not allow the request.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self.engines = Engines(database)

    def close(self) -> None:
        """Release the database."""
        self.engines.keep()
        self._database.close()

    def copied(self) -> Copy:
        """Everything there is, in memory."""
        self.engines.keep()
        return self._database.copied()

    def restore(self, copy: Copy) -> None:
        """Have what a copy holds, and nothing else."""
        self.engines.keep()
        self._database.restore(copy)

    def empty(self) -> None:
        """Have nothing, as in the beginning."""
        self.engines.keep()
        self._database.empty()

    def follow_clock(self) -> None:
        """Have the time that the clock shows, even if that is earlier than before."""
        self._database.follow_clock()

    def require_nothing_after(self, moment_ms: int) -> None:
        """Raise InvalidParameterError if something has happened later than that: time never goes back."""
        with self.engines.read() as reader:
            latest = reader.value("SELECT written_ms FROM event ORDER BY position DESC LIMIT 1")
        if latest is not None and latest > moment_ms:
            raise InvalidParameterError(f"Time cannot go back to before the latest event, which is of {stored(latest)}")

    def create(self, kind: ServedKind, scope: Scope, form: Form) -> FoundItem:
        """Add a resource, with everything that comes with it.

        Raises:
            InvalidParameterError: A field is missing or wrong, or the name is taken.
        """
        with self.engines.write() as session:
            if len(scope) != 1 or not self._has_engine(session, scope):
                _require_parent(session.writer, kind, scope)
            change = Change(scope, None, _read_form(kind, form, creating=True))
            _check_references(session.writer, kind, change)
            if kind.routed and kind.routed.create:
                sid = kind.routed.create(session, change)
            else:
                sid = _insert(session, kind, change)
            return _present(session, kind, scope, sid)

    def fetch(self, kind: ServedKind, scope: Scope, key: str) -> FoundItem:
        """The resource with *key* for its SID or its alias."""
        with self.engines.read(_workspace_sid(scope)) as reader:
            return _found(reader, kind, scope, key)

    def update(self, kind: ServedKind, scope: Scope, key: str, form: Form, *, if_match: str | None = None) -> FoundItem:
        """Change the fields that were sent, and no other.

        Raises:
            InvalidParameterError: A field is wrong, or the name is taken.
            PreconditionFailedError: *if_match* is another revision than the present one.
        """
        with self.engines.write() as session:
            self._catch_up(session, scope)
            before = _present(session, kind, scope, key)
            _check_revision(before, if_match)
            values = _read_form(kind, form, creating=False)
            if not values:
                return before
            change = Change(scope, before.item, values)
            _check_references(session.writer, kind, change)
            if kind.routed:
                kind.routed.update(session, change)
            else:
                _update(session, kind, change)
            return _present(session, kind, scope, before.item["sid"])

    def delete(self, kind: ServedKind, scope: Scope, key: str, *, if_match: str | None = None) -> None:
        """Remove a resource, with everything in it.

        Raises:
            InvalidParameterError: Something depends on it.
            PreconditionFailedError: *if_match* is another revision than the present one.
        """
        with self.engines.write() as session:
            self._catch_up(session, scope)
            found = _found(session.writer, kind, scope, key)
            _check_revision(found, if_match)
            check_deletable(session.writer, kind, found.item)
            if kind.routed and kind.routed.delete:
                kind.routed.delete(session, Change(scope, found.item, {}))
            else:
                kind.inform(session, found.item, None)
                session.writer.delete(kind.table, found.item["sid"])

    def list(self, kind: ServedKind, scope: Scope, query: Mapping[str, str]) -> Page:
        """One page of the resources that *query* selects, in the order of creation unless it says otherwise.

        Raises:
            InvalidParameterError: A parameter is wrong.
            AbsolutePagingError: A page is asked for by number alone.
        """
        with self.engines.read(_workspace_sid(scope)) as reader:
            _require_parent(reader, kind, scope)
            return read_page(reader, kind, scope, query)

    def _catch_up(self, session: Session, scope: Scope) -> None:
        """Carry out everything due in the workspace, so the transaction sees the present state."""
        if scope and (self._has_engine(session, scope) or _is_workspace(session.writer, scope[0])):
            session.engine(scope[0])
            session.keep()

    def _has_engine(self, session: Session, scope: Scope) -> bool:
        """Whether the workspace exists, without a question to the file."""
        return self.engines.has(scope[0], session.writer)


def _workspace_sid(scope: Scope) -> str | None:
    return scope[0] if scope else None


def _insert(session: Session, kind: ServedKind, change: Change) -> str:
    writer = session.writer
    row = _prepared(writer, kind, change)
    if change.scope:
        row["workspace_sid"] = change.workspace_sid
        session.engine(change.workspace_sid)  # as it was before there was this row
    sid = writer.insert(kind.table, kind.sid_prefix, row)
    kind.settle(writer, sid, change)
    kind.inform(session, _found(writer, kind, change.scope, sid).item, change)
    return sid


def _update(session: Session, kind: ServedKind, change: Change) -> None:
    writer, sid = session.writer, change.known["sid"]
    writer.update(kind.table, sid, _prepared(writer, kind, change))
    kind.settle(writer, sid, change)
    kind.inform(session, _found(writer, kind, change.scope, sid).item, change)


def _found(reader: Reader, kind: ServedKind, scope: Scope, key: str) -> FoundItem:
    found = find(reader, kind, scope, key)
    if found is None:
        raise NotFoundError
    return FoundItem(*found)


def _present(session: Session, kind: ServedKind, scope: Scope, key: str) -> FoundItem:
    """The resource as it is in this transaction."""
    if kind.shown is None:
        session.keep()
        return _found(session.writer, kind, scope, key)
    found = kind.shown(session.engine(scope[0]).state, scope, key, session.now_ms)
    if found is None:
        raise NotFoundError
    return FoundItem(*found)


def _require_parent(reader: Reader, kind: ServedKind, scope: Scope) -> None:
    if len(scope) == 1:
        if not _is_workspace(reader, scope[0]):
            raise NotFoundError
    elif scope:
        _found(reader, KINDS[kind.parent], scope[:-1], scope[-1])


def _is_workspace(reader: Reader, sid: str) -> bool:
    return reader.row("SELECT 1 FROM workspace WHERE sid = ?", (sid,)) is not None


def _read_form(kind: ServedKind, form: Form, *, creating: bool) -> Values:
    """The values of the fields that count now; at creation with defaults, otherwise only of those that were sent."""
    fields, required, defaults = _fields_of(kind, "create" if creating else "update")
    values: Values = dict(defaults) if creating else {}
    for name, texts in form.items():
        if (each := fields.get(name)) is not None:
            text = ",".join(texts) if each.repeats else texts[-1]
            if text or not (creating and each.required):
                values[each.column] = each.parse(name, text)
    if creating:
        for each in required:
            if each.column not in values:
                raise InvalidParameterError(f"Missing required parameter {each.name} in the post body")
    return values


@cache
def _fields_of(kind: ServedKind, when: str) -> tuple[Mapping[str, Field], Sequence[Field], Values]:
    """The fields that count then, by name, those of them that are required, and the defaults of the others."""
    fields = {each.name: each for each in kind.fields if each.on in ("both", when)}
    required = [each for each in fields.values() if each.required]
    return fields, required, {each.column: each.default for each in fields.values() if not each.required}


def _prepared(writer: Writer, kind: ServedKind, change: Change) -> Values:
    """The columns to write, once everything that could forbid it was checked."""
    values = kind.prepare(writer, change)
    transient = {each.column for each in kind.fields if not each.stored}
    row = {column: value for column, value in values.items() if column not in transient}
    if kind.named_by in row:
        row["name_key"] = name_key(row[kind.named_by])
        _check_name(writer, kind, change, row["name_key"])
    return row


def _check_references(writer: Writer, kind: ServedKind, change: Change) -> None:
    for each, referred in _referring_fields(kind):
        sid = change.values.get(each.column)
        if sid and not find(writer, referred, (change.workspace_sid,), sid):
            raise InvalidParameterError(f"{each.name} {sid} was not found in workspace {change.workspace_sid}")


@cache
def _referring_fields(kind: ServedKind) -> Sequence[tuple[Field, ServedKind]]:
    """The fields that hold a SID, each with the kind of the resource that must be there."""
    return [(each, KINDS[each.refers_to]) for each in kind.fields if each.refers_to]


def _check_name(writer: Writer, kind: ServedKind, change: Change, key: str) -> None:
    own_sid = change.known["sid"] if change.before else ""
    if not kind.names_repeat and writer.same_name(kind.table, change.workspace_sid, key, own_sid):
        name: Any = change.after(kind.named_by or "")
        raise DuplicateNameError(f"{kind.noun} named {name} already exists for workspace {change.workspace_sid}")


def _check_revision(found: FoundItem, if_match: str | None) -> None:
    """Revisions are compared with and without quotes, as clients send them; resources without one ignore If-Match."""
    if if_match is None or found.revision is None:
        return
    revisions = {each.strip().removeprefix("W/").strip('"') for each in if_match.split(",")}
    if not revisions & {str(found.revision), "*"}:
        raise PreconditionFailedError(
            f"If-Match names revision {', '.join(sorted(revisions))}; the present one is {found.revision}"
        )
