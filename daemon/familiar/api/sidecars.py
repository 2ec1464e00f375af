"""Names and face areas in XMP files next to the photos, to and from other programs."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from familiar.api.session import Session
from familiar.effects.journal import Step
from familiar.library.argument_types import checked_arguments
from familiar.library.named_paths import Paths, all_expanded
from familiar.library.photo_folders import named_folders
from familiar.library.sidecars.preview import (
    PhotoPaths,
    SidecarPreview,
    preview_sidecars,
    sidecar_places,
    sidecar_plans,
)
from familiar.library.sidecars.reader import SidecarReader
from familiar.library.survey import photos_of


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenSidecars:
    """The result of writing sidecars.

    Attributes:
        steps: the operations, each with its result.
        failed: sidecars that can't be written, and were left unchanged.
        unchanged: number of sidecars that are up to date.
    """

    steps: tuple[Step, ...]
    failed: tuple[SidecarPreview, ...]
    unchanged: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SidecarConfirmations:
    """The result of one sidecar: the people whose faces it confirmed, and the reasons for regions that were not."""

    path: Path
    sidecar: Path
    confirmed: tuple[str, ...]
    left: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class UnreadSidecar:
    """A sidecar of a photo at a path that can't be read, and why."""

    path: Path
    sidecar: Path
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SidecarReadings:
    """The result of reading sidecars: those with named faces, and those that can't be read."""

    read: tuple[SidecarConfirmations, ...]
    failed: tuple[UnreadSidecar, ...]


@checked_arguments
class PhotoSidecars:
    """The sidecars of photos.

    Each call takes files and folders, which are scanned first; by default, all known photos.
    """

    def __init__(self, session: Session) -> None:
        """Take the opened library."""
        self._session = session

    def plan(self, paths: Paths = ()) -> list[SidecarPreview]:
        """Return each sidecar of a photo with a known person, or on Flickr, with what `write` would do; touch nothing.

        Raises:
            UsageError: a path does not exist, or a folder has no photos.
        """
        photos = self._photos(paths)
        self._session.rematch()
        return self._previews(photos)

    def write(self, paths: Paths = ()) -> WrittenSidecars:
        """Write the names and face areas of each photo into its sidecar; `Library.undo` with `last` undoes it.

        What another program wrote is never changed.

        Raises:
            UsageError: as `plan`.
        """
        session, previews = self._session, self.plan(paths)
        changes = [one for one in previews if one.change in {"new", "changed"}]
        failed = tuple(one for one in previews if one.change == "failed")
        steps = session.handover.carry_out_now(sidecar_plans(session.store(), changes)) if changes else []
        return WrittenSidecars(steps=tuple(steps), failed=failed, unchanged=len(previews) - len(changes) - len(failed))

    def read(self, paths: Paths = ()) -> SidecarReadings:
        """Confirm faces that other programs named in sidecars.

        Sidecars that have not changed since they were last read are skipped. The confirmations of each sidecar can be
        undone with `clusters.undo`.

        Raises:
            UsageError: as `plan`.
        """
        photos = self._photos(paths)
        told = self._session.run(self._read(photos))
        self._session.rematch()
        return SidecarReadings(read=tuple(told.read), failed=tuple(told.failed))

    def _photos(self, paths: Paths) -> PhotoPaths:
        """Return the photos in folders, or without any, all known photos; with their paths."""
        session = self._session
        _ = session.settings  # report invalid paths first
        folders = named_folders(all_expanded(paths))
        store = session.store(create=bool(folders))
        if folders:
            return photos_of(session.index(folders))
        return {photo: store.files.paths_of(photo) for photo in store.photos.seen()}

    def _previews(self, photos: PhotoPaths) -> list[SidecarPreview]:
        session, store = self._session, self._session.store()
        places = sidecar_places(store, photos, session.unread, captions=session.settings.sidecars.flickr)

        async def preview() -> list[SidecarPreview]:
            async with session.workers(len(places)) as workers:
                with session.progress("reading sidecars") as count:
                    return await preview_sidecars(store, workers, places, count)

        return session.run(preview())

    async def _read(self, photos: PhotoPaths) -> "_Told":
        session, told = self._session, _Told()
        places = [(photo, path) for photo, paths in photos.items() for path in paths]
        async with session.workers(len(places)) as workers:
            reader = SidecarReader(
                store=session.store(),
                workers=workers,
                log=told,
                clock=time.monotonic,
                enabled=True,
                on_turned=session.recogniser.recognise,
            )
            with session.progress("reading sidecars") as count:
                for number, (photo_id, path) in enumerate(places, start=1):
                    await reader.listen(photo_id, path)
                    count(number, len(places))
        return told


class _Told:
    """Collects the results of reading sidecars."""

    def __init__(self) -> None:
        self.read: list[SidecarConfirmations] = []
        self.failed: list[UnreadSidecar] = []

    def emit(self, name: str, /, photo: int | None = None, **fields: Any) -> None:  # noqa: ARG002 - told by its path
        if name == "sidecar.read":
            confirmed, left = tuple(fields.pop("confirmed")), tuple(fields.pop("left"))
            self.read.append(SidecarConfirmations(**fields, confirmed=confirmed, left=left))
        elif name == "sidecar.failed":
            self.failed.append(UnreadSidecar(**fields))
