"""The contract of an engine, what finds and encodes the faces in a picture; and its parts, which can be exchanged."""

from collections.abc import Callable, Sequence
from typing import Any, Literal, Protocol, TypeAlias

import dlib
import numpy as np
from PIL import Image

from familiar.model import Box, Embedding, Embeddings, Face
from familiar.vision.decoding import Picture, Pixels
from familiar.vision.sharpness import sharpness

Chips: TypeAlias = Pixels
"""Aligned faces, shape (n, CHIP, CHIP, 3), RGB."""

CHIP = 150
"""Edge of the aligned picture of a face that is encoded, in pixels."""

_CHIP_PADDING = 0.25
"""What dlib leaves around a face before it is encoded, as a share of the chip (`face_recognition.cpp`)."""


class Engine(Protocol):
    """Finds and encodes faces, in a worker process."""

    @property
    def id(self) -> str:
        """Name the networks that give the embeddings: only embeddings of the same id can be compared."""

    @property
    def description(self) -> str:
        """Name the engine with the settings of its detector, as in what looked at a photo."""

    @property
    def devices(self) -> str:
        """Say what runs where."""

    def find(self, pictures: Sequence[Picture]) -> list[tuple[Face, ...]]:
        """Return the faces of each picture from left to right, in pixels of its upright original."""

    def encode(self, pictures: Sequence[tuple[Picture, Sequence[Face]]]) -> list[Embeddings]:
        """Return the embeddings of faces that were found before, for each picture an array of shape (n, 128)."""


Device: TypeAlias = Literal["CPU", "GPU"]


class Detector(Protocol):
    """Finds faces."""

    @property
    def device(self) -> Device:
        """Say where it runs."""

    def detect(self, pictures: Sequence[Pixels]) -> list[list[Any]]:
        """Return for each picture a `dlib.rectangle` for each face, in pixels of what was given."""


class Encoder(Protocol):
    """Encodes aligned faces."""

    @property
    def device(self) -> Device:
        """Say where it runs."""

    def encode(self, chips: Chips) -> Embeddings:
        """Return the embeddings of aligned faces, shape (n, 128)."""


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
        self.devices = f"detection on the {detector.device}, embeddings on the {encoder.device}"
        self._detector = detector
        self._landmarks = landmarks
        self._encoder = encoder
        self._max_size = max_size

    def find(self, pictures: Sequence[Picture]) -> list[tuple[Face, ...]]:
        """Return the faces of each picture from left to right, in pixels of its upright original.

        Faces are looked for at reduced scale, and encoded from all the pixels that were decoded; the faces of all
        pictures are encoded together.
        """
        if not pictures:
            return []
        small = [_reduced(picture.image, self._max_size) for picture in pictures]
        detected = self._detector.detect([np.asarray(image) for image in small])
        shapes = []
        for picture, image, rectangles in zip(pictures, small, detected, strict=True):
            ratio, pixels = picture.image.width / image.width, np.asarray(picture.image)
            shapes.append([self._landmarks(pixels, _scaled(rectangle, ratio)) for rectangle in rectangles])
        encoded = self._encode([picture.image for picture in pictures], shapes)
        return list(map(self._faces, pictures, shapes, encoded))

    def encode(self, pictures: Sequence[tuple[Picture, Sequence[Face]]]) -> list[Embeddings]:
        """Return the embeddings of faces that were found before, for each picture an array of shape (n, 128)."""
        shapes = [[_shape(face, picture.scale) for face in faces] for picture, faces in pictures]
        return self._encode([picture.image for picture, _ in pictures], shapes)

    def _encode(self, images: Sequence[Image.Image], shapes: Sequence[Sequence[Any]]) -> list[Embeddings]:
        chips = [align(np.asarray(image), own) for image, own in zip(images, shapes, strict=True)]
        ends = np.cumsum([len(own) for own in chips])
        return np.split(self._encoder.encode(np.concatenate(chips)), ends[:-1])

    def _faces(self, picture: Picture, shapes: Sequence[Any], embeddings: Embeddings) -> tuple[Face, ...]:
        pixels = np.asarray(picture.image)
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


def align(pixels: Pixels, shapes: Sequence[Any]) -> Chips:
    """Return the aligned pictures of faces with these landmarks (`dlib.full_object_detection`)."""
    chips = [dlib.get_face_chip(pixels, shape, CHIP, _CHIP_PADDING) for shape in shapes]
    return np.stack(chips) if chips else np.empty((0, CHIP, CHIP, 3), np.uint8)


def _shape(face: Face, scale: float) -> Any:
    """Return a face's box and landmarks as dlib has them, in pixels of a picture at this scale."""
    box = face.box
    sides = (round(side * scale) for side in (box.left, box.top, box.right, box.bottom))
    points = [dlib.point(round(x * scale), round(y * scale)) for x, y in face.landmarks]
    return dlib.full_object_detection(dlib.rectangle(*sides), points)


def _in_original(box: Box, picture: Picture) -> Box:
    scale = picture.scale
    return Box(
        left=round(box.left / scale),
        top=round(box.top / scale),
        right=min(round(box.right / scale), picture.width),
        bottom=min(round(box.bottom / scale), picture.height),
    )
