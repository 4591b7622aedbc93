"""Lists from a server that may go round in circles, repeat itself or point elsewhere."""

import asyncio

import pytest

from tests.transport.clock import run
from tests.transport.scripted import CONNECTION, Script, answer
from tr_apply.client import Client
from tr_apply.client.paging import listed
from tr_apply.errors import ApiError, NetworkError, TrApplyError
from tr_apply.resources import TASK_QUEUE, WORKER

WS = "WS" + "0" * 32
HOST = "https://taskrouter.twilio.com"


def queue(number):
    return {"sid": f"WQ{number}", "friendly_name": f"Queue {number}"}


def page(*numbers, following=None):
    return answer(200, {"task_queues": [queue(each) for each in numbers], "meta": {"next_page_url": following}})


def read(*steps, kind=TASK_QUEUE):
    script = Script(*steps)

    async def resources():
        async with Client(CONNECTION, through=script) as client:
            return [live.sid for live in await client.resources(kind, WS)]

    try:
        return run(resources()), script
    except TrApplyError as error:
        return error, script


PATH = f"/v1/Workspaces/{WS}/TaskQueues"


def test_pages_are_followed_to_the_end():
    sids, script = read(
        page(1, 2, following=f"{HOST}{PATH}?PageSize=1000&Page=1&PageToken=PAWQ2"),
        page(3, following=f"{HOST}{PATH}?PageSize=1000&Page=2&PageToken=PAWQ3"),
        page(),
    )

    assert sids == ["WQ1", "WQ2", "WQ3"]
    assert script.told == [
        f"GET {PATH}?PageSize=1000",
        f"GET {PATH}?PageSize=1000&Page=1&PageToken=PAWQ2",
        f"GET {PATH}?PageSize=1000&Page=2&PageToken=PAWQ3",
    ]


@pytest.mark.parametrize(
    "following",
    [
        "https://evil.example/v1/steal?PageToken=a%26b",
        "http://127.0.0.1:9/?PageToken=a%26b",
        "//evil.example/?PageToken=a%26b",
        "?PageToken=a%26b",
    ],
)
def test_the_next_page_is_requested_from_our_own_host_for_any_address_in_the_answer(following):
    sids, script = read(page(1, following=following), page(2))

    assert sids == ["WQ1", "WQ2"]
    assert {request.url.host for request in script.requests} == {"127.0.0.1"}
    assert script.told[1] == f"GET {PATH}?PageToken=a%26b"


@pytest.mark.parametrize("following", ["https://evil.example/", "", 7, {}, ["x"], "http://[", "?" + "&" * 10])
def test_a_next_page_without_a_usable_address_is_an_error(following):
    error, _ = read(page(1, following=following))

    assert type(error) is NetworkError
    assert "the address of the next page cannot be read" in str(error)


def test_pages_that_go_round_in_a_circle_are_an_error():
    error, script = read(
        page(1, following=f"{HOST}{PATH}?PageToken=a"),
        page(2, following=f"{HOST}{PATH}?PageToken=b"),
        page(3, following=f"{HOST}{PATH}?PageToken=a"),
    )

    assert "round in a circle" in str(error)
    assert len(script.requests) == 3


def test_a_first_page_that_follows_itself_is_a_circle():
    error, _ = read(page(1, following=f"{HOST}{PATH}?PageSize=1000"))

    assert "round in a circle" in str(error)


def test_a_list_that_never_ends_ends():
    numbers = iter(range(100_000))

    error, script = read(lambda _request: page(1, following=f"{HOST}{PATH}?PageToken={next(numbers)}"))

    assert "round in a circle" in str(error)
    assert len(script.requests) <= 1001


def test_an_item_that_is_repeated_counts_once():
    sids, _ = read(page(1, 2, following=f"{HOST}{PATH}?PageToken=a"), page(2, 3))

    assert sids == ["WQ1", "WQ2", "WQ3"]


STRANGE = {
    "no content": answer(204),
    "no list": answer(200, {"meta": {}}),
    "another list": answer(200, {"workers": [], "meta": {}}),
    "a text for the list": answer(200, {"task_queues": "none", "meta": {}}),
    "a number for an item": answer(200, {"task_queues": [7], "meta": {}}),
    "an item without a SID": answer(200, {"task_queues": [{"friendly_name": "A"}], "meta": {}}),
    "an item without a name": answer(200, {"task_queues": [{"sid": "WQ1"}], "meta": {}}),
    "a number for a name": answer(200, {"task_queues": [{"sid": "WQ1", "friendly_name": 1}], "meta": {}}),
}


@pytest.mark.parametrize("strange", STRANGE.values(), ids=STRANGE)
def test_an_answer_that_is_not_a_list_is_a_clear_error(strange):
    error, _ = read(strange)

    assert type(error) is NetworkError


@pytest.mark.parametrize("meta", [None, [], "x", {}])
def test_a_list_without_a_usable_meta_has_one_page(meta):
    sids, _ = read(answer(200, {"task_queues": [queue(1)], "meta": meta}))

    assert sids == ["WQ1"]


def test_a_list_that_fails_in_the_middle_is_an_error():
    error, _ = read(page(1, following=f"{HOST}{PATH}?PageToken=a"), answer(404, {"message": "Not here"}))

    assert isinstance(error, ApiError)


def test_a_list_that_is_not_read_to_its_end_leaves_no_requests():
    script = Script(page(1, following=f"{HOST}{PATH}?PageToken=a"), 1000, page(2))

    async def first():
        async with Client(CONNECTION, through=script) as client:
            pages = listed(client._sender, TASK_QUEUE, PATH)
            async for live in pages:
                await asyncio.sleep(1)
                found = live.sid
                break
            await pages.aclose()
            return found, len(asyncio.all_tasks())

    assert run(first()) == ("WQ1", 1)
    assert script.under_way == 0


def test_attributes_that_are_left_out_of_a_list_are_asked_for_one_by_one():
    workers = [
        {"sid": "WK1", "friendly_name": "alice", "attributes": None},
        {"sid": "WK2", "friendly_name": "bob", "attributes": "{}"},
    ]
    script = Script(
        answer(200, {"workers": workers, "meta": {}}),
        answer(200, {"sid": "WK1", "friendly_name": "alice", "attributes": '{"a":1}'}),
    )

    async def resources():
        async with Client(CONNECTION, through=script) as client:
            return await client.resources(WORKER, WS)

    found = run(resources())

    assert [live.answer["attributes"] for live in found] == ['{"a":1}', "{}"]
    assert script.told[1:] == [f"GET /v1/Workspaces/{WS}/Workers/WK1"]
