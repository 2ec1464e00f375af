"""Embeddings of faces by other models than the one in use, and how a face changes from one model to another.

A face has one embedding in use, of the model that `faces.engine` names. Those that other models made of it are kept
beside it, so that no photo has to be read when one of them is used again.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from familiar.model import Embeddings, Face
from familiar.store.database import Database, writing
from familiar.store.people import raise_people_version
from familiar.store.photos import FACE_COLUMNS, embedding_bytes, face_of, stack


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FacesToEncode:
    """Faces of one photo, known by the hash of its content, that a model has yet to encode."""

    photo: int
    hash: str
    faces: tuple[Face, ...]
    turn: int | None = None

    @property
    def ids(self) -> list[int]:
        """The ids of the faces."""
        return [face.id or 0 for face in self.faces]


def has_kept(db: Database, model: str) -> bool:
    """Return whether embeddings by this model are kept of faces of which those by another one are in use."""
    return db.conn.execute("SELECT 1 FROM face_embeddings WHERE model = ? LIMIT 1", (model,)).fetchone() is not None


class FaceEmbeddings:
    """The table of embeddings by face and model, and the embeddings in use of faces and references."""

    def __init__(self, db: Database) -> None:
        """Take the open store."""
        self._db = db

    def renew(
        self, face_ids: Sequence[int], embeddings: Embeddings, model: str, qualities: Sequence[float] | None = None
    ) -> None:
        """Give faces, and references that they are, embeddings of another model; those that they had are kept.

        `qualities` are those of the faces, if they were rated as well.
        """
        with writing(self._db):
            self._db.conn.executemany(
                "INSERT OR REPLACE INTO face_embeddings (face_id, model, embedding) "
                "SELECT id, engine, embedding FROM faces WHERE id = ? AND engine != ?",
                ((id_, model) for id_ in face_ids),
            )
            rows = [(embedding_bytes(new), model, id_) for id_, new in zip(face_ids, embeddings, strict=True)]
            self._db.conn.executemany("UPDATE faces SET embedding = ?, engine = ? WHERE id = ?", rows)
            if qualities is not None:
                rated = zip(qualities, face_ids, strict=True)
                self._db.conn.executemany("UPDATE faces SET quality = ? WHERE id = ?", rated)
            changed = self._db.conn.executemany(
                "UPDATE face_references SET embedding = ?, engine = ? WHERE face_id = ?", rows
            )
            if changed.rowcount > 0:
                raise_people_version(self._db)
            self._db.conn.executemany(
                "DELETE FROM face_embeddings WHERE model = ? AND face_id = ?", ((model, id_) for id_ in face_ids)
            )

    def keep(self, face_ids: Sequence[int], embeddings: Embeddings, model: str) -> None:
        """Keep embeddings by a model beside those in use, of faces that are still there and encoded by another one."""
        with writing(self._db):
            self._db.conn.executemany(
                "INSERT OR REPLACE INTO face_embeddings (face_id, model, embedding) "
                "SELECT id, ?, ? FROM faces WHERE id = ? AND engine != ?",
                ((model, embedding_bytes(new), id_, model) for id_, new in zip(face_ids, embeddings, strict=True)),
            )

    def has_kept(self, model: str) -> bool:
        """Return whether embeddings by this model are kept of faces of which those by another one are in use."""
        return has_kept(self._db, model)

    def kept(self, model: str, *, limit: int, photo: int | None = None, of_references: bool = False) -> list[int]:
        """Return up to `limit` faces, the newest first, that this model has encoded, and that another one is used for.

        Only those of one photo are returned, or those that are references, if that is asked for.
        """
        rows = self._db.conn.execute(
            "SELECT face_id FROM face_embeddings WHERE model = ?1 "
            "AND (?2 IS NULL OR face_id IN (SELECT id FROM faces WHERE photo_id = ?2)) "
            "AND (NOT ?3 OR face_id IN (SELECT face_id FROM face_references)) ORDER BY face_id DESC LIMIT ?4",
            (model, photo, of_references, limit),
        )
        return [int(row[0]) for row in rows]

    def kept_of(self, face_ids: Sequence[int], model: str) -> "Embeddings | None":
        """Return what a model that is not in use made of these faces, in their order; None if it has not seen all."""
        rows = self._db.conn.execute(
            "SELECT face_id, embedding FROM face_embeddings WHERE model = ? "
            "AND face_id IN (SELECT value FROM json_each(?))",
            (model, json.dumps(list(face_ids))),
        )
        found = {int(face_id): embedding for face_id, embedding in rows}
        return stack(found[face_id] for face_id in face_ids) if found.keys() >= set(face_ids) else None

    def restore(self, face_ids: Sequence[int], model: str) -> None:
        """Give faces the embeddings that this model made of them before, as `renew` does."""
        with writing(self._db):
            rows = self._db.conn.execute(
                "SELECT face_id, embedding FROM face_embeddings WHERE model = ? "
                "AND face_id IN (SELECT value FROM json_each(?))",
                (model, json.dumps(list(face_ids))),
            ).fetchall()
            self.renew([int(row[0]) for row in rows], stack(row[1] for row in rows), model)

    def missing(self, model: str, photos: Sequence[int] | None = None) -> list[int]:
        """Return the photos, the newest first, with faces that this model has not encoded; by default of all photos."""
        among = "" if photos is None else "AND photo_id IN (SELECT value FROM json_each(?2))"
        rows = self._db.conn.execute(
            "SELECT DISTINCT photo_id FROM faces WHERE engine != ?1 "
            f"AND id NOT IN (SELECT face_id FROM face_embeddings WHERE model = ?1) {among} ORDER BY photo_id DESC",
            (model, *([] if photos is None else [json.dumps(list(photos))])),
        )
        return [int(row[0]) for row in rows]

    def count_missing(self, model: str) -> int:
        """Count the faces that this model has not encoded."""
        query = (
            "SELECT count(*) FROM faces WHERE engine != ?1 "
            "AND id NOT IN (SELECT face_id FROM face_embeddings WHERE model = ?1)"
        )
        return int(self._db.conn.execute(query, (model,)).fetchone()[0])

    def to_encode(self, photo_id: int, model: str) -> FacesToEncode | None:
        """Return the faces of a photo that this model has not encoded; None if there are none."""
        rows = self._db.conn.execute(
            f"SELECT {FACE_COLUMNS} FROM faces WHERE photo_id = ?1 AND engine != ?2 "
            "AND id NOT IN (SELECT face_id FROM face_embeddings WHERE model = ?2) ORDER BY id",
            (photo_id, model),
        ).fetchall()
        if not rows:
            return None
        hash_, turn = self._db.conn.execute("SELECT hash, turn FROM photos WHERE id = ?", (photo_id,)).fetchone()
        return FacesToEncode(photo=photo_id, hash=hash_, faces=tuple(map(face_of, rows)), turn=turn)
