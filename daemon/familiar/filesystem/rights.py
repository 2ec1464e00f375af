"""Owner, group, rights and access list of a file: they bound what is made from it."""

import os
import stat
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

ACCESS = "system.posix_acl_access"
"""The extended attribute of an access control list (acl(5))."""
_STATUS = Path("/proc/self/status")
_NEW = 0o666
"""The rights of a new file, without those that the umask takes."""
_SAME = -1
"""An owner or group that stays as it is (chown(2))."""
_STRICT = 0o077
"""The umask where it is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rights:
    """The rights of a file; `access` is its access control list, as the kernel has it, if it has one."""

    owner: int
    group: int
    mode: int
    access: bytes | None = None

    @classmethod
    def of(cls, descriptor: int) -> "Rights":
        """Return the rights of an open file."""
        found = os.fstat(descriptor)
        access = None
        with suppress(OSError):  # there is none, or the file system has no such lists
            access = os.getxattr(descriptor, ACCESS)
        return cls(owner=found.st_uid, group=found.st_gid, mode=stat.S_IMODE(found.st_mode), access=access)

    def for_made(self) -> "Rights":
        """Return the rights of a file that is made from this one: at most its own, and at most those of a new file."""
        return Rights(owner=self.owner, group=self.group, mode=self.mode & _NEW & ~_umask(), access=self.access)

    def give(self, descriptor: int) -> None:
        """Give a file of this process these rights, or fewer, if an owner, a group or a list can't be given.

        Only the superuser gives files to others. Rights that were meant for a group are for no other group, and those
        of a list are for nobody where the file system has no lists; then the group has at most what everybody has.
        """
        is_owned, is_grouped = _hand_over(descriptor, self.owner, self.group)
        is_listed = _set_access(descriptor, self.access if is_grouped else None)
        mode = self.mode
        if not is_owned:
            mode &= ~stat.S_ISUID
        if not is_grouped or (self.access is not None and not is_listed):
            mode &= ~stat.S_ISGID & ~stat.S_IRWXG | (mode & stat.S_IRWXO) << 3
        with suppress(OSError):  # FAT has no rights
            os.fchmod(descriptor, mode)


PRIVATE = Rights(owner=_SAME, group=_SAME, mode=0o600)
"""Those of a file of which it is not known what it is made from: nobody but its owner reads it."""


def _hand_over(descriptor: int, owner: int, group: int) -> tuple[bool, bool]:
    """Give a file to an owner and a group as far as allowed; return whether each has it now."""
    for wanted in ((owner, group), (-1, group)):
        with suppress(OSError):
            os.fchown(descriptor, *wanted)
            break
    found = os.fstat(descriptor)
    return owner in {_SAME, found.st_uid}, group in {_SAME, found.st_gid}


def _set_access(descriptor: int, access: bytes | None) -> bool:
    """Give a file an access control list, or take the one that its folder has given it; return whether it has it."""
    try:
        if access is None:
            os.removexattr(descriptor, ACCESS)
        else:
            os.setxattr(descriptor, ACCESS, access)
    except OSError:
        return False
    return True


def _umask() -> int:
    """Return the umask of this process; the call that returns it sets it, for all threads."""
    with suppress(OSError, ValueError):
        for line in _STATUS.read_text(encoding="ascii", errors="replace").splitlines():
            if line.startswith("Umask:"):
                return int(line.split()[1], 8)
    return _STRICT
