"""The references of people who were removed: they stay in rows of their own until the removal is undone."""

from familiar.store.database import Database

_KEEP = """
INSERT INTO removed_references (event_id, id, person_id, face_id, embedding, engine, origin, taken, added_at)
SELECT ?, id, person_id, face_id, embedding, engine, origin, taken, added_at FROM face_references WHERE person_id = ?
"""

_PUT_BACK = """
INSERT INTO face_references (id, person_id, face_id, embedding, engine, origin, taken, added_at)
SELECT kept.id, person_id, faces.id, COALESCE(faces.embedding, kept.embedding), COALESCE(faces.engine, kept.engine),
    origin, taken, added_at
FROM removed_references AS kept LEFT JOIN faces ON faces.id = kept.face_id
WHERE event_id = ? AND NOT EXISTS (SELECT 1 FROM face_references WHERE face_references.face_id = kept.face_id)
ORDER BY kept.id
"""
"""A face that was encoded again in the meantime has the newer embedding; where a face is gone, its embedding stays."""


def remove_references(db: Database, person_id: int, *, event_id: int) -> int:
    """Take all references from a person, and keep them for this event; return how many."""
    db.conn.execute(_KEEP, (event_id, person_id))
    return db.conn.execute("DELETE FROM face_references WHERE person_id = ?", (person_id,)).rowcount


def put_references_back(db: Database, event_id: int) -> None:
    """Give the references back that an event took, except those whose face is registered again."""
    db.conn.execute(_PUT_BACK, (event_id,))
    db.conn.execute("DELETE FROM removed_references WHERE event_id = ?", (event_id,))
