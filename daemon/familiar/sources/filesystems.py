"""What kind of file system a folder lies on, and how many folders may be watched."""

import os
from pathlib import Path

_NETWORK = frozenset(
    {
        *("nfs", "nfs4", "cifs", "smb3", "smb2", "smbfs", "9p", "afs", "ceph", "glusterfs", "lustre", "davfs"),
        *("ncpfs", "vboxsf", "virtiofs", "vmhgfs", "prl_fs"),
    }
)
"""Types that send no events for changes made elsewhere. FUSE types are taken for remote ones too, but for some:"""

_LOCAL_FUSE = frozenset(
    {"fuseblk", "fuse.ntfs-3g", "fuse.exfat", "fuse.encfs", "fuse.gocryptfs", "fuse.fuse-overlayfs"}
)

WATCH_LIMIT = Path("/proc/sys/fs/inotify/max_user_watches")
MOUNTS = Path("/proc/self/mountinfo")


def type_of(path: Path, mounts: str) -> str:
    """Return the type of the file system that a path lies on.

    Args:
        path: an absolute path, without symbolic links.
        mounts: the text of `/proc/self/mountinfo` (proc(5)).
    """
    best, found = -1, ""
    for line in mounts.splitlines():
        left, _, right = line.partition(" - ")
        point = Path(_unescaped(left.split()[4]))
        if path.is_relative_to(point) and len(point.parts) >= best:
            best, found = len(point.parts), right.split()[0]
    return found


def is_network(path: Path) -> bool:
    """Say whether a folder lies on a file system that sends no events."""
    try:
        kind = type_of(Path(os.path.realpath(path)), MOUNTS.read_text(encoding="utf-8", errors="surrogateescape"))
    except OSError:
        return False
    return kind in _NETWORK or (kind.startswith("fuse") and kind not in _LOCAL_FUSE)


def watch_limit() -> int | None:
    """Return how many folders a user may watch, or None where it is not known."""
    try:
        return int(WATCH_LIMIT.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None


def _unescaped(text: str) -> str:
    return text.encode("latin-1", "backslashreplace").decode("unicode_escape") if "\\" in text else text
