// Elements without markup: text of others becomes text nodes and attribute values, nothing else.

const HIDDEN = /(?![\t\n\r\u200c\u200d])[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]/gu;

/** Text of others with escapes for what cannot be seen, or changes the direction of what comes after it. */
export function visible(words) {
  return String(words).replace(HIDDEN, (each) => `\\u${each.codePointAt(0).toString(16).padStart(4, "0")}`);
}

/** An element. Properties that begin with "on" are listeners, null and false leave an attribute out. */
export function el(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) set(made, name, value);
  fill(made, children);
  return made;
}

/** Gives *element* other children: elements, and texts. */
export function fill(element, ...children) {
  const shown = children.flat(Infinity).filter((each) => each !== null && each !== undefined && each !== false);
  element.replaceChildren(...shown.map((each) => (each instanceof Node ? each : visible(each))));
}

function set(element, name, value) {
  if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
  else if (name === "value" || name === "checked" || name === "disabled" || name === "selected") element[name] = value;
  else if (value !== null && value !== undefined && value !== false) element.setAttribute(name, value === true ? "" : visible(value));
}

/** Gives *element* a text, unless it already has that text: selections and focus stay. */
export function text(element, value) {
  const wanted = visible(value);
  if (element.textContent !== wanted) element.textContent = wanted;
}

/**
 * Lets the children of *parent* be those of *items*, in their order. The element of an item that was there stays, so
 * that what has the focus keeps it. *make* returns an element with a function `update`.
 */
export function keep(parent, items, keyOf, make) {
  const known = parent.known ?? (parent.known = new Map());
  const wanted = new Set(items.map(keyOf));
  for (const [key, element] of known) {
    if (!wanted.has(key)) {
      element.remove();
      known.delete(key);
    }
  }
  let place = parent.firstElementChild;
  for (const item of items) {
    const key = keyOf(item);
    let element = known.get(key);
    if (!element) {
      element = make(item);
      known.set(key, element);
    }
    if (element === place) place = place.nextElementSibling;
    else parent.insertBefore(element, place);
    element.update?.(item);
  }
}

/** A heading, a table with column names, and a body whose rows `keep` looks after. */
export function table(caption, columns) {
  const body = el("tbody");
  const head = el("tr", {}, columns.map((each) => el("th", { scope: "col", class: each.number ? "number" : null }, each.name ?? each)));
  // Where a table has little room, it shows only what is needed to choose a row; some columns need more room than others.
  const spared = columns.flatMap((each, index) => (each.minor ? [`minor-${index + 1}`] : each.wide ? [`wide-${index + 1}`] : []));
  const whole = el("div", { class: ["table", ...spared].join(" "), tabindex: "0", role: "region", "aria-label": caption },
    el("table", {}, el("caption", { class: "hidden" }, caption), el("thead", {}, head), body));
  return { whole, body };
}

/** Text as it is, such as JSON, which can be scrolled by keyboard. */
export function verbatim(label, written = "") {
  return el("pre", { tabindex: "0", role: "group", "aria-label": label }, written);
}

/** Says something once to everybody: those who see, and those who listen. */
export function say(words, { bad = false } = {}) {
  const line = el("p", { class: bad ? "bad" : "good" }, words,
    el("button", { type: "button", class: "plain", "aria-label": "Close this message", onclick: () => line.remove() }, "×"));
  const place = document.getElementById("said");
  place.replaceChildren(line);
  clearTimeout(place.timer);
  if (!bad) place.timer = setTimeout(() => line.remove(), 6000);
}

/** A button whose action runs at most once at a time, and whose failure is shown. */
export function action(label, act, properties = {}) {
  const button = el("button", { type: "button", ...properties, onclick: async () => {
    if (button.ariaDisabled === "true") return;
    button.ariaDisabled = "true";
    try {
      await act();
    } catch (error) {
      say(error.message, { bad: true });
    } finally {
      button.ariaDisabled = null;
    }
  } }, label);
  return button;
}

/** A labelled field of a form. */
export function field(label, input, hint = null) {
  const id = `f${(field.count = (field.count ?? 0) + 1)}`;
  input.id = id;
  if (hint) input.setAttribute("aria-describedby", `${id}h`);
  return el("div", { class: "field" }, el("label", { for: id }, label), input, hint && el("small", { id: `${id}h` }, hint));
}

export function select(options, chosen, properties = {}) {
  const made = el("select", properties, options.map(([value, name]) => el("option", { value }, name)));
  made.value = chosen ?? "";
  return made;
}

/** A time that has passed, in at most two units. */
export function lasted(milliseconds) {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${seconds % 60} s`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} days`;
}

/** The time of day, in UTC as the API has it, with the date where it is another day than *now*. */
export function clock(milliseconds, now) {
  const text = new Date(milliseconds).toISOString();
  const day = now !== undefined && new Date(now).toISOString().slice(0, 10) === text.slice(0, 10);
  return day ? text.slice(11, 19) : `${text.slice(0, 10)} ${text.slice(11, 19)}`;
}

/** Whether a text is a SID of that kind; what an address says goes into no request otherwise. */
export function isSid(text, prefix) {
  return new RegExp(`^${prefix}[0-9a-f]{32}$`).test(text ?? "");
}

export function count(number, noun) {
  return `${number.toLocaleString("en")} ${noun}${number === 1 ? "" : "s"}`;
}

const NUMBER_OR_TEXT = /"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*/g;

/** What JSON says. A number that JavaScript cannot hold as it is written becomes a text that `written` makes a number of. */
export function parsed(json) {
  JSON.parse(json);
  return JSON.parse(json.replace(NUMBER_OR_TEXT, (each) => (each[0] === '"' || String(Number(each)) === each ? each : `"\\u0000${each}"`)));
}

/** JSON of what `parsed` made. */
export function written(value, indent = 0) {
  return JSON.stringify(value, null, indent).replace(/"\\u0000(-?\d[\d.eE+-]*)"/g, "$1");
}

/** JSON for people; text that is not JSON stays what it is. */
export function pretty(textOrValue) {
  if (typeof textOrValue !== "string") return JSON.stringify(textOrValue, null, 2);
  try {
    return written(parsed(textOrValue), 2);
  } catch {
    return textOrValue;
  }
}
