"""The only way to remove a name that a person may know: with a proof that the content still exists elsewhere.

The name is first changed to a hidden one in the same folder. Only then it is sure what is removed: what the hidden name
means is compared with the file that was held, and the other copy must still have its own name; a second path to
one and the same file would have lost it together with the first. In every other case the name is given back.
"""

import errno
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from familiar.errors import ChangedError
from familiar.filesystem.files import HeldFile, Pulse, no_pulse
from familiar.filesystem.folders import Entry, naming, rename_new

_KEY = object()


@dataclass(frozen=True, slots=True)
class Proof:
    """A proof that content survives the removal of a name. Only the functions of this module create one.

    `survives` is asked at the last moment, when the name is hidden already.
    """

    survives: Callable[[], bool]
    key: object = field(repr=False)

    def __post_init__(self) -> None:
        """Refuse proofs created elsewhere."""
        assert self.key is _KEY, "a proof is made by prove_copy, prove_second_name or one of their siblings"


def prove_copy(doomed: HeldFile, copy: HeldFile, hash_: str, *, pulse: Pulse) -> Proof:
    """Prove that a second file has the content of the name to remove, and is on disk.

    Args:
        doomed: the file whose name is to be removed.
        copy: another regular file, of another inode.
        hash_: the SHA-256 of the content, which is read from the copy here.
        pulse: called while it is read.

    Raises:
        ChangedError: it is the same file, or may be, or has another content.
        OSError: the copy can't be read, or synced to disk.
    """
    mine, theirs = doomed.entry.folder.disk, copy.entry.folder.disk
    if mine is not None and theirs is not None and theirs.may_show(mine):
        raise ChangedError(
            f"{copy.entry.path}: may be {doomed.entry.path} itself, as {theirs} can show files of {mine}"
        )
    return prove_placed(doomed, copy, hash_, pulse=pulse)


def prove_placed(doomed: HeldFile, copy: HeldFile, hash_: str, *, pulse: Pulse) -> Proof:
    """Prove the same as `prove_copy` for a copy made by familiar, under a name that was free before.

    Raises:
        ChangedError: it is the same file, or has another content.
        OSError: the copy can't be read, or synced to disk.
    """
    if copy.is_one_with(doomed):
        raise ChangedError(f"{copy.entry.path}: is the same file as {doomed.entry.path}, not a copy of it")
    copy.verify(hash_, pulse)
    copy.sync()
    return prove_written(copy)


def prove_written(copy: HeldFile) -> Proof:
    """Prove that a file written, synced and read back by this process survives; raises OSError."""
    copy.entry.folder.sync()
    return Proof(lambda: copy.is_at(copy.entry) and copy.has_same_bytes(), _KEY)


def prove_second_name(doomed: HeldFile, other: Entry) -> Proof:
    """Prove that a file has another name, which remains when the first is gone.

    Raises:
        ChangedError: the other name means something else, or is the first itself.
    """
    if other.is_same(doomed.entry) or not doomed.is_at(other):
        raise ChangedError(f"{other.path}: is not a second name of {doomed.entry.path}")
    other.folder.sync()
    return Proof(lambda: doomed.is_at(other), _KEY)


def prove_known(held: HeldFile, hash_: str, *, pulse: Pulse) -> Proof:
    """Prove that the content of a file is also in the store or can be made again: a crop, a sidecar.

    Raises:
        ChangedError: it was changed.
    """
    held.verify(hash_, pulse)
    return Proof(held.has_same_bytes, _KEY)


def remove(held: HeldFile, proof: Proof, *, hidden: str, pulse: Pulse = no_pulse) -> None:
    """Remove the name of a held file. The folder is not synced here, as a name that reappears is not a loss.

    Args:
        held: the file to remove.
        proof: that its content survives.
        hidden: a unique name in the same folder.
        pulse: called while the name is hidden.

    Raises:
        WriterError: somebody has the file open for writing.
        ChangedError: it is not the file that was held any more, or its other copy is gone; the name is as it was.
        OSError: the name can't be removed; it is there still.
    """
    with held.quiet() as is_quiet:
        if not held.is_unchanged() or not held.is_at(held.entry):
            raise ChangedError(f"{held.entry.path}: was changed while it was checked")
        with _hidden(held.entry, hidden) as aside:
            pulse()
            if not (held.is_at(aside) and held.has_same_bytes() and is_quiet() and proof.survives()):
                raise ChangedError(f"{held.entry.path}: was changed before it was removed")
            _unlink(aside)


def remove_hidden(held: HeldFile, proof: Proof) -> None:
    """Remove a held file whose name is hidden already.

    Raises:
        ChangedError: it is not the file that was held any more; it stays.
        OSError: it can't be removed.
    """
    assert held.entry.name.startswith(".familiar-"), held.entry
    if not held.is_at(held.entry) or not proof.survives():
        raise ChangedError(f"{held.entry.path}: was changed before it was removed")
    _unlink(held.entry)


def remove_link(entry: Entry, end: Path, *, hidden: str) -> None:
    """Remove a symbolic link that leads to `end`.

    Raises:
        ChangedError: something else has the name; it keeps it.
        OSError: it can't be removed; it is there still.
    """
    with _hidden(entry, hidden) as aside:
        if aside.link_end() != end:
            raise ChangedError(f"{entry.path}: is not the link that familiar created")
        _unlink(aside)


def discard(entry: Entry, inode: tuple[int, int] | None = None) -> None:
    """Remove a file that familiar has made under a hidden name of its own, and that never got a final one.

    `inode` is device and inode of that file, where they are known; whatever else has the name keeps it.

    Raises:
        OSError: it can't be removed.
    """
    assert entry.name.startswith(".familiar-"), entry
    found = entry.look()
    if found is None or not stat.S_ISREG(found.st_mode):
        return
    if inode is None or inode == (found.st_dev, found.st_ino):
        _unlink(entry)


def give_back_name(aside: Entry, entry: Entry, free: Callable[[Entry], Entry]) -> Entry:
    """Restore the name of a hidden file, or use a name from `free` if it is taken; return the name.

    Raises:
        OSError: it can't be renamed; it is there under its hidden name.
    """
    while True:
        try:
            rename_new(aside, entry)
        except FileExistsError:
            entry = free(entry)
        else:
            entry.folder.sync()
            return entry


@contextmanager
def _hidden(entry: Entry, name: str) -> Iterator[Entry]:
    """Rename a file for a block; the name is restored if the block fails."""
    aside = entry.with_name(name)
    _hide(entry, aside)
    try:
        yield aside
    except BaseException:
        with suppress(OSError):  # the owner of the hidden name restores it later
            rename_new(aside, entry)
        raise


def _hide(entry: Entry, aside: Entry) -> None:
    if aside.exists:
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(aside.path))
    descriptor = entry.folder.descriptor
    try:
        with naming(entry.path):
            os.rename(entry.name, aside.name, src_dir_fd=descriptor, dst_dir_fd=descriptor)
    except OSError:
        if not aside.exists:  # otherwise it has worked
            raise


def _unlink(entry: Entry) -> None:
    """Remove a name. An error of the call says nothing: it may have worked, as over NFS; what counts is the look."""
    try:
        with naming(entry.path):
            os.unlink(entry.name, dir_fd=entry.folder.descriptor)
    except OSError:
        if entry.exists:
            raise
