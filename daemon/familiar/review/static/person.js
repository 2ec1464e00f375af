// One person: faces are confirmed or refused in runs, and the threshold shows what it would change.

import { change, read } from "./changes.js";
import { between, faceKeys } from "./faces.js";
import { NameField } from "./names.js";
import { whenStale } from "./notes.js";

const PAUSE = 120; // milliseconds after which the effect of a threshold is asked for

export function startPerson(page, { show, showPhoto }) {
  const { person, name } = page.dataset;
  const bar = page.querySelector(".chosen");
  const chosen = new Set();
  let last = null;

  const refresh = () => show(`/people/${person}`);
  const refused = whenStale(refresh);

  function decide(wanted, onMade = refresh) {
    change({ ...wanted, people: { [person]: page.dataset.version } }, { onMade: (made) => void onMade(made), onRefused: refused });
  }

  function mark(face, on) {
    face.ariaPressed = String(on);
    if (on) chosen.add(face);
    else chosen.delete(face);
  }

  function toggle(face, range = false) {
    const all = [...face.closest("ol").querySelectorAll(".face")];
    if (range) {
      for (const one of between(all, all.includes(last) ? last : all[0], face)) mark(one, true);
    } else {
      mark(face, face.ariaPressed !== "true");
      last = face;
    }
    update();
  }

  function update() {
    bar.hidden = chosen.size === 0;
    bar.querySelector("[data-count]").textContent = `${chosen.size} ${chosen.size === 1 ? "face" : "faces"}`;
  }

  function chooseNothing() {
    for (const face of [...chosen]) mark(face, false);
    update();
  }

  function decideFaces(what) {
    if (chosen.size === 0) return false;
    const faces = [...chosen].map((face) => Number(face.dataset.face));
    for (const face of chosen) face.closest("li").hidden = true;
    decide({ what, faces });
    chooseNothing();
  }

  new NameField(page.querySelector(".ask .who"), {
    similar: () => read(`/people/${person}/similar`),
    create: (other) => `Rename to “${other}”?`,
    onName: (other, isNew) => {
      if (isNew) decide({ what: "rename", name: other });
      else if (other !== name) decide({ what: "merge people", name: other }, (made) => show(`/people/${made.person}`));
    },
  });

  const slider = page.querySelector("#threshold");
  const apply = page.querySelector("[data-do='set threshold']");
  const preview = page.querySelector("[data-preview]");
  const before = slider.value;
  let asked = 0;
  slider.addEventListener("input", () => {
    page.querySelector("output").textContent = Number(slider.value).toFixed(2);
    apply.disabled = slider.value === before;
    clearTimeout(asked);
    asked = setTimeout(async () => {
      const { more, fewer } = await read(`/people/${person}/threshold?distance=${slider.value}`);
      preview.textContent = `about ${more} more, ${fewer} fewer`;
    }, PAUSE);
  });

  const ACTS = {
    "set threshold": () => decide({ what: "set threshold", threshold: Number(slider.value) }),
    "as for all": () => decide({ what: "set threshold" }),
    "confirm faces": () => decideFaces("confirm faces"),
    "refuse faces": () => decideFaces("refuse faces"),
    "choose nothing": chooseNothing,
  };
  page.addEventListener("click", (event) => {
    const face = event.target.closest(".face");
    if (face) toggle(face, event.shiftKey);
    ACTS[event.target.closest("[data-do]")?.dataset.do]?.();
  });
  page.addEventListener("dblclick", (event) => {
    const face = event.target.closest(".face");
    if (face) showPhoto(face.dataset.face);
  });

  function move(event, rows, steps) {
    const here = document.activeElement.closest(".face");
    if (!here) return false;
    const all = [...page.querySelectorAll("li:not([hidden]) > .face")];
    const columns = getComputedStyle(here.closest("ol")).gridTemplateColumns.split(" ").length;
    const there = all[all.indexOf(here) + steps + rows * columns];
    if (!there) return;
    if (event.shiftKey) {
      last ??= here;
      mark(here, true);
      mark(there, true);
      update();
    }
    there.focus();
  }

  document.addEventListener("undone", refresh);
  return {
    stop: () => document.removeEventListener("undone", refresh),
    keys: {
      ArrowRight: (event) => move(event, 0, 1),
      ArrowLeft: (event) => move(event, 0, -1),
      ArrowDown: (event) => move(event, 1, 0),
      ArrowUp: (event) => move(event, -1, 0),
      ...faceKeys({ toggle, showPhoto }),
      y: ACTS["confirm faces"],
      n: () => (chosen.size > 0 ? ACTS["refuse faces"]() : page.querySelector(".ask input").focus()),
      Escape: () => (chosen.size > 0 ? chooseNothing() : void show("/people")),
    },
  };
}
