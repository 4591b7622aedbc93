"""The embedded TaskRouter: the REST API of TaskRouter in one process, over one SQLite file.

``tr-apply serve`` puts it on a socket; ``--local`` calls it in process, at the same time on the same file if need be::

    app = open_app(".tr-apply/local.db")
    client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://local", auth=("local", "local"))
    ...
    app.close()
"""

from pathlib import Path
from typing import TYPE_CHECKING

from tr_apply.local.storage.clock import Clock, wall_clock

if TYPE_CHECKING:
    from tr_apply.local.http.app import Callbacks, LocalTaskRouter


def open_app(
    path: str | Path,
    *,
    account_sid: str | None = None,
    auth_token: str | None = None,
    clock: Clock = wall_clock,
    callbacks: "Callbacks | None" = None,
) -> "LocalTaskRouter":
    """The application with its database opened, which is created with its folder where missing.

    Without *account_sid* and *auth_token* everyone with a user name and a password is let in. Without *callbacks*
    nobody is called. Call ``close()`` on it when no request is under way any more.

    Raises:
        TargetError: The file cannot be used.
    """
    from tr_apply.local.http.app import create_app  # noqa: PLC0415  # starlette is for those who open one
    from tr_apply.local.storage.database import Database  # noqa: PLC0415
    from tr_apply.local.storage.turns import opened_in_turn  # noqa: PLC0415
    from tr_apply.local.store.store import Store  # noqa: PLC0415

    store = Store(opened_in_turn(lambda: Database.open(path, clock)))
    return create_app(store, account_sid=account_sid, auth_token=auth_token, callbacks=callbacks)


async def open_in_process(path: str | Path) -> "LocalTaskRouter":
    """The application for a single client in this process. A file that cannot be used raises an exception there.

    With an answer of 503 instead, the client would retry for a long time.

    Raises:
        TargetError: The file cannot be used. The application raises it as well, in place of an answer.
    """
    from tr_apply.local.http.app import create_app  # noqa: PLC0415
    from tr_apply.local.storage.database import Database  # noqa: PLC0415
    from tr_apply.local.storage.turns import in_turn  # noqa: PLC0415
    from tr_apply.local.store.store import Store  # noqa: PLC0415

    async def opened() -> Database:
        return Database.open(path)

    return create_app(Store(await in_turn(opened)), in_process=True)
