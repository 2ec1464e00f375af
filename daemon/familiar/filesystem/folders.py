"""Folders that are held open, and names in them, independent of later changes of paths."""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from familiar.closing import Closing
from familiar.filesystem import kernel
from familiar.filesystem.mounts import Disk

_STEP = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_CANNOT_SYNC = frozenset({errno.EINVAL, errno.ENOTSUP, errno.ENOSYS})
"""What file systems answer that sync folders by themselves, or never. Every other error is one (fsync(2))."""


class Folder(Closing):
    """A folder that is held by a descriptor; `path` is its name for people, `disk` the one it is on, once known."""

    def __init__(self, path: Path, descriptor: int, *, real: Path | None = None) -> None:
        """Take a descriptor, which is closed with the folder, and the path without links by which it was opened."""
        self.path = path
        self.real = real or path
        self.descriptor = descriptor
        self.disk: Disk | None = None

    @classmethod
    def open(cls, real: Path, *, shown: Path | None = None) -> "Folder":
        """Open a folder by a path without links; messages show it as `shown`.

        Raises:
            NotADirectoryError: a component is a link or a file; the error has its path.
            OSError: it is missing or not readable.
        """
        assert real.is_absolute(), real
        assert ".." not in real.parts, real
        shown = shown or real
        with naming(shown):
            return cls(shown, _open(None, real), real=real)

    @classmethod
    def nearest(cls, real: Path) -> "Folder":
        """Open a folder like `open`, or the nearest existing folder above it."""
        try:
            return cls.open(real)
        except FileNotFoundError:
            if real == real.parent:
                raise
            return cls.nearest(real.parent)

    @classmethod
    def make(cls, real: Path, *, shown: Path | None = None) -> "Folder":
        """Open a folder; missing parts of its path are created and synced.

        Raises:
            NotADirectoryError, OSError: as `open` does.
        """
        with cls.nearest(real) as above:
            return above.below(real.relative_to(above.path), shown=shown or real, make=True)

    def below(self, relative: Path, *, shown: Path, make: bool = False) -> "Folder":
        """Open a folder at any depth inside this one, independent of the present path of this one.

        Raises:
            NotADirectoryError, OSError: as `open` does.
        """
        with naming(shown):
            try:
                descriptor = _open(self, relative) if relative.parts else os.dup(self.descriptor)
                return Folder(shown, descriptor, real=self.real / relative)
            except FileNotFoundError:
                if not make:
                    raise
        held = Folder(self.path, os.dup(self.descriptor), real=self.real)
        for name in relative.parts:
            with held as above:
                held = above.child(name)
        held.path = shown
        return held

    def child(self, name: str) -> "Folder":
        """Open a folder of this name, created if needed; raises as `open` does."""
        path = self.path / name
        with naming(path):
            try:
                os.mkdir(name, dir_fd=self.descriptor)
            except FileExistsError:
                pass  # it exists, or is not a folder: opening it tells
            else:
                self.sync()
            return Folder(path, _open(self, Path(name)), real=self.real / name)

    @classmethod
    def follow(cls, path: Path) -> "Folder":
        """Open a folder, following the links in its path; raises OSError."""
        return cls.open(Path(os.path.realpath(path)), shown=path)

    @property
    def device(self) -> int:
        """Its device number."""
        return os.fstat(self.descriptor).st_dev

    def names(self) -> list[str]:
        """Return all names in it; raises OSError."""
        with naming(self.path):
            return os.listdir(self.descriptor)

    def is_on(self, disk: Disk) -> bool:
        """Return whether it is known to be on this disk."""
        return self.disk is not None and self.disk.is_same(disk)

    def is_same(self, other: "Folder") -> bool:
        """Return whether two are the same folder, even at different paths."""
        return os.path.sameopenfile(self.descriptor, other.descriptor)

    def sync(self) -> None:
        """Sync the folder's names to disk.

        Raises:
            OSError: the disk can't be written; names may be lost in a power failure.
        """
        with naming(self.path):
            try:
                os.fsync(self.descriptor)
            except OSError as error:
                if error.errno not in _CANNOT_SYNC:
                    raise

    def close(self) -> None:
        """Close the folder."""
        os.close(self.descriptor)


@dataclass(frozen=True, slots=True)
class Entry:
    """A name in a held folder; it may refer to nothing."""

    folder: Folder
    name: str

    @property
    def path(self) -> Path:
        """The path for messages."""
        return self.folder.path / self.name

    def with_name(self, name: str) -> "Entry":
        """Return another name in the same folder."""
        return Entry(self.folder, name)

    def look(self) -> os.stat_result | None:
        """Return the status of the name itself, without following a link; None for nothing."""
        try:
            return os.stat(self.name, dir_fd=self.folder.descriptor, follow_symlinks=False)
        except FileNotFoundError:
            return None
        except OSError as error:  # without `naming`, as this is called for each file again and again
            raise _named(error, self.path) from error

    @property
    def exists(self) -> bool:
        """Whether the name exists."""
        return self.look() is not None

    def link_end(self) -> Path | None:
        """Return the target of a symbolic link; None for anything else."""
        found = self.look()
        if found is None or not stat.S_ISLNK(found.st_mode):
            return None
        with naming(self.path):
            return Path(os.readlink(self.name, dir_fd=self.folder.descriptor))

    def is_same(self, other: "Entry") -> bool:
        """Return whether two are the same name in the same folder."""
        return self.name == other.name and self.folder.is_same(other.folder)


def rename_new(source: Entry, target: Entry) -> None:
    """Rename without ever replacing a file, in one step if the file system supports it.

    `renameat2` is first; where the file system does not know it, a second link and the removal of the first; where
    there are no links (FAT and some network shares) a look and a plain rename, between which another program could
    make the name.

    An error of the call says nothing, as over NFS it may have worked: what counts is where the file is then.

    Raises:
        FileExistsError: something is at the target.
        OSError: it can't be done (EXDEV: the target is on another file system).
    """
    before = source.look()
    folders = {"source_folder": source.folder.descriptor, "target_folder": target.folder.descriptor}
    try:
        with naming(source.path, target.path):
            try:
                kernel.rename_no_replace(source.name, target.name, **folders)
            except NotImplementedError:
                _rename_by_link(source, target)
    except OSError:
        after = target.look()
        if before is None or after is None or source.exists or not os.path.samestat(before, after):
            raise


def replace(temporary: Entry, target: Entry) -> None:
    """Rename a file made by familiar within its folder, replacing the file of that name; raises OSError.

    Only for files that familiar rewrites, such as manifests; never for files of the user.
    """
    descriptor = target.folder.descriptor
    with naming(target.path):
        os.rename(temporary.name, target.name, src_dir_fd=descriptor, dst_dir_fd=descriptor)


def _rename_by_link(source: Entry, target: Entry) -> None:
    places = {"src_dir_fd": source.folder.descriptor, "dst_dir_fd": target.folder.descriptor}
    try:
        os.link(source.name, target.name, follow_symlinks=False, **places)
    except OSError as error:
        if error.errno not in {errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK}:
            if not _is_one_file(source, target):  # otherwise the call has worked, and the answer of NFS was lost
                raise
            _drop_second_name(source, target)
            return
    else:
        _drop_second_name(source, target)
        return
    if target.exists:
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), target.name)
    os.rename(source.name, target.name, **places)


def _drop_second_name(source: Entry, target: Entry) -> None:
    """Remove the first of two names of one file; if it was replaced in the meantime, both stay."""
    if not _is_one_file(source, target):
        raise OSError(errno.EAGAIN, "was replaced while it was renamed", source.name)
    os.unlink(source.name, dir_fd=source.folder.descriptor)


def _is_one_file(one: Entry, other: Entry) -> bool:
    first, second = one.look(), other.look()
    return first is not None and second is not None and os.path.samestat(first, second)


@contextmanager
def naming(path: Path, other: Path | None = None) -> Iterator[None]:
    """Add full paths to errors of calls that are relative to a descriptor."""
    try:
        yield
    except OSError as error:
        if isinstance(error.filename, str | bytes) and os.path.isabs(os.fsdecode(error.filename)):
            raise  # it has one; a call that takes a descriptor has its number
        raise _named(error, path, other) from error


def _named(error: OSError, path: Path, other: Path | None = None) -> OSError:
    return OSError(error.errno, error.strerror, str(path), None, None if other is None else str(other))


def _open(folder: Folder | None, path: Path) -> int:
    """Open an absolute path, or one below a held folder, without following any link."""
    flags = os.O_RDONLY | os.O_DIRECTORY
    start = None if folder is None else folder.descriptor
    try:
        return kernel.open_without_links(str(path), flags, folder=start)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise _not_a_folder(path if folder is None else folder.path / path) from error
        if error.errno != errno.ENOSYS:
            raise
    return _open_by_hand(folder, path, flags)


def _open_by_hand(folder: Folder | None, path: Path, flags: int) -> int:
    """Open a path component by component, where the kernel has no openat2."""
    held = os.open("/", _STEP) if folder is None else os.dup(folder.descriptor)
    try:
        *above, last = path.parts[1:] or (".",) if folder is None else path.parts
        for name in above:
            deeper = os.open(name, _STEP, dir_fd=held)
            os.close(held)
            held = deeper
        return os.open(last, flags | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=held)
    except NotADirectoryError as error:
        raise _not_a_folder(path if folder is None else folder.path / path) from error
    finally:
        os.close(held)


def _not_a_folder(path: Path) -> OSError:
    """Return an error that names the component that is a link or not a folder."""
    above = [one for one in (*reversed(path.parents), path) if one.is_symlink()]
    if not above:
        return OSError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(path))
    reason = f"is a symbolic link, which is not followed here; to allow it, run `familiar disks trust {above[0]}`"
    return OSError(errno.ENOTDIR, reason, str(above[0]))
