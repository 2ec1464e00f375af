// The field for a name: it completes known people by any part of their names, the most similar ones first.
// A name that is not exactly that of a known person is created only when "Create …" is chosen.

import { read } from "./changes.js";
import { onChange } from "./live.js";

const MOST = 8;
let known = null;

/** Return the names of all people, read once. */
async function knownNames() {
  known ??= read("/people/names").catch(() => []);
  return known;
}

/** Have the names read again when one is asked for: people were added, renamed or merged, here or elsewhere. */
function forgetNames() {
  known = null;
}
onChange(forgetNames);
document.addEventListener("decided", forgetNames);

/** Say that a person is about to be added. */
async function addKnown(name) {
  const names = await knownNames();
  if (!names.some((one) => plain(one) === plain(name))) known = Promise.resolve([...names, name].sort());
}

/** Return a text without accents, capitals and needless spaces, by which names are searched. */
export function plain(text) {
  return text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase().replace(/\s+/g, " ").trim();
}

/** Return people whose names contain each word of a text, the most similar first, then those that begin with it. */
function completions(text, names, similar) {
  const words = plain(text).split(" ").filter(Boolean);
  const rank = new Map(similar.map((one, place) => [one.name, place]));
  const fitting = names.filter((name) => words.every((word) => plain(name).includes(word)));
  const key = (name) => [
    plain(name) === plain(text) ? 0 : 1,
    rank.get(name) ?? Infinity,
    plain(name).startsWith(words[0] ?? "") ? 0 : 1,
  ];
  const chosen = words.length > 0 ? fitting : fitting.filter((name) => rank.has(name));
  return chosen.sort((one, other) => compare(key(one), key(other)) || one.localeCompare(other)).slice(0, MOST);
}

function compare(one, other) {
  const place = one.findIndex((value, number) => value !== other[number]);
  return place < 0 ? 0 : one[place] < other[place] ? -1 : 1;
}

/**
 * Let a field complete names. `similar` gives similar people, who may have a hint, `onName` gets a name and whether it is new. Where a person
 * gets another name than their `own`, a new one comes first.
 */
export class NameField {
  constructor(field, { similar, onName, onLeave, wording = {}, own = null }) {
    this.wording = { create: (name) => `Create “${name}”?`, known: (name) => name, ...wording };
    this.own = own;
    this.input = field.querySelector("input");
    this.list = field.querySelector("ul");
    this.holder = field.closest(".group");
    this.similar = similar;
    this.people = [];
    this.options = [];
    this.place = -1;
    this.onName = onName;
    this.names = null; // until all people are known, nobody is created: whoever is meant may be one of them
    knownNames().then((names) => {
      this.names = names;
      if (document.activeElement === this.input && !this.isTouched) this.show();
    });
    this.input.addEventListener("focus", () => this.open());
    this.isTouched = false; // whether somebody is choosing from the list, which then stays as it is
    this.list.addEventListener("pointerenter", () => (this.isTouched = true));
    this.input.addEventListener("input", () => this.show());
    this.input.addEventListener("blur", () => this.close());
    this.input.addEventListener("keydown", (event) => this.key(event, onLeave));
    this.list.addEventListener("pointerdown", (event) => {
      event.preventDefault(); // the field keeps the focus
      const option = event.target.closest("li");
      if (option) this.take(this.options[Number(option.dataset.place)]);
    });
  }

  async open() {
    this.names = await knownNames();
    this.show();
    this.people = await this.similar().catch(() => []);
    if (document.activeElement === this.input && !this.isTouched) this.show();
  }

  show() {
    const text = this.input.value.trim();
    this.isTouched = false;
    const others = (this.names ?? []).filter((name) => name !== this.own);
    const found = completions(text, others, this.people);
    const isKnown = found.length > 0 && plain(found[0]) === plain(text);
    this.options = found.map((name) => ({ name, isNew: false }));
    if (text && text !== this.own && !isKnown && this.names !== null) {
      this.options[this.own === null ? "push" : "unshift"]({ name: text, isNew: true });
    }
    this.place = text ? 0 : -1;
    this.draw();
  }

  draw() {
    const items = this.options.map((option, place) => {
      const item = document.createElement("li");
      item.id = `${this.list.id}-${place}`;
      item.role = "option";
      item.dataset.place = place;
      const name = document.createElement("span");
      name.textContent = this.wording[option.isNew ? "create" : "known"](option.name);
      item.append(name);
      const told = option.isNew ? null : this.hintOf(option.name);
      if (told) {
        const hint = document.createElement("small");
        hint.textContent = told;
        item.append(hint);
      }
      return item;
    });
    this.list.replaceChildren(...items);
    this.list.hidden = items.length === 0;
    this.input.ariaExpanded = String(items.length > 0);
    this.holder?.classList.toggle("open-names", items.length > 0);
    this.mark();
  }

  /** Return what is said beside a name: the hint of a person, or that nobody looks more alike. */
  hintOf(name) {
    const most = this.people.find((one) => !one.hint);
    return this.people.find((one) => one.name === name)?.hint ?? (most?.name === name ? "looks most alike" : null);
  }

  mark() {
    [...this.list.children].forEach((item, place) => (item.ariaSelected = String(place === this.place)));
    const item = this.list.children[this.place];
    if (item) this.input.setAttribute("aria-activedescendant", item.id);
    else this.input.removeAttribute("aria-activedescendant");
    item?.scrollIntoView({ block: "nearest" });
  }

  key(event, onLeave) {
    if (event.isComposing) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      const count = this.options.length;
      this.isTouched = count > 0;
      if (count > 0) this.place = (this.place + (event.key === "ArrowDown" ? 1 : this.place < 0 ? 0 : -1) + count) % count;
      this.mark();
    } else if (event.key === "Enter") {
      if (this.options[this.place]) this.take(this.options[this.place]);
    } else if (event.key === "Escape") {
      this.close();
      this.input.value = "";
      onLeave?.();
      if (document.activeElement === this.input) this.input.blur();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }

  take(option) {
    this.close();
    this.input.value = "";
    if (option.isNew) addKnown(option.name);
    this.onName(option.name, option.isNew);
  }

  /** Show a name again that was refused, unless another one is typed. */
  restore(name) {
    if (this.input.value === "") this.input.value = name ?? "";
  }

  close() {
    this.list.hidden = true;
    this.input.ariaExpanded = "false";
    this.input.removeAttribute("aria-activedescendant");
    this.holder?.classList.remove("open-names");
  }
}
