"""File systems and their mount points, and how to recognise one after it was unmounted.

A path does not identify a disk: a mount point exists without its disk, device numbers are reused, and two mounts of
one disk look like two disks.
"""

import errno
import os
import select
import weakref
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from familiar.filesystem import kernel

MOUNTS = Path("/proc/self/mountinfo")
_UDEV = Path("/run/udev/data")
_BOOT = Path("/proc/sys/kernel/random/boot_id")
_FSTAB = Path("/etc/fstab")
_ADDRESSES = Path("/proc/net/fib_trie")

_NETWORK = frozenset(
    {
        *("nfs", "nfs4", "cifs", "smb3", "smb2", "smbfs", "9p", "afs", "ceph", "glusterfs", "lustre", "davfs"),
        *("ncpfs", "vboxsf", "virtiofs", "vmhgfs", "prl_fs"),
    }
)
"""Types that send no events for changes made elsewhere, and that are known by their server and folder there."""

_LOCAL_FUSE = frozenset(
    {"fuseblk", "fuse.ntfs-3g", "fuse.exfat", "fuse.encfs", "fuse.gocryptfs", "fuse.fuse-overlayfs"}
)
"""FUSE types are taken for remote ones too, except for these."""

_REMOTE_FUSE = frozenset({f"fuse.{name}" for name in ("sshfs", "rclone", "s3fs", "gcsfuse", "glusterfs", "ceph-fuse")})

_STACKED = frozenset({"overlay", "aufs", "ecryptfs", "unionfs", "9p", "virtiofs", "vboxsf", "vmhgfs", "prl_fs"})
"""Types that show folders of another file system; those of virtual machines may show one folder twice."""

_VOLATILE = frozenset({"tmpfs", "ramfs"})
"""Types that no boot outlives, and that are another one after each."""

_FOR_MOUNTS = (Path("/mnt"), Path("/media"), Path("/run/media"))
"""Where folders are made for file systems to be mounted on (file-hierarchy(7))."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mount:
    """A line of `/proc/self/mountinfo` (proc(5)): its id, where, of what type, and from what."""

    id: int
    point: Path
    type: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Disk:
    """The identity of a file system; unknown parts are None.

    `id` is the file-system id of statvfs(3), `device` the number that it has now, `boot` that of the boot that it was
    seen in; `uuid` and `label` are udev's.
    """

    type: str
    source: str
    device: int
    id: int
    uuid: str | None = None
    label: str | None = None
    boot: str | None = None

    @property
    def is_network(self) -> bool:
        """Whether it is on another machine."""
        return self.type in _NETWORK or (self.type.startswith("fuse") and self.type not in _LOCAL_FUSE)

    def is_same(self, other: "Disk") -> bool:
        """Return whether two identities, possibly from different boots, are the same file system."""
        if self.type != other.type:
            return False
        if self.uuid is not None and other.uuid is not None:
            return self.uuid == other.uuid
        if self.is_network:
            return self.source == other.source
        if self.type in _VOLATILE and self.boot != other.boot:
            return True  # the former one can't exist any more
        return self.id == other.id if self.id or other.id else self.source == other.source

    def may_show(self, other: "Disk") -> bool:
        """Return whether a file here may be a file of another disk, at a second path.

        File systems that show those below them (FUSE, overlay) give their files numbers of their own, and do not notice
        at once that one has lost its name; and so do two shares of one server.
        """
        if self.device == other.device:
            return False  # the numbers of files tell
        if _stacks(self.type) or _stacks(other.type):
            return True
        servers = [disk.source.removeprefix("//").replace(":", "/").split("/")[0] for disk in (self, other)]
        if self.is_network and other.is_network:
            return servers[0] == servers[1]
        remote = servers[0] if self.is_network else servers[1] if other.is_network else None
        return remote is not None and _is_this_machine(remote)

    def beside(self, other: "Disk") -> str:
        """Return its name for people, distinguished from another disk."""
        return f"another {self}" if str(self) == str(other) else str(self)

    def __str__(self) -> str:
        """Return its name for people."""
        name = self.label or self.uuid or self.source
        return f"{name} ({self.type})"


class Mounts:
    """The mounts of this process's namespace, read again when they change."""

    def __init__(self) -> None:
        """Start without reading."""
        self._file: int | None = None
        self._changes = select.poll()
        self._mounts: dict[int, Mount] = {}
        self._disks: dict[tuple[int, int], Disk] = {}

    def disk_at(self, real: Path) -> Disk:
        """Return the file system of a path without links, or where it is missing of the nearest folder above it.

        Raises:
            OSError: it is unknown (a server does not answer).
        """
        descriptor = _open_nearest(real)
        try:
            return self.disk_of(descriptor)
        finally:
            os.close(descriptor)

    def disk_of(self, descriptor: int) -> Disk:
        """Return the file system of a held file or folder; raises OSError."""
        self._refresh()
        key = (os.fstat(descriptor).st_dev, os.fstatvfs(descriptor).f_fsid)
        if key not in self._disks:
            mount = self._mounts.get(kernel.mount_id(descriptor))
            if mount is None:
                raise OSError(errno.ESTALE, "its disk was just mounted or unmounted")
            self._disks[key] = self._look(descriptor, mount, *key)
        return self._disks[key]

    def _look(self, descriptor: int, mount: Mount, device: int, id_: int) -> Disk:
        known = _known_to_udev(device, mount.source)
        return Disk(
            type=mount.type,
            source=mount.source,
            device=device,
            id=id_,
            boot=_text(_BOOT) if mount.type in _VOLATILE else None,
            uuid=known.get("ID_FS_UUID") or (None if mount.type in _VOLATILE else kernel.volume_of(descriptor)),
            label=known.get("ID_FS_LABEL"),
        )

    def missing_mount(self, real: Path) -> Path | None:
        """Return the mount point above or at a path that seems to have no file system mounted.

        It is in `/etc/fstab`, or is empty in a folder for mount points. A mount of what is there anyway
        counts for nothing: systemd makes such mounts for `ReadWritePaths=`.
        """
        in_fstab = _points_in_fstab()
        for path in (real, *real.parents[:-1]):
            if _is_mounted(path):
                return None
            if path in in_fstab or _looks_bare(path):
                return path
        return None

    def _refresh(self) -> None:
        """Read the mounts if they have changed, which the kernel reports through poll(2)."""
        if self._file is None:
            self._file = os.open(MOUNTS, os.O_RDONLY | os.O_CLOEXEC)
            weakref.finalize(self, os.close, self._file)
            self._changes.register(self._file, select.POLLERR | select.POLLPRI)
        elif not self._changes.poll(0):
            return
        text = MOUNTS.read_text(encoding="utf-8", errors="surrogateescape")
        self._mounts = {mount.id: mount for mount in mounts_in(text)}
        self._disks.clear()


def mounts_in(text: str) -> Iterator[Mount]:
    """Yield the mounts in the text of `/proc/self/mountinfo`."""
    for line in text.splitlines():
        left, _, right = line.partition(" - ")
        type_, source = [*right.split(), ""][:2]
        yield Mount(
            id=int(left.split()[0]), point=Path(_unescaped(left.split()[4])), type=type_, source=_unescaped(source)
        )


def type_of(path: Path, mounts: str) -> str:
    """Return the type of the file system that a path is on.

    Args:
        path: an absolute path, without symbolic links.
        mounts: the text of `/proc/self/mountinfo` (proc(5)).
    """
    best, found = -1, ""
    for mount in mounts_in(mounts):
        if path.is_relative_to(mount.point) and len(mount.point.parts) >= best:
            best, found = len(mount.point.parts), mount.type
    return found


def is_network(path: Path) -> bool:
    """Return whether a folder is on a file system that sends no events."""
    try:
        kind = type_of(Path(os.path.realpath(path)), MOUNTS.read_text(encoding="utf-8", errors="surrogateescape"))
    except OSError:
        return False
    return kind in _NETWORK or (kind.startswith("fuse") and kind not in _LOCAL_FUSE)


def _stacks(type_: str) -> bool:
    is_fuse = type_.startswith("fuse") and type_ not in _LOCAL_FUSE | _REMOTE_FUSE
    return is_fuse or type_ in _STACKED


def _is_this_machine(server: str) -> bool:
    """Return whether a server's name or address belongs to this machine, without network access."""
    if server in {"localhost", "::1", os.uname().nodename} or server.startswith("127."):
        return True
    lines = [line.strip() for line in _text(_ADDRESSES).splitlines()]
    local = {lines[at - 1].removeprefix("|-- ") for at, line in enumerate(lines) if line == "/32 host LOCAL"}
    return server in local


def _is_mounted(path: Path) -> bool:
    """Return whether a path has another file system than its parent."""
    try:
        return os.lstat(path).st_dev != os.lstat(path.parent).st_dev
    except OSError:
        return False


def _looks_bare(path: Path) -> bool:
    """Return whether a folder for mounts is empty or missing, as without its disk."""
    if path.parent not in _FOR_MOUNTS and path.parent.parent not in _FOR_MOUNTS[1:]:
        return False
    try:
        with os.scandir(path) as entries:
            return next(entries, None) is None
    except FileNotFoundError:
        return True
    except OSError:
        return False


def _points_in_fstab() -> frozenset[Path]:
    """Return the mount points of file systems (fstab(5)), without bind mounts."""
    lines = (line.split() for line in _text(_FSTAB).splitlines() if not line.lstrip().startswith("#"))
    entries = (words for words in lines if len(words) > 3 and "bind" not in words[3])  # noqa: PLR2004 - its fields
    points = (Path(_unescaped(words[1])) for words in entries)
    return frozenset(point for point in points if point.is_absolute() and point != Path("/"))


def _open_nearest(real: Path) -> int:
    """Open a folder, or the nearest existing folder above it."""
    while True:
        try:
            return os.open(real, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except PermissionError:
            return os.open(real, os.O_PATH | os.O_CLOEXEC)
        except (FileNotFoundError, NotADirectoryError):
            real = real.parent


def _known_to_udev(device: int, source: str) -> dict[str, str]:
    """Return the record of udev about a disk, which is readable without `/dev`."""
    if source.startswith("/dev/"):
        with suppress(OSError):
            device = os.stat(source).st_rdev or device  # Btrfs has device numbers of its own
    lines = _text(_UDEV / f"b{os.major(device)}:{os.minor(device)}").splitlines()
    return dict(line.removeprefix("E:").split("=", 1) for line in lines if line.startswith("E:") and "=" in line)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="surrogateescape").strip()
    except OSError:
        return ""


def _unescaped(text: str) -> str:
    return text.encode("latin-1", "backslashreplace").decode("unicode_escape") if "\\" in text else text
