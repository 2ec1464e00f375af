"""Forms of names: how the name of a companion is made of the name of its photo (pure)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from familiar.companions.fields import FIELDS
from familiar.companions.names import alike, key, stem, suffix
from familiar.media import PHOTOS, RAWS, VIDEOS, is_photo, is_raw
from familiar.path_patterns import composed

_MEDIA = tuple(pattern.removeprefix("*") for pattern in (*PHOTOS, *RAWS, *VIDEOS))


@dataclass(frozen=True, slots=True)
class Form:
    """One form of names: a field, and what follows it, as in `{stem}.aae`. Upper and lower case are alike."""

    text: str

    @property
    def field(self) -> str:
        """The field at the beginning."""
        return self.text[: self.text.index("}") + 1]

    @property
    def tail(self) -> str:
        """What follows the field."""
        return self.text.removeprefix(self.field)

    @property
    def is_of_media(self) -> bool:
        """Whether the names are those of photos or videos, as of a RAW file that goes along with a picture."""
        return self.tail.lower().endswith(_MEDIA)

    def renamed(self, name: str, photo: str, to: str) -> str | None:
        """Return the name of a companion when its photo is called `to`; None if it does not belong to `photo`."""
        length = len(self.tail)
        begin, tail = name[:-length], name[-length:]
        if not begin or not alike(tail, self.tail):
            return None
        renaming = FIELDS[self.field].fit(begin, photo)
        if renaming is None:
            return None
        return name if composed(to) == composed(photo) else renaming(to) + tail

    def begin(self, photo: str) -> str:
        """Return how the names of companions of a photo begin, as `key` has it."""
        return key(FIELDS[self.field].begin(photo))

    def owners(self, name: str, among: Iterable[str]) -> frozenset[str]:
        """Return the photos to which a companion belongs by its name; to videos, if there are only videos."""
        whole, begin = key(name), FIELDS[self.field].begin
        likely = (one for one in among if whole.startswith(key(begin(one))) and one.lower().endswith(_MEDIA))
        fitting = {one for one in likely if one != name and self.renamed(name, one, one) is not None}
        photos = {one for one in fitting if is_photo(Path(one))}
        return frozenset(photos or fitting)


WHOLE_SIDECAR = Form("{name}.xmp")
"""The sidecar of digiKam, darktable and immich."""

SHORT_SIDECAR = Form("{stem}.xmp")
"""The sidecar of Lightroom."""

VERSION_SIDECAR = Form("{version}.xmp")
"""The sidecar of another version of a photo in darktable, which may also be that of another photo."""

SIDECARS = (WHOLE_SIDECAR, SHORT_SIDECAR, VERSION_SIDECAR)
"""The forms of sidecars."""


def owns(form: Form, name: str, photo: str, among: Sequence[str]) -> bool:
    """Return whether a companion that fits a photo by its name belongs to it.

    What may belong to a photo does not belong to a video. Of several photos, `photo.xmp` belongs to the RAW file.
    """
    if form == SHORT_SIDECAR:
        namesakes = (one for one in among if one.lower().endswith(_MEDIA) and alike(stem(one), stem(photo)))
        return all(_rank(photo) < _rank(other) for other in namesakes if other != photo)
    if form == VERSION_SIDECAR and WHOLE_SIDECAR.owners(name, among):
        return False
    return is_photo(Path(photo)) or photo in form.owners(name, among)


def is_pair(one: str, other: str) -> bool:
    """Return whether two are a RAW file and a picture of the same name."""
    paths = Path(one), Path(other)
    return alike(stem(one), stem(other)) and all(map(is_photo, paths)) and is_raw(paths[0]) != is_raw(paths[1])


def pair_form(name: str) -> Form:
    """Return the form of the name of a RAW file or picture that goes along with another one of its name."""
    return Form("{stem}" + suffix(name))


def _rank(name: str) -> int:
    return 0 if is_raw(Path(name)) else 1 if is_photo(Path(name)) else 2
