// What is going on: it is shown again whenever something has changed.

import { change, read } from "./changes.js";

export function startActivity(page, { writeTimes }) {
  async function changed() {
    const part = await read("/activity?part").catch(() => null);
    const fresh = part?.querySelector("[data-page]");
    if (!fresh || page.contains(document.activeElement)) return;
    writeTimes(fresh);
    page.replaceChildren(...fresh.children);
  }
  page.addEventListener("click", (event) => {
    const button = event.target.closest("[data-undo]");
    if (!button) return;
    button.disabled = true;
    const ids = [Number(button.dataset.undo)];
    const wanted = button.dataset.about === "files" ? { operations: ids } : { events: ids };
    change(
      { what: "undo", ...wanted },
      {
        onMade: () => {
          button.blur();
          changed();
        },
        onRefused: () => void (button.disabled = false),
      },
    );
  });
  return { changed, keys: {} };
}
