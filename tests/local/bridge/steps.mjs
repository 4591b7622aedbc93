// What Twilio's own integration tests of its worker SDK do, against any server, in Node and in a browser alike.
// `run` takes the SDK, the server with its workspace, and the names of the steps; its answer has null or a problem for each.

const PATIENCE_MS = 15000;
const ATTEMPT_FAILED = "Transfer attempt failed on reservation reject because there are no more pending reservations";

class Desk {
  constructor(sdk, config) {
    Object.assign(this, { sdk, config, open: [] });
  }

  async rest(method, path, form, workspace = this.config.workspace) {
    const { url, user, password } = this.config;
    const answer = await fetch(`${url}/v1/Workspaces/${workspace}${path}`, {
      method,
      headers: { Authorization: `Basic ${btoa(`${user}:${password}`)}` },
      body: form && new URLSearchParams(form),
    });
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    return answer.status === 204 ? null : answer.json();
  }

  // Alice's token with another end, signed anew.
  async brief(seconds) {
    const [header, claims] = this.config.tokens.alice.split(".");
    const text = JSON.stringify({ ...JSON.parse(atob(claims.replaceAll("-", "+").replaceAll("_", "/"))), exp: Math.floor(Date.now() / 1000) + seconds });
    const base64 = (bytes) => btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
    const signed = `${header}.${base64(new TextEncoder().encode(text))}`;
    const key = await crypto.subtle.importKey("raw", new TextEncoder().encode(this.config.password), { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
    return `${signed}.${base64(new Uint8Array(await crypto.subtle.sign("HMAC", key, new TextEncoder().encode(signed))))}`;
  }

  options(more) {
    const { ebServer, wsServer } = this.config;
    return { ebServer, wsServer, logLevel: "silent", ...more };
  }

  worker(name, more = {}, token = this.config.tokens[name]) {
    return this.noted(new this.sdk.Worker(token, this.options(more)));
  }

  supervisor() {
    return this.noted(new this.sdk.Supervisor(this.config.tokens.supervisor, this.options()));
  }

  workspace(more = {}) {
    return new this.sdk.Workspace(this.config.tokens.admin, this.options(more));
  }

  noted(worker) {
    worker.on("error", () => {});
    this.open.push(worker);
    return worker;
  }

  ready(worker) {
    return on(worker, "ready");
  }

  // A worker who is ready, in the activity called "Idle".
  async present(name, more = {}) {
    const worker = this.worker(name, { connectActivitySid: this.config.activities.Idle, ...more });
    const moved = on(worker, "activityUpdated");
    await this.ready(worker);
    await moved;
    return worker;
  }

  move(name, activity) {
    return this.rest("POST", `/Workers/${this.config.workers[name]}`, { ActivitySid: this.config.activities[activity] });
  }

  capacity(name, capacity) {
    return this.rest("POST", `/Workers/${this.config.workers[name]}/Channels/default`, { Capacity: capacity });
  }

  task(attributes = {}, more = {}) {
    return this.rest("POST", "/Tasks", {
      WorkflowSid: this.config.workflow,
      Attributes: JSON.stringify(attributes),
      ...more,
    });
  }

  // A present worker with a pending reservation of a new task.
  async offered(name, attributes = {}) {
    const worker = await this.present(name);
    const created = on(worker, "reservationCreated");
    await this.task(attributes);
    return [worker, await created];
  }

  // Alice with an accepted reservation, and Bob, who could take it over.
  async twoAtWork() {
    const [alice, reservation] = await this.offered("alice", { conference: { sid: `CF${"1".repeat(32)}` } });
    await reservation.accept();
    const bob = await this.present("bob");
    return [alice, reservation, bob];
  }

  async clear() {
    for (const worker of this.open.splice(0)) {
      worker.removeAllListeners();
      worker.disconnect();
    }
    for (const task of (await this.rest("GET", "/Tasks?PageSize=100")).tasks) await this.rest("DELETE", `/Tasks/${task.sid}`);
    for (const name of ["alice", "bob"]) {
      await this.move(name, "Offline");
      await this.capacity(name, 1);
    }
  }
}

function on(emitter, type) {
  return new Promise((resolve) => emitter.once(type, resolve));
}

function equal(found, expected, what = "") {
  const [a, b] = [found, expected].map((each) => JSON.stringify(each));
  if (a !== b) throw new Error(`${what || "value"}: ${a} instead of ${b}`);
}

function same(found, expected) {
  if (found !== expected) throw new Error("not the same object");
}

function holds(condition, what) {
  if (!condition) throw new Error(`not so: ${what}`);
}

async function refused(promise, ...parts) {
  try {
    await promise;
  } catch (error) {
    for (const part of parts) holds(error.message.includes(part), `${part} in ${error.message}`);
    return;
  }
  throw new Error("it was not refused");
}

function isTransfer(transfer, from, to, mode, type, status) {
  equal([transfer.workerSid, transfer.to, transfer.mode, transfer.type, transfer.status], [from, to, mode, type, status]);
  equal([transfer.sid.slice(0, 2), transfer.reservationSid.slice(0, 2)], ["TT", "WR"]);
}

const STEPS = {
  // Activity, ActivityRejectReservations, Channel, WorkerMultiTask
  async "a worker reads activities and channels"(desk) {
    const alice = desk.worker("alice");
    await desk.ready(alice);
    equal(alice.activities.size, Object.keys(desk.config.activities).length);
    equal(alice.channels.size, 5);
    for (const channel of alice.channels.values()) equal([channel.capacity, channel.available], [1, true]);
    equal([alice.reservations.size, alice.name, alice.activity.name], [0, "alice", "Offline"]);
    holds(alice.dateCreated instanceof Date && !isNaN(alice.dateCreated), "dateCreated is a date");
  },
  async "the activity is set on connecting, and set again"(desk) {
    const alice = await desk.present("alice");
    const { Idle, Offline } = desk.config.activities;
    equal(alice.activity.sid, Idle);
    for (const activity of alice.activities.values()) equal(activity.isCurrent, activity.sid === Idle);
    const updated = await alice.activities.get(Offline).setAsCurrent();
    same(alice.activity, updated);
    equal([alice.activities.get(Idle).isCurrent, updated.isCurrent], [false, true]);
  },
  async "pending reservations are rejected with a change of activity"(desk) {
    await desk.capacity("alice", 3);
    const alice = desk.worker("alice", { connectActivitySid: desk.config.activities.Idle });
    const created = [];
    const all = new Promise((resolve) => alice.on("reservationCreated", (each) => created.push(each) === 3 && resolve()));
    for (let number = 0; number < 3; number += 1) await desk.task();
    await all;
    const rejected = created.map((each) => on(each, "rejected"));
    equal(alice.reservations.size, 3);
    await alice.activities.get(desk.config.activities.Offline).setAsCurrent({ rejectPendingReservations: true });
    await Promise.all(rejected);
    equal(created.map((each) => each.status), ["rejected", "rejected", "rejected"]);
  },
  async "reservations are not rejected with an available activity"(desk) {
    const [alice] = await desk.offered("alice");
    let message = "";
    try {
      alice.activities.get(desk.config.activities.Idle).setAsCurrent({ rejectPendingReservations: true });
    } catch (error) {
      message = error.message;
    }
    holds(message.includes("Available activity"), message);
  },
  async "pending reservations are there from the beginning"(desk) {
    await desk.capacity("alice", 3);
    await desk.move("alice", "Idle");
    for (let number = 0; number < 3; number += 1) await desk.task({ number });
    const alice = desk.worker("alice");
    await desk.ready(alice);
    equal([...alice.reservations.values()].map((each) => [each.status, each.task.attributes.number]), [["pending", 0], ["pending", 1], ["pending", 2]]);
  },
  async "pages of one item lead to all reservations"(desk) {
    await desk.capacity("alice", 3);
    await desk.move("alice", "Idle");
    for (let number = 0; number < 3; number += 1) await desk.task();
    const alice = desk.worker("alice");
    await desk.ready(alice);
    const entity = alice._dataServices.reservationsEntity;
    Object.assign(entity, { _pageSize: 1 });
    await entity.fetchReservations();
    for (let turn = 0; turn < 100 && alice.reservations.size < 3; turn += 1) await new Promise((resolve) => setTimeout(resolve, 20));
    equal(alice.reservations.size, 3);
  },
  async "a worker creates a task for herself"(desk) {
    const alice = desk.worker("alice");
    await desk.ready(alice);
    const created = on(alice, "reservationCreated");
    const before = Number(alice.version);
    const sid = await alice.createTask("customer", "worker", desk.config.workflow, desk.config.queue, {
      taskChannelUniqueName: "voice",
      attributes: { a: [1] },
    });
    const { task } = await created;
    equal([task.sid, task.routingTarget, task.taskChannelUniqueName], [sid, alice.sid, "voice"]);
    equal(task.attributes, { a: [1], outbound_to: "customer", from: "worker" });
    equal(Number(alice.version), before + 1, "version");
    await alice.fetchLatestVersion();
    equal(Number(alice.version), before + 1, "version as the server has it");
  },
  // WorkerNonMultiTask
  async "where workers have one task at a time, one of two is offered"(desk) {
    const { workspace, activities, token } = desk.config.oneAtATime;
    const first = desk.worker("carol", { connectActivitySid: activities.Idle }, token);
    const moved = on(first, "activityUpdated");
    await desk.ready(first);
    equal([first.activities.size, first.channels.size, first.reservations.size], [4, 5, 0]);
    for (const channel of first.channels.values()) equal([channel.capacity, channel.available], [1, true]);
    await moved;
    for (const activity of first.activities.values()) equal(activity.isCurrent, activity.sid === activities.Idle);
    same(first.activity, first.activities.get(activities.Idle));
    const tasks = [];
    for (let number = 0; number < 2; number += 1) tasks.push(await desk.rest("POST", "/Tasks", { Attributes: "{}" }, workspace));
    const second = desk.worker("carol", {}, token);
    await desk.ready(second);
    equal([...second.reservations.values()].map((each) => each.task.sid), [tasks[0].sid]);
    for (const { sid } of tasks) await desk.rest("DELETE", `/Tasks/${sid}`, undefined, workspace);
  },
  // WorkerCommon
  async "attributes are set, and their version checked"(desk) {
    const alice = desk.worker("alice", { enableVersionCheck: true });
    await desk.ready(alice);
    const [before, version] = [alice.attributes, Number(alice.version)];
    const seen = on(alice, "attributesUpdated");
    same(await alice.setAttributes({ languages: ["en"], name: "Ms. Alice" }), alice);
    await seen;
    equal([alice.attributes, Number(alice.version)], [{ languages: ["en"], name: "Ms. Alice" }, version + 1]);
    alice.version = String(version);
    await refused(alice.setAttributes({ languages: [] }), "412");
    await alice.fetchLatestVersion();
    await alice.setAttributes(before);
  },
  async "a rejected reservation leaves the worker's version"(desk) {
    const alice = desk.worker("alice");
    await desk.ready(alice);
    const created = on(alice, "reservationCreated");
    await alice.createTask("customer", "worker", desk.config.workflow, desk.config.queue);
    const reservation = await created;
    const before = alice.version;
    const rejected = on(reservation, "rejected");
    await reservation.reject();
    await rejected;
    await alice.fetchLatestVersion();
    equal(alice.version, before);
  },
  async "disconnecting is an event"(desk) {
    const bob = desk.worker("bob");
    await desk.ready(bob);
    const gone = on(bob, "disconnected");
    bob.disconnect();
    equal((await gone).message, "SDK Disconnect");
  },
  async "another session of the worker closes this one"(desk) {
    const first = desk.worker("alice");
    await desk.ready(first);
    const gone = on(first, "disconnected");
    const second = desk.worker("alice", { closeExistingSessions: true });
    await desk.ready(second);
    equal((await gone).message, "The worker opened another session");
  },
  async "two sessions of the worker do not close each other in turn"(desk) {
    const first = desk.worker("alice", { closeExistingSessions: true });
    await desk.ready(first);
    const back = desk.ready(first);
    const second = desk.worker("alice", { closeExistingSessions: true }, await desk.brief(60));
    const closed = [];
    second.on("disconnected", (event) => closed.push(event.message));
    await desk.ready(second);
    await back;
    const told = on(second, "attributesUpdated");
    await first.setAttributes({ ...first.attributes, back: true });
    await told;
    equal(closed, []);
  },
  async "a worker goes offline with the last session"(desk) {
    const alice = await desk.present("alice", { setWorkerOfflineIfDisconnected: true });
    alice.disconnect();
    for (let turn = 0; turn < 200; turn += 1) {
      if ((await desk.rest("GET", `/Workers/${alice.sid}`)).activity_name === "Offline") return;
    }
    throw new Error("still present");
  },
  // EventBridgeSignaling
  async "an expired token is reported, and a new one connects again"(desk) {
    const alice = desk.worker("alice", {}, await desk.brief(6));
    const [expired, gone] = [on(alice, "tokenExpired"), on(alice, "disconnected")];
    await expired;
    equal(alice._signaling.reconnect, false);
    equal((await gone).message, "The access token has expired");
    const ready = on(alice, "ready");
    alice.updateToken(desk.config.tokens.alice);
    equal(alice._signaling.reconnect, true);
    await ready;
  },
  async "an invalid token does not connect"(desk) {
    const alice = desk.worker("alice", {}, desk.config.tokens.alice.replace(/.{8}$/, "AAAAAAAA"));
    equal((await on(alice, "error")).name, "GATEWAY_CONNECTION_FAILED");
  },
  // Reservation, ReservationAccept, ReservationReject, ReservationCancel
  async "a reservation is rejected, by answer and event"(desk) {
    const [alice, reservation] = await desk.offered("alice", { selected_language: "es" });
    equal([alice.reservations.size, reservation.status, reservation.task.taskChannelUniqueName], [1, "pending", "default"]);
    const rejected = on(reservation, "rejected");
    same(await reservation.reject(), await rejected);
    equal(reservation.status, "rejected");
  },
  async "a reservation is accepted, its task wrapped up and completed"(desk) {
    const [, reservation] = await desk.offered("alice", { selected_language: "es" });
    same(await reservation.accept(), reservation);
    equal([reservation.status, reservation.task.status], ["accepted", "reserved"]);
    const [wrapped, too] = [on(reservation.task, "wrapup"), on(reservation, "wrapup")];
    const task = await reservation.task.wrapUp({ reason: "Work is almost finished" });
    same(await wrapped, task);
    await too;
    equal([task.status, task.reason, reservation.status], ["wrapping", "Work is almost finished", "wrapping"]);
    await task.complete("Work is done");
    equal([task.status, task.reason], ["completed", "Work is done"]);
  },
  async "a completed task completes its reservation"(desk) {
    const [alice, reservation] = await desk.offered("alice");
    await reservation.accept();
    const completed = on(reservation, "completed");
    await reservation.task.complete("Work is done");
    same(await completed, reservation);
    equal([reservation.task.status, reservation.task.reason, alice.reservations.size], ["completed", "Work is done", 0]);
  },
  async "a deleted task completes its reservation"(desk) {
    const [alice, reservation] = await desk.offered("alice");
    await reservation.accept();
    equal(alice.reservations.get(reservation.sid).sid, reservation.sid);
    const completed = on(reservation, "completed");
    await desk.rest("DELETE", `/Tasks/${reservation.task.sid}`);
    await completed;
  },
  async "a reservation is completed, and wraps up"(desk) {
    const [, first] = await desk.offered("alice");
    await first.accept();
    const task = on(first.task, "completed");
    await first.complete();
    equal([first.status, (await task).status, first.task.routingTarget], ["completed", "completed", null]);
    await desk.clear();
    const [, second] = await desk.offered("alice");
    await second.accept();
    const wrapped = on(second, "wrapup");
    await second.wrap();
    await wrapped;
    equal(second.status, "wrapping");
  },
  async "a canceled task cancels its reservation"(desk) {
    const [alice, reservation] = await desk.offered("alice", { selected_language: "es" });
    const [canceled, task] = [on(reservation, "canceled"), on(reservation.task, "canceled")];
    await desk.rest("POST", `/Tasks/${reservation.task.sid}`, { AssignmentStatus: "canceled", Reason: "Time to go home" });
    same(await task, reservation.task);
    await canceled;
    equal([reservation.status, reservation.task.status, reservation.task.reason], ["canceled", "canceled", "Time to go home"]);
    equal([alice.reservations.size, "canceledReasonCode" in reservation], [0, false]);
  },
  async "a reservation times out"(desk) {
    const [, reservation] = await desk.offered("alice");
    equal(reservation.timeout, 120);
    const ended = on(reservation, "timeout");
    await desk.rest("POST", `/Tasks/${reservation.task.sid}/Reservations/${reservation.sid}`, { ReservationStatus: "timeout" });
    await ended;
    equal(reservation.status, "timeout");
  },
  async "what another worker accepts is rescinded"(desk) {
    await desk.rest("POST", `/TaskQueues/${desk.config.queue}`, { MaxReservedWorkers: 2 });
    const bob = await desk.present("bob");
    const others = on(bob, "reservationCreated");
    const [, reservation] = await desk.offered("alice");
    const other = await others;
    const rescinded = on(other, "rescinded");
    await reservation.accept();
    await rescinded;
    equal([other.status, other.task.status], ["rescinded", "assigned"]);
    await refused(other.accept(), "410");
    await desk.rest("POST", `/TaskQueues/${desk.config.queue}`, { MaxReservedWorkers: 1 });
  },
  async "instructions are carried out as far as there is no telephony"(desk) {
    const [, reservation] = await desk.offered("alice", { call_sid: `CA${"1".repeat(32)}` });
    const accepted = on(reservation, "accepted");
    same(await reservation.conference({ endConferenceOnExit: true, beep: false }), reservation);
    await accepted;
    equal(reservation.status, "accepted");
    await reservation.task.fetchLatestVersion();
    equal(reservation.task.attributes.conference.sid.slice(0, 2), "CF");
    same(await reservation.updateParticipant({ endConferenceOnExit: true }), reservation);
    same(await reservation.task.updateParticipant({ hold: true }), reservation.task);
    same(await reservation.task.hold(desk.config.workers.bob, true, {}), reservation.task);
    same(await reservation.task.kick(desk.config.workers.bob), reservation.task);
  },
  async "an instruction that cannot be carried out is refused"(desk) {
    const [, reservation] = await desk.offered("alice");
    await refused(reservation.redirect(`CA${"1".repeat(32)}`, "no URL"), "400");
    await refused(reservation.call("+1555", "also none"), "400");
    await refused(reservation.dequeue(), "400", "call_sid");
  },
  // TaskEvents, TaskUpdated
  async "attributes of a task are set, and its version checked"(desk) {
    const alice = await desk.present("alice", { enableVersionCheck: true });
    const created = on(alice, "reservationCreated");
    await desk.task({ selected_language: "es" });
    const { task } = await created;
    const before = Number(task.version);
    const updated = on(task, "updated");
    same(await task.setAttributes({ languages: ["en"] }), task);
    await updated;
    equal(task.attributes, { languages: ["en"] });
    holds(Number(task.version) > before, "the version is greater");
    task.version = "0";
    await refused(task.setAttributes({}), "412");
    await task.fetchLatestVersion();
    await task.setAttributes({});
  },
  async "a task is updated by others"(desk) {
    const alice = desk.worker("alice");
    await desk.ready(alice);
    const created = on(alice, "reservationCreated");
    await alice.createTask("customer", "worker", desk.config.workflow, desk.config.queue);
    const { task } = await created;
    const updated = on(task, "updated");
    await desk.rest("POST", `/Tasks/${task.sid}`, { Attributes: '{"selected_language": "en"}' });
    same(await updated, task);
    equal([task.attributes, task.status, task.routingTarget], [{ selected_language: "en" }, "reserved", alice.sid]);
    equal(task.workflowSid, desk.config.workflow);
  },
  async "a virtual start time is set, unless it is in the future"(desk) {
    const [, { task }] = await desk.offered("alice");
    const past = new Date(Math.floor(Date.now() / 1000) * 1000 - 60000);
    await task.setVirtualStartTime(past);
    equal(task.virtualStartTime, past);
    await refused(task.setVirtualStartTime(new Date(Date.now() + 3600000)), "400", "future");
  },
  async "capacity and availability of a channel are events"(desk) {
    const alice = desk.worker("alice");
    await desk.ready(alice);
    const channel = [...alice.channels.values()].find((each) => each.taskChannelUniqueName === "default");
    const version = Number(alice.version);
    const capacity = on(channel, "capacityUpdated");
    await desk.capacity("alice", 4);
    await capacity;
    equal([channel.capacity, channel.assignedTasks, channel.availableCapacityPercentage], [4, 0, 100]);
    const availability = on(channel, "availabilityUpdated");
    await desk.rest("POST", `/Workers/${alice.sid}/Channels/default`, { Available: "false" });
    await availability;
    equal([channel.available, Number(alice.version)], [false, version + 2]);
    await desk.rest("POST", `/Workers/${alice.sid}/Channels/default`, { Available: "true" });
  },
  // TaskTransfer, OutgoingTransfer, and those of the voice tests without the calls
  async "a transfer to a worker who rejects it fails"(desk) {
    const [alice, reservation, bob] = await desk.twoAtWork();
    const initiated = on(reservation.task, "transferInitiated");
    const offered = on(bob, "reservationCreated");
    same(await reservation.task.transfer(bob.sid), reservation.task);
    const outgoing = await initiated;
    isTransfer(outgoing, alice.sid, bob.sid, "WARM", "WORKER", "initiated");
    const other = await offered;
    isTransfer(other.transfer, alice.sid, bob.sid, "WARM", "WORKER", "initiated");
    isTransfer(other.task.transfers.incoming, alice.sid, bob.sid, "WARM", "WORKER", "initiated");
    equal(other.task.status, "reserved");
    const [failed, rejected] = [on(outgoing, "failed"), on(other, "rejected")];
    await other.reject();
    const updated = on(reservation.task, "updated");
    isTransfer((await rejected).transfer, alice.sid, bob.sid, "WARM", "WORKER", "failed");
    equal((await failed).status, "failed");
    equal((await updated).status, "assigned");
    equal(reservation.status, "accepted");
  },
  async "a transfer is canceled, once"(desk) {
    const [, reservation, bob] = await desk.twoAtWork();
    const offered = on(bob, "reservationCreated");
    const { transfers } = await reservation.task.transfer(bob.sid);
    const other = await offered;
    const [canceled, withdrawn] = [on(transfers.outgoing, "canceled"), on(other, "canceled")];
    same(await transfers.outgoing.cancel(), transfers.outgoing);
    const updated = on(reservation.task, "updated");
    same(await canceled, transfers.outgoing);
    equal(transfers.outgoing.status, "canceled");
    await withdrawn;
    equal([other.status, other.task.transfers.incoming.status, other.task.status], ["canceled", "canceled", "assigned"]);
    equal((await updated).status, "assigned");
    await refused(transfers.outgoing.cancel(), "400", `Transfer ${transfers.outgoing.sid} is already canceled . Cannot cancel transfer.`);
  },
  async "a transfer to a queue goes on when it is rejected"(desk) {
    const [alice, reservation, bob] = await desk.twoAtWork();
    const offered = on(bob, "reservationCreated");
    await reservation.task.transfer(desk.config.queue, { mode: "WARM", attributes: { more: true }, priority: "7" });
    const { outgoing } = reservation.task.transfers;
    const other = await offered;
    isTransfer(other.transfer, alice.sid, desk.config.queue, "WARM", "QUEUE", "initiated");
    equal([other.task.status, other.task.attributes, other.task.priority], ["reserved", { more: true }, 7]);
    const [attempt, rejected, again] = [on(outgoing, "attemptFailed"), on(other, "rejected"), on(bob, "reservationCreated")];
    await other.reject();
    const statuses = [];
    reservation.task.on("updated", (task) => statuses.push(task.status));
    isTransfer((await rejected).transfer, alice.sid, desk.config.queue, "WARM", "QUEUE", "initiated");
    equal([(await attempt).status, outgoing.transferFailedReason], ["initiated", ATTEMPT_FAILED]);
    await (await again).accept();
    equal(statuses.slice(0, 2), ["pending", "reserved"]);
  },
  async "a warm transfer leaves both with the task, until both are done"(desk) {
    const [, reservation, bob] = await desk.twoAtWork();
    const offered = on(bob, "reservationCreated");
    await reservation.task.transfer(bob.sid);
    const { outgoing } = reservation.task.transfers;
    const completed = on(outgoing, "completed");
    const other = await offered;
    await refused(reservation.task.complete("too early"), "400");
    await other.accept();
    equal((await completed).status, "complete");
    equal([reservation.status, other.status], ["accepted", "accepted"]);
    const ended = on(reservation, "completed");
    await reservation.complete();
    await ended;
    equal([reservation.status, reservation.task.status], ["completed", "assigned"]);
    const all = on(other.task, "completed");
    await other.complete();
    equal((await all).status, "completed");
  },
  async "a cold transfer begins to wrap the task up"(desk) {
    const [, reservation, bob] = await desk.twoAtWork();
    const [offered, wrapped] = [on(bob, "reservationCreated"), on(reservation, "wrapup")];
    await reservation.task.transfer(bob.sid, { mode: "COLD" });
    await wrapped;
    const other = await offered;
    isTransfer(other.transfer, reservation.workerSid, bob.sid, "COLD", "WORKER", "initiated");
    await reservation.complete();
    await other.accept();
    const ended = on(other, "completed");
    await other.complete();
    await ended;
    equal([reservation.status, other.status, other.task.status], ["completed", "completed", "completed"]);
  },
  async "a page that connects anew sees its transfers"(desk) {
    const [, reservation, bob] = await desk.twoAtWork();
    const offered = on(bob, "reservationCreated");
    await reservation.task.transfer(bob.sid);
    await offered;
    const [alice2, bob2] = [desk.worker("alice"), desk.worker("bob")];
    await Promise.all([desk.ready(alice2), desk.ready(bob2)]);
    const [mine] = alice2.reservations.values();
    const [theirs] = bob2.reservations.values();
    isTransfer(mine.task.transfers.outgoing, alice2.sid, bob.sid, "WARM", "WORKER", "initiated");
    isTransfer(theirs.transfer, alice2.sid, bob.sid, "WARM", "WORKER", "initiated");
  },
  // Supervisor
  async "a supervisor changes a worker and listens in"(desk) {
    const [bob, reservation] = await desk.offered("bob");
    await reservation.accept();
    const supervisor = desk.supervisor();
    await desk.ready(supervisor);
    await supervisor.monitor(reservation.task.sid, reservation.sid);
    const worker = await supervisor.setWorkerAttributes(bob.sid, { languages: ["en"] });
    equal(JSON.parse(worker.attributes), { languages: ["en"] });
    const { Busy } = desk.config.activities;
    equal((await supervisor.setWorkerActivity(bob.sid, Busy)).activity_sid, Busy);
    await refused(supervisor.setWorkerActivity(bob.sid, "invalid_activitySid"), "400", "invalid_activitySid");
    await refused(supervisor.setWorkerActivity("invalid_workerSid", Busy), "404");
    const alice = desk.worker("alice");
    await desk.ready(alice);
    await refused(desk.sdk.Supervisor.prototype.setWorkerActivity.call(alice, bob.sid, Busy), "403");
  },
  // Workspace
  async "task queues are listed, filtered, ordered and paged"(desk) {
    const made = [];
    for (const name of ["test", "test1"]) made.push((await desk.rest("POST", "/TaskQueues", { FriendlyName: name })).sid);
    try {
      const all = await desk.workspace().fetchTaskQueues();
      const names = async (query) => [...(await desk.workspace().fetchTaskQueues(query)).values()].map((each) => each.name);
      equal(await names({ FriendlyName: "test" }), ["test"]);
      equal(await names({ FriendlyName: "aaa" }), []);
      equal(await names({ AfterSid: made[0] }), ["test1"]);
      await refused(desk.workspace().fetchTaskQueues({ AfterSid: `WK${"0".repeat(34)}` }), "400");
      equal((await desk.workspace().fetchTaskQueue(made[0])).sid, made[0]);
      await refused(desk.workspace().fetchTaskQueue(`WQ${"0".repeat(34)}`), "404");
      for (const [order, sign] of [["asc", 1], ["desc", -1]]) {
        const paged = await desk.workspace({ pageSize: 1 }).fetchTaskQueues({ Ordering: `DateUpdated:${order}` });
        const dates = [...paged.values()].map((each) => sign * each.dateUpdated);
        equal(dates, [...dates].sort((a, b) => a - b), order);
        equal(paged.size, all.size);
      }
      equal((await desk.workspace({ pageSize: 1 }).fetchTaskQueues()).size, all.size);
      holds([...all.values()].every((each) => each.targetWorkers && each.taskOrder === "FIFO"), "queues are whole");
    } finally {
      for (const sid of made) await desk.rest("DELETE", `/TaskQueues/${sid}`);
    }
  },
  async "workers are listed, filtered, ordered and paged"(desk) {
    const names = async (query, more) => [...(await desk.workspace(more).fetchWorkers(query)).values()].map((each) => each.friendlyName);
    const { alice, bob } = desk.config.workers;
    equal(await names(), ["alice", "bob"]);
    equal(await names({ MaxWorkers: 1 }, { pageSize: 2 }), ["alice"]);
    equal(await names({ FriendlyName: "bob" }), ["bob"]);
    equal(await names({ ActivitySid: desk.config.activities.Offline }), ["alice", "bob"]);
    equal(await names({ ActivityName: "Offline" }), ["alice", "bob"]);
    equal(await names({ ActivityName: "I" }), []);
    equal(await names({ TargetWorkersExpression: `sid IN ['${bob}']` }), ["bob"]);
    equal(await names({ AfterSid: alice }), ["bob"]);
    await refused(names({ ActivitySid: "WAxxx" }), "400");
    await refused(names({ AfterSid: `WK${"0".repeat(34)}` }), "400");
    equal((await desk.workspace().fetchWorker(bob)).sid, bob);
    await refused(desk.workspace().fetchWorker(`WQ${"0".repeat(34)}`), "404");
    await desk.move("alice", "Idle");
    equal(await names({ Ordering: "DateStatusChanged:asc" }, { pageSize: 1 }), ["bob", "alice"]);
    equal(await names({ Ordering: "DateStatusChanged:desc" }, { pageSize: 1 }), ["alice", "bob"]);
    equal(await names({}, { pageSize: 1 }), ["alice", "bob"]);
    const task = await desk.task({ a: 1 });
    equal((await desk.workspace().fetchTask(task.sid)).attributes, { a: 1 });
  },
};

function bounded(promise) {
  return Promise.race([promise, new Promise((_, reject) => setTimeout(() => reject(new Error("nothing happened")), PATIENCE_MS).unref?.())]);
}

export async function run(sdk, config, names = Object.keys(STEPS)) {
  const desk = new Desk(sdk, config);
  const problems = {};
  for (const name of names) {
    try {
      await desk.clear();
      await bounded(STEPS[name](desk));
      problems[name] = null;
    } catch (error) {
      problems[name] = `${error.stack ?? error}`;
    }
  }
  await desk.clear();
  return problems;
}
