// Twilio's own integration tests of its worker SDK, as they are, against a local server: `mocha --require own_specs.cjs`
// in a folder with their `test/`. They import the sources of the SDK and know Twilio's addresses, so here they are given
// the classes of the published build beside TASKROUTER_SDK_FROM, and a client of the REST API, both for TASKROUTER_URL.
const Module = require("module");
const path = require("path");

const root = process.cwd();
const url = process.env.TASKROUTER_URL;
const bridge = { ebServer: `${url}/v1/wschannels`, wsServer: `${url.replace("http", "ws")}/v1/wschannels` };
const theirs = Module.createRequire(path.join(root, "package.json"));
const published = Module.createRequire(process.env.TASKROUTER_SDK_FROM)("twilio-taskrouter");

theirs("@babel/register")({
    presets: [[theirs.resolve("@babel/preset-env"), { targets: { node: "current" } }]],
    babelrc: false, configFile: false, cache: false, ignore: [/node_modules/],
});

const local = Class => class extends Class {
    constructor(token, options = {}) {
        super(token, { ...options, ...bridge });
    }
};
const classes = Object.fromEntries(["Worker", "Supervisor", "Workspace"].map(name => [name, local(published[name])]));

// The build keeps some classes to itself. Two are those of the parts of a workspace, which asks nobody by itself.
const claims = { grants: { task_router: { workspace_sid: "WS", role: "admin" } } };
const unsigned = [{ alg: "none" }, claims].map(part => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");
const parts = new published.Workspace(`${unsigned}.`, bridge);
// The others are known by what their instances have.
const like = (...names) => class {
    static [Symbol.hasInstance](value) {
        return names.every(name => name in value);
    }
};
const withDefault = value => ({ default: value });

const sources = {
    "lib": classes,
    "lib/Worker": withDefault(classes.Worker),
    "lib/Supervisor": withDefault(classes.Supervisor),
    "lib/Workspace": withDefault(classes.Workspace),
    "lib/Task": withDefault(like("wrapUp", "transfers", "routingTarget")),
    "lib/descriptors/TaskDescriptor": withDefault(like("incomingTransferDescriptor", "queueSid")),
    "lib/TaskQueue": withDefault(like("assignmentActivitySid", "targetWorkers")),
    "lib/WorkerContainer": withDefault(like("activitySid", "friendlyName", "workspaceSid")),
    "lib/util/Configuration": withDefault(parts._config.constructor),
    "lib/util/Request": withDefault(parts._request.constructor),
    "lib/util/Constants": { API_V1: "v1", twilioErrors: new Proxy({}, { get: (_, name) => ({ name }) }) },
};
// Twilio's library for Node, whose requests go to the local server.
function redirected(twilio) {
    const RequestClient = theirs("twilio/lib/base/RequestClient");
    const sender = new (RequestClient.default || RequestClient)();
    const httpClient = {
        request: options => sender.request({ ...options, uri: options.uri.replace(/^https:\/\/[^/]*/, url) }),
    };
    const client = (account, token, options) => new twilio(account, token, { ...options, httpClient });
    const library = new Proxy(twilio, {
        construct: (_, given) => client(...given),
        apply: (_, __, given) => client(...given),
        get: (target, name) => (name === "Twilio" ? library : target[name]),
    });
    return library;
}

const load = Module._load;
Module._load = function(request, parent, isMain) {
    const from = parent && parent.filename ? path.relative(root, parent.filename) : "";
    if (from.startsWith(`test${path.sep}`)) {
        if (request === "twilio") return redirected(load.call(this, request, parent, isMain));
        const source = path.relative(root, path.resolve(path.dirname(parent.filename), request));
        if (request.startsWith(".") && source in sources) return { __esModule: true, ...sources[source] };
    }
    return load.call(this, request, parent, isMain);
};
