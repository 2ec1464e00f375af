"""Where photos are that a command is about."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from familiar.errors import UsageError
from familiar.filesystem.presence import Unread
from familiar.store.store import Store


def places_of(store: Store, photo_id: int, unread: Unread, tops: Sequence[Path] = ()) -> Iterator[Path]:
    """Yield the present paths of a photo, only below `tops` if given; without copies and links made by familiar.

    Symbolic links come last, as operations act on the file itself. `unread` collects the folders that can't be looked
    into.
    """
    made = store.journal.made_of(photo_id)
    links = []
    for path in dict.fromkeys(store.sightings.paths_of(photo_id)):
        below = not tops or any(path.is_relative_to(top) for top in tops)
        if not below or path in made or not unread.has_file(path):
            continue
        if os.path.islink(path):
            links.append(path)
        else:
            yield path
    yield from links


def check_apart(target: Path, sources: Sequence[Path]) -> Path:
    """Return a target folder as an absolute path, after checking that it is not a file and not in a source.

    Raises:
        UsageError: it is a file, it is one of the folders that photos are taken from, or it is below one.
    """
    where = Path(os.path.abspath(target))
    if not where.is_dir() and os.path.lexists(where):
        raise UsageError(f"{target} is a file; give a folder.")
    for source in sources:
        if Path(os.path.realpath(where)).is_relative_to(os.path.realpath(source)):
            what = "is the folder" if os.path.realpath(where) == os.path.realpath(source) else f"is in {source},"
            raise UsageError(
                f"{target} {what} that photos are read from; photos put there would be read again. Choose another."
            )
    return where
