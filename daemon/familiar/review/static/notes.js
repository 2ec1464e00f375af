// Short notes at the bottom of the page: what was done, with its undo, and what could not be done.

const notes = document.getElementById("notes");
const SECONDS = 8;
const CLOSE = "Close";

/** Show a note with buttons, each a text and what it does; return its element. */
export function note(text, buttons = [], { isProblem = false, stays = false } = {}) {
  for (const old of [...notes.children]) if (old.firstElementChild.textContent === text) old.remove();
  const shown = document.createElement("div");
  shown.className = isProblem ? "note is-problem" : "note";
  const said = document.createElement("span");
  said.textContent = text;
  shown.append(said);
  for (const [label, act] of [...buttons, ...(isProblem && !stays ? [[CLOSE, () => {}]] : [])]) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = label;
    button.addEventListener("click", () => {
      shown.remove();
      act();
    });
    shown.append(button);
  }
  if (!isProblem) {
    for (const old of notes.querySelectorAll(".note:not(.is-problem)")) old.remove();
    setTimeout(() => shown.remove(), SECONDS * 1000);
  }
  notes.append(shown);
  shown.scrollIntoView({ block: "nearest" });
  return shown;
}

/** Show what went wrong; it stays until it is closed. */
export function problem(text, buttons = [], options = {}) {
  return note(text, buttons, { ...options, isProblem: true });
}

/** Close the last problem that can be closed; return false if there is none. */
export function closeProblem() {
  const last = [...notes.querySelectorAll(".is-problem")].filter((one) => one.lastElementChild.textContent === CLOSE).at(-1);
  if (!last) return false;
  last.remove();
  return true;
}

/** Show the notes within an element: while a dialog is open, what is outside of it is behind it and can't be used. */
export function showNotesIn(element) {
  element.append(notes);
}

/** Return a handler of refusals: it offers to show what has changed in the meantime, and leaves other reasons alone. */
export function whenStale(showIt) {
  return (said) => {
    if (said.kind !== "stale") return false;
    problem(said.said, [["Show it", showIt]]);
    return true;
  };
}
