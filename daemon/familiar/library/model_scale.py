"""How long embeddings of a network of the user's own should be, measured on the photos of their library."""

import os
from collections.abc import Callable

import numpy as np

from familiar.errors import FamiliarError
from familiar.identity.scale import FEWEST, MeasuredLength, measured_length, strangers
from familiar.library.concurrency import run_all
from familiar.library.encoding import in_parts, places_of
from familiar.model import JUNK
from familiar.plurals import counted
from familiar.store.store import Store
from familiar.vision.workers.pool import Workers
from familiar.vision.workers.tasks import EncodeTask

_PHOTOS = 2000
"""Most photos that are read: with two faces each they give twice as many pairs as are needed."""


async def measure_length(store: Store, workers: Workers, progress: Callable[[int, int], None]) -> MeasuredLength:
    """Return how long embeddings of the workers' model should be, by faces that are in one photo; nothing is kept.

    Raises:
        FamiliarError: the library has too few photos with several faces that can be read.
    """
    tasks = [task for photo in store.photos.with_several_faces(_PHOTOS) if (task := _task(store, photo)) is not None]
    parts = await run_all((workers.encode(part) for part in in_parts(tasks)), progress)
    found = [one.embeddings for part in parts for one in part if not isinstance(one, FamiliarError)]
    photos = np.repeat(np.arange(len(found)), [len(embeddings) for embeddings in found])
    cosines = strangers(photos, np.concatenate(found)) if found else []
    if (pairs := sum(map(len, cosines))) < FEWEST:
        there = f"{counted(pairs, 'pair')} in {counted(len(cosines), 'photo')}"
        raise FamiliarError(
            f"Too few faces are in one photo with others: {there}, and {FEWEST} pairs are needed. Scan more photos of "
            "groups first; until then the default of vision.model_length holds, which is that of SFace."
        )
    return measured_length(cosines)


def _task(store: Store, photo_id: int) -> EncodeTask | None:
    path = next(filter(os.path.lexists, places_of(store, photo_id)), None)
    photo = store.photos.load(photo_id)
    faces = tuple(face for face in photo.faces if face.has_quality(JUNK))  # others are alike for their blur
    if path is None or len(faces) < 2:  # noqa: PLR2004 - a pair
        return None
    return EncodeTask(path=path, hash=photo.hash, faces=faces, turn=photo.turn)
