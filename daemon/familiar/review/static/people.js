// All people, of whom a search shows some.

import { plain } from "./names.js";

export function startPeople(page) {
  const search = page.querySelector("[data-search]");
  const people = [...page.querySelectorAll("[data-name]")];
  search?.addEventListener("input", () => {
    const words = plain(search.value).split(" ").filter(Boolean);
    for (const one of people) one.hidden = !words.every((word) => plain(one.dataset.name).includes(word));
    page.querySelector("[data-none]").hidden = people.some((one) => !one.hidden);
  });
  return { keys: { "/": () => search?.focus(), n: () => search?.focus() } };
}
