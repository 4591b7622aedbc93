"""A configuration that an embedded TaskRouter begins with, and follows."""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from tr_apply.client import Client
from tr_apply.config.files import SUFFIXES
from tr_apply.config.load import Configuration, Inputs, load
from tr_apply.deployment.applied import Applied
from tr_apply.deployment.clients import LOCAL
from tr_apply.deployment.configured import Configured
from tr_apply.deployment.deployment import Deployment
from tr_apply.deployment.run import Run
from tr_apply.errors import RefusedError
from tr_apply.lint import lint
from tr_apply.plan.checks.consent import Approval, Consent
from tr_apply.plan.impact import Extent
from tr_apply.reader import named_workspace, read_everything
from tr_apply.resources import WORKSPACE
from tr_apply.transport import Connection, in_process

LOOK_EVERY_S: Final = 0.5
_BEGIN_ANEW: Final = (
    "A seed has nobody's consent to delete. To begin anew, start with an empty database (--db), or with --control "
    "and POST /_tr-apply/reset"
)

_OF_CONFIGURATIONS: Final = (*SUFFIXES, ".csv")
_OF_OTHERS: Final = "node_modules"

Stamp = tuple[str, int, int]
"""Path, time of the last change in nanoseconds, and size of a file."""


@dataclass(frozen=True, slots=True)
class Seed:
    """A configuration on its way into an embedded TaskRouter.

    Attributes:
        path: Where the configuration is.
        app: The embedded TaskRouter.
        connection: With what it lets us in.
        environment: Where variables come from.
    """

    path: Path
    app: Any
    connection: Connection
    environment: Mapping[str, str]
    _read: set[Path] = field(default_factory=set, init=False)
    _seen: set[Stamp] = field(default_factory=set, init=False)

    async def plant(self) -> Applied:
        """Make the workspace what the configuration says, as an apply without a question does.

        Raises:
            ConfigError: when the configuration is invalid or does not fit the workspace.
            RefusedError: when something must be deleted that nobody agreed to.
            TrApplyError: when it could not be done.
        """
        async with Client(self.connection, through=in_process(self.app)) as client:
            try:
                return await _planted(self._loaded(), client, Consent())
            except RefusedError as error:
                raise RefusedError(f"{error}\n{_BEGIN_ANEW}") from error

    async def changes(self) -> AsyncIterator[None]:
        """Each time that a file is found to have changed since the configuration was read."""
        while True:
            if self._stamps() != self._seen:
                yield
            await asyncio.sleep(LOOK_EVERY_S)

    def _loaded(self) -> Configuration:
        self._seen.clear()
        self._seen.update(self._stamps())  # before it is read, or a change in between would be missed
        configuration = load(self.path, Inputs(environment=self.environment))
        more = {*map(Path, configuration.notes.sources.names)} - self._read
        self._read.update(more)
        self._seen.update(_stamps(more))
        lint(configuration, today=datetime.now(UTC).date())
        configuration.require_valid()
        return configuration

    def _stamps(self) -> set[Stamp]:
        """Of all files that may belong to it: a log or a database next to them changes with each application."""
        root = self.path if self.path.is_dir() else self.path.parent
        return _stamps({*_files_of_configurations(root), *self._read})


async def seeded_sids(configuration: Configuration, connection: Connection) -> dict[str, str]:
    """Make a test's embedded TaskRouter what *configuration* says, and return the SIDs of the workspace.

    They are under ``workspace``, and under kind and name as in ``workflow/Voice``. Deletes need no consent.

    Raises:
        ConfigError: when the configuration does not fit the workspace.
        TrApplyError: when it could not be done.
    """
    # One request at a time: the order of the workers decides who is offered a task first.
    async with Client(connection, concurrency=1) as client:
        applied = await _planted(configuration, client, Consent(Approval.REVIEWED))
        assert applied.left is not None  # as it was verified
        live = await named_workspace(
            client, applied.created or applied.left.target.workspace_sid or applied.left.target.workspace
        )
        snapshot = await read_everything(client, live, channels=False)
        return {WORKSPACE.name: live.sid, **{f"{each.kind}/{each.name}": each.sid for each in snapshot.each()}}


async def _planted(configuration: Configuration, client: Client, consent: Consent) -> Applied:
    source = Configured(configuration, extent=Extent.NONE)  # nobody works in it
    deployment = Deployment(source, client, LOCAL, configuration.path)
    plan = await deployment.plan()
    if not plan.operations:
        return Applied([], verified=True, left=plan)
    return await deployment.apply(plan, consent, Run(rechecks=False))


def _files_of_configurations(root: Path) -> Iterator[Path]:
    for folder, folders, names in os.walk(root):
        folders[:] = [each for each in folders if not each.startswith(".") and each != _OF_OTHERS]
        yield from (Path(folder, name) for name in names if name.endswith(_OF_CONFIGURATIONS) and name[0] != ".")


def _stamps(paths: set[Path]) -> set[Stamp]:
    return set(filter(None, map(_stamp_of, paths)))


def _stamp_of(path: Path) -> Stamp | None:
    try:
        found = path.stat()
    except OSError:  # deleted since it was listed
        return None
    return str(path), found.st_mtime_ns, found.st_size
