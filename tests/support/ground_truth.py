"""Where the faces are in photos, and how many of them boxes find.

A table has a line for each face: `path`, `kind` (`nose`: a point of the face; `box`: left, top, width, height; `none`:
no face), `x`, `y`, `width`, `height`.
"""

import csv
from collections import defaultdict
from pathlib import Path

from familiar.model import Box


def read_truth(file: Path) -> dict[Path, list[tuple[float, float]]]:
    """Return the points of each photo's faces."""
    truth: dict[Path, list[tuple[float, float]]] = defaultdict(list)
    for row in csv.DictReader(file.read_text().splitlines()):
        points = truth[file.parents[1] / row["path"]]
        if row["kind"] == "nose":
            points.append((float(row["x"]), float(row["y"])))
        elif row["kind"] == "box":
            points.append((float(row["x"]) + float(row["width"]) / 2, float(row["y"]) + float(row["height"]) / 2))
    return truth


def compare(boxes: list[Box], points: list[tuple[float, float]]) -> tuple[int, int]:
    """Return how many points are found, each by a box of its own, and how many boxes are left over."""
    left = list(boxes)
    found = 0
    for x, y in points:
        holding = next((box for box in left if box.left <= x < box.right and box.top <= y < box.bottom), None)
        if holding is not None:
            left.remove(holding)
            found += 1
    return found, len(left)
