"""Tags as Flickr reads, cleans and keeps them."""

import re
import unicodedata
from dataclasses import dataclass

MOST_TAGS = 75
LONGEST_TAG = 255

_MACHINE = re.compile(r"([a-z][a-z0-9_]*):([a-z][a-z0-9_]*)=(.+)", re.IGNORECASE | re.DOTALL)
_LETTERS = frozenset({"Ll", "Lm", "Lo", "Lt", "Lu", "Mc", "Me", "Mn", "Nd", "Nl", "No"})
_PART = re.compile(r'"([^"]*)"?|(\S+)')


@dataclass(frozen=True, kw_only=True)
class Tag:
    """One tag of one photo; `by_application` if it came through the API and not by the user's own hand."""

    id: str
    author: str
    author_name: str
    raw: str
    clean: str
    by_application: bool = False

    @property
    def is_machine(self) -> bool:
        return is_machine(self.raw)


def split(text: str) -> list[str]:
    """Split what `addTags` gets: at white space, but not between double quotes."""
    parts = (quoted or plain for quoted, plain in _PART.findall(text))
    return [part.strip()[:LONGEST_TAG] for part in parts if part.strip()]


def is_machine(raw: str) -> bool:
    return _MACHINE.fullmatch(raw) is not None


def clean(raw: str, *, drops_symbols: bool = False) -> str:
    """Return the form that tags are compared in: lower case, without white space and the punctuation of ASCII.

    A machine tag keeps its colon and its equals sign. Nobody has recorded what becomes of emoji: they stay here,
    or go with `drops_symbols`.
    """
    kept = _LETTERS if drops_symbols else _LETTERS | {"So"}
    if machine := _MACHINE.fullmatch(raw):
        namespace, predicate, value = machine.groups()
        return f"{namespace.lower()}:{predicate.lower()}={_only(kept, value)}"
    return _only(kept, raw)


def _only(categories: frozenset[str], text: str) -> str:
    return "".join(one for one in text.lower() if unicodedata.category(one) in categories or _is_kept(one))


def _is_kept(character: str) -> bool:
    return not character.isascii() and unicodedata.category(character).startswith("P")
