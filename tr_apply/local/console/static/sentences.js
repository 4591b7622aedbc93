// Events in words. Names are text; SIDs are links if there is something to show.

import { el } from "./dom.js";

const OF_RESERVATION = {
  created: (who) => ["Offered to ", who],
  accepted: (who) => [who, " accepted"],
  rejected: (who) => [who, " rejected"],
  timeout: (who) => [who, " did not answer in time"],
  canceled: (who) => ["The reservation of ", who, " was canceled"],
  rescinded: (who) => ["Taken back from ", who],
  completed: (who) => [who, " completed"],
  wrapup: (who) => [who, " wraps up"],
  failed: (who) => ["The reservation of ", who, " failed"],
};
const OF_TASK = {
  created: "Created", updated: "Changed", canceled: "Canceled", wrapup: "Wrapping up", completed: "Completed",
  deleted: "Deleted", "system-deleted": "Deleted by the system",
};
const OF_WORKER = {
  "attributes.update": " has other attributes", "capacity.update": " has another capacity",
  "channel.availability.update": " has another availability on a channel", created: " was created", deleted: " was deleted",
};

export const GROUPS = [
  ["task", "Tasks"], ["reservation", "Reservations"], ["worker", "Workers"], ["task-queue", "Queues"],
  ["workflow", "Workflows"], ["other", "Other"],
];

export function groupOf(type) {
  const group = type.slice(0, type.indexOf("."));
  return GROUPS.some(([name]) => name === group) ? group : "other";
}

export function workerLink(world, sid, name) {
  return sid in world.load.workers ? el("a", { href: `#/${world.sid}/workers/${sid}` }, name) : name;
}

/** What happened, for a reader who knows which task is meant. */
export function sentence(event, world) {
  const group = event.type.slice(0, event.type.indexOf("."));
  const verb = event.type.slice(group.length + 1);
  const who = event.worker_sid ? workerLink(world, event.worker_sid, event.worker_name) : "somebody";
  if (group === "reservation" && OF_RESERVATION[verb]) return OF_RESERVATION[verb](who);
  if (group === "task" && OF_TASK[verb]) return [OF_TASK[verb]];
  if (group === "worker") {
    return verb === "activity.update" ? [who, " is now ", event.worker_activity_name] : [event.worker_name, OF_WORKER[verb] ?? ` ${verb}`];
  }
  switch (event.type) {
    case "task-queue.entered": return ["Entered the queue ", event.task_queue_name];
    case "task-queue.timeout": return ["Timed out in the queue ", event.task_queue_name];
    case "task-queue.moved": return ["Left the queue ", event.task_queue_name];
    case "workflow.entered": return ["Entered the workflow ", event.workflow_name];
    case "workflow.target-matched": return ["Reached a step of ", event.workflow_name];
    case "workflow.timeout": return ["Timed out in the workflow ", event.workflow_name];
    case "workflow.skipped": return ["Went on immediately in ", event.workflow_name];
    default: return [event.type.replaceAll(/[.-]/g, " "), " ", event.workflow_name ?? event.task_queue_name ?? ""];
  }
}
