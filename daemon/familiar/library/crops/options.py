"""How a data set is made: which faces are taken, and how they are cut out."""

import math
from dataclasses import asdict, dataclass
from typing import Literal, TypeAlias

from familiar.errors import UsageError
from familiar.model import Face
from familiar.vision.faces.alignment import edge_of
from familiar.vision.faces.crops import frame

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
    """The settings of one data set, as `faces.json` has them.

    `margin` is the share of the face's longer side that is added on each side; `size` is the longer side of each crop
    in pixels, or None for the pixels as they are; `quality` is None for a format without loss.
    """

    threshold: float
    faces: Taken
    all_faces: bool = False
    min_size: int = 0
    min_sharpness: float = 0.0
    margin: float = 0.4
    shape: Literal["square", "original"] = "square"
    aligned: bool = False
    size: int | None = None
    enlarge: bool = True
    format: Literal["jpg", "png", "webp"] = "jpg"
    quality: int | None = None

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


def differences(wished: CropOptions, recorded: CropOptions) -> list[str]:
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
