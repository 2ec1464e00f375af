// Short notes at the bottom of the page: what was done, with its undo, and what could not be done.

const notes = document.getElementById("notes");
const SECONDS = 8;

/** Show a note with buttons, each a text and what it does; return its element. */
export function note(text, buttons = [], { isProblem = false, stays = false } = {}) {
  const shown = document.createElement("div");
  shown.className = isProblem ? "note is-problem" : "note";
  const said = document.createElement("span");
  said.textContent = text;
  shown.append(said);
  for (const [label, act] of [...buttons, ...(isProblem && !stays ? [["Close", () => {}]] : [])]) {
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
  return shown;
}

/** Show what went wrong; it stays until it is closed. */
export function problem(text, buttons = [], options = {}) {
  return note(text, buttons, { ...options, isProblem: true });
}

/** Return a handler of refusals: it offers to show what has changed in the meantime, and leaves other reasons alone. */
export function whenStale(showIt) {
  return (said) => {
    if (said.kind !== "stale") return false;
    problem(said.said, [["Show it", showIt]]);
    return true;
  };
}
