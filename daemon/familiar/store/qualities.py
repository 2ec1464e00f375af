"""Rate faces that have no quality yet: those that were found before qualities were kept."""

from familiar.store.database import Database, writing
from familiar.store.photos import FACE_COLUMNS, face_of

_UNRATED = f"""
SELECT unrated.*, width, height FROM (
    SELECT {FACE_COLUMNS}, photo_id FROM faces WHERE quality IS NULL ORDER BY id DESC LIMIT ?
) AS unrated JOIN photos ON photos.id = photo_id
"""

_PART = 2000
"""Faces rated in one transaction, which others wait for; they take some hundredths of a second."""


class Qualities:
    """Gives faces their quality, as far as it can be told without their photos."""

    def __init__(self, db: Database) -> None:
        """Take the open store."""
        self._db = db

    def rate(self) -> int:
        """Rate some of the faces that have no quality, the newest first; return for how many that was done."""
        if not self._db.conn.execute("SELECT 1 FROM faces WHERE quality IS NULL LIMIT 1").fetchone():
            return 0
        from familiar.identity.quality import quality  # noqa: PLC0415 - it needs numpy, and most commands do not

        with writing(self._db):
            rows = self._db.conn.execute(_UNRATED, (_PART,)).fetchall()
            rated = [
                (quality(face_of(tuple(face)), width=width, height=height, length=None), face[0])
                for *face, _photo, width, height in rows
            ]
            self._db.conn.executemany("UPDATE faces SET quality = ? WHERE id = ?", rated)
        return len(rated)

    def rate_all(self) -> None:
        """Rate all faces that have no quality, in short transactions."""
        while self.rate():
            pass
