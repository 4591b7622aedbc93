"""The console with 500 workers and 5,000 tasks, against the same page with a tenth of both, in a real Chromium."""

import json
import shutil
import time

import pytest

from tests.local.console.conftest import FLAGS, Served

SIZES = {"small": (50, 500), "large": (500, 5_000)}
VIEWS = ("lanes", "queues", "workers", "tasks", "events")
POSTS = 300


class Center:
    """A workspace of some size on a server of its own, and the time that things take there."""

    def __init__(self, forking, workers, tasks):
        self.server = Served(forking, "--db", ":memory:")
        self.sid = self.server.made("/Workspaces", FriendlyName="Center")["sid"]
        self.path = f"/Workspaces/{self.sid}"
        activities = {each["friendly_name"]: each["sid"] for each in self.server.items(f"{self.path}/Activities")}
        queue = self.server.made(f"{self.path}/TaskQueues", FriendlyName="Everyone", TargetWorkers="1==1")["sid"]
        document = json.dumps({"task_routing": {"default_filter": {"queue": queue}}})
        self.workflow = self.server.made(f"{self.path}/Workflows", FriendlyName="w", Configuration=document)["sid"]
        for number in range(workers):
            self.server.made(f"{self.path}/Workers", FriendlyName=f"w{number:03}", ActivitySid=activities["Available"])
        self.post(tasks)

    def post(self, count):
        """The seconds that *count* new tasks take."""
        began = time.perf_counter()
        for number in range(count):
            self.server.made(f"{self.path}/Tasks", WorkflowSid=self.workflow, Attributes=f'{{"number": {number}}}')
        return time.perf_counter() - began

    def views(self, page):
        """The seconds until each view shows its rows, through the open page."""
        found = {}
        for view in VIEWS:
            began = time.perf_counter()
            page.goto(f"{self.server.url}/#/{self.sid}/{view}")
            page.locator(".pill:visible" if view == "lanes" else "tbody tr").first.wait_for()
            found[view] = time.perf_counter() - began
        return found


@pytest.fixture(scope="module")
def centers(forking):
    made = {name: Center(forking, *size) for name, size in SIZES.items()}
    yield made
    for each in made.values():
        each.server.end()


@pytest.fixture(scope="module")
def page():
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("chromium is not installed")
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=program, args=FLAGS)
        yield browser.new_page()
        browser.close()


def test_ten_times_the_people_and_tasks_show_in_at_most_four_times_the_time(centers, page, record_property):
    centers["small"].views(page)  # the first page of a browser takes longest

    taken = {name: center.views(page) for name, center in centers.items()}

    for view in VIEWS:
        small, large = (round(1000 * taken[name][view]) for name in SIZES)
        record_property(view, f"{small} ms with 500 tasks, {large} ms with 5,000")
    assert sum(taken["large"].values()) < 4 * sum(taken["small"].values())
    assert page.evaluate("document.querySelectorAll('*').length") < 1_500


def test_an_open_page_leaves_requests_half_of_their_speed(centers, page, record_property):
    center = centers["large"]
    page.goto("about:blank")
    alone = center.post(POSTS)
    page.goto(f"{center.server.url}/#/{center.sid}/events")
    page.locator("tbody tr").first.wait_for()
    page.evaluate(
        "() => { window.longest = 0; new PerformanceObserver(found => found.getEntries().forEach(each =>"
        " { longest = Math.max(longest, each.duration) })).observe({ type: 'longtask' }) }"
    )

    watched = center.post(POSTS)

    record_property("tasks", f"{POSTS / alone:.0f} a second, {POSTS / watched:.0f} while watched")
    record_property("pause", f"{page.evaluate('longest'):.0f} ms at most, of a page that shows {POSTS} new tasks")
    assert watched < 2 * alone
