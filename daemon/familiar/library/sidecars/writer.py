"""Keep the sidecars true to what is known: new photos, and all photos of people who have changed, a few at a time."""

import os
from collections.abc import Callable, Iterable
from pathlib import Path

from familiar.effects.kinds.write_sidecar import WriteSidecar
from familiar.filesystem.presence import has_file
from familiar.library.operations import OperationRunner
from familiar.library.sources import FlickrCache
from familiar.model import Plan, SidecarContent
from familiar.settings import SidecarSettings
from familiar.sources.sidecars import new_sidecar, sidecars_of
from familiar.store.sidecars import PhotoSidecar
from familiar.store.store import Store

RULE = "sidecars"
"""What operations on sidecars have in the place of a rule's name."""

_PORTION = 200
"""Photos that are looked up together."""

_SLICE = 0.2
"""Seconds for which sidecars are written before the loop sees to its other work."""

_LOOK_AGAIN = 600.0
"""Seconds until it is looked again for photos that were out of reach."""


def places_of(
    store: Store, paths: Iterable[Path], has_file: Callable[[Path], bool] = has_file
) -> list[tuple[Path, Path]]:
    """Return those of a photo's paths where it is, each with its sidecar, which may be still to be made.

    `has_file` says whether a file is at a path.
    """
    found, cache = [], FlickrCache(store)
    for path in paths:
        if os.path.islink(path) or not has_file(path) or cache.holds(path):
            continue
        found.append((path, next(iter(sidecars_of(path)), new_sidecar(path))))
    return found


def plan_sidecar(store: Store, photo: PhotoSidecar, sidecar: Path) -> Plan:
    """Record what a sidecar is to say, and return the plan for it, to be recorded in the same transaction."""
    store.sidecars.want(sidecar, photo.photo_id, photo.sidecar_content)
    return Plan(operations=(WriteSidecar(target=sidecar, rule=RULE, wanted=photo.sidecar_content),))


class SidecarWriter:
    """Writes sidecars in the background, if they are wanted at all."""

    def __init__(
        self, *, store: Store, runner: OperationRunner, clock: Callable[[], float], settings: SidecarSettings
    ) -> None:
        """Take the store, what carries out plans, a clock that gives monotonic seconds, and what is to be written."""
        self._store = store
        self._runner = runner
        self._clock = clock
        self._enabled = settings.write
        self._captions = settings.flickr
        self._touched: dict[int, int | None] = {}
        self._basis: str | None = None
        self._after: int | None = None
        self._again_at: float | None = None

    def touch(self, photo_id: int, *, follows: int | None = None) -> None:
        """Look at the sidecars of a photo soon: it was handled, or is at one more path; maybe by a plan."""
        if self._enabled:
            self._touched[photo_id] = follows

    @property
    def is_idle(self) -> bool:
        """Whether all sidecars are as they should be, as far as their photos are in reach."""
        return not self._enabled or (
            not self._touched and self._after is None and self._basis == self._store.people.matched_with
        )

    async def advance(self, _now: float) -> None:
        """Write some sidecars, unless an operation goes on that they would have to wait for."""
        if not self._enabled or self._runner.is_acting:
            return
        ends = self._clock() + _SLICE
        while self._touched and self._clock() < ends:
            photo_id, follows = next(iter(self._touched.items()))
            await self._write(photo_id, follows)
            del self._touched[photo_id]
        self._begin_again()
        while self._after is not None and self._clock() < ends:
            photos = self._store.sidecars.to_look_at(after=self._after, limit=_PORTION, captions=self._captions)
            self._after = await self._write_all(photos, ends)

    async def close(self) -> None:
        """End; what was not written is written after the next start."""

    def _begin_again(self) -> None:
        """Go through all photos when people have changed since the last time, or some were out of reach."""
        basis = self._store.people.matched_with
        waited = self._again_at is not None and self._clock() >= self._again_at
        if basis != self._basis or waited:
            self._basis, self._after, self._again_at = basis, 0, None

    async def _write_all(self, photos: list[int], ends: float) -> int | None:
        """Write the sidecars of photos as long as there is time; return the last one done, None at the end of all."""
        last = None
        for inscribed in self._store.sidecars.sidecar_contents(photos, captions=self._captions):
            await self._inscribe(inscribed, None)
            last = inscribed.photo_id
            if self._clock() >= ends:
                return last
        return last

    async def _write(self, photo_id: int, follows: int | None) -> None:
        for inscribed in self._store.sidecars.sidecar_contents([photo_id], captions=self._captions):
            await self._inscribe(inscribed, follows)

    async def _inscribe(self, photo: PhotoSidecar, follows: int | None) -> None:
        if not all(map(os.path.lexists, self._store.files.paths_of(photo.photo_id))):
            self._again_at = self._clock() + _LOOK_AGAIN
        for path, sidecar in places_of(self._store, self._store.files.paths_of(photo.photo_id)):
            if (self._store.sidecars.wanted(sidecar) or SidecarContent()) == photo.sidecar_content:
                continue
            with self._store.writing():
                plan = plan_sidecar(self._store, photo, sidecar)
                plan_id = self._store.journal.record(photo.photo_id, path, plan, follows=follows)
            await self._runner.perform(plan_id, {})
