"""TaskRouter's own answers about who matches an expression, compared with ours."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from typing import Any, Final

from tr_apply.client import Client
from tr_apply.errors import ApiError
from tr_apply.findings import Finding, KeyPath, Spot, found_by
from tr_apply.lint.declarations import Declarations, condition
from tr_apply.lint.expressions import placed_texts
from tr_apply.lint.member_rules import SERVER_DISAGREES
from tr_apply.live import Live
from tr_apply.plan.matching.matched import expression_names
from tr_apply.resources import WORKER
from tr_apply.resources.document import Document
from tr_apply.routing.evaluate import compiled
from tr_apply.routing.nodes import Path, comparisons, paths
from tr_apply.routing.place import Place
from tr_apply.wire import readable_json

_PAUSE_S: Final = 0.34
"""TaskRouter answers three questions a second about the workers of an expression."""

_NAMED: Final = 5
_BAD_REQUEST: Final = 400
_REFUSED: Final = "TaskRouter refuses {text!r}, which tr-apply can read: {error}; please report this"
_WORKER: Final = "worker."


def live_attributes(worker: Live) -> Mapping[str, Any]:
    """Its attributes; none where they cannot be read."""
    found = readable_json(worker, "attributes")
    return found if isinstance(found, dict) else {}


class Questions:
    """The expressions of *document* that TaskRouter can be asked about: without SIDs, which are made up here."""

    def __init__(self, document: Document) -> None:
        self._texts = [
            each
            for each in placed_texts(Declarations(document))
            if each.path[0] != "manage" and "${" not in each.template and condition(each.text) is not None
        ]

    def each(self) -> Iterator[tuple[str, KeyPath]]:
        """Every one once: of queues, and of targets that read nothing but the worker."""
        asked = dict[str, KeyPath]()
        for each in self._texts:
            if each.place is Place.QUEUE:
                asked.setdefault(each.text, each.path)
            elif each.place is Place.TARGET and (text := _of_workers(each.text)) is not None:
                asked.setdefault(text, each.path)
        yield from asked.items()

    async def differences(self, client: Client, workspace: Live, workers: Sequence[Live]) -> AsyncIterator[Finding]:
        """Each expression that TaskRouter refuses, or for which it finds other *workers* than we do; asked twice.

        Raises:
            ApiError, NetworkError: when it cannot be asked.
        """
        for text, path in self.each():
            try:
                names = await _differing(client, workspace, workers, text)
            except ApiError as error:
                if error.status != _BAD_REQUEST:
                    raise
                yield found_by(SERVER_DISAGREES, _REFUSED.format(text=text, error=error), Spot(path))
                continue
            if names:  # somebody may have changed in between
                now = await client.resources(WORKER, workspace.sid)
                again = await _differing(client, workspace, now, text)
                names = {name: answer for name, answer in names.items() if again.get(name) == answer}
            if names:
                yield found_by(SERVER_DISAGREES, _message(text, names), Spot(path))

    @property
    def unasked(self) -> int:
        """How many expressions of targets read the worker and the task."""
        both = {"worker", "task"}
        texts = {each.text for each in self._texts if each.place is Place.TARGET}
        return sum(both <= {path.segments[0] for path in _asked(text)} for text in texts)


def _asked(text: str) -> Sequence[Path]:
    tree = condition(text)
    assert tree is not None
    return [path for comparison in comparisons(tree) for path in paths(comparison)]


def _of_workers(text: str) -> str | None:
    """The expression of a target as one of a queue, which has no prefix; None of one that reads anything else.

    Loads change from one moment to the next, so nothing is asked that reads them.
    """
    found = {path.offset: path.segments for path in _asked(text)}
    for start, segments in sorted(found.items(), reverse=True):
        if not text.startswith(_WORKER, start) or segments[1] == "channel":
            return None
        text = text[:start] + text[start + len(_WORKER) :]
    return text if found else None


async def _differing(client: Client, workspace: Live, workers: Sequence[Live], text: str) -> dict[str, bool]:
    """The workers about whom TaskRouter answers otherwise, and whether it says that they match."""
    tree = condition(text)
    assert tree is not None
    await asyncio.sleep(_PAUSE_S)
    matching = {each.sid for each in await client.workers_matching(workspace.sid, text)}
    matches = compiled(tree)
    ours = {each.sid for each in workers if matches(expression_names(each, live_attributes(each)))}
    return {each.name: each.sid in matching for each in workers if (each.sid in matching) is not (each.sid in ours)}


def _message(text: str, names: Mapping[str, bool]) -> str:
    told = [f"{name} ({'matches' if answer else 'does not match'})" for name, answer in sorted(names.items())[:_NAMED]]
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return (
        f"TaskRouter answers otherwise than tr-apply for {text!r}: by TaskRouter {', '.join(told)}{more}, "
        "by tr-apply the reverse; please report this with the attributes of the worker"
    )
