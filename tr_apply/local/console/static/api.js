// Requests to the API, to the control of the test world and for the console's own data. Credentials stay in memory.

/** A refusal, in the words of the server. */
export class Refused extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

// Where anyone is let in, the page signs in as an API key: callbacks are then not signed with a password of its own.
const NOBODY = `SK${"0".repeat(32)}:console`;
let authorization = `Basic ${btoa(NOBODY)}`;

export function signIn(account, token) {
  const bytes = new TextEncoder().encode(`${account}:${token}`);
  authorization = `Basic ${btoa(String.fromCharCode(...bytes))}`;
}

/** Asks the server; no cookie, no password that the browser keeps, and no dialog of the browser. */
export async function ask(method, path, { form, json, headers, signal } = {}) {
  let answer;
  const body = form ? new URLSearchParams(form) : json === undefined ? undefined : JSON.stringify(json);
  try {
    answer = await fetch(path, {
      method, body, signal, credentials: "omit", cache: "no-store", redirect: "error",
      headers: { Authorization: authorization, ...headers },
    });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refused(0, "The server does not answer. Is it still running?");
  }
  if (!answer.ok) throw new Refused(answer.status, await words(answer));
  return answer;
}

async function words(answer) {
  const body = await answer.json().catch(() => null);
  return body?.message ?? `The server answered ${answer.status}.`;
}

export const get = async (path, options) => (await ask("GET", path, options)).json();
export const post = async (path, form) => (await ask("POST", path, { form })).json();
export const steer = async (name, json) => (await ask("POST", `/_tr-apply/${name}`, { json })).json();

/** Every item of a list of the API; for lists that are short, or needed whole. */
export async function all(path, key) {
  const items = [];
  for (let next = `${path}?PageSize=1000`; next; ) {
    const page = await get(next);
    items.push(...page[key]);
    next = sameServer(page.meta.next_page_url);
  }
  return items;
}

/** The path of a link that the API gave: a request goes to this server and no other. */
export function sameServer(url) {
  if (!url) return null;
  const { pathname, search } = new URL(url, location.href);
  return pathname + search;
}
