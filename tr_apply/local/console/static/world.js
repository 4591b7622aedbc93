// The workspace that the page shows, as far as it is known: names, load and the latest events.

import { all, get } from "./api.js";
import { Stream } from "./stream.js";

const KEPT_EVENTS = 2000;
const CHANGES_LANES = /^(workflow|task-queue|workspace|activity)\.(created|updated|deleted|expression\.updated)$/;
const CHANGES_NAMES = /^(activity|task-channel)\./;

export class World {
  load = { tasks: {}, steps: {}, queues: {}, workers: {} };
  lanes = null;
  activities = new Map();
  channels = [];
  events = [];
  missed = false;
  callbacks = 0;
  clock = { now_ms: Date.now(), rate: 1, since: performance.now() };
  state = "";
  #changed;
  #stream;
  #lanesDue = false;

  constructor(sid, changed) {
    this.sid = sid;
    this.api = `/v1/Workspaces/${sid}`;
    this.data = `/_console/Workspaces/${sid}`;
    this.#changed = changed;
  }

  async open() {
    await Promise.all([this.#readLanes(), this.#readNames()]);
    this.#stream = new Stream(this.sid, (name, data) => this.#heard(name, data), (state) => {
      this.state = state;
      this.#changed("state");
    });
  }

  close() {
    this.#stream?.close();
  }

  /** The present of the server, by its clock. */
  now() {
    return this.clock.now_ms + (performance.now() - this.clock.since) * this.clock.rate;
  }

  queueName(sid) {
    return this.lanes.queues.find((each) => each.sid === sid)?.name ?? sid;
  }

  workflowName(sid) {
    return this.lanes.workflows.find((each) => each.sid === sid)?.name ?? sid;
  }

  activityName(sid) {
    return this.activities.get(sid)?.name ?? sid;
  }

  async #readLanes() {
    this.lanes = await get(`${this.data}/lanes`);
  }

  async #readNames() {
    const [activities, channels] = await Promise.all([
      all(`${this.api}/Activities`, "activities"),
      all(`${this.api}/TaskChannels`, "channels"),
    ]);
    this.activities = new Map(activities.map((each) => [each.sid, { name: each.friendly_name, available: each.available }]));
    this.channels = channels;
  }

  #heard(name, data) {
    switch (name) {
      case "clock":
        this.clock = { ...data, since: performance.now() };
        break;
      case "load":
        this.load = data;
        break;
      case "change":
        for (const [section, entries] of Object.entries(data)) this.#merge(this.load[section], entries);
        break;
      case "events":
        this.events = [...data.reverse(), ...this.events].slice(0, KEPT_EVENTS);
        this.#follow(data);
        break;
      case "gap":
        this.missed = true;
        break;
      case "restart":
        this.events = [];
        this.#refresh();
        break;
      case "callbacks":
        this.callbacks = data;
        break;
      case "gone":
        this.state = "gone";
        name = "state";
    }
    this.#changed(name, data);
  }

  #merge(section, entries) {
    for (const [key, value] of Object.entries(entries)) {
      if (value === null) delete section[key];
      else section[key] = value;
    }
  }

  #follow(events) {
    if (events.some((each) => CHANGES_LANES.test(each.type) || CHANGES_NAMES.test(each.type))) this.#refresh();
  }

  /** Reads names and lanes again; of many changes in a row only once more after the last. */
  async #refresh() {
    if (this.#lanesDue) return;
    this.#lanesDue = true;
    await new Promise((resume) => setTimeout(resume, 300));
    this.#lanesDue = false;
    try {
      await Promise.all([this.#readLanes(), this.#readNames()]);
      this.#changed("lanes");
    } catch {
      // The stream says what is wrong.
    }
  }
}
