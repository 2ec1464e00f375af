"""References, many at a time: registered from faces, imported from files, and exported."""

import os
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from familiar.errors import UsageError
from familiar.model import Embeddings
from familiar.names import check_name
from familiar.plurals import counted
from familiar.store.database import Database
from familiar.store.decisions.event import OpenEvent
from familiar.store.decisions.log import DecisionLog
from familiar.store.photos import embedding_bytes, stack

_FACE = """
SELECT embedding, engine, (SELECT taken FROM photos WHERE photos.id = photo_id),
    (SELECT name FROM face_references JOIN people ON people.id = person_id WHERE face_id = faces.id)
FROM faces WHERE id = ?
"""
"""What a reference takes from a face, and the name of the person for whom it is registered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FaceToRegister:
    """A known face, its person, and the file that shows it."""

    person: str
    face_id: int
    origin: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """The result for a face: whether it was registered now, and for whom it is; None if there is no such face."""

    added: bool
    owner: str | None


class References:
    """The table of references; each method that writes is one transaction and one event of the log."""

    def __init__(self, db: Database, *, log: DecisionLog) -> None:
        """Take the open store and the log of decisions."""
        self._db = db
        self._log = log

    def register(self, faces: Sequence[FaceToRegister]) -> list[Registered]:
        """Register faces, except those that are registered already; return the result for each, in order.

        Raises:
            UsageError: a name can't be used; nothing is registered.
        """
        with self._log.event("add references") as event:
            registered = [self._register(face, event) for face in faces]
            people = list(dict.fromkeys(one.owner for one in registered if one.added))
            whom = people[0] if len(people) == 1 else counted(len(people), "person", "people")
            event.summary = f"{counted(sum(one.added for one in registered), 'face')} registered for {whom}"
        return registered

    def take_in(
        self, name: str, embeddings: Embeddings, *, origins: Sequence[Path | None], engine: str
    ) -> tuple[str, int]:
        """Register embeddings without faces, except those that the person has; return the name, and how many are new.

        Raises:
            UsageError: the name can't be used, or somebody else has one of them; nothing is registered.
        """
        unique: dict[bytes, Path | None] = {}
        for embedding, origin in zip(embeddings, origins, strict=True):
            unique.setdefault(embedding_bytes(embedding), origin)
        name = check_name(name)
        with self._log.event("import references") as event:
            person_id, person = event.person(name)
            known = self._owners(unique, engine)
            others = {owner for owner in known.values() if owner != person}
            if others:
                raise UsageError(
                    f"{min(others)!r} has some of these references already, so they can't be those of {person!r}."
                )
            fresh = {blob: origin for blob, origin in unique.items() if blob not in known}
            for blob, origin in fresh.items():
                reference = self._db.conn.execute(
                    "INSERT INTO face_references (person_id, embedding, engine, origin, added_at) "
                    "VALUES (?, ?, ?, ?, ?)",
                    (person_id, blob, engine, None if origin is None else os.fsencode(origin), event.time),
                ).lastrowid
                event.changes.note_inserted("face_references", reference or 0, person_id=person_id)
            event.summary = f"{counted(len(fresh), 'reference')} imported for {person}"
        return person, len(fresh)

    def of(self, person_id: int, engine: str) -> tuple[Embeddings, list[Path | None]]:
        """Return a person's references that an engine has encoded, shape (n, numbers), and where each comes from.

        The oldest comes first.
        """
        rows = self._db.conn.execute(
            "SELECT embedding, origin FROM encoded_references WHERE person_id = ? AND model = ? ORDER BY id",
            (person_id, engine),
        ).fetchall()
        origins = [None if origin is None else Path(os.fsdecode(origin)) for _, origin in rows]
        return stack(embedding for embedding, _ in rows), origins

    def engines_of(self, person_id: int) -> dict[str, int]:
        """Return the engines that have encoded a person's references, with the number of references."""
        return dict(
            self._db.conn.execute(
                "SELECT model, count(*) FROM encoded_references WHERE person_id = ? GROUP BY model ORDER BY model",
                (person_id,),
            )
        )

    def photos(self, person_id: int) -> list[int]:
        """Return the photos with faces that are a person's references."""
        rows = self._db.conn.execute(
            "SELECT DISTINCT photo_id FROM face_references JOIN faces ON faces.id = face_id WHERE person_id = ?",
            (person_id,),
        )
        return [int(row[0]) for row in rows]

    def without_face(self, engine: str) -> int:
        """Count the references of other engines that are no faces: this one can't encode them."""
        query = "SELECT count(*) FROM face_references WHERE face_id IS NULL AND engine != ?"
        return int(self._db.conn.execute(query, (engine,)).fetchone()[0])

    def _register(self, face: FaceToRegister, event: OpenEvent) -> Registered:
        row = self._db.conn.execute(_FACE, (face.face_id,)).fetchone()
        if row is None:
            return Registered(added=False, owner=None)
        *values, owner = row
        if owner is not None:
            return Registered(added=False, owner=owner)
        person_id, person = event.person(check_name(face.person))
        reference = self._db.conn.execute(
            "INSERT INTO face_references (person_id, face_id, embedding, engine, taken, origin, added_at) "
            "VALUES (?, ?, ?, ?, ?, ?, ?)",
            (person_id, face.face_id, *values, os.fsencode(face.origin), event.time),
        ).lastrowid
        event.changes.note_inserted("face_references", reference or 0, person_id=person_id, face_id=face.face_id)
        return Registered(added=True, owner=person)

    def _owners(self, blobs: Collection[bytes], engine: str) -> dict[bytes, str]:
        """Return the embeddings that are references of this engine, with the names of their people."""
        rows = self._db.conn.execute(
            "SELECT embedding, name FROM face_references JOIN people ON people.id = person_id WHERE engine = ?",
            (engine,),
        )
        return {embedding: name for embedding, name in rows if embedding in blobs}
