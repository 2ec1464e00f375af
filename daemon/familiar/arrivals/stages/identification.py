"""Identify a file by its content, and find its faces if the content is new."""

import os
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from pathlib import Path

from familiar.arrivals.arrival import Arrival, Stage
from familiar.arrivals.retries import Retries
from familiar.arrivals.slots import WorkerSlots
from familiar.errors import ChangedError, GoneError, RetryError, SetAsideError
from familiar.events import EventLog
from familiar.library.live_photos import sort_video, state_of_still, still_of
from familiar.library.sources import Sources
from familiar.media import is_video
from familiar.missing_parts import describe_missing
from familiar.sources.completeness import look
from familiar.store.store import Store
from familiar.vision.workers.pool import Workers

_STILL_FIRST = 1.0
"""Seconds after which it is looked again whether the still beside a video has been handled."""
_FILE_FIRST = 1.0
"""Seconds after which it is looked again whether the file at the end of a link has been handled."""
_UNEXPECTED_TRIES = 3
"""How often an unexpected error is tried again before the photo is set aside."""


class WaitForStill:
    """Lets a video wait until the still next to it is handled: a short video is its clip."""

    def __init__(self, *, store: Store, retries: Retries) -> None:
        """Take the store, which knows the stills."""
        self._store = store
        self._retries = retries

    async def __call__(self, arrival: Arrival) -> Arrival | None:
        """Note whether there is a still; end here while it waits."""
        if not is_video(arrival.path):
            return arrival
        still = state_of_still(self._store, arrival.path)
        if still == "waits":
            self._retries.wait(arrival.file, _STILL_FIRST)
            return None
        return replace(arrival, beside_still=still == "handled")


class WaitForFile:
    """Lets a symbolic link wait until the file that it leads to is handled: operations act on the file itself."""

    def __init__(self, *, store: Store, retries: Retries) -> None:
        """Take the store, which knows the files."""
        self._store = store
        self._retries = retries

    async def __call__(self, arrival: Arrival) -> Arrival | None:
        """End here while the link waits."""
        if not self._is_link_to_waiting(arrival.path):
            return arrival
        self._retries.wait(arrival.file, _FILE_FIRST)
        return None

    def _is_link_to_waiting(self, path: Path) -> bool:
        if not path.is_symlink():
            return False
        file = self._store.files.at(Path(os.path.realpath(path)))
        return file is not None and file.state in {"settling", "pending", "failed"}


class Together:
    """Stages that a file passes while it has one of a few slots, in the order of arrival, the backlog last.

    This keeps the queue of the workers short, so that a crop never waits behind many photos.
    """

    def __init__(self, slots: WorkerSlots, stages: Sequence[Stage]) -> None:
        """Take the slots of the files that may be in these stages at once."""
        self._slots = slots
        self._stages = tuple(stages)

    async def __call__(self, arrival: Arrival) -> Arrival | None:
        """Pass the stages."""
        async with self._slots.taken(in_backlog=arrival.file.in_backlog, is_video=is_video(arrival.path)):
            for stage in self._stages:
                following = await stage(arrival)
                if following is None:
                    return None
                arrival = following
        return arrival


class Identify:
    """Finds the hash of a file's content, and the photo that has it."""

    def __init__(self, *, store: Store, workers: Workers, sources: Sources) -> None:
        """Take the photos that are known, what reads files, and the sources, which may know a hash already."""
        self._store = store
        self._workers = workers
        self._sources = sources

    async def __call__(self, arrival: Arrival) -> Arrival:
        """Add hash and photo.

        Raises:
            ChangedError: the file has changed after it settled.
            GoneError, RetryError: it can't be read.
        """
        path, file = arrival.path, arrival.file
        source = self._sources.of(path)
        if not source.reaches(path):
            raise GoneError(f"{path}: leads out of the watched folder")
        hash_ = source.known_hash(path) or await self._workers.fingerprint(path)
        present = look(path)
        if present is not None and not present.is_of(file.stamp):
            raise ChangedError(f"{path}: changed after it had settled")
        known = self._store.photos.find(hash_)
        return replace(arrival, hash=hash_, known=known, photo_id=None if known is None else known.id)


class Index:
    """Has a new photo decoded, and records its faces."""

    def __init__(
        self,
        *,
        store: Store,
        workers: Workers,
        turn_of: Callable[[Path], Awaitable[int | None]],
        retries: Retries,
        log: EventLog,
        clock: Callable[[], float],
    ) -> None:
        """Take the store, the workers that decode, what sets photos aside, and a clock that gives seconds.

        `turn_of` says how the sidecars of a photo turn it.
        """
        self._store = store
        self._workers = workers
        self._turn_of = turn_of
        self._retries = retries
        self._log = log
        self._clock = clock

    async def __call__(self, arrival: Arrival) -> Arrival | None:
        """Add the photo's id; end here if it is set aside.

        Raises:
            GoneError, RetryError, ChangedError: the file can't be read.
        """
        arrival = self._sorted(arrival)
        if arrival.known is not None and arrival.known.analysed:
            return arrival
        started = self._clock()
        try:
            turn = await self._turn_of(arrival.path)
            photo = await self._workers.look(arrival.path, arrival.hash, beside_still=arrival.beside_still, turn=turn)
            if photo.kind == "clip" and still_of(self._store, arrival.path, photo.shot) is None:
                photo = await self._workers.look(arrival.path, arrival.hash)
        except SetAsideError as error:
            self._retries.set_aside(arrival.file, arrival.hash, str(error))
            return None
        except (GoneError, RetryError):
            raise
        except Exception as error:
            if arrival.file.attempts + 1 < _UNEXPECTED_TRIES:
                raise
            self._log.emit("photo.error", path=arrival.path, error=repr(error), exc_info=True)
            self._retries.set_aside(arrival.file, arrival.hash, f"unexpected error: {error!r}")
            return None
        photo_id = self._store.photos.record(photo)
        if photo.missing is not None:
            about = {"photo": photo_id, "path": arrival.path, "hash": arrival.hash, "missing": photo.missing}
            self._log.emit("photo.damaged", **about, reason=describe_missing(photo.missing))
        seconds = self._clock() - started
        self._log.emit(
            "photo.seen",
            photo=photo_id,
            path=arrival.path,
            hash=arrival.hash,
            faces=len(photo.faces),
            seconds=seconds,
        )
        return replace(arrival, photo_id=photo_id)

    def _sorted(self, arrival: Arrival) -> Arrival:
        """Return the arrival of a known video as what it is now: a clip beside its still, or a video of its own."""
        known = arrival.known
        if known is None or known.verdict != "seen" or not is_video(arrival.path):
            return arrival
        with self._store.writing():
            is_another = sort_video(self._store, arrival.path, known.id, self._log)
        return replace(arrival, known=self._store.photos.at(known.id)) if is_another else arrival
