"""The registered people, and their references."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from familiar.api.session import Session
from familiar.errors import StaleError, UsageError
from familiar.library.argument_types import checked_arguments
from familiar.library.arguments import check_choice, check_distance, check_number
from familiar.library.named_paths import Paths, all_expanded, expanded
from familiar.model import JUNK
from familiar.names import check_name
from familiar.store.people import PersonRow, PersonState

if TYPE_CHECKING:
    from familiar.library.people.looks import PersonLooks
    from familiar.library.people.registration import Candidate, Enrolment, FaceChoice
    from familiar.library.people.unmatched import UnmatchedPerson
    from familiar.model import Embeddings
    from familiar.store.decisions.log import EventRow
    from familiar.store.people import ReferenceRow
    from familiar.store.views.faces_of_people import FaceOfPerson, FacesOfPeople, ThresholdChange
    from familiar.store.views.representative_faces import RepresentativeFace


@dataclass(frozen=True, slots=True, kw_only=True)
class DataSetEnrolment:
    """The result for a data set: for each person, and for folders and photos that belong to nobody, with the reason."""

    people: tuple[Enrolment, ...]
    refused: tuple[tuple[Path, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ReferenceArrays:
    """A person's references of one model: embeddings (n, numbers), and where each one comes from, if known.

    `model` is its name; only embeddings of one `model_id` can be compared.
    """

    person: str
    model: str
    model_id: str
    embeddings: Embeddings
    origins: tuple[Path | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedReferences:
    """The result for a file of embeddings of a model; `warning` says what is unusual about it."""

    person: str
    model: str
    registered: int
    known: int
    warning: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DecidedPerson(PersonRow):
    """A person about whom something was decided, and the number of that event; None: nothing had to be changed."""

    event: int | None


@checked_arguments
class RegisteredPeople:
    """The registered people of a library.

    Names are compared without regard to case, Unicode form and runs of spaces. Each change is an event of a log, and
    can be undone. After a change all known faces are matched again, by the daemon if it runs.
    """

    def __init__(self, session: Session) -> None:
        """Take the opened library."""
        self._session = session

    def all(self) -> list[PersonRow]:
        """Return all people by name, each with the number of faces and photos that match them.

        Raises:
            NoStoreError: there is no store yet.
        """
        return self._session.store().people.all()

    def names(self, *, hidden: bool = True) -> list[str]:
        """Return the names of all people, in order; does not count their faces, as `all` does.

        Args:
            hidden: include hidden people.

        Raises:
            NoStoreError: there is no store yet.
        """
        return self._session.store().people.names(hidden=None if hidden else False)

    def of_id(self, person: int) -> PersonRow:
        """Return the person with this id, whatever their name is now.

        Raises:
            UsageError: there is no such person.
        """
        return self._session.store().people.of_id(person)

    def state(self, person: int) -> PersonState:
        """Return what was decided about the person with this id; does not count their photos, as `of_id` does.

        Raises:
            UsageError: there is no such person.
        """
        return self._session.store().people.state(person)

    def id_of(self, name: str) -> int:
        """Return the id of a person; does not count their faces, as `find` does.

        Raises:
            UsageError: there is no such person.
        """
        return self._session.store().people.person(name).id

    def check_seen(self, versions: Mapping[int, str]) -> None:
        """Check, in a block of `Library.deciding`, that people still are as they were seen.

        Args:
            versions: of people by their ids, as `PersonState` has them.

        Raises:
            StaleError: one of them is not, or was removed.
        """
        people = self._session.store().people
        stale = []
        for person, seen in versions.items():
            try:
                is_stale = people.state(person).version != seen
            except UsageError:
                is_stale = True
            if is_stale:
                stale.append(person)
        if stale:
            raise StaleError("person", stale)

    def faces(self, name: str, *, start: int = 0, most: int = 200, farthest: bool = False) -> list[FaceOfPerson]:
        """Return faces that match a person, the nearest first.

        Args:
            name: the person.
            start: how many faces are skipped.
            most: number of faces.
            farthest: the farthest first.

        Raises:
            UsageError: there is no such person.
        """
        check_number("start", start, 0)
        check_number("most", most, 0)
        return self._faces.matched(self.id_of(name), start=start, most=most, farthest=farthest)

    def maybe(self, name: str, *, margin: float = 0.08, most: int = 60) -> list[FaceOfPerson]:
        """Return faces that may be a person, who is the nearest one, but that do not match, the most likely first.

        Args:
            name: the person.
            margin: how much their distance may exceed the threshold of the person, from 0 to 2.
            most: number of faces.

        Raises:
            UsageError: there is no such person.
        """
        check_number("margin", margin, 0, 2)
        check_number("most", most, 0)
        return self._faces.maybe(self.id_of(name), up_to=self.threshold(name) + margin, most=most)

    def years(self, name: str) -> list[tuple[int, int]]:
        """Return the years in which photos of a person were taken, and the number of these photos.

        Raises:
            UsageError: there is no such person.
        """
        return [(year, photos) for year, photos in self.photos_by_year(name) if year is not None]

    def photos_by_year(self, name: str) -> list[tuple[int | None, int]]:
        """Return the numbers of all photos of a person by the years in which they were taken; None: it is unknown.

        Raises:
            UsageError: there is no such person.
        """
        return self._faces.years(self.id_of(name))

    def threshold(self, name: str) -> float:
        """Return the largest distance at which a face matches a person: their own threshold, or the configured one.

        Raises:
            UsageError: there is no such person.
        """
        own = self._session.store().people.threshold(self.id_of(name))
        return self._session.settings.matching.threshold if own is None else own

    def with_threshold(self, name: str, distance: float, *, most: int = 0) -> ThresholdChange:
        """Return what another threshold of a person would change; nothing is changed yet.

        Faces that more than one person is near to may differ.

        Args:
            name: the person.
            distance: the other threshold.
            most: number of faces of each kind that are returned.

        Raises:
            UsageError: there is no such person, or the distance is not in 0 to 2.
        """
        check_distance("threshold", distance)
        check_number("most", most, 0)
        return self._faces.with_threshold(self.id_of(name), distance, most=most)

    @property
    def version(self) -> str:
        """A text that differs whenever people, references or clusters have changed, or were matched again.

        Raises:
            NoStoreError: there is no store yet.
        """
        people = self._session.store().people
        return f"{people.version} {people.matched_with}"

    def looks(self, name: str) -> PersonLooks:
        """Return groups of a person's faces that are alike, the largest first; they show a wrong merge.

        Of more than 400 faces, 400 are compared, from the nearest to the farthest one.

        Raises:
            UsageError: there is no such person.
        """
        from familiar.library.people.looks import looks_of

        session = self._session
        return looks_of(session.store(), self.id_of(name), session.settings.clustering, session.model)

    def those(self, name: str, faces: Sequence[int]) -> list[FaceOfPerson]:
        """Return those of the faces, by their ids, that match a person, the nearest first.

        Raises:
            UsageError: there is no such person.
        """
        return self._faces.those(self.id_of(name), faces)

    def reference_faces(self, name: str, *, most: int = 60) -> list[RepresentativeFace]:
        """Return references of a person that are faces of known photos, the best to show first.

        Args:
            name: the person.
            most: number of faces.

        Raises:
            UsageError: there is no such person.
        """
        check_number("most", most, 0)
        return self._session.store().likenesses.references(self.id_of(name), most=most)

    def similar(self, name: str, *, most: int = 10) -> list[tuple[str, float]]:
        """Return the people who look most like a person, with the mean distance of their references, the nearest first.

        Raises:
            UsageError: there is no such person.
        """
        check_number("most", most, 0)
        session, person = self._session, self._session.store().people.person(name)
        references, _ = session.store().references.of(person.id, session.model)
        if not len(references):
            return []
        found = session.recogniser.similar(references, most=most + 1)
        return [one for one in found if one[0] != person.name][:most]

    def confirm(self, name: str, faces: Sequence[int]) -> EventRow | None:
        """Say that faces are a person's, whatever their distance; None if that is known already.

        Raises:
            UsageError: there is no such face, or it was decided that one is somebody else, not this person, or ignored.
        """
        decisions = self._session.store().decisions
        for face in faces:
            objection = decisions.confirmations.objection(face, name)
            if objection is not None:
                raise UsageError(f"Face {face} can't be {name!r}: {objection}.")
        event = decisions.confirmations.confirm(dict.fromkeys(faces, name), source="a person")
        self._session.rematch_after_decision()
        return None if event is None else decisions.log.event_of(event)

    def refuse(self, name: str, faces: Sequence[int]) -> EventRow:
        """Say that faces are not this person; they never match them again.

        Raises:
            UsageError: there is no such person or face.
        """
        decisions = self._session.store().decisions
        event = decisions.faces.refuse(faces, name)
        self._session.rematch_after_decision()
        return decisions.log.event_of(event)

    def likenesses(self, name: str, *, most: int = 6) -> list[RepresentativeFace]:
        """Return faces that match a person, the best to show first; references if none matches.

        Args:
            name: the person.
            most: number of faces.

        Raises:
            UsageError: there is no such person.
        """
        check_number("most", most, 0)
        return self._session.store().likenesses.of_person(self.id_of(name), most=most)

    def covers(self) -> list[tuple[PersonState, RepresentativeFace | None]]:
        """Return all people by name, with the number of their faces, and the face that is best to show, if any.

        Raises:
            NoStoreError: there is no store yet.
        """
        store = self._session.store()
        return [(person, store.likenesses.cover(person.id)) for person in store.people.states()]

    def unmatched(self) -> tuple[UnmatchedPerson, ...]:
        """Return the people with whom new faces are not compared: only other models have encoded their references.

        Raises:
            NoStoreError: there is no store yet.
        """
        from familiar.library.people.unmatched import unmatched_people

        return unmatched_people(self._session.store(), self._session.model_or_default)

    def find(self, name: str) -> PersonRow:
        """Return one person.

        Raises:
            UsageError: there is no such person.
        """
        return self._session.store().people.find(name)

    def references(self, name: str) -> list[ReferenceRow]:
        """Return the references of a person, the oldest first.

        Raises:
            UsageError: there is no such person.
        """
        return self._session.store().people.references(self.find(name).id)

    def refusals(self, name: str) -> int:
        """Return the number of faces and clusters of which it was decided that they are not this person.

        Raises:
            UsageError: there is no such person.
        """
        return self._session.store().people.refusals_of(name)

    def add(self, name: str, photos: Paths, *, choice: FaceChoice = "only", min_quality: float = JUNK) -> Enrolment:
        """Register the face in each photo as a person, who is added if they are new.

        Nothing is registered until all photos are examined.

        Args:
            name: the person.
            photos: photos or folders; of a folder all photos in it and below are used, but no videos.
            choice: which face of a photo with several is registered; with "only", such a photo is refused.
            min_quality: faces of a lower quality, from 0 to 1, do not count as faces of the photo.

        Raises:
            UsageError: the name can't be used, no photo is named, or there is none at one of the paths.
        """
        from familiar.library.people.registration import Candidate
        from familiar.library.photo_folders import named_folders, photos_in

        check_name(name)
        folders = named_folders(all_expanded(photos))
        if not folders:
            raise UsageError(f"No photo is named that shows {name!r}; name at least one, or a folder.")
        settings = self._session.settings.without_videos()
        candidate = Candidate(name=name, photos=tuple(photos_in(map(settings.watched, folders), self._session.unread)))
        (enrolment,) = self._register([candidate], choice=choice, most=None, min_quality=min_quality)
        return enrolment

    def add_each(
        self,
        folder: str | Path,
        *,
        choice: FaceChoice = "only",
        most: int | None = None,
        min_quality: float = JUNK,
        name_of: Callable[[str], str] = str,
    ) -> DataSetEnrolment:
        """Register the people of a data set that has one folder per person.

        The call can be stopped at any time; another call continues there.

        Args:
            folder: the data set.
            choice: as for `add`.
            most: largest number of photos of a person, the first usable ones; None: all.
            min_quality: as for `add`.
            name_of: returns the name of the person for the name of a folder.

        Raises:
            UsageError: there is no such folder, or it has no folder in it.
        """
        from familiar.library.people.person_folders import read_data_set

        found = read_data_set(
            Path(os.path.abspath(expanded(folder))),
            self._session.settings.without_videos().watched,
            name_of=name_of,
        )
        enrolments = self._register(found.candidates, choice=choice, most=most, min_quality=min_quality)
        return DataSetEnrolment(people=tuple(enrolments), refused=found.refused)

    def rename(self, name: str, to: str) -> DecidedPerson:
        """Give a person another name; return them.

        Raises:
            UsageError: there is no such person, the new name can't be used, or somebody else has it.
        """
        event = self._session.store().decisions.people.rename(name, to)
        return self._decided(event, to)

    def merge(self, name: str, into: str) -> DecidedPerson:
        """Give all that is known of one person to another one, whom it returns, and remove the first.

        Raises:
            UsageError: one of them does not exist, they are the same, or they were told apart before.
        """
        event = self._session.store().decisions.people.merge(name, into)
        return self._decided(event, into)

    def merge_all(self, names: Sequence[str], into: str) -> DecidedPerson:
        """Give all that is known of some people to another one, whom it returns, and remove them, as one decision.

        Raises:
            UsageError: as `merge`, or nobody is named; nothing is changed.
        """
        event = self._session.store().decisions.people.merge_all(names, into)
        return self._decided(event, into)

    def remove(self, name: str) -> DecidedPerson:
        """Remove a person with their references; return them as they were. No photo is touched.

        Raises:
            UsageError: there is no such person.
        """
        store = self._session.store()
        with store.writing():
            person = self.find(name)
            event = store.decisions.people.remove(name)
        self._session.rematch_after_decision()
        return _decided(person, event)

    def set_threshold(self, name: str, distance: float | None) -> DecidedPerson:
        """Set the largest distance at which a face matches a person, in 0 to 2; None: the configured one.

        Raises:
            UsageError: there is no such person.
        """
        check_distance("threshold", distance)
        event = self._session.store().decisions.people.set_threshold(name, distance)
        return self._decided(event, name)

    def hide(self, name: str) -> DecidedPerson:
        """Hide a person: they are not suggested for unnamed faces, and shown apart. Their faces still match.

        Raises:
            UsageError: there is no such person.
        """
        return self._decided(self._session.store().decisions.people.hide(name, hidden=True), name)

    def unhide(self, name: str) -> DecidedPerson:
        """Show a hidden person again.

        Raises:
            UsageError: there is no such person.
        """
        return self._decided(self._session.store().decisions.people.hide(name, hidden=False), name)

    def set_cover(self, name: str, face: int | None) -> DecidedPerson:
        """Choose the face that is shown for a person, as long as it is theirs; None: the one that is best to show.

        Raises:
            UsageError: there is no such person or face.
        """
        return self._decided(self._session.store().decisions.people.set_cover(name, face), name)

    def undo(self, event: int | None = None) -> EventRow:
        """Undo a decision, by default the last one about people; return it. What it changed is as it was before.

        Args:
            event: its number, as `Library.history` has it.

        Raises:
            UsageError: there is no such event, it was undone already, or a later one builds on it;
                nothing is changed.
        """
        undone = self._session.store().decisions.undo(event, subject="people")
        self._session.rematch_after_decision()
        return undone

    def embeddings(self, name: str, *, model: str | None = None) -> ReferenceArrays:
        """Return a person's references of one model as an array (n, numbers).

        Args:
            name: the person.
            model: name of the model; by default the one in use. It first encodes the references that it has not encoded
                yet, where their photos can be read.

        Raises:
            UsageError: there is no such person, or no such model, or they have no reference of that model.
        """
        from familiar.library.models import known_model
        from familiar.library.people.embedding_files.writer import references_of

        session, person = self._session, self.find(name)
        chosen = session.model_in_use if model is None else known_model(model, session.known_models)
        session.encode_missing(chosen, session.store().references.photos(person.id))
        embeddings, origins = references_of(session.store(), person, chosen.id)
        return ReferenceArrays(
            person=person.name, model=chosen.name, model_id=chosen.id, embeddings=embeddings, origins=tuple(origins)
        )

    def import_embeddings(
        self, name: str, file: str | Path, paths: str | Path | None = None, *, model: str | None = None
    ) -> ImportedReferences:
        """Register embeddings from a file as references of a person; nothing is unpickled.

        Args:
            name: the person.
            file: an .npy or .npz with an array (numbers,) or (n, numbers).
            paths: a file with an array of as many paths, which say where each embedding comes from.
            model: name of their model; by default the one that the file names, or else the one in use.

        Raises:
            UsageError: the name can't be used, or a file is not of that kind.
        """
        from familiar.library.models import known_model
        from familiar.library.people.embedding_files.reader import read_embeddings

        name = check_name(name)
        found = read_embeddings(
            expanded(file),
            None if paths is None else expanded(paths),
            model=None if model is None else known_model(model, self._session.known_models),
            in_use=self._session.model_in_use,
            models=self._session.known_models,
        )
        person, registered = self._session.store(create=True).references.take_in(
            name, found.embeddings, origins=found.origins, engine=found.model.id
        )
        self._session.rematch_after_decision()
        known = len(found.embeddings) - registered
        return ImportedReferences(
            person=person, model=found.model.name, registered=registered, known=known, warning=found.warning
        )

    @property
    def _faces(self) -> FacesOfPeople:
        return self._session.store().faces_of_people

    def _decided(self, event: int | None, name: str) -> DecidedPerson:
        """Match all faces again, and return a person with the event that was about them."""
        self._session.rematch_after_decision()
        return _decided(self.find(name), event)

    def _register(
        self, candidates: Sequence[Candidate], *, choice: FaceChoice, most: int | None, min_quality: float
    ) -> list[Enrolment]:
        from familiar.library.indexing import Indexer
        from familiar.library.people.registration import FaceChoice, Registrar
        from familiar.library.qualities import check_quality

        check_choice("choice", choice, get_args(FaceChoice))
        check_number("most", most, 1)
        check_quality(min_quality)
        session, store = self._session, self._session.store(create=True)

        async def register() -> list[Enrolment]:
            async with session.workers(sum(len(candidate.photos) for candidate in candidates)) as workers:
                registrar = Registrar(
                    store=store,
                    indexer=Indexer(store=store, workers=workers),
                    reencoder=session.reencoder(workers),
                    recogniser=session.recogniser,
                    at_once=workers.slots,
                    choice=choice,
                    most=most,
                    min_quality=min_quality,
                )
                with session.progress("looking at photos") as count:
                    return await registrar.register(candidates, count)

        enrolments = session.run(register())
        session.rematch_after_decision()
        return enrolments


def _decided(person: PersonRow, event: int | None) -> DecidedPerson:
    return DecidedPerson(
        id=person.id,
        name=person.name,
        threshold=person.threshold,
        references=person.references,
        faces=person.faces,
        photos=person.photos,
        hidden=person.hidden,
        cover=person.cover,
        event=event,
    )
