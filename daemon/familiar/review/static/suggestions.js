// One question after the other, each answered with one key; the next ones are there already, answers go in the background.

import { change, readPart } from "./changes.js";
import { note, problem } from "./notes.js";

const AHEAD = 5; // questions that are loaded with their pictures before they are shown
const SWIPE = 80; // pixels

export function startSuggestions(page, { showPhoto }) {
  const list = page.querySelector(".questions");
  const left = page.querySelector("[data-left]");
  const answered = new Map(); // questions by the change that answered them
  const known = new Set([...list.children].map((one) => one.dataset.id)); // shown or skipped in this window
  let fetching = null;

  const current = () => list.querySelector(".question:not([hidden])");
  const waiting = () => [...list.children].filter((one) => one.hidden && !one.dataset.done);

  function load() {
    for (const one of [current(), ...waiting().slice(0, AHEAD)]) {
      for (const image of one?.querySelectorAll("img[loading=lazy]") ?? []) image.loading = "eager";
    }
  }

  function count(change) {
    if (left) left.textContent = String(Math.max(0, Number(left.textContent.replace(/\D/g, "")) + change));
  }

  /** Show the next question at once. */
  function goOn() {
    const here = current();
    here?.setAttribute("hidden", "");
    const [next] = waiting();
    next?.removeAttribute("hidden");
    page.querySelector(".verdicts").hidden = !next;
    page.querySelector("[data-none]").hidden = Boolean(next);
    load();
    if (waiting().length < AHEAD) fetchMore();
  }

  async function fetchMore() {
    if (fetching) return;
    fetching = readPart("/suggestions");
    try {
      const part = await fetching;
      const fresh = [...part.querySelectorAll(".question")].filter((one) => !known.has(one.dataset.id));
      for (const one of fresh) {
        known.add(one.dataset.id);
        one.hidden = true;
      }
      list.append(...fresh);
      if (!current() && fresh.length > 0) goOn();
      load();
    } catch (error) {
      problem(error.message);
    } finally {
      fetching = null;
    }
  }

  /** Leave out questions about groups that an answer has changed: they come again as they are then, if at all. */
  function drop(groups) {
    for (const one of waiting()) {
      if (groups.includes(one.dataset.group) || groups.includes(one.dataset.other)) {
        known.delete(one.dataset.id);
        one.remove();
      }
    }
  }

  function answer(isYes) {
    const here = current();
    if (!here) return;
    const { group, version, other, otherVersion, person, face, personId, personVersion } = here.dataset;
    const groups = other ? { [group]: version, [other]: otherVersion } : group ? { [group]: version } : {};
    const what = other ? (isYes ? "merge" : "tell apart") : isYes ? "name" : "refuse";
    const asked = face
      ? { what: isYes ? "confirm faces" : "refuse faces", people: { [personId]: personVersion }, faces: [Number(face)] }
      : { what, groups, ...(other ? {} : { name: person }) };
    const id = change(
      asked,
      {
        onMade: () => true,
        onRefused: (said) => {
          if (said.kind === "stale") {
            note("One answer came too late: the group had changed. It was not counted.");
            return true;
          }
          here.removeAttribute("data-done");
          return false;
        },
      },
    );
    answered.set(id, here);
    here.dataset.done = "yes";
    if (isYes) drop(Object.keys(groups));
    count(-1);
    goOn();
  }

  function skip() {
    const here = current();
    if (!here) return;
    here.dataset.done = "skipped";
    count(-1);
    goOn();
  }

  const onUndone = ({ detail }) => {
    const back = answered.get(detail.id);
    if (!back) return;
    answered.delete(detail.id);
    current()?.setAttribute("hidden", "");
    delete back.dataset.done;
    back.removeAttribute("hidden");
    page.querySelector(".verdicts").hidden = false;
    page.querySelector("[data-none]").hidden = true;
    count(1);
  };
  document.addEventListener("undone", onUndone);

  page.addEventListener("click", (event) => {
    const act = event.target.closest("[data-do]")?.dataset.do;
    if (act === "yes" || act === "no") answer(act === "yes");
    else if (act === "skip") skip();
    const face = event.target.closest(".face");
    if (face) showPhoto(face.dataset.face);
  });

  let start = null;
  list.addEventListener("touchstart", (event) => (start = event.touches[0].clientX), { passive: true });
  list.addEventListener("touchend", (event) => {
    const way = event.changedTouches[0].clientX - start;
    if (Math.abs(way) > SWIPE) answer(way > 0);
  });

  load();
  return {
    stop: () => document.removeEventListener("undone", onUndone),
    keys: { y: () => answer(true), n: () => answer(false), " ": skip },
  };
}
