// Workers: their activities, their tasks in hand, and the actions for one.

import { get, post } from "./api.js";
import { action, count, el, field, isSid, keep, lasted, pretty, say, select, table, text, verbatim } from "./dom.js";
import { facts, soon, split } from "./pane.js";
import { reservationLine } from "./tasks.js";

const PAGE = 50;
const OPEN = ["pending", "accepted", "wrapping"];

export function workersView(world) {
  const search = el("input", { type: "search", placeholder: "Name", "aria-label": "Name contains", oninput: () => filter() });
  const activity = select([["", "Any activity"], ...[...world.activities].map(([sid, each]) => [sid, each.name])], "", { "aria-label": "Activity", onchange: () => filter() });
  const total = el("p", { class: "note" });
  const { whole, body } = table("Workers", ["Worker", "Activity", { name: "For", number: true, minor: true }, { name: "Offered", number: true, minor: true }, { name: "In hand", number: true }, { name: "Channels", minor: true }]);
  const earlier = action("Previous", () => turn(-1), { disabled: true });
  const later = action("Next", () => turn(1), { disabled: true });
  const list = el("div", {}, el("h1", { class: "hidden" }, "Workers"), el("form", { class: "filters", role: "search", onsubmit: (event) => event.preventDefault() }, search, activity), total, whole, el("div", { class: "buttons" }, earlier, later));
  const { node, openPane } = split(list, `#/${world.sid}/workers`);
  let page = 0;
  let pane = null;

  function filter() {
    page = 0;
    update();
  }

  function turn(by) {
    page += by;
    update();
    body.querySelector("a")?.focus();
  }

  function update() {
    const wanted = search.value.trim().toLowerCase();
    const workers = Object.entries(world.load.workers);
    const found = workers.filter(([, each]) => (!wanted || each.name.toLowerCase().includes(wanted)) && (!activity.value || each.activity === activity.value));
    found.sort(([, one], [, other]) => one.name.localeCompare(other.name));
    page = Math.max(0, Math.min(page, Math.ceil(found.length / PAGE) - 1));
    keep(body, found.slice(page * PAGE, (page + 1) * PAGE), ([sid]) => sid, row);
    earlier.disabled = page === 0;
    later.disabled = (page + 1) * PAGE >= found.length;
    const atWork = workers.filter(([, each]) => world.activities.get(each.activity)?.available).length;
    const shown = found.length > PAGE ? ` ${page * PAGE + 1} to ${Math.min(found.length, (page + 1) * PAGE)} of ${found.length} are shown.` : "";
    text(total, `${count(workers.length, "worker")}, ${atWork} of them available.${shown}`);
  }

  function row([sid]) {
    const name = el("a", { href: `#/${world.sid}/workers/${sid}` });
    const cells = ["", "number", "number", "number", ""].map((each) => el("td", { class: each || null }));
    return Object.assign(el("tr", {}, el("td", { class: "name" }, name), cells), { update: ([, now]) => {
      text(name, now.name);
      cells[0].className = world.activities.get(now.activity)?.available ? "at-work" : "away";
      const channels = Object.entries(now.channels).map(([channel, held]) => `${channel} ${held}`).join(", ");
      [world.activityName(now.activity), lasted(world.now() - now.since_ms), now.offered || "", now.held || "", channels].forEach((value, index) => text(cells[index], value));
    } });
  }

  const timer = setInterval(update, 5000);
  return {
    node,
    close: () => clearInterval(timer),
    open(sid) {
      update();
      pane = isSid(sid, "WK") ? workerPane(world, sid) : null;
      openPane(pane && { title: pane.title, content: pane.node });
    },
    update(what, data) {
      if (what === "load" || what === "change" || what === "lanes") update();
      pane?.update(what, data);
    },
  };
}

function workerPane(world, sid) {
  const path = `${world.api}/Workers/${sid}`;
  const title = el("span", {}, world.load.workers[sid]?.name ?? "Worker");
  const head = el("div");
  const attributes = verbatim("Attributes");
  const channels = table("Channels", ["Channel", "Available", { name: "Capacity", number: true }, { name: "Taken", number: true }]);
  const reservations = el("ul", { class: "plain" });
  const none = el("p", { class: "note" }, "Nothing is offered or in hand.");
  const activity = select([...world.activities].map(([key, each]) => [key, `${each.name}${each.available ? "" : " (not available)"}`]), world.load.workers[sid]?.activity);
  const reject = el("input", { type: "checkbox", id: "reject-pending" });
  const move = el("form", { onsubmit: (event) => event.preventDefault() }, field("Activity", activity), el("div", { class: "row" },
    el("span", { class: "check" }, reject, el("label", { for: "reject-pending" }, "Reject what is offered")),
    action("Change", async () => {
      const changed = await post(path, { ActivitySid: activity.value, ...(reject.checked ? { RejectPendingReservations: "true" } : {}) });
      say(`${changed.friendly_name} is now ${changed.activity_name}.`);
    }, { class: "main" })));
  const node = el("div", {}, head, move, el("h3", {}, "Reservations"), none, reservations, el("h3", {}, "Channels"), channels.whole, el("h3", {}, "Attributes"), attributes);

  async function read() {
    let worker, held, taken;
    try {
      [worker, held, taken] = await Promise.all([
        get(path),
        Promise.all(OPEN.map((status) => get(`${path}/Reservations?PageSize=100&ReservationStatus=${status}`))),
        get(`${path}/Channels?PageSize=100`),
      ]);
    } catch (error) {
      if (error.status === 404) node.replaceChildren(el("p", {}, "This worker was deleted."));
      return;
    }
    text(title, worker.friendly_name);
    head.replaceChildren(facts([["Activity", worker.activity_name], ["For", lasted(world.now() - Date.parse(worker.date_status_changed))], ["SID", el("code", {}, sid)]]));
    text(attributes, pretty(worker.attributes));
    const open = held.flatMap((each) => each.reservations);
    keep(reservations, open, (each) => each.sid, (each) => reservationLine(world, each, { withTask: true }));
    none.hidden = open.length > 0;
    keep(channels.body, taken.channels, (each) => each.sid, () => {
      const cells = ["", "", "number", "number"].map((each) => el("td", { class: each || null }));
      return Object.assign(el("tr", {}, cells), { update: (now) => {
        [now.task_channel_unique_name, now.available ? "yes" : "no", now.configured_capacity, now.assigned_tasks].forEach((value, index) => text(cells[index], value));
      } });
    });
  }

  const refresh = soon(read);
  refresh();
  return {
    title,
    node,
    update(what, data) {
      if (what === "load" || (what === "change" && data.workers && sid in data.workers) || (what === "events" && data.some((each) => each.worker_sid === sid))) refresh();
    },
  };
}
