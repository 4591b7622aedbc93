// Callbacks to applications, and their answers.

import { get } from "./api.js";
import { clock, count, el, keep, pretty, table, text, verbatim } from "./dom.js";
import { facts, soon, split } from "./pane.js";

const SHOWN = 100;

export function callbacksView(world) {
  const total = el("p", { class: "note" });
  const { whole, body } = table("Callbacks", ["Time", "Callback", { name: "URL", minor: true }, "Answer"]);
  const list = el("div", {}, el("h1", { class: "hidden" }, "Callbacks"), total, whole);
  const { node, openPane } = split(list, `#/${world.sid}/callbacks`);
  let calls = [];
  let opened = null;

  async function read() {
    calls = (await get(`${world.data}/callbacks`)).callbacks.reverse();
    keep(body, calls.slice(0, SHOWN), (each) => each.id, row);
    const shown = calls.length > SHOWN ? ` The latest ${SHOWN} are shown.` : "";
    text(total, calls.length ? `${count(calls.length, "callback")} of this run of the server.${shown}` : "No callback was sent since the server started. A workflow's assignment callback URL or the workspace's event callback URL says where to.");
    show();
  }
  const refresh = soon(read);

  function row(call) {
    const answer = el("td");
    return Object.assign(el("tr", {}, el("td", { class: "when" }, clock(Date.parse(call.date), world.now())),
      el("td", {}, el("a", { href: `#/${world.sid}/callbacks/${call.id}` }, call.kind === "event" ? `event ${call.form.EventType}` : "assignment")),
      el("td", { class: "long" }, call.url), answer), { update: (now) => {
      answer.className = now.state === "failed" || now.status >= 400 ? "bad" : "";
      text(answer, outcome(now));
    } });
  }

  /** The pane of the callback that is open, once it is known. */
  function show() {
    const call = opened && calls.find((each) => String(each.id) === opened);
    if (!call || (call.state === shownState && opened === shownId)) return;
    [shownId, shownState] = [opened, call.state];
    openPane({ title: `Callback ${call.id}`, content: pane(call) });
  }
  let shownId = null;
  let shownState = null;

  return {
    node,
    open(id) {
      opened = id;
      shownId = null;
      if (!id) openPane(null);
      refresh();
    },
    update(what) {
      if (what === "callbacks" || what === "load") refresh();
    },
  };
}

function outcome(call) {
  if (call.state === "answered") return String(call.status);
  if (call.state === "failed") return `failed: ${call.error}`;
  return call.state === "held" ? "held back" : "waiting for the answer";
}

function pane(call) {
  return el("div", {}, facts([["URL", call.url], ["Sent", call.date], ["Sent again from", call.replay_of], ["Answer", outcome(call)]]),
    el("h3", {}, "Request"), verbatim("Form of the request", pretty(call.form)),
    el("h3", {}, "Headers"), verbatim("Headers of the request", pretty(call.headers)),
    el("h3", {}, "Answer"), verbatim("Body of the answer", call.body ? pretty(call.body) : call.body === "" ? "(empty)" : "(none)"));
}
