"""dlib's two networks in ONNX Runtime: the same numbers, many times faster.

One thread each, as there is a worker for each core; a GPU is used where ONNX Runtime has CUDA. Nothing is reported to
anybody.
"""

import os
from pathlib import Path
from typing import Any

import dlib
import numpy as np
import numpy.typing as npt

os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # newer wheels report home, and read this as they are loaded

import onnxruntime

from familiar.errors import FamiliarError
from familiar.model import Embeddings
from familiar.vision.decoding import Pixels
from familiar.vision.dlib_networks import model_file
from familiar.vision.onnx_models import CHIP, DETECTOR, ENCODER, MEAN, model_path, resizing_path
from familiar.vision.pyramid import LEAST, Tile, boxes_of, tiles_of

_MEAN = np.asarray(MEAN, np.float32).reshape(1, 3, 1, 1)

_CHIP_PADDING = 0.25
"""What dlib leaves around a face before it is encoded, as a share of the chip (`face_recognition.cpp`)."""

_BATCH = 16
"""Faces encoded at once: more are no faster, and take more memory."""

_UPSAMPLED_OFFSET = (1.25, 0.75)
"""What dlib adds to a point before it doubles it (`pyramid_down<2>`); a doubled picture is as much larger."""


class OnnxEncoder:
    """Encodes aligned faces."""

    def __init__(self, models: Path) -> None:
        """Load the network; `models` is the folder for converted models."""
        self._session = _session(model_path(ENCODER, model_file(ENCODER.file), models))

    def encode(self, pixels: Pixels, shapes: list[Any]) -> Embeddings:
        """Return the embeddings of the faces with these landmarks, shape (n, 128)."""
        chips = [dlib.get_face_chip(pixels, shape, CHIP, _CHIP_PADDING) for shape in shapes]
        parts = [
            self._session.run(None, {"chips": np.stack(chips[start : start + _BATCH])})[0]
            for start in range(0, len(chips), _BATCH)
        ]
        return np.concatenate(parts) if parts else np.empty((0, 128), np.float32)


class OnnxDetector:
    """Finds faces with dlib's CNN: one pass of the network over a pyramid of the picture, laid out in one plane."""

    def __init__(self, models: Path, *, upsample: int) -> None:
        """Load the network; `upsample` is how often the picture is doubled beforehand."""
        self._session = _session(model_path(DETECTOR, model_file(DETECTOR.file), models))
        self._resizing = _session(resizing_path(models))
        self._upsample = upsample

    def detect(self, pixels: Pixels) -> list[Any]:
        """Return a rectangle for each face, the surest first."""
        for _ in range(self._upsample):
            pixels = dlib.resize_image(pixels, 2 * pixels.shape[0] + 1, 2 * pixels.shape[1] + 2)
        if min(pixels.shape[:2]) < LEAST:
            return []
        plane, tiles = self._plane(pixels)
        scores = self._session.run(None, {"tiles": plane})[0][0, 0]
        return [self._downsampled(box) for box in boxes_of(scores, tiles)]

    def _plane(self, pixels: Pixels) -> tuple[npt.NDArray[np.float32], list[Tile]]:
        rows, columns, tiles = tiles_of(*pixels.shape[:2])
        plane = np.zeros((1, 3, rows, columns), np.float32)
        picture = (pixels.transpose(2, 0, 1)[None] - _MEAN) / np.float32(256)
        for number, tile in enumerate(tiles):
            if number:
                sizes = np.array([1, 3, tile.rows, tile.columns])
                picture = self._resizing.run(None, {"picture": picture, "sizes": sizes})[0]
            plane[:, :, tile.top : tile.top + tile.rows, tile.left : tile.left + tile.columns] = picture
        return plane, tiles

    def _downsampled(self, box: tuple[float, float, float, float]) -> Any:
        for _ in range(self._upsample):
            dx, dy = _UPSAMPLED_OFFSET
            box = (box[0] / 2 - dx, box[1] / 2 - dy, box[2] / 2 - dx, box[3] / 2 - dy)
        return dlib.rectangle(*(int(np.floor(side + 0.5)) for side in box))


def _session(path: Path) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    wanted = ("CUDAExecutionProvider", "CPUExecutionProvider")
    providers = [name for name in wanted if name in onnxruntime.get_available_providers()]
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=providers)
    except Exception as error:  # its errors have no common base but this
        raise FamiliarError(f"{path}: damaged; delete it, and it is made anew") from error
