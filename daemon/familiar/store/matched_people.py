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
    """The tables of people and faces that matching keeps for itself.

    With the people, all faces are matched that are not left to be matched again.
    """

    def __init__(self, db: Database) -> None:
        """Take the open store."""
        self._db = db

    @property
    def how(self) -> str:
        """How faces are matched with the people of `all`: the settings, and the model."""
        return str(self._db.conn.execute("SELECT value FROM facts WHERE name = 'matched as'").fetchone()[0])

    def all(self) -> dict[str, MatchedPerson]:
        """Return the people with whom all faces are matched but those that are left, by name."""
        rows = self._db.conn.execute("SELECT name, threshold, embeddings FROM matched_people")
        return {str(name): MatchedPerson(threshold=threshold, references=blob) for name, threshold, blob in rows}

    def note(self, people: Mapping[str, MatchedPerson], before: Mapping[str, MatchedPerson], *, how: str) -> None:
        """Note with whom all faces are matched but those that are left, and were before, if anything counts of that.

        Until `finish`, no process takes the matches for those of its settings.
        """
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
            self._db.conn.execute("UPDATE facts SET value = ? WHERE name = 'matched as'", (how,))
            self._db.conn.execute("UPDATE facts SET value = '' WHERE name = 'matched with'")

    def finish(self, basis: str) -> None:
        """Note that no face is left, and what all matches depend on."""
        self._db.conn.execute("UPDATE facts SET value = ? WHERE name = 'matched with'", (basis,))

    def faces(self, model: str, *, after: int, limit: int) -> list[int]:
        """Return up to `limit` faces that a model has encoded, with ids above `after`, in the order of their ids."""
        # By the index of engines, each row would be a separate lookup.
        query = "SELECT id FROM faces WHERE +engine = ? AND id > ? ORDER BY id LIMIT ?"
        return [int(row[0]) for row in self._db.conn.execute(query, (model, after, limit))]

    def faces_of(self, people: Sequence[int]) -> list[int]:
        """Return the faces that match people, whose ids these are."""
        rows = self._db.conn.execute(
            "SELECT face_id FROM matches WHERE person_id IN (SELECT value FROM json_each(?))", (json.dumps(people),)
        )
        return [int(row[0]) for row in rows]

    def leave(self, face_ids: Sequence[int]) -> None:
        """Note faces that are to be matched again the next time."""
        self._db.conn.executemany(
            "INSERT OR IGNORE INTO unmatched_faces (face_id) VALUES (?)", ((face_id,) for face_id in face_ids)
        )

    def left(self, limit: int) -> list[int]:
        """Return up to `limit` faces that are to be matched again, in the order of their ids."""
        rows = self._db.conn.execute("SELECT face_id FROM unmatched_faces ORDER BY face_id LIMIT ?", (limit,))
        return [int(row[0]) for row in rows]

    def count_left(self) -> int:
        """Count the faces that are to be matched again."""
        return int(self._db.conn.execute("SELECT count(*) FROM unmatched_faces").fetchone()[0])

    def take(self, face_ids: Sequence[int]) -> None:
        """Note that faces are matched again."""
        self._db.conn.execute(
            "DELETE FROM unmatched_faces WHERE face_id IN (SELECT value FROM json_each(?))",
            (json.dumps(list(face_ids)),),
        )

    def names(self) -> dict[int, str]:
        """Return the names of all people, by their ids."""
        return dict(self._db.conn.execute("SELECT id, name FROM people"))

    def matches(self, first: int, last: int, also: Sequence[int]) -> list[tuple[int, int, float, bool]]:
        """Return matches: face, person, distance, whether accepted.

        Those of the faces with ids from `first` to `last` that are not accepted, and those of the faces in `also` that
        are.
        """
        columns = "SELECT face_id, person_id, distance, accepted FROM matches"
        return self._db.conn.execute(
            f"{columns} WHERE face_id BETWEEN ? AND ? AND NOT accepted "
            f"UNION ALL {columns} WHERE face_id IN (SELECT value FROM json_each(?)) AND accepted",
            (first, last, json.dumps(list(also))),
        ).fetchall()
