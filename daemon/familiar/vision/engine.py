"""The contract of an engine, what finds and encodes the faces in a picture; and its parts, which can be exchanged."""

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
from PIL import Image

from familiar.model import Box, Embedding, Embeddings, Face
from familiar.vision.decoding import Picture, Pixels
from familiar.vision.sharpness import sharpness


class Engine(Protocol):
    """Finds and encodes faces, in a worker process."""

    @property
    def id(self) -> str:
        """Name the networks that give the embeddings: only embeddings of the same id can be compared."""

    @property
    def description(self) -> str:
        """Name the engine with the settings of its detector, as in what looked at a photo."""

    def find(self, picture: Picture) -> tuple[Face, ...]:
        """Return the faces of a picture from left to right, in pixels of the upright original."""


class Detector(Protocol):
    """Finds faces."""

    def detect(self, pixels: Pixels) -> list[Any]:
        """Return a `dlib.rectangle` for each face, in pixels of what was given."""


class Encoder(Protocol):
    """Encodes faces whose landmarks are known."""

    def encode(self, pixels: Pixels, shapes: list[Any]) -> Embeddings:
        """Return an embedding for each `dlib.full_object_detection`, shape (n, 128)."""


class FaceEngine:
    """An engine of a detector, landmarks and an encoder."""

    def __init__(
        self,
        *,
        id: str,  # noqa: A002 - the field's name
        description: str,
        detector: Detector,
        landmarks: Callable[[Pixels, Any], Any],
        encoder: Encoder,
        max_size: int,
    ) -> None:
        """Take the parts, loaded; faces are looked for at `max_size` pixels of the longer side."""
        self.id = id
        self.description = description
        self._detector = detector
        self._landmarks = landmarks
        self._encoder = encoder
        self._max_size = max_size

    def find(self, picture: Picture) -> tuple[Face, ...]:
        """Return the faces of a picture from left to right, in pixels of the upright original.

        Faces are looked for at reduced scale, and encoded from all the pixels that were decoded.
        """
        image = picture.image
        small = _reduced(image, self._max_size)
        ratio = image.width / small.width
        pixels = np.asarray(image)
        rectangles = [_scaled(rectangle, ratio) for rectangle in self._detector.detect(np.asarray(small))]
        shapes = [self._landmarks(pixels, rectangle) for rectangle in rectangles]
        embeddings = self._encoder.encode(pixels, shapes)
        faces = [
            self._face(pixels, picture, shape, embedding) for shape, embedding in zip(shapes, embeddings, strict=True)
        ]
        return tuple(sorted(faces, key=lambda face: (face.box.left, face.box.top)))

    def _face(self, pixels: Pixels, picture: Picture, shape: Any, embedding: Embedding) -> Face:
        found = shape.rect
        inside = Box(
            left=max(found.left(), 0),
            top=max(found.top(), 0),
            right=min(found.right(), pixels.shape[1]),
            bottom=min(found.bottom(), pixels.shape[0]),
        )
        box = _in_original(inside, picture)
        return Face(
            box=box,
            landmarks=tuple((round(p.x / picture.scale), round(p.y / picture.scale)) for p in shape.parts()),
            embedding=embedding,
            size=min(box.width, box.height),
            sharpness=sharpness(pixels, inside),
            engine=self.id,
        )


def _reduced(image: Image.Image, max_size: int) -> Image.Image:
    factor = max_size / max(image.size)
    if factor >= 1:
        return image
    size = (max(1, round(image.width * factor)), max(1, round(image.height * factor)))
    return image.resize(size, Image.Resampling.BOX)  # the mean of the pixels that fall together; others ring at edges


def _scaled(rectangle: Any, ratio: float) -> Any:
    if ratio == 1:
        return rectangle
    sides = (rectangle.left(), rectangle.top(), rectangle.right(), rectangle.bottom())
    return type(rectangle)(*(round(side * ratio) for side in sides))


def _in_original(box: Box, picture: Picture) -> Box:
    scale = picture.scale
    return Box(
        left=round(box.left / scale),
        top=round(box.top / scale),
        right=min(round(box.right / scale), picture.width),
        bottom=min(round(box.bottom / scale), picture.height),
    )
