"""A cluster as one picture: its faces side by side, each with its number."""

from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image

from familiar.library.thumbnails import FaceThumbnails
from familiar.store.clusters.clusters import ClusterFace
from familiar.vision.faces.montage import TILE, montage


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ClusterMontage:
    """A picture of faces in rows; the faces have the numbers 1 to n in it, in this order."""

    picture: Image.Image
    faces: tuple[ClusterFace, ...]


async def montage_of(
    faces: Sequence[ClusterFace], thumbnails: FaceThumbnails, *, columns: int, rows: int
) -> ClusterMontage:
    """Return a picture of the most and the least typical faces of a cluster, as many as fit.

    Args:
        faces: all of them, those nearest to the centre first.
        thumbnails: cuts faces out.
        columns: faces in a row.
        rows: of faces.
    """
    shown = _both_ends(faces, columns * rows)
    pictures = await thumbnails.of(shown, size=TILE)
    picture = montage([pictures.get(face.id) for face in shown], columns=columns)
    return ClusterMontage(picture=picture, faces=tuple(shown))


def _both_ends(faces: Sequence[ClusterFace], count: int) -> list[ClusterFace]:
    """Return some faces of a cluster, which are in order of their distance from its centre: as many from both ends."""
    if len(faces) <= count:
        return list(faces)
    last = count // 2
    return [*faces[: count - last], *faces[len(faces) - last :]]
