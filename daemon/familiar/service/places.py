"""Where photos lie that a command is about."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from familiar.errors import UsageError
from familiar.store.store import Store


def places_of(store: Store, photo_id: int, tops: Sequence[Path] = ()) -> Iterator[Path]:
    """Give where a photo lies now, in and below `tops` if there are any; no copy or link that familiar made of it."""
    made = store.journal.made_of(photo_id)
    for path in dict.fromkeys(store.sightings.paths_of(photo_id)):
        below = not tops or any(path.is_relative_to(top) for top in tops)
        if below and path not in made and path.is_file():
            yield path


def check_apart(target: Path, sources: Sequence[Path]) -> Path:
    """Return a target folder as an absolute path, after checking that it is none, and lies apart from the sources.

    Raises:
        UsageError: it is a file, it is one of the folders that photos are taken from, or it lies below one.
    """
    where = Path(os.path.abspath(target))
    if not where.is_dir() and os.path.lexists(where):
        raise UsageError(f"{target}: is a file; name a folder.")
    for source in sources:
        if Path(os.path.realpath(where)).is_relative_to(os.path.realpath(source)):
            what = "is the folder" if os.path.realpath(where) == os.path.realpath(source) else f"lies in {source},"
            raise UsageError(
                f"{target}: {what} that photos are taken from; what is put there would be taken again. Name another."
            )
    return where
