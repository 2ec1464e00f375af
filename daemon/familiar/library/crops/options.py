"""How a data set is made: which faces are taken, and how they are cut out."""

import math
from dataclasses import asdict, dataclass, replace
from typing import Literal, TypeAlias

from familiar.errors import UsageError
from familiar.model import Face
from familiar.vision.faces.alignment import edge_of
from familiar.vision.faces.crops import QUALITY, frame

Taken: TypeAlias = Literal["matched", "within", "every"]
"""Which faces are taken: those that count as the person, all within the threshold, or every face."""

EVERY = 1.0
"""The threshold that takes every face, whatever its distance."""

LIMITS: dict[str, tuple[float, float | None]] = {
    "threshold": (0, 1),
    "min_size": (0, None),
    "min_sharpness": (0, None),
    "margin": (0, 3),
    "size": (8, 10_000),
    "quality": (1, 100),
}
"""The least and the largest value of each option that is a number; None: there is no largest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CropOptions:
    """How crops are made, as `Library.crop` is asked for it.

    `margin` is the share of the face's longer side that is added on each side; `size` is the longer side of each crop
    in pixels, or None for the pixels as they are; `quality` is None for the usual one, and for a format without loss.
    """

    all_faces: bool
    min_size: int
    min_sharpness: float
    margin: float
    shape: Literal["square", "original"]
    aligned: bool
    size: int | None
    enlarge: bool
    format: Literal["jpg", "png", "webp"]
    quality: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedOptions(CropOptions):
    """How the crops of one data set are made, and which faces are taken, as `faces.json` has it."""

    threshold: float
    faces: Taken

    def scale(self, face: Face, photo: tuple[int, int]) -> float:
        """Return how many pixels of its crop stand for one pixel of a face, in a photo of this width and height.

        Raises:
            SetAsideError: the face can't be aligned.
        """
        if self.aligned:
            edge = edge_of(face.landmarks, self.margin)
            return 1.0 if self.size is None else self.size / max(edge, 1.0)
        if self.size is None:
            return 1.0
        area = frame(face.box, self.margin, photo, square=self.shape == "square")
        return self.size / max(area.width, area.height)


def checked_options(options: CropOptions) -> CropOptions:
    """Return options with the quality that is used.

    Raises:
        UsageError: two do not go together, or a number is out of its limits.
    """
    if options.aligned and options.shape == "original":
        raise UsageError("--aligned makes squares: leave out --original.")
    if options.format == "png":
        if options.quality is not None:
            raise UsageError("--quality is for jpg and webp: png keeps all pixels as they are.")
        quality = None
    else:
        quality = QUALITY if options.quality is None else options.quality
    numbers = {name: getattr(options, name) for name in LIMITS.keys() - {"threshold"}}
    check_limits(**numbers)
    return replace(options, quality=quality)


def check_limits(**options: float | None) -> None:
    """Check that options lie within their limits; None is always allowed.

    Raises:
        UsageError: one does not.
    """
    for name, value in options.items():
        low, high = LIMITS[name]
        if value is not None and not low <= value <= (math.inf if high is None else high):
            limits = f"at least {low:g}" if high is None else f"from {low:g} to {high:g}"
            raise UsageError(f"The option {name.replace('_', '-')} is {value:g}; it must be {limits}.")
    if options.get("threshold") == 0:
        raise UsageError("The option threshold is 0; it must be above 0.")


def differences(wished: RecordedOptions, recorded: RecordedOptions) -> list[str]:
    """Return in what two settings differ: the option, what was recorded, and what is wished for."""
    own, other = asdict(wished), asdict(recorded)
    return [
        f"{name.replace('_', '-')} was {_shown(other[name])}, not {_shown(own[name])}"
        for name in own
        if own[name] != other[name]
    ]


def _shown(value: object) -> str:
    match value:
        case None:
            return "not given"
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:g}"
        case _:
            return str(value)
