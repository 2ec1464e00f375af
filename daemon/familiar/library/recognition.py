"""Match faces against the people in the store, and match all of them again when people change."""

import time
from collections.abc import Callable, Sequence

import numpy as np

from familiar.identity.gallery import Gallery
from familiar.identity.matching import match, nearest_people
from familiar.library.galleries import Galleries
from familiar.library.matching_round import BLOCK, MatchingRound
from familiar.model import Embeddings, Photo, RecognisedFace
from familiar.settings import MatchingSettings
from familiar.store.store import Store

_GAP = 0.05
"""Seconds between two of these transactions: others who wait to write look for a gap ten times a second, or more often
(sqlite3_busy_timeout), and would wait until all faces are matched."""


class Recogniser:
    """Knows the registered people, as of the store's latest version."""

    def __init__(self, store: Store, settings: MatchingSettings, model: str) -> None:
        """Take the store, whose people and faces are matched, and the id of the model in use."""
        self._store = store
        self._settings = settings
        self._how = f"{settings.model_dump_json()} {model}"
        self.model = model
        self.galleries = Galleries(store)

    def recognise(self, photo_id: int) -> tuple[Photo, tuple[RecognisedFace, ...]]:
        """Match the faces of a photo, write the matches down, and return the photo with them.

        People and matches are read and written in one transaction: whoever changes the people afterwards sees these
        matches and replaces them.
        """
        with self._store.writing(awaited=False):
            photo = self._store.photos.load(photo_id)
            for engine in sorted({face.engine for face in photo.faces}):
                faces = [face for face in photo.faces if face.engine == engine]
                self._match([face.id or 0 for face in faces], np.stack([face.embedding for face in faces]), engine)
        return photo, self.recognised(photo_id, photo)

    def recognised(self, photo_id: int, photo: Photo) -> tuple[RecognisedFace, ...]:
        """Return the faces of a photo with the matches that are recorded."""
        matches = self._store.photos.matches(photo_id)
        return tuple(RecognisedFace(face=face, match=matches.get(face.id or 0)) for face in photo.faces)

    @property
    def is_stale(self) -> bool:
        """Whether people or settings have changed since all faces were matched."""
        return self._store.people.matched_with != self._basis()

    @property
    def knows_people(self) -> bool:
        """Whether all faces were matched with the present people, by any process and settings."""
        return self._store.people.matched_with.startswith(self._people())

    def rematch(self, progress: Callable[[int, int], None] = lambda _done, _total: None) -> None:
        """Match all known faces again that may have other matches now, in short transactions.

        `progress` gets the number of faces that are done, and of all that are matched again, after each transaction. If
        another process begins to match faces with other settings, it is left to that one.
        """
        is_over = False
        while not is_over:
            matching = self.matching_round()
            while (count := matching.advance()) is not None:
                progress(matching.done, matching.total)
                if count >= BLOCK:
                    time.sleep(_GAP)
            is_over = matching.is_complete or matching.is_overtaken

    def matching_round(self) -> MatchingRound:
        """Return a round of matching all known faces again that may have other matches now."""
        return MatchingRound(
            self._store,
            settings=self._settings,
            model=self.model,
            galleries=self.galleries,
            basis=self._basis,
            how=self._how,
            save=self._save,
        )

    def similar(self, embeddings: Embeddings, *, most: int) -> list[tuple[str, float]]:
        """Return the people who are nearest to some faces of one person, and their mean distances, the nearest first.

        Args:
            embeddings: of the faces, by the model in use, shape (n, numbers).
            most: number of people.
        """
        return nearest_people(embeddings, self.galleries.of(self.model), self._settings, most=most)

    def rematch_faces(self, face_ids: Sequence[int]) -> None:
        """Match some known faces again, of which those of the model in use count, in one transaction."""
        with self._store.writing():
            ids, embeddings = self._store.photos.embeddings_of(face_ids, self.model)
            if ids:
                self._match(ids, embeddings, self.model)

    def _match(self, face_ids: list[int], embeddings: Embeddings, engine: str) -> None:
        """Match faces with the present people; if other faces are matched with former ones, it is done again then."""
        self._save(face_ids, embeddings, self.galleries.of(engine))
        if self.is_stale:
            self._store.matched_people.leave(face_ids)

    def _save(self, face_ids: list[int], embeddings: Embeddings, gallery: Gallery) -> None:
        verdicts = self._store.clusters.verdicts(face_ids)
        matches = match(embeddings, gallery, self._settings, verdicts)
        self._store.photos.save_matches(face_ids, matches)

    def _basis(self) -> str:
        return f"{self._people()}{self._how}"

    def _people(self) -> str:
        return f"people {self._store.people.version}; "
