"""The files at paths after newer steps are undone, and the obstacles to undoing another step."""

import hashlib
import os
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from familiar.effects.disks import Disks
from familiar.effects.journal import Journal, Placement, Step, done_with
from familiar.effects.sharing import Sharing
from familiar.errors import OfflineError
from familiar.filesystem.files import BLOCK, Pulse
from familiar.filesystem.regular_files import open_regular

_NO_FILE = "no file"
"""What is at a path where there is something other than a regular file."""


class Outlook:
    """Looks at files, and remembers how they will be; touches nothing."""

    def __init__(self, journal: Journal, disks: Disks, pulse: Pulse, *, doomed: Iterable[Path] = ()) -> None:
        """Take the paths from which undos that are still to come remove files; `pulse` is called in long reads."""
        self.journal = journal
        self._disks = disks
        self._pulse = pulse
        self._doomed = Counter(doomed)
        self._undone: set[int] = set()
        self._noted: dict[Path, str | None] = {}
        self._present: dict[Path, Path] = {}
        """Where a file is now that will have been moved back to a path."""

    def at(self, path: Path) -> str | None:
        """Return what is at a path: a SHA-256, `-> PATH` for a link, or None for nothing; raises OSError."""
        if path not in self._noted:
            self._noted[path] = self._look(path)
        return self._noted[path]

    def note(self, path: Path, content: str | None) -> None:
        """Remember what will be at a path, as `at` returns it."""
        self._noted[path] = content
        self._present.pop(path, None)

    def passed(self, step: Step, *, removes: Path | None) -> None:
        """Note that a step will be undone, and that its undo, which removes what is at a path, is not still to come."""
        self._undone.add(step.id)
        if removes is not None:
            self._doomed[removes] -= 1

    def unreachable(self, step: Step, placement: Placement, *, goes_back: bool) -> str | None:
        """Say so if a disk is not there, or may not be written; that of the source too, if the file goes back there."""
        folder = placement.target.parent
        try:
            self._disks.check(folder, was=step.target_disk)
            if goes_back:
                self._disks.check(placement.source.parent, was=step.source_disk)
        except OfflineError as error:
            return str(error)
        if folder.is_dir() and not os.access(folder, os.W_OK | os.X_OK):
            return f"{folder} is not writable"
        return None

    def change_of(self, placement: Placement) -> str | None:
        """Say so if what a step has put somewhere is gone, or was changed."""
        now = self.at(placement.target)
        if now is None:
            return f"{placement.target} no longer exists"
        return None if now == placement.hash else f"{placement.target} was changed since"

    def sharing(self, step: Step) -> Sharing:
        """Return what tells which photos will share a companion with that of a step."""
        return Sharing(self.journal, self.names_in, undone={step.id, *self._undone})

    def names_in(self, folder: Path) -> set[str]:
        """Return the names that will be in a folder."""
        try:
            names = {path.name for path in folder.iterdir()}
        except OSError:
            names = set()
        noted = {path.name: content for path, content in self._noted.items() if path.parent == folder}
        return {name for name in names | noted.keys() if noted.get(name, "") is not None}

    def placed_with(self, step: Step) -> frozenset[Path]:
        """Return where steps of the same plan have put files."""
        return frozenset(other.target for other in done_with(self.journal, step) if other.target is not None)

    def move_back(self, placement: Placement, *, content: str | None, leaves_copy: bool = False) -> str | None:
        """Say why a file can't go back, or note that it does.

        `content` is what it must have, None for any; with `leaves_copy`, it is copied.
        """
        source, target = placement.source, placement.target
        now = self.at(target)
        if now is None or now.startswith("-> "):
            return f"{target} no longer exists"
        if content is not None and now != content:
            return f"{target} was changed since"
        if self.at(source) not in {None, now}:  # the same content there needs only its other name to go
            return f"{source} already exists"
        if leaves_copy:
            self.note(source, now)
            return None
        present = self._present.get(target, target)
        self.note(target, None)
        self.note(source, now)
        self._present[source] = present
        return None

    def has_other_photo(self, step: Step, placement: Placement, *, by_name: bool = False) -> bool:
        """Return whether the photo that a step has put somewhere is elsewhere too; a name counts if it is `by_name`."""
        if self.journal.is_elsewhere(step):
            return True
        paths = photo_paths(self.journal, step, placement)
        return any(self.is_copy(path, placement, by_name=by_name) for path in paths)

    def is_copy(self, path: Path, placement: Placement, *, by_name: bool = False) -> bool:
        """Return whether another file (with `by_name`: another name) with the content of a step stays."""
        return (
            self._doomed[path] < 1
            and self.at(path) == placement.hash
            and not self._is_one(path, placement.target, by_name=by_name)
            and not self._may_show(path, placement.target)
        )

    def _is_one(self, one: Path, other: Path, *, by_name: bool) -> bool:
        """Return whether two paths will lead to one file, or to one name of it."""
        if by_name:
            return _name_of(one) == _name_of(other)
        try:
            return os.path.samefile(*(self._present.get(path, path) for path in (one, other)))
        except OSError:
            return False

    def _may_show(self, path: Path, target: Path) -> bool:
        return self._disks.disk_of(path.parent).may_show(self._disks.disk_of(target.parent))

    def _look(self, path: Path) -> str | None:
        if path.is_symlink():
            return f"-> {path.readlink()}"
        if not os.path.lexists(path):
            return None
        if not path.is_file():
            return _NO_FILE
        with open_regular(path) as file:
            digest = hashlib.sha256()
            while block := file.read(BLOCK):
                digest.update(block)
                self._pulse()
        return digest.hexdigest()


def photo_paths(journal: Journal, step: Step, placement: Placement) -> list[Path]:
    """Return where another copy of the photo that a step has put somewhere may be, the most likely first."""
    paths = dict.fromkeys([placement.source, step.path, *journal.paths_of(step)])
    return [path for path in paths if path != placement.target]


def last_copy(placement: Placement, what: str) -> str:
    """Return the reason not to remove something that is nowhere else."""
    return f"{placement.target} is the last known copy of its {what}"


def _name_of(path: Path) -> str:
    """Return the path of a name, with links in it followed, but not one at its end."""
    return f"{os.path.realpath(path.parent)}/{path.name}"
