"""Photos and faces for commands that choose among all of them."""

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from familiar.model import Face, Match
from familiar.names import name_key
from familiar.store.database import Database
from familiar.store.photos import FACE_COLUMNS, face_of

_PART = 10_000
"""Faces read at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PhotoGlance:
    """A photo without its faces: size of the upright original, and `reason` where it was set aside.

    `outdated` says that another model encoded faces of it; `turn` is as in `Photo`.
    """

    id: int
    hash: str
    width: int
    height: int
    reason: str | None
    outdated: bool
    turn: int | None = None


class Candidates:
    """Reads photos, faces and matches, many at once."""

    def __init__(self, db: Database) -> None:
        """Take the open store."""
        self._db = db

    def photos(self, engine: str, photo_ids: Sequence[int] | None = None) -> dict[int, PhotoGlance]:
        """Return photos and videos that were seen or set aside, by id; by default all that are known.

        Clips of live photos have no faces of their own, and are left out.
        """
        which = "" if photo_ids is None else "AND id IN (SELECT value FROM json_each(?2))"
        rows = self._db.conn.execute(
            "SELECT id, hash, width, height, reason, "
            "EXISTS (SELECT 1 FROM faces WHERE photo_id = photos.id AND faces.engine != ?1), turn "
            f"FROM photos WHERE verdict != 'output' AND kind != 'clip' {which} ORDER BY id",
            (engine, *([] if photo_ids is None else [json.dumps(list(photo_ids))])),
        )
        return {
            int(id_): PhotoGlance(
                id=id_,
                hash=hash_,
                width=width or 0,
                height=height or 0,
                reason=reason,
                outdated=bool(outdated),
                turn=turn,
            )
            for id_, hash_, width, height, reason, outdated, turn in rows
        }

    def faces(self, face_ids: Sequence[int]) -> dict[int, Face]:
        """Return faces by id."""
        query = f"SELECT {FACE_COLUMNS} FROM faces WHERE id IN (SELECT value FROM json_each(?))"
        return {int(row[0]): face_of(row) for row in self._of(query, face_ids)}

    def matches(self, face_ids: Sequence[int]) -> dict[int, Match]:
        """Return the best match of each of these faces that has one, by the face's id."""
        query = (
            "SELECT face_id, name, distance, ambiguous, accepted FROM matches JOIN people ON people.id = person_id "
            "WHERE face_id IN (SELECT value FROM json_each(?))"
        )
        return {
            int(face_id): Match(person=name, distance=distance, ambiguous=bool(ambiguous), accepted=bool(accepted))
            for face_id, name, distance, ambiguous, accepted in self._of(query, face_ids)
        }

    def matched_with(self, person: str) -> set[int]:
        """Return the faces that count as a person."""
        rows = self._db.conn.execute(
            "SELECT face_id FROM matches JOIN people ON people.id = person_id WHERE key = ? AND accepted",
            (name_key(person),),
        )
        return {int(row[0]) for row in rows}

    def references(self, person_id: int, engine: str) -> list[tuple[Path | None, PhotoGlance | None, bytes]]:
        """Return the source of each reference of a person for this engine: its photo, if known, and its bytes."""
        rows = self._db.conn.execute(
            "SELECT origin, photo_id, one.embedding FROM encoded_references AS one "
            "LEFT JOIN faces ON faces.id = face_id WHERE person_id = ? AND model = ? ORDER BY one.id",
            (person_id, engine),
        ).fetchall()
        photos = self.photos(engine, [photo for _, photo, _ in rows if photo is not None])
        return [
            (
                None if origin is None else Path(os.fsdecode(origin)),
                None if photo is None else photos.get(int(photo)),
                embedding,
            )
            for origin, photo, embedding in rows
        ]

    def _of(self, query: str, face_ids: Sequence[int]) -> Iterator[Any]:
        for at in range(0, len(face_ids), _PART):
            yield from self._db.conn.execute(query, (json.dumps(list(face_ids[at : at + _PART])),)).fetchall()
