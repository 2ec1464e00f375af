// One group: its faces as a grid, which of them do not belong to it, and who it is.

import { change, post, read, readPart } from "./changes.js";
import { between, faceKeys, fetchFaces } from "./faces.js";
import { NameField } from "./names.js";
import { problem, whenStale } from "./notes.js";

export function startGroup(page, { show, showPhoto }) {
  const list = page.querySelector(".faces");
  const bar = page.querySelector(".chosen");
  const { group, next } = page.dataset;
  const count = Number(page.dataset.faces);
  const chosen = new Set();
  let last = null; // the face at which a range begins
  let prefetched = null;

  const refresh = () => show(`/groups/${group}`);
  const refused = whenStale(refresh);
  const faces = () => [...list.querySelectorAll(".face")];
  const field = new NameField(page.querySelector(".ask .who"), {
    similar: () => read(`/groups/${group}/people`),
    onName: (name, isNew) => answer({ what: "name", name, is_new: isNew, faces: [...chosen] }),
    onLeave: () => focusFace(list.querySelector(".face")),
  });

  /** Send a change about the whole group, and show the next one at once. */
  function answer(wanted) {
    change({ ...wanted, groups: { [group]: page.dataset.version } }, {
      onRefused: (said, made) => {
        if (said.kind !== "refused") return refused(said);
        problem(said.said, [["Show it", () => showAgain(made.name)]]);
        return true;
      },
    });
    goOn();
  }

  /** Show the group again, with a name in its field that was refused. */
  async function showAgain(name) {
    await refresh();
    const again = document.querySelector(`[data-page=group][data-group="${group}"] .ask input`);
    if (again) again.value = name ?? "";
  }

  async function goOn() {
    if (!next) return show("/groups");
    show(`/groups/${next}`, prefetched ? await prefetched.catch(() => null) : null);
  }

  /** Send a change about the chosen faces, and show what is left of the group. */
  function answerFaces(what) {
    if (chosen.size === 0) return problem("Choose faces first: click them, or press x.");
    const some = [...chosen];
    change(
      { what, groups: { [group]: page.dataset.version }, faces: some },
      {
        onMade: (made) => {
          if (some.length >= count) show("/groups");
          else refresh();
        },
        onRefused: refused,
      },
    );
  }

  function mark(face, on) {
    face.ariaPressed = String(on);
    if (on) chosen.add(Number(face.dataset.face));
    else chosen.delete(Number(face.dataset.face));
  }

  function toggle(face, range = false) {
    const all = faces();
    if (range && last && all.includes(last)) {
      for (const one of between(all, last, face)) mark(one, true);
    } else {
      mark(face, face.ariaPressed !== "true");
      last = face;
    }
    update();
  }

  function update() {
    bar.hidden = chosen.size === 0;
    bar.querySelector("[data-count]").textContent = `${chosen.size} of ${count} faces chosen`;
    field.input.placeholder = chosen.size > 0 ? `Who are the other ${count - chosen.size}?` : "Who is this?";
  }

  function chooseNothing() {
    for (const face of faces()) mark(face, false);
    chosen.clear();
    update();
  }

  function focusFace(face) {
    if (!face) return;
    list.querySelector(".face[tabindex='0']")?.setAttribute("tabindex", "-1");
    face.tabIndex = 0;
    face.focus({ preventScroll: true });
    face.scrollIntoView({ block: "nearest" });
  }

  function columns() {
    return getComputedStyle(list).gridTemplateColumns.split(" ").length;
  }

  function move(event, steps) {
    const all = faces();
    const here = document.activeElement.closest(".face");
    if (!here) return focusFace(all[0]);
    const there = all[all.indexOf(here) + steps];
    if (!there) return;
    if (event.shiftKey) {
      last ??= here;
      mark(last, true);
      toggle(there, true);
    }
    focusFace(there);
  }

  const ACTS = {
    ignore: () => answer({ what: "ignore" }),
    "not a face": () => answer({ what: "not a face" }),
    later: async () => {
      await post("/later", { groups: [Number(group)], later: true });
      goOn();
    },
    "take out": () => answerFaces("take out"),
    split: () => answerFaces("split"),
    "faces are none": () => answerFaces("not a face"),
    "choose nothing": chooseNothing,
  };

  page.addEventListener("click", (event) => {
    const face = event.target.closest(".face");
    if (face) {
      focusFace(face);
      toggle(face, event.shiftKey);
    }
    ACTS[event.target.closest("[data-do]")?.dataset.do]?.();
  });
  list.addEventListener("dblclick", (event) => {
    const face = event.target.closest(".face");
    if (face) showPhoto(face.dataset.face);
  });

  /** Keep the room of all faces from the beginning, so that nothing jumps. */
  function reserve() {
    const first = list.firstElementChild?.getBoundingClientRect();
    if (!first) return;
    const gap = parseFloat(getComputedStyle(list).rowGap);
    const all = Math.ceil(count / columns()) * (first.height + gap) - gap;
    const there = Math.ceil(list.children.length / columns()) * (first.height + gap) - gap;
    further.tail.style.height = `${Math.max(0, all - there)}px`;
  }

  const further = fetchFaces(list, (start) => `/groups/${group}/faces?start=${start}`, reserve);
  reserve();
  addEventListener("resize", reserve);
  if (next) {
    const idle = globalThis.requestIdleCallback ?? ((call) => setTimeout(call, 200));
    idle(() => (prefetched = readPart(`/groups/${next}`)));
  }
  update();

  document.addEventListener("undone", refresh);
  return {
    stop() {
      further.stop();
      removeEventListener("resize", reserve);
      document.removeEventListener("undone", refresh);
    },
    keys: {
      ArrowRight: (event) => move(event, 1),
      ArrowLeft: (event) => move(event, -1),
      ArrowDown: (event) => move(event, columns()),
      ArrowUp: (event) => move(event, -columns()),
      n: () => field.input.focus(),
      ...faceKeys({ toggle, showPhoto }),
      i: ACTS.ignore,
      f: () => (chosen.size > 0 ? answerFaces("not a face") : ACTS["not a face"]()),
      l: ACTS.later,
      o: ACTS["take out"],
      s: ACTS.split,
      Escape: () => (chosen.size > 0 ? chooseNothing() : void show("/groups")),
    },
  };
}
