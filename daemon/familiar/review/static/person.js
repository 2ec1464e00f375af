// One person: faces are confirmed, refused or given to others in runs, and the threshold shows what it would change.

import { change, read } from "./changes.js";
import { between, faceKeys, fetchFaces } from "./faces.js";
import { NameField } from "./names.js";
import { problem, whenStale } from "./notes.js";

const PAUSE = 120; // milliseconds after which the effect of a threshold is asked for

const knownYears = new Map(); // what was shown of people, by their ids

export function startPerson(page, { show, showPhoto }) {
  const { person, name } = page.dataset;
  const here = `/people/${person}`;
  const order = "farthest" in page.dataset ? "farthest" : "";
  const bar = page.querySelector(".chosen");
  const chosen = new Set(); // ids of faces: not all of them need be on the page
  const sent = new Set(); // changes that are not answered yet
  let last = null;

  let isOld = false; // whether the page is to be shown again as soon as nobody is deciding on it

  const isDeciding = () =>
    chosen.size > 0 || [...page.querySelectorAll(".who input")].some((field) => field.value);
  const refresh = () => show(order ? `${here}?${order}` : here, null, { stays: true });
  const refreshGently = () => {
    isOld = true;
    show(order ? `${here}?${order}` : here, null, { stays: true, unless: isDeciding });
  };
  const catchUp = () => isOld && !isDeciding() && refreshGently();
  const refused = whenStale(refresh);
  const facesOf = (id) => page.querySelectorAll(`.face[data-face="${id}"]`);

  function decide(wanted, onMade = refreshGently) {
    const id = change(
      { ...wanted, people: { [person]: page.dataset.version } },
      {
        onMade: (made) => {
          sent.delete(id);
          return void onMade(made);
        },
        onRefused: (said, made) => {
          sent.delete(id);
          for (const face of made.faces ?? []) for (const one of facesOf(face)) one.closest("li").hidden = false;
          if (made.what === "rename") anotherName.restore(made.name);
          if (made.what === "give faces") restoreChoice(made);
          return refused(said, made);
        },
      },
    );
    sent.add(id);
  }

  function mark(id, on) {
    if (on) chosen.add(id);
    else chosen.delete(id);
    for (const face of facesOf(id)) face.ariaPressed = String(on);
  }

  const idOf = (face) => Number(face.dataset.face);

  function toggle(face, range = false) {
    const all = [...face.closest("ol").querySelectorAll(".face")];
    if (range) {
      for (const one of between(all, all.includes(last) ? last : all[0], face)) mark(idOf(one), true);
    } else {
      mark(idOf(face), face.ariaPressed !== "true");
      last = face;
    }
    update();
  }

  function update() {
    bar.hidden = chosen.size === 0;
    bar.querySelector("[data-count]").textContent = `${chosen.size} ${chosen.size === 1 ? "face" : "faces"}`;
    bar.querySelector("[data-do='set cover']").disabled = chosen.size !== 1;
    catchUp();
  }

  function chooseNothing() {
    for (const id of [...chosen]) mark(id, false);
    update();
  }

  function decideFaces(wanted, onMade) {
    if (chosen.size === 0) return false;
    const faces = [...chosen];
    if (wanted.what !== "set cover") {
      for (const id of faces) for (const face of facesOf(id)) face.closest("li").hidden = true;
    }
    chooseNothing();
    decide({ ...wanted, faces }, onMade);
  }

  /** Choose faces again, and say again whose they are, where that was refused. */
  function restoreChoice({ faces, name: other }) {
    for (const id of faces) mark(id, true);
    update();
    somebodyElse.restore(other);
  }

  const similar = () => read(`${here}/similar`);
  const anotherName = new NameField(page.querySelector(".ask .who"), {
    similar,
    own: name,
    wording: { create: (other) => `Rename to “${other}”`, known: (other) => `Same person as ${other}` },
    onName: (other, isNew) => {
      if (isNew) decide({ what: "rename", name: other }, refresh);
      else decide({ what: "merge people", name: other }, (made) => show(`/people/${made.person}`));
    },
  });
  const somebodyElse = new NameField(bar.querySelector(".who"), {
    similar,
    onName: (other, isNew) => decideFaces({ what: "give faces", name: other, is_new: isNew }),
    onLeave: () => page.querySelector(".face[aria-pressed=true]")?.focus(),
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
      const wanted = slider.value;
      const part = await read(`${here}/threshold?distance=${wanted}`).catch((error) => problem(error.message) && null);
      if (!part || wanted !== slider.value) return;
      preview.textContent = part.querySelector("[data-counts]").textContent;
      page.querySelector("[data-doubt]").replaceChildren(part.querySelector(".doubt"));
    }, PAUSE);
  });

  /** Show the photos by year: as they were known last, and then as they are. */
  async function showYears() {
    if (knownYears.has(person)) putYears(knownYears.get(person));
    const part = await read(`${here}/years`).catch((error) => void problem(error.message));
    if (!part) return;
    knownYears.set(person, part);
    putYears(part);
  }

  function putYears(part) {
    for (const place of ["[data-photos]", "[data-years]"]) {
      page.querySelector(place)?.replaceWith(part.querySelector(place).cloneNode(true));
    }
  }

  async function showLooks() {
    const place = page.querySelector("[data-looks]");
    if (!place) return;
    try {
      place.replaceChildren(await read(`${here}/looks`));
      for (const id of chosen) mark(id, true);
    } catch (error) {
      place.textContent = error.message;
    }
  }

  const ACTS = {
    "set threshold": () => decide({ what: "set threshold", threshold: Number(slider.value) }, refresh),
    "as for all": () => decide({ what: "set threshold" }, refresh),
    "confirm faces": () => decideFaces({ what: "confirm faces" }),
    "refuse faces": () => decideFaces({ what: "refuse faces" }),
    "split off": () => decideFaces({ what: "split off" }, (made) => show(`/groups/${made.group}`)),
    "set cover": () => (chosen.size === 1 ? decideFaces({ what: "set cover" }) : false),
    hide: () => decide({ what: "hide" }),
    show: () => decide({ what: "show" }),
    "choose look": (button) => {
      for (const id of button.closest(".look").dataset.ids.split(",")) mark(Number(id), true);
      update();
    },
    "choose nothing": chooseNothing,
  };
  page.addEventListener("click", (event) => {
    const face = event.target.closest(".face");
    if (face) toggle(face, event.shiftKey);
    const button = event.target.closest("[data-do]");
    ACTS[button?.dataset.do]?.(button);
    const other = event.target.closest("[data-order]");
    if (other && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
      event.preventDefault();
      show(order ? here : `${here}?farthest`, null, { stays: true });
    }
  });
  page.addEventListener("focusout", () => setTimeout(catchUp));
  page.addEventListener("dblclick", (event) => {
    const face = event.target.closest(".face");
    if (face) showPhoto(face.dataset.face);
  });

  function move(event, rows, steps) {
    const focused = document.activeElement.closest(".face");
    if (!focused) return false;
    const all = [...page.querySelectorAll("li:not([hidden]) > .face")];
    const columns = getComputedStyle(focused.closest("ol")).gridTemplateColumns.split(" ").length;
    const there = all[all.indexOf(focused) + steps + rows * columns];
    if (!there) return;
    if (event.shiftKey) {
      last ??= focused;
      mark(idOf(focused), true);
      mark(idOf(there), true);
      update();
    }
    there.focus();
  }

  const list = page.querySelector("[data-part=faces] ol");
  const further = list && fetchFaces(list, (start) => `${here}/faces?start=${start}${order && `&${order}`}`);

  /** Show what others have changed, unless somebody is deciding here. */
  async function changed() {
    if (sent.size > 0 || slider.value !== before) return;
    const now = await read("/people/version").catch(() => null);
    if (now !== null && now.version !== page.dataset.people && sent.size === 0) refreshGently();
  }

  showYears();
  showLooks();
  document.addEventListener("undone", refresh);
  return {
    changed,
    stop() {
      further?.stop();
      clearTimeout(asked);
      document.removeEventListener("undone", refresh);
    },
    keys: {
      ArrowRight: (event) => move(event, 0, 1),
      ArrowLeft: (event) => move(event, 0, -1),
      ArrowDown: (event) => move(event, 1, 0),
      ArrowUp: (event) => move(event, -1, 0),
      ...faceKeys({ toggle, showPhoto }),
      y: ACTS["confirm faces"],
      n: () => (chosen.size > 0 ? ACTS["refuse faces"]() : page.querySelector(".ask input").focus()),
      w: () => (chosen.size > 0 ? somebodyElse.input.focus() : false),
      s: ACTS["split off"],
      c: ACTS["set cover"],
      h: () => page.querySelector("[data-do=hide], [data-do=show]").click(),
      Escape: () => (chosen.size > 0 ? chooseNothing() : void show("/people")),
    },
  };
}
