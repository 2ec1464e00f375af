// Faces in a grid: ranges of them, and the keys for the one that has the focus.

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
