"""The disks of the folders that effects use, as shown to people."""

import errno
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from familiar.effects.disks import Disks
from familiar.effects.kinds.contract import PERMANENT
from familiar.errors import OfflineError, UsageError
from familiar.library.live_photos import mark_gone
from familiar.store.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A folder, the disk that it is on, and what is wrong with that; without a store nothing is known before.

    `is_refused` says that operations there do not wait until that is mended, but are refused.
    """

    folder: Path
    disk: str
    trouble: str | None = None
    is_refused: bool = False


def targets(disks: Disks, folders: Iterable[Path]) -> Iterator[Target]:
    """Give each folder with its disk, whether or not anything was put there before."""
    for folder in folders:
        try:
            disk = str(disks.disk_of(folder))
            disks.check(folder, to_make=True)
            _check_writable(folder)
        except OfflineError as error:
            yield Target(folder=folder, disk=disk, trouble=str(error))
        except OSError as error:
            trouble = f"{error.filename or folder}: {error.strerror}"
            yield Target(folder=folder, disk="unknown", trouble=trouble, is_refused=error.errno in PERMANENT)
        else:
            yield Target(folder=folder, disk=disk)


def _check_writable(folder: Path) -> None:
    """Check that files can be put into a folder, or that it can be made; raises PermissionError."""
    nearest = next(path for path in (folder, *folder.parents) if os.path.lexists(path))
    if not os.access(nearest, os.W_OK | os.X_OK):
        number = errno.EROFS if os.statvfs(nearest).f_flag & os.ST_RDONLY else errno.EACCES
        raise OSError(number, os.strerror(number), str(nearest))


def known_places(store: Store, disks: Disks) -> Iterator[Target]:
    """Give each folder that is known with the disk that it was on."""
    for place in store.places.all():
        try:
            trouble = disks.trouble_with(place)
        except OSError as error:
            trouble = error.strerror
        yield Target(folder=place.path, disk=str(place.disk), trouble=trouble)


def trust(store: Store, disks: Disks, folder: Path) -> Target:
    """Remember the disk that a folder is on now, and where its path leads; what is missing in a watched one is gone.

    Faces and names of photos that are gone are kept.

    Raises:
        UsageError: there is no such folder.
        OSError: its disk can't be told.
    """
    if not folder.is_dir():
        raise UsageError(f"{folder}: no such folder; create it first, on the intended disk.")
    with store.writing():
        place = disks.trust(folder)
        for root in store.roots.all():
            if root.path == folder:
                for path in store.files.in_root(root.id):
                    if not path.exists():
                        mark_gone(store, path)
                store.roots.set_online(root.id, device=place.disk.device)
    return Target(folder=folder, disk=str(place.disk))
