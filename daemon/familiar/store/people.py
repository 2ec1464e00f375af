"""People and their references: the reference model.

Each change raises `version`, so that another process sees that its copy of the model is old.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from familiar.errors import UsageError
from familiar.identity.people import KnownPerson
from familiar.names import check_name, name_key
from familiar.store.database import Database, writing
from familiar.store.photos import stack


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A person as they are registered."""

    id: int
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonRow(Person):
    """A person with counts: of their references, and of the faces and photos that match them."""

    threshold: float | None
    references: int
    faces: int
    photos: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceRow:
    """One reference: the file that it was registered from, when the photo was taken, and which face it is."""

    id: int
    origin: Path | None
    taken: str | None
    added_at: str
    engine: str
    face_id: int | None


class People:
    """The tables of people and references."""

    def __init__(self, db: Database, *, now: Callable[[], datetime]) -> None:
        """Take the open store and a clock that gives UTC."""
        self._db = db
        self._now = now

    @property
    def version(self) -> int:
        """A number that grows with each change of a person or a reference."""
        return int(self._db.conn.execute("SELECT value FROM facts WHERE name = 'people version'").fetchone()[0])

    @property
    def matched_with(self) -> str:
        """What the stored matches were computed with, as `note_matched` was told."""
        return str(self._db.conn.execute("SELECT value FROM facts WHERE name = 'matched with'").fetchone()[0])

    def note_change(self) -> None:
        """Say that people or references have changed: `version` grows."""
        self._db.conn.execute("UPDATE facts SET value = value + 1 WHERE name = 'people version'")

    def note_matched(self, what: str) -> None:
        """Remember what all stored matches are computed with: the version of the people, and the settings."""
        self._db.conn.execute("UPDATE facts SET value = ? WHERE name = 'matched with'", (what,))

    def all(self) -> list[PersonRow]:
        """Return all people, by name."""
        return self._people("")

    def find(self, name: str) -> PersonRow:
        """Return the person of this name; case, Unicode form and runs of spaces do not matter.

        Raises:
            UsageError: there is none.
        """
        found = self._people("WHERE key = ?", name_key(name))
        if not found:
            raise UsageError(f"There is no person named {name!r}; `familiar people list` shows the names.")
        return found[0]

    def add(self, name: str) -> Person:
        """Return the person of this name, writing them down if they are new.

        Raises:
            UsageError: the name can't be used.
        """
        name = check_name(name)
        with writing(self._db):
            found = self._named(name)
            if found is not None:
                return found
            cursor = self._db.conn.execute(
                "INSERT INTO people (name, key, added_at) VALUES (?, ?, ?)",
                (name, name_key(name), self._now().isoformat()),
            )
            self.note_change()
            assert cursor.lastrowid is not None
            return Person(id=cursor.lastrowid, name=name)

    def references(self, person_id: int) -> list[ReferenceRow]:
        """Return a person's references, the oldest first."""
        rows = self._db.conn.execute(
            "SELECT id, origin, taken, added_at, engine, face_id FROM face_references WHERE person_id = ? ORDER BY id",
            (person_id,),
        )
        return [
            ReferenceRow(
                id=id_,
                origin=None if origin is None else Path(os.fsdecode(origin)),
                taken=taken,
                added_at=added_at,
                engine=engine,
                face_id=face_id,
            )
            for id_, origin, taken, added_at, engine, face_id in rows
        ]

    def rename(self, name: str, to: str) -> PersonRow:
        """Give a person another name.

        Raises:
            UsageError: there is no such person, the new name can't be used, or somebody else has it.
        """
        to = check_name(to)
        with writing(self._db):
            person = self.find(name)
            taken = self._named(to)
            if taken is not None and taken.id != person.id:
                raise UsageError(
                    f"{taken.name!r} exists already; `familiar people merge {person.name!r} {taken.name!r}` "
                    "makes one person of the two."
                )
            self._db.conn.execute("UPDATE people SET name = ?, key = ? WHERE id = ?", (to, name_key(to), person.id))
            self.note_change()
        return self.find(to)

    def merge(self, name: str, into: str) -> PersonRow:
        """Give all references of one person to another, and remove the first.

        Raises:
            UsageError: one of them does not exist, or they are the same.
        """
        with writing(self._db):
            person, target = self.find(name), self.find(into)
            if person.id == target.id:
                raise UsageError(f"{name!r} and {into!r} are the same person already.")
            self._check_told_apart(person, target)
            self._db.conn.execute(
                "UPDATE OR IGNORE face_references SET person_id = ? WHERE person_id = ?", (target.id, person.id)
            )
            for table in ("matches", "clusters", "refusals"):
                self._db.conn.execute(f"UPDATE {table} SET person_id = ? WHERE person_id = ?", (target.id, person.id))
            self._db.conn.execute("DELETE FROM people WHERE id = ?", (person.id,))
            self.note_change()
        return self.find(into)

    def _check_told_apart(self, person: PersonRow, target: PersonRow) -> None:
        """Check that nobody said of a cluster of one of them that it is not the other.

        Raises:
            UsageError: somebody did.
        """
        row = self._db.conn.execute(
            "SELECT one.id FROM refusals JOIN clusters AS one ON one.id = refusals.cluster_id "
            "LEFT JOIN clusters AS two ON two.id = other_id WHERE one.person_id IN (?1, ?2) "
            "AND COALESCE(refusals.person_id, two.person_id) IN (?1, ?2) LIMIT 1",
            (person.id, target.id),
        ).fetchone()
        if row is not None:
            raise UsageError(
                f"Cluster {row[0]} was told apart from {person.name!r} or {target.name!r} before, so they are two "
                "people; `familiar clusters log` shows the event, and `familiar clusters undo EVENT` takes it back."
            )

    def refusals_of(self, name: str) -> int:
        """Count what was refused for a person."""
        query = "SELECT count(*) FROM refusals WHERE person_id = ?"
        return int(self._db.conn.execute(query, (self.find(name).id,)).fetchone()[0])

    def remove(self, name: str) -> PersonRow:
        """Remove a person with their references; return who it was. Photos and faces stay."""
        with writing(self._db):
            person = self.find(name)
            self._db.conn.execute("DELETE FROM people WHERE id = ?", (person.id,))
            self.note_change()
        return person

    def set_threshold(self, name: str, threshold: float | None) -> PersonRow:
        """Give a person a threshold of their own, or None for the configured one."""
        with writing(self._db):
            person = self.find(name)
            self._db.conn.execute("UPDATE people SET threshold = ? WHERE id = ?", (threshold, person.id))
            self.note_change()
        return self.find(name)

    def known(self, engine: str) -> tuple[KnownPerson, ...]:
        """Return all people who have references that this engine has encoded, with them."""
        rows = self._db.conn.execute(
            "SELECT name, threshold, embedding FROM encoded_references AS one JOIN people ON people.id = person_id "
            "WHERE model = ? ORDER BY name, one.id",
            (engine,),
        )
        blobs: dict[tuple[str, float | None], list[bytes]] = {}
        for name, threshold, embedding in rows:
            blobs.setdefault((name, threshold), []).append(embedding)
        return tuple(
            KnownPerson(name=name, threshold=threshold, references=stack(found))
            for (name, threshold), found in blobs.items()
        )

    def outdated(self, engine: str) -> list[int]:
        """Return the photos of references of another engine, the newest first."""
        rows = self._db.conn.execute(
            "SELECT DISTINCT photo_id FROM face_references JOIN faces ON faces.id = face_id "
            "WHERE face_references.engine != ? ORDER BY photo_id DESC",
            (engine,),
        )
        return [int(row[0]) for row in rows]

    def origins_of(self, photo_id: int) -> list[Path]:
        """Return where a photo lay when faces in it were registered."""
        rows = self._db.conn.execute(
            "SELECT DISTINCT origin FROM face_references JOIN faces ON faces.id = face_id "
            "WHERE photo_id = ? AND origin IS NOT NULL",
            (photo_id,),
        )
        return [Path(os.fsdecode(row[0])) for row in rows]

    def left_behind(self, engine: str) -> list[tuple[str, int]]:
        """Return the names of people who have references of another engine, and how many."""
        rows = self._db.conn.execute(
            "SELECT name, count(*) FROM face_references JOIN people ON people.id = person_id WHERE engine != ? "
            "GROUP BY name ORDER BY name",
            (engine,),
        )
        return [(str(name), int(count)) for name, count in rows]

    def unmatched(self, engine: str) -> dict[str, tuple[str, ...]]:
        """Return the people who have references, but none that this engine has encoded, and the engines of these."""
        rows = self._db.conn.execute(
            "SELECT DISTINCT name, model FROM encoded_references JOIN people ON people.id = person_id "
            "WHERE person_id NOT IN (SELECT person_id FROM encoded_references WHERE model = ?) ORDER BY name, model",
            (engine,),
        )
        found: dict[str, tuple[str, ...]] = {}
        for name, model in rows:
            found[str(name)] = (*found.get(str(name), ()), str(model))
        return found

    def _named(self, name: str) -> Person | None:
        """Return the person of this name, without counting: that takes long for one with many faces."""
        row = self._db.conn.execute("SELECT id, name FROM people WHERE key = ?", (name_key(name),)).fetchone()
        return None if row is None else Person(id=row[0], name=row[1])

    def _people(self, where: str, *values: Any) -> list[PersonRow]:
        rows = self._db.conn.execute(
            f"""
            SELECT id, name, threshold,
                (SELECT count(*) FROM face_references WHERE person_id = people.id),
                (SELECT count(*) FROM matches WHERE person_id = people.id AND accepted),
                (SELECT count(DISTINCT photo_id) FROM matches JOIN faces ON faces.id = face_id
                    WHERE person_id = people.id AND accepted)
            FROM people {where} ORDER BY key
            """,
            values,
        )
        return [
            PersonRow(id=id_, name=name, threshold=threshold, references=references, faces=faces, photos=photos)
            for id_, name, threshold, references, faces, photos in rows
        ]
