"""The cache of files from Flickr: files are removed after handling, or if it is too large."""

from pathlib import Path

from familiar.settings import FlickrSettings
from familiar.store.store import Store

_MEGABYTE = 1_000_000
_OFTEN = 20
"""Photos after which it is looked whether the cache has grown too large."""


class FileCache:
    """Records the results of fetched files, and removes files that are not kept."""

    def __init__(self, *, settings: FlickrSettings, store: Store, root_id: int) -> None:
        """Take the settings of the account, and the store; the cache is the folder of this root."""
        self._settings = settings
        self._store = store
        self._root_id = root_id
        self._since = _OFTEN

    def advance(self) -> int:
        """Record results, and remove files that are not kept; return the number of finished photos."""
        done = self._store.flickr.settle()
        if done:
            self._store.flickr_calls.note("handled", len(done))
        self._since += len(done) * (_OFTEN if self._settings.keep == "none" else 1)
        if self._since >= _OFTEN:
            self.clear()
        return len(done)

    def clear(self) -> None:
        """Remove files that are not kept."""
        unneeded = self._store.flickr_cached_files.unneeded(self._root_id)
        room = 0 if self._settings.keep == "none" else self._settings.cache * _MEGABYTE
        surplus = sum(file.size for file in unneeded) - room
        for file in unneeded:
            if surplus <= 0:
                break
            surplus -= file.size
            self._forget(file.path)
        is_busy = self._settings.keep == "none" and self._store.flickr_cached_files.has_needed(self._root_id)
        self._since = _OFTEN if is_busy else 0

    def _forget(self, path: Path) -> None:
        path.unlink(missing_ok=True)
        self._store.files.mark_gone(path)
