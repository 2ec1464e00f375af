"""Calls of the kernel that Python's `os` does not have: openat2(2), renameat2(2), and leases of fcntl(2)."""

import ctypes
import errno
import fcntl
import os
import signal
import uuid
from contextlib import suppress
from pathlib import Path

_SYS_OPENAT2 = 437  # the same number on all architectures
_NO_MAGICLINKS, _NO_SYMLINKS, _BENEATH = 0x02, 0x04, 0x08  # openat2(2), `resolve`
_NO_FOLDER = -1
"""An absolute path needs none."""
_NOREPLACE, _EXCHANGE = 1, 2  # renameat2(2)
_NOT_SUPPORTED = frozenset({errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP})
_LEASES_BY_SERVER = frozenset({0x6969, 0xFF534D42, 0xFE534D42})
"""NFS, CIFS and SMB2 (magic.h of Linux): they give a lease only where the server gave one, and else say *busy*."""

_libc = ctypes.CDLL(None, use_errno=True)


class _OpenHow(ctypes.Structure):
    _fields_ = (("flags", ctypes.c_uint64), ("mode", ctypes.c_uint64), ("resolve", ctypes.c_uint64))


def open_without_links(path: str, flags: int, *, folder: int | None = None) -> int:
    """Open a path without following any link in it: an absolute one, or one that leads down from an open folder.

    Raises:
        OSError: ELOOP for a link among the components; ENOSYS where the kernel or a filter of calls has no openat2.
    """
    beneath = 0 if folder is None else _BENEATH
    how = _OpenHow(flags | os.O_CLOEXEC, 0, _NO_SYMLINKS | _NO_MAGICLINKS | beneath)
    start = _NO_FOLDER if folder is None else folder
    found = _libc.syscall(_SYS_OPENAT2, start, os.fsencode(path), ctypes.byref(how), ctypes.sizeof(how))
    if found >= 0:
        return int(found)
    number = ctypes.get_errno()
    raise OSError(errno.ENOSYS if number in {errno.EPERM, errno.EAGAIN} else number, os.strerror(number), path)


def rename_no_replace(source: str, target: str, *, source_folder: int, target_folder: int) -> None:
    """Rename without replacing anything.

    Raises:
        FileExistsError: something has the target's name.
        NotImplementedError: the file system can't do that in one step.
        OSError: it can't be done.
    """
    _rename(source, target, source_folder, target_folder, _NOREPLACE)


def exchange(one: str, other: str, *, folder: int) -> None:
    """Exchange two names of one folder in one step.

    Raises:
        NotImplementedError: the file system can't do that.
        OSError: it can't be done.
    """
    _rename(one, other, folder, folder, _EXCHANGE)


def _rename(source: str, target: str, source_folder: int, target_folder: int, flags: int) -> None:
    call = getattr(_libc, "renameat2", None)
    if call is None:
        raise NotImplementedError
    if call(source_folder, os.fsencode(source), target_folder, os.fsencode(target), flags) == 0:
        return
    number = ctypes.get_errno()
    if number in _NOT_SUPPORTED:
        raise NotImplementedError(os.strerror(number))
    raise OSError(number, os.strerror(number), source, None, target)


def volume_of(descriptor: int) -> str | None:
    """Return the UUID of the file system that a folder is on, as udev writes it; None where it does not tell.

    Asks by FS_IOC_GETFSUUID (Linux 6.9), XFS_IOC_FSGEOMETRY_V1 and FAT_IOCTL_GET_VOLUME_ID, which need no permissions.
    """
    for request, size, at, length in ((0x80111500, 17, 1, 16), (0x80705864, 112, 64, 16), (0x80047213, 4, 0, 4)):
        buffer = bytearray(size)
        try:
            fcntl.ioctl(descriptor, request, buffer)
        except OSError:
            continue
        found = bytes(buffer[at : at + length])
        if not any(found):
            continue
        if length == 4:  # noqa: PLR2004 - FAT
            return f"{found[3]:02X}{found[2]:02X}-{found[1]:02X}{found[0]:02X}"
        if request != 0x80111500 or buffer[0] == length:  # noqa: PLR2004 - as above
            return str(uuid.UUID(bytes=found))
    return None


def take_lease(descriptor: int) -> None:
    """Take a read lease: programs that open the file for writing wait until it is released, or 45 seconds.

    The kernel reports the waiting program with a signal; SIGIO would end the process, SIGURG is ignored.

    Raises:
        BlockingIOError: somebody has the file open for writing.
        OSError: it is the file of another user, or the file system has no leases.
    """
    if _type_of(descriptor) in _LEASES_BY_SERVER:
        raise OSError(errno.EOPNOTSUPP, os.strerror(errno.EOPNOTSUPP))
    fcntl.fcntl(descriptor, fcntl.F_SETSIG, signal.SIGURG)
    fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)


def has_lease(descriptor: int) -> bool:
    """Return whether a read lease is held and no program waits for it."""
    return fcntl.fcntl(descriptor, fcntl.F_GETLEASE) == fcntl.F_RDLCK


def give_back_lease(descriptor: int) -> None:
    """Release a lease, if there is one."""
    with suppress(BlockingIOError):
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_UNLCK)


def _type_of(descriptor: int) -> int:
    buffer = (ctypes.c_long * 32)()  # struct statfs begins with f_type, and is shorter than that (statfs(2))
    return int(buffer[0]) if _libc.fstatfs(descriptor, buffer) == 0 else 0


def mount_id(descriptor: int) -> int:
    """Return the id that `/proc/self/mountinfo` has for the mount through which a descriptor was opened (proc(5))."""
    return int(_about(Path("/proc/self"), str(descriptor), "mnt_id"))


def open_flags(process: Path, descriptor: str) -> int:
    """Return the flags of open(2) with which a process has opened one of its descriptors (proc(5)); raises OSError."""
    return int(_about(process, descriptor, "flags"), 8)


def _about(process: Path, descriptor: str, wanted: str) -> str:
    for line in (process / "fdinfo" / descriptor).read_text(encoding="ascii").splitlines():
        key, _, value = line.partition(":")
        if key == wanted:
            return value.strip()
    raise OSError(errno.ENOSYS, f"the kernel does not report {wanted} of an open file", str(process))
