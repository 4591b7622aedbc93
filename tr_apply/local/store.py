"""The API's resources: creating, reading, changing, deleting and listing them, for every kind alike."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tr_apply.local.database import Database, Reader, Writer
from tr_apply.local.kind import Change, Field, Item, Kind, Scope, Values, name_key
from tr_apply.local.kinds import KINDS
from tr_apply.local.listing import read_page
from tr_apply.local.paging import Page
from tr_apply.local.refusals import (
    DuplicateNameError,
    InvalidParameterError,
    NotFoundError,
    PreconditionFailedError,
)
from tr_apply.local.rows import find
from tr_apply.local.rules import check_deletable

Form = Mapping[str, Sequence[str]]
"""Field -> the values it was sent with."""


@dataclass(frozen=True, slots=True)
class Found:
    """One resource, and the revision of those that have one."""

    item: Item
    revision: int | None


class Store:
    """All workspaces of one database.

    Every method takes the kind, and the SIDs of the resources above it as ``scope``. Every method raises
    NotFoundError when one of those, or the resource itself, does not exist.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def close(self) -> None:
        """Release the database."""
        self._database.close()

    def create(self, kind: Kind, scope: Scope, form: Form) -> Found:
        """Add a resource, with everything that comes with it.

        Raises:
            InvalidParameterError: A field is missing or wrong, or the name is taken.
        """
        with self._database.write() as writer:
            _require_parent(writer, kind, scope)
            values = _read_form(kind, form, creating=True)
            change = Change(scope, None, values)
            row = _prepared(writer, kind, change)
            sid = writer.insert(kind.name, kind.sid_prefix, row)
            kind.settle(writer, sid, change)
            return _found(writer, kind, scope, sid)

    def fetch(self, kind: Kind, scope: Scope, key: str) -> Found:
        """The resource with *key* for its SID or its alias."""
        with self._database.read() as reader:
            return _found(reader, kind, scope, key)

    def update(self, kind: Kind, scope: Scope, key: str, form: Form, *, if_match: str | None = None) -> Found:
        """Change the fields that were sent, and no other.

        Raises:
            InvalidParameterError: A field is wrong, or the name is taken.
            PreconditionFailedError: *if_match* is another revision than the present one.
        """
        with self._database.write() as writer:
            before = _found(writer, kind, scope, key)
            _check_revision(before, if_match)
            values = _read_form(kind, form, creating=False)
            if not values:
                return before
            sid = before.item["sid"]
            change = Change(scope, before.item, values)
            row = _prepared(writer, kind, change)
            if before.revision is not None:
                row["revision"] = before.revision + 1
            writer.update(kind.name, sid, row)
            kind.settle(writer, sid, change)
            return _found(writer, kind, scope, sid)

    def delete(self, kind: Kind, scope: Scope, key: str, *, if_match: str | None = None) -> None:
        """Remove a resource, with everything in it.

        Raises:
            InvalidParameterError: Something depends on it.
            PreconditionFailedError: *if_match* is another revision than the present one.
        """
        with self._database.write() as writer:
            found = _found(writer, kind, scope, key)
            _check_revision(found, if_match)
            check_deletable(writer, kind, found.item)
            writer.delete(kind.name, found.item["sid"])

    def list(self, kind: Kind, scope: Scope, query: Mapping[str, str]) -> Page:
        """One page of the resources that *query* selects, in the order of creation unless it says otherwise.

        Raises:
            InvalidParameterError: A parameter is wrong.
            AbsolutePagingError: A page is asked for by number alone.
        """
        with self._database.read() as reader:
            _require_parent(reader, kind, scope)
            return read_page(reader, kind, scope, query)


def _found(reader: Reader, kind: Kind, scope: Scope, key: str) -> Found:
    found = find(reader, kind, scope, key)
    if found is None:
        raise NotFoundError
    return Found(*found)


def _require_parent(reader: Reader, kind: Kind, scope: Scope) -> None:
    if scope:
        _found(reader, KINDS[kind.parent], scope[:-1], scope[-1])


def _read_form(kind: Kind, form: Form, *, creating: bool) -> Values:
    """The values of the fields that count now; at creation with defaults, otherwise only of those that were sent."""
    values: Values = {}
    for each in kind.fields:
        if each.on not in ("both", "create" if creating else "update"):
            continue
        text = _text(each, form)
        if text is not None and not (creating and each.required and not text):
            values[each.column] = each.parse(each.name, text)
        elif creating and each.required:
            raise InvalidParameterError(f"Missing required parameter {each.name} in the post body")
        elif creating:
            values[each.column] = each.default
    return values


def _text(each: Field, form: Form) -> str | None:
    texts = form.get(each.name)
    if not texts:
        return None
    return ",".join(texts) if each.repeats else texts[-1]


def _prepared(writer: Writer, kind: Kind, change: Change) -> Values:
    """The columns to write, once everything that could forbid it was checked."""
    _check_references(writer, kind, change)
    values = kind.prepare(writer, change)
    transient = {each.column for each in kind.fields if not each.stored}
    row = {column: value for column, value in values.items() if column not in transient}
    if change.before is None and change.scope:
        row["workspace_sid"] = change.workspace_sid
    if kind.named_by in row:
        row["name_key"] = name_key(row[kind.named_by])
        _check_name(writer, kind, change, row["name_key"])
    return row


def _check_references(writer: Writer, kind: Kind, change: Change) -> None:
    for each in kind.fields:
        sid = change.values.get(each.column) if each.refers_to else None
        if sid and not find(writer, KINDS[each.refers_to or ""], (change.workspace_sid,), sid):
            raise InvalidParameterError(f"{each.name} {sid} was not found in workspace {change.workspace_sid}")


def _check_name(writer: Writer, kind: Kind, change: Change, key: str) -> None:
    own_sid = change.before["sid"] if change.before else ""
    if not kind.names_repeat and writer.same_name(kind.name, change.workspace_sid, key, own_sid):
        name: Any = change.after(kind.named_by or "")
        raise DuplicateNameError(f"{kind.noun} named {name} already exists for workspace {change.workspace_sid}")


def _check_revision(found: Found, if_match: str | None) -> None:
    """Revisions are compared with and without quotes, as clients send them; resources without one ignore If-Match."""
    if if_match is None or found.revision is None:
        return
    revisions = {each.strip().removeprefix("W/").strip('"') for each in if_match.split(",")}
    if not revisions & {str(found.revision), "*"}:
        raise PreconditionFailedError(
            f"If-Match names revision {', '.join(sorted(revisions))}; the present one is {found.revision}"
        )
