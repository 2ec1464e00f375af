"""Names of folders for people: valid on all file systems, and unique for each person."""

from collections.abc import Sequence

from familiar.file_names import LONGEST, clean_name
from familiar.names import name_key

_ROOM = 25
"""Bytes that are left for a number."""


def folder_name(person: str) -> str:
    """Return a person's name as a folder name that is valid on all file systems and not hidden."""
    return clean_name(person, portable=True, longest=LONGEST - _ROOM)


def folder_names(people: Sequence[str], *, taken: Sequence[str]) -> dict[str, str]:
    """Return a folder for each person, each another one; one that is taken or given already gets a number."""
    used = {name_key(name) for name in taken}
    names = {}
    for person in people:
        wish = name = folder_name(person)
        number = 1
        while name_key(name) in used:
            number += 1
            name = f"{wish} ({number})"
        used.add(name_key(name))
        names[person] = name
    return names
