"""The fields of a form: what a companion has of the name of its photo (pure)."""

import re
from collections.abc import Callable
from typing import Protocol, TypeAlias

from familiar.companions.names import alike, stem, suffix
from familiar.companions.takeout import Takeout
from familiar.path_patterns import composed

Renaming: TypeAlias = Callable[[str], str]
"""Gives the same part for another name of the photo."""

_NUMBERED = re.compile(r"(.*?)(\d{4,})", re.DOTALL)
_VERSION = re.compile(r"_[0-9]{2}")
_GOPRO = re.compile(r"g[xh](\d{6})", re.IGNORECASE)


class Field(Protocol):
    """One way to make a name of that of a photo."""

    def begin(self, photo: str) -> str:
        """Return how all parts begin that are made of the name of a photo."""

    def fit(self, text: str, photo: str) -> Renaming | None:
        """Return how the part follows the name of the photo, or None if it is not made of that name.

        Args:
            text: a part of a companion's name.
            photo: the name of a photo, with its suffix.
        """


class Name:
    """The whole name: `IMG_1234.HEIC`."""

    def begin(self, photo: str) -> str:
        """Return how the part begins."""
        return photo

    def fit(self, text: str, photo: str) -> Renaming | None:
        """Return how the part follows the name of the photo."""
        return str if alike(text, photo) else None


class Stem:
    """The name without its suffix: `IMG_1234`."""

    def begin(self, photo: str) -> str:
        """Return how the part begins."""
        return stem(photo)

    def fit(self, text: str, photo: str) -> Renaming | None:
        """Return how the part follows the name of the photo."""
        return stem if alike(text, stem(photo)) else None


class Apple:
    """The name of Apple's second file of edits, with an O before its number: `IMG_O1234`; otherwise `NAME_O`."""

    def begin(self, photo: str) -> str:
        """Return how the part begins."""
        return _lettered(photo)

    def fit(self, text: str, photo: str) -> Renaming | None:
        """Return how the part follows the name of the photo."""
        return _lettered if alike(text, _lettered(photo)) else None


class GoPro:
    """The name of a preview: `GL010123` of the video `GX010123` or `GH010123`; otherwise as `Stem`."""

    def begin(self, photo: str) -> str:
        """Return how the part begins."""
        return _preview(photo)

    def fit(self, text: str, photo: str) -> Renaming | None:
        """Return how the part follows the name of the photo."""
        return _preview if alike(text, _preview(photo)) else None


class Version:
    """The name of one of darktable's versions of a photo: `IMG_1234_01.NEF`."""

    def begin(self, photo: str) -> str:
        """Return how the part begins."""
        return f"{stem(photo)}_"

    def fit(self, text: str, photo: str) -> Renaming | None:
        """Return how the part follows the name of the photo."""
        number = composed(text)[len(composed(stem(photo))) :][: len("_01")]
        if not _VERSION.fullmatch(number) or not alike(text, stem(photo) + number + suffix(photo)):
            return None
        return lambda name: stem(name) + number + suffix(name)


FIELDS: dict[str, Field] = {
    "{name}": Name(),
    "{stem}": Stem(),
    "{takeout}": Takeout(),
    "{apple}": Apple(),
    "{gopro}": GoPro(),
    "{version}": Version(),
}
"""All fields, as they are written at the beginning of a form."""


def _lettered(photo: str) -> str:
    found = _NUMBERED.fullmatch(stem(photo))
    return f"{found[1]}O{found[2]}" if found else f"{stem(photo)}_O"


def _preview(photo: str) -> str:
    found = _GOPRO.fullmatch(stem(photo))
    return f"GL{found[1]}" if found else stem(photo)
