"""Faces of people from many photos, as a data set."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from familiar.api.session import Session
from familiar.effects.journal import Step
from familiar.errors import FamiliarError, UsageError
from familiar.library.crops.candidates import CropCandidates, known_photos, photos_seen
from familiar.library.crops.folder import CropFolder
from familiar.library.crops.manifest import CropManifest, CroppedFace, PersonReference, Unmatched
from familiar.library.crops.planning import plan_crops
from familiar.library.crops.recorder import Recorder
from familiar.library.crops.reference import CropReference, FaceToCrop, PersonToCrop, choose_face
from familiar.library.crops.request import CropRequest, checked_request, open_folders
from familiar.library.crops.selection import FaceSelector
from familiar.library.indexing import unreadable
from familiar.library.models import known_model
from familiar.library.photo_folders import folder_at
from familiar.library.qualities import rate_for
from familiar.library.scoring import Scorer, model_for
from familiar.plurals import counted


@dataclass(frozen=True, slots=True, kw_only=True)
class CroppedFolder:
    """A folder of crops: the added crops, and the content of its faces.json."""

    folder: Path
    added: tuple[CroppedFace, ...]
    manifest: CropManifest

    @property
    def person(self) -> str | None:
        """The person; None if the reference was a photo."""
        reference = self.manifest.reference
        return reference.person if isinstance(reference, PersonReference) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class CropResult:
    """The result of cropping.

    Attributes:
        folders: one for each person.
        failed: crops that could not be made, or were undone, each with the reason as its error.
        unread: files that can't be read, each with the reason.
    """

    folders: tuple[CroppedFolder, ...]
    failed: tuple[Step, ...]
    unread: tuple[Unmatched, ...]


def crop(session: Session, request: CropRequest) -> CropResult:
    """Crop faces; see `Library.crop`."""
    request = checked_request(request)
    model = session.model
    store = session.store(create=bool(request.folders and not request.people))
    rate_for(store, request.options.min_quality)
    references = _references(session, request)
    folders = open_folders(store, request, references)
    candidates = _candidates(session, request, folders)
    if request.people:
        session.rematch()
    for one in {reference.model for reference in references} - {model}:
        session.encode_missing(known_model(one, session.known_models), list(candidates.photos))
    plans = plan_crops(FaceSelector(store), folders, candidates)
    recorder = Recorder(folders, time.monotonic)
    recorder.save()
    failed: list[Step] = []
    if plans:
        try:
            steps = session.handover.carry_out_now(plans, lambda plan: recorder.note(store.journal.steps(plan)))
            failed += (step for step in steps if step.state not in {"done", "kept"})
        finally:
            failed += _save(session, recorder)
    return CropResult(
        folders=tuple(
            CroppedFolder(folder=folder.path, added=tuple(added), manifest=folder.manifest)
            for folder, added in recorder.added.items()
        ),
        failed=tuple(failed),
        unread=tuple(candidates.unread),
    )


def _references(session: Session, request: CropRequest) -> list[CropReference]:
    """Return the references to look for.

    Raises:
        UsageError: a person does not exist, or has no references.
        FamiliarError: the reference photo has no face, or several.
    """
    matching, model, store = session.settings.matching, session.model, session.store()
    if request.reference is not None:
        return [_face_in(session, request.reference, largest=request.largest)]
    if store.people.outdated(model):
        session.index(())  # references come first
    return [
        PersonToCrop(
            store,
            Scorer(store, matching, model_for(store, name, in_use=session.model_in_use).id),
            name,
            threshold=matching.threshold,
            is_matched=model in store.references.engines_of(store.people.find(name).id),
        )
        for name in request.people
    ]


def _face_in(session: Session, photo: Path, *, largest: bool) -> FaceToCrop:
    if photo.is_dir():
        raise UsageError(f"{photo} is a folder; give a photo of the face to look for.")
    (indexed,) = session.index([folder_at(photo, files=True)])
    if indexed.photo is None:
        raise FamiliarError(unreadable(indexed.path, indexed.reason))
    found = session.store().photos.load(indexed.photo)
    face = choose_face(indexed.path, found, largest=largest)
    return FaceToCrop(indexed.path, found, face, threshold=session.settings.matching.threshold)


def _candidates(session: Session, request: CropRequest, folders: Sequence[CropFolder]) -> CropCandidates:
    if request.folders:
        return photos_seen(session.store(), session.index(request.folders), session.model)
    return known_photos(session.store(), session.model, apart_from=[folder.path for folder in folders])


def _save(session: Session, recorder: Recorder) -> list[Step]:
    """Write the crops to the manifest; those that can't be written are undone, newest first, and returned.

    Raises:
        FamiliarError: the manifest can't be written at all.
    """
    taken: list[Step] = []
    while True:
        try:
            recorder.save()
        except FamiliarError as error:
            steps = recorder.forget_newest(max(1, len(taken)))  # twice as many each time
            if not steps:
                told = f" {counted(len(taken), 'crop')} of this run removed." if taken else ""
                raise FamiliarError(f"{error}{told}") from error
            taken += [_told(step, error) for step in session.handover.take_back(steps)]
        else:
            return taken


def _told(step: Step, error: FamiliarError) -> Step:
    """Return an operation with the result of undoing it."""
    if step.state == "undone":
        return replace(step, error=f"undone: {error}")
    return replace(step, error=f"{error} It has no entry in the manifest, and could not be undone: {step.error}.")
