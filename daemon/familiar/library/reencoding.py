"""Encode the known faces again after the model has changed, so that all can be compared.

Embeddings of two models are never compared with each other. So references come first, before any new photo is
decided; all other faces follow in the background, those of the newest photos first, and keep their matches until then.
What the model has encoded before is taken from the store, and no photo is read for it.

Faces change from one model to the other with their matches, in one transaction for some photos. After a kill, the next
run continues there.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from familiar.embedding_models import name_of
from familiar.events import EventLog
from familiar.library.encoding import FaceEncoder
from familiar.library.recognition import Recogniser
from familiar.store.embeddings import FacesToEncode
from familiar.store.store import Store
from familiar.vision.workers.pool import Workers
from familiar.vision.workers.tasks import EncodedFaces

_RESTORED_TOGETHER = 2000
"""Faces whose embeddings are taken from the store in one transaction, which others wait for."""

_ALL = 2**31


@dataclass(frozen=True, slots=True, kw_only=True)
class Reencoded:
    """What came of encoding again: photos, faces whose embeddings were in the store, photos that can't be read now."""

    photos: int = 0
    restored: int = 0
    left: int = 0

    def __add__(self, other: "Reencoded") -> "Reencoded":
        """Return what came of both."""
        return Reencoded(
            photos=self.photos + other.photos, restored=self.restored + other.restored, left=self.left + other.left
        )


class Reencoder:
    """Encodes faces again that another model encoded than the one that is in use."""

    def __init__(self, *, store: Store, workers: Workers, recogniser: Recogniser, log: EventLog) -> None:
        """Take the store, the workers that encode, and what matches; its model is the one in use."""
        self._store = store
        self._recogniser = recogniser
        self._model = recogniser.model
        self._log = log
        self._encoder = FaceEncoder(store=store, workers=workers, model=self._model, write=self._renew, log=log)

    async def reencode_references(self, progress: Callable[[int, int], None] = lambda _done, _of: None) -> Reencoded:
        """Encode all references again that are of another model, and report those that can't be.

        Args:
            progress: is told how many photos are done, of how many.
        """
        restored = self._store.embeddings.kept(self._model, limit=_ALL, of_references=True)
        self._restore(restored)
        done, left = await self._encoder.encode_all(self._store.people.outdated(self._model), progress)
        for name, count in self._store.people.left_behind(self._model):
            self._log.emit("people.outdated", person=name, references=count)
        if done or left or restored:
            self._log.emit("people.renewed", photos=done, left=left, model=name_of(self._model))
        return Reencoded(photos=done, restored=len(restored))

    async def reencode_all(self, progress: Callable[[int, int], None], goes_on: Callable[[], bool]) -> Reencoded:
        """Encode all faces again that are of another model, those of the newest photos first, after the references.

        Args:
            progress: is told how many photos are done, of how many.
            goes_on: is asked before each part of the work whether there is to be another one.
        """
        restored = 0
        while goes_on() and (some := self.restore()):
            restored += some
        done, left = await self._encoder.encode_all(self._store.embeddings.missing(self._model), progress, goes_on)
        return Reencoded(photos=done, restored=restored, left=left)

    async def reencode(self, photos: Sequence[int]) -> list[int]:
        """Encode the faces of some photos again, wherever these are; return those for which that was not possible."""
        return await self._encoder.encode(photos)

    async def reencode_photo(self, photo_id: int, path: Path) -> None:
        """Encode the faces of one photo again if they are of another model.

        Raises:
            GoneError, RetryError, ChangedError, SetAsideError: it can't be read from this path.
        """
        self._restore(self._store.embeddings.kept(self._model, limit=_ALL, photo=photo_id))
        await self._encoder.encode_at(photo_id, path)

    def restore(self) -> int:
        """Take embeddings that the model made before from the store, for some faces; return for how many."""
        faces = self._store.embeddings.kept(self._model, limit=_RESTORED_TOGETHER)
        self._restore(faces)
        return len(faces)

    def _renew(self, faces: FacesToEncode, encoded: EncodedFaces) -> None:
        self._store.embeddings.renew(faces.ids, encoded.embeddings, self._model, encoded.qualities)
        self._recogniser.recognise(faces.photo)

    def _restore(self, faces: Sequence[int]) -> None:
        if faces:
            with self._store.writing():
                self._store.embeddings.restore(faces, self._model)
                self._recogniser.rematch_faces(faces)
