// One photo, on a page of its own or in the dialog: who is on it, and a box around a face that was missed.

import { change, readPart, undo } from "./changes.js";
import { NameField } from "./names.js";
import { closeProblem, problem, showNotesIn, whenStale } from "./notes.js";

const STEP = 0.02; // of the longer side of the photo, by which an arrow key moves the box
const LEAST = 16; // pixels of the shorter side of a box

/** Start a photo; `refresh` shows it again, with the face of this id chosen if there is one. */
export function startPhoto(root, { refresh }) {
  const { photo, version } = root.dataset;
  const time = root.dataset.time === undefined ? null : Number(root.dataset.time);
  const size = [Number(root.dataset.width), Number(root.dataset.height)];
  const picture = root.querySelector(".frame img");
  const svg = root.querySelector(".frame svg");
  const ofFace = root.querySelector(".of-face");
  const boxActs = root.querySelector(".box-acts");
  let chosen = null; // the button of a face
  let box = null; // x, y, width and height of what is drawn
  let rect = null;
  let isLooking = false; // whether a drawn face is looked for

  const frame = root.querySelector(".frame");
  frame?.style.setProperty("--wide", `${size[0]}px`);
  frame?.style.setProperty("--ratio", size[0] / size[1]);
  frame?.classList.add("has-size");

  function missing() {
    frame.classList.remove("has-size");
    picture.hidden = true;
    svg.setAttribute("hidden", "");
    root.querySelector(".frame .no-picture").hidden = false;
    root.querySelector(".drawing").hidden = true;
  }
  picture?.addEventListener("error", missing);
  if (picture?.complete && picture.naturalWidth === 0) missing();

  const refused = whenStale(() => refresh());
  function decide(wanted, { onMade = () => refresh(), onRefused = refused } = {}) {
    change({ photos: { [photo]: version }, ...wanted }, { onMade: (made) => void onMade(made), onRefused });
  }

  const field = new NameField(ofFace.querySelector(".who"), {
    similar: async () => [],
    onName: (name, isNew) => {
      if (!chosen) return;
      decide({ what: "name face", faces: [Number(chosen.dataset.face)], name, is_new: isNew }, {
        onRefused: (said) => {
          field.restore(name);
          return refused(said);
        },
      });
    },
    onLeave: () => chosen?.focus(),
  });

  function choose(button) {
    chosen = button;
    for (const one of root.querySelectorAll(".who-face")) one.ariaPressed = String(one === button);
    for (const one of svg?.querySelectorAll("rect") ?? []) one.classList.toggle("this", one.dataset.face === button?.dataset.face);
    ofFace.hidden = button === null;
    if (button === null) return;
    button.closest("li").append(ofFace);
    const refuse = ofFace.querySelector("[data-do='refuse face']");
    refuse.hidden = button.dataset.name === "";
    refuse.textContent = `Not ${button.dataset.name}`;
    field.input.placeholder = button.dataset.name === "" ? "Who is this?" : "Who else is this?";
  }

  function draw() {
    if (!boxActs || picture.hidden) return;
    boxActs.hidden = false;
    rect ??= svg.appendChild(document.createElementNS("http://www.w3.org/2000/svg", "rect"));
    rect.setAttribute("class", "drawn");
    svg.classList.add("is-drawing");
    svg.setAttribute("tabindex", "0");
    svg.setAttribute("role", "application");
    svg.setAttribute("aria-label", "The box around the face");
    svg.setAttribute("aria-describedby", "drawing-help");
    svg.removeAttribute("aria-hidden");
    const side = Math.max(...size) / 6;
    place([size[0] / 2 - side / 2, size[1] / 2 - side / 2, side, side]);
    svg.focus({ preventScroll: true });
  }

  function leaveDrawing() {
    if (box === null) return false;
    rect.remove();
    box = rect = null;
    boxActs.hidden = true;
    svg.classList.remove("is-drawing");
    for (const name of ["tabindex", "role", "aria-label", "aria-describedby"]) svg.removeAttribute(name);
    svg.setAttribute("aria-hidden", "true");
    root.querySelector("[data-do=draw]").focus();
  }

  function place([x, y, width, height]) {
    const within = (length, whole) => Math.min(Math.max(length, LEAST), whole);
    const [across, down] = [within(width, size[0]), within(height, size[1])];
    box = [Math.min(Math.max(x, 0), size[0] - across), Math.min(Math.max(y, 0), size[1] - down), across, down];
    ["x", "y", "width", "height"].forEach((name, number) => rect.setAttribute(name, box[number]));
  }

  function grow(factor) {
    const [x, y, width, height] = box;
    place([x - (width * (factor - 1)) / 2, y - (height * (factor - 1)) / 2, width * factor, height * factor]);
  }

  function addFace() {
    if (isLooking) return;
    const [x, y, width, height] = box;
    const sides = [x, y, x + width, y + height].map(Math.round);
    showLooking(true);
    decide({ what: "add face", box: sides, ...(time === null ? {} : { time }) }, {
      onMade: (made) => refresh(made.face),
      onRefused: (said) => {
        showLooking(false);
        return refused(said);
      },
    });
  }

  /** Show that a face is looked for, which takes a worker some seconds, or that it is not any more. */
  function showLooking(on) {
    isLooking = on;
    root.querySelector(".drawing").ariaBusy = String(on);
    root.querySelector("[data-do='add face']").disabled = on;
    root.querySelector("[data-looking]").textContent = on ? "Looking for the face …" : "";
  }

  function pointIn(event) {
    const { left, top, width, height } = svg.getBoundingClientRect();
    return [((event.clientX - left) / width) * size[0], ((event.clientY - top) / height) * size[1]];
  }

  svg?.addEventListener("pointerdown", (event) => {
    if (box === null) return;
    event.preventDefault();
    svg.setPointerCapture(event.pointerId);
    const [x, y] = pointIn(event);
    const move = (moved) => {
      const [toX, toY] = pointIn(moved);
      if (Math.hypot(toX - x, toY - y) * svg.clientWidth < 6 * size[0]) return; // a click
      place([Math.min(x, toX), Math.min(y, toY), Math.abs(toX - x), Math.abs(toY - y)]);
    };
    const before = [...box];
    place([x - before[2] / 2, y - before[3] / 2, before[2], before[3]]);
    svg.addEventListener("pointermove", move);
    svg.addEventListener("pointerup", () => svg.removeEventListener("pointermove", move), { once: true });
    svg.focus({ preventScroll: true });
  });
  svg?.addEventListener("keydown", (event) => {
    if (box === null) return;
    const step = STEP * Math.max(...size);
    const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    const [x, y, width, height] = box;
    if (way && event.shiftKey) place([x, y, width + way[0] * step, height + way[1] * step]);
    else if (way) place([x + way[0] * step, y + way[1] * step, width, height]);
    else if (event.key === "Enter") addFace();
    else if (event.key === "Escape") leaveDrawing();
    else return;
    event.preventDefault();
    event.stopPropagation();
  });

  const ACTS = {
    draw,
    "leave drawing": leaveDrawing,
    larger: () => grow(1.2),
    smaller: () => grow(1 / 1.2),
    "add face": addFace,
    "refuse face": () => decide({ what: "refuse face", faces: [Number(chosen.dataset.face)], name: chosen.dataset.name }),
    "no face": () => decide({ what: "no face", faces: [Number(chosen.dataset.face)] }),
  };
  root.addEventListener("click", (event) => {
    ACTS[event.target.closest("[data-do]")?.dataset.do]?.();
    const button = event.target.closest(".who-face");
    if (button) choose(button === chosen ? null : button);
    const link = event.target.closest(".times a");
    if (link) {
      event.preventDefault();
      refresh(null, new URL(link.href).searchParams.get("time"));
    }
  });
  const slider = root.querySelector("#frame-time");
  slider?.addEventListener("input", () => (root.querySelector(".frames output").textContent = `${Number(slider.value).toFixed(1)} s`));
  slider?.addEventListener("change", () => refresh(null, slider.value));
  svg?.addEventListener("click", (event) => {
    const face = box === null && event.target.closest("rect")?.dataset.face;
    if (face) choose(root.querySelector(`.who-face[data-face="${face}"]`));
  });

  choose(root.dataset.chosen ? root.querySelector(`.who-face[data-face="${root.dataset.chosen}"]`) : null);
  const undone = () => refresh();
  document.addEventListener("undone", undone);
  return {
    nameField: field,
    stop: () => document.removeEventListener("undone", undone),
    keys: {
      b: draw,
      n: () => (chosen ? void field.input.focus() : false),
      f: () => (chosen ? ACTS["no face"]() : false),
      Escape: () => leaveDrawing() !== false || closeProblem(),
    },
  };
}

/** Return the path of a photo's page, with a face chosen or at the time of a frame. */
export function pathOf(photo, face = null, time = null) {
  if (face !== null) return `/faces/${face}`;
  return `/photos/${photo}${time === null ? "" : `?time=${time}`}`;
}

/** The dialog that shows photos over a page: one after the other, where the page says which comes next. */
export class PhotoDialog {
  constructor(dialog, { writeTimes }) {
    this.dialog = dialog;
    this.writeTimes = writeTimes;
    this.photo = null;
    this.step = null;
    dialog.addEventListener("keydown", (event) => this.onKey(event));
    dialog.addEventListener("close", () => {
      this.photo?.stop();
      this.photo = null;
      showNotesIn(document.body);
      this.onClose?.();
    });
  }

  /** Show what is at a path; `step` shows the next (1) or the one before (-1), `onClose` is called at the end. */
  async open(path, { step = null, onClose = null } = {}) {
    try {
      const part = await readPart(path);
      this.photo?.stop();
      const close = document.createElement("form");
      close.method = "dialog";
      close.innerHTML = "<button class='primary'>Close</button>";
      part.querySelector(".about")?.append(close);
      this.writeTimes(part);
      this.dialog.replaceChildren(part);
      showNotesIn(this.dialog);
      [this.step, this.onClose] = [step, onClose];
      const root = this.dialog.querySelector(".photo");
      this.refresh = (face = null, time = root.dataset.time ?? null) =>
        this.open(pathOf(root.dataset.photo, face, time), { step, onClose });
      this.photo = startPhoto(root, { refresh: this.refresh });
      if (!this.dialog.open) this.dialog.showModal();
      close.firstElementChild.focus();
    } catch (error) {
      problem(error.message);
    }
  }

  /** Show the photo again if its faces or their names have changed, unless something is being done with it. */
  async changed() {
    const root = this.dialog.open ? this.dialog.querySelector(".photo") : null;
    if (!root || root.querySelector("rect.drawn") || document.activeElement.matches("input")) return;
    const part = await readPart(pathOf(root.dataset.photo, null, root.dataset.time ?? null)).catch(() => null);
    if (part && root.isConnected && part.querySelector(".photo")?.dataset.version !== root.dataset.version) this.refresh();
  }

  onKey(event) {
    if (event.target.matches("input, textarea, select") || event.altKey) return;
    const isUndo = (event.ctrlKey || event.metaKey) && event.key === "z";
    if ((event.ctrlKey || event.metaKey) && !isUndo) return;
    const act = isUndo ? undo : this.actOf(event);
    if (!act || act() === false) return;
    event.preventDefault();
    event.stopPropagation(); // the page behind it would act, too
  }

  /** Return what a key does. */
  actOf({ key, target }) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[key];
    if (step) return this.step && (() => this.step(step));
    if (key === " ") return (!target.matches("button") || target.closest("form")) && (() => this.dialog.close());
    if (key === "u") return undo;
    return this.photo?.keys[key];
  }
}
