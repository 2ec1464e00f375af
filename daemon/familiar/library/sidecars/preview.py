"""What a sidecar of each photo would become, found out before anything is written."""

import asyncio
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from familiar.effects.exchange import check_over
from familiar.errors import FamiliarError
from familiar.filesystem.folders import Entry, Folder
from familiar.filesystem.presence import Unread
from familiar.library.concurrency import run_all
from familiar.library.progress import Count
from familiar.library.sidecars.writer import places_of, plan_sidecar
from familiar.model import Plan, SidecarContent
from familiar.store.sidecars import PhotoSidecar
from familiar.store.store import Store
from familiar.vision.workers.pool import Workers

PhotoPaths: TypeAlias = Mapping[int, Sequence[Path]]
"""Photos by id, each with the paths in question."""

Change: TypeAlias = Literal["new", "changed", "unchanged", "failed"]

_PORTION = 500

_Place: TypeAlias = tuple[PhotoSidecar, Path, Path]
"""What is to be said of a photo, its path, and its sidecar."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SidecarPreview:
    """A sidecar of a photo at a path, and what becomes of it; `reason` says why it can't be written."""

    photo: PhotoSidecar
    path: Path
    sidecar: Path
    change: Change
    reason: str | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The people that it names."""
        return self.photo.sidecar_content.names

    @property
    def title(self) -> str | None:
        """The title on Flickr, if it has one."""
        caption = self.photo.sidecar_content.caption
        return None if caption is None else caption.title or None


def sidecar_places(store: Store, photos: PhotoPaths, unread: Unread, *, captions: bool) -> list[_Place]:
    """Return each place of each photo that has something to say, or had, with its sidecar.

    With `captions`, it says what the owner says on Flickr. `unread` gets the folders that can't be looked into.
    """
    return list(_places(store, photos, unread, captions=captions))


async def preview_sidecars(
    store: Store, workers: Workers, places: Iterable[_Place], count: Count
) -> list[SidecarPreview]:
    """Return what becomes of the sidecars of photos, in their order."""
    limit = asyncio.Semaphore(workers.slots)

    async def preview(photo: PhotoSidecar, path: Path, sidecar: Path) -> SidecarPreview:
        async with limit:
            return await _preview(workers, photo, path, sidecar, store.sidecars.wrote(sidecar))

    return await run_all((preview(*place) for place in places), count)


def sidecar_plans(store: Store, changes: Iterable[SidecarPreview]) -> Iterator[tuple[int, Path, Plan]]:
    """Record what sidecars are to say, and give the plans for that, each with its photo."""
    for one in changes:
        yield one.photo.photo_id, one.path, plan_sidecar(store, one.photo, one.sidecar)


def _places(store: Store, photos: PhotoPaths, unread: Unread, *, captions: bool) -> Iterator[_Place]:
    named = [photo for photo in store.sidecars.named(captions=captions) if photo in photos]
    for start in range(0, len(named), _PORTION):
        for photo in store.sidecars.sidecar_contents(named[start : start + _PORTION], captions=captions):
            yield from ((photo, *place) for place in places_of(store, photos[photo.photo_id], unread.has_file))


async def _preview(
    workers: Workers, photo: PhotoSidecar, path: Path, sidecar: Path, former: SidecarContent
) -> SidecarPreview:
    try:
        made = await workers.render_sidecar(path, sidecar, photo.sidecar_content, former)
        if made.before != made.after:
            _check_over(sidecar)
    except FamiliarError as error:
        return SidecarPreview(photo=photo, path=path, sidecar=sidecar, change="failed", reason=str(error))
    change: Change = "new" if made.before is None else "changed"
    if made.before == made.after:
        change = "unchanged"
    return SidecarPreview(photo=photo, path=path, sidecar=sidecar, change=change)


def _check_over(sidecar: Path) -> None:
    with Folder.open(Path(os.path.realpath(sidecar.parent)), shown=sidecar.parent) as folder:
        check_over(Entry(folder, sidecar.name))
