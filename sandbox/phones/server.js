// What the page knows of the sandbox, and the calls it makes.

import { t } from "./texts.js";

export const world = { state: null, chats: {} };

/** The sandbox's present moment, in milliseconds. */
export const now = () => Date.now() + (world.state?.offset ?? 0) * 1000;

/** Follow the changes for ever; ``changed(news)`` is called after each, ``linked(up)`` when the connection comes or goes. */
export function follow(changed, linked) {
  const stream = new EventSource("/api/changes");
  let fresh = true;
  stream.onopen = () => {
    fresh = true;
    linked(true);
  };
  stream.onerror = () => linked(false);
  stream.onmessage = ({ data }) => {
    const news = JSON.parse(data);
    if (fresh) world.chats = {};
    fresh = false;
    if (news.state) world.state = news.state;
    Object.assign(world.chats, news.chats ?? {});
    for (const key of news.gone ?? []) delete world.chats[key];
    changed(news);
  };
}

/** A call that did not work: a sentence to show, and the key it was made from. */
export class Failed extends Error {
  constructor(code, detail = "") {
    super(t(code, { detail }));
    this.code = code;
  }
}

async function read(response) {
  if (response.status === 413) throw new Failed("error-too-large");
  let answer = {};
  try {
    answer = await response.json();
  } catch {
    throw new Failed("error-malformed");
  }
  if (!response.ok) throw new Failed(answer.error ?? "error-malformed", answer.detail);
  return answer;
}

async function post(name, body, headers = {}) {
  let response;
  try {
    response = await fetch(`/api/${name}`, { method: "POST", body, headers });
  } catch {
    throw new Failed("error-offline");
  }
  return read(response);
}

/** One call with plain values. Throws Failed with a sentence to show. */
export const call = (name, asked) => post(name, JSON.stringify(asked), { "Content-Type": "application/json" });

/** A message with files: [{ kind, blob, name }]. */
export function say(asked, files = []) {
  const form = new FormData();
  form.append("message", JSON.stringify(asked));
  for (const file of files) form.append(file.kind, file.blob, file.name);
  return post("say", form);
}
