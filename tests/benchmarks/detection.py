"""Measure detectors: true faces found, false alarms, photos a second, by scale.

    uv run python tests/benchmarks/detection.py ../shared/photos/groups/truth.csv

The table has a line for each face: `path`, `kind` (`nose`: a point of the face; `box`: left, top, width, height;
`none`: no face), `x`, `y`, `width`, `height`. A face is found if a box holds its point, or the middle of its box.
"""

import csv
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

from familiar.model import Box
from familiar.settings import VisionSettings
from familiar.vision.decoding import decode, prepare_decoders
from familiar.vision.engine import Engine
from familiar.vision.engines import load_engine

SETTINGS = [
    *(("hog", upsample, size) for upsample, size in ((0, 1000), (0, 2000), (1, 800), (1, 1000), (1, 1200), (1, 1600))),
    *(("cnn", upsample, size) for upsample, size in ((0, 1000), (0, 2000), (1, 800), (1, 1000), (1, 1600))),
    ("hog", 2, 800),
]


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


def measure(engine: Engine, truth: dict[Path, list[tuple[float, float]]], size: int) -> tuple[int, int, float]:
    found = extra = 0
    begin = time.perf_counter()
    for path, points in truth.items():
        faces = engine.find(decode(path.read_bytes(), max_megapixels=200, at_least=size))
        hit, over = compare([face.box for face in faces], points)
        found, extra = found + hit, extra + over
    return found, extra, len(truth) / (time.perf_counter() - begin)


def main() -> None:
    prepare_decoders()
    truth = read_truth(Path(sys.argv[1]))
    print(f"{len(truth)} photos, {sum(map(len, truth.values()))} faces\n")
    print(
        "| detector | upsample | max_size | found | extra | photos/s, one core |\n| --- | --- | --- | --- | --- | --- |"
    )
    with tempfile.TemporaryDirectory() as models:
        for detector, upsample, size in SETTINGS:
            settings = VisionSettings.model_validate({"detector": detector, "upsample": upsample, "max_size": size})
            engine, _ = load_engine(settings, Path(models))
            found, extra, speed = measure(engine, truth, size)
            print(f"| {detector} | {upsample} | {size} | {found} | {extra} | {speed:.1f} |", flush=True)


if __name__ == "__main__":
    main()
