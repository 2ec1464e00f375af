"""Where photos come from: watched folders, and the cache of files from Flickr.

What the rest of the program asks of a path is answered by its source, so that nobody else compares folders.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from familiar.events import NO_LOG, EventLog
from familiar.model import FLICKR, FlickrFacts
from familiar.settings import FolderSettings, folder_name
from familiar.state import flickr_in
from familiar.store.store import Store

_PHOTOS = "photos"


class Origin(Protocol):
    """What rules need to know of the place that photos come from."""

    @property
    def is_remote(self) -> bool:
        """Whether the originals are elsewhere, and the files are only copies."""

    def name_of(self, path: Path, /) -> str:
        """Return the source's name in rules for one of its paths."""

    def flickr_facts(self, path: Path, /) -> FlickrFacts | None:
        """Return what Flickr says of the photo at one of its paths, or None if it is not from there."""


class Source(Origin, Protocol):
    """Where some photos come from."""

    def holds(self, path: Path, /) -> bool:
        """Return whether a path belongs to this source."""

    def reaches(self, path: Path, /) -> bool:
        """Return whether the file at a path may be read: it is no link out of this source."""

    def is_there(self, path: Path) -> bool:
        """Return whether a file is at a path, or is only out of reach, so that it is not known to be gone."""

    def mark_gone(self, path: Path) -> None:
        """Record that a file is gone, if it is known to be."""

    def known_hash(self, path: Path, /) -> str | None:
        """Return the hash of a file's content where it is known without reading the file, or None."""


class Sources:
    """All sources of a daemon; the last one takes whatever no other holds."""

    def __init__(self, *sources: Source) -> None:
        """Take the sources, the most particular first."""
        self._sources = sources

    def of(self, path: Path) -> Source:
        """Return the source of a path."""
        return next((source for source in self._sources[:-1] if source.holds(path)), self._sources[-1])


class FlickrCache:
    """The folders in the state folder in which files from Flickr are while they are needed, one for each account."""

    is_remote = True

    def __init__(self, store: Store, log: EventLog = NO_LOG) -> None:
        """Take the store that is in the state folder, and the log of files that are gone."""
        self._base = flickr_in(store.path.parent)
        self._within = f"{self._base}{os.sep}"
        self._store = store
        self._log = log
        self._hashes: dict[Path, str] = {}

    def holds(self, path: Path) -> bool:
        """Return whether a file is in the cache: its original is on Flickr, and can't be moved."""
        # Hardly any file is in the state folder; to compare paths costs more for all others.
        return str(path).startswith(self._within) and path.parent == self.folder_of(self.name_of(path))

    def folder_of(self, account: str) -> Path:
        """Return the folder for the files of an account."""
        return (self._base if account == FLICKR else self._base / account) / _PHOTOS

    def name_of(self, path: Path) -> str:
        """Return the name of the account of a file."""
        folder = path.parent.parent
        return FLICKR if folder == self._base else folder.name

    def flickr_facts(self, path: Path) -> FlickrFacts | None:
        """Return what Flickr says of a photo, as far as it was listed."""
        return self._store.flickr.facts_at(path)

    def reaches(self, _path: Path) -> bool:
        """Return True: nobody else writes into the state folder."""
        return True

    def is_there(self, path: Path) -> bool:
        """Return whether a file is in the cache; it is never out of reach, as the store is on the same disk."""
        return os.path.lexists(path)

    def mark_gone(self, path: Path) -> None:
        """Record that a file is gone from the cache, if it is."""
        if not self.is_there(path) and self._store.files.mark_gone(path):
            self._log.emit("file.gone", path=path)

    def note_hash(self, path: Path, hash_: str) -> None:
        """Remember the hash of a file that has been fetched just now."""
        self._hashes[path] = hash_

    def known_hash(self, path: Path) -> str | None:
        """Return the hash of a file that was fetched in this run, once."""
        return self._hashes.pop(path, None)


class ConfiguredFolders:
    """The configured folders, for commands that do not watch them."""

    is_remote = False

    def __init__(self, folders: Sequence[FolderSettings]) -> None:
        """Take the folders."""
        self._folders = folders

    def name_of(self, path: Path) -> str:
        """Return the name of the configured folder that contains a path, otherwise that of the file's own folder."""
        found = (folder.source for folder in self._folders if path.is_relative_to(folder.path))
        return next(found, folder_name(path.parent))

    def flickr_facts(self, _path: Path) -> None:
        """Return None: photos in folders are not on Flickr."""
