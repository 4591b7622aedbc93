"""The console in a real browser: what a person sees and does, live, with names that are somebody's attempt."""

import json
import re
import threading
from html.parser import HTMLParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tr_apply.picture import lanes_html, picture_of, scene_of
from tr_apply.picture.documents import Routed

HOSTILE = '<img src=x onerror="alert(1)">'
VIEWS = ("lanes", "queues", "workers", "tasks", "events", "callbacks")


class Floor:
    """A contact centre whose every name is hostile or plain, and who works there."""

    def __init__(self, server):
        self.server = server
        self.path = f"/Workspaces/{server.made('/Workspaces', FriendlyName=f'Floor {HOSTILE}')['sid']}"
        self.sid = self.path.rpartition("/")[2]
        self.activities = {each["friendly_name"]: each["sid"] for each in self.items("Activities")}
        expressions = {"Spanish": "languages HAS 'es'", HOSTILE: "team == 'x'", "Everyone": "1==1"}
        self.queues = {
            name: self.made("TaskQueues", FriendlyName=name, TargetWorkers=text)["sid"]
            for name, text in expressions.items()
        }
        self.documents = {"Incoming": self.routing(), HOSTILE: json.dumps({"task_routing": {"filters": []}})}
        self.workflows = {
            name: self.made(
                "Workflows", FriendlyName=name, Configuration=text, AssignmentCallbackUrl="http://127.0.0.1:9/"
            )["sid"]
            for name, text in self.documents.items()
        }
        for name in ("ana", HOSTILE):
            self.worker(name, "Available" if name == "ana" else "Offline", languages=["es"])
        self.task({"language": "es", "note": HOSTILE})

    def routing(self):
        spanish = {"queue": self.queues["Spanish"], "timeout": 120, "expression": "task.language IN worker.languages"}
        filters = [
            {"filter_friendly_name": "Spanish first", "expression": "language == 'es' AND age > 17", "targets": [spanish, {"queue": self.queues["Everyone"], "priority": 5}]},
            {"filter_friendly_name": f"{HOSTILE}</b>", "expression": "tags HAS 'vip' AND customer.tier == 'gold'", "targets": [{"queue": self.queues[HOSTILE]}]},
            {"expression": "language == 'es' AND age > 20", "targets": [{"queue": self.queues["Everyone"]}]},
        ]  # fmt: skip
        return json.dumps({"task_routing": {"filters": filters, "default_filter": {"queue": self.queues["Spanish"]}}})

    def made(self, collection, **form):
        return self.server.made(f"{self.path}/{collection}", **form)

    def items(self, collection, **query):
        return self.server.items(f"{self.path}/{collection}", **query)

    def worker(self, name, activity, **attributes):
        return self.made(
            "Workers", FriendlyName=name, ActivitySid=self.activities[activity], Attributes=json.dumps(attributes)
        )["sid"]

    def task(self, attributes):
        return self.made("Tasks", WorkflowSid=self.workflows["Incoming"], Attributes=json.dumps(attributes))["sid"]

    def status(self, task):
        return self.server.client.get(f"{self.path}/Tasks/{task}").json()["assignment_status"]

    def url(self, place):
        return f"{self.server.url}/#/{self.sid}/{place}"


@pytest.fixture(scope="module")
def server(serve):
    return serve("--db", ":memory:", "--control")


@pytest.fixture
def floor(server):
    return Floor(server)


def cell(page, row, column):
    """The cell of the row that begins with a name."""
    return page.locator("tbody tr").filter(has=page.get_by_role("link", name=row, exact=True)).locator("td").nth(column)


def shown(page, place):
    """Wait until a view shows something."""
    page.locator("aside .content > *" if "/" in place else ".list :is(td, li, .note)").locator(
        "visible=true"
    ).first.wait_for()


def said(page, words):
    page.locator("#said p").filter(has_text=words).wait_for()


class Shape(HTMLParser):
    """The elements and texts of some HTML, which two pages share if they look alike."""

    def __init__(self, text):
        super().__init__()
        self.found = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.found.append((tag, *sorted((given.get("class") or "").split()), given.get("title")))

    def handle_data(self, data):
        if data.strip():
            self.found.append(" ".join(data.split()))


def test_lanes_are_those_of_the_picture(floor, open_page):
    called = {sid: ("task_queue", name) for name, sid in floor.queues.items()}
    queues = {"Spanish": "languages HAS 'es'", HOSTILE: "team == 'x'", "Everyone": "1==1"}
    picture = picture_of(scene_of(Routed("Floor", floor.documents, queues, called)))
    page = open_page(floor.url("lanes"))
    page.locator(".chip small").first.wait_for()

    shown = page.evaluate(
        "[...document.querySelectorAll('.workflows .lanes')].map(each => { const copy = each.cloneNode(true);"
        " copy.querySelectorAll('.pill, small').forEach(one => one.remove());"
        " copy.querySelectorAll('.empty').forEach(one => one.classList.remove('empty')); return copy.outerHTML })"
    )

    drawn = [re.search(r"<ol.*</ol>", lanes_html(each, picture), re.DOTALL)[0] for each in picture.workflows]
    assert [Shape(each).found for each in shown] == [Shape(each).found for each in drawn]


def test_hostile_names_are_text_in_every_view_and_nothing_is_wider_than_the_window(floor, open_page):
    page = open_page(floor.url("lanes"), width=390)
    task, worker = floor.items("Tasks")[0]["sid"], floor.items("Workers", FriendlyName=HOSTILE)[0]["sid"]
    seen = {}
    for place in (*VIEWS, f"tasks/{task}", "tasks/new", f"workers/{worker}", f"queues/{floor.queues[HOSTILE]}"):
        page.goto(floor.url(place))
        shown(page, place)
        seen[place] = page.evaluate(
            "[document.documentElement.scrollWidth <= innerWidth, document.querySelectorAll('main img').length]"
        )

    assert seen == {place: [True, 0] for place in seen}
    page.locator("summary").click()
    page.get_by_role("button", name="Pin the clock").click(trial=True)  # or it is outside of the window
    page.goto(floor.url("workers"))
    page.get_by_role("link", name=HOSTILE, exact=True).wait_for()
    page.goto(floor.url(f"tasks/{task}"))
    page.locator("aside pre").filter(has_text="onerror").wait_for()


CUT = """[...document.querySelectorAll('.table')].filter((each) => each.scrollWidth > each.clientWidth)
    .map((each) => `${each.ariaLabel}: ${each.scrollWidth} > ${each.clientWidth}`)"""
BROKEN = """[...document.querySelectorAll('td.name a')].filter((each) => each.textContent === 'Supervisors' &&
    each.getBoundingClientRect().height > 40).length"""


@pytest.mark.parametrize("width", [390, 768, 1280])
def test_a_table_shows_what_it_has_room_for_and_cuts_nothing_off(floor, open_page, width):
    long = "Donaudampfschifffahrtselektrizitaetenhauptbetriebswerkgesellsch"
    queues = [floor.made("TaskQueues", FriendlyName=name)["sid"] for name in ("Supervisors", long)]
    workflow = floor.made(
        "Workflows",
        FriendlyName=f"Through {long}"[:64],
        Configuration=json.dumps({"task_routing": {"default_filter": {"queue": queues[1]}}}),
    )["sid"]
    task = floor.made("Tasks", WorkflowSid=workflow, Attributes=json.dumps({"note": long * 9}))["sid"]
    worker = floor.worker(long, "Available")
    page = open_page(floor.url("queues"), width=width)

    seen = {}
    for place in (*VIEWS, f"queues/{queues[1]}", f"workers/{worker}", f"tasks/{task}", "tasks/new"):
        page.goto(floor.url(place))
        shown(page, place)
        seen[place] = page.evaluate(f"[{CUT}, {BROKEN}]")

    assert seen == {place: [[], 0] for place in seen}


def test_characters_that_are_invisible_or_turn_text_round_are_shown_as_escapes(floor, open_page):
    name = "abc\u202exe\u200b\u2066f\u0007"
    task, worker = floor.task({"note": name}), floor.worker(name, "Offline")
    shown = r"abc\u202exe\u200b\u2066f\u0007"

    page = open_page(floor.url("workers"))
    page.get_by_role("link", name=shown, exact=True).click()
    page.locator("aside h2").filter(has_text=shown).wait_for()
    assert page.url == floor.url(f"workers/{worker}")
    page.goto(floor.url(f"tasks/{task}"))
    page.locator("aside pre").filter(has_text=shown).wait_for()
    page.locator("tbody tr").filter(has_text=f"note: {shown}").wait_for()


def test_a_task_is_made_from_the_fields_that_expressions_use_and_json_for_the_rest(floor, open_page, complained):
    page = open_page(floor.url("tasks/new"))

    page.get_by_label("Workflow", exact=True).last.select_option(label="Incoming")
    page.get_by_label("language").fill("es")
    page.get_by_label("age", exact=True).fill("30")
    page.get_by_label("tags").fill("vip, slow")
    page.get_by_label("customer.tier").fill("gold")
    page.get_by_label("More attributes, as JSON").fill("{vip: true}")
    page.get_by_role("button", name="Create", exact=True).click()
    page.get_by_role("alert").filter(has_text="More attributes are not valid JSON").wait_for()
    page.get_by_label("More attributes, as JSON").fill(
        '{"customer": {"id": 7}, "__proto__": 1, "exact": [12345678901234567890, 1.0, "2.0"]}'
    )
    page.get_by_label("Priority", exact=True).fill("-1")
    page.get_by_role("button", name="Create", exact=True).click()
    page.get_by_role("alert").filter(has_text="The task was not created. Priority").wait_for()
    page.get_by_label("Priority", exact=True).fill("3")
    page.get_by_role("button", name="Create", exact=True).click()
    said(page, "The task is created.")

    [task] = floor.items("Tasks", Priority="3")
    assert json.loads(task["attributes"]) == {
        "customer": {"id": 7, "tier": "gold"}, "__proto__": 1, "exact": [12345678901234567890, 1.0, "2.0"],
        "language": "es", "age": 30, "tags": ["vip", "slow"],
    }  # fmt: skip
    page.locator("aside pre").filter(has_text=re.compile(r'12345678901234567890,\s+1\.0,\s+"2\.0"')).wait_for()
    page.locator("tbody").get_by_text('exact: [12345678901234567890,1.0,"2.0"]').wait_for()
    assert page.url.endswith(f"/tasks/{task['sid']}")
    complained("400")


def test_a_reservation_is_accepted_and_a_task_completed_by_keyboard(floor, open_page):
    [task] = [each["sid"] for each in floor.items("Tasks")]
    page = open_page(floor.url("tasks"))
    link = page.locator(f".list a[href$='{task}']")

    link.focus()
    page.keyboard.press("Enter")
    page.locator("aside h2").filter(has_text="Task").wait_for()
    page.locator("aside h2:focus").wait_for()
    page.get_by_role("button", name="Accept: ana").press("Enter")
    said(page, "ana: accepted.")
    page.locator(".route li").filter(has_text="ana accepted").wait_for()
    page.get_by_role("button", name="Complete", exact=True).press("Enter")
    said(page, "The task is completed.")
    page.locator(".route li").filter(has_text="ana completed").wait_for()

    assert floor.status(task) == "completed"
    page.locator("aside h2").press("Escape")
    page.locator(f".list a[href$='{task}']:focus").wait_for()
    assert page.locator("aside").count() == 0


def test_a_worker_rejects_and_moves_and_a_refusal_is_shown(floor, open_page, complained):
    page = open_page(floor.url("workers"))

    page.get_by_role("link", name="ana", exact=True).click()
    page.get_by_role("button", name="Reject: ana").click()
    said(page, "ana: rejected.")
    page.locator("aside").get_by_label("Activity").select_option(label="Offline (not available)")
    page.get_by_role("button", name="Change").click()
    said(page, "ana is now Offline.")
    page.locator("td.away").filter(has_text="Offline").nth(1).wait_for()

    floor.server.client.delete(f"{floor.path}/Activities/{floor.activities['Unavailable']}")
    page.locator("aside").get_by_label("Activity").select_option(label="Unavailable (not available)")
    page.get_by_role("button", name="Change").click()
    page.locator("#said p.bad").filter(has_text=floor.activities["Unavailable"]).wait_for()
    complained("400")


def test_a_change_elsewhere_is_seen_immediately(floor, open_page):
    page = open_page(floor.url("lanes"))
    page.locator(".state.live").wait_for()

    for age in (1, 2):
        floor.task({"tags": ["vip"], "customer": {"tier": "gold"}, "age": age})
    page.get_by_role("link", name=f"2 waiting for {HOSTILE}").click()
    page.locator("aside tbody tr").nth(1).wait_for()
    floor.made("TaskQueues", FriendlyName="Night", TargetWorkers="shift == 'night'")
    page.get_by_role("navigation").get_by_role("link", name="Queues").click()
    page.get_by_role("link", name="Night", exact=True).wait_for()

    assert cell(page, HOSTILE, 1).inner_text().strip() == "2"
    cell(page, HOSTILE, 1).get_by_role("link").click()
    page.locator("tbody tr").nth(1).wait_for()
    assert page.get_by_label("Status").input_value() == "pending,reserved"
    page.go_back()
    page.get_by_role("link", name="Night", exact=True).wait_for()
    assert cell(page, HOSTILE, 4).inner_text() == "nobody"


def test_the_log_is_live_and_filtered_and_pauses(floor, open_page):
    page = open_page(floor.url("events"))
    page.get_by_role("link", name="reservation.created").wait_for()

    page.get_by_label("Tasks", exact=True).uncheck()
    page.get_by_label("Name, type or SID contains").fill("ana")
    page.locator("tbody tr").filter(has_text="task.created").wait_for(state="detached")
    page.get_by_role("button", name="Pause").click()
    page.get_by_label("Name, type or SID contains").fill("")
    worker = floor.worker("zoe", "Available")
    page.get_by_text(re.compile(r"Paused: [1-9]")).wait_for()
    assert page.get_by_text("zoe").count() == 0
    page.get_by_role("button", name="Go on").click()
    page.locator("tbody tr").filter(has_text="zoe was created").wait_for()
    page.get_by_role("link", name="worker.created").first.click()
    page.locator("aside pre").filter(has_text=worker).wait_for()


def test_callbacks_are_shown_with_request_and_answer(floor, open_page):
    page = open_page(floor.url("callbacks"))

    page.get_by_role("link", name="assignment").first.click()

    page.locator("aside pre").filter(has_text="ReservationSid").wait_for()
    page.locator("aside dd").filter(has_text="failed: no answer").wait_for()


def test_the_clock_is_pinned_advanced_and_let_go(floor, open_page):
    [task] = [each["sid"] for each in floor.items("Tasks")]
    page = open_page(floor.url(f"tasks/{task}"))

    page.locator("summary").press("Enter")
    page.get_by_role("button", name="Pin the clock").press("Enter")
    page.locator(".rate").filter(has_text="pinned").wait_for()
    page.get_by_label("Seconds to advance").fill("121")
    page.get_by_role("button", name="Advance").click()
    page.locator(".route li").filter(has_text="ana did not answer in time").wait_for()
    page.get_by_role("button", name="Let it run").click()
    page.locator(".rate:empty").wait_for(state="attached")
    page.get_by_role("button", name="Let it run").press("Escape")
    assert page.locator("details.clock[open]").count() == 0


def test_long_lists_are_paged(floor, open_page):
    for number in range(51):
        floor.worker(f"w{number:02}", "Offline")
    page = open_page(floor.url("workers"))

    page.get_by_text("53 workers, 1 of them available. 1 to 50 of 53 are shown.").wait_for()
    assert page.locator("tbody tr").count() == 50
    page.get_by_role("button", name="Next").click()
    page.get_by_text("51 to 53 of 53").wait_for()
    assert page.locator("tbody tr").count() == 3
    page.get_by_label("Name contains").fill("w07")
    page.locator("tbody tr").nth(1).wait_for(state="detached")
    assert page.locator("tbody tr a").inner_text() == "w07"


def test_axe_finds_nothing_in_any_view_in_either_theme(floor, chromium, axe):
    task, worker = floor.items("Tasks")[0]["sid"], floor.items("Workers", FriendlyName="ana")[0]["sid"]
    rules = {"light": "{}", "dark": "{runOnly: ['color-contrast']}"}
    context = chromium.new_context(bypass_csp=True, reduced_motion="reduce")  # the policy keeps axe out as well
    context.add_init_script(axe)  # once: all places are in one document
    page, found = context.new_page(), {}
    for place in (*VIEWS, f"tasks/{task}", "tasks/new", f"workers/{worker}"):
        page.goto(floor.url(place))
        shown(page, place)
        for theme, chosen in rules.items():
            page.emulate_media(color_scheme=theme)
            result = page.evaluate(f"axe.run(document, {chosen})")
            found[theme, place] = [
                (each["id"], [node["html"] for node in each["nodes"]]) for each in result["violations"]
            ]
    context.close()

    assert found == {place: [] for place in found}


# Who may come in


@pytest.fixture(scope="module")
def guarded(serve, tmp_path_factory):
    """A server of one account, without control, on a file."""
    file = tmp_path_factory.mktemp("guarded") / "local.db"
    return serve("--db", str(file), "--account-sid", "AC" + "1" * 32, "--auth-token", "secret")


def sign_in(page, token):
    page.get_by_label("Account SID").fill("AC" + "1" * 32)
    page.get_by_label("Auth token").fill(token)
    page.get_by_role("button", name="Sign in").click()


def test_the_address_alone_shows_the_only_workspace_and_the_last_of_many_places_wins(serve, open_page):
    floor = Floor(serve("--db", ":memory:"))

    page = open_page(floor.server.url)

    page.locator(".state.live").wait_for()
    page.get_by_role("region", name="Workflow Incoming").wait_for()
    assert page.url == floor.url("lanes")
    floor.server.made("/Workspaces", FriendlyName="Other")
    page.evaluate("for (const view of ['', 'zz', location.hash.slice(2)]) location.hash = `#/${view}`")
    page.get_by_role("region", name="Workflow Incoming").wait_for()
    assert page.get_by_role("heading", name="Nothing to show").count() == 0


def test_a_page_signs_in_where_the_server_wants_it_and_keeps_nothing(guarded, open_page, complained):
    floor = Floor(guarded)
    page = open_page(floor.url("lanes"))

    sign_in(page, "wrong")
    page.get_by_role("alert").filter(has_text="does not know this account SID").wait_for()
    sign_in(page, "secret")
    page.locator(".state.live").wait_for()
    page.locator("summary").click()
    page.get_by_text("Start the server with --control").wait_for()

    assert page.evaluate("[localStorage.length, sessionStorage.length, document.cookie]") == [0, 0, ""]
    page.reload()
    page.get_by_role("heading", name="Sign in").wait_for()
    complained("401")


def test_a_page_finds_its_way_back_to_a_server_that_was_killed(guarded, open_page, complained):
    floor = Floor(guarded)
    page = open_page(floor.url("events"))
    sign_in(page, "secret")
    page.locator("tbody tr").filter(has_text="ana was created").wait_for()

    guarded.process.kill()
    page.locator(".state.lost").wait_for()
    guarded.restart()
    floor.worker("zoe", "Available")
    page.locator("tbody tr").filter(has_text="zoe was created").wait_for()

    page.locator(".state.live").wait_for()
    assert page.locator("tbody tr").filter(has_text="ana was created").count() == 1
    complained("ERR_")


def test_a_page_goes_on_with_the_workspace_that_was_made_anew_under_the_name_of_one_that_is_gone(
    serve, open_page, complained
):
    server = serve("--db", ":memory:")
    floor = Floor(server)
    page = open_page(floor.url("workers"))
    page.locator("tbody").get_by_text("ana").wait_for()

    server.client.delete(floor.path)
    page.locator(".state.gone").wait_for()
    again = Floor(server)
    again.worker("zoe", "Available")

    page.locator("tbody").get_by_text("zoe").wait_for()
    page.locator(".state.live").wait_for()
    assert page.url == again.url("workers")
    complained("404")


@pytest.fixture
def stranger():
    """A page of another origin."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(b"<!doctype html><title>Elsewhere</title>")

        def log_message(self, *_):
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/"
    server.shutdown()
    thread.join()
    server.server_close()


ATTACK = """async ([url, sid]) => {
  const Authorization = `Basic ${btoa("a:b")}`;
  const attempt = (path, options) => fetch(url + path, options).then(answer => answer.text()).then(text => text || "(opaque)", () => "refused");
  const framed = await new Promise(resume => {
    const frame = document.createElement("iframe");
    frame.onload = () => { try { resume(frame.contentDocument ? "readable" : "refused") } catch { resume("refused") } };
    frame.src = url;
    document.body.append(frame);
  });
  const loaded = (tag, path, more) => new Promise(resume => {
    const made = Object.assign(document.createElement(tag), more, { onload: () => resume("loaded"), onerror: () => resume("refused") });
    made[tag === "link" ? "href" : "src"] = url + path;
    document.head.append(made);
  });
  return {
    read: await attempt("/v1/Workspaces", { headers: { Authorization } }),
    lanes: await attempt(`/_console/Workspaces/${sid}/lanes`, { headers: { Authorization } }),
    stream: await attempt(`/_console/Workspaces/${sid}/stream`, { headers: { Authorization } }),
    session: await attempt("/_console/session"),
    write: await attempt("/v1/Workspaces", { method: "POST", headers: { Authorization }, body: new URLSearchParams({ FriendlyName: "Taken" }) }),
    blindly: await attempt("/v1/Workspaces", { method: "POST", mode: "no-cors", body: new URLSearchParams({ FriendlyName: "Taken" }) }),
    clock: await attempt("/_tr-apply/clock", { method: "POST", mode: "no-cors", body: '{"rate": 0}' }),
    script: await loaded("script", "/_console/static/dom.js", {}),
    module: await loaded("script", "/_console/static/dom.js", { type: "module" }),
    style: await loaded("link", "/_console/static/console.css", { rel: "stylesheet" }),
    icon: await loaded("img", "/_console/static/icon.svg", {}),
    framed,
  };
}"""


def test_a_page_of_another_origin_can_neither_read_nor_write(floor, stranger, open_page, complained):
    page = open_page(stranger)

    tried = page.evaluate(ATTACK, [floor.server.url, floor.sid])

    blind = {"blindly", "clock"}  # an answer that the page cannot look at
    assert {name: each for name, each in tried.items() if name not in blind and each != "refused"} == {}
    assert {tried[name] for name in blind} <= {"(opaque)", "refused"}
    assert [each for each in floor.server.items("/Workspaces") if each["friendly_name"] == "Taken"] == []
    assert floor.server.client.post("/../_tr-apply/clock", json={}).json()["rate"] == 1
    complained("")
