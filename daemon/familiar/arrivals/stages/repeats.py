"""Photos that were handled before, at an additional path."""

from pathlib import Path

from familiar.arrivals.arrival import Arrival
from familiar.arrivals.tally import Tally
from familiar.events import EventLog
from familiar.library.live_photos import review
from familiar.library.sidecars.writer import SidecarWriter
from familiar.library.sources import FlickrCache, Sources
from familiar.store.files import FileRow
from familiar.store.photos import PhotoRow
from familiar.store.store import Store


class Repeats:
    """Recognises photos that need not be handled again, and records their additional paths."""

    def __init__(
        self,
        *,
        store: Store,
        sources: Sources,
        cache: FlickrCache,
        sidecar_writer: SidecarWriter,
        tally: Tally,
        log: EventLog,
    ) -> None:
        """Take the store, the sources, and the observers of additional paths."""
        self._store = store
        self._sources = sources
        self._cache = cache
        self._sidecar_writer = sidecar_writer
        self._tally = tally
        self._log = log

    def is_handled(self, photo: PhotoRow, path: Path) -> bool:
        """Return whether a photo was handled, so that one more path of it changes nothing.

        A photo of a folder that came from Flickr alone before is handled again: rules can do more with it here.
        """
        if not photo.handled or self._cache.holds(path):
            return photo.handled
        lay = [*self._store.journal.originals_of(photo.id), self._store.files.former_path(photo.id)]
        others = [other for other in lay if other is not None and other != path]
        return not others or not all(map(self._cache.holds, others))

    def note(self, file: FileRow, photo: PhotoRow) -> None:
        """Record an additional path of a handled photo; it is not handled again."""
        for path in self._store.files.paths_of(photo.id):
            source = self._sources.of(path)
            if path != file.path and not source.is_there(path):
                source.mark_gone(path)
        others = [path for path in self._store.files.paths_of(photo.id) if path != file.path]
        before = self._store.files.former_path(photo.id)
        with self._store.writing():
            self._store.files.mark_done(file.id, photo.id)
            review(self._store, file.path, self._log)
        about = {"photo": photo.id, "path": file.path}
        if photo.verdict == "set aside":
            self._tally.set_aside += 1
            self._log.emit("photo.set_aside", **about, hash=photo.hash, reason=photo.reason)
            return
        self._tally.done += 1
        self._sidecar_writer.touch(photo.id)
        if before is None and not others:
            self._log.emit("file.unchanged", **about)  # its times or rights have changed, or it was read anew
        elif others:
            self._log.emit("file.copied", **about, others=others)
        else:
            self._log.emit("file.moved", **about, before=before)


class LeaveRepeats:
    """Ends the way of a photo that was handled, or set aside, before its file came."""

    def __init__(self, repeats: Repeats) -> None:
        """Take what knows of such photos."""
        self._repeats = repeats

    async def __call__(self, arrival: Arrival) -> Arrival | None:
        """End here, in turn, if the photo need not be handled."""
        known = arrival.known
        if known is None or (known.verdict == "seen" and not self._repeats.is_handled(known, arrival.path)):
            return arrival
        await arrival.turn.wait()
        self._repeats.note(arrival.file, known)
        return None
