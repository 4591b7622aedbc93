// The same in a page: runs the steps, then lets a page of another origin try what it can.
import * as sdk from "twilio-taskrouter";
import { run } from "./steps.mjs";

const answer = (path, body) => fetch(path, { method: "POST", body: JSON.stringify(body) });

async function foreign({ ebServer, wsServer, workspace, workflow, tokens }) {
  const params = { WorkflowSid: workflow, Attributes: { foreign: true } };
  const body = JSON.stringify({ url: `Workspaces/${workspace}/Tasks`, method: "POST", params, token: tokens.alice });
  const socket = new WebSocket(`${wsServer}?token=${tokens.alice}`);
  const opened = await new Promise((resolve) => {
    socket.onopen = () => resolve(true);
    socket.onerror = () => resolve(false);
  });
  const read = await fetch(ebServer, { method: "POST", body }).then(() => true, () => false);
  await fetch(ebServer, { method: "POST", mode: "no-cors", body });
  return { opened, read };
}

const config = await (await fetch("/config")).json();
if (location.hostname === "localhost") {
  await answer("/foreign", await foreign(config));
} else {
  await answer("/steps", await run(sdk, config));
  const frame = document.body.appendChild(document.createElement("iframe"));
  frame.src = `http://localhost:${location.port}/`;
}
