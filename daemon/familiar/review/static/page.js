// What all pages have: keys, the dialogs, and the script of the page itself.

import { readPart, undo } from "./changes.js";
import { onChange } from "./live.js";
import { closeProblem, problem } from "./notes.js";
import { startActivity } from "./activity.js";
import { startGroup } from "./group.js";
import { startGroups } from "./groups.js";
import { startPeople } from "./people.js";
import { startPerson } from "./person.js";
import { PhotoDialog, pathOf, startPhoto } from "./photo.js";
import { startPhotos } from "./photos.js";
import { startRules } from "./rules.js";
import { startSuggestions } from "./suggestions.js";

const main = document.getElementById("main");
const help = document.getElementById("help");
const photo = document.getElementById("photo");
const photoDialog = new PhotoDialog(photo, { writeTimes });
const singleKeys = document.getElementById("single-keys");
const STARTS = {
  activity: startActivity,
  groups: startGroups,
  group: startGroup,
  people: startPeople,
  person: startPerson,
  photo: (section) => startPhoto(section, { refresh: (face, time) => show(pathOf(section.dataset.photo, face ?? null, time ?? null)) }),
  photos: (section) => startPhotos(section, { openPhoto: (path, options) => photoDialog.open(path, options) }),
  rules: startRules,
  suggestions: startSuggestions,
};

let page = null;
let wishes = 0; // pages that were asked for
let leaving = false;

/** Write times as this browser does, in its own time zone. */
function writeTimes(root) {
  for (const element of root.querySelectorAll("time[datetime]")) {
    const time = new Date(element.dateTime);
    if (!Number.isNaN(time.valueOf())) element.textContent = time.toLocaleString([], { dateStyle: "medium", timeStyle: "short" });
  }
}

function start() {
  writeTimes(main);
  page?.stop?.();
  const section = main.querySelector("[data-page]");
  page = section && STARTS[section.dataset.page] ? STARTS[section.dataset.page](section, { show, showPhoto, writeTimes }) : null;
  if (page?.keys) main.dataset.ready = "true";
}

/** Return what finds the element that has the focus in a page that is shown again: a field, or a face by its place. */
function focusFinder() {
  const { id } = document.activeElement;
  if (id && main.contains(document.activeElement)) return () => document.getElementById(id);
  const face = document.activeElement.closest(".face");
  const part = face?.closest("[data-part]")?.dataset.part;
  const place = part && [...main.querySelectorAll(`[data-part=${part}] li:not([hidden]) > .face`)].indexOf(face);
  return () => (part ? [...main.querySelectorAll(`[data-part=${part}] .face`)].at(place) : null);
}

/**
 * Show another page in the place of this one, without loading what they share; the same one `stays` where it is.
 * `unless` says, when the page is there, that it is not to be shown any more.
 */
async function show(path, content = null, { stays = false, unless = () => false } = {}) {
  if (stays && leaving) return; // somebody is on the way to another page
  const wish = ++wishes;
  if (!stays) leaving = true;
  try {
    const part = content ?? (await readPart(path));
    if (wish !== wishes || unless()) return; // something else was asked for since
    const focused = focusFinder();
    const top = scrollY;
    history[stays ? "replaceState" : "pushState"]({}, "", document.body.dataset.at + path);
    main.replaceChildren(part);
    document.title = `${main.querySelector("h1")?.textContent ?? ""} · familiar`;
    start();
    scrollTo(0, stays ? top : 0);
    if (stays) focused()?.focus({ preventScroll: true });
  } catch (error) {
    problem(error.message);
  } finally {
    if (wish === wishes) leaving = false;
  }
}

function showPhoto(face) {
  photoDialog.open(pathOf(null, face));
}

function isTyping(target) {
  return target.matches("input:not([type=checkbox]), textarea, select");
}

document.addEventListener("keydown", (event) => {
  if (event.isComposing || document.querySelector("dialog[open]")) return;
  if ((event.ctrlKey || event.metaKey) && event.key === "z" && !(isTyping(event.target) && event.target.value)) {
    event.preventDefault();
    undo();
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
  if (event.key.length === 1 && event.key !== " " && !singleKeys.checked) return;
  if (event.key === "Escape" && closeProblem()) return;
  const act = { "?": () => help.showModal(), u: () => undo(), ...page?.keys }[event.key];
  if (act && act(event) !== false) event.preventDefault();
});

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-do=help]")) help.showModal();
  else if (event.target === photo || event.target === help) event.target.close(); // beside it
});

singleKeys.checked = localStorage.getItem("single keys") !== "no";
singleKeys.addEventListener("change", () => localStorage.setItem("single keys", singleKeys.checked ? "yes" : "no"));

addEventListener("popstate", () => location.reload());

document.querySelector(".top [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
onChange(() => {
  page?.changed?.();
  photoDialog.changed();
});
start();
