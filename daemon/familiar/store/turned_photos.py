"""Photos that were looked at again because a sidecar turns them otherwise now."""

from collections.abc import Mapping, Sequence

from familiar.identity.regions import area_of, faces_of
from familiar.model import Face, Photo
from familiar.store.database import Database, writing
from familiar.store.embeddings import FaceEmbeddings
from familiar.store.photos import Photos


class TurnedPhotos:
    """Records what is found in photos that are turned otherwise than before."""

    def __init__(self, db: Database, *, photos: Photos, embeddings: FaceEmbeddings) -> None:
        """Take the open store, and its tables of photos and embeddings."""
        self._db = db
        self._photos = photos
        self._embeddings = embeddings

    def record(self, photo_id: int, fresh: Photo) -> None:
        """Record a photo as it was seen now.

        A face that was known keeps its number, and with it all that was decided about it; what was not found again is
        kept, too, as a person may have decided about it.
        """
        with writing(self._db):
            known = self._photos.faces_of(photo_id)
            found = _same(fresh, known)
            self._photos.place_faces({known[place].id or 0: fresh.faces[number] for number, place in found.items()})
            self._renew(fresh, known, found)
            new = [face for number, face in enumerate(fresh.faces) if number not in found]
            self._photos.add_faces(photo_id, new)
            self._db.conn.execute("UPDATE photos SET turn = ? WHERE id = ?", (fresh.turn, photo_id))

    def _renew(self, fresh: Photo, known: Sequence[Face], found: Mapping[int, int]) -> None:
        """Give known faces the embeddings and qualities that they have now."""
        if not found:
            return
        import numpy as np  # noqa: PLC0415 - most commands look at no face

        faces = [fresh.faces[number] for number in found]
        self._embeddings.renew(
            [known[place].id or 0 for place in found.values()],
            np.stack([face.embedding for face in faces]),
            fresh.engine,
            [1.0 if face.quality is None else face.quality for face in faces],
        )


def _same(fresh: Photo, known: Sequence[Face]) -> dict[int, int]:
    """Return the known face of each face that was found again, by their places."""
    areas = ([area_of(face.box, fresh.width, fresh.height) for face in faces] for faces in (fresh.faces, known))
    return faces_of(*areas)
