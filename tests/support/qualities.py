"""Qualities of faces, as tests need them, whatever the pictures are like."""

import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing

from familiar.store.store import STORE_NAME
from support.household import Household


def rate(household: Household, qualities: Mapping[str, Sequence[float]]) -> None:
    """Give the faces of photos, which are named by their files, qualities from left to right."""
    with closing(sqlite3.connect(household.state / STORE_NAME)) as db, db:
        for name, own in qualities.items():
            faces = db.execute(
                "SELECT id FROM faces WHERE photo_id = (SELECT photo_id FROM files WHERE name = ?) ORDER BY box_left",
                (name.encode(),),
            ).fetchall()
            db.executemany(
                "UPDATE faces SET quality = ? WHERE id = ?",
                [(quality, face) for quality, (face,) in zip(own, faces, strict=True)],
            )


def make_unrated(household: Household, photo: str) -> None:
    """Leave the faces of all photos without a quality, and make those of one so small and blurred that theirs is 0."""
    with closing(sqlite3.connect(household.state / STORE_NAME)) as db, db:
        db.execute("UPDATE faces SET quality = NULL")
        db.execute(
            "UPDATE faces SET size = 4, sharpness = 0 WHERE photo_id = (SELECT photo_id FROM files WHERE name = ?)",
            (photo.encode(),),
        )


def unrated(household: Household) -> int:
    """Return how many faces have no quality."""
    with closing(sqlite3.connect(household.state / STORE_NAME)) as db:
        return int(db.execute("SELECT count(*) FROM faces WHERE quality IS NULL").fetchone()[0])
