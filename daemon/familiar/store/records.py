"""The tables that kinds of operations update: files, pictures made by familiar, sidecars and tags."""

import os
from pathlib import Path

from familiar.filesystem.stamps import changed_ns, modified_ns
from familiar.model import Tag
from familiar.store.files import Files
from familiar.store.flickr.tags import FlickrTags
from familiar.store.photos import Photos
from familiar.store.sidecars import Sidecars


class OperationRecords:
    """The tables that follow what operations do; the `Records` of `familiar.effects.kinds`."""

    def __init__(self, *, files: Files, photos: Photos, sidecars: Sidecars, tags: FlickrTags) -> None:
        """Take the tables."""
        self._files = files
        self._photos = photos
        self._sidecars = sidecars
        self._tags = tags

    def place(self, path: Path, photo_id: int) -> None:
        """Record that a photo is at a path."""
        try:
            found = path.stat()
        except OSError:
            return  # just removed, or unreadable: the next scan finds out
        self._files.place(
            path, photo_id=photo_id, size=found.st_size, mtime_ns=modified_ns(found), ctime_ns=changed_ns(found)
        )

    def mark_gone(self, path: Path) -> None:
        """Record that nothing is at a path any more."""
        self._files.mark_gone(path)

    def relinked(self, path: Path) -> None:
        """Record that the links of a file have changed, and with them its time of change, but not its content."""
        self._files.adopt_change(path)

    def changed(self, path: Path) -> None:
        """Record that the content of a file is not the one that is known: it is read again."""
        self._files.settle_again(path)

    def output(self, hash_: str) -> int:
        """Return the id of a picture made by familiar, by its SHA-256."""
        return self._photos.record_output(hash_)

    def want_tag(self, photo_id: int, tag: Tag, path: Path) -> None:
        """Record that a photo, whose file is at a path, is to have a tag."""
        self._tags.want(photo_id, tag, path)

    def veto_tag(self, photo_id: int, text: str, path: Path) -> None:
        """Record that a person undid a tag."""
        self._tags.veto(photo_id, text, path)

    def note_sidecar(self, path: Path, photo_id: int | None) -> None:
        """Record the state of a sidecar, and for a new one its photo."""
        self._sidecars.note_looks(path, photo_id)

    def hand_over_sidecar(self, source: Path, target: Path, *, moves: bool) -> None:
        """Record a sidecar at the path to which it was moved or copied."""
        self._sidecars.hand_over(source, target, moves=moves)

    def forget_sidecar(self, path: Path) -> None:
        """Forget a sidecar."""
        self._sidecars.forget(path)

    def hand_over_photo(self, source: Path, target: Path) -> None:
        """Record a photo, if one is known, at the path to which it was moved or copied as a companion."""
        known = self._files.at(source)
        if known is None or known.photo_id is None or known.state != "done":
            return  # the next scan finds it
        if not os.path.lexists(source):
            self._files.mark_gone(source)
        if os.path.lexists(target):
            self.place(target, known.photo_id)
