// Numbers as the server writes them.

/** Write a number with narrow spaces between thousands. */
export function written(number) {
  return number.toLocaleString("en").replaceAll(",", "\u202f");
}
