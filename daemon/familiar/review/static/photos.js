// The timeline: all months have their room from the beginning, and the photos of those that are near are fetched.
// Months that do not fill a row stand beside each other.

import { read } from "./changes.js";
import { nearestInRow } from "./grid.js";
import { problem } from "./notes.js";
import { written } from "./numbers.js";
import { pathOf } from "./photo.js";

const AHEAD = "1500px"; // how far from the window photos are fetched
const ROWS = 10; // rows of a block, which is fetched at once
const TALLEST = 12e6; // pixels: browsers draw nothing beyond some 16 million
const TITLE = 150; // pixels that the name of a month needs
const UNDATED = "No date";
const LATER = 3000; // milliseconds after a change until the numbers are asked for once more
const AGAIN = 400; // milliseconds until the numbers are asked for again while they are counted

export function startPhotos(page, { openPhoto }) {
  const timeline = page.querySelector(".timeline");
  const rail = page.querySelector(".rail");
  const query = page.dataset.query;
  const start = page.dataset.start && page.dataset.start.split("_")[0].slice(0, 7);
  const asked = (more) => [query, ...more].filter(Boolean).join("&");
  let months = [];
  let columns = 0;
  let rowHeight = 0;
  let isStopped = false;

  const near = new IntersectionObserver((entries) => entries.forEach(onSection), { rootMargin: AHEAD });
  const nearer = new IntersectionObserver((entries) => entries.forEach(onBlock), { rootMargin: AHEAD });

  /** Measure how many columns there are, and how high a row is. */
  function measure() {
    const style = getComputedStyle(timeline);
    const [tile, gap] = [parseFloat(style.getPropertyValue("--tile-size")), parseFloat(style.getPropertyValue("--tile-gap"))];
    const width = timeline.clientWidth;
    columns = Math.max(3, Math.floor((width + gap) / (tile + gap)));
    rowHeight = (width - gap * (columns - 1)) / columns + gap;
    timeline.style.setProperty("--columns", columns);
  }

  /** Return the query of the place at which a month begins. */
  function startOf(month) {
    return `start=${month ? `${month}~` : ""}_${2 ** 40}`;
  }

  function heightOf(photos) {
    return Math.ceil(photos / columns) * rowHeight;
  }

  /** Make a section for each month, from the one at which the page starts, as far as there is room. */
  function build() {
    near.disconnect();
    nearer.disconnect();
    const from = page.dataset.start ? Math.max(0, months.findIndex(([month]) => month === start)) : 0;
    const sections = [];
    let height = 0;
    let end = from;
    for (; end < months.length && (height < TALLEST || end === from); end += 1) {
      const section = sectionOf(...months[end]);
      sections.push(section);
      height += heightOf(months[end][1]) + 60;
    }
    timeline.replaceChildren(...sections);
    sections.forEach((section) => near.observe(section));
    page.querySelector(".more")?.remove();
    if (end < months.length) timeline.after(furtherFrom(months[end][0]));
    showYears(from, end);
  }

  function sectionOf(month, photos) {
    const section = document.createElement("section");
    section.className = "month";
    [section.dataset.month, section.dataset.photos] = [month, photos];
    const heading = document.createElement("h2");
    const count = document.createElement("span");
    count.className = "soft";
    count.textContent = written(photos);
    heading.append(`${titleOf(month)} `, count);
    const blocks = document.createElement("div");
    blocks.className = "blocks";
    blocks.style.height = `${heightOf(photos)}px`;
    section.append(heading, blocks);
    if (photos < columns) {
      const wide = Math.min(columns, Math.max(photos, Math.ceil(TITLE / rowHeight)));
      section.style.gridColumn = `span ${wide}`;
      section.style.setProperty("--columns", wide);
    }
    return section;
  }

  function titleOf(month) {
    if (new URLSearchParams(query).has("set-aside")) return "Set aside";
    if (!month) return "Without a date";
    const [year, number] = month.split("-").map(Number);
    const first = new Date(2000, number - 1);
    first.setFullYear(year);
    return first.toLocaleDateString([], { month: "long", year: "numeric" });
  }

  function furtherFrom(month) {
    const link = document.createElement("a");
    link.href = `${document.body.dataset.at}/photos?${asked([startOf(month)])}`;
    link.textContent = "Older photos";
    const more = document.createElement("p");
    more.className = "more";
    more.append(link);
    return more;
  }

  /** Show the years beside the timeline; a click goes to the newest month of one. */
  function showYears(from, end) {
    const years = new Map();
    months.forEach(([month], place) => {
      const year = month.slice(0, 4) || UNDATED;
      if (!years.has(year)) years.set(year, place);
    });
    rail.hidden = years.size < 2;
    rail.replaceChildren(
      ...[...years].map(([year, place]) => {
        const link = document.createElement("a");
        const [month] = months[place];
        link.textContent = year;
        link.href = `${document.body.dataset.at}/photos?${asked([startOf(month)])}`;
        if (place >= from && place < end) {
          link.addEventListener("click", (event) => {
            event.preventDefault();
            const section = timeline.children[place - from];
            section.scrollIntoView();
            section.querySelector("h2").tabIndex = -1;
            section.querySelector("h2").focus({ preventScroll: true });
          });
        }
        return link;
      }),
    );
  }

  /** Give a month its blocks when it comes near, and take them away when it is far. */
  async function onSection({ target: section, isIntersecting }) {
    const blocks = section.querySelector(".blocks");
    if (!isIntersecting) {
      if (blocks.contains(document.activeElement)) return;
      blocks.replaceChildren();
      return;
    }
    if (blocks.children.length > 0) return;
    const photos = Number(section.dataset.photos);
    const size = columns * ROWS;
    const places = photos <= size ? [""] : await placesOf(section, size);
    if (places === null || blocks.children.length > 0 || !section.isConnected) return;
    const fresh = places.map((place, number) => {
      const block = document.createElement("div");
      block.className = "block";
      block.dataset.place = place;
      block.dataset.month = section.dataset.month;
      block.dataset.first = number * size;
      block.style.height = `${heightOf(Math.max(0, Math.min(size, photos - number * size)))}px`;
      return block;
    });
    blocks.append(...fresh);
    fresh.forEach((block) => nearer.observe(block));
  }

  async function placesOf(section, every) {
    try {
      return await read(`/photos/places?${asked([`month=${section.dataset.month}`, `every=${every}`])}`);
    } catch (error) {
      problem(error.message);
      return null;
    }
  }

  async function onBlock({ target: block, isIntersecting }) {
    block.isNear = isIntersecting;
    if (!isIntersecting) {
      if (!block.contains(document.activeElement)) block.replaceChildren();
      return;
    }
    if (block.children.length > 0 || block.isFetching) return;
    block.isFetching = true;
    try {
      const { month, place } = block.dataset;
      const wanted = [`month=${month}`, `start=${encodeURIComponent(place)}`, `most=${columns * ROWS}`];
      const part = await read(`/photos/part?${asked(wanted)}`);
      if (block.isNear) block.replaceChildren(part);
    } catch (error) {
      problem(error.message);
    } finally {
      block.isFetching = false;
    }
  }

  /** Fetch the numbers of photos by months, and show the timeline where they have changed. */
  async function refresh() {
    const now = await read(`/photos/months?${query}`).catch((error) => void problem(error.message));
    if (isStopped || now === undefined) return;
    if (now === null) return void setTimeout(refresh, AGAIN);
    if (JSON.stringify(now) === JSON.stringify(months)) return;
    const isFirst = months.length === 0;
    months = now;
    rebuild();
    const total = months.reduce((sum, [, photos]) => sum + photos, 0);
    const told = page.querySelector("[data-total]");
    if (!isFirst || told.textContent.includes("…")) told.firstChild.textContent = `${written(total)} ${total === 1 ? "photo" : "photos"}`;
  }

  /** Build the timeline anew, with the month at the top of the window where it was. */
  function rebuild() {
    const top = [...timeline.children].find((section) => section.getBoundingClientRect().bottom > 80);
    const month = top?.dataset.month;
    const share = top ? (80 - top.getBoundingClientRect().top) / top.clientHeight : 0;
    measure();
    build();
    const there = month !== undefined && scrollY > 0 && timeline.querySelector(`[data-month="${month}"]`);
    if (there) scrollTo(0, there.offsetTop - 80 + share * there.clientHeight);
  }

  const tiles = () => [...timeline.querySelectorAll(".tile")];

  function move(steps, here = document.activeElement.closest(".tile")) {
    const all = tiles();
    return focus(here ? all[all.indexOf(here) + steps] : all.find((one) => one.getBoundingClientRect().top > 60));
  }

  function moveRow(way) {
    const here = document.activeElement.closest(".tile");
    return here ? void focus(nearestInRow(tiles(), here, way)) : false;
  }

  function focus(there) {
    there?.focus({ preventScroll: true });
    there?.scrollIntoView({ block: "nearest" });
    return there ?? null;
  }

  function open(tile) {
    tile.focus({ preventScroll: true });
    openPhoto(pathOf(tile.dataset.photo), {
      step: (way) => {
        const next = move(way, tile);
        if (next) open(next);
      },
      onClose: () => tile.focus({ preventScroll: true }),
    });
  }

  timeline.addEventListener("click", (event) => {
    const tile = event.target.closest(".tile");
    const isPlain = event.button === 0 && !(event.ctrlKey || event.metaKey || event.shiftKey || event.altKey);
    if (!tile || !isPlain) return;
    event.preventDefault();
    open(tile);
  });
  timeline.addEventListener(
    "error",
    (event) => {
      const label = document.createElement("span");
      label.className = "no-picture";
      label.textContent = event.target.dataset.name || "No picture";
      event.target.replaceWith(label);
    },
    true,
  );
  page.querySelector("[list=people-names]").addEventListener(
    "focus",
    async () => {
      const names = await read("/people/names").catch(() => []);
      page.querySelector("#people-names").replaceChildren(
        ...names.map((name) => Object.assign(document.createElement("option"), { value: name })),
      );
    },
    { once: true },
  );

  let width = timeline.clientWidth;
  const onResize = () => {
    if (timeline.clientWidth === width || months.length === 0) return;
    width = timeline.clientWidth;
    rebuild();
  };
  addEventListener("resize", onResize);
  refresh();

  return {
    changed() {
      refresh();
      setTimeout(refresh, LATER); // where the numbers of a large library were counted in the meantime
    },
    stop() {
      isStopped = true;
      near.disconnect();
      nearer.disconnect();
      removeEventListener("resize", onResize);
    },
    keys: {
      ArrowRight: () => void move(1),
      ArrowLeft: () => void move(-1),
      ArrowDown: () => moveRow(1),
      ArrowUp: () => moveRow(-1),
      " ": () => {
        const tile = document.activeElement.closest(".tile");
        return tile ? void open(tile) : false;
      },
    },
  };
}
