"""MTCNN: a cascade of three small networks finds faces, turned ones too, in a fraction of HOG's time.

It runs on the CPU: the networks are so small, and the pictures so different in size, that a GPU gains nothing.
"""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from familiar.vision.decoding.pictures import Pixels
from familiar.vision.engines.engine import Detection, Device
from familiar.vision.engines.mtcnn_models import (
    OUTPUT,
    OUTPUT_EDGE,
    PROPOSAL,
    PROPOSAL_EDGE,
    REFINEMENT,
    REFINEMENT_EDGE,
)
from familiar.vision.engines.onnx_models import model_of
from familiar.vision.engines.onnx_sessions import open_session, run
from familiar.vision.faces.boxes import Boxes, distinct, hog_box

_LARGEST_LEAST_FACE = 80
"""Edge in pixels of the smallest face that is found, without doublings; as that of dlib's detectors."""

_RATIO = 0.709
"""Of each level of the pyramid to the one before: half of the area."""

_STRIDE = 2
_PROPOSED, _REFINED, _FOUND = (math.log(p / (1 - p)) for p in (0.8, 0.8, 0.9))
"""Least log odds of a face after each network (docs/detection.md)."""

_SAME_LEVEL, _SAME_PLACE = 0.5, 0.7
"""Share of their union that two boxes may have in common; beyond it the less sure one is dropped."""

_GAP = 1.0
"""An image is reduced by integer factors as far as possible, which is fast, and then resized."""

_BATCH = 64
"""Windows that are examined in one batch."""

_ASIDE, _ABOVE = 0.04, 0.024
"""Distance of the centre of dlib's box from that of eyes and mouth, to the left and upwards, as shares of its edge.
Measured on 990 faces: with boxes as those of HOG the landmarks are found as they were trained."""


class MtcnnDetector:
    """Finds faces by three networks, each of which rejects most of what the previous one accepted."""

    device: Device = "CPU"

    def __init__(self, models: Path, *, upsample: int, max_size: int) -> None:
        """Load the networks; `models` is the folder for converted ones.

        In an image whose longer side has `max_size` pixels, faces of 80 pixels and more are found, of half as much
        with each `upsample`; in a larger one, faces that are as much larger.
        """
        self._proposal, self._refinement, self._output = (
            open_session(model_of(network, models), network.source.file, gpu=False)
            for network in (PROPOSAL, REFINEMENT, OUTPUT)
        )
        self._least = _LARGEST_LEAST_FACE / 2**upsample
        self._max_size = max_size

    def detect(self, images: Sequence[Image.Image]) -> list[list[Detection]]:
        """Return the faces in each image, the surest first, with boxes that are shaped as HOG's."""
        return list(map(self._detect, images))

    def _detect(self, image: Image.Image) -> list[Detection]:
        least = self._least * max(1.0, max(image.size) / self._max_size)
        factor = max(1, int(least / REFINEMENT_EDGE))
        small = image.reduce(factor)  # the first two networks see no more of the smallest face
        found = self._judge(self._refinement, small, self._propose(small, least / factor), REFINEMENT_EDGE)
        kept = found[found[:, 0] >= _REFINED]
        boxes = _squared(_sides(kept)[distinct(_sides(kept), kept[:, 0], _SAME_PLACE)])
        found = self._judge(self._output, image, boxes * np.float32(factor), OUTPUT_EDGE)
        kept = found[found[:, 0] >= _FOUND]
        kept = kept[distinct(_sides(kept), kept[:, 0], _SAME_PLACE, of_smaller=True)]
        return list(map(_detection, kept))

    def _propose(self, image: Image.Image, least: float) -> Boxes:
        """Return places that may hold a face of `least` pixels or more."""
        scale = PROPOSAL_EDGE / least
        largest: Image.Image | None = None
        boxes, scores = [np.empty((0, 4), np.float32)], [np.empty(0, np.float32)]
        while min(image.size) * scale >= PROPOSAL_EDGE:
            size = (round(image.width * scale), round(image.height * scale))
            level = (largest or image).resize(size, Image.Resampling.BILINEAR, reducing_gap=_GAP)
            largest = largest or level
            (output,) = run(self._proposal, {"pixels": np.asarray(level)[None]})
            rows, columns = np.nonzero(output[0] >= _PROPOSED)
            corners = np.stack([columns, rows, columns, rows], 1) * np.float32(_STRIDE)
            corners[:, 2:] += PROPOSAL_EDGE
            corners += output[1:, rows, columns].T * PROPOSAL_EDGE
            corners /= np.tile(np.divide(size, image.size), 2)
            kept = distinct(corners, output[0, rows, columns], _SAME_LEVEL)
            boxes.append(corners[kept])
            scores.append(output[0, rows, columns][kept])
            scale *= _RATIO
        together = np.concatenate(boxes)
        return _squared(together[distinct(together, np.concatenate(scores), _SAME_PLACE)])

    def _judge(self, network: Any, image: Image.Image, boxes: Boxes, edge: int) -> npt.NDArray[np.float32]:
        """Return the output of a network for places: log odds of a face, sides and points, in pixels of the image."""
        parts = [
            run(network, {"pixels": _patches(image, boxes[start : start + _BATCH], edge)})
            for start in range(0, len(boxes), _BATCH)
        ]
        if not parts:
            return np.empty((0, 15), np.float32)
        found = np.concatenate(parts)
        edges = boxes[:, 2] - boxes[:, 0]
        found[:, 1:] *= edges[:, None]
        found[:, 1:5] += boxes
        found[:, 5:10] += boxes[:, :1]
        found[:, 10:] += boxes[:, 1:2]
        return np.asarray(found)


def _sides(found: npt.NDArray[np.float32]) -> Boxes:
    return found[:, 1:5]


def _squared(boxes: Boxes) -> Boxes:
    """Return squares with the same centres, with the longer sides of the boxes."""
    middles = (boxes[:, :2] + boxes[:, 2:]) / 2
    half = np.max(boxes[:, 2:] - boxes[:, :2], axis=1, keepdims=True, initial=0) / 2
    return np.concatenate([middles - half, middles + half], axis=1)


def _patches(image: Image.Image, boxes: Boxes, edge: int) -> Pixels:
    """Return the pictures at these places, shape (n, edge, edge, 3); pixels outside of the image are black."""
    patches = np.empty((len(boxes), edge, edge, 3), np.uint8)
    for patch, box in zip(patches, boxes, strict=True):
        left, top, right, bottom = map(float, box)
        part, corners = image, (left, top, right, bottom)
        if left < 0 or top < 0 or right > image.width or bottom > image.height:
            around = (int(left) - 1, int(top) - 1, int(right) + 2, int(bottom) + 2)
            part, corners = (
                image.crop(around),
                (left - around[0], top - around[1], right - around[0], bottom - around[1]),
            )
        patch[:] = np.asarray(part.resize((edge, edge), Image.Resampling.BILINEAR, corners, reducing_gap=_GAP))
    return patches


def _detection(face: npt.NDArray[np.float32]) -> Detection:
    left, top, right, bottom = map(float, face[1:5])
    edge = max((right - left) * (bottom - top), 1.0) ** 0.5
    box = hog_box(face[5:].reshape(2, 5).T, edge, aside=_ASIDE, above=_ABOVE)
    return Detection(box=box, score=1 / (1 + math.exp(-face[0])))
