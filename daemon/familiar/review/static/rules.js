// What the rules would do: known photos are looked at in parts, as long as somebody wants to see more.

import { read } from "./changes.js";

export function startRules(page, { showPhoto }) {
  const plans = page.querySelector("[data-plans]");
  const state = page.querySelector("[data-state]");
  const further = page.querySelector("[data-do=further]");
  const MOST = 200; // photos of a look
  let after = 0;
  let looked = 0;

  async function look() {
    further.hidden = true;
    const shown = plans.children.length;
    try {
      do {
        state.textContent = `Looking … ${looked.toLocaleString()} photos so far.`;
        const part = (await read(`/rules/preview?after=${after}`)).querySelector("tbody");
        if (!page.isConnected) return;
        looked += Number(part.dataset.looked);
        after = part.dataset.after ? Number(part.dataset.after) : null;
        plans.append(...part.children);
      } while (after !== null && plans.children.length < shown + MOST);
    } catch (error) {
      state.textContent = error.message;
      return;
    }
    const count = plans.children.length.toLocaleString();
    plans.closest("table").hidden = plans.children.length === 0;
    state.textContent = `${count} of ${looked.toLocaleString()} photos that were looked at${after === null ? ", which are all" : ""}.`;
    further.hidden = after === null;
  }

  further?.addEventListener("click", look);
  page.addEventListener("click", (event) => {
    const face = event.target.closest(".face");
    if (face) showPhoto(face.dataset.face);
  });
  if (plans) look();
  return { keys: {} };
}
