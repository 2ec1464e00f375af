"""The embeddings of all faces as one matrix: a file beside the store, read by each process that compares.

The system keeps what was read in memory, once for all processes. The file is not mapped: of a mapped file that is cut
short, or whose disk fails, the system kills those who read it.

The store is the truth, and the file only saves the time to read it. What the file has is the store's as long as both
have the same mark, a random text. The store's mark is written with the file, and taken back by any change of a face
that the file may have (triggers of the store do so); an earlier store that is put back has another one. New faces come
behind those that the file has. Nothing is written when photos arrive: the next process that looks at all faces appends
them.

The file has a page with a header (JSON, and its checksum), and a row for each face of the model in use, in the order of
their ids. The rows come in blocks. Before them, each block has the same embeddings with one byte for each number: a
process that looks for the nearest faces reads those of all faces, and the rows of few.
"""

import fcntl
import json
import os
import secrets
import shutil
import zlib
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, TypeAlias

from familiar.closing import Closing
from familiar.errors import StoreError
from familiar.model import Embeddings
from familiar.state import keep_owner
from familiar.store.database import Database
from familiar.store.embeddings import has_kept
from familiar.store.photos import stack

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from familiar.identity.quantisation import QuantisedEmbeddings

    Wanted: TypeAlias = Callable[[QuantisedEmbeddings], npt.NDArray[np.bool_]]
    """Tells which of some faces are wanted, shape (n,)."""

NAME = "embeddings.matrix"
"""Name of the file in the state folder."""

_HEADER = 4096
"""Bytes of the header: a page, so that the rows begin at one."""

_PART = 50_000
"""Faces that are read from the store at once."""

_BLOCK = 8_192
"""Faces of a block, which are read at once: 4 MB. With fewer, each costs more than the cache of a core saves."""

_FEW = 0.1
"""Up to this share of the rows of a block, those that are wanted are read one by one."""

_LEAST = 20_000
"""Faces of a store that is quickly read without a file."""

_MANY = 1_000
"""Faces that are worth to be appended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Header:
    """What a file says of itself: its model, how many faces it has, the last one, and the mark.

    `numbers` are those of an embedding, and `block` the faces of a block.
    """

    model: str
    rows: int
    last: int
    numbers: int
    block: int
    mark: str

    def to_bytes(self) -> bytes:
        content = json.dumps(asdict(self)).encode()
        return (b"%b\n%d" % (content, zlib.crc32(content))).ljust(_HEADER)

    @classmethod
    def of(cls, content: bytes) -> "_Header | None":
        """Read what `to_bytes` returns; None if it is anything else."""
        fields, _, checksum = content.rstrip().partition(b"\n")
        if checksum != b"%d" % zlib.crc32(fields):
            return None
        try:
            return cls(**json.loads(fields))
        except (ValueError, TypeError):  # of another version
            return None

    @property
    def form(self) -> "_Form":
        return _Form.of(self.numbers, self.block)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Form:
    """Where the file has what: blocks of so many rows, and of quantised embeddings before them."""

    row: "np.dtype[Any]"
    quantised: "np.dtype[Any]"
    block: int

    @classmethod
    def of(cls, numbers: int, block: int) -> "_Form":
        """Return the form for embeddings of so many numbers."""
        import numpy as np  # noqa: PLC0415 - many commands look at no face

        return cls(
            row=np.dtype([("face", "<i8"), ("photo", "<i8"), ("square", "<f4"), ("embedding", "<f4", (numbers,))]),
            quantised=np.dtype([("scale", "<f4"), ("square", "<f4"), ("codes", "i1", (numbers,))]),
            block=block,
        )

    def row_at(self, place: int) -> int:
        """Return the offset of a row in the file."""
        return self._block_at(place) + self.block * self.quantised.itemsize + place % self.block * self.row.itemsize

    def quantised_at(self, place: int) -> int:
        """Return the offset of a quantised embedding in the file."""
        return self._block_at(place) + place % self.block * self.quantised.itemsize

    def pieces(self, start: int, end: int) -> Iterator[tuple[int, int]]:
        """Divide places into pieces, each in one block."""
        while start < end:
            stop = min(end, (start // self.block + 1) * self.block)
            yield start, stop
            start = stop

    def _block_at(self, place: int) -> int:
        return _HEADER + place // self.block * self.block * (self.quantised.itemsize + self.row.itemsize)


class MatrixFaces(Closing):
    """Faces of one model that the file has, in the order of their ids, up to that of its header's `last`.

    They stay as they are, whatever is done to the file by this program. Close it after use.
    """

    def __init__(self, file: IO[bytes], header: _Header) -> None:
        """Take the open file, and what it says of itself."""
        self.header = header
        self._file = file
        self._form = header.form

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def parts(self, after: int = 0, wanted: "Wanted | None" = None) -> "Iterator[npt.NDArray[np.void]]":
        """Give the faces with ids above one, some at a time; those that are wanted, if a function is given.

        The fields of a row are `face` and `photo`, their ids, `embedding`, shape (numbers,), and `square`, that of its
        length. The function is asked before each part.

        Raises:
            OSError: the file can't be read any more, or was cut short.
        """
        import numpy as np  # noqa: PLC0415 - as above

        count = self.header.rows
        start = bisect_right(range(count), after, key=self._face_at) if after else 0
        room = np.empty(0 if wanted is None else self._form.block, self._form.quantised)
        for at, end in self._form.pieces(start, count):
            if wanted is None:
                yield self._rows(at, end - at)
            elif len(rows := self._wanted_rows(at, room[: end - at], wanted)):
                yield rows

    def _wanted_rows(self, place: int, room: "npt.NDArray[np.void]", wanted: "Wanted") -> "npt.NDArray[np.void]":
        """Return the rows that are wanted of some, whose quantised embeddings are read into the room for them."""
        import numpy as np  # noqa: PLC0415 - as above

        from familiar.identity.quantisation import QuantisedEmbeddings  # noqa: PLC0415 - it imports numpy

        self._read_into(room, self._form.quantised_at(place))
        places = np.flatnonzero(
            wanted(QuantisedEmbeddings(codes=room["codes"], scales=room["scale"], squares=room["square"]))
        )
        if len(places) > _FEW * len(room):
            return self._rows(place, len(room))[places]
        rows = np.empty(len(places), self._form.row)
        for number, at in enumerate(places.tolist()):
            self._read_into(rows[number : number + 1], self._form.row_at(place + at))
        return rows

    def _face_at(self, place: int) -> int:
        return int(self._rows(place, 1)["face"][0])

    def _rows(self, place: int, count: int) -> "npt.NDArray[np.void]":
        import numpy as np  # noqa: PLC0415 - as above

        rows = np.empty(count, self._form.row)
        self._read_into(rows, self._form.row_at(place))
        return rows

    def _read_into(self, room: "npt.NDArray[np.void]", offset: int) -> None:
        if os.preadv(self._file.fileno(), [room.view("u1").data], offset) < room.nbytes:
            raise OSError("The file of embeddings was cut short.")


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
                if os.fstat(file.fileno()).st_size < header.form.row_at(header.rows - 1) + header.form.row.itemsize:
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
                header = self._write_rows(file, model, mark, after=0, rows=0, block=_BLOCK)
                if header is None:
                    return
                os.pwrite(file.fileno(), header.to_bytes(), 0)
                os.fsync(file.fileno())
            temporary.replace(self._path)
        finally:
            temporary.unlink(missing_ok=True)

    def _append(self, model: str, found: _Header) -> None:
        """Write more rows, and then the header that counts them; until then the file has those that it had."""
        with self._path.open("r+b") as file:
            mark = secrets.token_hex(16)
            header = self._write_rows(file, model, mark, after=found.last, rows=found.rows, block=found.block)
            if header is None:
                return
            os.fdatasync(file.fileno())
            if self._replace_mark(found.mark, header.mark):
                os.pwrite(file.fileno(), header.to_bytes(), 0)

    def _write_rows(
        self, file: IO[bytes], model: str, mark: str, *, after: int, rows: int, block: int
    ) -> _Header | None:
        """Write the faces with ids above one behind so many others; return the header, None if there are none."""
        numbers = 0
        for embeddings, ids in self._parts(model, after):
            numbers = embeddings.shape[1]
            form = _Form.of(numbers, block)
            if shutil.disk_usage(self._path.parent).free < 4 * embeddings.nbytes:
                raise OSError("The disk is almost full.")
            for start, end in form.pieces(rows, rows + len(ids)):
                part = slice(start - rows, end - rows)
                _write(file, form, start, embeddings[part], ids[part])
            rows, after = rows + len(ids), ids[-1][0]
        return _Header(model=model, rows=rows, last=after, numbers=numbers, block=block, mark=mark) if numbers else None

    def _parts(self, model: str, after: int) -> Iterator[tuple[Embeddings, list[tuple[int, int]]]]:
        """Give the embeddings of the store's faces with ids above one, and the ids of faces and photos."""
        # A scan in the order of ids: with the index of engines, each row would be a separate lookup.
        query = "SELECT id, photo_id, embedding FROM faces WHERE +engine = ? AND id > ? ORDER BY id LIMIT ?"
        while found := self._db.conn.execute(query, (model, after, _PART)).fetchall():
            yield stack(row[2] for row in found), [(row[0], row[1]) for row in found]
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


def _write(file: IO[bytes], form: _Form, place: int, embeddings: Embeddings, ids: Sequence[tuple[int, int]]) -> None:
    """Write faces of one block from a place on: embeddings, shape (n, numbers), and the ids of faces and photos."""
    import numpy as np  # noqa: PLC0415 - as above

    from familiar.identity.quantisation import QuantisedEmbeddings  # noqa: PLC0415 - it imports numpy
    from familiar.identity.search import squares_of  # noqa: PLC0415 - as above

    squares = squares_of(embeddings)
    rows = np.empty(len(ids), form.row)
    rows["face"], rows["photo"] = np.array(ids, np.int64).T
    rows["embedding"], rows["square"] = embeddings, squares
    quantised, found = QuantisedEmbeddings.of(embeddings, squares), np.empty(len(ids), form.quantised)
    found["codes"], found["scale"], found["square"] = quantised.codes, quantised.scales, quantised.squares
    for offset, content in ((form.quantised_at(place), found), (form.row_at(place), rows)):
        file.seek(offset)
        file.write(content.tobytes())
    file.flush()
