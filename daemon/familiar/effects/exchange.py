"""Replace a file whose bytes the journal has: both exchange their names in one step."""

import hashlib
import os
import stat

from familiar.effects.hidden import Hidden
from familiar.effects.names import unused_name
from familiar.effects.placement import place_bytes
from familiar.effects.temporary_files import written
from familiar.errors import ChangedError, SetAsideError
from familiar.filesystem import kernel
from familiar.filesystem.files import HeldFile, Pulse, has_content, hold_if_regular
from familiar.filesystem.folders import Entry, naming, rename_new
from familiar.filesystem.removal import give_back_name, prove_known, remove_hidden
from familiar.filesystem.rights import Rights

_ANYBODY_WRITES = stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH


def place_over(
    data: bytes, target: Entry, hidden: Hidden, *, expected: str | None, rights: Rights, pulse: Pulse
) -> None:
    """Write a file at `target` and replace the previous file, whose owner and rights it gets; a new one has `rights`.

    Both exchange their names in one step, and the previous file is checked once more before it is removed; if it was
    changed in the meantime, it is restored. If the file system can't exchange names, the previous file is hidden first.

    `expected` is the SHA-256 of what must be there, which the journal has; None for nothing.

    Raises:
        ChangedError: something else is there.
        WriterError: another program has it open for writing.
        SetAsideError: a link or no file is there, or one that may not be written.
        OSError: it can't be done for now.
    """
    if has_content(target, hashlib.sha256(data).hexdigest(), pulse):
        return
    check_over(target)
    if expected is None:
        try:
            place_bytes(data, target, hidden, rights=rights, pulse=pulse)
        except FileExistsError as error:
            raise ChangedError(f"{target.path}: was created by another program in the meantime") from error
        return
    with hold_if_regular(target) as there:
        if there is None or there.hash(pulse) != expected:
            raise ChangedError(f"{target.path}: was changed by another program in the meantime")
        former, temporary = Rights.of(there.descriptor), target.with_name(hidden.new)
        with written(data, temporary, rights=former, pulse=pulse) as fresh, there.quiet() as is_quiet:
            aside = target.with_name(hidden.target)
            _exchange(fresh, target, aside)
            if not (there.is_at(aside) and there.has_same_bytes() and is_quiet()):
                _exchange_back(fresh, target, aside)
                raise ChangedError(f"{target.path}: was changed by another program in the meantime")
            there.follow(aside)
            remove_hidden(there, prove_known(there, expected, pulse=pulse))
    target.folder.sync()


def check_over(target: Entry) -> None:
    """Check that what is at `target` may be replaced, if there is anything.

    Raises:
        SetAsideError: it is a link or no file, or write-protected. The superuser could write it, but does not.
    """
    found = target.look()
    if found is None:
        return
    if not stat.S_ISREG(found.st_mode):
        raise SetAsideError(f"{target.path}: is a link or not a regular file, and was left unchanged")
    writable = os.access(target.name, os.W_OK, dir_fd=target.folder.descriptor)
    if not (found.st_mode & _ANYBODY_WRITES and writable):
        raise SetAsideError(f"{target.path}: is write-protected, and was left unchanged")


def _exchange(fresh: HeldFile, target: Entry, aside: Entry) -> None:
    """Give a file the name of another one, which gets a hidden name.

    The hidden name never refers to an incomplete file: after a crash it is complete, ours or not.
    """
    temporary = fresh.entry
    rename_new(temporary, aside)
    try:
        with naming(target.path):
            kernel.exchange(aside.name, target.name, folder=target.folder.descriptor)
    except NotImplementedError:
        rename_new(aside, temporary)
        rename_new(target, aside)
        try:
            rename_new(temporary, target)
        except OSError:
            give_back_name(aside, target, unused_name)
            raise
    except OSError:
        if not fresh.is_at(target):
            rename_new(aside, temporary)
            raise


def _exchange_back(fresh: HeldFile, target: Entry, aside: Entry) -> None:
    """Restore the name of the previous file at the target; a file that was put there since also keeps a name."""
    if fresh.is_at(target):
        try:
            kernel.exchange(aside.name, target.name, folder=target.folder.descriptor)
        except NotImplementedError:
            rename_new(target, fresh.entry)
    if fresh.is_at(aside):
        rename_new(aside, fresh.entry)
    else:
        give_back_name(aside, target, unused_name)
