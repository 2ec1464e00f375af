"""A photo with all that is known of its faces: who they are, and which clusters they are in."""

from dataclasses import dataclass

from familiar.identity.regions import UPRIGHT, stored_size, turned_box
from familiar.model import Box
from familiar.store.database import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class PhotoOfFace:
    """A photo: size in pixels as it is shown, kind, and when it was taken, with the source of that date.

    `duration` is that of a video, in seconds.
    """

    id: int
    hash: str
    kind: str
    width: int
    height: int
    taken: str | None
    taken_source: str | None
    duration: float | None


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
        row = self._db.conn.execute(
            "SELECT photos.id, hash, kind, width, height, date, date_source, duration, turn FROM photos "
            "JOIN photo_dates ON photo = photos.id JOIN faces ON faces.photo_id = photos.id WHERE faces.id = ?",
            (face_id,),
        ).fetchone()
        if row is None:
            return None
        id_, hash_, kind, width, height, taken, taken_source, duration, turn = row
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
        )

    def faces(self, photo_id: int) -> list[FaceOfPhoto]:
        """Return the faces of a photo from left to right, without what is not a face."""
        rows = self._db.conn.execute(
            """
            SELECT faces.id, box_left, box_top, box_right, box_bottom, time, quality, cluster_id, named.name,
                CASE WHEN accepted THEN matched.name END, turn, width, height
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
