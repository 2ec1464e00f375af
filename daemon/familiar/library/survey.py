"""Index all photos in folders and their subfolders, for commands; only new photos are analysed."""

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from familiar.errors import FamiliarError, StoreError, UsageError, WorkersError
from familiar.filesystem.presence import Unread
from familiar.filesystem.stamps import Stamp
from familiar.library.concurrency import run_all
from familiar.library.indexing import Indexer
from familiar.library.photo_folders import note_errors
from familiar.library.recognition import Recogniser
from familiar.library.reencoding import Reencoder
from familiar.plurals import counted
from familiar.settings import FolderSettings
from familiar.sources.patterns import Patterns
from familiar.sources.walker import walk
from familiar.store.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexedFile:
    """The result of one file: the photo that it holds, or the reason why that can't be said."""

    path: Path
    photo: int | None
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """Files in their order: those whose photos are known (None for the others), and what is known of them."""

    files: tuple[Path, ...]
    known: dict[Path, IndexedFile]

    @property
    def unknown(self) -> tuple[Path, ...]:
        """The files that have to be analysed."""
        return tuple(path for path in self.files if path not in self.known)


def survey(store: Store, folders: Iterable[FolderSettings], model: str, unread: Unread) -> Survey:
    """Return the photos in folders, and those of them that the store knows; no file is opened.

    Photos whose faces another model encoded count as unknown. `unread` gets subfolders that can't be read.

    Raises:
        UsageError: a folder has no photo, or can't be read.
    """
    files: dict[Path, int | None] = {}
    for folder in folders:
        found = _files(store, folder, unread)
        if not found:
            raise UsageError(f"{folder.path}: no photos in this folder.")
        files.update(found)
    rows = store.photos.verdicts([photo for photo in files.values() if photo is not None], model)
    known = {
        path: IndexedFile(path=path, photo=None if reason else photo, reason=reason)
        for path, photo in files.items()
        if photo in rows
        for reason in [rows[photo]]
    }
    return Survey(files=tuple(files), known=known)


class FolderIndexer:
    """Looks at the photos of a survey that are not known, all side by side, and matches their faces."""

    def __init__(self, *, store: Store, indexer: Indexer, reencoder: Reencoder, recogniser: Recogniser) -> None:
        """Take the rooms."""
        self._store = store
        self._indexer = indexer
        self._reencoder = reencoder
        self._recogniser = recogniser

    async def look(self, found: Survey, progress: Callable[[int, int], None]) -> list[IndexedFile]:
        """Return the result of each file, in order; `progress` gets the number of analysed files and the total."""
        indexed_files = await run_all(map(self._index, found.unknown), progress)
        seen = found.known | {indexed.path: indexed for indexed in indexed_files}
        return [seen[path] for path in found.files]

    async def _index(self, path: Path) -> IndexedFile:
        try:
            photo_id = await self._indexer.index(path)
            await self._reencoder.reencode_photo(photo_id, path)
            self._recogniser.recognise(photo_id)
        except (StoreError, WorkersError):
            raise
        except FamiliarError as error:
            return IndexedFile(path=path, photo=None, reason=str(error))
        return IndexedFile(path=path, photo=photo_id)


def _files(store: Store, folder: FolderSettings, unread: Unread) -> dict[Path, int | None]:
    """Return the photos in a folder, each with its id where the store knows it."""
    errors: list[tuple[Path, str]] = []
    files: dict[Path, int | None] = {}
    listed: Path | None = None
    known: dict[tuple[str, Stamp], int] = {}
    for listing in walk(folder.path, folder.path, Patterns(folder), errors):
        if listing.folder != listed:  # a large folder comes in parts
            listed, known = listing.folder, store.sightings.in_folder(listing.folder)
        for name, size, mtime_ns, ctime_ns in listing.entries:
            text = os.fsdecode(name)
            stamps = (Stamp(size=size, mtime_ns=mtime_ns, ctime_ns=changed) for changed in (ctime_ns, None))
            photos = (known.get((text, stamp)) for stamp in stamps)
            files[Path(listing.folder, text)] = next((photo for photo in photos if photo is not None), None)
    note_errors(errors, folder.path, unread)
    return files


def photos_of(indexed_files: Sequence[IndexedFile]) -> dict[int, list[Path]]:
    """Return the photos that were seen, each with all its files."""
    photos: dict[int, list[Path]] = {}
    for indexed in indexed_files:
        if indexed.photo is not None:
            photos.setdefault(indexed.photo, []).append(indexed.path)
    return photos


def unusable(files: Sequence[tuple[Path | str, str]]) -> str:
    """Return a sentence, after a space, about files that can't be used, each with the reason; nothing without one."""
    if not files:
        return ""
    path, reason = files[0]
    return f" {counted(len(files), 'file')} can't be used; the first is {path}: {reason}."
