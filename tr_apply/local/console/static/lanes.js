// The workflows as lanes, with the tasks that wait in each step.

import { get } from "./api.js";
import { count, el, keep, lasted, table, text } from "./dom.js";
import { split } from "./pane.js";
import { briefly, taskLink } from "./tasks.js";

const TAGS = { "never reached": "never" };

export function lanesView(world) {
  const list = el("div", { class: "workflows" });
  const { node, openPane, pane } = split(list, `#/${world.sid}/lanes`);
  let pills = new Map();
  let notes = new Map();
  let chips = [];
  let drawn = null;

  function draw() {
    pills = new Map();
    notes = new Map();
    chips = [];
    drawn = world.lanes;
    const sections = world.lanes.workflows.map(section);
    list.replaceChildren(el("h1", { class: "hidden" }, "Lanes"), ...(sections.length ? sections : [el("p", {}, "This workspace has no workflow yet.")]));
    update();
  }

  function section(workflow) {
    const waiting = el("p", { class: "note waits" });
    notes.set(workflow.sid, waiting);
    return el("section", { "aria-label": `Workflow ${workflow.name}` },
      el("h2", {}, workflow.name, el("a", { class: "button small", href: `#/${world.sid}/tasks/new:${workflow.sid}`, "aria-label": `Create a task in ${workflow.name}` }, "Create a task")),
      workflow.notes.map((each) => el("p", { class: "note" }, each)), waiting,
      el("ol", { class: "lanes" }, workflow.lanes.map((each) => lane(each, workflow))));
  }

  function lane(each, workflow) {
    const classes = ["lane", each.blame ? "unreached" : "", each.blame && !each.number ? "quiet" : ""].filter(Boolean);
    const end = el("span", { class: "end" }, each.end);
    return el("li", { class: classes.join(" ") },
      el("span", { class: "number" }, each.number || ""),
      el("div", { class: "what" }, el("b", {}, each.title),
        each.tags.map((tag) => [" ", el("span", { class: `tag ${TAGS[tag] ?? tag}` }, tag)]),
        each.condition && el("span", { class: "condition", title: each.expression }, each.condition),
        each.blame && el("span", { class: "blame" }, each.blame.text, each.blame.task && [", such as ", el("code", {}, each.blame.task)])),
      el("div", { class: "chips" },
        each.steps.map((one, target) => step(one, each.number ? each.number - 1 : -1, target, workflow, one.is_last ? end : null)),
        each.waits ? null : end));
  }

  function step(each, filter, target, workflow, end) {
    const key = `${workflow.sid}/${filter}/${target}`;
    const waiting = el("span");
    const pill = el("a", { class: "pill", href: `#/${world.sid}/lanes/${key}`, hidden: true }, waiting, el("span", { class: "hidden" }, ` for ${each.queue}`));
    pills.set(key, { pill, waiting, queue: each.queue });
    return [
      el("span", { class: "step" }, chip(each),
        each.badges.map((badge) => el("span", { class: "badge", title: badge.title || null }, badge.text)),
        each.is_reached ? null : el("span", { class: "badge" }, "never reached"), end, pill),
      each.leaves && el("span", { class: "arrow" }, `${each.leaves} →`),
    ];
  }

  function chip(step) {
    const people = el("small");
    const made = el("span", { class: ["chip", step.color === null ? "" : `q${step.color}`, step.is_reached ? "" : "step-unreached"].filter(Boolean).join(" ") }, step.queue, people);
    const queue = world.lanes.queues.find((each) => each.name === step.queue);
    chips.push({ made, people, sid: queue?.sid });
    return made;
  }

  function update() {
    for (const [key, { pill, waiting }] of pills) {
      const number = world.load.steps[key]?.waiting ?? 0;
      pill.hidden = number === 0;
      text(waiting, `${number} waiting`);
    }
    for (const { made, people, sid } of chips) {
      const members = world.load.queues[sid]?.members;
      text(people, members === undefined ? "" : members || "nobody");
      made.classList.toggle("empty", members === 0);
    }
    for (const [sid, note] of notes) {
      const earlier = world.load.steps[`${sid}/earlier`]?.waiting ?? 0;
      const directed = world.load.steps[`${sid}/-2/0`]?.waiting ?? 0;
      const words = [earlier && `${count(earlier, "task")} that still follow the workflow as it was before its last change`, directed && `${count(directed, "task")} for the target that they name`];
      const elsewhere = words.filter(Boolean).join(", ");
      text(note, elsewhere ? `Waiting elsewhere: ${elsewhere}.` : "");
      note.hidden = !elsewhere;
    }
  }

  let waiting = null;
  function open(key) {
    if (drawn !== world.lanes) draw();
    waiting = key && pills.has(key) ? waitingPane(world, key, pills.get(key).queue) : null;
    openPane(waiting && { title: `Waiting for ${pills.get(key).queue}`, content: waiting.node });
  }

  return {
    node,
    open,
    update(what) {
      if (what === "lanes") draw();
      if (what === "load" || what === "change") {
        update();
        if (pane.isConnected) waiting?.update();
      }
    },
  };
}

/** The tasks that wait in one step. */
function waitingPane(world, key, queue) {
  const { whole, body } = table(`Tasks that wait for ${queue}`, ["Task", { name: "Priority", number: true }, { name: "Age", number: true }, "Attributes"]);
  const more = el("p", { class: "note" });
  let due = false;
  async function read() {
    const { total, tasks } = await get(`${world.data}/waiting?${new URLSearchParams({ step: key })}`);
    keep(body, tasks, (each) => each.sid, (each) => {
      const attributes = el("span");
      const cells = [el("td", {}, taskLink(world, each.sid)), el("td", { class: "number" }), el("td", { class: "number" })];
      return Object.assign(el("tr", {}, cells, el("td", { class: "long brief" }, attributes)), { update: (task) => {
        text(cells[1], task.priority);
        text(cells[2], lasted(world.now() - task.created_ms));
        text(attributes, briefly(task.attributes));
      } });
    });
    text(more, total > tasks.length ? `The ${tasks.length} oldest of ${count(total, "task")}.` : total ? "" : "No task waits here any more.");
  }
  async function update() {
    if (due) return;
    due = true;
    await read().catch(() => null);
    setTimeout(() => (due = false), 500);
  }
  update();
  return { node: el("div", {}, more, whole), update };
}
