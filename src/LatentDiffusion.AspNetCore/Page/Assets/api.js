import { askForKey } from "./key.js";

const root = new URL(document.querySelector('meta[name="studio-api"]').content, location.href);
const keyName = "latent-diffusion-key";

/** An answer that is a problem (RFC 9457). */
export class Problem extends Error {
  constructor(status, message, parameter) {
    super(message);
    this.status = status;
    this.parameter = parameter;
  }
}

export const key = {
  get: () => sessionStorage.getItem(keyName),
  forget: () => sessionStorage.removeItem(keyName),
};

async function send(path, options = {}) {
  for (let wrong = false; ; wrong = true) {
    const used = key.get();
    const headers = { ...options.headers, ...(used && { Authorization: `Bearer ${used}` }) };
    let response;
    try {
      response = await fetch(new URL(path, root), { ...options, headers });
    } catch (error) {
      if (error.name === "AbortError") throw error;
      throw new Problem(0, "The server does not answer.");
    }
    if (response.ok) return response;
    if (response.status !== 401) throw await problem(response);
    // Several requests may be refused at once; the first one asks for all of them.
    if (key.get() === used) sessionStorage.setItem(keyName, await askForKey(wrong || used !== null));
  }
}

async function problem(response) {
  const body = await response.json().catch(() => null);
  const busy = response.status === 429 ? "Too many requests. Try again in a moment." : `The server answered ${response.status}.`;
  return new Problem(response.status, body?.detail ?? body?.title ?? busy, body?.parameter);
}

const imagePath = name => `images/${name.split("/").map(encodeURIComponent).join("/")}`;

export const api = {
  models: async () => (await send("models")).json(),
  model: async name => (await send(`models/${encodeURIComponent(name)}`)).json(),
  jobs: async () => (await (await send("jobs?limit=100")).json()).jobs,
  job: async id => (await send(`jobs/${id}`)).json(),
  add: async fields => (await send("jobs", { method: "POST", body: fields })).json(),
  cancel: id => send(`jobs/${id}`, { method: "DELETE" }),
  image: async name => (await send(imagePath(name))).blob(),

  /** Yields the events of a job until it has ended, each with its name and data. EventSource cannot send the key. */
  async *follow(id, signal) {
    const response = await send(`jobs/${id}/events`, { signal, headers: { Accept: "text/event-stream" } });
    let rest = "";
    for await (const text of chunks(response.body.pipeThrough(new TextDecoderStream()))) {
      const events = (rest + text).split("\n\n");
      rest = events.pop();
      for (const event of events) {
        const [, name, data] = event.match(/^event: (.*)\ndata: (.*)$/) ?? [];
        if (name) yield { name, data: JSON.parse(data) };
      }
    }
  },
};

// Not every browser can iterate over a stream.
async function* chunks(stream) {
  const reader = stream.getReader();
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read()) yield part.value;
  } finally {
    reader.cancel().catch(() => {});
  }
}
