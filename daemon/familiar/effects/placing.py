"""Put content under a final name: never over another file, never half, and twice is once.

Each `place_*` function ends with the content at `target`, and does nothing if it is there already: calling it again
after a crash at any instant completes what was begun.

==============================  =============================================================================
The process dies                Calling it again
==============================  =============================================================================
before the temporary is whole   writes the temporary anew
before the rename               writes the temporary anew
after the rename                finds the content at the target; of a move it removes the original, after
                                comparing it with the target
==============================  =============================================================================
"""

import ctypes
import errno
import hashlib
import os
import shutil
import stat
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from familiar.errors import ChangedError, GoneError, SetAsideError
from familiar.filesystem.regular_files import open_regular

_BLOCK = 1 << 20
_AT_FDCWD = -100
_RENAME_NOREPLACE = 1  # renameat2(2)
_ANYBODY_WRITES = stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH
_NO_SUCH_CALL = frozenset({errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP})
_NO_LINKS = frozenset({errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK})

Pulse = Callable[[], None]
"""Called between the parts of long work, so that a watchdog can be fed."""


def place_move(source: Path, target: Path, temporary: Path, *, hash_: str, pulse: Pulse) -> None:
    """Move the file at `source` to `target`; to another file system as a copy that is compared before the source goes.

    Raises:
        FileExistsError: other content lies at the target.
        GoneError: the source is gone.
        ChangedError: the source does not have the content of `hash_` (any more).
        SetAsideError: the source is a symbolic link; elsewhere it would lead elsewhere.
        OSError: it can't be done for now.
    """
    if source.is_symlink():
        where = os.path.realpath(source)
        raise SetAsideError(f"{source}: is a symbolic link, which is not moved; its photo lies at {where}")
    if os.path.lexists(target):
        _complete_move(source, target, hash_=hash_, pulse=pulse)
        return
    before = _verified(source, hash_, pulse)
    try:
        rename_new(source, target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        _check_removable(source)
        _copy(source, temporary, hash_, pulse)
        if _signature(source) != before:
            temporary.unlink()
            raise ChangedError(f"{source}: changed while it was moved") from error
        rename_new(temporary, target)
        sync_folder(target.parent)
        if _signature(source) == before:
            _remove_original(source, target)
    sync_folder(target.parent)
    sync_folder(source.parent)


def place_copy(source: Path, target: Path, temporary: Path, *, hash_: str, pulse: Pulse) -> None:
    """Copy the file at `source` to `target`, with its times and mode.

    Raises:
        FileExistsError, GoneError, ChangedError, OSError: as `place_move` does.
    """
    if _is_placed(target, hash_, pulse):
        return
    _copy(source, temporary, hash_, pulse)
    rename_new(temporary, target)
    sync_folder(target.parent)


def place_bytes(data: bytes, target: Path, temporary: Path, *, pulse: Pulse) -> None:
    """Write a file at `target`.

    Raises:
        FileExistsError: other content lies at the target.
        OSError: it can't be done for now.
    """
    if _is_placed(target, hashlib.sha256(data).hexdigest(), pulse):
        return
    write_through(data, temporary)
    rename_new(temporary, target)
    sync_folder(target.parent)


def place_over(data: bytes, target: Path, temporary: Path, *, expected: str | None, pulse: Pulse) -> None:
    """Write a file at `target` in the place of what lies there; it keeps the rights of the one before.

    `expected` is the SHA-256 of what must lie there, None for nothing.

    Raises:
        ChangedError: something else lies there.
        SetAsideError: a link or no file lies there, or one that may not be written.
        OSError: it can't be done for now.
    """
    hash_ = hashlib.sha256(data).hexdigest()
    if not target.is_symlink() and has_content(target, hash_, pulse):
        return
    check_over(target)
    if expected is None:
        try:
            place_bytes(data, target, temporary, pulse=pulse)
        except FileExistsError as error:
            raise ChangedError(f"{target}: was made by somebody else meanwhile") from error
        return
    write_through(data, temporary)
    if not has_content(target, expected, pulse):
        temporary.unlink()
        raise ChangedError(f"{target}: was changed by somebody else meanwhile")
    shutil.copymode(target, temporary)
    temporary.replace(target)
    sync_folder(target.parent)


def check_over(target: Path) -> None:
    """Check that what lies at `target` may be replaced, if there is anything.

    Raises:
        SetAsideError: it is a link or no file, or write-protected. The superuser could write that, and does not.
    """
    if target.is_symlink() or (target.exists() and not target.is_file()):
        raise SetAsideError(f"{target}: is a link or no file, and is left as it is")
    if target.exists() and not (target.stat().st_mode & _ANYBODY_WRITES and os.access(target, os.W_OK)):
        raise SetAsideError(f"{target}: is write-protected, and is left as it is")


def place_link(source: Path, target: Path, *, symbolic: bool, hash_: str, pulse: Pulse) -> None:
    """Link `target` to the file at `source`.

    Raises:
        FileExistsError, GoneError, ChangedError, OSError: as `place_move` does.
    """
    if os.path.lexists(target):
        ours = target.is_symlink() and target.readlink() == source if symbolic else _same_file(source, target)
        if not ours:
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target))
        return
    _verified(source, hash_, pulse)
    if symbolic:
        target.symlink_to(source)
    else:
        target.hardlink_to(source)
    sync_folder(target.parent)


def remove_placed(target: Path) -> None:
    """Remove what an operation put at `target`; nothing there is fine."""
    target.unlink(missing_ok=True)
    if target.parent.is_dir():
        sync_folder(target.parent)


def make_folder(folder: Path) -> None:
    """Make a folder with its parents, so that it outlives a loss of power."""
    missing = [parent for parent in (folder, *folder.parents) if not parent.is_dir()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileExistsError as error:
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), error.filename) from error
    for parent in missing:
        sync_folder(parent.parent)


def free_name(wish: Path, hash_: str, size: int, pulse: Pulse) -> tuple[Path, bool]:
    """Return the first free name: the wish, or the wish with a number; and whether the content lies there already.

    The same content under the wish or one of its numbers is found before a free name is.
    """
    number = 1
    while True:
        candidate = wish if number == 1 else _numbered(wish, number)
        if not os.path.lexists(candidate):
            return candidate, False
        if _size(candidate) == size and has_content(candidate, hash_, pulse):
            return candidate, True
        number += 1


def has_content(path: Path, hash_: str, pulse: Pulse = lambda: None) -> bool:
    """Say whether a regular file lies at `path` whose SHA-256 is `hash_`."""
    try:
        return path.is_file() and hash_of(path, pulse) == hash_
    except FileNotFoundError:
        return False


def hash_of(path: Path, pulse: Pulse = lambda: None) -> str:
    """Return the SHA-256 of a file's bytes, 64 hexadecimal digits."""
    digest = hashlib.sha256()
    with open_regular(path) as file:
        while block := file.read(_BLOCK):
            digest.update(block)
            pulse()
    return digest.hexdigest()


def rename_new(source: Path, target: Path) -> None:
    """Rename without ever replacing a file, on any file system that can do it in one step.

    `renameat2` is first; where the file system does not know it, a second link and the removal of the first; where
    there are no links (FAT and some network shares) a look and a plain rename, between which another program could
    make the name.

    Raises:
        FileExistsError: something lies at the target.
        OSError: it can't be done (EXDEV: the target is on another file system).
    """
    number = _renameat2(source, target)
    if number == 0:
        return
    if number not in _NO_SUCH_CALL:
        raise OSError(number, os.strerror(number), str(source), None, str(target))
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
    else:
        source.unlink()
        return
    if os.path.lexists(target):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target))
    source.rename(target)


def _renameat2(source: Path, target: Path) -> int:
    libc = ctypes.CDLL(None, use_errno=True)
    call = getattr(libc, "renameat2", None)
    if call is None:
        return errno.ENOSYS
    result = call(_AT_FDCWD, os.fsencode(source), _AT_FDCWD, os.fsencode(target), _RENAME_NOREPLACE)
    return 0 if result == 0 else ctypes.get_errno()


def _complete_move(source: Path, target: Path, *, hash_: str, pulse: Pulse) -> None:
    """Finish a move whose content is at the target: remove the original, if it is that content still."""
    if not has_content(target, hash_, pulse):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target))
    if _same_entry(source, target) or not os.path.lexists(source):
        return
    if has_content(source, hash_, pulse):
        _remove_original(source, target)
        sync_folder(source.parent)


def _check_removable(source: Path) -> None:
    """Check, before a large file is copied, that its original can be removed; raises OSError."""
    if not os.access(source.parent, os.W_OK):
        number = errno.EROFS if os.statvfs(source.parent).f_flag & os.ST_RDONLY else errno.EACCES
        raise OSError(number, os.strerror(number), str(source))


def _remove_original(source: Path, target: Path) -> None:
    """Remove the original of what lies at the target; where that can't be, what lies there goes again."""
    try:
        source.unlink()
    except OSError:
        target.unlink()
        raise


def _is_placed(target: Path, hash_: str, pulse: Pulse) -> bool:
    if not os.path.lexists(target):
        return False
    if has_content(target, hash_, pulse):
        return True
    raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target))


def write_through(data: bytes, temporary: Path) -> None:
    """Write a file under its temporary name, through to the disk; raises OSError."""
    temporary.unlink(missing_ok=True)
    with temporary.open("xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _copy(source: Path, temporary: Path, hash_: str, pulse: Pulse) -> None:
    """Copy to a temporary name, through to the disk, and compare what was written with what should be."""
    temporary.unlink(missing_ok=True)
    try:
        with open_regular(source) as reader, temporary.open("xb") as writer:
            while block := reader.read(_BLOCK):
                writer.write(block)
                pulse()
            writer.flush()
            os.fsync(writer.fileno())
        with suppress(PermissionError, NotImplementedError):
            shutil.copystat(source, temporary)  # FAT and network shares keep less; the content is what counts
    except FileNotFoundError as error:
        if not source.exists():
            raise GoneError(f"{source}: no longer there") from error
        raise
    if hash_of(temporary, pulse) != hash_:
        temporary.unlink()
        raise ChangedError(f"{source}: is not what it was when the plan was made")


def _verified(source: Path, hash_: str, pulse: Pulse) -> tuple[int, ...]:
    """Check that the source has the content that the plan was made for; return what tells a later change."""
    before = _signature(source)
    if before is None:
        raise GoneError(f"{source}: no longer there")
    if hash_of(source, pulse) != hash_:
        raise ChangedError(f"{source}: is not what it was when the plan was made")
    return before


def _signature(path: Path) -> tuple[int, ...] | None:
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)


def _same_file(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except FileNotFoundError:
        return False


def _same_entry(one: Path, other: Path) -> bool:
    """Say whether two paths are one name in one folder, however they lead there."""
    return one.name == other.name and _same_file(one.parent, other.parent)


def _size(path: Path) -> int | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_size if stat.S_ISREG(found.st_mode) else None


def _numbered(wish: Path, number: int) -> Path:
    """Return the wish with a number, shortened to what a file name may have (255 bytes)."""
    addition = f" ({number}){wish.suffix}"
    stem = os.fsencode(wish.stem)[: 255 - len(os.fsencode(addition))]
    if wish.stem.isprintable():  # cut between characters, not inside of one
        stem = stem.decode("utf-8", "ignore").encode()
    return wish.with_name(os.fsdecode(stem) + addition)


def sync_folder(folder: Path) -> None:
    """Bring a folder's names to the disk; file systems that can't (EINVAL) do it themselves or never."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with suppress(OSError):
            os.fsync(descriptor)
    finally:
        os.close(descriptor)
