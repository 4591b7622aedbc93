"""The files that an apply leaves besides its result: ``--journal`` and ``--undo-out``."""

import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tr_apply.api.configurations import StrPath
from tr_apply.apply import Status
from tr_apply.client import Client
from tr_apply.config.load import Configuration
from tr_apply.deployment.applied import Applied
from tr_apply.deployment.begun import keep_begun
from tr_apply.deployment.fleet import Member
from tr_apply.deployment.journaled import before_lines
from tr_apply.deployment.run import After
from tr_apply.deployment.saved_file import require_plan_or_nothing
from tr_apply.deployment.undo import Undo
from tr_apply.envelope import simple_error
from tr_apply.errors import IncompleteError, TrApplyError
from tr_apply.journal import Journal
from tr_apply.plan.change import Plan
from tr_apply.plan.saved.document import checked_envelope, plan_document, plan_id
from tr_apply.transport import Observer
from tr_apply.whole_file import write_file

_UNFINISHED = "the apply that this would undo did not finish; its journal shows what it did"


@dataclass(slots=True)
class Records:
    """Where an apply of one or several workspaces writes down what it does.

    Attributes:
        journal: Gets a line before and after each request; None for no journal.
        undo_file: Gets the plans that take everything back; None for no such file.
    """

    journal: Journal | None = None
    undo_file: Path | None = None
    _ways_back: list[Plan] = field(default_factory=list)

    @property
    def observers(self) -> Sequence[Observer]:
        """The observers of every request."""
        return () if self.journal is None else (self.journal,)

    def begin(self) -> None:
        """Make sure, before anything is written to a workspace, that it can be written down.

        Raises:
            TrApplyError: when it cannot.
        """
        if self.undo_file is not None:
            require_plan_or_nothing(self.undo_file, "name another file for --undo-out")
            self._save([simple_error("unfinished", _UNFINISHED)])

    def unchanged(self, plans: Sequence[Plan]) -> None:
        """Record that *plans* change nothing, so there is nothing to undo.

        Raises:
            TrApplyError: The record cannot be written.
        """
        self._ways_back += plans
        if self.undo_file is not None:
            self._save()

    def record_of(self, member: Member) -> "_WrittenRecord":
        """The record of the operations of *member*."""
        return _WrittenRecord(self, member.configuration, is_expected=member.consent.plan_id is not None)

    async def before(self, client: Client, plan: Plan, protected: Sequence[str]) -> Undo | None:
        """To be called right before *plan* is carried out.

        Raises:
            TrApplyError: when the journal cannot be written, or the workspace not be read.
        """
        if self.journal is None and self.undo_file is None:
            return None
        undo = await Undo.begin(client, plan, protected=protected)
        if self.journal is not None:
            name = self._note_begin(self.journal, plan, protected)
            for line in () if undo.before is None else before_lines(plan, undo.before):
                self.journal.note("before", {"plan_id": name, **line})
        return None if self.undo_file is None else undo

    def _note_begin(self, journal: Journal, plan: Plan, protected: Sequence[str]) -> str:
        """The plan's id, as it was noted."""
        target = plan.target
        document = plan_document(plan)
        name: str = document["plan_id"]
        place = {"account_sid": target.account_sid, "region": target.region, "workspace_sid": target.workspace_sid}
        size = {"operations": len(plan.operations), "requests": plan.requests}
        whole = {"plan": document, "protected": [*protected]}
        journal.note("begin", {"plan_id": name, "workspace": target.workspace, **place, **size, **whole})
        return name

    async def after(self, client: Client, plan: Plan, applied: Applied, undo: Undo | None) -> None:
        """To be called when *plan* has been carried out, or as much of it as could be.

        Raises:
            IncompleteError: when that could not be written down.
        """
        try:
            if self.journal is not None:
                left = [each for each in applied.results if each.status is not Status.DONE]
                states = {each.operation.id: each.status.value for each in left}
                self.journal.note("end", {"plan_id": plan_id(plan), "verified": applied.verified, "not_done": states})
            if undo is not None:
                way_back = await undo.plan(client)
                self._ways_back.append(way_back)
                self._save()
                applied.notes += [f"not taken back by --undo-out: {each.message}" for each in way_back.diagnostics]
        except TrApplyError as error:
            raise IncompleteError(f"the changes were made, but the undo plan could not be written: {error}") from error

    def _save(self, errors: Sequence[dict[str, object]] = ()) -> None:
        assert self.undo_file is not None
        plans = [plan_document(each) for each in self._ways_back]
        text = checked_envelope("plan", 1 if errors else 0, {"plans": plans}, errors)
        write_file(self.undo_file, text, private=True)


@dataclass(frozen=True, slots=True)
class _WrittenRecord:
    """Records the operations of one workspace."""

    records: Records
    configuration: Configuration | None
    is_expected: bool

    async def before(self, client: Client, plan: Plan) -> After:
        """As ``Records.before``; what it returns is called when the plan was carried out."""
        if self.is_expected and self.configuration is not None:
            keep_begun(plan, self.configuration)
        protected = () if self.configuration is None else self.configuration.document.safety.protect
        undo = await self.records.before(client, plan, protected)

        async def after(applied: Applied) -> None:
            await self.records.after(client, plan, applied, undo)

        return after


@contextmanager
def records(journal: StrPath | None = None, undo: StrPath | None = None) -> Iterator[Records]:
    """The records of one run: a *journal*, and a saved plan that undoes the run.

    Raises:
        TrApplyError: when the journal cannot be opened.
    """
    undo_file = None if undo is None else Path(undo)
    if journal is None:
        yield Records(None, undo_file)
        return
    with Journal(Path(journal), secrets.token_hex(8)) as opened:
        yield Records(opened, undo_file)
