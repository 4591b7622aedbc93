// The events of a workspace, live. EventSource cannot sign in, so the stream is read by hand.

import { Refused, ask } from "./api.js";

const LONGEST_PAUSE_MS = 10_000;
const LONGEST_SILENCE_MS = 40_000;

/** Hears from a workspace until closed, and comes back by itself. A page that nobody looks at hears nothing. */
export class Stream {
  #path;
  #heard;
  #stated;
  #lastId = null;
  #abort = null;
  #pause = 500;
  #timer = null;
  #closed = false;
  #onVisible = () => (document.hidden ? this.#stop() : this.#start());

  constructor(workspace, heard, stated) {
    this.#path = `/_console/Workspaces/${workspace}/stream`;
    this.#heard = heard;
    this.#stated = stated;
    document.addEventListener("visibilitychange", this.#onVisible);
    this.#start();
  }

  close() {
    this.#closed = true;
    document.removeEventListener("visibilitychange", this.#onVisible);
    this.#stop();
  }

  #stop() {
    clearTimeout(this.#timer);
    this.#abort?.abort();
    this.#abort = null;
  }

  async #start() {
    if (this.#abort || this.#closed) return;
    const abort = (this.#abort = new AbortController());
    try {
      await this.#read(abort);
    } catch (error) {
      if (error instanceof Refused && error.status === 404) return this.#heard("gone", null);
      if (error instanceof Refused && error.status === 401) return this.#stated("out");
    }
    if (this.#abort !== abort || this.#closed) return;
    this.#abort = null;
    this.#stated("lost");
    this.#timer = setTimeout(() => this.#start(), this.#pause);
    this.#pause = Math.min(this.#pause * 2, LONGEST_PAUSE_MS);
  }

  async #read(abort) {
    const headers = this.#lastId === null ? {} : { "Last-Event-ID": this.#lastId };
    const answer = await ask("GET", this.#path, { signal: abort.signal, headers });
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    this.#pause = 500;
    this.#stated("live");
    let rest = "";
    for (;;) {
      const silence = setTimeout(() => abort.abort(), LONGEST_SILENCE_MS);
      const { value, done } = await reader.read().finally(() => clearTimeout(silence));
      if (done) return;
      const parts = (rest + value).split("\n\n");
      rest = parts.pop();
      parts.forEach((each) => this.#message(each));
    }
  }

  #message(written) {
    let name = null;
    let data = "";
    for (const line of written.split("\n")) {
      if (line.startsWith("id: ")) this.#lastId = line.slice(4);
      else if (line.startsWith("event: ")) name = line.slice(7);
      else if (line.startsWith("data: ")) data += line.slice(6);
    }
    if (name !== null) this.#heard(name, JSON.parse(data));
  }
}
