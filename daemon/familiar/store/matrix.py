"""The embeddings of all faces as one matrix: a file beside the store, read by each process that compares.

The system keeps what was read in memory, once for all processes. The file is not mapped: of a mapped file that is cut
short, or whose disk fails, the system kills those who read it.

The store is the truth, and the file only saves the time to read it. What the file has is the store's as long as both
have the same mark, a random text. The store's mark is written with the file, and taken back by any change of a face
that the file may have (triggers of the store do so); an earlier store that is put back has another one. New faces come
behind those that the file has. Nothing is written when photos arrive: the next process that looks at all faces appends
them.

The file has a page with a header (JSON), and a row for each face of the model in use, in the order of their ids.
"""

import fcntl
import json
import os
import secrets
import shutil
from bisect import bisect_right
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from familiar.closing import Closing
from familiar.errors import StoreError
from familiar.state import keep_owner
from familiar.store.database import Database
from familiar.store.embeddings import has_kept
from familiar.store.photos import stack

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

NAME = "embeddings.matrix"
"""Name of the file in the state folder."""

_HEADER = 4096
"""Bytes of the header: a page, so that the rows begin at one."""

_PART = 50_000
"""Faces that are read from the store at once."""

_AT_ONCE = 10_000
"""Faces that are read from the file at once: 5 MB. With fewer, each part costs more than the cache of a core saves."""

_LEAST = 20_000
"""Faces of a store that is quickly read without a file."""

_MANY = 1_000
"""Faces that are worth to be appended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Header:
    """What a file says of itself: its model, how many faces it has, the last one, the numbers of each, and the mark."""

    model: str
    rows: int
    last: int
    numbers: int
    mark: str

    def to_bytes(self) -> bytes:
        return json.dumps(asdict(self)).encode().ljust(_HEADER)

    @classmethod
    def of(cls, content: bytes) -> "_Header | None":
        """Read what `to_bytes` returns; None if it is anything else."""
        try:
            found = cls(**json.loads(content))
        except (ValueError, TypeError):
            return None
        sizes = (found.rows, found.last, found.numbers)
        return found if found.mark and all(isinstance(size, int) and size > 0 for size in sizes) else None


class MatrixFaces(Closing):
    """Faces of one model that the file has, in the order of their ids, up to that of its header's `last`.

    They stay as they are, whatever is done to the file by this program. Close it after use.
    """

    def __init__(self, file: IO[bytes], header: _Header) -> None:
        """Take the open file, and what it says of itself."""
        self.header = header
        self._file = file
        self._row = _row(header.numbers)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def parts(self, after: int = 0) -> "Iterator[npt.NDArray[np.void]]":
        """Give the faces with ids above one, some at a time.

        The fields of a row are `face` and `photo`, their ids, `embedding`, shape (numbers,), and `square`, that of its
        length.

        Raises:
            OSError: the file can't be read any more, or was cut short.
        """
        count = self.header.rows
        start = bisect_right(range(count), after, key=self._face_at) if after else 0
        for at in range(start, count, _AT_ONCE):
            yield self._read(at, min(_AT_ONCE, count - at))

    def _face_at(self, place: int) -> int:
        return int(self._read(place, 1)["face"][0])

    def _read(self, place: int, count: int) -> "npt.NDArray[np.void]":
        import numpy as np  # noqa: PLC0415 - many commands look at no face

        rows = np.empty(count, self._row)
        if os.preadv(self._file.fileno(), [rows.view("u1").data], _HEADER + place * self._row.itemsize) < rows.nbytes:
            raise OSError("The file of embeddings was cut short.")
        return rows


class EmbeddingMatrix:
    """The file of a store; whatever is wrong with it, it is written anew, or the store is read instead."""

    def __init__(self, db: Database, path: Path, *, least: int = _LEAST, many: int = _MANY) -> None:
        """Take the open store, and the path of the file.

        The file is used if the store has `least` faces or more, and so `many` new faces are appended at once.
        """
        self._db = db
        self._path = path
        self._least = least
        self._many = many

    def faces(self, model: str) -> MatrixFaces | None:
        """Return the faces of a model but the newest, or None if all have to be read from the store.

        The file is brought up to date, unless another process does so, this one is in a transaction, or the disk is
        full.
        """
        if not self._serves(model):
            return None
        if self._is_stale(model) and not self._db.conn.in_transaction:
            try:
                with self._alone() as is_alone:
                    if is_alone:
                        self._renew(model)
            except (OSError, StoreError):  # it can't be written: the store is read
                pass
        return self._open(model)

    def _is_stale(self, model: str) -> bool:
        """Return whether there is no file that is the store's, or many faces have come since it was written."""
        found = self._header(model)
        return found is None or self._newer(model, found.last)

    def _serves(self, model: str) -> bool:
        """Return whether the file would be of this model, and is worth it; kept embeddings are in the store only."""
        (last,) = self._db.conn.execute("SELECT max(id) FROM faces").fetchone()
        if last is None or last < self._least:
            return False
        (in_use,) = self._db.conn.execute("SELECT value FROM facts WHERE name = 'model'").fetchone()
        return bool(in_use == model and not has_kept(self._db, model))

    def _open(self, model: str) -> MatrixFaces | None:
        """Open the file and return what it has, if it is the store's and can be read."""
        try:
            if not self._path.is_file():  # to open a pipe would wait for its other end
                return None
            with ExitStack() as unless_used:
                file = unless_used.enter_context(self._path.open("rb"))
                header = _Header.of(file.read(_HEADER))
                if header is None or header.model != model or header.mark != self._mark:
                    return None
                if os.fstat(file.fileno()).st_size < _HEADER + header.rows * _row(header.numbers).itemsize:
                    return None
                unless_used.pop_all()
                return MatrixFaces(file, header)
        except OSError:
            return None

    def _header(self, model: str) -> _Header | None:
        """Return what the file says of itself, if it is the store's and can be read."""
        found = self._open(model)
        if found is None:
            return None
        with found:
            return found.header

    @property
    def _mark(self) -> str:
        return str(self._db.conn.execute("SELECT value FROM facts WHERE name = 'matrix'").fetchone()[0])

    def _newer(self, model: str, last: int) -> bool:
        """Return whether many faces have come since the file was written."""
        found = self._db.conn.execute(
            "SELECT 1 FROM faces WHERE +engine = ? AND id > ? ORDER BY id LIMIT 1 OFFSET ?",
            (model, last, self._many - 1),
        )
        return found.fetchone() is not None

    @contextmanager
    def _alone(self) -> Iterator[bool]:
        """Tell a block whether it alone may write the file, as it does until it ends."""
        folder = os.open(self._path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            try:
                fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
            else:
                yield True
        finally:
            os.close(folder)

    def _renew(self, model: str) -> None:
        """Append the faces that the file lacks, or write it anew if it is not the store's."""
        found = self._header(model)
        if found is None:
            self._write(model)
        elif self._newer(model, found.last):
            self._append(model, found)

    def _write(self, model: str) -> None:
        """Write the file under a temporary name, which it has until it is whole."""
        temporary = self._path.with_name(f".{self._path.name}.new")
        mark = self._set_mark()  # before any face is read: what is changed from now on, takes it back
        try:
            with temporary.open("wb") as file:
                os.fchmod(file.fileno(), 0o600)
                keep_owner(file.fileno(), self._path.parent)
                file.write(bytes(_HEADER))
                header = self._write_rows(file, model, mark, after=0, rows=0)
                if header is None:
                    return
                file.seek(0)
                file.write(header.to_bytes())
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(self._path)
        finally:
            temporary.unlink(missing_ok=True)

    def _append(self, model: str, found: _Header) -> None:
        """Write more rows, and then the header that counts them; until then the file has those that it had."""
        before = self._mark
        with self._path.open("r+b") as file:
            file.seek(_HEADER + found.rows * _row(found.numbers).itemsize)
            header = self._write_rows(file, model, secrets.token_hex(16), after=found.last, rows=found.rows)
            if header is None:
                return
            file.flush()
            os.fdatasync(file.fileno())
            if self._replace_mark(before, header.mark):
                os.pwrite(file.fileno(), header.to_bytes(), 0)

    def _write_rows(self, file: IO[bytes], model: str, mark: str, *, after: int, rows: int) -> _Header | None:
        """Write the faces with ids above one behind so many others; return the header, None if there are none."""
        numbers = 0
        for part in self._parts(model, after):
            numbers = part.dtype["embedding"].shape[0]
            if shutil.disk_usage(self._path.parent).free < 2 * part.nbytes:
                raise OSError("The disk is almost full.")
            file.write(part.tobytes())
            rows, after = rows + len(part), int(part["face"][-1])
        return _Header(model=model, rows=rows, last=after, numbers=numbers, mark=mark) if numbers else None

    def _parts(self, model: str, after: int) -> "Iterator[npt.NDArray[np.void]]":
        """Give the store's faces with ids above one."""
        import numpy as np  # noqa: PLC0415 - as above

        from familiar.identity.search import squares_of  # noqa: PLC0415 - it imports numpy

        # A scan in the order of ids: with the index of engines, each row would be a separate lookup.
        query = "SELECT id, photo_id, embedding FROM faces WHERE +engine = ? AND id > ? ORDER BY id LIMIT ?"
        while found := self._db.conn.execute(query, (model, after, _PART)).fetchall():
            embeddings = stack(row[2] for row in found)
            part = np.empty(len(found), _row(embeddings.shape[1]))
            part["face"] = [row[0] for row in found]
            part["photo"] = [row[1] for row in found]
            part["embedding"] = embeddings
            part["square"] = squares_of(embeddings)
            yield part
            after = found[-1][0]

    def _set_mark(self) -> str:
        mark = secrets.token_hex(16)
        self._db.conn.execute("UPDATE facts SET value = ? WHERE name = 'matrix'", (mark,))
        return mark

    def _replace_mark(self, before: str, mark: str) -> bool:
        """Replace the store's mark, unless a face was changed in the meantime, or another store put in its place."""
        changed = self._db.conn.execute(
            "UPDATE facts SET value = ? WHERE name = 'matrix' AND value = ?", (mark, before)
        )
        return changed.rowcount == 1


def _row(numbers: int) -> "np.dtype[Any]":
    """Return the form of a row for embeddings of so many numbers."""
    import numpy as np  # noqa: PLC0415 - as above

    return np.dtype([("face", "<i8"), ("photo", "<i8"), ("square", "<f4"), ("embedding", "<f4", (numbers,))])
