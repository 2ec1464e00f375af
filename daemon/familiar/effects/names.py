"""Names for what is put into a folder: the wished one, or if that is taken the first with a number that is free."""

import stat
from collections.abc import Callable

from familiar.file_names import number_name
from familiar.filesystem.files import Pulse, has_content
from familiar.filesystem.folders import Entry


def free_name(wish: Entry, is_there: Callable[[Entry], bool]) -> tuple[Entry, bool]:
    """Return the first free name, with a number if needed; and whether the content already has the wished name.

    What `is_there` finds under the wish or one of its numbers is found before a free name is.
    """
    number = 1
    while True:
        candidate = wish if number == 1 else numbered(wish, number)
        if not candidate.exists:
            return candidate, False
        if is_there(candidate):
            return candidate, True
        number += 1


def unused_name(wish: Entry) -> Entry:
    """Return the first name that nothing has: the wish, or the wish with a number."""
    return free_name(wish, lambda _: False)[0]


def is_copy(entry: Entry, hash_: str, size: int, pulse: Pulse) -> bool:
    """Return whether a regular file, and no link to one, has a content of this size and SHA-256."""
    found = entry.look()
    if found is None or not stat.S_ISREG(found.st_mode) or found.st_size != size:
        return False
    return has_content(entry, hash_, pulse)


def numbered(wish: Entry, number: int) -> Entry:
    """Return the wish with a number, shortened to what a file name may have."""
    return wish.with_name(number_name(wish.name, number))
