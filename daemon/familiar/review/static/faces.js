// Faces in a grid: ranges of them, the keys for the one that has the focus, and further ones as they come near.

import { read } from "./changes.js";
import { problem } from "./notes.js";

const AHEAD = "2000px"; // how far below the window the next faces are fetched

/** Return the items of a list from one to another, whichever of them comes first. */
export function between(all, one, other) {
  const [from, to] = [all.indexOf(one), all.indexOf(other)].sort((low, high) => low - high);
  return all.slice(from, to + 1);
}

/** Return the keys of a grid: x chooses the face that has the focus, Space shows its photo. */
export function faceKeys({ toggle, showPhoto }) {
  const onFace = (act) => () => {
    const face = document.activeElement.closest(".face");
    return face ? void act(face) : false;
  };
  return { x: onFace((face) => toggle(face)), " ": onFace((face) => showPhoto(face.dataset.face)) };
}

/**
 * Fetch further faces of a list as they come near: `pathFrom` returns the path for the number of the first of them,
 * `onMore` is called after each part. Returns the element below the list, and what ends this.
 */
export function fetchFaces(list, pathFrom, onMore = () => {}) {
  const tail = document.createElement("div");
  const watcher = new IntersectionObserver(([entry]) => entry.isIntersecting && fetchMore(), { rootMargin: AHEAD });

  async function fetchMore() {
    watcher.unobserve(tail);
    try {
      const fresh = (await read(pathFrom(list.dataset.after))).querySelector("ol");
      const known = new Set([...list.querySelectorAll(".face")].map((face) => face.dataset.face));
      list.append(...[...fresh.children].filter((item) => !known.has(item.firstElementChild.dataset.face)));
      if (fresh.dataset.after) list.dataset.after = fresh.dataset.after;
      else delete list.dataset.after;
      onMore();
    } catch (error) {
      problem(error.message);
      return;
    }
    if (list.dataset.after) watcher.observe(tail);
  }

  list.after(tail);
  if (list.dataset.after) watcher.observe(tail);
  return { tail, stop: () => watcher.disconnect() };
}
