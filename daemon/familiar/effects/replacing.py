"""Write files that familiar makes itself and may replace: lists, score files, indices. All of them, or none."""

import errno
import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from familiar.effects.placing import make_folder, sync_folder
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
                _write(temporaries[path], data)
        for path, temporary in temporaries.items():
            with _told(path):
                temporary.replace(path)
        for folder in {path.parent for path in contents}:
            sync_folder(folder)
    finally:
        for temporary in temporaries.values():
            with suppress(OSError):
                temporary.unlink(missing_ok=True)


def _write(path: Path, data: bytes) -> None:
    with path.open("xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """Translate what the system says while a file is written."""
    try:
        yield
    except OSError as error:
        raise FamiliarError(f"{path}: can't be written: {error.strerror}.") from error
