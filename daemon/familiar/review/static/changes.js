// Changes are sent one after the other, in the background; those that are not sent yet survive a reload.

import { note, problem } from "./notes.js";

const at = document.body.dataset.at;
const token = document.querySelector("meta[name=change-token]").content;
const KINDS = ["groups", "people"]; // what has versions that a page goes on to decide on before it is shown again
const AGAIN = 2000; // milliseconds until it is tried again where nobody answered
const NOTHING = "There is nothing to undo.";

const waiting = stored("changes");
const done = stored("done");
const callbacks = new Map();
const following = []; // what own changes have made of versions, in the order in which they were made
let sending = false;

function stored(name) {
  return JSON.parse(sessionStorage.getItem(name) ?? "[]");
}

function keep() {
  sessionStorage.setItem("changes", JSON.stringify(waiting));
  sessionStorage.setItem("done", JSON.stringify(done.slice(-200)));
}

function freshId() {
  return Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Fetch a part of a page as an element that holds it, or JSON. */
export async function read(path) {
  const answer = await fetch(at + path);
  if (!answer.ok) {
    const told = new DOMParser().parseFromString(await answer.text(), "text/html");
    throw new Error(told.querySelector("main p, section p")?.textContent ?? `The server says ${answer.status}.`);
  }
  if (answer.headers.get("content-type").startsWith("application/json")) return answer.json();
  const template = document.createElement("template");
  template.innerHTML = await answer.text();
  return template.content;
}

/** Fetch what a page has in its middle. */
export function readPart(path) {
  return read(`${path}${path.includes("?") ? "&" : "?"}part`);
}

/** Post JSON, and return status and answer. */
export async function post(path, body) {
  const answer = await fetch(at + path, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-Change-Token": token },
    body: JSON.stringify(body),
  });
  const isJson = answer.headers.get("content-type")?.startsWith("application/json");
  const said = isJson ? await answer.json() : { kind: "failed", said: (await answer.text()).slice(0, 200) };
  return [answer.status, said];
}

/**
 * Have a change made. It is shown as done at once by the caller; `onMade` gets the answer, `onRefused` what is wrong.
 * Returns the id of the change.
 */
export function change(wanted, { onMade = () => {}, onRefused = () => {} } = {}) {
  const whole = { id: freshId(), ...wanted };
  callbacks.set(whole.id, { onMade, onRefused });
  if (whole.operations) sendApart(whole);
  else {
    waiting.push(whole);
    keep();
    send();
  }
  return whole.id;
}

/** Send what may take long, as a disk or the daemon is waited for: nothing else waits for it. */
async function sendApart(whole) {
  try {
    settle(whole, ...(await post("/changes", whole)));
  } catch {
    settle(whole, 0, { kind: "failed", said: "The server does not answer; try it again when it does." });
  }
}

/** Return a change with the versions as the own changes before it have left them: it was decided on these. */
function followed(wanted) {
  const { of, ...whole } = wanted;
  if (of) whole.events = done.find((one) => one.id === of).events;
  for (const kind of KINDS) {
    if (!wanted[kind]) continue;
    const after = ([id, seen]) => [id, following.reduce((version, step) => stepped(version, step, kind, id), seen)];
    whole[kind] = Object.fromEntries(Object.entries(wanted[kind]).map(after));
  }
  return whole;
}

function stepped(version, step, kind, id) {
  return step.kind === kind && step.id === id && step.before === version ? step.after : version;
}

function follow(made, answer) {
  for (const kind of KINDS) {
    for (const [id, before] of Object.entries(made[kind] ?? {})) {
      const after = answer.versions?.[id];
      if (after && after !== before) following.push({ by: made.id, kind, id, before, after });
    }
  }
}

/** Follow an undo: what a change had made of versions is taken back. */
function followBack(change) {
  const steps = following.filter((step) => step.by === change).reverse();
  following.push(...steps.map((step) => ({ ...step, by: null, before: step.after, after: step.before })));
}

/**
 * Post a change as it follows own ones. Where what they left is gone, somebody else may have restored what the page
 * shows: then it is posted once more as it was decided.
 */
async function postFollowed(next) {
  const whole = followed(next);
  const [status, answer] = await post("/changes", whole);
  const isFollowed = KINDS.some((kind) => JSON.stringify(whole[kind]) !== JSON.stringify(next[kind]));
  if (answer.kind !== "stale" || !isFollowed) return [whole, status, answer];
  const seen = { ...next, id: `${next.id}-seen` };
  return [{ ...seen, id: next.id }, ...(await post("/changes", seen))];
}

async function send() {
  if (sending) return;
  sending = true;
  let told = null;
  while (waiting.length > 0) {
    const [next] = waiting;
    if (next.of && !done.some((one) => one.id === next.of)) {
      waiting.shift(); // what it undoes was refused, or has changed nothing
      keep();
      note(NOTHING);
      continue;
    }
    let whole, status, answer;
    try {
      [whole, status, answer] = await postFollowed(next);
    } catch {
      told ??= problem("The server does not answer. What you decided is kept, and sent when it does.", [], { stays: true });
      await new Promise((go) => setTimeout(go, AGAIN));
      continue;
    }
    if (status === 401 || status === 403) {
      problem("You are not logged in any more. What you decided is kept in this window, and sent when you are.", [
        ["Load the page again", () => location.reload()],
      ]);
      break;
    }
    waiting.shift();
    keep();
    if (status === 200) follow(whole, answer);
    settle(next, status, answer);
  }
  told?.remove();
  sending = false;
}

function settle(made, status, answer) {
  const { onMade, onRefused } = callbacks.get(made.id) ?? { onMade() {}, onRefused() {} };
  callbacks.delete(made.id);
  const undone = made.of && forget(made.of);
  document.dispatchEvent(new CustomEvent("decided"));
  if (status !== 200) {
    if (onRefused(answer, made) !== true) problem(answer.said, again(made, answer));
    return;
  }
  if (answer.events.length > 0) {
    done.push({ id: made.id, events: answer.events, said: answer.said });
    keep();
  }
  if (onMade(answer, made) !== true) {
    note(undone ? `Undone: ${undone.said}` : answer.said, answer.events.length > 0 ? [["Undo", () => undo(made.id)]] : []);
  }
}

/** Return what a change has done, which is undone now or can't be. */
function forget(id) {
  const [made] = done.splice(done.findIndex((one) => one.id === id), 1);
  keep();
  return made;
}

/** Return the ways out of a refusal. */
function again(made, answer) {
  const repeat = (also) => change({ ...made, ...also, id: freshId() });
  if (answer.kind === "new name") return [[`Create “${made.name}”`, () => repeat({ is_new: true })]];
  if (answer.kind === "same photo") return [["Do it anyway", () => repeat({ allows_same_photo: true })]];
  return [];
}

/** Return the id of the last change that is not undone, whether it is sent yet or not. */
function lastMade() {
  const undone = new Set(waiting.map((one) => one.of));
  const made = [...done, ...waiting.filter((one) => one.what !== "undo")];
  return made.findLast((one) => !undone.has(one.id))?.id;
}

/** Undo a change by its id, or else the last one; it is sent after all changes that still wait. */
export function undo(id = null) {
  const made = id ?? lastMade();
  if (made === undefined || waiting.some((one) => one.of === made)) return void note(NOTHING);
  change({ what: "undo", of: made }, {
    onMade: () => {
      followBack(made);
      document.dispatchEvent(new CustomEvent("undone", { detail: { id: made } }));
    },
  });
}

if (waiting.length > 0) send();
