"""One try to carry out a step: open its folders, reserve its target in the journal, then put something there."""

import hashlib
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from familiar.effects.disks import Disks
from familiar.effects.hidden import Hidden
from familiar.effects.journal import Journal, Outcome, Reservation, Step
from familiar.effects.names import free_name, is_copy
from familiar.effects.placement import hold_photo, place_bytes
from familiar.effects.step_work import StepWork
from familiar.errors import FamiliarError, GoneError, OfflineError
from familiar.filesystem.files import Pulse, has_content
from familiar.filesystem.folders import Entry, Folder
from familiar.filesystem.rights import PRIVATE, Rights
from familiar.model import FileOperation


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFile:
    """The source file: its path, and its name in its folder, None if the folder is gone."""

    path: Path
    entry: Entry | None

    @property
    def size(self) -> int:
        """The size of the file, or of the photo that a link there leads to; raises GoneError, OSError."""
        found = None if self.entry is None else self.entry.look()
        if self.entry is None or found is None:
            raise GoneError(f"{self.path}: no longer exists")
        if stat.S_ISREG(found.st_mode):
            return found.st_size
        with hold_photo(self.entry) as held:
            return held.identity.size


Place: TypeAlias = Callable[[SourceFile, Entry, Hidden], None]
"""Puts a photo at a target, through hidden names."""

IsThere: TypeAlias = Callable[[SourceFile, Entry], bool]
"""Says whether what is at a name counts as well as a copy of the photo."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    """The content of the target, and how to put it there."""

    source: SourceFile
    hash: str
    size: int
    place: Callable[[Entry, Hidden], None]
    is_there: Callable[[Entry], bool]


class Attempt(StepWork):
    """What a kind needs to do a step; the folders are open until the end of its block."""

    def __init__(
        self,
        step: Step,
        *,
        journal: Journal,
        disks: Disks,
        pulse: Pulse,
        rendered: bytes | None = None,
        before: bytes | None = None,
    ) -> None:
        """Take the step, and prepared bytes: those for the target, and those that were there."""
        super().__init__(step, journal=journal, disks=disks, pulse=pulse)
        self.rendered = rendered
        self.before = before

    def put_photo(
        self, wish: FileOperation, place: Place, is_there: IsThere = lambda _source, _entry: False
    ) -> Outcome:
        """Put the photo, or a link to it, at the wished path, or at the first free name next to it.

        Args:
            wish: the step's operation.
            place: how to put it there.
            is_there: whether a file with the wished name counts as the result.
        """
        step, begun = self.step, self.step.is_begun
        source = self.source(step.source if begun and step.source is not None else step.path)
        is_over = begun and source.entry is not None and not source.entry.exists
        wanted = _Wanted(
            source=source,
            hash=step.photo_hash,
            size=0 if is_over else source.size,
            place=lambda target, hidden: place(source, target, hidden),
            is_there=lambda entry: is_there(source, entry),
        )
        return self._put(wish, wanted)

    def put_bytes(self, wish: FileOperation, data: bytes) -> Outcome:
        """Write a file at the wished path, or at the first free name next to it."""
        step = self.step
        path = step.source if step.is_begun and step.source is not None else step.path
        wanted = _Wanted(
            source=SourceFile(path=path, entry=None),
            hash=hashlib.sha256(data).hexdigest(),
            size=len(data),
            place=lambda target, hidden: place_bytes(
                data, target, hidden, rights=self.rights_for_made(path), pulse=self.pulse
            ),
            is_there=lambda _: False,
        )
        return self._put(wish, wanted)

    def rights_for_made(self, photo: Path) -> Rights:
        """Return the rights of what is made from a photo; only its owner reads it if the photo can't be looked at."""
        try:
            with hold_photo(self.source(photo).entry) as held:
                return Rights.of(held.descriptor).for_made()
        except (FamiliarError, OSError):
            return PRIVATE

    def source(self, path: Path) -> SourceFile:
        """Return a file that is acted on, in its folder; raises OfflineError, OSError."""
        try:
            folder = self._stack.enter_context(self._disks.open(path.parent))
        except FileNotFoundError:
            return SourceFile(path=path, entry=None)
        return SourceFile(path=path, entry=Entry(folder, path.name))

    def folder(self, path: Path) -> Folder:
        """Return a folder that is there; raises OfflineError, OSError."""
        return self._stack.enter_context(self._disks.open(path))

    def target_folder(self, path: Path, *, top: Path | None = None) -> Folder:
        """Return a folder to put something into, which is created if needed; raises as `Disks.make` does."""
        real = self.step.target_real if self.step.is_begun else None
        return self._stack.enter_context(self._disks.make(path, top=top, real=real))

    def reserve(self, source: SourceFile, target: Entry, hash_: str) -> Hidden:
        """Record what is about to be done; return the hidden names to use."""
        step, hidden, entry = self.step, Hidden.fresh(self.step.id), source.entry
        reservation = Reservation(
            source=source.path,
            target=target.path,
            temporary=target.with_name(hidden.new).path,
            hash=hash_,
            before=self.before,
            source_real=step.source_real if entry is None else entry.folder.real,
            target_real=target.folder.real,
            source_disk=step.source_disk if entry is None else entry.folder.disk,
            target_disk=target.folder.disk,
        )
        self.journal.reserve(step, reservation)
        return hidden

    def is_written(self) -> bool:
        """Return whether an earlier try has put its file at the target."""
        step = self.step
        if not step.is_begun or step.target is None or step.hash is None:
            return False
        try:
            with self._disks.open(step.target.parent, real=step.target_real) as folder:
                return has_content(Entry(folder, step.target.name), step.hash, self.pulse)
        except (OSError, OfflineError):
            return False

    def _put(self, wish: FileOperation, wanted: _Wanted) -> Outcome:
        """Put the file at the target of an earlier try, or else at the first free name, unless it is there."""
        step = self.step
        folder = self.target_folder(wish.target.parent, top=wish.top)
        if step.is_begun and step.target is not None and not self.journal.is_claimed(step):
            try:
                return self._place(wanted, Entry(folder, step.target.name))
            except FileExistsError:
                pass  # the name was taken since: use another one

        def is_there(entry: Entry) -> bool:
            return wanted.is_there(entry) or is_copy(entry, wanted.hash, wanted.size, self.pulse)

        while True:
            target, found = free_name(Entry(folder, wish.target.name), is_there)
            if found:
                return Outcome(state="kept", target=target.path)
            try:
                return self._place(wanted, target)
            except FileExistsError:
                continue

    def _place(self, wanted: _Wanted, target: Entry) -> Outcome:
        hidden = self.reserve(wanted.source, target, wanted.hash)
        wanted.place(target, hidden)
        return Outcome(state="done", target=target.path)
