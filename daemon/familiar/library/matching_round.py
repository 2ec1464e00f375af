"""Matching all known faces again after people or settings have changed."""

from collections.abc import Callable, Iterator
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from familiar.identity.gallery import Gallery
from familiar.identity.people_changes import PeopleChanges
from familiar.identity.search import squares_of
from familiar.library.galleries import Galleries
from familiar.library.people_changes import as_matched, changes_of, stored_matches
from familiar.model import Embeddings
from familiar.settings import MatchingSettings
from familiar.store.store import Store

BLOCK = 2_000
"""Faces matched in one short transaction."""

_MANY = 50_000
"""Faces that are looked at in one step, or written down in one, as those that are to be matched again."""


Save: TypeAlias = Callable[[list[int], Embeddings, Gallery], None]
"""Matches faces with people, and writes the matches down: takes ids, embeddings, shape (n, numbers), and people."""


class MatchingRound:
    """Matches known faces again that may have other matches now, in short steps.

    The faces are written down first, with the people they are to be matched with: after an interruption, the next round
    goes on where this one was. It ends early when people change again, and the next one begins with them; and it is
    overtaken when another process matches faces in another way, which goes on then. Faces that another model encoded
    keep their matches until they are encoded again.
    """

    def __init__(
        self,
        store: Store,
        *,
        settings: MatchingSettings,
        model: str,
        galleries: Galleries,
        basis: Callable[[], str],
        how: str,
        save: Save,
    ) -> None:
        """Take the store, how faces are matched, and what matches some.

        Args:
            store: it has the faces and the people.
            settings: how faces are matched.
            model: the id of the model in use.
            galleries: the people, by model.
            basis: what matches depend on at present, as a text: the people, and how faces are matched.
            how: the second part of it.
            save: matches some faces.
        """
        self._store = store
        self._settings = settings
        self._model = model
        self._galleries = galleries
        self._basis = basis
        self._how = how
        self._save = save
        self.people = 0
        self.done = 0
        self.total = 0
        self.is_complete = False
        self.is_overtaken = False
        self._steps = self._go_on()

    def advance(self) -> int | None:
        """Take the next step; return the number of faces that it has written, or None at the end."""
        return next(self._steps, None)

    def _go_on(self) -> Iterator[int]:
        store = self._store
        with store.reading():
            basis, gallery = self._basis(), self._galleries.of(self._model)
            people = as_matched(store.people.known(self._model))
            former_how, before = store.matched_people.how, store.matched_people.all()
            if former_how != self._how or store.embeddings.has_kept(self._model):
                before = {}
        changes = changes_of(gallery, people, before, self._settings)
        for face_ids in self._all() if changes is None else self._concerned(changes):
            store.matched_people.leave(face_ids)
            yield len(face_ids)
        with store.writing():
            if self._basis() != basis or store.matched_people.how != former_how:
                return
            store.matched_people.note(people, before, how=self._how)
        self.people, self.total = len(gallery.names), store.matched_people.count_left()
        while (count := self._match_some(gallery, basis)) > 0:
            self.done += count
            yield count
        self.is_complete = count == 0

    def _all(self) -> Iterator[list[int]]:
        """Give all faces of the model."""
        after = 0
        while face_ids := self._store.matched_people.faces(self._model, after=after, limit=_MANY):
            yield face_ids
            after = face_ids[-1]

    def _concerned(self, changes: PeopleChanges) -> Iterator[list[int]]:
        """Give the faces that changes of people concern, those among so many at a time."""
        if not changes:
            return
        places = self._places(changes.gallery)
        has_changed = (places < 0) | np.isin(places, changes.changed)
        yield self._store.matched_people.faces_of(np.flatnonzero(has_changed).tolist())
        looked, found = 0, list[int]()
        for part in self._store.faces.all(self._model):
            squares = squares_of(part.embeddings) if part.squares is None else part.squares
            near = changes.nearness(part.embeddings, squares)
            first, last = int(part.ids[0]), int(part.ids[-1])
            rows = self._store.matched_people.matches(first, last, part.ids[near.may_be_nearest].tolist())
            stored = stored_matches(part.ids, rows, places)
            found += part.ids[changes.concern(part.embeddings, near, stored)].tolist()
            looked += len(part)
            if looked >= _MANY:
                yield found
                looked, found = 0, []
        yield found

    def _places(self, gallery: Gallery) -> npt.NDArray[np.intp]:
        """Return the places of people in a gallery by their ids; -1 for those that are not in it."""
        places = {name: place for place, name in enumerate(gallery.names)}
        people = self._store.matched_people.names()
        found = np.full(max(people, default=0) + 1, -1, np.intp)
        for id_, name in people.items():
            found[id_] = places.get(name, -1)
        return found

    def _match_some(self, gallery: Gallery, basis: str) -> int:
        """Match some of the faces that are left; return how many, and -1 if people or settings are others now.

        With the last ones, the round is complete.
        """
        store = self._store
        with store.writing():
            self.is_overtaken = store.matched_people.how != self._how
            if self.is_overtaken or self._basis() != basis:
                return -1
            left = store.matched_people.left(BLOCK)
            ids, embeddings = store.photos.embeddings_of(left, self._model)
            if ids:
                self._save(ids, embeddings, gallery)
            store.matched_people.take(left)
            if not left:
                store.matched_people.finish(basis)
        return len(left)
