"""People and their references.

Each change raises `version`, so that another process sees that its copy is old.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from familiar.errors import UsageError
from familiar.file_names import LONGEST, clean_name, shorten_name
from familiar.identity.people import KnownPerson
from familiar.names import RESERVED_NAMES, name_key
from familiar.store.database import Database
from familiar.store.photos import stack
from familiar.store.versions import version_of

_FACES = "(SELECT count(*) FROM matches WHERE person_id = people.id AND accepted = 1)"
"""The number of the faces that match a person."""
FACES_OF_PERSON = """
faces INDEXED BY faces_glance WHERE id IN (SELECT face_id FROM matches WHERE person_id = {person} AND accepted = 1)
"""
"""The faces that match a person, in the order of their ids: in that of their distances, each is in another place of the
file."""
_STATE = (
    f"id, name, threshold, hidden, cover, (SELECT count(*) FROM face_references WHERE person_id = people.id), {_FACES}"
)
"""The columns of a `PersonState`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A registered person."""

    id: int
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonState(Person):
    """A person with what was decided about them, and the numbers of their references, and of the faces that match them.

    `hidden` says that they are not offered for unnamed faces, and shown apart; `cover` is the id of the face that was
    chosen to stand for them.
    """

    threshold: float | None
    references: int
    faces: int
    hidden: bool
    cover: int | None

    @property
    def version(self) -> str:
        """A text that differs whenever what was decided about the person does; not with the faces that match."""
        return version_of(self.name, self.threshold, self.references, self.hidden, self.cover)


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonRow(PersonState):
    """A person with the number of the photos that match them; to count many takes long."""

    photos: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceRow:
    """One reference: the file that it comes from, when the photo was taken, and its face."""

    id: int
    origin: Path | None
    taken: str | None
    added_at: str
    engine: str
    face_id: int | None


class People:
    """The tables of people and references."""

    def __init__(self, db: Database) -> None:
        """Take the open store."""
        self._db = db

    @property
    def version(self) -> int:
        """A number that grows with each change of a person or a reference."""
        return int(self._db.conn.execute("SELECT value FROM facts WHERE name = 'people version'").fetchone()[0])

    @property
    def matched_with(self) -> str:
        """What the stored matches were computed with: the version of the people, the settings, and the model."""
        return str(self._db.conn.execute("SELECT value FROM facts WHERE name = 'matched with'").fetchone()[0])

    def all(self) -> list[PersonRow]:
        """Return all people, by name."""
        rows = self._db.conn.execute(
            f"""
            WITH matched AS (SELECT person_id, face_id FROM matches NOT INDEXED WHERE accepted = 1 ORDER BY face_id),
            shown AS (
                SELECT person_id, count(DISTINCT photo_id) AS photos
                FROM matched CROSS JOIN faces INDEXED BY faces_glance ON faces.id = face_id GROUP BY person_id
            )
            SELECT {_STATE}, COALESCE(photos, 0) FROM people LEFT JOIN shown ON person_id = people.id ORDER BY key
            """
        )
        return [PersonRow(**_state_in(row), photos=photos) for *row, photos in rows]

    def count(self) -> int:
        """Return how many people there are."""
        return int(self._db.conn.execute("SELECT count(*) FROM people").fetchone()[0])

    def names(self, *, hidden: bool | None = None) -> list[str]:
        """Return the names of all people, in order, or of those who are `hidden`, or are not; no faces are counted."""
        rows = self._db.conn.execute(
            "SELECT name FROM people WHERE ?1 IS NULL OR hidden = ?1 ORDER BY key",
            (None if hidden is None else int(hidden),),
        )
        return [str(name) for (name,) in rows]

    def states(self) -> list[PersonState]:
        """Return what was decided about all people, by name; their photos are not counted, as in `all`."""
        rows = self._db.conn.execute(f"SELECT {_STATE} FROM people ORDER BY key")
        return [PersonState(**_state_in(row)) for row in rows]

    def of_id(self, person_id: int) -> PersonRow:
        """Return the person of this id.

        Raises:
            UsageError: there is no such person.
        """
        found = self._people("WHERE id = ?", person_id)
        if not found:
            raise _unknown(person_id)
        return found[0]

    def state(self, person_id: int) -> PersonState:
        """Return what was decided about the person of this id; does not count their photos, as `of_id` does.

        Raises:
            UsageError: there is no such person.
        """
        row = self._db.conn.execute(f"SELECT {_STATE} FROM people WHERE id = ?", (person_id,)).fetchone()
        if row is None:
            raise _unknown(person_id)
        return PersonState(**_state_in(row))

    def find(self, name: str) -> PersonRow:
        """Return the person of this name; case, Unicode form and runs of spaces do not matter.

        Raises:
            UsageError: there is no such person.
        """
        return self._people("WHERE id = ?", self.person(name).id)[0]

    def person(self, name: str) -> Person:
        """Return id and name of a person; does not count their faces, which takes long where there are many.

        Raises:
            UsageError: there is no such person.
        """
        found = self.named(name)
        if found is None:
            raise UsageError(f"There is no person named {name!r}; `familiar people list` shows the names.")
        return found

    def named(self, name: str) -> Person | None:
        """Return id and name of the person of this name, if there is one."""
        row = self._db.conn.execute("SELECT id, name FROM people WHERE key = ?", (name_key(name),)).fetchone()
        return None if row is None else Person(id=row[0], name=row[1])

    def check_folder(self, name: str, person_id: int | None = None) -> None:
        """Check that rules give a new name, of this person if they are known, a folder that nobody else has.

        Raises:
            UsageError: they would give somebody else the same folder, or put unknown faces into it.
        """
        folder = _folder_of(name)
        if name_key(folder) in RESERVED_NAMES:
            raise UsageError(
                f"The name {name!r} would use the folder {folder!r}, which is reserved in rules; choose another."
            )
        others = self._odd_names() if folder == name else [*self._odd_names(), folder]
        for other in others:
            known = self.named(other)
            if known is not None and known.id != person_id and name_key(_folder_of(known.name)) == name_key(folder):
                raise UsageError(
                    f"The name {name!r} would share the folder {folder!r} with {known.name!r}; choose another."
                )

    def with_one_folder(self) -> list[tuple[str, list[str]]]:
        """Return folders that rules give to several people, with the names of these."""
        found: dict[str, list[str]] = {}
        for odd in self._odd_names():
            folder = _folder_of(odd)
            known = self.named(folder)
            found.setdefault(folder, [] if known is None else [known.name])
            if odd not in found[folder]:
                found[folder].append(odd)
        return [(folder, names) for folder, names in found.items() if len(names) > 1]

    def _odd_names(self) -> list[str]:
        """Return the names of which the folder is another one."""
        rows = self._db.conn.execute(
            r"SELECT name FROM people WHERE name GLOB '*[/\]*' OR name GLOB '.*' OR name GLOB '*.' "
            "OR length(CAST(name AS BLOB)) > ? ORDER BY name",
            (LONGEST,),
        )
        return [str(name) for (name,) in rows]

    def threshold(self, person_id: int) -> float | None:
        """Return the threshold of a person; None: the configured one."""
        row = self._db.conn.execute("SELECT threshold FROM people WHERE id = ?", (person_id,)).fetchone()
        return None if row[0] is None else float(row[0])

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

    def refusals_of(self, name: str) -> int:
        """Count the refusals for a person."""
        query = "SELECT count(*) FROM refusals WHERE person_id = ?"
        return int(self._db.conn.execute(query, (self.find(name).id,)).fetchone()[0])

    def known(self, engine: str) -> tuple[KnownPerson, ...]:
        """Return all people with references that this engine has encoded, with these references."""
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
            "SELECT DISTINCT photo_id FROM face_references CROSS JOIN faces ON faces.id = face_id "
            "WHERE face_references.engine != ? ORDER BY photo_id DESC",
            (engine,),
        )
        return [int(row[0]) for row in rows]

    def origins_of(self, photo_id: int) -> list[Path]:
        """Return the paths of a photo when faces in it were registered."""
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
            """
            SELECT DISTINCT name, model FROM people CROSS JOIN encoded_references ON person_id = people.id
            WHERE NOT EXISTS (SELECT 1 FROM encoded_references AS own WHERE own.person_id = people.id AND own.model = ?)
            ORDER BY name, model
            """,
            (engine,),
        )
        found: dict[str, tuple[str, ...]] = {}
        for name, model in rows:
            found[str(name)] = (*found.get(str(name), ()), str(model))
        return found

    def _people(self, where: str, *values: Any) -> list[PersonRow]:
        rows = self._db.conn.execute(
            f"""
            SELECT {_STATE}, (SELECT count(DISTINCT photo_id) FROM {FACES_OF_PERSON.format(person="people.id")})
            FROM people {where} ORDER BY key
            """,
            values,
        )
        return [PersonRow(**_state_in(row), photos=photos) for *row, photos in rows]


def raise_people_version(db: Database) -> None:
    """Say that people, references or clusters have changed, so that all faces are matched again."""
    db.conn.execute("UPDATE facts SET value = value + 1 WHERE name = 'people version'")


def next_person_id(db: Database) -> int:
    """Return the id of a new person, which no person ever had, so that events never refer to somebody else."""
    (number,) = db.conn.execute(
        "UPDATE facts SET value = max(CAST(value AS INTEGER), (SELECT COALESCE(max(id), 0) FROM people)) + 1 "
        "WHERE name = 'last person' RETURNING value"
    ).fetchone()
    return int(number)


def _folder_of(name: str) -> str:
    """Return the folder that `{person}` is in the target of a rule."""
    return shorten_name(clean_name(name))


def _state_in(row: Sequence[Any]) -> dict[str, Any]:
    """Return the fields of a `PersonState` from a row with the columns of `_STATE`."""
    id_, name, threshold, hidden, cover, references, faces = row
    return {
        "id": id_,
        "name": name,
        "threshold": threshold,
        "references": references,
        "faces": faces,
        "hidden": bool(hidden),
        "cover": cover,
    }


def _unknown(person_id: int) -> UsageError:
    return UsageError(f"There is no person with the number {person_id}; they were removed or merged.")
