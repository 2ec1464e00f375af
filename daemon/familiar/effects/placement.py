"""Put content under a final name: never over another file, never half, and twice is once.

What is acted on is held open (`familiar.filesystem`): a name that now refers to something else is noticed, and no
name is removed without the proof that its content outlives that (`familiar.filesystem.removal`).

Each `place_*` function ends with the content at `target`, and does nothing if it is there already: calling it again
after a crash at any instant completes what was begun, once the hidden names are cleared (`familiar.effects.leftovers`).

==============================  =============================================================================
The process dies                Calling it again
==============================  =============================================================================
before the temporary is whole   writes the temporary again
before the rename               writes the temporary again
after the rename                finds the content at the target; of a move it removes the original, after
                                comparing it with the target
while the original is hidden    the original has got its name again; then as after the rename
==============================  =============================================================================
"""

import errno
import hashlib
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from familiar.effects.hidden import Hidden
from familiar.effects.names import unused_name
from familiar.effects.temporary_files import copied, written
from familiar.errors import ChangedError, FamiliarError, GoneError, SetAsideError, SettlingError
from familiar.filesystem import writers
from familiar.filesystem.files import HeldFile, Pulse, has_content, hold, hold_if_regular
from familiar.filesystem.folders import Entry, Folder, rename_new
from familiar.filesystem.removal import (
    give_back_name,
    prove_placed,
    prove_second_name,
    prove_written,
    remove,
)
from familiar.filesystem.rights import Rights

_LONG_QUIET = 600
"""Seconds without a change after which a file counts as complete of which it is not known who writes it."""


def place_move(source: Entry | None, target: Entry, hidden: Hidden, *, hash_: str, pulse: Pulse) -> None:
    """Move the file at `source` to `target`; to another file system as a copy that is compared before the source goes.

    Args:
        source: where it is; None if its folder is gone.
        target: where it is to be.
        hidden: the names to use in the meantime, those of `source` and `target` in their folders.
        hash_: the SHA-256 of the content that was decided on.
        pulse: called between the parts of long work.

    Raises:
        FileExistsError: other content is at the target, or a link.
        GoneError: the source is gone.
        ChangedError: the source does not have the content of `hash_` (any more).
        WriterError: another program has the source open for writing.
        SettlingError: the source is to be copied to another file system, and changed too recently.
        SetAsideError: the source is a symbolic link; elsewhere it would lead elsewhere.
        OSError: it can't be done for now.
    """
    if source is not None and source.link_end() is not None:
        where = os.path.realpath(source.path)
        raise SetAsideError(f"{source.path}: is a symbolic link, which is not moved; its photo is at {where}")
    if target.exists:
        _complete_move(source, target, hidden, hash_=hash_, pulse=pulse)
        return
    if source is None:
        raise GoneError(f"{target.path}: neither it nor the file to be moved there exists any more")
    with hold(source) as held:
        if source.folder.device != target.folder.device or not _move_within(held, target, hash_, pulse):
            _move_across(held, target, hidden, hash_, pulse)


def place_copy(source: Entry | None, target: Entry, hidden: Hidden, *, hash_: str, pulse: Pulse) -> None:
    """Copy the file at `source`, or at the end of the link there, to `target`, with its times and rights.

    Raises:
        FileExistsError, GoneError, ChangedError, WriterError, OSError: as `place_move` does.
    """
    if _is_placed(target, hash_, pulse):
        return
    with hold_photo(source) as held, copied(held, target.with_name(hidden.new), hash_=hash_, pulse=pulse) as copy:
        with held.quiet():
            if not held.is_unchanged():
                raise ChangedError(f"{held.entry.path}: changed while it was copied")
        rename_new(copy.entry, target)
        copy.follow(target)
    target.folder.sync()


def place_bytes(data: bytes, target: Entry, hidden: Hidden, *, rights: Rights, pulse: Pulse) -> None:
    """Write a file at `target`, with these rights at most.

    Raises:
        FileExistsError: other content is at the target.
        OSError: it can't be done for now.
    """
    if _is_placed(target, hashlib.sha256(data).hexdigest(), pulse):
        return
    with written(data, target.with_name(hidden.new), rights=rights, pulse=pulse) as made:
        rename_new(made.entry, target)
        made.follow(target)
    target.folder.sync()


@contextmanager
def hold_photo(source: Entry | None) -> Iterator[HeldFile]:
    """Hold the photo at a name, or the one that a link there leads to.

    Raises:
        GoneError, SetAsideError, OSError: as `hold` does.
    """
    if source is None:
        raise GoneError("its folder no longer exists")
    if source.link_end() is None:
        with hold(source) as held:
            yield held
        return
    real = Path(os.path.realpath(source.path))
    if not real.exists():
        raise GoneError(f"{source.path}: leads to {real}, which does not exist")
    with Folder.open(real.parent) as folder, hold(Entry(folder, real.name)) as held:
        yield held


def _move_within(held: HeldFile, target: Entry, hash_: str, pulse: Pulse) -> bool:
    """Rename a held file; return False if that can't be done, as between two mounts of one file system."""
    source = held.entry
    held.verify(hash_, pulse)
    try:
        with held.quiet():
            rename_new(source, target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        return False
    if not held.is_at(target):  # something else was put in the place of what was held
        give_back_name(target, source, unused_name)
        raise ChangedError(f"{source.path}: was replaced while it was moved")
    target.folder.sync()
    if not source.folder.is_same(target.folder):
        source.folder.sync()
    return True


def _move_across(held: HeldFile, target: Entry, hidden: Hidden, hash_: str, pulse: Pulse) -> None:
    """Move a held file to another file system."""
    _check_removable(held.entry)
    _check_complete(held)
    with copied(held, target.with_name(hidden.new), hash_=hash_, pulse=pulse) as copy, held.quiet():
        if not held.is_unchanged():
            raise ChangedError(f"{held.entry.path}: changed while it was moved")
        rename_new(copy.entry, target)
        try:
            copy.follow(target)
            remove(held, prove_written(copy), hidden=hidden.source)
            held.entry.folder.sync()
        except (OSError, FamiliarError):
            with suppress(OSError, FamiliarError):  # then both stay, and nothing is lost
                copy.follow(target)
                held.follow(held.entry)  # it had another name for a moment
                remove(copy, prove_placed(copy, held, hash_, pulse=pulse), hidden=hidden.target)
            raise


def _complete_move(source: Entry | None, target: Entry, hidden: Hidden, *, hash_: str, pulse: Pulse) -> None:
    """Finish a move whose content is at the target: remove the original, if it is that content still."""
    with hold_if_regular(target) as there:
        if there is None or there.hash(pulse) != hash_:
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target.path))
        there.sync()
        target.folder.sync()
        if source is None or source.is_same(target):
            return
        with hold_if_regular(source) as held:
            if held is not None and held.is_one_with(there):  # a rename through a link was interrupted
                remove(held, prove_second_name(held, target), hidden=hidden.source)
            elif held is not None and held.hash(pulse) == hash_:
                remove(held, prove_placed(held, there, hash_, pulse=pulse), hidden=hidden.source)
    source.folder.sync()


def _check_complete(held: HeldFile) -> None:
    """Check, where it is not known who writes a file, that it has lain unchanged for long.

    Raises:
        SettlingError: it has not.
    """
    if writers.is_known(held.descriptor):
        return
    age = max(time.time() - max(held.identity.mtime_ns, held.identity.ctime_ns) / 1e9, 0.0)
    if age < _LONG_QUIET:
        raise SettlingError(
            f"{held.entry.path}: was changed {age:.0f} s ago, and a program may still be writing it; it can "
            f"be moved to another disk after {_LONG_QUIET // 60} minutes without a change",
            retry_in=_LONG_QUIET - age,
        )


def _check_removable(source: Entry) -> None:
    """Check, before a large file is copied, that its original can be removed; raises OSError."""
    descriptor = source.folder.descriptor
    if os.access(f"/proc/self/fd/{descriptor}", os.W_OK):
        return
    number = errno.EROFS if os.fstatvfs(descriptor).f_flag & os.ST_RDONLY else errno.EACCES
    raise OSError(number, os.strerror(number), str(source.path))


def _is_placed(target: Entry, hash_: str, pulse: Pulse) -> bool:
    if not target.exists:
        return False
    if not has_content(target, hash_, pulse):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target.path))
    target.folder.sync()
    return True
