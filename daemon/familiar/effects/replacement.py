"""Write files that familiar makes itself and may replace: lists, score files, indices. All of them, or none."""

import errno
import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from familiar.effects.temporary_files import written
from familiar.errors import FamiliarError
from familiar.filesystem.files import hold_if_regular, no_pulse
from familiar.filesystem.folders import Entry, Folder, rename_new
from familiar.filesystem.folders import replace as replace_name
from familiar.filesystem.removal import discard
from familiar.filesystem.rights import Rights


def replace_files(contents: Mapping[Path, bytes]) -> None:
    """Give each file its content: under temporary names first, then all are renamed.

    A folder is created if needed. The caller decides what may be replaced; a final name never has an incomplete file.

    Raises:
        FamiliarError: one can't be written (a full disk, a missing right, a folder of that name); no file has changed.
    """
    ready: list[tuple[Entry, Entry]] = []
    with ExitStack() as stack:
        for path, data in contents.items():
            with _told(path):
                if path.is_dir():
                    raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
                target = Entry(stack.enter_context(_folder_of(path)), path.name)
                temporary = target.with_name(_fresh_name())
                stack.enter_context(written(data, temporary, rights=_rights_at(target), pulse=no_pulse))
                ready.append((temporary, target))
        for temporary, target in ready:
            with _told(target.path):
                replace_name(temporary, target)
        for _, target in ready:
            with _told(target.path):
                target.folder.sync()


@contextmanager
def whole_file(path: Path, *, replace: bool) -> Iterator[BinaryIO]:
    """Write a long file in a block, under a temporary name; at the block's end it gets its own, unless that fails.

    Args:
        path: the file; where it is a symbolic link, the file that it leads to. A folder is created if needed.
        replace: replace a file that is there, even if it came only now.

    Raises:
        FamiliarError: it can't be written, or a file is there that is not to be replaced.
    """
    real = Path(os.path.realpath(path))
    with _told(path), _folder_of(real) as folder:
        target, temporary = Entry(folder, real.name), Entry(folder, _fresh_name())
        try:
            with open(_in(temporary), "xb") as file:
                former = _rights_at(target) if replace else None
                if former is not None:
                    former.give(file.fileno())
                yield file
                file.flush()
                os.fsync(file.fileno())
            if replace:
                replace_name(temporary, target)
            else:
                rename_new(temporary, target)
            folder.sync()
        finally:
            with suppress(OSError):
                discard(temporary)


def _rights_at(target: Entry) -> Rights | None:
    """Return owner and rights of the file that is replaced, if there is one."""
    with hold_if_regular(target) as held:
        return None if held is None else Rights.of(held.descriptor)


def _folder_of(path: Path) -> Folder:
    return Folder.make(Path(os.path.realpath(path.parent)), shown=path.parent)


def _fresh_name() -> str:
    return f".familiar-{secrets.token_hex(8)}.tmp"


def _in(entry: Entry) -> str:
    return f"/proc/self/fd/{entry.folder.descriptor}/{entry.name}"


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """Translate what the system says while a file is written."""
    try:
        yield
    except OSError as error:
        raise FamiliarError(f"{path}: can't be written: {error.strerror}.") from error
