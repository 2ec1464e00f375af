// What is going on: parts of the page are shown again whenever they have changed.

import { change, readPart } from "./changes.js";

const AGAIN = 1000; // milliseconds until it is asked again where not all is up to date

export function startActivity(page, { writeTimes }) {
  const here = `/activity${location.search}`;
  let asking = false;
  let later = 0;

  /** Put a fresh part in the place of one that differs; the focus stays on what has the same label. */
  function take(part) {
    const old = page.querySelector(`[data-part=${part.dataset.part}]`);
    writeTimes(part);
    if (old.innerHTML === part.innerHTML) return;
    const label = old.contains(document.activeElement) ? document.activeElement.ariaLabel : null;
    old.replaceChildren(...part.childNodes);
    if (label) [...old.querySelectorAll("[aria-label]")].find((one) => one.ariaLabel === label)?.focus({ preventScroll: true });
  }

  async function changed() {
    clearTimeout(later);
    if (asking) return void (later = setTimeout(changed, AGAIN));
    asking = true;
    const fresh = (await readPart(here).catch(() => null))?.querySelector("[data-page]");
    asking = false;
    if (!fresh || !page.isConnected) return;
    for (const part of fresh.querySelectorAll("[data-part]")) take(part);
    page.toggleAttribute("data-old", "old" in fresh.dataset);
    if ("old" in page.dataset) later = setTimeout(changed, AGAIN);
  }

  function ask(button, wanted) {
    button.disabled = true;
    change(wanted, { onMade: () => void changed(), onRefused: () => void (button.disabled = false) });
  }

  page.addEventListener("click", (event) => {
    const button = event.target.closest("[data-undo], [data-again]");
    if (!button) return;
    if ("again" in button.dataset) {
      ask(button, { what: "try again", files: button.dataset.again ? [button.dataset.again] : [] });
      return;
    }
    const ids = [Number(button.dataset.undo)];
    ask(button, { what: "undo", ...(button.dataset.about === "files" ? { operations: ids } : { events: ids }) });
  });
  document.addEventListener("undone", changed);
  if ("old" in page.dataset) later = setTimeout(changed, AGAIN);
  return {
    changed,
    stop() {
      clearTimeout(later);
      document.removeEventListener("undone", changed);
    },
    keys: {},
  };
}
