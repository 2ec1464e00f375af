"""Tags as Flickr reads, cleans and keeps them."""

import re
import unicodedata
from dataclasses import dataclass

MOST_TAGS = 75
LONGEST_TAG = 255

_MACHINE = re.compile(r"([a-z][a-z0-9_]*):([a-z][a-z0-9_]*)=(.+)", re.IGNORECASE | re.DOTALL)
_PART = re.compile(r'"([^"]*)"?|(\S+)')


@dataclass(frozen=True, kw_only=True)
class Tag:
    """One tag of one photo; `by_application` if it came through the API and not by the user's own hand."""

    id: str
    author: str
    author_name: str
    raw: str
    by_application: bool = False

    @property
    def clean(self) -> str:
        return clean(self.raw)

    @property
    def is_machine(self) -> bool:
        return is_machine(self.raw)


def split(text: str) -> list[str]:
    """Split what `addTags` gets: at white space, but not between double quotes."""
    parts = (quoted or plain for quoted, plain in _PART.findall(text))
    return [part.strip()[:LONGEST_TAG] for part in parts if part.strip()]


def is_machine(raw: str) -> bool:
    return _MACHINE.fullmatch(raw) is not None


def clean(raw: str) -> str:
    """Return the form that tags are compared in: lower case, without white space and punctuation.

    A machine tag keeps its colon and its equals sign.
    """
    if machine := _MACHINE.fullmatch(raw):
        namespace, predicate, value = machine.groups()
        return f"{namespace.lower()}:{predicate.lower()}={_letters(value)}"
    return _letters(raw)


def _letters(text: str) -> str:
    return "".join(character for character in text.lower() if _stays(character))


def _stays(character: str) -> bool:
    category = unicodedata.category(character)
    return category[0] in "LNM" or category == "So"
