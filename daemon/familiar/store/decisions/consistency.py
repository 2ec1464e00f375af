"""What a decision must not contradict: each check raises UsageError, and names what is in the way."""

import json
from collections.abc import Collection, Sequence

from familiar.errors import SamePhotoError, UsageError
from familiar.store.clusters.clusters import AT_ONCE
from familiar.store.clusters.refusals import read_refusals
from familiar.store.database import Database

_NO_FACES_NAMED = "Say which faces: their numbers, as `familiar clusters show` prints them."

_IN_ONE_PHOTO = f"""
SELECT hash, (SELECT name FROM files WHERE files.photo_id = photos.id ORDER BY id LIMIT 1)
FROM json_each(?) AS wanted JOIN faces AS a ON a.id = wanted.value
JOIN faces AS b ON b.photo_id = a.photo_id AND b.id != a.id JOIN photos ON photos.id = a.photo_id
WHERE b.id IN (SELECT value FROM json_each(?)) AND {AT_ONCE} LIMIT 1
"""

_TOLD_APART = """
SELECT one.id FROM refusals JOIN clusters AS one ON one.id = refusals.cluster_id
LEFT JOIN clusters AS two ON two.id = other_id WHERE one.person_id IN (?1, ?2)
AND COALESCE(refusals.person_id, two.person_id) IN (?1, ?2) LIMIT 1
"""
"""A cluster of one of two people of which a person said that it is not the other one."""


def check_members(cluster_id: int, faces: Sequence[int], members: Sequence[int]) -> None:
    """Check that there are faces, and that all of them are members of a cluster."""
    if not faces:
        raise UsageError(_NO_FACES_NAMED)
    strange = sorted(set(faces) - set(members))
    if strange:
        raise UsageError(f"Face {strange[0]} is not in cluster {cluster_id}.")


def check_faces(db: Database, faces: Sequence[int]) -> None:
    """Check that there are faces, that the store knows them, and that nobody said that one is not a face."""
    if not faces:
        raise UsageError(_NO_FACES_NAMED)
    for face in faces:
        if db.conn.execute("SELECT 1 FROM faces WHERE id = ?", (face,)).fetchone() is None:
            raise UsageError(f"There is no face {face}.")
        if db.conn.execute("SELECT 1 FROM no_faces WHERE face_id = ?", (face,)).fetchone() is not None:
            raise UsageError(f"Face {face} was marked as not a face; undo that first.")


def photo_with(db: Database, faces: Sequence[int], others: Collection[int]) -> str | None:
    """Return name or hash of a photo that shows one of the faces beside one of the others, if there is one."""
    row = db.conn.execute(_IN_ONE_PHOTO, (json.dumps(list(faces)), json.dumps(list(others)))).fetchone()
    if row is None:
        return None
    return str(row[0]) if row[1] is None else bytes(row[1]).decode(errors="replace")


def check_photos(db: Database, faces: Sequence[int], others: Collection[int], what: str, whom: str) -> None:
    """Check that no photo shows one of the faces beside one of the others: they would be two people."""
    photo = photo_with(db, faces, others)
    if photo is not None:
        raise SamePhotoError(
            f"One photo ({photo}) shows two faces that would be one person ({what}, {whom}), so they are two people; "
            "the option --anyway, where a command has it, makes them one, for mirrors and collages.",
            photo=photo,
        )


def check_not_refused(db: Database, cluster_id: int, person_id: int, name: str) -> None:
    """Check that nobody said that a cluster, or a face in it, is not this person."""
    refused = read_refusals(db).people
    if (cluster_id, person_id) in refused:
        face = refused[cluster_id, person_id]
        what = f"Cluster {cluster_id}" if face is None else f"Face {face} of cluster {cluster_id}"
        raise UsageError(
            f"{what} was refused for {name!r} before; `familiar clusters log` shows the event, and "
            "`familiar clusters undo EVENT` undoes it."
        )


def check_not_told_apart(db: Database, person: tuple[int, str], other: tuple[int, str]) -> None:
    """Check that nobody said that a cluster of one of two people, each an id and a name, is not the other one."""
    row = db.conn.execute(_TOLD_APART, (person[0], other[0])).fetchone()
    if row is not None:
        raise UsageError(
            f"Cluster {row[0]} was told apart from {person[1]!r} or {other[1]!r} before, so they are two people; "
            "`familiar clusters log` shows the event, and `familiar clusters undo EVENT` undoes it."
        )
