"""The way of one file: known by its content, seen, recognised, decided, done."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from familiar.errors import ChangedError, GoneError, RetryError, SetAsideError, StoreError
from familiar.events import EventLog
from familiar.library.live_photos import plan_for_clip, state_of_still, take_clip_along
from familiar.library.operations import OperationRunner
from familiar.library.planning import subject_of
from familiar.library.recognition import Recogniser
from familiar.library.reencoding import Reencoder
from familiar.library.sidecars.reader import SidecarReader
from familiar.library.sidecars.writer import SidecarWriter
from familiar.media import is_video
from familiar.model import Plan, RecognisedFace, Subject, destination_of
from familiar.settings import FLICKR
from familiar.sources.settling import look as look_at
from familiar.store.files import FileRow
from familiar.store.photos import PhotoRow
from familiar.store.store import Store
from familiar.vision.workers.pool import Workers

_FIRST_RETRY = 60.0
_LAST_RETRY = 3600.0
_STILL_FIRST = 1.0
"""Seconds after which it is looked again whether the still beside a video has been handled."""
_UNEXPECTED_TRIES = 3
"""How often an unexpected error is tried again before the photo is set aside."""


@dataclass(slots=True)
class Tally:
    """What was done since the start."""

    done: int = 0
    failed: int = 0
    set_aside: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a handler asks of the folders and the rules, which may change while the daemon runs."""

    decide: Callable[[Subject], Plan]
    source_of: Callable[[Path], str]
    mark_gone: Callable[[Path], None]
    is_there: Callable[[Path], bool]
    hash_of: Callable[[Path], str | None] = lambda _: None
    """Gives the hash of a file's content where that is known already."""


class Handler:
    """Takes files one by one from *pending* to *done*."""

    def __init__(
        self,
        *,
        store: Store,
        workers: Workers,
        recogniser: Recogniser,
        reencoder: Reencoder,
        runner: OperationRunner,
        sidecar_writer: SidecarWriter,
        sidecar_reader: SidecarReader,
        surroundings: Surroundings,
        log: EventLog,
        clock: Callable[[], float],
    ) -> None:
        """Take the rooms that a photo passes; `clock` gives monotonic seconds."""
        self.recogniser = recogniser
        self.tally = Tally()
        self._store = store
        self._workers = workers
        self._runner = runner
        self._sidecar_writer = sidecar_writer
        self._sidecar_reader = sidecar_reader
        self._reencoder = reencoder
        self._surroundings = surroundings
        self._log = log
        self._clock = clock
        # The pool's queue is kept short, so that a crop never waits behind many photos.
        self._slots = asyncio.Semaphore(workers.slots)

    async def handle(self, file: FileRow, turn: asyncio.Event) -> None:
        """Handle one pending file. `turn` is set when the files before it are done.

        Photos are looked at side by side, but operations are done in the order in which the files were found, so
        that a name that two photos want goes to the same one whenever and however often the work is interrupted.
        """
        try:
            await self._handle(file, turn)
        except GoneError:
            self._surroundings.mark_gone(file.path)
            if self._surroundings.is_there(file.path):
                self._fail(file, "out of reach")
        except ChangedError:
            self._store.files.wait(file.id, size=-1, mtime_ns=-1, due=self._clock())
        except RetryError as error:
            self._fail(file, str(error))
        except StoreError:
            raise  # not the photo's fault: the loop waits, and the file is pending still
        except Exception as error:  # noqa: BLE001 - one photo must not stop the others
            self._log.emit("photo.error", path=file.path, error=repr(error), exc_info=True)
            self._fail(file, f"unexpected error: {error!r}")

    async def _handle(self, file: FileRow, turn: asyncio.Event) -> None:
        still = state_of_still(self._store, file.path) if is_video(file.path) else "none"
        if still == "waits":
            due = self._clock() + _STILL_FIRST
            self._store.files.wait(file.id, size=file.size, mtime_ns=file.mtime_ns, due=due)
            return
        async with self._slots:
            hash_ = self._surroundings.hash_of(file.path) or await self._workers.fingerprint(file.path)
            if look_at(file.path) not in {None, (file.size, file.mtime_ns)}:
                raise ChangedError(f"{file.path}: changed since it had settled")
            known = self._store.photos.find(hash_)
            photo_id = known.id if known is not None else await self._look(file, hash_, beside_still=still == "handled")
        if photo_id is None:
            return
        await self._sidecar_reader.listen(photo_id, file.path)
        if known is not None and (known.verdict != "seen" or self._is_handled(known, file.path)):
            await turn.wait()
            self._recur(file, known)
            return
        if known is not None:
            await self._reencoder.reencode_photo(photo_id, file.path)
        await self._decide(file, photo_id, turn)

    def _is_handled(self, photo: PhotoRow, path: Path) -> bool:
        """Return whether a photo was handled, so that one more path of it changes nothing.

        A photo of a folder that came from Flickr alone before is handled again: rules can do more with it here.
        """
        source_of = self._surroundings.source_of
        if not photo.handled or source_of(path) == FLICKR:
            return photo.handled
        lay = [*self._store.journal.originals_of(photo.id), self._store.files.former_path(photo.id)]
        others = [other for other in lay if other is not None and other != path]
        return not others or any(source_of(other) != FLICKR for other in others)

    async def _look(self, file: FileRow, hash_: str, *, beside_still: bool) -> int | None:
        started = self._clock()
        try:
            photo = await self._workers.look(file.path, hash_, beside_still=beside_still)
        except SetAsideError as error:
            self._set_aside(file, hash_, str(error))
            return None
        except (GoneError, RetryError):
            raise
        except Exception as error:
            if file.attempts + 1 < _UNEXPECTED_TRIES:
                raise
            self._log.emit("photo.error", path=file.path, error=repr(error), exc_info=True)
            self._set_aside(file, hash_, f"unexpected error: {error!r}")
            return None
        photo_id = self._store.photos.record(photo)
        self._log.emit(
            "photo.seen", path=file.path, hash=hash_, faces=len(photo.faces), seconds=self._clock() - started
        )
        return photo_id

    async def _decide(self, file: FileRow, photo_id: int, turn: asyncio.Event) -> None:
        photo, faces = self.recogniser.recognise(photo_id)
        self._tell_recognised(file.path, faces)
        if photo.kind == "clip":
            await turn.wait()
            (plan, follows), rendered = plan_for_clip(self._store, file.path), {}
        else:
            source, follows = self._surroundings.source_of(file.path), None
            plan = self._surroundings.decide(subject_of(photo, faces, file.path, source, file.mtime_ns))
            rendered = await self._runner.render(plan, file.path, photo.hash)
            await turn.wait()
        known = self._store.photos.find(photo.hash)
        if known is not None and self._is_handled(known, file.path):  # by way of another file, whose turn was before
            self._recur(file, known)
            return
        with self._store.writing():
            plan_id = None
            if plan.operations:
                plan_id = self._store.journal.record(photo_id, file.path, plan, follows=follows)
            self._store.photos.mark_handled(photo_id)
            self._store.files.mark_done(file.id, photo_id)
            if photo.kind == "photo":
                take_clip_along(self._store, file.path)
        self.tally.done += 1
        self._tell_plan(file.path, plan)
        if plan_id is not None:
            await self._runner.perform(plan_id, rendered)
        self._sidecar_writer.touch(photo_id, follows=plan_id)

    def _recur(self, file: FileRow, photo: PhotoRow) -> None:
        """Note one more path of a photo that was handled before; it is not handled again."""
        for path in self._store.files.paths_of(photo.id):
            if path != file.path and not self._surroundings.is_there(path):
                self._surroundings.mark_gone(path)
        others = [path for path in self._store.files.paths_of(photo.id) if path != file.path]
        before = self._store.files.former_path(photo.id)
        self._store.files.mark_done(file.id, photo.id)
        if photo.verdict == "set aside":
            self.tally.set_aside += 1
            self._log.emit("photo.set_aside", path=file.path, hash=photo.hash, reason=photo.reason)
            return
        self.tally.done += 1
        self._sidecar_writer.touch(photo.id)
        if others or before is None:
            self._log.emit("file.copied", path=file.path, others=others)
        else:
            self._log.emit("file.moved", path=file.path, before=before)

    def _set_aside(self, file: FileRow, hash_: str, reason: str) -> None:
        with self._store.writing():
            photo_id = self._store.photos.set_aside(hash_, reason)
            self._store.files.mark_done(file.id, photo_id)
        self.tally.set_aside += 1
        self._log.emit("photo.set_aside", path=file.path, hash=hash_, reason=reason)

    def _fail(self, file: FileRow, reason: str) -> None:
        wait = min(_FIRST_RETRY * 2**file.attempts, _LAST_RETRY)
        self._store.files.mark_failed(file.id, reason=reason, due=self._clock() + wait)
        self.tally.failed += 1
        self._log.emit("file.failed", path=file.path, reason=reason, retry_in=wait)

    def _tell_recognised(self, path: Path, faces: tuple[RecognisedFace, ...]) -> None:
        if not faces:
            return
        people = sorted({face.person for face in faces if face.person is not None})
        ambiguous = sum(face.match is not None and face.match.ambiguous for face in faces)
        unknown = sum(face.person is None for face in faces)
        self._log.emit("photo.recognised", path=path, people=people, unknown=unknown, ambiguous=ambiguous)

    def _tell_plan(self, path: Path, plan: Plan) -> None:
        if plan.operations:
            operations = [f"{operation.kind} {destination_of(operation)}" for operation in plan.operations]
            self._log.emit("plan.made", path=path, operations=operations)
        for refusal in plan.refusals:
            self._log.emit("plan.refused", path=path, rule=refusal.rule, kind=refusal.kind, reason=refusal.reason)
