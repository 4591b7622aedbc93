"""Blocks the creation of a workspace if another live one holds most of its declared names: it may have been renamed."""

import json
from collections.abc import Mapping, Sequence

from tr_apply.frozen import frozen
from tr_apply.live import Live
from tr_apply.plan.change import Action, Blocked, Operation
from tr_apply.resources import TASK_QUEUE, WORKER, WORKSPACE, Kind
from tr_apply.resources.document import Document
from tr_apply.resources.seeds import seeds
from tr_apply.routing.names import name_key

SUSPECTED_WORKSPACE_RENAME = "suspected-workspace-rename"
TELLING_KINDS = (TASK_QUEUE, WORKER)
"""Kinds whose names distinguish one contact centre from another."""

_FEWEST = 3  # common names; fewer may be a coincidence


@frozen
class OtherWorkspace:
    """Another live workspace of the account.

    Attributes:
        live: The workspace.
        names: The keys of the names of its resources, by kind.
    """

    live: Live
    names: Mapping[str, frozenset[str]]


def declared_names(document: Document, kind: Kind) -> frozenset[str]:
    """The keys of the names that *document* declares, without seeds; empty if they are too few to compare."""
    seeded = {
        name_key(kind.name_of(each)) for each in seeds(multi_task_enabled=True, template="FIFO").get(kind.name, ())
    }
    names = frozenset(name_key(kind.name_of(each)) for each in getattr(document, kind.section)) - seeded
    return names if len(names) >= _FEWEST else frozenset()


def suspected_workspace_rename(
    document: Document, others: Sequence[OtherWorkspace], operations: Sequence[Operation]
) -> list[Blocked]:
    """Why the workspace must not be created, with the lines that say which one it is."""
    creation = next((each for each in operations if each.kind == WORKSPACE.name and each.action is Action.CREATE), None)
    if creation is None:
        return []
    found = [(held, other) for other in others if (held := _held(document, other)) is not None]
    if not found:
        return []
    held, other = max(found, key=lambda each: each[1].live.name)
    return [Blocked(SUSPECTED_WORKSPACE_RENAME, _message(document, other.live, held), creation.id)]


def _held(document: Document, other: OtherWorkspace) -> str | None:
    """The declared names that *other* holds, in words; None if these are half of them or less, or too few."""
    for kind in TELLING_KINDS:
        declared = declared_names(document, kind)
        common = declared & other.names.get(kind.name, frozenset())
        if len(common) >= _FEWEST and 2 * len(common) > len(declared):
            return f"{len(common)} of the {len(declared)} declared {kind.plural}"
    return None


def _message(document: Document, live: Live, held: str) -> str:
    name, former = document.workspace.name, json.dumps(live.name, ensure_ascii=False)
    return (
        f"the workspace {name!r} would be created, but {live.name!r} ({live.sid}) holds {held}; if it was renamed, add "
        f"`renamed_from: [{former}]` or `sid: {live.sid}` to `workspace`; if {name!r} is a new one, add "
        "`renamed_from: []`"
    )
