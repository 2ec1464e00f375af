"""A folder with pictures that can be made again, of a limited size."""

import os
from contextlib import suppress
from pathlib import Path

_SLACK = 0.9
"""Share of the limit that is left when old pictures were removed."""


class PictureCache:
    """Keeps pictures by their names; the oldest go when there are too many bytes.

    Pictures are written under a temporary name and renamed, so that what is found under a name is whole. A cache that
    can't be written is no error: pictures are made again.
    """

    def __init__(self, folder: Path, *, limit: int) -> None:
        """Take the folder, which is created if needed, and the largest number of bytes."""
        self._folder = folder
        self._limit = limit
        self._size: int | None = None

    def get(self, name: str) -> bytes | None:
        """Return a picture; None if it is not there."""
        try:
            return (self._folder / name[:2] / name).read_bytes()
        except OSError:
            return None

    def put(self, name: str, picture: bytes) -> None:
        """Keep a picture."""
        folder = self._folder / name[:2]
        with suppress(OSError):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            temporary = folder / f".{name}.{os.getpid()}"
            temporary.write_bytes(picture)
            temporary.rename(folder / name)
            self._count(len(picture))

    def _count(self, added: int) -> None:
        """Count what was added; if it is too much, remove the oldest pictures."""
        if self._size is None:
            self._size = sum(size for _, size, _ in self._all())
        else:
            self._size += added
        if self._size > self._limit:
            for _, size, path in sorted(self._all()):
                if self._size <= self._limit * _SLACK:
                    break
                path.unlink(missing_ok=True)
                self._size -= size

    def _all(self) -> list[tuple[float, int, Path]]:
        """Return when each picture was written, its size and its path."""
        found = []
        for folder in self._folder.iterdir():
            for entry in os.scandir(folder):
                status = entry.stat(follow_symlinks=False)
                found.append((status.st_mtime, status.st_size, Path(entry.path)))
        return found
