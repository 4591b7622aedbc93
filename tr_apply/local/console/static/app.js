// The page: the workspace, the view, and the message when neither can be shown.

import { all, get, signIn } from "./api.js";
import { callbacksView } from "./callbacks.js";
import { clockControl } from "./clock.js";
import { action, el, field, isSid, keep, say, select, table, text, visible } from "./dom.js";
import { eventsView } from "./events.js";
import { lanesView } from "./lanes.js";
import { queuesView } from "./queues.js";
import { tasksView } from "./tasks.js";
import { workersView } from "./workers.js";
import { World } from "./world.js";

const VIEWS = {
  lanes: ["Lanes", lanesView],
  queues: ["Queues", queuesView],
  workers: ["Workers", workersView],
  tasks: ["Tasks", tasksView],
  events: ["Events", eventsView],
  callbacks: ["Callbacks", callbacksView],
};
const STATES = { "": "Connecting", live: "Live", lost: "Not connected: trying again", gone: "This workspace is gone", out: "Signed out" };

const LOOK_AGAIN_MS = 1_000;

const main = document.getElementById("main");
const top = document.getElementById("top");
let session = null;
let workspaces = [];
let world = null;
let view = null;
let header = null;
let showing = null;
let isMoved = false;

function place() {
  const [sid, section, ...rest] = location.hash.replace(/^#\/?/, "").split("/");
  return { sid: isSid(sid, "WS") ? sid : null, section: section in VIEWS ? section : "lanes", id: rest.join("/") || null };
}

async function start() {
  try {
    session = await get("/_console/session");
    if (session.signs_in) await signedIn();
    await begin();
  } catch (error) {
    fail(error);
  }
}

async function begin() {
  workspaces = await all("/v1/Workspaces", "workspaces");
  addEventListener("hashchange", follow);
  if (!place().sid && workspaces.length === 1) location.replace(`#/${workspaces[0].sid}/lanes`);
  await follow();
}

function fail(error) {
  world?.close();
  world = view = null;
  top.replaceChildren(brand());
  main.replaceChildren(el("section", { class: "sheet" }, el("h1", {}, "Nothing to show"), el("p", { role: "alert" }, error.message),
    el("p", {}, action("Try again", () => location.reload()))));
}

/** Asks for the credentials that the server wants, until they are the right ones. */
function signedIn() {
  return new Promise((resume) => {
    const account = el("input", { required: true, autocomplete: "off", spellcheck: "false" });
    const token = el("input", { type: "password", required: true, autocomplete: "off" });
    const problem = el("p", { role: "alert", class: "bad" });
    const form = el("form", { class: "sheet", onsubmit: async (event) => {
      event.preventDefault();
      signIn(account.value, token.value);
      try {
        await get("/v1/Workspaces?PageSize=1");
        resume();
      } catch (error) {
        text(problem, error.status === 401 ? "The server does not know this account SID and auth token." : error.message);
        token.focus();
      }
    } },
    el("h1", {}, "Sign in"),
    el("p", {}, "This server answers one account only. The page keeps what you type until it is closed or reloaded, and nowhere else."),
    field("Account SID", account), field("Auth token", token), problem, el("button", { class: "main" }, "Sign in"));
    top.replaceChildren(brand());
    main.replaceChildren(form);
    account.focus();
  });
}

function brand() {
  return el("a", { class: "brand", href: "#/" }, el("img", { src: "/_console/static/icon.svg", alt: "", width: "22", height: "22" }), "Console");
}

/** Shows what the address says; an address that comes while a workspace is still being read waits for that. */
function follow() {
  isMoved = true;
  showing ??= untilThere().catch(fail).finally(() => (showing = null));
  return showing;
}

async function untilThere() {
  while (isMoved) {
    isMoved = false;
    await show();
  }
}

async function show() {
  const wanted = place();
  if (!wanted.sid) return showWorkspaces();
  if (world?.sid !== wanted.sid) await enter(wanted.sid);
  if (place().sid !== wanted.sid) return;
  if (view?.section !== wanted.section) {
    view?.close?.();
    const [title, made] = VIEWS[wanted.section];
    view = { section: wanted.section, title, ...made(world) };
    main.replaceChildren(view.node);
  }
  header.update(wanted.section);
  document.title = visible(`${view.title}: ${world.lanes.name} (tr-apply)`);
  view.open(wanted.id);
}

async function enter(sid) {
  world?.close();
  view?.close?.();
  view = null;
  const entered = (world = new World(sid, changed));
  try {
    await entered.open();
  } catch (error) {
    world = null;
    if (error.status !== 404) throw error;
    location.hash = "#/";
    say("There is no such workspace any more.", { bad: true });
    return;
  }
  header = makeHeader();
  top.replaceChildren(header.node);
}

function changed(what, data) {
  if (what === "state") {
    header?.state();
    if (world?.state === "gone") lookAgain(world);
  }
  if (what === "clock") header?.clock();
  view?.update?.(what, data);
}

/** What is gone may be made anew, as a reset does: then the page goes on with the workspace that has its name. */
async function lookAgain(lost) {
  while (world === lost) {
    const found = await all("/v1/Workspaces", "workspaces").catch(() => []);
    const again = found.find((each) => each.friendly_name === lost.lanes.name);
    if (again && world === lost) {
      workspaces = found;
      location.replace(`#/${again.sid}/${place().section}`);
      return say("The workspace was made anew.");
    }
    await new Promise((resume) => setTimeout(resume, LOOK_AGAIN_MS));
  }
}

function makeHeader() {
  const state = el("span", { class: "state", role: "status" });
  const chosen = select(workspaces.map((each) => [each.sid, each.friendly_name]), world.sid, {
    "aria-label": "Workspace: choosing another one shows it", onchange: () => { location.hash = `#/${chosen.value}/lanes`; },
  });
  if (!workspaces.some((each) => each.sid === world.sid)) chosen.prepend(el("option", { value: world.sid, selected: true }, world.lanes.name));
  const clock = clockControl(world, session.is_controlled);
  const tabs = Object.entries(VIEWS).map(([name, [title]]) => el("a", { href: `#/${world.sid}/${name}`, "data-section": name }, title));
  const create = el("a", { class: "button main", href: `#/${world.sid}/tasks/new` }, "Create a task");
  return {
    node: el("div", { class: "top" },
      el("div", { class: "topline" }, brand(), chosen, state, clock.node, create),
      el("nav", { "aria-label": "Views" }, tabs)),
    update: (section) => tabs.forEach((each) => (each.dataset.section === section ? each.setAttribute("aria-current", "page") : each.removeAttribute("aria-current"))),
    clock: clock.update,
    state: () => {
      state.className = `state ${world.state || "connecting"}`;
      text(state, STATES[world.state]);
    },
  };
}

async function showWorkspaces() {
  world?.close();
  view?.close?.();
  world = view = null;
  workspaces = await all("/v1/Workspaces", "workspaces");
  document.title = "Workspaces (tr-apply)";
  const { whole, body } = table("Workspaces", ["Name", { name: "SID", minor: true }, { name: "Created", minor: true }]);
  keep(body, workspaces, (each) => each.sid, (each) => el("tr", {},
    el("td", { class: "name" }, el("a", { href: `#/${each.sid}/lanes` }, each.friendly_name)),
    el("td", {}, el("code", {}, each.sid)), el("td", {}, each.date_created)));
  const none = el("p", {}, "There is no workspace yet. Make one with ", el("code", {}, "tr-apply apply workspace.yaml --base-url " + location.origin), ", or start the server with ", el("code", {}, "--seed workspace.yaml"), ".");
  top.replaceChildren(brand());
  main.replaceChildren(el("section", { class: "sheet wide" }, el("h1", {}, "Workspaces"), workspaces.length ? whole : none));
}

start();
