"""Questions to a live workspace; they write nothing."""

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

from tr_apply.config.load import Configuration
from tr_apply.deployment.clients import Clients
from tr_apply.deployment.deadline import Deadline

if TYPE_CHECKING:
    from tr_apply.client import Client
    from tr_apply.deployment.comparison import Compared
    from tr_apply.deployment.diagnosis import Diagnosis
    from tr_apply.deployment.people import LiveLook
    from tr_apply.deployment.record import RecordRequest, WorkspaceRecord
    from tr_apply.picture import Picture
    from tr_apply.rehearsal.live_facts import LiveRoute
    from tr_apply.rehearsal.offline_workspace import RouteRequest
    from tr_apply.resources.routing_test import OwnWorker
    from tr_apply.resources.yaml_text import Sections

T = TypeVar("T")


class Inquiries:
    """A TaskRouter that is asked. A workspace is named by its name or SID.

    Each question raises ``ApiError`` or ``NetworkError`` when the workspace cannot be read, another ``TrApplyError``
    when there is no such workspace, ``OutOfTimeError`` when the time of the connection is up, and ``TargetError`` when
    it has ended. Where a configuration is given, its ``credentials`` count.
    """

    def __init__(self, clients: Clients, deadline: Deadline) -> None:
        self._clients = clients
        self._deadline = deadline

    @property
    def deadline(self) -> Deadline:
        """When everything that is asked of it must have ended, and what it waits for."""
        return self._deadline

    async def _ask(self, question: "Callable[[Client], Awaitable[T]]", configuration: Configuration | None = None) -> T:
        credentials = None if configuration is None else configuration.document.workspace.credentials
        async with self._deadline.bound():
            return await question(self._clients.of(credentials))

    async def export(self, workspace: str) -> str:
        """A live workspace as YAML that plans empty."""
        from tr_apply.export import exported_text  # noqa: PLC0415  # as below: only what is asked is imported

        return exported_text(await self.sections(workspace))

    async def sections(self, workspace: str) -> "Sections":
        """The same by section, for a file each."""
        from tr_apply.export import sections_of  # noqa: PLC0415
        from tr_apply.reader import named_workspace, read_everything  # noqa: PLC0415

        async def read(client: "Client") -> "Sections":
            return sections_of(await read_everything(client, await named_workspace(client, workspace)))

        return await self._ask(read)

    async def live_configuration(self, configuration: Configuration) -> Configuration:
        """The live workspace that *configuration* is for, as the configuration that would make it."""
        from tr_apply.deployment.pictured import live_configuration  # noqa: PLC0415

        return await self._ask(lambda client: live_configuration(client, configuration), configuration)

    async def difference(self, before: Configuration | str, after: Configuration | str) -> "Compared":
        """The differences between two workspaces; a configuration and a live one are compared as in a plan.

        Raises:
            ConfigError: The configuration does not fit the live workspace.
        """
        from tr_apply.deployment.comparison import compared  # noqa: PLC0415

        files = (side for side in (before, after) if isinstance(side, Configuration))
        return await self._ask(lambda client: compared(client, before, after), next(files, None))

    async def picture(
        self, configuration: Configuration, against: Configuration | str | None = None, *, live: bool = False
    ) -> "Picture":
        """The routing of *configuration*, with the changes since *against*; with *live*, of the people who are live."""
        from tr_apply.deployment.pictured import picture_with_live  # noqa: PLC0415

        return await self._ask(
            lambda client: picture_with_live(client, configuration, against, live=live), configuration
        )

    async def route(
        self, workspace: str, request: "RouteRequest", configuration: Configuration | None = None
    ) -> "LiveRoute":
        """The route of a task if it were created now; values that *configuration* calls sensitive are hidden.

        Raises:
            UsageError: The workspace has no such workflow or channel.
        """
        from tr_apply.deployment.live_questions import route_of_new  # noqa: PLC0415

        document = None if configuration is None else configuration.document
        return await self._ask(lambda client: route_of_new(client, workspace, request, document), configuration)

    async def why(self, workspace: str, task_sid: str, configuration: Configuration | None = None) -> "LiveRoute":
        """Why a task waits, and what happens next; values that *configuration* calls sensitive are hidden."""
        from tr_apply.deployment.live_questions import route_of_task  # noqa: PLC0415

        document = None if configuration is None else configuration.document
        return await self._ask(lambda client: route_of_task(client, workspace, task_sid, document), configuration)

    async def people(self, configuration: Configuration, *, ask_server: bool = False) -> "LiveLook | None":
        """The people of the workspace that *configuration* is for; None where it is not live yet.

        With *ask_server*, TaskRouter is asked who matches each expression, three a second.
        """
        from tr_apply.deployment.configured import Configured  # noqa: PLC0415
        from tr_apply.deployment.people import look_at_live  # noqa: PLC0415

        source = Configured(configuration)
        return await self._ask(lambda client: look_at_live(client, source, ask_server=ask_server), configuration)

    async def staff(self, workspace: str, configuration: Configuration) -> "Sequence[OwnWorker]":
        """The people of a live workspace for routing tests of *configuration*: available, and without a task."""
        from tr_apply.deployment.people import live_staff  # noqa: PLC0415

        return await self._ask(lambda client: live_staff(client, workspace, configuration.document), configuration)

    async def record(self, workspace: str, request: "RecordRequest") -> "WorkspaceRecord":
        """The tasks that came to a live workspace, from its events, and a first load if *request* asks for one."""
        from tr_apply.deployment.record import recorded  # noqa: PLC0415

        return await self._ask(lambda client: recorded(client, workspace, request))

    async def diagnosis(self) -> "Diagnosis":
        """Whether this TaskRouter can be worked with: credentials, rights, limits, clock and proxy."""
        from tr_apply.deployment.diagnosis import diagnosed  # noqa: PLC0415

        return await self._ask(diagnosed)
