"""References by the thousand: registered from faces, taken in from files, and given out."""

import os
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from familiar.errors import UsageError
from familiar.model import Embeddings
from familiar.store.database import Database, writing
from familiar.store.people import People, Person
from familiar.store.photos import embedding_bytes, stack

_FACE = """
SELECT embedding, engine, (SELECT taken FROM photos WHERE photos.id = photo_id),
    (SELECT name FROM face_references JOIN people ON people.id = person_id WHERE face_id = faces.id)
FROM faces WHERE id = ?
"""
"""What a reference takes from a face, and the name of the person whom it is registered for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FaceToRegister:
    """A face that the store knows, whose it is, and the file that it was seen in."""

    person: str
    face_id: int
    origin: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """What came of a face: whether it was registered now, and whose it is; nobody's if there is no such face."""

    added: bool
    owner: str | None


class References:
    """The table of references, many rows at a time: what a method writes, it writes in one transaction."""

    def __init__(self, db: Database, *, people: People, now: Callable[[], datetime]) -> None:
        """Take the open store, its people, and a clock that gives UTC."""
        self._db = db
        self._people = people
        self._now = now

    def register(self, faces: Sequence[FaceToRegister]) -> list[Registered]:
        """Register faces, but for those that are registered already; return what came of each, in order.

        Raises:
            UsageError: a name can't be used; nobody is registered.
        """
        people: dict[str, Person] = {}
        with writing(self._db):
            registered = [self._register(face, people) for face in faces]
            if people:
                self._people.note_change()
        return registered

    def take_in(
        self, name: str, embeddings: Embeddings, *, origins: Sequence[Path | None], engine: str
    ) -> tuple[str, int]:
        """Register embeddings without faces, but for those that the person has; return their name, and how many.

        Raises:
            UsageError: the name can't be used, or somebody else has one of them; nothing is registered.
        """
        unique: dict[bytes, Path | None] = {}
        for embedding, origin in zip(embeddings, origins, strict=True):
            unique.setdefault(embedding_bytes(embedding), origin)
        with writing(self._db):
            person = self._people.add(name)
            known = self._owners(unique, engine)
            others = {owner for owner in known.values() if owner != person.name}
            if others:
                raise UsageError(
                    f"{min(others)!r} has some of these references already, so they can't be those of {person.name!r}."
                )
            fresh = {blob: origin for blob, origin in unique.items() if blob not in known}
            time = self._now().isoformat()
            self._db.conn.executemany(
                "INSERT INTO face_references (person_id, embedding, engine, origin, added_at) VALUES (?, ?, ?, ?, ?)",
                (
                    (person.id, blob, engine, None if origin is None else os.fsencode(origin), time)
                    for blob, origin in fresh.items()
                ),
            )
            if fresh:
                self._people.note_change()
        return person.name, len(fresh)

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
        """Return the engines that have encoded a person's references, and how many each."""
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

    def _register(self, face: FaceToRegister, people: dict[str, Person]) -> Registered:
        """Register a face; `people` are those who got one, by the names that were asked for."""
        row = self._db.conn.execute(_FACE, (face.face_id,)).fetchone()
        if row is None:
            return Registered(added=False, owner=None)
        *values, owner = row
        if owner is not None:
            return Registered(added=False, owner=owner)
        if face.person not in people:
            people[face.person] = self._people.add(face.person)
        person = people[face.person]
        self._db.conn.execute(
            "INSERT INTO face_references (person_id, face_id, embedding, engine, taken, origin, added_at) "
            "VALUES (?, ?, ?, ?, ?, ?, ?)",
            (person.id, face.face_id, *values, os.fsencode(face.origin), self._now().isoformat()),
        )
        return Registered(added=True, owner=person.name)

    def _owners(self, blobs: Collection[bytes], engine: str) -> dict[bytes, str]:
        """Return those of the embeddings that are references of this engine, and whose."""
        rows = self._db.conn.execute(
            "SELECT embedding, name FROM face_references JOIN people ON people.id = person_id WHERE engine = ?",
            (engine,),
        )
        return {embedding: name for embedding, name in rows if embedding in blobs}
