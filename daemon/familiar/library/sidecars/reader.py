"""Take named faces in sidecars of other programs for confirmed, and dates for photos without.

This is done when a photo is handled, and when a sidecar changes.
"""

from collections.abc import Callable
from pathlib import Path

from familiar.errors import ChangedError, GoneError, RetryError, SetAsideError, UsageError
from familiar.events import EventLog
from familiar.filesystem.stamps import Stamp
from familiar.identity.regions import UPRIGHT, area_of, faces_of, is_same
from familiar.media import is_video
from familiar.model import Photo, Region
from familiar.names import check_name
from familiar.plurals import counted
from familiar.sources.completeness import look
from familiar.sources.sidecars import photos_of, sidecars_of
from familiar.store.store import Store
from familiar.vision.workers.pool import Workers

_SLICE = 0.2
"""Seconds for which sidecars are read before the loop sees to its other work."""

_AGAIN = 60.0
"""Seconds until a sidecar is tried again that can't be read for now."""


class SidecarReader:
    """Reads sidecars, if that is wanted at all; what familiar wrote itself is not listened to."""

    def __init__(
        self,
        *,
        store: Store,
        workers: Workers,
        log: EventLog,
        clock: Callable[[], float],
        enabled: bool,
        on_turned: Callable[[int], object],
    ) -> None:
        """Take the store, the workers, the log, and a clock that gives monotonic seconds.

        `on_turned` is called with each photo whose faces were looked for again, as a sidecar turns it otherwise.
        """
        self._store = store
        self._workers = workers
        self._log = log
        self._clock = clock
        self._enabled = enabled
        self._on_turned = on_turned
        self._changed: dict[Path, float] = {}
        self._version: int | None = None

    def on_sidecar_changed(self, sidecar: Path, due: float) -> None:
        """Read a sidecar that is new, or has changed, when it will have settled."""
        if self._enabled:
            self._changed[sidecar] = due

    @property
    def is_idle(self) -> bool:
        """Whether no changed sidecar waits."""
        return not self._changed

    def caused(self, version: int) -> bool:
        """Return whether sidecars changed the people last, and more may follow."""
        return version == self._version

    async def advance(self, _now: float) -> None:
        """Read some of the sidecars that have changed."""
        ends = self._clock() + _SLICE
        for sidecar in [path for path, due in self._changed.items() if due <= self._clock()]:
            if self._clock() >= ends:
                return
            del self._changed[sidecar]
            for photo in photos_of(sidecar):
                file = self._store.files.at(photo)
                if file is not None and file.state == "done" and file.photo_id is not None:
                    await self.listen(file.photo_id, photo)

    async def close(self) -> None:
        """End; what was not read is compared again at the next start."""

    async def listen(self, photo_id: int, path: Path) -> None:
        """Read the new and changed sidecars of a photo at one of its paths."""
        if not self._enabled or self._store.photos.kind_of(photo_id) != "photo":
            return
        stamps = ((sidecar, look(sidecar)) for sidecar in sidecars_of(path))
        changed = [
            (sidecar, stamp)
            for sidecar, stamp in stamps
            if stamp is not None and self._store.sidecars.has_changed(sidecar, stamp)
        ]
        if changed:
            await self._turn(photo_id, path)
        for sidecar, stamp in changed:
            await self._read(photo_id, path, sidecar, stamp)

    async def turn_of(self, path: Path) -> int | None:
        """Return how the sidecars of a photo turn it; those that can't be read do not."""
        sidecars = sidecars_of(path) if self._enabled and not is_video(path) else []
        if not sidecars:
            return None
        try:
            return await self._workers.turn_of(path, sidecars)
        except (GoneError, RetryError, SetAsideError):
            return None  # reading the sidecar tells

    async def _turn(self, photo_id: int, path: Path) -> None:
        """Look for faces again if the sidecars of a photo turn it otherwise than before."""
        turn, photo = await self.turn_of(path), self._store.photos.load(photo_id)
        if turn == photo.turn:
            return
        try:
            fresh = await self._workers.look(path, photo.hash, turn=turn)
        except (GoneError, RetryError, ChangedError, SetAsideError) as error:
            self._log.emit("sidecar.failed", photo=photo_id, path=path, sidecar=sidecars_of(path)[0], reason=str(error))
            return
        self._store.turned_photos.record(photo_id, fresh)
        self._on_turned(photo_id)
        self._log.emit("photo.turned", photo=photo_id, path=path, orientation=turn or UPRIGHT, faces=len(fresh.faces))

    async def _read(self, photo_id: int, path: Path, sidecar: Path, stamp: Stamp) -> None:
        photo, former = self._store.photos.load(photo_id), self._store.sidecars.wrote(sidecar)
        try:
            told = await self._workers.listen_to_sidecar(path, sidecar, (photo.width, photo.height), former)
        except GoneError:
            return  # what is to be done about a photo that is gone is not decided here
        except RetryError as error:
            self._changed[sidecar] = self._clock() + _AGAIN
            self._log.emit("sidecar.failed", photo=photo_id, path=path, sidecar=sidecar, reason=str(error))
        except SetAsideError as error:
            self._store.sidecars.note_read(sidecar, photo_id, stamp)
            self._log.emit("sidecar.failed", photo=photo_id, path=path, sidecar=sidecar, reason=str(error))
        except Exception as error:  # noqa: BLE001 - one sidecar must not stop its photo
            self._store.sidecars.note_read(sidecar, photo_id, stamp)
            reason = f"unexpected error: {error!r}"
            self._log.emit("sidecar.failed", photo=photo_id, path=path, sidecar=sidecar, reason=reason, exc_info=True)
        else:
            left = [f"{counted(told.misplaced, 'face area')} for a picture of another shape"] if told.misplaced else []
            if told.turned:
                left.append(f"{counted(told.turned, 'face area')} for a turned picture: placed unturned")
            if told.taken is not None:
                self._store.photos.note_date(photo_id, told.taken)
            self._take(photo_id, photo, path, sidecar, stamp, told.regions, left)

    def _take(
        self,
        photo_id: int,
        photo: Photo,
        path: Path,
        sidecar: Path,
        stamp: Stamp,
        regions: tuple[Region, ...],
        left: list[str],
    ) -> None:
        with self._store.writing():
            taken = self._store.sidecars.taken(photo_id)
            fresh = [region for region in regions if not any(_is_one(region, other) for other in taken)]
            names = self._faces_named(photo, fresh, left)
            confirmed = {face: region.name for face, region in names.items()}
            event = self._store.decisions.confirmations.confirm(confirmed, source=sidecar.name) if names else None
            self._store.sidecars.note_taken(photo_id, names.values(), at=self._store.now())
            self._store.sidecars.note_read(sidecar, photo_id, stamp)
        if event is not None:
            self._version = self._store.people.version
        if event is not None or left:
            people = [] if event is None else list(dict.fromkeys(confirmed.values()))
            self._log.emit("sidecar.read", photo=photo_id, path=path, sidecar=sidecar, confirmed=people, left=left)

    def _faces_named(self, photo: Photo, regions: list[Region], left: list[str]) -> dict[int, Region]:
        """Return the face of each region; the reasons for regions without one go to `left`."""
        areas = [area_of(face.box, photo.width, photo.height) for face in photo.faces]
        found = faces_of([region.area for region in regions], areas)
        names: dict[int, Region] = {}
        for number, region in enumerate(regions):
            face = photo.faces[found[number]].id if number in found else None
            reason = "no face found in that area" if face is None else self._objection(face, region.name)
            if face is not None and reason is None:
                names[face] = region
            else:
                left.append(f"{region.name}: {reason}")
        return names

    def _objection(self, face: int, name: str) -> str | None:
        try:
            return self._store.decisions.confirmations.objection(face, check_name(name))
        except UsageError as error:
            return str(error)


def _is_one(region: Region, other: Region) -> bool:
    return region.name == other.name and is_same(region.area, other.area)
