"""Measure detectors: true faces found, false alarms, photos a second, by scale.

    uv run python tests/benchmarks/detection.py ../shared/photos/groups/truth.csv

The table is that of `tests/support/ground_truth.py`. A face is found if a box holds its point, or the middle of its
box.
"""

import sys
import tempfile
import time
from pathlib import Path

from familiar.settings import VisionSettings
from familiar.vision.decoding.pictures import decode, prepare_decoders
from familiar.vision.engines.engine import Engine
from familiar.vision.engines.selection import load_engine

sys.path.insert(0, str(Path(__file__).parents[1]))

from support.ground_truth import compare, read_truth

SETTINGS = [
    *(
        ("mtcnn", upsample, size)
        for upsample, size in ((0, 1600), (1, 800), (1, 1000), (1, 1200), (1, 1600), (2, 1000))
    ),
    ("mtcnn", 2, 2000),
    *(("hog", upsample, size) for upsample, size in ((0, 1000), (0, 2000), (1, 800), (1, 1000), (1, 1200), (1, 1600))),
    *(("cnn", upsample, size) for upsample, size in ((0, 1000), (0, 2000), (1, 800), (1, 1000), (1, 1600))),
    ("hog", 2, 800),
]


def measure(engine: Engine, truth: dict[Path, list[tuple[float, float]]], size: int) -> tuple[int, int, float]:
    found = extra = 0
    begin = time.perf_counter()
    for path, points in truth.items():
        (faces,) = engine.find([decode(path.read_bytes(), max_megapixels=200, at_least=size)])
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
