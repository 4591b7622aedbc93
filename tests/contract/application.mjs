// An application written with Twilio's library for Node: prints what it saw as JSON. Run with the server's URL.
import { createRequire } from "node:module";
import http from "node:http";

const require = createRequire(process.env.TWILIO_FROM ?? import.meta.url);
const twilio = require("twilio");
const [base, accountSid, token] = process.argv.slice(2);

class Elsewhere extends twilio.RequestClient {
  request(options) {
    return super.request({ ...options, uri: options.uri.replace("https://taskrouter.twilio.com", base) });
  }
}

const client = twilio(accountSid, token, { httpClient: new Elsewhere() });
const offers = [];
const application = http.createServer((request, response) => {
  let body = "";
  request.on("data", (chunk) => (body += chunk));
  request.on("end", () => {
    const form = Object.fromEntries(new URLSearchParams(body));
    const url = `http://127.0.0.1:${application.address().port}${request.url}`;
    const valid = twilio.validateRequest(token, request.headers["x-twilio-signature"], url, form);
    offers.push({ valid, worker: form.WorkerName });
    response.writeHead(200, { "Content-Type": "application/json" });
    response.end(JSON.stringify({ instruction: "accept" }));
  });
});
await new Promise((resolve) => application.listen(0, "127.0.0.1", resolve));

const made = await client.taskrouter.v1.workspaces.create({ friendlyName: "Node" });
const workspace = client.taskrouter.v1.workspaces(made.sid);
const activities = await workspace.activities.list();
const sidOf = (name) => activities.find((each) => each.friendlyName === name).sid;
const queue = await workspace.taskQueues.create({ friendlyName: "Spanish", targetWorkers: "languages HAS 'es'" });
const targets = { task_routing: { filters: [], default_filter: { queue: queue.sid } } };
await workspace.workflows.create({
  friendlyName: "Incoming",
  configuration: JSON.stringify(targets),
  assignmentCallbackUrl: `http://127.0.0.1:${application.address().port}/assignment`,
});
const worker = await workspace.workers.create({ friendlyName: "maria", attributes: '{"languages": ["es"]}' });
const task = await workspace.tasks.create({ attributes: JSON.stringify({ language: "es" }), priority: 3 });
const statuses = [task.assignmentStatus];
await workspace.workers(worker.sid).update({ activitySid: sidOf("Available") });
while (!statuses.includes("assigned")) {
  const { assignmentStatus } = await workspace.tasks(task.sid).fetch();
  if (assignmentStatus !== statuses.at(-1)) statuses.push(assignmentStatus);
}
const done = await workspace.tasks(task.sid).update({ assignmentStatus: "completed", reason: "sold" });
const reservations = await workspace.workers(worker.sid).reservations.list();
const events = await workspace.events.list({ taskSid: task.sid });
console.log(
  JSON.stringify({
    offers,
    statuses: [...statuses, done.assignmentStatus],
    reservations: reservations.map((each) => each.reservationStatus),
    events: events.map((each) => each.eventType),
  }),
);
application.close();
process.exit(0);
