"""The contract of an engine, which finds and encodes the faces in a picture, and its exchangeable parts."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, Protocol, TypeAlias

import dlib
import numpy as np
import numpy.typing as npt
from PIL import Image

from familiar.embedding_models import Model
from familiar.identity.quality import quality
from familiar.model import Box, Embedding, Embeddings, Face
from familiar.vision.decoding.loading import MOST_PIXELS
from familiar.vision.decoding.pictures import Picture, Pixels
from familiar.vision.faces.boxes import Corners
from familiar.vision.faces.chips import ChipLayout, Chips
from familiar.vision.faces.sharpness import sharpness

_SMALL = 0.8
"""Smaller faces, as a share of what fills a chip, are encoded from a larger picture if there is one
(docs/detection.md)."""

_NO_PIXELS = np.empty((0, 0, 3), np.uint8)
"""What is cut from a picture without faces: turning it into an array takes a millisecond for a megapixel."""


class Engine(Protocol):
    """Finds and encodes faces, in a worker process."""

    @property
    def model(self) -> Model:
        """Return what gives the embeddings: only those of the same model can be compared."""

    @property
    def description(self) -> str:
        """Name the engine with the settings of its detector, as stored with each photo."""

    @property
    def devices(self) -> str:
        """Return the device of each network, and the file with the weights."""

    def find(self, pictures: Sequence[Picture]) -> list[tuple[Face, ...]]:
        """Return the faces of each picture from left to right, in pixels of its upright original."""

    def find_at(self, picture: Picture, box: Box) -> Face:
        """Return the face in a box that a person has drawn, in pixels of the upright original, whatever is there.

        Its score is None, and its quality tells whether it is a face.
        """

    def encode(self, pictures: Iterable[tuple[Picture, Sequence[Face]]]) -> "list[Encoded]":
        """Return the embeddings of faces that were found before, for each picture.

        Pictures are taken one after the other, and only their faces are kept in memory.
        """

    def rate(self, face: Face, size: tuple[int, int], length: float) -> float:
        """Return the quality of a face.

        Args:
            face: the face.
            size: width and height of its upright photo.
            length: that of its embedding, as the network gave it.
        """


Device: TypeAlias = Literal["CPU", "GPU"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Detection:
    """A face that was found: a box as dlib's HOG draws it, and how sure of it the detector is.

    `score` goes from 0 to 1; it is None where a detector's own measure has no bounds.
    """

    box: Corners
    score: float | None = None


class Detector(Protocol):
    """Finds faces."""

    @property
    def device(self) -> Device:
        """Return the device that it runs on."""

    def detect(self, images: Sequence[Image.Image]) -> list[list[Detection]]:
        """Return the faces in each RGB image, in pixels of what was given."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Encoded:
    """Embeddings on familiar's scale, shape (n, numbers), and the lengths that the network gave them, shape (n,).

    Of networks that are used by direction alone, a short one tells of a face that is hardly one.
    """

    embeddings: Embeddings
    lengths: npt.NDArray[np.float32]


class Encoder(Protocol):
    """Encodes aligned faces."""

    @property
    def device(self) -> Device:
        """Return the device that it runs on."""

    @property
    def file(self) -> Path:
        """Return the file that its weights are from."""

    @property
    def layout(self) -> ChipLayout:
        """Say how faces are aligned for it."""

    def encode(self, chips: Chips) -> Encoded:
        """Return the embeddings of aligned faces."""


class FaceEngine:
    """An engine of a detector, landmarks and an encoder."""

    def __init__(
        self,
        *,
        model: Model,
        description: str,
        detector: Detector,
        landmarks: Callable[[Pixels, Any], Any],
        encoder: Encoder,
    ) -> None:
        """Take the loaded parts."""
        self.model = model
        self.description = description
        self.devices = (
            f"detection on the {detector.device}, embeddings on the {encoder.device} with the weights of {encoder.file}"
        )
        self._detector = detector
        self._landmarks = landmarks
        self._encoder = encoder
        self._fills = encoder.layout.face

    def find(self, pictures: Sequence[Picture]) -> list[tuple[Face, ...]]:
        """Return the faces of each picture from left to right, in pixels of its upright original.

        They are encoded from full resolution, the faces of all pictures in one batch.
        """
        if not pictures:
            return []
        return self._encoded(pictures, self._detector.detect([picture.image for picture in pictures]))

    def find_at(self, picture: Picture, box: Box) -> Face:
        """Return the face in a box that a person has drawn, in pixels of the upright original, whatever is there.

        Its score is None, and its quality tells whether it is a face.
        """
        sides = (side * picture.scale for side in (box.left, box.top, box.right, box.bottom))
        left, top, right, bottom = sides
        (faces,) = self._encoded([picture], [[Detection(box=(left, top, right, bottom))]])
        return faces[0]

    def _encoded(self, pictures: Sequence[Picture], detected: Sequence[Sequence[Detection]]) -> list[tuple[Face, ...]]:
        """Return the faces of each picture that were detected, with landmarks and embeddings."""
        closer, whole, shapes = [], [], []
        for picture, own in zip(pictures, detected, strict=True):
            least = min((right - left + 1 for left, _, right, _ in (face.box for face in own)), default=None)
            closer.append(self._closer(picture, least))
            whole.append(np.asarray(closer[-1].image) if own else _NO_PIXELS)
            ratio = closer[-1].image.width / picture.image.width
            shapes.append(self._shapes(whole[-1], own, ratio))
        scores = [[face.score for face in own] for own in detected]
        encoded = self._encode(list(map(self._encoder.layout.cut, whole, shapes)))
        return [self._faces(*of_picture) for of_picture in zip(closer, whole, shapes, scores, encoded, strict=True)]

    def _shapes(self, pixels: Pixels, faces: Sequence[Detection], ratio: float) -> list[Any]:
        """Return the landmarks of faces, in pixels of a picture that is so many times as large as what was seen."""
        return [self._landmarks(pixels, rectangle(face.box, ratio)) for face in faces]

    def rate(self, face: Face, size: tuple[int, int], length: float) -> float:
        """Return the quality of a face.

        Args:
            face: the face.
            size: width and height of its upright photo.
            length: that of its embedding, as the network gave it.
        """
        usual = self.model.raw_length
        if usual is None and face.quality is not None:
            return face.quality  # a model whose lengths tell more has rated it
        share = None if usual is None else length / usual
        width, height = size
        return quality(face, width=width, height=height, length=share)

    def encode(self, pictures: Iterable[tuple[Picture, Sequence[Face]]]) -> list[Encoded]:
        """Return the embeddings of faces that were found before, for each picture."""
        return self._encode([self._cut(picture, faces) for picture, faces in pictures])

    def _cut(self, picture: Picture, faces: Sequence[Face]) -> Chips:
        closer = self._closer(picture, min((face.size * picture.scale for face in faces), default=None))
        return self._encoder.layout.cut(np.asarray(closer.image), [_shape(face, closer.scale) for face in faces])

    def _encode(self, chips: Sequence[Chips]) -> list[Encoded]:
        """Return the embeddings of the faces of each picture, which are encoded together."""
        if not chips:
            return []
        ends = np.cumsum([len(own) for own in chips])[:-1]
        found = self._encoder.encode(np.concatenate(chips))
        parts = zip(np.split(found.embeddings, ends), np.split(found.lengths, ends), strict=True)
        return [Encoded(embeddings=embeddings, lengths=lengths) for embeddings, lengths in parts]

    def _closer(self, picture: Picture, least: float | None) -> Picture:
        """Return a picture with enough pixels to encode its smallest face, of `least` pixels here, if there are more.

        `least` is None where there is no face.
        """
        if least is None or least >= _SMALL * self._fills or picture.again is None:
            return picture
        if picture.width * picture.height > MOST_PIXELS:
            return picture
        return picture.again(math.ceil(max(picture.image.size) * self._fills / max(least, 1)))

    def _faces(
        self,
        picture: Picture,
        pixels: Pixels,
        shapes: Sequence[Any],
        scores: Sequence[float | None],
        encoded: Encoded,
    ) -> tuple[Face, ...]:
        faces = [
            self._face(pixels, picture, *of_face)
            for of_face in zip(shapes, scores, encoded.embeddings, encoded.lengths, strict=True)
        ]
        return tuple(sorted(faces, key=lambda face: (face.box.left, face.box.top)))

    def _face(
        self, pixels: Pixels, picture: Picture, shape: Any, score: float | None, embedding: Embedding, length: float
    ) -> Face:
        found = shape.rect
        inside = Box(
            left=max(found.left(), 0),
            top=max(found.top(), 0),
            right=min(found.right(), pixels.shape[1]),
            bottom=min(found.bottom(), pixels.shape[0]),
        )
        box = _in_original(inside, picture)
        face = Face(
            box=box,
            landmarks=tuple((round(p.x / picture.scale), round(p.y / picture.scale)) for p in shape.parts()),
            embedding=embedding,
            size=min(box.width, box.height),
            sharpness=sharpness(pixels, inside),
            score=score,
            engine=self.model.id,
        )
        return replace(face, quality=self.rate(face, (picture.width, picture.height), length))


def rectangle(box: Corners, ratio: float) -> Any:
    """Return a box as a `dlib.rectangle`, in pixels of a picture that is so many times as large."""
    return dlib.rectangle(*(round(side * ratio) for side in box))


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
