"""Names of files that are made of other texts: cleaned, shortened to what a file system takes, and numbered (pure).

Bytes of a name that are not UTF-8 are lone surrogates in it, as Python has them (PEP 383).
"""

import re
from pathlib import PurePosixPath

LONGEST = 255
"""Bytes of a name: what file systems take."""

_JOINER = "\u200d"
"""What joins two emoji; at the end of a name it joins nothing."""

_LONGEST_SUFFIX = 10
"""Characters of a suffix; more of them behind a dot are a part of the name."""

_UNSEEN = r"\x00-\x1f\x7f\u2028-\u202e\u2066-\u2069"
"""Control characters, separators of lines, and signs that turn the direction of the text behind them."""

_UNSAFE = re.compile(rf"[/\\{_UNSEEN}]")
"""What would lead into another folder, or can't be seen."""

_NOT_PORTABLE = re.compile(rf'[/\\:*?"<>|{_UNSEEN}]')
"""What can't stand in a name here or on the file systems of memory sticks and network shares."""


def clean_name(text: str, *, portable: bool = False, longest: int | None = None) -> str:
    """Return a text as one component of a path, which is not hidden and not empty.

    Each character that can't stand in a name becomes `_`, and so does each dot at the beginning. Spaces at both ends
    and dots at the end are left out.

    Args:
        text: any text.
        portable: return a name that is the same on all file systems: bytes that are not UTF-8 become U+FFFD, and dots
            and spaces at the end, which Windows leaves out, become `_`.
        longest: how many bytes the name may have; it is cut between two characters.
    """
    if portable:
        text = _encoded(text).decode(errors="replace")
    cleaned = (_NOT_PORTABLE if portable else _UNSAFE).sub("_", text).strip()
    if not portable:
        cleaned = cleaned.rstrip(".")
    bare = cleaned.lstrip(".")
    name = "_" * (len(cleaned) - len(bare)) + bare
    if longest is not None:
        name = _cut(name, longest).strip()
    if portable:
        stem = name.rstrip(". ")
        name = stem + "_" * (len(name) - len(stem))
    return name or "_"


def shorten_name(name: str, *, longest: int = LONGEST) -> str:
    """Return a name shortened to this many bytes, with its suffix."""
    if len(_encoded(name)) <= longest:
        return name
    stem, dot, suffix = name.rpartition(".")
    if not stem or len(suffix) > _LONGEST_SUFFIX:
        stem, dot, suffix = name, "", ""
    end = dot + suffix
    return _cut(stem, longest - len(_encoded(end))).rstrip() + end


def number_name(name: str, number: int, *, longest: int = LONGEST) -> str:
    """Return a name with a number before its suffix, `face-000123 (2).jpg`, shortened to this many bytes."""
    path = PurePosixPath(name)
    end = f" ({number}){path.suffix}"
    return _cut(path.stem, longest - len(_encoded(end))) + end


def _cut(text: str, longest: int) -> str:
    """Return the beginning of a text within this many bytes, without partial characters."""
    size = 0
    for place, character in enumerate(text):
        size += len(_encoded(character))
        if size > longest:
            return text[:place].rstrip(_JOINER)
    return text


def size_of(name: str) -> int:
    """Return how many bytes a name has."""
    return len(_encoded(name))


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
