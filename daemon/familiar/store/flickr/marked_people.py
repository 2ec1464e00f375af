"""Who is marked on the photos of an account on Flickr, which its listings do not tell."""

from collections.abc import Iterable

from familiar.model import FLICKR
from familiar.store.database import Database
from familiar.tags import clean_tag


class MarkedPeople:
    """The names of people who are marked on photos, kept as tags `people:name=` in their cleaned form."""

    def __init__(self, db: Database, *, account: str = FLICKR) -> None:
        """Take the open store, and the account's name."""
        self._db = db
        self._account = account

    def unknown(self, *, limit: int) -> list[tuple[str, int]]:
        """Return photos with faces without a name that Flickr is to be asked about, and when they changed last."""
        rows = self._db.conn.execute(
            "SELECT id, updated FROM flickr_photos WHERE account = ? AND state = 'done' AND marked_at IS NOT updated "
            "AND EXISTS (SELECT 1 FROM real_faces LEFT JOIN matches ON face_id = real_faces.id "
            "WHERE real_faces.photo_id = flickr_photos.photo_id AND NOT COALESCE(accepted, 0)) ORDER BY id LIMIT ?",
            (self._account, limit),
        )
        return [(str(id_), int(updated)) for id_, updated in rows]

    def note(self, flickr_id: str, names: Iterable[str], *, updated: int) -> None:
        """Record who is marked on a photo, as it was when it had changed last at this time."""
        words = " ".join(sorted({clean_tag(f"people:name={name}") for name in names if clean_tag(name)}))
        self._db.conn.execute(
            "UPDATE flickr_photos SET marked = ?, marked_at = ? WHERE id = ?", (words, updated, flickr_id)
        )
