"""Where the sidecars of a photo are: `photo.jpg.xmp`, as most programs have it, or `photo.xmp`, as Lightroom has it."""

import os
from pathlib import Path

from familiar.media import PHOTOS, RAWS, VIDEOS, is_photo, is_raw

_SUFFIXES = (".xmp", ".XMP")
_OTHERS = tuple(pattern.removeprefix("*") for pattern in (*RAWS, *PHOTOS, *VIDEOS))


def is_sidecar(path: Path) -> bool:
    """Return whether a file is a sidecar by its name."""
    return path.suffix.lower() == _SUFFIXES[0]


def new_sidecar(photo: Path) -> Path:
    """Return where a new sidecar of a photo is to be."""
    return photo.with_name(photo.name + _SUFFIXES[0])


def sidecars_of(photo: Path) -> list[Path]:
    """Return the sidecars that are next to a photo, the one that counts first.

    One without the photo's suffix belongs to it only if it is sure whose it is.
    """
    whole = (photo.with_name(photo.name + suffix) for suffix in _SUFFIXES)
    short = (photo.with_suffix(suffix) for suffix in _SUFFIXES if photo.suffix)
    return [*filter(os.path.lexists, whole), *(one for one in short if os.path.lexists(one) and _owns_short(photo))]


def photos_of(sidecar: Path) -> list[Path]:
    """Return the photos that a sidecar may belong to, by its name."""
    whole = sidecar.with_suffix("")
    if whole.suffix.lower() in _OTHERS and os.path.lexists(whole):
        return [whole]
    return [path for path in (whole, *_namesakes(whole)) if os.path.lexists(path) and sidecar in sidecars_of(path)]


def _owns_short(photo: Path) -> bool:
    """Return whether `photo.xmp` belongs to this file: of several, to the RAW file first, then to the photo."""
    others = [other for other in _namesakes(photo.with_suffix("")) if _is_another(other, photo)]
    return os.path.exists(photo) and all(_rank(photo) < _rank(other) for other in others)


def _is_another(other: Path, photo: Path) -> bool:
    """Return whether a name is that of a file, and not the photo's in other letters; either may just go away."""
    try:
        return not os.path.samefile(other, photo)
    except OSError:
        return os.path.exists(other)


def _namesakes(stem: Path) -> list[Path]:
    return [stem.with_name(stem.name + spelt) for suffix in _OTHERS for spelt in (suffix, suffix.upper())]


def _rank(path: Path) -> int:
    return 0 if is_raw(path) else 1 if is_photo(path) else 2
