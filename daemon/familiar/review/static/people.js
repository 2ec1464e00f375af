// All people, of whom a search shows some; what others change is shown, with the search as it is.

import { read, readPart } from "./changes.js";
import { plain } from "./names.js";

export function startPeople(page) {
  const search = page.querySelector("[data-search]");

  function find() {
    const words = plain(search.value).split(" ").filter(Boolean);
    const people = [...page.querySelectorAll("[data-name]")];
    for (const one of people) one.hidden = !words.every((word) => plain(one.dataset.name).includes(word));
    page.querySelector("[data-none]").hidden = people.some((one) => !one.hidden);
    const apart = page.querySelector(".apart");
    if (apart && words.length > 0) apart.open = Boolean(apart.querySelector("li:not([hidden])"));
  }
  search?.addEventListener("input", find);

  async function changed() {
    const now = await read("/people/version").catch(() => null);
    if (now === null || now.version === page.dataset.version) return;
    const fresh = (await readPart("/people").catch(() => null))?.querySelector("[data-page]");
    const [list, freshList] = [page, fresh].map((one) => one?.querySelector("[data-list]"));
    if (!fresh) return;
    page.dataset.version = fresh.dataset.version;
    if (!list || !freshList) return void page.replaceChildren(...fresh.children);
    const isOpen = page.querySelector(".apart")?.open;
    const focused = document.activeElement.closest(".person")?.getAttribute("href");
    list.replaceChildren(...freshList.children);
    page.querySelector(".head > .soft").replaceChildren(...fresh.querySelector(".head > .soft").childNodes);
    if (isOpen) page.querySelector(".apart")?.setAttribute("open", "");
    find();
    if (focused) list.querySelector(`.person[href="${focused}"]`)?.focus({ preventScroll: true });
  }
  return { changed, keys: { "/": () => search?.focus(), n: () => search?.focus() } };
}
