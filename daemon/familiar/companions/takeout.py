"""Names of the JSON files that Google Takeout puts beside photos (pure).

Takeout names the metadata of `IMG.jpg` `IMG.jpg.json`, or `IMG.jpg.supplemental-metadata.json` since 2024. It cuts
what comes before `.json` after 46 characters, in the middle of `supplemental-metadata` or of the name. The number of a
second photo of the same name is at the end: `IMG.jpg(1).json`, or `IMG.jpg.supplemental-metadata(1).json`, belongs to
`IMG(1).jpg`. A photo that was edited in Google Photos, `IMG-edited.jpg`, has none of its own, but that of `IMG.jpg`.
Where the title of a photo has no suffix, it is missing: `IMG.supplemental-metadata.json`.
"""

import re
from collections.abc import Callable, Iterator

from familiar.companions.names import key, stem, suffix
from familiar.path_patterns import composed

_LONGEST = 46
"""Characters before `.json`."""

_SUPPLEMENTAL = ".supplemental-metadata"

_NUMBER = re.compile(r"\(\d+\)\Z")

_EDITED = (
    "-edited", "-bearbeitet", "-bewerkt", "-edytowane", "-editado", "-editat", "-ha editado", "-modificato",
    "-modifié", "-muokattu", "-redigerad", "-redigeret", "-redigert", "-upravené",
    "-編集済み", "-编辑", "-已编辑", "-已編輯", "-편집됨",
)  # fmt: skip
"""What Takeout appends to the name of an edited photo, in the language of the account."""


class Takeout:
    """What comes before `.json` in the name of a photo's metadata."""

    def begin(self, photo: str) -> str:
        """Return how the part begins."""
        short = _without_number(stem(photo))
        return (_unedited(short) or short)[:_LONGEST]

    def fit(self, text: str, photo: str) -> Callable[[str], str] | None:
        """Return how the part follows the name of the photo, or None if it does not belong to it.

        Another name gets the whole form, as it may be as long as it is, and its numbers mean something else.
        """
        tails = (_tail(text, name, number) for name, number in _originals(photo))
        tail = next((tail for tail in tails if tail is not None), None)
        if tail is None:
            return None
        full = _SUPPLEMENTAL if tail else ""
        return lambda name: original(name) + full


def original(photo: str) -> str:
    """Return the name of the photo of which this one is an edited version, or its own name."""
    plain = _unedited(stem(photo))
    return photo if plain is None else plain + suffix(photo)


def _originals(photo: str) -> Iterator[tuple[str, str]]:
    """Yield the names that Takeout may have for a photo in its JSON, each with the number at the end there."""
    whole = stem(photo)
    short = _without_number(whole)
    number = whole.removeprefix(short)
    for name, end in ((whole, ""), (short, number), (whole, number)):
        for plain in dict.fromkeys((name, _unedited(name) or name)):
            yield plain + suffix(photo), end
            yield plain, end


def _without_number(name: str) -> str:
    return (_NUMBER.sub("", name) or name) if name.endswith(")") else name


def _tail(text: str, name: str, number: str) -> str | None:
    """Return what is left of `supplemental-metadata` behind a name, or None if the text is not made of that name."""
    text, name = key(text), key(name)
    if number and not text.endswith(number):
        return None
    text = text.removesuffix(number) if number else text
    length = len(_common(text, name))
    if length == len(name) or length >= _LONGEST:
        tail = text[length:]
        return tail if _SUPPLEMENTAL.startswith(tail) else None
    return None


def _common(one: str, other: str) -> str:
    length = next((place for place, (mine, theirs) in enumerate(zip(one, other, strict=False)) if mine != theirs), None)
    return one[: min(len(one), len(other)) if length is None else length]


def _unedited(name: str) -> str | None:
    """Return the stem of the original of an edited photo; None if it is none. Long names are cut here, too."""
    begin, dash, word = composed(name).rpartition("-")
    if not begin:
        return None
    word = (dash + word).casefold()
    is_cut = len(name) > _LONGEST and any(known.startswith(word) for known in _EDITED)
    return begin if is_cut or word in _EDITED else None
