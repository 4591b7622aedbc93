// The clock of the server: its time and, in a test world, its controls.

import { steer } from "./api.js";
import { action, clock as clockText, el, field, say, text } from "./dom.js";

export function clockControl(world, isControlled) {
  const time = el("span", { class: "time" });
  const rate = el("span", { class: "rate" });
  const node = el("details", { class: "clock" }, el("summary", {}, el("span", { class: "hidden" }, "Clock of the server: "), time, " ", rate),
    el("div", { class: "popup" }, isControlled ? controls() : refusal()));
  node.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !node.open) return;
    node.open = false;
    node.firstElementChild.focus();
  });

  function update() {
    text(time, `${clockText(world.now(), Date.now())} UTC`);
    const now = world.clock.rate;
    text(rate, now === 0 ? "pinned" : now === 1 ? "" : `× ${now}`);
  }
  const timer = setInterval(() => (node.isConnected ? update() : clearInterval(timer)), 1000);
  update();
  return { node, update };
}

function refusal() {
  return el("p", {}, "The clock can be steered only in a test world. Start the server with ", el("code", {}, "--control"), " to pin it, to advance it, or to let it run faster.");
}

function controls() {
  const seconds = el("input", { type: "number", min: "1", max: "31536000", value: "60" });
  const rate = el("input", { type: "number", min: "0.1", max: "1000000", step: "any", value: "60" });
  const steered = (label, body, done) => action(label, async () => {
    const { now } = await steer("clock", body());
    say(`${done} It is ${now.slice(0, 19).replace("T", " ")}.`);
  });
  return [
    el("div", { class: "buttons" },
      steered("Pin the clock", () => ({ rate: 0 }), "The clock is pinned."),
      steered("Let it run", () => ({ rate: 1 }), "The clock runs.")),
    el("div", { class: "row" }, field("Seconds to advance", seconds),
      steered("Advance", () => ({ advance_s: Number(seconds.value) }), "Time has passed, and every timer due has fired.")),
    el("div", { class: "row" }, field("Times as fast as real time", rate),
      steered("Set the pace", () => ({ rate: Number(rate.value) }), "The clock has another pace.")),
  ];
}
