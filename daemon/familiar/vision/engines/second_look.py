"""A second look for close-ups: a face that fills a picture has nothing around it, and detectors miss some of those."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeAlias

from PIL import Image, ImageOps

from familiar.vision.engines.engine import Detection, Detector
from familiar.vision.faces.boxes import Corners

Detect: TypeAlias = Callable[[Sequence[Image.Image]], list[list[Detection]]]
"""Returns the faces in each image, in its pixels."""

_MARGIN = 0.2
"""What is added on each side of a picture, as a share of it."""

_LONGEST = 224
"""Longer side in pixels, without the margin: what is looked for is large, and in most pictures there is nothing."""

_GREY = (128, 128, 128)


class SecondLookDetector:
    """Lets another detector look again at images in which it found nobody, with a margin around them."""

    def __init__(self, detector: Detector) -> None:
        """Take the detector."""
        self._detector = detector
        self.device = detector.device

    def detect(self, images: Sequence[Image.Image]) -> list[list[Detection]]:
        """Return the faces in each image."""
        return detect_twice(self._detector.detect, images)


def detect_twice(detect: Detect, images: Sequence[Image.Image]) -> list[list[Detection]]:
    """Return the faces in each image; where there are none, those in the image with a margin around it."""
    found = detect(images)
    missed = [number for number, faces in enumerate(found) if not faces]
    framed = [_framed(images[number]) for number in missed]
    for number, frame, faces in zip(missed, framed, detect(framed) if framed else [], strict=True):
        found[number] = [replace(face, box=_unframed(face.box, frame.size, images[number].size)) for face in faces]
    return found


def _framed(image: Image.Image) -> Image.Image:
    factor = min(1.0, _LONGEST / max(image.size))
    width, height = (max(1, round(side * factor)) for side in image.size)
    small = image.resize((width, height), Image.Resampling.BOX)
    return ImageOps.expand(small, (round(_MARGIN * width), round(_MARGIN * height)), fill=_GREY)


def _unframed(box: Corners, framed: tuple[int, int], size: tuple[int, int]) -> Corners:
    """Return a box in a framed image of this size in pixels of the image itself, which has the other size."""
    across, down = (whole * (1 + 2 * _MARGIN) / length for whole, length in zip(size, framed, strict=True))
    aside, above = (_MARGIN * whole for whole in size)
    return box[0] * across - aside, box[1] * down - above, box[2] * across - aside, box[3] * down - above
