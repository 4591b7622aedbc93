// Tasks: the list, the history of one, and its actions.

import { get, post, sameServer } from "./api.js";
import { action, clock, el, fill, isSid, keep, lasted, parsed, pretty, say, select, table, text, verbatim, written } from "./dom.js";
import { facts, soon, split } from "./pane.js";
import { sentence, workerLink } from "./sentences.js";
import { taskForm } from "./taskform.js";

const STATUSES = ["pending", "reserved", "assigned", "wrapping", "completed", "canceled"];
const WAITING = "pending,reserved";
const PAGE = 50;

export function taskLink(world, sid) {
  return el("a", { href: `#/${world.sid}/tasks/${sid}`, title: sid }, el("span", { class: "hidden" }, "Task "), shortly(sid));
}

/** The end of a SID, which differs from task to task. */
function shortly(sid) {
  return el("code", {}, `…${sid.slice(-8).replace(/^0+(?=.{4})/, "")}`);
}

/** Attributes in one line. */
export function briefly(attributes) {
  let values;
  try {
    values = parsed(attributes);
  } catch {
    return attributes;
  }
  return Object.entries(values).map(([name, value]) => `${name}: ${typeof value === "string" && !value.startsWith("\0") ? value : written(value)}`).join(", ") || "(none)";
}

export function tasksView(world) {
  const status = select([["", "Any status"], [WAITING, "waiting"], ...STATUSES.map((each) => [each, each])], "", { "aria-label": "Status", onchange: () => refilter() });
  const queue = select([["", "Any queue"], ...world.lanes.queues.filter((each) => each.sid).map((each) => [each.sid, each.name])], "", { "aria-label": "Queue", onchange: () => refilter() });
  const workflow = select([["", "Any workflow"], ...world.lanes.workflows.map((each) => [each.sid, each.name])], "", { "aria-label": "Workflow", onchange: () => refilter() });
  const expression = el("input", { type: "search", placeholder: "language == 'es'", "aria-label": "Expression over the attributes", spellcheck: "false" });
  const total = el("p", { class: "note" });
  const problem = el("p", { class: "bad", role: "alert" });
  const { whole, body } = table("Tasks", ["Task", "Status", "Queue", { name: "Workflow", wide: true }, { name: "Priority", number: true, minor: true }, { name: "Age", number: true }, { name: "Attributes", minor: true }]);
  const earlier = action("Newer", () => turn(links.previous), { disabled: true });
  const later = action("Older", () => turn(links.next), { disabled: true });
  const filters = el("form", { class: "filters", role: "search", onsubmit: (event) => { event.preventDefault(); refilter(); } }, status, queue, workflow, expression, el("button", {}, "Filter"));
  const list = el("div", {}, el("h1", { class: "hidden" }, "Tasks"), total, filters, problem, whole, el("div", { class: "buttons" }, earlier, later));
  const { node, openPane } = split(list, `#/${world.sid}/tasks`);
  let links = {};
  let path = null;
  let pane = null;

  function first() {
    const query = { PageSize: PAGE, Ordering: "DateCreated:desc" };
    const chosen = { AssignmentStatus: status.value, TaskQueueSid: queue.value, WorkflowSid: workflow.value, EvaluateTaskAttributes: expression.value.trim() };
    for (const [name, value] of Object.entries(chosen)) if (value) query[name] = value;
    return `${world.api}/Tasks?${new URLSearchParams(query)}`;
  }

  async function read() {
    path ??= first();
    try {
      const page = await get(path);
      links = { previous: sameServer(page.meta.previous_page_url), next: sameServer(page.meta.next_page_url) };
      earlier.disabled = !links.previous;
      later.disabled = !links.next;
      keep(body, page.tasks, (each) => each.sid, row);
      text(problem, "");
    } catch (error) {
      text(problem, error.message);
    }
  }
  const refresh = soon(read, 400);

  async function turn(link) {
    path = link;
    await read();
    body.querySelector("a")?.focus();
  }

  function refilter() {
    path = null;
    return read();
  }

  function row(task) {
    const attributes = el("span");
    const cells = [...["status", "name", "name", "number", "number"].map((each) => el("td", { class: each })), attributes];
    return Object.assign(el("tr", {}, el("td", {}, taskLink(world, task.sid)), cells.slice(0, -1), el("td", { class: "long brief" }, attributes)), { update: (now) => {
      cells[0].dataset.status = now.assignment_status;
      const values = [now.assignment_status, now.task_queue_friendly_name ?? "", now.workflow_friendly_name ?? "", now.priority, lasted(1000 * now.age), briefly(now.attributes)];
      values.forEach((value, index) => text(cells[index], value));
    } });
  }

  function counts() {
    const words = STATUSES.filter((each) => world.load.tasks[each]).map((each) => `${world.load.tasks[each].toLocaleString("en")} ${each}`);
    text(total, words.length ? `Tasks: ${words.join(", ")}.` : "There are no tasks.");
  }

  return {
    node,
    open(id) {
      counts();
      refresh();
      const [name, more] = (id ?? "").split(/:(.*)/);
      if (name.startsWith("in")) {
        queue.value = more ?? "";
        status.value = WAITING;
        refilter();
      }
      pane = name === "new" ? taskForm(world, more) : isSid(name, "WT") ? taskPane(world, name) : null;
      openPane(pane && { title: pane.title, content: pane.node });
      pane?.shown?.();
    },
    update(what, data) {
      if (what === "load" || what === "change") counts();
      if (what === "events" && data.some((each) => each.task_sid)) refresh();
      if (what === "load" || what === "restart") refresh();
      pane?.update?.(what, data);
    },
  };
}

function taskPane(world, sid) {
  const path = `${world.api}/Tasks/${sid}`;
  const head = el("div");
  const route = el("ol", { class: "route" });
  const reservations = el("ul", { class: "plain" });
  const attributes = verbatim("Attributes");
  const node = el("div", {}, head, el("h3", {}, "Reservations"), reservations, el("h3", {}, "Route so far"), route, el("h3", {}, "Attributes"), attributes);

  async function read() {
    let task;
    try {
      task = await get(path);
    } catch (error) {
      if (error.status === 404) fill(head, el("p", {}, "This task was deleted. Its events are still below."));
      await readRoute({ Minutes: 43200 });
      return;
    }
    const [held, place] = await Promise.all([
      get(`${path}/Reservations?PageSize=100`),
      get(`${world.data}/place?${new URLSearchParams({ task: sid })}`),
      readRoute({ StartDate: task.date_created }),
    ]);
    fill(head,
      facts([
        ["Status", task.assignment_status], ["Reason", task.reason], ["Queue", task.task_queue_friendly_name], ["Workflow", task.workflow_friendly_name],
        ["Waits in", stepWords(world, place)], ["Goes on in", place.deadline_ms && goesOn(place.deadline_ms - world.now())], ["Canceled in", place.ends_ms && lasted(place.ends_ms - world.now())],
        ["Channel", task.task_channel_unique_name], ["Priority", task.priority], ["Age", lasted(1000 * task.age)], ["SID", el("code", {}, sid)],
      ]),
      el("div", { class: "buttons" }, actions(task.assignment_status)),
    );
    text(attributes, pretty(task.attributes));
    keep(reservations, held.reservations, (each) => each.sid, (each) => reservationLine(world, each));
    if (!held.reservations.length) reservations.replaceChildren(el("li", {}, "Nobody was offered this task yet."));
    else reservations.querySelector("li:not([data-sid])")?.remove();
  }

  async function readRoute(since) {
    const { events } = await get(`${world.api}/Events?${new URLSearchParams({ TaskSid: sid, PageSize: 1000, ...since })}`);
    const began = events[0]?.event_date_ms;
    keep(route, events, (each) => each.sid, (each) => el("li", {},
      el("time", { title: each.event_date }, `+ ${lasted(each.event_date_ms - began)}`), " ",
      el("span", {}, sentence({ type: each.event_type, ...each.event_data }, world))));
  }

  function actions(status) {
    const change = (label, wanted, done) => action(label, async () => {
      await post(path, { AssignmentStatus: wanted, Reason: "by the console" });
      say(done);
    });
    if (status === "pending" || status === "reserved") return [change("Cancel", "canceled", "The task is canceled.")];
    const complete = change("Complete", "completed", "The task is completed.");
    if (status === "assigned") return [change("Wrap up", "wrapping", "The task is being wrapped up."), complete];
    return status === "wrapping" ? [complete] : [];
  }

  const refresh = soon(read);
  refresh();
  return {
    title: el("span", {}, "Task ", shortly(sid)),
    node,
    update(what, data) {
      if (what === "load" || (what === "events" && data.some((each) => each.task_sid === sid))) refresh();
    },
  };
}

function stepWords(world, place) {
  if (!place.step) return null;
  const [workflow, filter, target] = place.step.split("/");
  if (filter === "earlier") return "a step of its workflow as it was before";
  if (filter === "-2") return "its routing target";
  const lane = world.lanes.workflows.find((each) => each.sid === workflow)?.lanes.find((each) => each.number === Number(filter) + 1);
  if (!lane) return null;
  const name = lane.number ? `filter ${lane.number} (${lane.title})` : lane.title.toLowerCase();
  return `${name}, step ${Number(target) + 1} of ${lane.steps.length}`;
}

const NEXT = {
  pending: [["Accept", "accepted"], ["Reject", "rejected"]],
  accepted: [["Wrap up", "wrapping"], ["Complete", "completed"]],
  wrapping: [["Complete", "completed"]],
};

function goesOn(left) {
  return left > 0 ? lasted(left) : "as soon as its offer is over";
}

/** A reservation, with what its worker can do. */
export function reservationLine(world, { sid, task_sid: task }, { withTask = false } = {}) {
  const what = el("span");
  const buttons = el("span", { class: "buttons" });
  let status = null;
  return Object.assign(el("li", { "data-sid": sid }, what, " ", buttons), { update: (now) => {
    if (now.reservation_status === status) return;
    status = now.reservation_status;
    fill(what, withTask ? taskLink(world, task) : workerLink(world, now.worker_sid, now.worker_name), ` ${status}, since ${clock(Date.parse(now.date_updated), world.now())}`);
    const had = buttons.contains(document.activeElement);
    fill(buttons, ...(NEXT[status] ?? []).map(([label, wanted]) => action(label, async () => {
      await post(`${world.api}/Tasks/${task}/Reservations/${sid}`, { ReservationStatus: wanted });
      say(`${now.worker_name}: ${wanted}.`);
    }, { class: "small", "aria-label": `${label}: ${now.worker_name}` })));
    if (had) (buttons.querySelector("button") ?? what.querySelector("a"))?.focus();
  } });
}
