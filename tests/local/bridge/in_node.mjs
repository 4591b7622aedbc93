// Runs the steps with the SDK of the node_modules folder beside a file: in_node.mjs CONFIG_JSON SDK_FROM [STEP]...
import { createRequire } from "node:module";
import { run } from "./steps.mjs";

const [config, from, ...names] = process.argv.slice(2);
const problems = await run(createRequire(from)("twilio-taskrouter"), JSON.parse(config), names.length ? names : undefined);
console.log(JSON.stringify(problems));
process.exit(0); // the SDK leaves timers behind
