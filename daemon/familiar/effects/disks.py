"""Open the folders of effects: only on their recorded disks, and not through new links.

A place is a folder that is known: a watched root, or the folder that a target never leads out of. The first time that
something is put below it, it is remembered where its path leads and which file system that is. From then on what is
to be done there waits while another file system is in its place, as the bare mount point of a disk that is not mounted.
"""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from familiar.errors import OfflineError
from familiar.filesystem.folders import Folder
from familiar.filesystem.mounts import Disk, Mounts
from familiar.filesystem.stamps import modified_ns

_SAMPLE = 20
"""Files by which a place is known again whose disk can't be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownFolder:
    """A known folder: where its path led, its file system, and whether a person trusted it."""

    path: Path
    real: Path
    disk: Disk
    is_root: bool = False
    is_trusted: bool = False

    @property
    def leads_elsewhere(self) -> bool:
        """Whether its path has links, which may lead elsewhere now."""
        return self.real != self.path


class KnownFolders(Protocol):
    """The storage of places. Each call is durable when it returns."""

    def covering(self, folder: Path) -> Sequence[KnownFolder]:
        """Return the places that contain a folder, or are it, the innermost last."""

    def remember(self, path: Path, *, real: Path, disk: Disk, trusted: bool = False) -> None:
        """Store or update a place; trusted places stay trusted."""

    def sample(self, path: Path, *, limit: int) -> Iterable[tuple[Path, int, int]]:
        """Yield some of the known files below a folder: path, size, mtime in ns."""

    def count(self, root: Path) -> int:
        """Count the known files in a root."""


class NoKnownFolders:
    """A storage without places, as before the first start."""

    def covering(self, folder: Path) -> Sequence[KnownFolder]:  # noqa: ARG002 - the contract's signature
        """Return nothing."""
        return ()

    def remember(self, path: Path, *, real: Path, disk: Disk, trusted: bool = False) -> None:
        """Do nothing."""

    def sample(self, path: Path, *, limit: int) -> Iterable[tuple[Path, int, int]]:  # noqa: ARG002
        """Yield nothing."""
        return ()

    def count(self, root: Path) -> int:  # noqa: ARG002
        """Return 0."""
        return 0


class Disks:
    """Opens folders if the disks of their places are mounted."""

    def __init__(self, places: KnownFolders, mounts: Mounts | None = None) -> None:
        """Take the storage of places, and the mounts of the kernel."""
        self._places = places
        self._mounts = mounts or Mounts()

    def open(self, folder: Path, *, real: Path | None = None) -> Folder:
        """Open an existing folder.

        Args:
            folder: the folder.
            real: its former real path, if it is in no known place.

        Raises:
            OfflineError: a place that contains it is on another disk than before, or gone.
            OSError: it is missing, a component is a link by now, or it is not readable.
        """
        places = self._places.covering(folder)
        if places:
            return self._below(places, folder)
        return self._known(Folder.follow(folder) if real is None else Folder.open(real, shown=folder))

    def make(self, folder: Path, *, top: Path | None = None, real: Path | None = None) -> Folder:
        """Open a folder to put files into, and create it if it is missing; its place is recorded.

        Args:
            folder: the folder.
            top: its base folder, which is the place to record; None for none.
            real: its former real path, if it is in no known place.

        Raises:
            OfflineError: the place is on another disk than before, or looks like a mount point without its disk.
            OSError: it can't be created or opened.
        """
        places = list(self._places.covering(folder))
        if top is not None and all(place.path != top for place in places):
            self._check(places)
            places.append(self._begin(top))
        if not places:
            real = real or Path(os.path.realpath(folder))
            self._refuse_bare(folder, real)
            return self._known(Folder.make(real, shown=folder))
        opened = self._below(places, folder, make=True)
        self._note_crossing(folder, opened, places)
        return opened

    def _below(self, places: Sequence[KnownFolder], folder: Path, *, make: bool = False) -> Folder:
        """Open a folder through its innermost place, which is held and on its disk, so that everything below is, too.

        Each check uses held folders, not paths, so that mounting or unmounting a disk in between changes nothing.
        """
        place = places[-1]
        with self._held(places, make=make) as top:
            rest = place.real.relative_to(top.path) / folder.relative_to(place.path)
            return self._known(top.below(rest, shown=folder, make=make))

    def _held(self, places: Sequence[KnownFolder], *, make: bool) -> Folder:
        """Hold the innermost place, or if it has to be created, the nearest folder above it, on the place's disk."""
        place = places[-1]
        if place.leads_elsewhere:
            self._check(places)
        try:
            top = Folder.open(place.real)
        except FileNotFoundError:
            self._check(places)
            if not make:
                raise
            top = Folder.nearest(place.real)
        except OSError:
            self._check(places)
            raise
        try:
            self._check_disk(self._known(top), places)
        except BaseException:
            top.close()
            raise
        return top

    def _check_disk(self, top: Folder, places: Sequence[KnownFolder]) -> None:
        """Check that a held folder is on the disk of the innermost place."""
        if top.is_on(places[-1].disk):
            return
        self._check(places)  # it detects changes, except for a disk that is identified by its files
        place = self._places.covering(places[-1].path)[-1]
        if not top.is_on(place.disk):
            raise OfflineError(place.path, f"{place.path}: its disk {place.disk} was just mounted or unmounted")

    def _known(self, opened: Folder) -> Folder:
        """Record the disk of an opened folder."""
        try:
            opened.disk = self._mounts.disk_of(opened.descriptor)
        except BaseException:
            opened.close()
            raise
        return opened

    def disk_of(self, folder: Path) -> Disk:
        """Return the disk of a folder, which may not exist yet; raises OSError."""
        return self._mounts.disk_at(self._real(folder, self._places.covering(folder)))

    def check(self, folder: Path, *, was: Disk | None = None, to_make: bool = False) -> None:
        """Check that the disk of a folder is mounted.

        Args:
            folder: the folder, which may be missing.
            to_make: files will be put into it, so it must not be a bare mount point.
            was: its disk when a file was put there or taken from there.

        Raises:
            OfflineError: it is not.
        """
        places = self._places.covering(folder)
        self._check(places)
        if to_make and all(place.path != folder for place in places):
            self._refuse_bare(folder, self._real(folder, places))
        if was is None:
            return
        with Folder.nearest(self._real(folder, places)) as held:
            now = self._mounts.disk_of(held.descriptor)
            trusted = any(place.is_trusted and place.disk.is_same(now) for place in places)
            is_right = was.is_same(now) or trusted or self._vouches(held, folder)
        if not is_right:
            remedy = f"mount it, or, if the change is intended, run `familiar disks trust {folder}`"
            raise OfflineError(
                folder, f"{folder}: its disk {was} is not mounted ({now.beside(was)} is in its place); {remedy}"
            )

    def is_ready(self, folder: Path) -> bool:
        """Return whether a folder of an `OfflineError` is available again."""
        try:
            self.check(folder, to_make=True)
        except (OSError, OfflineError):
            return False
        return True

    def place_of(self, path: Path) -> KnownFolder | None:
        """Return the record of a place, if it is one."""
        return next((place for place in self._places.covering(path) if place.path == path), None)

    def remember(self, path: Path, *, trusted: bool = False) -> KnownFolder:
        """Record a folder as a place, in its present state; raises OSError."""
        real = Path(os.path.realpath(path))
        disk = self._mounts.disk_at(real)
        self._places.remember(path, real=real, disk=disk, trusted=trusted)
        return KnownFolder(path=path, real=real, disk=disk, is_trusted=trusted)

    def move_of(self, place: KnownFolder) -> str | None:
        """Return the present and the recorded disk of a place, to follow "it is on", if they differ."""
        real = Path(os.path.realpath(place.path))
        disk = self._mounts.disk_at(real)
        if not disk.is_same(place.disk):
            is_alike = str(disk) == str(place.disk)
            return f"another {disk} than before" if is_alike else f"another disk than before ({disk}, not {place.disk})"
        return None if real == place.real else f"another path than before ({real}, not {place.real})"

    def trust(self, folder: Path) -> KnownFolder:
        """Replace the record of a folder by its present state; raises OSError."""
        return self.remember(folder, trusted=True)

    def trouble_with(self, place: KnownFolder) -> str | None:
        """Return how a place has changed, and the remedy; None if it has not."""
        real = Path(os.path.realpath(place.path))
        remedy = f"or, if the change is intended, run `familiar disks trust {place.path}`"
        if real != place.real:
            return f"leads to {real} now, and led to {place.real} before; fix the link, {remedy}"
        trouble = self._trouble_of_root(place) if place.is_root else None
        if trouble is not None:
            return trouble
        with Folder.nearest(place.real) as held:
            disk = self._mounts.disk_of(held.descriptor)
            if disk.is_same(place.disk):
                return None
            if held.path == place.real and self._vouches(held, place.path):
                self._places.remember(place.path, real=real, disk=disk)
                return None
        return f"its disk {place.disk} is not mounted ({disk.beside(place.disk)} is in its place); mount it, {remedy}"

    def _check(self, places: Iterable[KnownFolder]) -> None:
        """Check that all places are unchanged."""
        for place in places:
            trouble = self.trouble_with(place)
            if trouble is not None:
                raise OfflineError(place.path, f"{place.path}: {trouble}")

    def _trouble_of_root(self, place: KnownFolder) -> str | None:
        try:
            with os.scandir(place.real) as entries:
                is_empty = next(entries, None) is None
            state = "empty"
        except FileNotFoundError:
            is_empty, state = True, "missing"
        except OSError as error:
            return f"the watched folder can't be read: {error.strerror}"
        files = self._places.count(place.path) if is_empty else 0
        return f"the watched folder is {state}, but {files} of its files are known" if files else None

    def _vouches(self, held: Folder, path: Path) -> bool:
        """Return whether at least half of the files that are known below a path are below a held folder, unchanged."""
        known = list(self._places.sample(path, limit=_SAMPLE))
        found = sum(_is_unchanged(held, file.relative_to(path), size, mtime) for file, size, mtime in known)
        return bool(known) and 2 * found >= len(known)

    def _begin(self, top: Path) -> KnownFolder:
        self._refuse_bare(top, Path(os.path.realpath(top)))
        return self.remember(top)  # through the links that the user created, once

    def _refuse_bare(self, folder: Path, real: Path) -> None:
        point = self._mounts.missing_mount(real)
        if point is not None:
            raise OfflineError(
                folder,
                f"{folder}: no disk is mounted at {point}; mount it, or, if none belongs there, create the folder and "
                f"run `familiar disks trust {folder}`",
            )

    def _note_crossing(self, folder: Path, opened: Folder, places: Sequence[KnownFolder]) -> None:
        """Record a file system that is mounted below a place, to detect when it is unmounted."""
        disk = opened.disk
        if disk is None or disk.is_same(places[-1].disk):
            return
        real = self._real(folder, places)
        while folder != places[-1].path and self._mounts.disk_at(real.parent).is_same(disk):
            folder, real = folder.parent, real.parent
        if folder != places[-1].path:
            self._places.remember(folder, real=real, disk=disk)

    def _real(self, folder: Path, places: Sequence[KnownFolder]) -> Path:
        """Return the path of a folder: as recorded for its innermost place, without links below that."""
        if not places:
            return Path(os.path.realpath(folder))
        return places[-1].real / folder.relative_to(places[-1].path)


def _is_unchanged(held: Folder, file: Path, size: int, mtime_ns: int) -> bool:
    try:
        found = os.stat(file, dir_fd=held.descriptor)
    except OSError:
        return False
    return (found.st_size, modified_ns(found)) == (size, mtime_ns)
