"""The options of a data set: the faces to crop, and how to crop them."""

import math
from dataclasses import asdict, dataclass, replace
from typing import Literal, TypeAlias, get_args

from familiar.errors import UsageError
from familiar.library.arguments import check_choice, check_number
from familiar.model import Face
from familiar.vision.faces.alignment import edge_of
from familiar.vision.faces.crops import QUALITY, frame

Taken: TypeAlias = Literal["matched", "within", "every"]
"""Which faces are taken: those that count as the person, all within the threshold, or every face."""

CropFormat: TypeAlias = Literal["jpg", "png", "webp"]

EVERY = 1.0
"""The threshold that takes every face, whatever its distance."""

_LIMITS: dict[str, tuple[float, float]] = {
    "min_size": (0, math.inf),
    "min_sharpness": (0, math.inf),
    "min_quality": (0, 1),
    "margin": (0, 3),
    "size": (8, 10_000),
    "quality": (1, 100),
}
"""The least and the largest value of each option that is a number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CropOptions:
    """How crops are made, as `Library.crop` is requested it.

    `margin` is the share of the face's longer side that is added on each side; `size` is the longer side of each crop
    in pixels, or None to keep the pixels; `quality` is that of the files, None for the default, and for lossless
    formats. `min_quality` is that of faces; data sets that were made before faces had one do not name it.
    """

    all_faces: bool
    min_size: int
    min_sharpness: float
    margin: float
    shape: Literal["square", "original"]
    aligned: bool
    size: int | None
    enlarge: bool
    format: CropFormat
    quality: int | None
    min_quality: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedOptions(CropOptions):
    """The options of one data set, as in `faces.json`."""

    threshold: float
    faces: Taken

    def scale(self, face: Face, photo: tuple[int, int]) -> float:
        """Return the scale of a crop: its pixels for one pixel of the face, in a photo of this width and height.

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
    check_choice("format", options.format, get_args(CropFormat))
    if options.aligned and options.shape == "original":
        raise UsageError("--aligned makes square crops and can't be combined with --original.")
    if options.format == "png":
        if options.quality is not None:
            raise UsageError("--quality applies to jpg and webp only; png is lossless.")
        quality = None
    else:
        quality = QUALITY if options.quality is None else options.quality
    for name, (low, high) in _LIMITS.items():
        check_number(name.replace("_", "-"), getattr(options, name), low, high)
    return replace(options, quality=quality)


def differences(wished: RecordedOptions, recorded: RecordedOptions) -> list[str]:
    """Return the differences of two settings: the option, the recorded and the requested value."""
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
