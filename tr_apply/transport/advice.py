"""Advice for a login that TaskRouter refuses."""

import re
from typing import Final

from tr_apply.routing.names import is_sid
from tr_apply.transport.call import Call, Connection

_UNAUTHORIZED, _FORBIDDEN = 401, 403
_INNER_CAPITAL: Final = re.compile(r"(?<=[a-z])(?=[A-Z])")
_VERBS: Final = {"GET": "read", "DELETE": "delete"}


def advice(status: int, call: Call, connection: Connection) -> str:
    """An addition to the message of a refusal: the variables with the refused credentials, or the missing right."""
    if status not in {_UNAUTHORIZED, _FORBIDDEN} or not connection.variables:
        return ""
    names = " and ".join(connection.variables)
    found = ""
    if status == _UNAUTHORIZED:
        found = f"; the credentials in {names} were refused"
        if connection.region is not None:
            found += f" (each region of Twilio has credentials of its own, and this is {connection.region})"
    if connection.is_key:
        found += f"; a restricted key needs the TaskRouter permission to {_permission(call)}"
    elif status == _FORBIDDEN:
        found = f"; the credentials in {names} may not {_permission(call)}"
    return found


def _permission(call: Call) -> str:
    """The action of *call*, as in "update task queues"."""
    parts = call.place.strip("/").split("/")
    is_one = is_sid(parts[-1])
    what = _INNER_CAPITAL.sub(" ", parts[-2] if is_one else parts[-1]).lower()
    return f"{_VERBS.get(call.method, 'update' if is_one else 'create')} {what}"
