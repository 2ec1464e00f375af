"""The contract of an engine, what finds and encodes the faces in a picture; and its parts, which can be exchanged."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeAlias

import dlib
import numpy as np
from PIL import Image

from familiar.model import Box, Embedding, Embeddings, Face
from familiar.vision.decoding.pictures import Picture, Pixels
from familiar.vision.faces.sharpness import sharpness

Chips: TypeAlias = Pixels
"""Aligned faces, shape (n, CHIP, CHIP, 3), RGB."""

CHIP = 150
"""Edge of the aligned picture of a face that is encoded, in pixels."""

_CHIP_PADDING = 0.25
"""What dlib leaves around a face before it is encoded, as a share of the chip (`face_recognition.cpp`)."""

_FACE = CHIP / (1 + 2 * _CHIP_PADDING)
"""Edge of a face that fills its chip without being enlarged, in pixels."""

_SMALL = 60
"""Smaller faces, in pixels, are encoded from a larger picture if there is one: of 50 pixels an embedding lies 0.18 off,
of twice as many 0.07 (docs/detection.md)."""

_MOST_PIXELS = 50_000_000
"""Larger pictures are not decoded at full size for their small faces: it takes too much memory."""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Detection:
    """A face that was found: its box as a `dlib.rectangle`, and how sure of it the detector is.

    `score` goes from 0 to 1; it is None where a detector's own measure has no bounds.
    """

    box: Any
    score: float | None = None


class Detector(Protocol):
    """Finds faces."""

    @property
    def device(self) -> Device:
        """Say where it runs."""

    def detect(self, images: Sequence[Image.Image]) -> list[list[Detection]]:
        """Return the faces in each RGB image, in pixels of what was given."""


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
    ) -> None:
        """Take the parts, loaded."""
        self.id = id
        self.description = description
        self.devices = f"detection on the {detector.device}, embeddings on the {encoder.device}"
        self._detector = detector
        self._landmarks = landmarks
        self._encoder = encoder

    def find(self, pictures: Sequence[Picture]) -> list[tuple[Face, ...]]:
        """Return the faces of each picture from left to right, in pixels of its upright original.

        They are encoded from all the pixels that were decoded, those of all pictures together.
        """
        if not pictures:
            return []
        detected = self._detector.detect([picture.image for picture in pictures])
        closer, whole, shapes = [], [], []
        for picture, own in zip(pictures, detected, strict=True):
            least = min((detection.box.width() for detection in own), default=_SMALL)
            closer.append(_closer(picture, least))
            whole.append(np.asarray(closer[-1].image))
            ratio = closer[-1].image.width / picture.image.width
            shapes.append([self._landmarks(whole[-1], scaled(detection.box, ratio)) for detection in own])
        scores = [[detection.score for detection in own] for own in detected]
        return list(map(self._faces, closer, whole, shapes, scores, self._encode(whole, shapes)))

    def encode(self, pictures: Sequence[tuple[Picture, Sequence[Face]]]) -> list[Embeddings]:
        """Return the embeddings of faces that were found before, for each picture an array of shape (n, 128)."""
        whole, shapes = [], []
        for picture, faces in pictures:
            closer = _closer(picture, min((face.size * picture.scale for face in faces), default=_SMALL))
            whole.append(np.asarray(closer.image))
            shapes.append([_shape(face, closer.scale) for face in faces])
        return self._encode(whole, shapes)

    def _encode(self, whole: Sequence[Pixels], shapes: Sequence[Sequence[Any]]) -> list[Embeddings]:
        chips = list(map(align, whole, shapes))
        ends = np.cumsum([len(own) for own in chips])
        return np.split(self._encoder.encode(np.concatenate(chips)), ends[:-1])

    def _faces(
        self,
        picture: Picture,
        pixels: Pixels,
        shapes: Sequence[Any],
        scores: Sequence[float | None],
        embeddings: Embeddings,
    ) -> tuple[Face, ...]:
        faces = [
            self._face(pixels, picture, shape, score, embedding)
            for shape, score, embedding in zip(shapes, scores, embeddings, strict=True)
        ]
        return tuple(sorted(faces, key=lambda face: (face.box.left, face.box.top)))

    def _face(self, pixels: Pixels, picture: Picture, shape: Any, score: float | None, embedding: Embedding) -> Face:
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
            score=score,
            engine=self.id,
        )


def scaled(rectangle: Any, ratio: float) -> Any:
    """Return a `dlib.rectangle` in pixels of a picture that is so many times as large."""
    if ratio == 1:
        return rectangle
    sides = (rectangle.left(), rectangle.top(), rectangle.right(), rectangle.bottom())
    return dlib.rectangle(*(round(side * ratio) for side in sides))


def _closer(picture: Picture, least: float) -> Picture:
    """Return a picture with enough pixels to encode its smallest face, of `least` pixels here, if there are more."""
    if least >= _SMALL or picture.again is None or picture.width * picture.height > _MOST_PIXELS:
        return picture
    return picture.again(math.ceil(max(picture.image.size) * _FACE / max(least, 1)))


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
