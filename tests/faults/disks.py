"""Two disks for one world: a second file system that can be taken away, where there are the rights to mount one."""

import ctypes
import os
import shutil
import tempfile
from pathlib import Path

from support.disks import MEMORY, other_than

_CLONE_NEWNS = 0x00020000
_MS_BIND, _MS_REC, _MS_PRIVATE = 4096, 16384, 1 << 18
_MNT_DETACH = 2


class Disks:
    """The folders `near` and `far` on two disks, `away` outside of both, `state`; all are empty after `clear`."""

    def __init__(self, base: Path | None = None, *, mounts: bool = True) -> None:
        """Make them in a folder of their own, by default in memory; with `mounts` the far one is mounted, if it may.

        Then this process has mounts of its own, which end with it.
        """
        self._mounts = mounts and _own_mounts()
        where = base or (MEMORY if os.access(MEMORY, os.W_OK) else Path(tempfile.gettempdir()))
        self.base = Path(tempfile.mkdtemp(prefix="familiar-faults-", dir=where)).resolve()
        self.near, self.away, self.state, self.logs = (self.base / name for name in ("near", "away", "state", "logs"))
        for folder in (self.near, self.away, self.state, self.logs):
            folder.mkdir()
        self._attached = True
        self._over: tuple[Path, ...] = ()
        if self._mounts:
            self._prepare_mounts()
        else:
            other = other_than(self.base) or self.base.parent
            self.far = self._second = Path(tempfile.mkdtemp(prefix="familiar-faults-", dir=other)).resolve()

    @property
    def can_mount(self) -> bool:
        return self._mounts

    @property
    def tops(self) -> tuple[Path, Path]:
        return (self.near, self.far)

    @property
    def inside(self) -> tuple[Path, ...]:
        """Return the folders in which familiar's files are now; what is below a mount point is among them."""
        if not self._mounts:
            return self.tops
        far = self.far if self._attached else self._disk
        return (self.near, far, self._bare / "far", *self._over)

    def detach(self) -> None:
        """Take the far disk away, even if files on it are open; its mount point is left, an empty folder."""
        if self._attached:
            _unmount(self.far)
            self._attached = False

    def cover(self) -> None:
        """Put another empty disk in the place of the far one."""
        self.detach()
        _mount("tmpfs", self.far, kind="tmpfs")
        self._over = (self.far,)

    def attach(self) -> None:
        """Bring the far disk back; what was written to another one in its place is kept outside."""
        if self._over:
            shutil.copytree(self.far, self.away / f"disk-{len([*self.away.iterdir()])}", symlinks=True)
            _unmount(self.far)
            self._over = ()
        if not self._attached:
            _mount(str(self._disk), self.far, flags=_MS_BIND)
            self._attached = True

    def clear(self) -> None:
        """Have the far disk in its place, and all folders empty."""
        self.attach()
        for folder in (*self.inside, self.away, self.state, self.logs):
            for entry in os.scandir(folder):
                if entry.is_dir(follow_symlinks=False):
                    shutil.rmtree(entry.path)
                else:
                    os.unlink(entry.path)  # noqa: PTH108 - it is there
        for name in ("in", "out"):
            (self.near / name).mkdir()
            (self.far / name).mkdir()

    def close(self) -> None:
        """Leave nothing."""
        self.clear()
        if self._mounts:
            for place in (self.far, self._disk, self._bare):
                _unmount(place)
        else:
            shutil.rmtree(self._second)
        shutil.rmtree(self.base)

    def _prepare_mounts(self) -> None:
        self.far, self._disk, self._bare = (self.base / name for name in ("far", "disk", "bare"))
        for folder in (self.far, self._disk, self._bare):
            folder.mkdir()
        _mount("tmpfs", self._disk, kind="tmpfs")
        _mount(str(self.base), self._bare, flags=_MS_BIND)  # shows what is below the mount point of the far disk
        _mount(str(self._disk), self.far, flags=_MS_BIND)


def _own_mounts() -> bool:
    """Let this process have mounts of its own, which end with it; say whether it may."""
    libc = ctypes.CDLL(None, use_errno=True)
    if os.geteuid() != 0 or libc.unshare(_CLONE_NEWNS) != 0:
        return False
    return bool(libc.mount(b"none", b"/", None, _MS_REC | _MS_PRIVATE, None) == 0)


def _mount(what: str, where: Path, *, kind: str | None = None, flags: int = 0) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(what.encode(), os.fsencode(where), kind and kind.encode(), flags, None) != 0:
        raise OSError(ctypes.get_errno(), "can't be mounted", str(where))


def _unmount(where: Path) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.umount2(os.fsencode(where), _MNT_DETACH) != 0:
        raise OSError(ctypes.get_errno(), "can't be unmounted", str(where))
