"""The watched folders as a source of photos."""

from pathlib import Path

from familiar.events import EventLog
from familiar.folders.roots import WatchedRoots
from familiar.library.live_photos import mark_gone
from familiar.settings import folder_name
from familiar.store.store import Store


class WatchedFolders:
    """The source of all files of no other source: those in the watched roots, and elsewhere."""

    is_remote = False

    def __init__(self, *, roots: WatchedRoots, store: Store, log: EventLog) -> None:
        """Take the roots, which know what is out of reach."""
        self._roots = roots
        self._store = store
        self._log = log

    def holds(self, path: Path) -> bool:
        """Return whether a path is in a watched root."""
        return self._roots.containing(path) is not None

    def name_of(self, path: Path) -> str:
        """Return the name of the watched root that a path is in, or else that of its folder."""
        root = self._roots.containing(path)
        return root.settings.source if root is not None else folder_name(path.parent)

    def flickr_facts(self, _path: Path) -> None:
        """Return None: photos in folders are not on Flickr."""

    def reaches(self, path: Path) -> bool:
        """Return whether the file at a path may be read: it is no link out of its root, or that is allowed."""
        return self._roots.reaches(path)

    def is_there(self, path: Path) -> bool:
        """Return whether a file is at a path; where its root is offline it is not known to be gone."""
        return self._roots.is_there(path)

    def mark_gone(self, path: Path) -> None:
        """Record that a file is gone, if it is and its root is in place."""
        if not self.is_there(path) and mark_gone(self._store, path, self._log):
            self._log.emit("file.gone", path=path)

    def known_hash(self, _path: Path) -> str | None:
        """Return None: files in folders are read by nobody before they are handled."""
        return None
