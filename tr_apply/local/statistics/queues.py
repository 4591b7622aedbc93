"""Statistics of several queues in one request."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from tr_apply.local.forms.fields import sid
from tr_apply.local.kinds.task_queue import TASK_QUEUE
from tr_apply.local.statistics.cumulative import nested
from tr_apply.local.statistics.durations import Figures
from tr_apply.local.statistics.inquiry import Inquiry, Query, Sids
from tr_apply.local.storage.documents import parse_object
from tr_apply.local.storage.refusals import InvalidParameterError
from tr_apply.local.store.paging import Page
from tr_apply.local.store.store import Store

LIST_KEY: Final = "task_queues_statistics"
BULK_LIMIT: Final = 50
BULK_KEY: Final = "queueSids"

_OF_THE_LIST: Final = ("FriendlyName", "PageSize", "Page", "PageToken")
_OF_THE_FIGURES: Final = ("StartDate", "EndDate", "Minutes", "TaskChannel", "SplitByWaitTime")


async def page_of_queues(store: Store, sids: Sids, query: Query) -> Page:
    """One page of the queues, each with its figures.

    Raises:
        InvalidParameterError: A parameter is wrong.
        AbsolutePagingError: A page is asked for by number alone.
    """
    wanted = {name: query[name] for name in _OF_THE_LIST if name in query}
    page = store.list(TASK_QUEUE, (sids["workspace_sid"],), wanted)
    inquiry = Inquiry.of(store, sids, query)
    window, thresholds = inquiry.window(), inquiry.thresholds()
    queue_sids = [item["sid"] for item in page.items]
    present = inquiry.present.task_queues(queue_sids)
    tallies = await inquiry.past(window).tallies(thresholds, queue_sids)
    items: list[Figures] = []
    for queue_sid in queue_sids:
        cumulative = nested({**window.figures(), **tallies[queue_sid].figures("task_queue")})
        items.append({"task_queue_sid": queue_sid, "realtime": present[queue_sid], "cumulative": cumulative})
        await asyncio.sleep(0)  # a thousand queues take a while, and others have their turn
    repeated = {name: query[name] for name in _OF_THE_FIGURES if query.get(name)}
    return replace(page, items=items, filters={**page.filters, **repeated})


def present_of_queues(store: Store, sids: Sids, queue_sids: Sequence[str]) -> Figures:
    """The present figures of each of these queues that exists."""
    inquiry = Inquiry.of(store, sids, {})
    known = [sid for sid in dict.fromkeys(queue_sids) if sid in inquiry.present.state.queues]
    figures = inquiry.present.task_queues(known, relative=False)
    return {
        "task_queue_data": [{"task_queue_sid": sid, **figures[sid]} for sid in known],
        "task_queue_response_count": len(known),
    }


def read_queue_sids(body: bytes) -> list[str]:
    """The queues that the body of a bulk request names.

    Raises:
        InvalidParameterError: It is not a JSON object with 1 to 50 SIDs of queues.
    """
    try:
        text = body.decode()
    except UnicodeDecodeError:
        raise InvalidParameterError("The body is not UTF-8") from None
    found = parse_object("The body", text).get(BULK_KEY)
    if not isinstance(found, list) or not 1 <= len(found) <= BULK_LIMIT:
        raise InvalidParameterError(f"{BULK_KEY} must be a list of 1 to {BULK_LIMIT} SIDs of TaskQueues")
    for each in found:
        sid("WQ")(BULK_KEY, each if isinstance(each, str) else "")
    return found
