// A form that makes a task. The attributes in the workflow's expressions are fields; the others are entered as JSON.

import { post } from "./api.js";
import { el, field, parsed, say, select, text, verbatim, written } from "./dom.js";

export function taskForm(world, chosen) {
  const workflows = world.lanes.workflows;
  const workflow = select(workflows.map((each) => [each.sid, each.name]), chosen ?? workflows[0]?.sid, { onchange: () => ask() });
  const channel = select(world.channels.map((each) => [each.unique_name, each.friendly_name]), "default");
  const priority = el("input", { type: "number", min: "0", value: "0" });
  const timeout = el("input", { type: "number", min: "1", value: "86400" });
  const more = el("textarea", { rows: "3", spellcheck: "false", oninput: () => preview() });
  const asked = el("fieldset", {}, el("legend", {}, "Attributes"));
  const sent = verbatim("Attributes as they are sent");
  const problem = el("p", { class: "bad", role: "alert" });
  let inputs = [];

  function ask() {
    const wanted = workflows.find((each) => each.sid === workflow.value)?.attributes ?? [];
    inputs = wanted.map((each) => ({ ...each, input: input(each) }));
    asked.replaceChildren(el("legend", {}, "Attributes"),
      ...(inputs.length ? [] : [el("p", { class: "note" }, "No expression of this workflow asks for an attribute.")]),
      ...inputs.map((each) => field(each.path.join("."), each.input, hint(each))));
    preview();
  }

  function input(each) {
    const id = `values-${each.path.join(".")}`;
    const made = el("input", { spellcheck: "false", autocomplete: "off", list: each.values.length ? id : null, oninput: () => preview() });
    if (each.values.length) made.list_of = el("datalist", { id }, each.values.map((value) => el("option", { value: String(value) })));
    return made;
  }

  function hint(each) {
    const values = each.values.slice(0, 6).map(String).join(", ");
    const kind = each.is_list ? "A list, separated by commas." : "";
    const known = values && `Used in expressions: ${values}${each.values.length > 6 ? ", …" : ""}.`;
    return el("span", {}, [kind, known].filter(Boolean).join(" "), each.input.list_of) ;
  }

  /** The attributes; throws what is wrong with the JSON. */
  function attributes() {
    const values = rest(more.value);
    for (const each of inputs) {
      if (each.input.value.trim() !== "") put(values, each.path, typed(each));
    }
    return values;
  }

  function preview() {
    try {
      text(sent, written(attributes(), 2));
      text(problem, "");
      return true;
    } catch (error) {
      text(problem, error.message);
      return false;
    }
  }

  async function create(event) {
    event.preventDefault();
    if (!preview()) return more.focus();
    try {
      const made = await post(`${world.api}/Tasks`, {
        WorkflowSid: workflow.value, TaskChannel: channel.value, Priority: priority.value || "0", Timeout: timeout.value || "86400",
        Attributes: written(attributes()),
      });
      say("The task is created.");
      location.hash = `#/${world.sid}/tasks/${made.sid}`;
    } catch (error) {
      text(problem, `The task was not created. ${error.message}`);
    }
  }

  ask();
  const form = el("form", { class: "task", onsubmit: create, novalidate: true },
    field("Workflow", workflow), asked,
    field("More attributes, as JSON", more, 'An object such as {"vip": true}. Fields above win.'),
    el("div", { class: "row" }, field("Channel", channel), field("Priority", priority), field("Time to live, in seconds", timeout)),
    el("h3", {}, "Attributes as they are sent"), sent, problem, el("button", { class: "main" }, "Create"));
  const none = el("p", {}, "There is no workflow yet that could take a task.");
  return { title: "Create a task", node: workflows.length ? form : none };
}

function rest(json) {
  if (!json.trim()) return {};
  let values;
  try {
    values = parsed(json);
  } catch (error) {
    throw new Error(`More attributes are not valid JSON: ${error.message}. Names and texts need double quotes.`, { cause: error });
  }
  if (values === null || typeof values !== "object" || Array.isArray(values)) throw new Error('More attributes must be a JSON object, such as {"vip": true}.');
  return values;
}

/** The value of a field, of the type that expressions compare it with. */
function typed({ input, values, is_list: isList }) {
  const answer = input.value.trim();
  const one = (each) => {
    const known = values.find((value) => String(value) === each);
    if (known !== undefined) return known;
    const isNumber = values.length > 0 && values.every((value) => typeof value === "number");
    return isNumber && each !== "" && Number.isFinite(Number(each)) ? Number(each) : each;
  };
  return isList ? answer.split(",").map((each) => one(each.trim())).filter((each) => each !== "") : one(answer);
}

function put(values, path, value) {
  let place = values;
  for (const name of path.slice(0, -1)) {
    const inside = Object.hasOwn(place, name) ? place[name] : null;
    place = own(place, name, inside !== null && typeof inside === "object" && !Array.isArray(inside) ? inside : {});
  }
  own(place, path.at(-1), value);
}

/** Sets a property of its own, also one with a name such as __proto__. */
function own(object, name, value) {
  Object.defineProperty(object, name, { value, writable: true, enumerable: true, configurable: true });
  return value;
}
