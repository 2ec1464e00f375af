"""A photo with all that is known of its faces: who they are, and which clusters they are in."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from familiar.identity.regions import UPRIGHT, stored_size, turned_box
from familiar.model import Box
from familiar.store.database import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class PhotoOfFace:
    """A photo: size in pixels as it is shown, kind, and when it was taken, with the source of that date.

    `duration` is that of a video, in seconds. `reason` says why it was set aside.
    """

    id: int
    hash: str
    kind: str
    width: int
    height: int
    taken: str | None
    taken_source: str | None
    duration: float | None
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FaceOfPhoto:
    """A face of a photo: `name` is that of its cluster or of the person whom it matches, `cluster` the id of the first.

    `confirmed` says that the name is that of its cluster. `time` is that of the frame, in a video, in seconds.
    """

    id: int
    box: Box
    time: float | None
    quality: float | None
    cluster: int | None
    name: str | None
    confirmed: bool


class PhotosOfFaces:
    """Reads photos by their faces."""

    def __init__(self, db: Database) -> None:
        """Take the open store."""
        self._db = db

    def find(self, face_id: int) -> PhotoOfFace | None:
        """Return the photo that a face is in; None if there is no such face."""
        return self._photo("(SELECT photo_id FROM faces WHERE faces.id = ?)", face_id)

    def at(self, photo_id: int) -> PhotoOfFace | None:
        """Return the photo of this id, unless it was made by an operation; None if there is none."""
        return self._photo("? AND verdict != 'output'", photo_id)

    def _photo(self, which: str, value: int) -> PhotoOfFace | None:
        row = self._db.conn.execute(
            "SELECT id, hash, kind, width, height, photo_dates.date, date_source, duration, reason, turn FROM photos "
            f"JOIN photo_dates ON photo = photos.id WHERE id = {which}",
            (value,),
        ).fetchone()
        if row is None:
            return None
        *columns, turn = row
        id_, hash_, kind, width, height, taken, taken_source, duration, reason = columns
        width, height = stored_size(width or 0, height or 0, turn or UPRIGHT)
        return PhotoOfFace(
            id=id_,
            hash=hash_,
            kind=kind,
            width=width,
            height=height,
            taken=taken,
            taken_source=taken_source,
            duration=duration,
            reason=reason,
        )

    def sizes(self, photo_ids: Sequence[int]) -> dict[int, tuple[str, int, int, int | None, float | None]]:
        """Return hash, width and height as the file has them, turn, and the time of a frame in a video, by the id."""
        rows = self._db.conn.execute(
            "SELECT id, hash, width, height, turn, CASE kind WHEN 'photo' THEN NULL ELSE "
            "COALESCE((SELECT min(time) FROM faces WHERE photo_id = photos.id), 0.0) END FROM photos "
            "WHERE id IN (SELECT value FROM json_each(?)) AND width IS NOT NULL",
            (json.dumps(list(photo_ids)),),
        )
        return {id_: (hash_, width, height, turn, time) for id_, hash_, width, height, turn, time in rows}

    def faces(self, photo_id: int) -> list[FaceOfPhoto]:
        """Return the faces of a photo from left to right, without what is not a face."""
        rows = self._db.conn.execute(
            """
            SELECT faces.id, box_left, box_top, box_right, box_bottom, time, quality, cluster_id, named.name,
                CASE WHEN accepted AND NOT EXISTS (
                    SELECT 1 FROM refusals WHERE refusals.face_id = faces.id AND refusals.person_id = matches.person_id
                ) THEN matched.name END, turn, width, height
            FROM real_faces AS faces JOIN photos ON photos.id = photo_id
            LEFT JOIN cluster_faces ON cluster_faces.face_id = faces.id
            LEFT JOIN clusters ON clusters.id = cluster_id
            LEFT JOIN people AS named ON named.id = clusters.person_id
            LEFT JOIN matches ON matches.face_id = faces.id
            LEFT JOIN people AS matched ON matched.id = matches.person_id
            WHERE photo_id = ?
            """,
            (photo_id,),
        )
        found = [
            FaceOfPhoto(
                id=id_,
                box=turned_box(Box(left=left, top=top, right=right, bottom=bottom), turn, width or 0, height or 0),
                time=time,
                quality=quality,
                cluster=cluster,
                name=named or matched,
                confirmed=named is not None,
            )
            for id_, left, top, right, bottom, time, quality, cluster, named, matched, turn, width, height in rows
        ]
        return sorted(found, key=lambda face: (face.time or 0.0, face.box.left, face.id))
