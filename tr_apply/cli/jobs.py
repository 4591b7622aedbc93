"""Several workspaces in one run: side by side, and what goes wrong with one does not stop the others."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, field

from tr_apply.cli.bounded import Deadline
from tr_apply.cli.targets import Clients, credentials_of
from tr_apply.config.load import Configuration
from tr_apply.deployment import Applied, Deployment, SavedDeployment
from tr_apply.errors import ConfigError, TrApplyError, UsageError
from tr_apply.findings import Finding, Severity
from tr_apply.plan.change import Plan
from tr_apply.plan.saved.origin import Origins
from tr_apply.routing.names import name_key

AnyDeployment = Deployment | SavedDeployment

SIDE_BY_SIDE = 8  # workspaces at once; requests are bounded by themselves


@dataclass(slots=True)
class Job:
    """One workspace of a run.

    Attributes:
        name: The PATH, or the file of a saved plan, as the user called it.
        configuration: What the PATH holds.
        saved: The plan, where it was saved before.
        targets: What shall be done alone.
        deployment: Reads and writes for it.
        plan: What is to be done.
        applied: What came of it.
        origins: Where the changes of the plan come from, where that was asked for.
        warnings: What a reader should know before it is done.
        error: Why it has ended.
    """

    name: str
    configuration: Configuration | None = None
    saved: Plan | None = None
    targets: Sequence[str] = ()
    deployment: AnyDeployment | None = None
    plan: Plan | None = None
    applied: Applied | None = None
    origins: Origins | None = None
    warnings: list[str] = field(default_factory=list)
    error: TrApplyError | None = None

    @property
    def exit_code(self) -> int:
        """What this one adds to the exit code."""
        return 0 if self.error is None else self.error.exit_code

    @property
    def workspace(self) -> str | None:
        """The workspace's name, as far as it is known."""
        if self.plan is not None:
            return self.plan.target.workspace
        return None if self.configuration is None else self.configuration.document.workspace.name

    def connect(self, clients: Clients) -> AnyDeployment:
        """Its deployment, with a client of *clients*.

        Raises:
            TargetError: when there is none for it.
        """
        configured = self._configured(clients)
        if self.saved is not None:
            client = clients.of(None) if configured is None else configured.client
            if not isinstance(self.deployment, SavedDeployment):
                self.deployment = SavedDeployment(self.saved, client, clients.region, configured)
            self.deployment.client, self.deployment.configuration = client, configured
            return self.deployment
        assert configured is not None
        if not isinstance(self.deployment, Deployment):
            self.deployment = configured
        self.deployment.client = configured.client
        return self.deployment

    def _configured(self, clients: Clients) -> Deployment | None:
        if self.configuration is None:
            return None
        client = clients.of(credentials_of(self.configuration))
        return Deployment(self.configuration, client, self.targets, clients.region)


def job_of(name: str, load: Callable[[], Configuration], targets: Sequence[str] = ()) -> Job:
    """The job for the configuration that *load* gives; if that is invalid, it has ended already."""
    job = Job(name, targets=targets)
    try:
        job.configuration = load()
    except UsageError:
        raise
    except TrApplyError as error:
        job.error = error
    return job


def live(jobs: Sequence[Job]) -> list[Job]:
    """Those that have not ended."""
    return [job for job in jobs if job.error is None]


Deed = Callable[[Job], Awaitable[None]]


class Crew:
    """Does something for each of several jobs, a bounded number of them at once, all before the same *deadline*."""

    def __init__(self, deadline: Deadline) -> None:
        self._deadline = deadline
        self._room = asyncio.Semaphore(SIDE_BY_SIDE)

    async def each(self, jobs: Sequence[Job], deed: Deed, done: Callable[[Job], None] = lambda _job: None) -> None:
        """Do *deed* for each of *jobs*; they are *done* in their order, each as soon as those before it are.

        An error of ours ends its own job; a bug is raised when all others have ended.
        """
        tasks = [asyncio.create_task(self._bounded(job, deed)) for job in jobs]
        bugs: list[BaseException] = []
        try:
            for job, task in zip(jobs, tasks, strict=True):
                await asyncio.wait([task])
                if (bug := task.exception()) is not None:
                    bugs.append(bug)
                else:
                    done(job)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        if bugs:
            raise bugs[0]

    async def _bounded(self, job: Job, deed: Deed) -> None:
        async with self._room:
            try:
                async with self._deadline.bound():
                    await deed(job)
            except TrApplyError as error:
                job.error = error


async def planned(jobs: Sequence[Job], clients: Clients, deadline: Deadline) -> None:
    """Make the plan of each of *jobs*."""

    async def plan(job: Job) -> None:
        job.plan = await job.connect(clients).plan()

    await Crew(deadline).each(live(jobs), plan)
    refuse_repeated(jobs)


def refuse_repeated(jobs: Sequence[Job]) -> None:
    """Two plans for one workspace would each be wrong as soon as the other is carried out: both end here."""
    by_place: dict[Hashable, list[Job]] = {}
    for job in live(jobs):
        for place in _places(job):
            by_place.setdefault(place, []).append(job)
    for same in by_place.values():
        for job in same if len(same) > 1 else ():
            others = ", ".join(each.name for each in same if each is not job)
            job.error = job.error or _repeated(job, others)


def _places(job: Job) -> Iterator[Hashable]:
    """What a workspace is known by: its SID now, its name in its account afterwards."""
    assert job.plan is not None
    assert job.deployment is not None
    target = job.plan.target
    yield id(job.deployment.client), name_key(target.workspace)
    if target.workspace_sid is not None:
        yield target.workspace_sid


def _repeated(job: Job, others: str) -> ConfigError:
    message = (
        f"{job.name} is for the workspace {job.workspace!r}, and so is {others}; nothing is done for either; "
        "make them one PATH, or leave one out"
    )
    return ConfigError([Finding(Severity.ERROR, "workspace-twice", message, file=job.name)])
