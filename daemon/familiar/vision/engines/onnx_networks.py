"""dlib's two networks, and those that encode a face as a direction, in ONNX Runtime: the same numbers, much faster.

One thread each, as there is a worker for each core; a GPU is used where ONNX Runtime has CUDA.
"""

import math
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import dlib
import numpy as np
import numpy.typing as npt
import onnxruntime
from PIL import Image

from familiar.embedding_models import Model
from familiar.vision.decoding.pictures import Pixels
from familiar.vision.engines.dlib_models import DETECTOR, ENCODER, MEAN, resizing_model
from familiar.vision.engines.engine import Detection, Encoded
from familiar.vision.engines.onnx_models import model_of
from familiar.vision.engines.onnx_sessions import device_of, open_session, run
from familiar.vision.faces.boxes import Corners
from familiar.vision.faces.chips import ARCFACE_LAYOUT, DLIB_LAYOUT, Chips
from familiar.vision.faces.pyramid import LEAST, Tile, boxes_of, tiles_of

_MEAN = np.asarray(MEAN, np.float32).reshape(1, 3, 1, 1)

_BATCH = 16
"""Faces encoded at once; more are not faster and take more memory."""

_TRUNK_BATCH = 1
"""The same for convolutions as those of SFace: with more, what is between two layers does not fit the cache."""

_GPU_BATCH = 64

_UPSAMPLED_OFFSET = (1.25, 0.75)
"""What dlib adds to a point before it doubles it (`pyramid_down<2>`); a doubled picture is as much larger."""


class DlibOnnxEncoder:
    """Encodes aligned faces with dlib's network."""

    layout = DLIB_LAYOUT

    def __init__(self, models: Path, *, mirror: bool) -> None:
        """Load the network; `models` is the folder for converted models.

        With `mirror` an embedding is the mean of those of a face and of its mirror image.
        """
        self._session = open_session(model_of(ENCODER, models), ENCODER.source.file, gpu=True)
        self.device = device_of(self._session)
        self.file = ENCODER.source.path()
        self._mirror = mirror

    def encode(self, chips: Chips) -> Encoded:
        """Return the embeddings of aligned faces, shape (n, 128)."""
        both = np.concatenate([chips, chips[:, :, ::-1]]) if self._mirror else chips
        found = _in_batches(self._session, "chips", both, _BATCH, 128)
        embeddings = found.reshape(-1, len(chips), 128).mean(axis=0) if len(chips) else found
        return Encoded(embeddings=embeddings, lengths=np.linalg.norm(embeddings, axis=1))


class DirectionEncoder:
    """Encodes aligned faces with a network of which only the direction of what it gives counts, as SFace."""

    layout = ARCFACE_LAYOUT

    def __init__(
        self,
        trunk: onnxruntime.InferenceSession,
        head: onnxruntime.InferenceSession | None,
        model: Model,
        file: Path,
    ) -> None:
        """Take a converted network, loaded, the model that it is, and the file that it comes from.

        Where its last layer is a network of its own, that is `head`.
        """
        assert model.length is not None, "embeddings that are directions have one length"
        self._trunk = trunk
        self._head = head
        self.device = device_of(trunk)
        self.file = file
        self._batch = _GPU_BATCH if self.device == "GPU" else _BATCH
        self._trunk_batch = _GPU_BATCH if self.device == "GPU" else _TRUNK_BATCH
        self._dimension = model.dimension
        self._length = np.float32(model.length)

    def encode(self, chips: Chips) -> Encoded:
        """Return the embeddings of aligned faces, shape (n, dimension)."""
        parts = [self._run(chips[start : start + self._batch]) for start in range(0, len(chips), self._batch)]
        found = np.concatenate([np.empty((0, self._dimension), np.float32), *parts])
        lengths = np.linalg.norm(found, axis=1)
        scale = self._length / np.maximum(lengths, np.finfo(np.float32).tiny)
        return Encoded(embeddings=found * scale[:, None], lengths=lengths)

    def _run(self, chips: Chips) -> npt.NDArray[np.float32]:
        """Return what the network gives for some faces, which go through its head together."""
        starts = range(0, len(chips), self._trunk_batch)
        parts = [run(self._trunk, {"pixels": chips[start : start + self._trunk_batch]}) for start in starts]
        found = np.concatenate(parts)
        return found if self._head is None else run(self._head, {"features": found})


def _in_batches(session: Any, name: str, chips: Chips, size: int, dimension: int) -> npt.NDArray[np.float32]:
    parts = [run(session, {name: chips[start : start + size]}) for start in range(0, len(chips), size)]
    return np.concatenate([np.empty((0, dimension), np.float32), *parts])


class OnnxDetector:
    """Finds faces with dlib's CNN: one pass of the network over a pyramid of the picture, laid out in one plane."""

    def __init__(self, models: Path, *, upsample: int) -> None:
        """Load the network; `upsample` is how often the picture is doubled beforehand."""
        self._session = open_session(model_of(DETECTOR, models), DETECTOR.source.file, gpu=True)
        self.device = device_of(self._session)
        self._resizing = open_session(resizing_model(models), "resizing", gpu=False)
        self._upsample = upsample

    def detect(self, images: Sequence[Image.Image]) -> list[list[Detection]]:
        """Return the faces in each image, the surest first.

        Images of one size, as those of one camera are, pass the network together: a GPU gains by that.
        """
        found: list[list[Detection]] = [[] for _ in images]
        together = _of_one_size(images)
        if self.device == "CPU":  # which gains nothing, and has little memory
            together = [[number] for numbers in together for number in numbers]
        for numbers in together:
            planes = [self._plane(self._upsampled(np.asarray(images[number]))) for number in numbers]
            scores = run(self._session, {"tiles": np.concatenate([plane for plane, _ in planes])})
            for number, (_, tiles), own in zip(numbers, planes, scores, strict=True):
                found[number] = [Detection(box=self._downsampled(box)) for box in boxes_of(own[0], tiles)]
        return found

    def _upsampled(self, pixels: Pixels) -> Pixels:
        for _ in range(self._upsample):
            pixels = dlib.resize_image(pixels, 2 * pixels.shape[0] + 1, 2 * pixels.shape[1] + 2)
        return pixels

    def _plane(self, pixels: Pixels) -> tuple[npt.NDArray[np.float32], list[Tile]]:
        rows, columns, tiles = tiles_of(*pixels.shape[:2])
        plane = np.zeros((1, 3, rows, columns), np.float32)
        picture = (pixels.transpose(2, 0, 1)[None] - _MEAN) / np.float32(256)
        for number, tile in enumerate(tiles):
            if number:
                sizes = np.array([1, 3, tile.rows, tile.columns])
                picture = run(self._resizing, {"picture": picture, "sizes": sizes})
            plane[:, :, tile.top : tile.top + tile.rows, tile.left : tile.left + tile.columns] = picture
        return plane, tiles

    def _downsampled(self, box: Corners) -> Corners:
        for _ in range(self._upsample):
            dx, dy = _UPSAMPLED_OFFSET
            box = (box[0] / 2 - dx, box[1] / 2 - dy, box[2] / 2 - dx, box[3] / 2 - dy)
        left, top, right, bottom = (math.floor(side + 0.5) for side in box)
        return left, top, right, bottom


def _of_one_size(images: Sequence[Image.Image]) -> list[list[int]]:
    """Return the numbers of the images that are not too small, those of one size together."""
    groups: dict[tuple[int, int], list[int]] = defaultdict(list)
    for number, image in enumerate(images):
        if min(image.size) >= LEAST:
            groups[image.size].append(number)
    return list(groups.values())
