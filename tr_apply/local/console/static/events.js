// The latest events, live: filtered, the newest first.

import { get } from "./api.js";
import { action, clock, count, el, isSid, keep, pretty, table, text, verbatim } from "./dom.js";
import { facts, split } from "./pane.js";
import { GROUPS, groupOf, sentence } from "./sentences.js";
import { taskLink } from "./tasks.js";

const SHOWN = 100;

export function eventsView(world) {
  const boxes = GROUPS.map(([name, title]) => ({ name, box: el("input", { type: "checkbox", checked: true, id: `show-${name}`, onchange: () => update() }), title }));
  const search = el("input", { type: "search", placeholder: "Name, type or SID", "aria-label": "Name, type or SID contains", oninput: () => update() });
  const hold = action("Pause", () => pause(!paused), { "aria-pressed": "false" });
  const total = el("p", { class: "note" });
  const { whole, body } = table("Events", ["Time", "Type", { name: "Task", minor: true }, "What happened"]);
  const more = action("Show more", () => { shown += SHOWN; update(); });
  const filters = el("form", { class: "filters", role: "search", onsubmit: (event) => event.preventDefault() },
    el("fieldset", { class: "inline" }, el("legend", { class: "hidden" }, "Kinds of events"), boxes.map((each) => el("span", { class: "check" }, each.box, el("label", { for: each.box.id }, each.title)))), search, hold);
  const list = el("div", {}, el("h1", { class: "hidden" }, "Events"), filters, total, whole, el("div", { class: "buttons" }, more));
  const { node, openPane } = split(list, `#/${world.sid}/events`);
  let shown = SHOWN;
  let paused = null;

  function pause(isPaused) {
    paused = isPaused ? world.events : null;
    text(hold, paused ? "Go on" : "Pause");
    hold.ariaPressed = String(Boolean(paused));
    update();
  }

  function update() {
    const groups = new Set(boxes.filter((each) => each.box.checked).map((each) => each.name));
    const wanted = search.value.trim().toLowerCase();
    const events = paused ?? world.events;
    const found = events.filter((each) => groups.has(groupOf(each.type)) && (!wanted || matches(each, wanted)));
    keep(body, found.slice(0, shown), (each) => each.sid, row);
    more.hidden = found.length <= shown;
    const missed = world.missed ? " Some were left out, as there were too many at a time." : "";
    const waiting = paused ? ` Paused: ${world.events.indexOf(paused[0])} newer.` : "";
    text(total, `${count(found.length, "event")} of the latest ${events.length}.${missed}${waiting}`);
  }

  function matches(event, wanted) {
    event.words ??= Object.values(event).join("\n").toLowerCase();
    return event.words.includes(wanted);
  }

  function row(event) {
    return el("tr", {}, el("td", { class: "when" }, clock(event.at_ms, world.now())),
      el("td", {}, el("a", { href: `#/${world.sid}/events/${event.sid}` }, breakable(event.type))),
      el("td", {}, event.task_sid ? taskLink(world, event.task_sid) : ""), el("td", { class: "long" }, sentence(event, world)));
  }

  /** A type, with places where a narrow column may break it. */
  function breakable(type) {
    return type.split(/(?<=[.-])/).map((each) => [each, el("wbr")]);
  }

  return {
    node,
    update(what) {
      if (what === "events" || what === "gap" || what === "restart") update();
    },
    open(sid) {
      update();
      openPane(isSid(sid, "EV") && { title: "Event", content: eventPane(world, sid) });
    },
  };
}

function eventPane(world, sid) {
  const node = el("div", {}, "Reading…");
  get(`${world.api}/Events/${sid}`).then((event) => {
    node.replaceChildren(facts([["Type", event.event_type], ["Time", `${event.event_date} (${event.event_date_ms})`], ["Description", event.description], ["SID", el("code", {}, sid)]]),
      el("h3", {}, "Data"), verbatim("Data of the event", pretty(event.event_data)));
  }, (error) => text(node, error.message));
  return node;
}
