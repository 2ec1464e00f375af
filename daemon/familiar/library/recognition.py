"""Match faces against the people in the store, and match all of them again when people change."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from familiar.identity.gallery import Gallery
from familiar.identity.matching import match, nearest_people
from familiar.identity.people_changes import PeopleChanges
from familiar.identity.search import squares_of
from familiar.library.galleries import Galleries
from familiar.library.people_changes import as_matched, changes_of, stored_matches
from familiar.model import Embeddings, Photo, RecognisedFace
from familiar.settings import MatchingSettings
from familiar.store.store import Store

_BLOCK = 2_000
"""Faces matched in one short transaction."""

_GAP = 0.05
"""Seconds between two of these transactions: others who wait to write look for a gap ten times a second, or more often
(sqlite3_busy_timeout), and would wait until all faces are matched."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rematch:
    """The numbers of faces that were matched again, and of people."""

    people: int
    faces: int


class Recogniser:
    """Knows the registered people, as of the store's latest version."""

    def __init__(self, store: Store, settings: MatchingSettings, model: str) -> None:
        """Take the store, whose people and faces are matched, and the id of the model in use."""
        self._store = store
        self._settings = settings
        self.model = model
        self.galleries = Galleries(store)

    def recognise(self, photo_id: int) -> tuple[Photo, tuple[RecognisedFace, ...]]:
        """Match the faces of a photo, write the matches down, and return the photo with them.

        People and matches are read and written in one transaction: whoever changes the people afterwards sees these
        matches and replaces them.
        """
        with self._store.writing():
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

    def rematch(self, progress: Callable[[int], None] = lambda _done: None) -> Rematch:
        """Match all known faces again that may have other matches now, in short transactions.

        `progress` gets the number of faces that were looked at, after each transaction. Faces that another model
        encoded keep their matches until they are encoded again. All are matched with the people as they are at the
        beginning.
        """
        with self._store.reading():
            basis, gallery = self._basis(), self.galleries.of(self.model)
            people = as_matched(self._store.people.known(self.model))
            before, left = self._store.matched_people.all(), self._store.matched_people.left()
            if not self._depends_on_people_alone():
                before = {}
        self._store.matched_people.begin()
        changes = changes_of(gallery, people, before, self._settings)
        done = self._match_all(gallery, progress) if changes is None else self._match_some(changes, progress)
        self._match_known(left, gallery, lambda: progress(done))
        self._store.matched_people.end(people, before, basis=basis)
        return Rematch(people=len(gallery.names), faces=done)

    def _depends_on_people_alone(self) -> bool:
        """Return whether the matches that are stored were made as they would be now, with whatever people."""
        how = self._basis().partition("; ")[2]
        kept = self._store.embeddings.has_kept(self.model)
        return self._store.people.matched_with.partition("; ")[2] == how and not kept

    def _match_all(self, gallery: Gallery, progress: Callable[[int], None]) -> int:
        after = done = 0
        while True:
            with self._store.writing():
                ids, embeddings = self._store.photos.embeddings(self.model, after=after, limit=_BLOCK)
                if not ids:
                    return done
                self._save(ids, embeddings, gallery)
            after, done = ids[-1], done + len(ids)
            progress(done)
            if len(ids) == _BLOCK:
                time.sleep(_GAP)

    def _match_some(self, changes: PeopleChanges, progress: Callable[[int], None]) -> int:
        """Match the faces again that changes of people concern; return how many were looked at."""
        done, concerned = 0, list[int]()
        places = self._places(changes.gallery)
        for part in self._store.faces.all(self.model) if changes else ():
            rows = self._store.matched_people.matches(int(part.ids[0]), int(part.ids[-1]))
            stored = stored_matches(part.ids, rows, places)
            squares = squares_of(part.embeddings) if part.squares is None else part.squares
            concerned += part.ids[changes.concern(part.embeddings, squares, stored)].tolist()
            done += len(part)
            progress(done)
        self._match_known(concerned, changes.gallery, lambda: progress(done))
        return done

    def _places(self, gallery: Gallery) -> npt.NDArray[np.intp]:
        """Return the places of people in a gallery by their ids; -1 for those that are not in it."""
        places = {name: place for place, name in enumerate(gallery.names)}
        people = self._store.matched_people.names()
        found = np.full(max(people, default=0) + 1, -1, np.intp)
        for id_, name in people.items():
            found[id_] = places.get(name, -1)
        return found

    def _match_known(self, face_ids: Sequence[int], gallery: Gallery, on_block: Callable[[], None]) -> None:
        """Match faces that are known, of which those of the model in use count, in short transactions.

        `on_block` is called after each of these.
        """
        for at in range(0, len(face_ids), _BLOCK):
            block = face_ids[at : at + _BLOCK]
            with self._store.writing():
                ids, embeddings = self._store.photos.embeddings_of(block, self.model)
                if ids:
                    self._save(ids, embeddings, gallery)
                self._store.matched_people.take(block)
            on_block()
            if len(block) == _BLOCK:
                time.sleep(_GAP)

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
        return f"{self._people()}{self._settings.model_dump_json()} {self.model}"

    def _people(self) -> str:
        return f"people {self._store.people.version}; "
