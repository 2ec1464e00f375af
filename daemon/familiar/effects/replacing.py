"""Write files that familiar makes itself and may replace: lists, score files, indices. All of them, or none."""

import errno
import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from familiar.effects.placing import make_folder, rename_new, sync_folder, write_through
from familiar.errors import FamiliarError


def replace_files(contents: Mapping[Path, bytes]) -> None:
    """Give each file its content: under temporary names first, then all are renamed.

    A folder is made if need be. Who may be replaced is for the caller to say; a final name never has half a file.

    Raises:
        FamiliarError: one can't be written (a full disk, a missing right, a folder of that name); no file has changed.
    """
    temporaries: dict[Path, Path] = {}
    try:
        for path, data in contents.items():
            with _told(path):
                if path.is_dir():
                    raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
                make_folder(path.parent)
                temporaries[path] = path.with_name(f".familiar-{secrets.token_hex(8)}.tmp")
                write_through(data, temporaries[path])
        for path, temporary in temporaries.items():
            with _told(path):
                temporary.replace(path)
        for folder in {path.parent for path in contents}:
            sync_folder(folder)
    finally:
        for temporary in temporaries.values():
            with suppress(OSError):
                temporary.unlink(missing_ok=True)


@contextmanager
def whole_file(path: Path, *, replace: bool) -> Iterator[BinaryIO]:
    """Write a long file in a block, under a temporary name; at the block's end it gets its own, unless that fails.

    Args:
        path: the file; where it is a symbolic link, the file that it leads to. A folder is made if need be.
        replace: take the place of a file that lies there, even if it came only now.

    Raises:
        FamiliarError: it can't be written, or a file lies there that is not to be replaced.
    """
    target = Path(os.path.realpath(path))
    temporary = target.with_name(f".familiar-{secrets.token_hex(8)}.tmp")
    try:
        with _told(path):
            make_folder(target.parent)
            with temporary.open("xb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            if replace:
                temporary.replace(target)
            else:
                rename_new(temporary, target)
            sync_folder(target.parent)
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """Translate what the system says while a file is written."""
    try:
        yield
    except OSError as error:
        raise FamiliarError(f"{path}: can't be written: {error.strerror}.") from error
