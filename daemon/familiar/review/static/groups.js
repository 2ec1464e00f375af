// All groups as cards: names, choices, and what is done with a card in its place.

import { change, post, read, readPart, undo } from "./changes.js";
import { nearestInRow } from "./grid.js";
import { NameField } from "./names.js";
import { written } from "./numbers.js";
import { problem } from "./notes.js";

const AHEAD = "1200px"; // how far below the window the next cards are fetched

export function startGroups(page, { show }) {
  const list = page.querySelector(".groups");
  const bar = page.querySelector(".chosen");
  const answered = new Map(); // cards by the change that answered them
  const found = new Map(); // the numbers of the faces of groups as they were when the page was loaded
  page.addEventListener("click", (event) => {
    if (event.target.closest("[data-do='take up again']")) takeUpAgain();
  });
  if (!list) return { keys: {} };

  const cards = () => [...list.querySelectorAll(".group:not(.is-answered)")];
  const cardOf = (element) => element?.closest?.(".group");
  const current = () => cardOf(document.activeElement);
  const chosen = () => cards().filter((card) => card.querySelector("[type=checkbox]").checked);
  const versions = (some) => Object.fromEntries(some.map((card) => [card.dataset.group, card.dataset.version]));

  function take(some) {
    for (const card of some) {
      if (!found.has(card.dataset.group)) found.set(card.dataset.group, Number(card.dataset.faces));
      new NameField(card.querySelector(".who"), {
        similar: () => read(`/groups/${card.dataset.group}/people`),
        onName: (name, isNew) => answer([card], { what: "name", name, is_new: isNew }, name, true),
        onLeave: () => focusCard(card),
      });
    }
  }

  function focusCard(card, inField = false) {
    const target = card?.querySelector(inField ? ".who input" : ".mosaic");
    target?.focus({ preventScroll: true });
    card?.scrollIntoView({ block: "nearest" });
  }

  function following(card) {
    const all = cards();
    return all.find((one) => card.compareDocumentPosition(one) & Node.DOCUMENT_POSITION_FOLLOWING) ?? all.at(-1);
  }

  /** Show cards as answered, go on to the next one, and send the change. */
  function answer(some, wanted, said, inField = false) {
    const id = change(
      { ...wanted, groups: versions(some) },
      {
        onMade: (made) => {
          for (const card of some) tell(card, said, () => undo(id));
          if (some.length === 1) return true; // the card tells
        },
        onRefused: () => {
          if (some.length > 1) field.restore(wanted.name);
          for (const card of some) restore(card, some.length === 1 ? wanted.name : "");
        },
      },
    );
    answered.set(id, some);
    for (const card of some) tell(card, said);
    update();
    focusCard(following(some.at(-1)), inField);
  }

  function tell(card, said, onUndo = null) {
    const box = card.querySelector(".answer");
    const text = document.createElement("b");
    text.textContent = said;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "quiet";
    button.textContent = "Undo";
    button.disabled = onUndo === null;
    button.addEventListener("click", () => onUndo());
    box.replaceChildren(text, button);
    box.hidden = false;
    card.classList.add("is-answered");
    card.querySelector("[type=checkbox]").checked = false;
    card.classList.remove("is-chosen");
  }

  /** Show the present state of a card, with a name that was typed there if it was refused. */
  async function restore(card, typed = "") {
    try {
      const part = await read(`/groups/${card.dataset.group}/card`);
      const fresh = part.querySelector(".group");
      if (!fresh) return void tell(card, part.textContent.trim());
      card.replaceWith(fresh);
      take([fresh]);
      fresh.querySelector(".who input").value = typed;
    } catch (error) {
      tell(card, error.message);
    } finally {
      update();
    }
  }

  async function putOff(some) {
    for (const card of some) tell(card, "Later", () => putBack(card));
    update();
    focusCard(following(some.at(-1)));
    await post("/later", { groups: some.map((card) => Number(card.dataset.group)), later: true });
  }

  async function putBack(card) {
    await post("/later", { groups: [Number(card.dataset.group)], later: false });
    await restore(card);
  }

  function update() {
    const some = chosen();
    const faces = some.reduce((sum, card) => sum + Number(card.dataset.faces), 0);
    for (const card of cards()) card.classList.toggle("is-chosen", some.includes(card));
    bar.hidden = some.length === 0;
    bar.querySelector("[data-count]").textContent = `${some.length} ${some.length === 1 ? "group" : "groups"}, ${faces} faces`;
    bar.querySelector("[data-do=merge]").disabled = some.length < 2;
    countWaiting();
  }

  /** Say how many groups still wait: those that waited when the page was loaded, without those that are answered. */
  function countWaiting() {
    const told = page.querySelector("[data-waiting]");
    let [groups, faces] = [Number(told.dataset.groups), Number(told.dataset.faces)];
    for (const card of list.children) {
      const before = found.get(card.dataset.group);
      if (card.classList.contains("is-answered")) groups -= 1;
      faces += (card.classList.contains("is-answered") ? 0 : Number(card.dataset.faces)) - before;
    }
    const waits = groups === 1 ? "group waits" : "groups wait";
    const some = `${written(groups)} ${waits} for a name, with ${written(faces)} ${faces === 1 ? "face" : "faces"}.`;
    const text = groups > 0 ? some : "No group waits for a name any more.";
    if (told.textContent !== text) told.textContent = text;
  }

  function choose(card, on = null) {
    const box = card.querySelector("[type=checkbox]");
    box.checked = on ?? !box.checked;
    update();
  }

  function chooseNothing() {
    for (const card of chosen()) choose(card, false);
    update();
  }

  function merge() {
    const some = chosen();
    if (some.length < 2) return problem("Choose at least two groups: x chooses one.");
    const largest = some.reduce((one, other) => (Number(other.dataset.faces) > Number(one.dataset.faces) ? other : one));
    const id = change(
      { what: "merge", groups: versions(some) },
      {
        onMade: () => void restore(largest),
        onRefused: () => some.forEach((card) => restore(card)),
      },
    );
    answered.set(id, some);
    for (const card of some) if (card !== largest) tell(card, "In one group now", () => undo(id));
    choose(largest, false);
    focusCard(largest);
  }

  const ACTS = {
    ignore: (some) => answer(some, { what: "ignore" }, "Ignored"),
    "not a face": (some) => answer(some, { what: "not a face" }, "Not a face"),
    later: (some) => putOff(some),
    merge,
    "ignore chosen": () => answer(chosen(), { what: "ignore" }, "Ignored"),
    "not a face chosen": () => answer(chosen(), { what: "not a face" }, "Not a face"),
    "choose nothing": chooseNothing,
  };

  page.addEventListener("click", (event) => {
    const act = ACTS[event.target.closest("[data-do]")?.dataset.do];
    if (act) act([cardOf(event.target)]);
    const isPlain = event.button === 0 && !(event.ctrlKey || event.metaKey || event.shiftKey || event.altKey);
    if (event.target.closest(".mosaic") && isPlain) {
      event.preventDefault();
      show(`/groups/${cardOf(event.target).dataset.group}`);
    }
  });
  page.addEventListener("change", (event) => {
    if (event.target.matches(".choose input")) update();
  });

  async function takeUpAgain() {
    await post("/later", { groups: [], later: false });
    show("/groups");
  }

  const field = new NameField(bar.querySelector(".who"), {
    similar: async () => (chosen()[0] ? read(`/groups/${chosen()[0].dataset.group}/people`) : []),
    onName: (name, isNew) => answer(chosen(), { what: "name", name, is_new: isNew }, name),
    onLeave: () => focusCard(chosen()[0] ?? cards()[0]),
  });

  function move(event, rows, columns) {
    const all = cards();
    const here = current();
    if (!here) return focusCard(all[0]);
    if (columns !== 0) return focusCard(all[all.indexOf(here) + columns] ?? here);
    focusCard(nearestInRow(all, here, rows) ?? here);
  }

  const onCard = (act) => () => {
    const some = chosen();
    const here = current();
    if (some.length > 0) act(some);
    else if (here) act([here]);
    else return false;
  };

  /** Fetch further cards as the end of the list comes near. */
  const watcher = new IntersectionObserver(([entry]) => entry.isIntersecting && fetchMore(entry.target), { rootMargin: AHEAD });
  async function fetchMore(link) {
    watcher.unobserve(link);
    const { pathname, search } = new URL(link.href);
    const part = await readPart(pathname.slice(document.body.dataset.at.length) + search).catch((error) => void problem(error.message));
    if (!part) return;
    const known = new Set([...list.children].map((card) => card.id));
    const fresh = [...part.querySelectorAll(".group")].filter((card) => !known.has(card.id));
    list.append(...fresh);
    take(fresh);
    const next = part.querySelector("[data-more]");
    if (next) link.href = next.href;
    else link.parentElement.remove();
    if (next) watcher.observe(link);
  }
  const more = page.querySelector("[data-more]");
  if (more) watcher.observe(more);

  const onUndone = ({ detail }) => {
    for (const card of answered.get(detail.id) ?? []) restore(card);
    answered.delete(detail.id);
  };
  document.addEventListener("undone", onUndone);

  /** Show what others have changed; cards in which somebody types stay as they are. */
  async function changed() {
    const shown = cards();
    if (shown.length === 0) return;
    const now = await read(`/groups/versions?ids=${shown.map((card) => card.dataset.group).join()}`).catch(() => null);
    if (now === null) return;
    for (const card of shown) {
      const isTyped = card.querySelector(".who input").value !== "";
      const isOpen = !card.classList.contains("is-answered") && card.isConnected && !isTyped;
      if (isOpen && now[card.dataset.group] !== card.dataset.version) restore(card);
    }
  }

  take(list.querySelectorAll(".group"));
  update();
  return {
    changed,
    stop() {
      watcher.disconnect();
      document.removeEventListener("undone", onUndone);
    },
    keys: {
      ArrowRight: (event) => move(event, 0, 1),
      ArrowLeft: (event) => move(event, 0, -1),
      ArrowDown: (event) => move(event, 1, 0),
      ArrowUp: (event) => move(event, -1, 0),
      n: () => {
        if (chosen().length > 0) bar.querySelector("input").focus();
        else focusCard(current() ?? cards()[0], true);
      },
      x: () => (current() ? choose(current()) : false),
      i: onCard(ACTS.ignore),
      f: onCard(ACTS["not a face"]),
      l: onCard(ACTS.later),
      m: merge,
      Escape: chooseNothing,
      Enter: () => {
        if (!document.activeElement.matches(".mosaic")) return false;
        show(`/groups/${current().dataset.group}`);
      },
    },
  };
}
