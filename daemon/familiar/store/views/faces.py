"""Many faces as arrays, for scoring and searching."""

import json
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from familiar.model import Embeddings
from familiar.store.database import Database
from familiar.store.matrix import EmbeddingMatrix, MatrixFaces
from familiar.store.photos import QUALITY, stack

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from familiar.store.matrix import Wanted

_OF_ENGINE = """
SELECT id, photo_id, embedding FROM real_faces WHERE {engine} = ?1 AND {quality} >= ?3 AND {where}
UNION ALL SELECT face_id AS id, photo_id, kept.embedding FROM face_embeddings AS kept
    CROSS JOIN real_faces ON real_faces.id = face_id
    WHERE model = ?1 AND {quality} >= ?3 AND {where} ORDER BY id
"""
"""Faces of some quality that have an embedding of an engine: the one in use, or one that is kept beside it."""

_PART = 50_000
"""Faces, or photos, read at once: 25 MB of embeddings."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FaceStack:
    """Faces of one engine in the order of their ids: ids and photos, shape (n,), and embeddings, shape (n, d).

    `squares` are those of the lengths of the embeddings, shape (n,), where they are known.
    """

    ids: "npt.NDArray[np.int64]"
    photos: "npt.NDArray[np.int64]"
    embeddings: Embeddings
    squares: "npt.NDArray[np.float32] | None" = None

    def __len__(self) -> int:
        """Return how many faces there are."""
        return len(self.ids)


class Faces:
    """The table of faces, read as arrays."""

    def __init__(self, db: Database, *, matrix: EmbeddingMatrix) -> None:
        """Take the open store, and the file that has the embeddings of all its faces."""
        self._db = db
        self._matrix = matrix

    def all(
        self, engine: str, *, after: int = 0, min_quality: float = 0.0, wanted: "Wanted | None" = None
    ) -> Iterator[FaceStack]:
        """Give all faces that an engine has encoded, with ids above `after`, in parts that are not empty.

        A face whose quality is unknown is good enough for any `min_quality`. Faces that are not `wanted` by their
        quantised embeddings are left out where the file has them; those that only the store has are all given.
        """
        found = self._matrix.faces(engine)
        if found is not None:
            with found, suppress(OSError):  # the store has what can't be read
                for part in self._in_matrix(found, after, min_quality, wanted):
                    yield part
                    after = int(part.ids[-1])
                after = max(after, found.header.last)
        # A scan in the order of ids: with the index of engines, each row would be a separate lookup.
        query = _OF_ENGINE.format(engine="+engine", quality=QUALITY, where="real_faces.id > ?2") + f"LIMIT {_PART}"
        while len(part := self._stack(query, engine, after, min_quality)):
            yield part
            after = int(part.ids[-1])

    def _in_matrix(
        self, found: MatrixFaces, after: int, min_quality: float, wanted: "Wanted | None"
    ) -> Iterator[FaceStack]:
        """Give the faces that a file has, as `all` does; embeddings are copied only where some do not count."""
        import numpy as np  # noqa: PLC0415 - many commands look at no face

        left_out = self._left_out(min_quality)
        for part in found.parts(after, wanted):
            first, last = np.searchsorted(left_out, [part["face"][0], part["face"][-1] + 1])
            rows = part[~np.isin(part["face"], left_out[first:last])] if first < last else part
            if len(rows):
                yield FaceStack(
                    ids=rows["face"],
                    photos=rows["photo"],
                    embeddings=rows["embedding"],
                    squares=rows["square"],
                )

    def _left_out(self, min_quality: float) -> "npt.NDArray[np.int64]":
        """Return the faces that do not count, in the order of their ids."""
        import numpy as np  # noqa: PLC0415 - as above

        query = "SELECT face_id FROM no_faces UNION SELECT face_id FROM clip_faces"
        if min_quality > 0:
            query += " UNION SELECT id FROM faces WHERE quality < ?1"
        rows = self._db.conn.execute(query, (min_quality,) if min_quality > 0 else ())
        return np.array(sorted(row[0] for row in rows), np.int64)

    def of_photos(self, engine: str, photos: Sequence[int], *, min_quality: float = 0.0) -> Iterator[FaceStack]:
        """Give the faces in these photos that an engine has encoded, as `all` does."""
        among = "photo_id IN (SELECT value FROM json_each(?2))"
        query = _OF_ENGINE.format(engine="engine", quality=QUALITY, where=among)
        for at in range(0, len(photos), _PART):
            part = self._stack(query, engine, json.dumps(list(photos[at : at + _PART])), min_quality)
            if len(part):
                yield part

    def among(
        self,
        engine: str,
        photos: Sequence[int] | None,
        *,
        min_quality: float = 0.0,
        wanted: "Wanted | None" = None,
    ) -> Iterator[FaceStack]:
        """Give the faces in these photos, or all if there is no choice of photos, as `all` does."""
        if photos is None:
            return self.all(engine, min_quality=min_quality, wanted=wanted)
        return self.of_photos(engine, photos, min_quality=min_quality)

    def _stack(self, query: str, *values: object) -> FaceStack:
        import numpy as np  # noqa: PLC0415 - many commands look at no face

        rows = self._db.conn.execute(query, values).fetchall()
        return FaceStack(
            ids=np.array([row[0] for row in rows], np.int64),
            photos=np.array([row[1] for row in rows], np.int64),
            embeddings=stack(row[2] for row in rows),
        )
