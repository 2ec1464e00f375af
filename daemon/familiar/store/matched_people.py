"""With which references of each person all faces are matched, and which faces were not matched since."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from familiar.store.database import Database, writing


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchedPerson:
    """A person as faces were matched with them: the threshold, None for the configured one, and the references.

    The references are the bytes of embeddings of one model, as the store keeps them, one after the other.
    """

    threshold: float | None
    references: bytes


class MatchedPeople:
    """The tables of people and faces that matching keeps for itself."""

    def __init__(self, db: Database) -> None:
        """Take the open store."""
        self._db = db

    def all(self) -> dict[str, MatchedPerson]:
        """Return the people with whom all faces are matched, by name; none if matching was interrupted."""
        if self._fact("matching"):
            return {}
        rows = self._db.conn.execute("SELECT name, threshold, embeddings FROM matched_people")
        return {str(name): MatchedPerson(threshold=threshold, references=blob) for name, threshold, blob in rows}

    def begin(self) -> None:
        """Note that faces are matched with other people from now on; until the end, nothing is known of them."""
        self._db.conn.execute("UPDATE facts SET value = 'yes' WHERE name = 'matching'")

    def end(self, people: Mapping[str, MatchedPerson], before: Mapping[str, MatchedPerson], *, basis: str) -> None:
        """Note with whom all faces are matched now, and were before, and what else the matches depend on."""
        with writing(self._db):
            self._db.conn.executemany(
                "DELETE FROM matched_people WHERE name = ?", [(name,) for name in before if name not in people]
            )
            if not before:
                self._db.conn.execute("DELETE FROM matched_people")
            self._db.conn.executemany(
                "INSERT OR REPLACE INTO matched_people (name, threshold, embeddings) VALUES (?, ?, ?)",
                [
                    (name, person.threshold, person.references)
                    for name, person in people.items()
                    if before.get(name) != person
                ],
            )
            self._db.conn.execute("UPDATE facts SET value = '' WHERE name = 'matching'")
            self._db.conn.execute("UPDATE facts SET value = ? WHERE name = 'matched with'", (basis,))

    def leave(self, face_ids: Sequence[int]) -> None:
        """Note faces that are to be matched again the next time."""
        self._db.conn.executemany(
            "INSERT OR IGNORE INTO unmatched_faces (face_id) VALUES (?)", ((face_id,) for face_id in face_ids)
        )

    def left(self) -> list[int]:
        """Return the faces that are to be matched again, in the order of their ids."""
        rows = self._db.conn.execute("SELECT face_id FROM unmatched_faces ORDER BY face_id")
        return [int(row[0]) for row in rows]

    def take(self, face_ids: Sequence[int]) -> None:
        """Note that faces are matched again."""
        self._db.conn.execute(
            "DELETE FROM unmatched_faces WHERE face_id IN (SELECT value FROM json_each(?))",
            (json.dumps(list(face_ids)),),
        )

    def names(self) -> dict[int, str]:
        """Return the names of all people, by their ids."""
        return dict(self._db.conn.execute("SELECT id, name FROM people"))

    def matches(self, first: int, last: int) -> list[tuple[int, int, float, bool]]:
        """Return the matches of the faces with ids from one to another: face, person, distance, whether accepted."""
        return self._db.conn.execute(
            "SELECT face_id, person_id, distance, accepted FROM matches WHERE face_id BETWEEN ? AND ? ORDER BY face_id",
            (first, last),
        ).fetchall()

    def _fact(self, name: str) -> str:
        return str(self._db.conn.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()[0])
