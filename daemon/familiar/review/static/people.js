// All people, of whom a search shows some; those who are chosen are made one person.

import { change, read, readPart } from "./changes.js";
import { nearestInRow } from "./grid.js";
import { NameField, plain } from "./names.js";
import { problem } from "./notes.js";

const MOST = 10; // similar people who are offered for a name
const EVERYBODY = 100000; // people who are put in order, at most

export function startPeople(page, { show }) {
  const search = page.querySelector("[data-search]");
  const bar = page.querySelector(".chosen");
  const chosen = new Set(); // ids of people, in the order in which they were chosen
  let alike = null; // the places of people by their names, where those who look most alike come first

  const all = () => [...page.querySelectorAll("[data-person]")];
  const visible = () => all().filter((one) => one.checkVisibility());
  const some = () => [...chosen].map((id) => page.querySelector(`[data-person="${id}"]`));
  const current = () => document.activeElement.closest("[data-person]");
  const largest = () => some().sort((one, other) => other.dataset.faces - one.dataset.faces)[0];

  function find() {
    const words = plain(search.value).split(" ").filter(Boolean);
    for (const one of all()) one.hidden = !words.every((word) => plain(one.dataset.name).includes(word));
    page.querySelector("[data-none]").hidden = all().some((one) => !one.hidden);
    const apart = page.querySelector(".apart");
    if (apart && words.length > 0) apart.open = Boolean(apart.querySelector("li:not([hidden])"));
  }
  search?.addEventListener("input", find);

  /** Show who is chosen; who is gone is not chosen any more. */
  function update() {
    if (!bar) return;
    for (const id of chosen) if (!page.querySelector(`[data-person="${id}"]`)) chosen.delete(id);
    for (const one of all()) {
      const isChosen = chosen.has(one.dataset.person);
      one.classList.toggle("is-chosen", isChosen);
      one.querySelector("[type=checkbox]").checked = isChosen;
    }
    bar.hidden = chosen.size === 0;
    if (chosen.size === 0) return;
    bar.querySelector("[data-count]").textContent = `${chosen.size} ${chosen.size === 1 ? "person" : "people"}`;
    const merge = bar.querySelector("[data-do=merge]");
    merge.disabled = chosen.size < 2;
    merge.textContent = chosen.size < 2 ? "Merge" : `Merge into ${largest().dataset.name}`;
  }

  function choose(one) {
    if (!chosen.delete(one.dataset.person)) chosen.add(one.dataset.person);
    update();
  }

  function chooseNothing() {
    chosen.clear();
    if (alike !== null) arrange(null);
    update();
  }

  /** Have the chosen people be one person; they fade until the list shows that. */
  function merge(name, isNew = false) {
    const those = some();
    const people = Object.fromEntries(those.map((one) => [one.dataset.person, one.dataset.version]));
    change(
      { what: "merge people", people, name, is_new: isNew },
      {
        onMade: () => {
          chooseNothing();
          changed();
        },
        onRefused: () => {
          for (const one of those) one.classList.remove("is-merged");
          field.restore(name);
          changed();
        },
      },
    );
    for (const one of those) one.classList.toggle("is-merged", one.dataset.name !== name);
  }

  function mergeIntoLargest() {
    if (chosen.size < 2) return void problem("Choose at least two people: x chooses one.");
    merge(largest().dataset.name);
  }

  /** Put the people into an order: those first who look most like the first chosen one, or all by name. */
  function arrange(places) {
    alike = places;
    bar.querySelector("[data-do=alike]").ariaPressed = String(alike !== null);
    const place = (one) => alike?.get(one.dataset.name) ?? Number.MAX_VALUE;
    const compare = (one, other) =>
      place(one) - place(other) || plain(one.dataset.name).localeCompare(plain(other.dataset.name));
    for (const list of page.querySelectorAll(".people")) list.append(...[...list.children].sort(compare));
  }

  const similarTo = (one, most) => read(`/people/${one.dataset.person}/similar?most=${most}`);

  async function showAlike() {
    if (alike !== null || chosen.size === 0) return arrange(null);
    const found = await similarTo(some()[0], EVERYBODY).catch((error) => void problem(error.message));
    if (!found || chosen.size === 0) return;
    const names = [...some().map((one) => one.dataset.name), ...found.map((one) => one.name)];
    arrange(new Map([...names.entries()].reverse().map(([place, name]) => [name, place])));
    scrollTo(0, 0);
  }

  const field = bar && new NameField(bar.querySelector(".who"), {
    similar: async () => {
      const own = some().map((one) => ({ name: one.dataset.name, hint: "chosen" }));
      const others = await similarTo(largest(), own.length + MOST);
      return [...own, ...others.filter(({ name }) => own.every((one) => one.name !== name))];
    },
    onName: merge,
    onLeave: () => some()[0]?.querySelector(".person").focus(),
  });

  const ACTS = { merge: mergeIntoLargest, alike: showAlike, "choose nothing": chooseNothing };
  page.addEventListener("click", (event) => ACTS[event.target.closest("[data-do]")?.dataset.do]?.());
  page.addEventListener("change", (event) => {
    if (event.target.matches(".choose input")) choose(event.target.closest("[data-person]"));
  });

  function move(rows, steps) {
    const those = visible();
    const here = current();
    const there = !here ? those[0] : rows ? nearestInRow(those, here, rows) : those[those.indexOf(here) + steps];
    there?.querySelector(".person").focus({ preventScroll: true });
    there?.scrollIntoView({ block: "nearest" });
  }

  async function changed() {
    const now = await read("/people/version").catch(() => null);
    if (now === null || now.version === page.dataset.version) return;
    const fresh = (await readPart("/people").catch(() => null))?.querySelector("[data-page]");
    if (!fresh) return;
    const [list, freshList] = [page, fresh].map((one) => one.querySelector("[data-list]"));
    if (!list || !freshList) return void show("/people", null, { stays: true });
    page.dataset.version = fresh.dataset.version;
    const isOpen = page.querySelector(".apart")?.open;
    const focused = document.activeElement.closest(".person")?.getAttribute("href");
    list.replaceChildren(...freshList.children);
    page.querySelector(".head > .soft").replaceChildren(...fresh.querySelector(".head > .soft").childNodes);
    if (isOpen) page.querySelector(".apart")?.setAttribute("open", "");
    if (alike !== null) arrange(alike);
    update();
    find();
    if (focused) list.querySelector(`.person[href="${focused}"]`)?.focus({ preventScroll: true });
  }
  document.addEventListener("undone", changed);

  return {
    changed,
    stop: () => document.removeEventListener("undone", changed),
    keys: {
      "/": () => search?.focus(),
      n: () => (chosen.size > 0 ? field.input.focus() : search?.focus()),
      x: () => (current() ? choose(current()) : false),
      m: mergeIntoLargest,
      a: () => (chosen.size > 0 ? void showAlike() : false),
      Escape: chooseNothing,
      ArrowRight: () => move(0, 1),
      ArrowLeft: () => move(0, -1),
      ArrowDown: () => move(1, 0),
      ArrowUp: () => move(-1, 0),
    },
  };
}
