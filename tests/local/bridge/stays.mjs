// A worker whose page stays open: what happens to it, a line each. stays.mjs WORKER_OPTIONS_JSON TOKEN SDK_FROM
import { createRequire } from "node:module";

const [options, token, from] = process.argv.slice(2);
const { Worker } = createRequire(from)("twilio-taskrouter");
const worker = new Worker(token, { ...JSON.parse(options), logLevel: "silent" });
const say = (...words) => console.log(words.join(" "));
const offer = reservation => say("offer", reservation.task.sid);

worker.on("ready", () => {
    say("ready", worker.activity.name);
    worker.reservations.forEach(offer);
});
worker.on("reservationCreated", offer);
worker.on("disconnected", () => say("disconnected"));
worker.on("error", () => {}); // or Node ends the program as soon as the server is away
