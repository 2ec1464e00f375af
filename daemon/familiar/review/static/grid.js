// Cards in a grid, whose rows may be of different heights.

/** Return the card above (-1) or below (1) that is nearest to the middle of this one; null if there is none. */
export function nearestInRow(all, here, direction) {
  const middle = (card) => {
    const box = card.getBoundingClientRect();
    return [box.left + box.width / 2, box.top];
  };
  const [x, y] = middle(here);
  const beyond = all.map((card) => [card, ...middle(card)]).filter(([, , top]) => (top - y) * direction > 4);
  if (beyond.length === 0) return null;
  const row = Math.min(...beyond.map(([, , top]) => Math.abs(top - y)));
  const there = beyond.filter(([, , top]) => Math.abs(Math.abs(top - y) - row) < 4);
  return there.sort((one, other) => Math.abs(one[1] - x) - Math.abs(other[1] - x))[0][0];
}
