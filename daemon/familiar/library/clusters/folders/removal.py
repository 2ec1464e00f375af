"""Remove files that familiar is proven to have written, and give everything else back.

A file is removed under a random name that no other program uses: a file that takes its old name in the meantime stays,
and a file that was renamed by mistake gets its name back. If the process is killed in between, `give_names_back` does
that.
"""

import hashlib
import os
import re
import secrets
from collections.abc import Callable
from contextlib import suppress

from familiar.errors import GoneError, RetryError, SetAsideError
from familiar.file_names import LONGEST
from familiar.filesystem.files import HeldFile, Pulse, hold, hold_if_regular, no_pulse
from familiar.filesystem.removal import prove_known, remove
from familiar.library.clusters.folders.descriptors import entries, entry_in, is_folder, move_new, opened_in
from familiar.library.clusters.folders.face_markers import HEAD, mark_in

_REMOVED = re.compile(r"\.familiar-removed-[0-9a-f]{16}-(.+)", re.DOTALL)
_MOST = 1 << 24
"""Largest size of a file that may be a crop, in bytes; crops have some ten thousand."""

Proof = Callable[[bytes], bool]
"""Returns whether the content of a file is exactly what familiar wrote."""


def has_sha256(sha256: str) -> Proof:
    """Return the proof that a file has the content with this SHA-256, 64 hexadecimal digits."""
    return lambda data: hashlib.sha256(data).hexdigest() == sha256


def remove_crop(folder: int, name: str, proof: Proof, pulse: Pulse = no_pulse) -> bool:
    """Remove a file if familiar is proven to have written it; return False, and keep it, if not, or if it is gone.

    Raises:
        OSError: it can't be removed.
    """
    hidden = f".familiar-removed-{secrets.token_hex(8)}-{name}"
    if len(os.fsencode(hidden)) > LONGEST:
        return False
    try:
        with hold(entry_in(folder, name)) as held:
            data = _content(held)
            if data is None or not proof(data):
                return False
            known = prove_known(held, hashlib.sha256(data).hexdigest(), pulse=no_pulse)
            remove(held, known, hidden=hidden, pulse=pulse)
    except (GoneError, SetAsideError, RetryError):
        return False
    return True


def give_names_back(top: int) -> None:
    """Restore the names of files below a folder that were renamed by a process that was killed while it removed them.

    Raises:
        OSError: it can't be done.
    """
    for _, _, names, folder in os.fwalk(".", dir_fd=top):
        for name in names:
            if found := _REMOVED.fullmatch(name):
                move_new(folder, name, folder, found[1])


def give_back(source: int, target: int) -> None:
    """Move everything from one folder to another: folders into those of the same name, files beside the others.

    Raises:
        OSError: it can't be done.
    """
    for name in entries(source):
        if is_folder(source, name) and is_folder(target, name):
            with opened_in(source, name) as below, opened_in(target, name) as beside:
                give_back(below, beside)
            remove_empty(source, name)
        elif not _is_there(source, target, name):
            move_new(source, name, target, name)


def remove_empty(folder: int, name: str) -> None:
    """Remove a folder if it is empty."""
    with suppress(OSError):
        os.rmdir(name, dir_fd=folder)


def content_of(folder: int, name: str) -> bytes | None:
    """Return the content of a regular file; None if it can't be read, is something else, or is too large for a crop."""
    try:
        with hold_if_regular(entry_in(folder, name)) as held:
            return None if held is None else _content(held)
    except OSError:
        return None


def sha256_of(top: int, path: str) -> str | None:
    """Return the SHA-256 of the file at a relative path; None if it is gone, or can't be a crop."""
    folder, _, name = path.rpartition("/")
    try:
        with opened_in(top, folder) as within:
            found = content_of(within, name)
    except OSError:
        return None
    return None if found is None else hashlib.sha256(found).hexdigest()


def _is_there(source: int, target: int, name: str) -> bool:
    """Remove a crop that the other folder has, too, under the same name; return whether it did."""
    there = content_of(target, name)
    if there is None or mark_in(there[:HEAD]) is None:
        return False
    return remove_crop(source, name, lambda data: data == there)


def _content(held: HeldFile) -> bytes | None:
    return b"".join(held.blocks()) if held.identity.size <= _MOST else None
