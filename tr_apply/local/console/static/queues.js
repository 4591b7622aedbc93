// Queues: their workers, their waiting tasks, and the filters that lead to them.

import { get, sameServer } from "./api.js";
import { action, count, el, keep, lasted, table, text } from "./dom.js";
import { split } from "./pane.js";

const NONE = { waiting: 0, oldest_ms: null, assigned: 0, wrapping: 0, members: 0, available: 0 };

export function queuesView(world) {
  const { whole, body } = table("Queues", ["Queue", { name: "Waiting", number: true }, { name: "Longest wait", number: true, minor: true }, { name: "In hand", number: true, minor: true }, { name: "People", number: true }, { name: "Available", number: true }, { name: "Who is in it", wide: true }, { name: "Fed by", wide: true }]);
  const none = el("p", {}, "This workspace has no queue yet.");
  const list = el("div", {}, el("h1", { class: "hidden" }, "Queues"), none, whole);
  const { node, openPane } = split(list, `#/${world.sid}/queues`);
  let pane = null;

  function update() {
    const queues = world.lanes.queues.filter((each) => each.sid);
    const most = Math.max(1, ...queues.map((each) => world.load.queues[each.sid]?.waiting ?? 0));
    none.hidden = queues.length > 0;
    whole.hidden = queues.length === 0;
    keep(body, queues, (each) => each.sid, (each) => row(each, most));
    for (const each of body.children) each.load(most);
  }

  function row(queue) {
    const link = el("a", { class: `chip q${queue.color}`, href: `#/${world.sid}/queues/${queue.sid}` });
    const waits = el("a", { href: `#/${world.sid}/tasks/in:${queue.sid}` });
    const bar = el("span", { class: `bar q${queue.color}`, "aria-hidden": "true" });
    const cells = ["number", "number", "number", "number"].map((each) => el("td", { class: each }));
    const who = el("td", { class: "long" });
    const fed = el("td", { class: "long" });
    const made = el("tr", {}, el("td", { class: "name" }, link), el("td", { class: "number waits" }, bar, waits), cells, who, fed);
    made.update = (now) => {
      queue = now;
      text(link, now.name);
      text(who, now.who);
      who.title = now.expression;
      text(fed, now.fed_by || "no workflow leads here");
    };
    made.load = (most) => {
      const load = world.load.queues[queue.sid] ?? NONE;
      text(waits, load.waiting);
      waits.setAttribute("aria-label", `${count(load.waiting, "task")} waiting for ${queue.name}`);
      bar.style.width = `${(4 * load.waiting) / most}rem`;
      [load.oldest_ms === null ? "" : lasted(world.now() - load.oldest_ms), load.assigned + load.wrapping, load.members || "nobody", load.available].forEach((value, index) => text(cells[index], value));
      link.classList.toggle("empty", load.members === 0);
    };
    return made;
  }

  const timer = setInterval(update, 5000);
  return {
    node,
    close: () => clearInterval(timer),
    open(sid) {
      update();
      const queue = world.lanes.queues.find((each) => each.sid === sid);
      pane = queue ? queuePane(world, queue) : null;
      openPane(pane && { title: queue.name, content: pane.node });
    },
    update(what) {
      if (what === "load" || what === "change" || what === "lanes") {
        update();
        pane?.update();
      }
    },
  };
}

function queuePane(world, queue) {
  const { whole, body } = table(`People in ${queue.name}`, ["Worker", "Activity", { name: "In hand", number: true }]);
  const total = el("p", { class: "note" });
  let path = `${world.api}/Workers?${new URLSearchParams({ TaskQueueSid: queue.sid, PageSize: 50 })}`;
  let links = {};
  let workers = [];
  const earlier = action("Previous", () => turn(links.previous), { disabled: true });
  const later = action("Next", () => turn(links.next), { disabled: true });

  async function turn(link) {
    path = link;
    await read();
  }

  async function read() {
    const page = await get(path);
    workers = page.workers;
    links = { previous: sameServer(page.meta.previous_page_url), next: sameServer(page.meta.next_page_url) };
    earlier.disabled = !links.previous;
    later.disabled = !links.next;
    update();
  }

  function update() {
    text(total, `${count(world.load.queues[queue.sid]?.members ?? 0, "person").replace("persons", "people")} in the queue, ${world.load.queues[queue.sid]?.available ?? 0} available: ${queue.who}.`);
    keep(body, workers, (each) => each.sid, (each) => {
      const cells = [el("td"), el("td", { class: "number" })];
      return Object.assign(el("tr", {}, el("td", { class: "name" }, el("a", { href: `#/${world.sid}/workers/${each.sid}` }, each.friendly_name)), cells), { update: () => {
        const now = world.load.workers[each.sid];
        cells[0].className = world.activities.get(now?.activity)?.available ? "at-work" : "away";
        text(cells[0], now ? world.activityName(now.activity) : "deleted");
        text(cells[1], now?.held || "");
      } });
    });
  }

  read().catch((error) => text(total, error.message));
  return { node: el("div", {}, total, whole, el("div", { class: "buttons" }, earlier, later)), update };
}
