"""Photos of a list that are put into a folder."""

import os
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

from familiar.api.placement import Action, Collection, put
from familiar.api.session import Session
from familiar.library.concurrency import run_all
from familiar.library.indexing import Indexer
from familiar.library.locations import check_apart
from familiar.library.named_paths import Paths, expanded, with_home
from familiar.library.photo_lists import PhotoList, read_names
from familiar.store.photos import PhotoRow

Listed: TypeAlias = Paths
"""A file with one path a line, or the paths themselves."""


def put_listed(session: Session, photos: Listed, to: Path, action: Action, *, ignore_missing: bool) -> Collection:
    """Put the photos of a list into a folder; see `Library.move`."""
    _ = session.settings  # report invalid paths first
    target = check_apart(to, [])
    session.settle()
    paths = _list_of(photos).existing(ignore_missing=ignore_missing)
    elsewhere = [path for path in paths if path.parent != target]
    session.store(create=True)
    rows = session.run(_identify(session, elsewhere))
    found = put(
        session,
        [(row.id, path) for row, path in zip(rows, elsewhere, strict=True)],
        target,
        action,
        f"familiar {action}",
    )
    return replace(found, already_there=len(paths) - len(elsewhere))


def _list_of(photos: Listed) -> PhotoList:
    if isinstance(photos, str | Path):
        file = expanded(photos)
        return PhotoList(name=str(file), paths=_absolute(read_names(file)))
    return PhotoList(name="the list", paths=_absolute(photos))


def _absolute(names: Iterable[str | Path]) -> tuple[Path, ...]:
    return tuple(Path(os.path.abspath(with_home(name))) for name in names)


async def _identify(session: Session, paths: Sequence[Path]) -> list[PhotoRow]:
    async with session.workers(len(paths)) as workers:
        indexer = Indexer(store=session.store(), workers=workers)
        with session.progress("scanning photos") as count:
            return await run_all(map(indexer.identify, paths), count)
