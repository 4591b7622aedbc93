// A list with a pane for one of its items: next to it, or over it if there is little room.

import { el, fill } from "./dom.js";

export function split(list, home) {
  const title = el("h2", { tabindex: "-1" });
  const content = el("div", { class: "content" });
  const back = el("a", { class: "button small", href: home }, "Close");
  const pane = el("aside", { "aria-label": "Details" }, el("div", { class: "pane-head" }, title, back), content);
  const node = el("div", { class: "split" }, el("div", { class: "list" }, list));
  let opened = null;

  pane.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !event.defaultPrevented && !event.target.closest("select")) location.hash = home;
  });

  function openPane(shown) {
    if (!shown) {
      pane.remove();
      node.classList.remove("open");
      if (opened) [...list.querySelectorAll("a")].find((each) => each.hash === opened)?.focus();
      opened = null;
      return;
    }
    fill(title, shown.title);
    fill(content, shown.content);
    node.append(pane);
    node.classList.add("open");
    opened = location.hash;
    pane.scrollTop = 0;
    title.focus({ preventScroll: true });
    if (getComputedStyle(pane).position === "static" && pane.getBoundingClientRect().top < 0) pane.scrollIntoView();
  }

  return { node, pane, content, openPane };
}

/** Facts as a list of names and values. */
export function facts(pairs) {
  return el("dl", {}, pairs.filter((each) => each && each[1] !== null && each[1] !== undefined && each[1] !== "")
    .map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value))));
}

/** Calls *act* after the last of several calls, and never twice at the same time. */
export function soon(act, pause = 250) {
  let timer = null;
  let running = false;
  let again = false;
  async function run() {
    timer = null;
    if (running) {
      again = true;
      return;
    }
    running = true;
    await act().catch(() => null);
    running = false;
    if (again) {
      again = false;
      timer ??= setTimeout(run, pause);
    }
  }
  return () => { timer ??= setTimeout(run, pause); };
}
