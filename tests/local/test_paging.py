"""Pages: tokens, their URLs, and what happens while others create and delete."""

from urllib.parse import parse_qs, urlsplit

import pytest

NAMES = [f"worker {number}" for number in range(7)]


@pytest.fixture
def workers(api, workspace):
    path = f"{workspace}/Workers"
    for name in NAMES:
        api.made(path, FriendlyName=name)
    return path


def follow(api, page, link="next_page_url"):
    """This page and those that its links lead to."""
    while True:
        yield page
        url = page["meta"][link]
        if url is None:
            return
        page = api.request("GET", url).json()


def names_of(page):
    return [item["friendly_name"] for item in page[page["meta"]["key"]]]


@pytest.mark.parametrize("size", [1, 2, 3, 6, 7, 8, 1000])
def test_following_the_links_forth_and_back_shows_every_item_once(api, workers, size):
    pages = list(follow(api, api.read(workers, PageSize=size)))
    back = list(follow(api, pages[-1], "previous_page_url"))

    assert [name for page in pages for name in names_of(page)] == NAMES
    assert [name for page in reversed(back) for name in names_of(page)] == NAMES
    assert [page["meta"]["page"] for page in pages] == list(range(len(pages)))
    assert all(page["meta"]["page_size"] == size for page in pages)


@pytest.mark.parametrize("direction", ["asc", "desc"])
def test_an_ordered_list_is_paged_the_same_way(api, workers, direction):
    query = {"Ordering": f"DateStatusChanged:{direction}"}
    whole = api.names(workers, **query)

    pages = list(follow(api, api.read(workers, PageSize=2, **query)))
    back = list(follow(api, pages[-1], "previous_page_url"))

    assert [name for page in pages for name in names_of(page)] == whole
    assert [name for page in reversed(back) for name in names_of(page)] == whole
    assert whole == (NAMES if direction == "asc" else NAMES[::-1])


def test_a_filtered_list_is_paged_the_same_way(api, workers):
    query = {"TargetWorkersExpression": "friendly_name != 'worker 3'", "Available": "false"}

    pages = list(follow(api, api.read(workers, PageSize=2, **query)))

    assert [name for page in pages for name in names_of(page)] == [*NAMES[:3], *NAMES[4:]]


def test_the_meta_of_a_page_has_the_documented_form(api, workers):
    first = api.read(workers, PageSize=3, Available="false", Unknown="x")["meta"]
    url = f"http://taskrouter.test/v1{workers}?Available=false&PageSize=3"

    assert first.keys() == {
        *("page", "page_size", "first_page_url", "previous_page_url", "url", "next_page_url", "key"),
    }
    assert first["first_page_url"] == first["url"] == f"{url}&Page=0"
    assert first["previous_page_url"] is None
    assert first["next_page_url"].startswith(f"{url}&Page=1&PageToken=PAWK")
    second = api.request("GET", first["next_page_url"]).json()["meta"]
    assert second["url"] == first["next_page_url"]
    assert second["previous_page_url"].startswith(f"{url}&Page=0&PageToken=PBWK")


def test_a_token_names_the_last_item_after_and_the_first_item_before(api, workers):
    items = api.items(workers)
    page = api.request("GET", api.read(workers, PageSize=2)["meta"]["next_page_url"]).json()

    tokens = [parse_qs(urlsplit(page["meta"][f"{way}_page_url"]).query)["PageToken"] for way in ("next", "previous")]

    assert tokens == [[f"PA{items[3]['sid']}"], [f"PB{items[2]['sid']}"]]


def test_the_page_size_is_50_by_default(api, workers):
    assert api.read(workers)["meta"]["page_size"] == 50
    assert api.read(workers, PageSize="")["meta"]["page_size"] == 50


def test_filters_survive_in_urls_whatever_they_contain(api, workers):
    text = "friendly_name != 'a&b=c é#%' AND 1 == 1"

    pages = list(follow(api, api.read(workers, PageSize=4, TargetWorkersExpression=text)))

    assert [name for page in pages for name in names_of(page)] == NAMES


def test_items_deleted_between_pages_cost_no_other_item(api, workers):
    page = api.read(workers, PageSize=3)
    for item in page["workers"]:
        assert api.delete(f"{workers}/{item['sid']}").status_code == 204

    rest = list(follow(api, page))[1:]

    assert [name for page in rest for name in names_of(page)] == NAMES[3:]


def test_items_created_between_pages_come_at_the_end(api, workers):
    page = api.read(workers, PageSize=5)
    api.made(workers, FriendlyName="late")

    rest = list(follow(api, page))[1:]

    assert [name for page in rest for name in names_of(page)] == [*NAMES[5:], "late"]


def test_a_page_that_became_empty_still_leads_back_to_everything_before(api, workers):
    page = api.read(workers, PageSize=4)
    for item in api.items(workers)[4:]:
        api.delete(f"{workers}/{item['sid']}")

    empty = api.request("GET", page["meta"]["next_page_url"]).json()
    before = api.request("GET", empty["meta"]["previous_page_url"]).json()

    assert (names_of(empty), empty["meta"]["next_page_url"]) == ([], None)
    assert names_of(before) == NAMES[:4]


def test_a_page_that_became_empty_still_leads_to_everything_after_it(api, workers):
    second = api.request("GET", api.read(workers, PageSize=2)["meta"]["next_page_url"]).json()
    for item in api.items(workers)[:2]:
        api.delete(f"{workers}/{item['sid']}")

    empty = api.request("GET", second["meta"]["previous_page_url"]).json()
    behind = api.request("GET", empty["meta"]["next_page_url"]).json()

    assert (names_of(empty), empty["meta"]["previous_page_url"]) == ([], None)
    assert names_of(behind) == NAMES[2:4]


def test_an_empty_list_is_one_page(api, workspace):
    page = api.read(f"{workspace}/Workers")

    assert page["workers"] == []
    assert page["meta"]["next_page_url"] is None


@pytest.mark.parametrize("page", ["1", "7"])
def test_a_page_number_alone_is_refused(api, workers, refused, page):
    refused(api.get(workers, Page=page), 400, 40153)
    assert names_of(api.read(workers, Page="0")) == NAMES


@pytest.mark.parametrize(
    "query",
    [
        {"PageSize": "0"},
        {"PageSize": "1001"},
        {"PageSize": "-5"},
        {"PageSize": "all"},
        {"Page": "-1"},
        {"Page": "first"},
        {"Page": "1", "PageToken": "PA"},
        {"PageToken": "PAWK1"},
        {"PageToken": "PXWK" + 32 * "0"},
        {"PageToken": "PAWQ" + 32 * "0"},
        {"PageToken": "PAWK" + 32 * "0" + "/2026-01-01T00:00:00.000000Z"},
        {"PageToken": "PAWK" + 32 * "0", "Ordering": "DateStatusChanged:asc"},
        {"PageToken": "PAWK" + 32 * "0" + "/yesterday", "Ordering": "DateStatusChanged:asc"},
    ],
)
def test_a_page_that_cannot_be_is_refused(api, workers, refused, query):
    refused(api.get(workers, **query))


def test_pages_of_a_workspace_that_is_not_there_are_not_found(api, refused):
    for path in ("Workers", "Tasks"):
        refused(api.get(f"/Workspaces/WS{32 * '0'}/{path}"), 404, 20404)
