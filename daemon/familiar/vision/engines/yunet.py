"""YuNet: one small network finds faces of many sizes, turned ones too, in one look at a picture.

A face that is large in what the network looks at is missed, and so is a tiny one: so it looks at each photo at several
sizes. It runs on a GPU where there is one.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image

from familiar.vision.decoding.pictures import Pixels
from familiar.vision.engines.engine import Detection
from familiar.vision.engines.onnx_models import model_of
from familiar.vision.engines.onnx_sessions import device_of, open_session, run
from familiar.vision.engines.opencv_models import YUNET, YUNET_STEP
from familiar.vision.engines.second_look import detect_twice
from familiar.vision.faces.boxes import Boxes, distinct, hog_box, scaled, shares, shifted

_Faces: TypeAlias = npt.NDArray[np.float32]
"""Score, left, top, right, bottom, and x and y of both eyes, nose and corners of the mouth: shape (n, 15)."""

_FIRST_SIZE = 320
"""Longer side in pixels of the first look; each further one has twice as many."""

_GROWTH = 1.2
"""A last look at less than so many times the size of the one before would show nothing new."""

_LARGEST_TILE, _OVERLAP = 1344, 128
"""Edge in pixels of what the network looks at in one piece at most, as it takes 100 MB a megapixel; and what tiles have
in common. A face that is too large for that is found by the look before."""

_STEPS = (8, 16, 32)
"""Pixels between the places that the network speaks of."""

_LEAST_SCORE = 0.8
"""How sure the network must be of a face (docs/detection.md)."""

_SAME_LOOK = 0.3
"""Share of their union that two boxes of one look may have in common; beyond it the less sure one is dropped. As
`FaceDetectorYN` of OpenCV."""

_SAME_FACE = 0.5
"""Share of the smaller one that two boxes of different looks may have in common; beyond it they are one face. Beyond
that share of their union, the surer one tells better where it is."""

_EDGE = 0.97
_ASIDE, _ABOVE = 0.03, 0.011
"""Edge of HOG's box as a share of the square root of the area of YuNet's; how far the middle of HOG's box lies from
that of eyes and mouth, to the left and upwards, as shares of its edge. Measured on 1,510 faces."""


class YunetDetector:
    """Finds faces by looks at an image at several sizes; what a smaller look finds no larger one takes away."""

    def __init__(self, models: Path, *, upsample: int, max_size: int) -> None:
        """Load the network; `models` is the folder for converted ones.

        An image is looked at with 320 pixels of its longer side, then with twice as many, and so on up to `max_size`
        or to all that it has, with each `upsample` to twice as many as that.
        """
        self._network = YunetNetwork(models)
        self.device = self._network.device
        self._upsample = upsample
        self._max_size = max_size

    def detect(self, images: Sequence[Image.Image]) -> list[list[Detection]]:
        """Return the faces in each image, those of smaller looks before those of larger ones."""
        pyramids = [self._pyramid(image) for image in images]
        found = detect_twice(self._network.detect, [own[0] for own in pyramids])
        found = [_enlarged(faces, own[0], image) for faces, own, image in zip(found, pyramids, images, strict=True)]
        for look in range(1, max(map(len, pyramids), default=0)):
            numbers = [number for number, own in enumerate(pyramids) if look < len(own)]
            small = [pyramids[number][look] for number in numbers]
            for number, reduced, faces in zip(numbers, small, self._look(small), strict=True):
                found[number] = _joined(found[number], _enlarged(faces, reduced, images[number]))
        return found

    def _look(self, images: Sequence[Image.Image]) -> list[list[Detection]]:
        """Return the faces in each image; a large one is looked at in tiles."""
        tiles = [(number, *corner) for number, image in enumerate(images) for corner in _tiles(image.size)]
        parts = [images[number].crop((left, top, right, bottom)) for number, left, top, right, bottom in tiles]
        found: list[list[Detection]] = [[] for _ in images]
        for (number, left, top, _, _), faces in zip(tiles, self._network.detect(parts), strict=True):
            moved = [replace(face, box=shifted(face.box, left, top)) for face in faces]
            found[number] = _joined(found[number], moved)
        return found

    def _pyramid(self, image: Image.Image) -> list[Image.Image]:
        """Return what is looked at of an image, the smallest first."""
        largest = min(self._max_size, max(image.size) * 2**self._upsample)
        sizes = [min(_FIRST_SIZE, largest)]
        while sizes[-1] * _GROWTH <= largest:
            sizes.append(min(2 * sizes[-1], largest))
        pyramid = [_resized(image, sizes.pop())]
        while sizes:
            size = sizes.pop()
            halves = 2 * size == max(pyramid[-1].size)  # as most do; that is fast
            pyramid.append(pyramid[-1].reduce(2) if halves else _resized(pyramid[-1], size))
        return pyramid[::-1]


class YunetNetwork:
    """Finds faces by one look at each image as it is."""

    def __init__(self, models: Path) -> None:
        """Load the network; `models` is the folder for converted ones."""
        self._session = open_session(model_of(YUNET, models), YUNET.source.file, gpu=True)
        self.device = device_of(self._session)

    def detect(self, images: Sequence[Image.Image]) -> list[list[Detection]]:
        """Return the faces in each image, the surest first, with boxes shaped as HOG's.

        Images that are laid out alike, as those of one camera are, pass the network together: a GPU gains by that.
        """
        found: list[list[Detection]] = [[] for _ in images]
        alike: dict[tuple[int, int], list[int]] = defaultdict(list)
        for number, image in enumerate(images):
            alike[_padded(image.height), _padded(image.width)].append(number)
        for (rows, columns), numbers in alike.items():
            step = 1 if self.device == "CPU" else len(numbers)  # a CPU gains nothing, and has little memory
            for start in range(0, len(numbers), step):
                together = numbers[start : start + step]
                pixels = _laid_out([images[number] for number in together], rows, columns)
                for number, said in zip(together, run(self._session, {"pixels": pixels}), strict=True):
                    found[number] = list(map(_detection, _faces(said, rows, columns)))
        return found


def _laid_out(images: Sequence[Image.Image], rows: int, columns: int) -> Pixels:
    """Return images at the upper left of so many rows and columns, shape (n, rows, columns, 3); the rest is black."""
    pixels = np.zeros((len(images), rows, columns, 3), np.uint8)
    for place, image in zip(pixels, images, strict=True):
        place[: image.height, : image.width] = np.asarray(image)
    return pixels


def _tiles(size: tuple[int, int]) -> Iterator[tuple[int, int, int, int]]:
    """Give left, top, right and bottom of the tiles of an image of this width and height."""
    for top, bottom in _stretches(size[1]):
        for left, right in _stretches(size[0]):
            yield left, top, right, bottom


def _stretches(length: int) -> list[tuple[int, int]]:
    """Return from where to where the tiles go of which so many pixels are covered."""
    count = max(1, -(-(length - _OVERLAP) // (_LARGEST_TILE - _OVERLAP)))
    edge = -(-(length + (count - 1) * _OVERLAP) // count)
    starts = [min(number * (edge - _OVERLAP), length - edge) for number in range(count)]
    return [(start, start + edge) for start in starts]


def _padded(length: int) -> int:
    return -(-length // YUNET_STEP) * YUNET_STEP


def _resized(image: Image.Image, size: int) -> Image.Image:
    """Return an image with so many pixels of its longer side."""
    factor = size / max(image.size)
    if factor == 1:
        return image
    width, height = (max(1, round(side * factor)) for side in image.size)
    chosen = Image.Resampling.BOX if factor < 1 else Image.Resampling.BILINEAR
    return image.resize((width, height), chosen)


def _faces(said: npt.NDArray[np.float32], rows: int, columns: int) -> _Faces:
    """Return the faces that the network speaks of, in pixels of what it looked at.

    Args:
        said: its output for one picture, shape (places, 16).
        rows: the height of what it looked at.
        columns: the width.
    """
    (sure,) = np.nonzero(said[:, 0] * said[:, 1] >= _LEAST_SCORE**2)
    counts = [(rows // step) * (columns // step) for step in _STEPS]
    starts = np.cumsum([0, *counts[:-1]])
    level = np.searchsorted(starts, sure, side="right") - 1
    step = np.array(_STEPS)[level]
    down, across = np.divmod(sure - starts[level], columns // step)
    places = np.stack([across, down], axis=1)
    chosen = said[sure]
    middles = (places + chosen[:, 2:4]) * step[:, None]
    half = np.exp(chosen[:, 4:6]) * step[:, None] / 2
    points = (chosen[:, 6:].reshape(-1, 5, 2) + places[:, None]) * step[:, None, None]
    scores = np.sqrt(chosen[:, :1] * chosen[:, 1:2])
    faces = np.concatenate([scores, middles - half, middles + half, points.reshape(-1, 10)], axis=1)
    return np.asarray(faces[distinct(_sides(faces), faces[:, 0], _SAME_LOOK)], np.float32)


def _sides(faces: _Faces) -> Boxes:
    return faces[:, 1:5]


def _detection(face: npt.NDArray[np.float32]) -> Detection:
    left, top, right, bottom = map(float, face[1:5])
    edge = _EDGE * max((right - left) * (bottom - top), 1.0) ** 0.5
    return Detection(box=hog_box(face[5:].reshape(5, 2), edge, aside=_ASIDE, above=_ABOVE), score=float(face[0]))


def _enlarged(faces: Sequence[Detection], seen: Image.Image, image: Image.Image) -> list[Detection]:
    """Return faces in pixels of the image that was reduced to what was seen."""
    factor = max(image.size) / max(seen.size)
    return [replace(face, box=scaled(face.box, factor)) for face in faces]


def _joined(known: Sequence[Detection], faces: Sequence[Detection]) -> list[Detection]:
    """Return what is known together with the faces that are new; one that is known has the box that is surest."""
    joined = list(known)
    boxes = np.array([face.box for face in known], np.float32).reshape(-1, 4)
    for face in faces:
        box = np.array(face.box, np.float32)
        if (shares(box, boxes, of_smaller=True) <= _SAME_FACE).all():
            joined.append(face)
            continue
        alike = shares(box, boxes, of_smaller=False)
        nearest = int(alike.argmax())
        if alike[nearest] > _SAME_FACE and (face.score or 0) > (joined[nearest].score or 0):
            joined[nearest] = face
    return joined
