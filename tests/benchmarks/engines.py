"""Compare the engines on the same pixels: milliseconds for an embedding and for a CNN detection, one thread each.

    OMP_NUM_THREADS=1 uv run python tests/benchmarks/engines.py PHOTO...

The peer is dlib, as `face_recognition` calls it. Each figure is a median over the photos; ratios are of the same run.
"""

import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import platformdirs
from PIL import Image

from familiar.vision.engines.dlib_networks import DlibCnnDetector, DlibEncoder, HogDetector, load_landmarks
from familiar.vision.engines.engine import rectangle
from familiar.vision.engines.onnx_networks import DlibOnnxEncoder, OnnxDetector

EDGE = 569
"""Longer side of the pictures in pixels."""

SAME = 0.9
"""Share of their union that two boxes of one face have in common."""


def milliseconds(act: Callable[[], Any]) -> tuple[float, Any]:
    begin = time.perf_counter()
    result = act()
    return 1000 * (time.perf_counter() - begin), result


def overlap(one: Any, other: Any) -> float:
    """Return the share of their union that two rectangles have in common."""
    common = one.intersect(other).area()
    return float(common / (one.area() + other.area() - common))


def main() -> None:
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    models = platformdirs.user_cache_path("familiar") / "models"
    hog, landmarks = HogDetector(upsample=1), load_landmarks()
    encoders = (DlibEncoder(mirror=False), DlibOnnxEncoder(models, mirror=False))
    detectors = (DlibCnnDetector(upsample=0), OnnxDetector(models, upsample=0))
    encoding: tuple[list[float], list[float]] = ([], [])
    detecting: tuple[list[float], list[float]] = ([], [])
    worst, boxes, same, extra = 0.0, 0, 0, 0
    for path in map(Path, sys.argv[1:]):
        with Image.open(path) as image:
            image.thumbnail((EDGE, EDGE))
            small = image.convert("RGB")
        pixels = np.asarray(small)
        found = []
        for detector, times in zip(detectors, detecting, strict=True):
            spent, faces = milliseconds(lambda detector=detector, small=small: detector.detect([small])[0])  # type: ignore[misc]
            times.append(spent)
            found.append([rectangle(face.box, 1) for face in faces])
        boxes += len(found[0])
        same += sum(any(overlap(one, other) >= SAME for other in found[1]) for one in found[0])
        extra += sum(not any(overlap(one, other) >= SAME for other in found[0]) for one in found[1])
        for face in hog.detect([small])[0]:
            shape = landmarks(pixels, rectangle(face.box, 1))
            embeddings = []
            for encoder, times in zip(encoders, encoding, strict=True):
                spent, found_now = milliseconds(
                    lambda encoder=encoder, pixels=pixels, shape=shape: encoder.encode(  # type: ignore[misc]
                        encoder.layout.cut(pixels, [shape])
                    )
                )
                times.append(spent)
                embeddings.append(found_now.embeddings)
            worst = max(worst, float(np.abs(embeddings[0] - embeddings[1]).max()))
    for title, (dlib_times, onnx_times) in (("embedding", encoding), ("CNN detection", detecting)):
        one, other = statistics.median(dlib_times), statistics.median(onnx_times)
        print(
            f"{title}: dlib {one:.1f} ms, onnx {other:.1f} ms, {one / other:.1f} times as fast (n = {len(dlib_times)})"
        )
    print(f"largest difference of an embedding {worst:.1e}")
    print(f"of {boxes} boxes of the CNN {same} are the same, {extra} extra")


if __name__ == "__main__":
    main()
