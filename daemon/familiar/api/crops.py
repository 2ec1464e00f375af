"""Faces of people out of many photos, as a data set."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from familiar.api.session import Session
from familiar.effects.journal import Step
from familiar.errors import FamiliarError, UsageError
from familiar.library.crops.candidates import CropCandidates, known_photos, photos_seen
from familiar.library.crops.folder import CropFolder
from familiar.library.crops.manifest import CropManifest, CroppedFace, PersonReference, Unmatched
from familiar.library.crops.options import check_limits
from familiar.library.crops.planning import plan_crops
from familiar.library.crops.recorder import Recorder
from familiar.library.crops.reference import CropReference, FaceToCrop, PersonToCrop, choose_face
from familiar.library.crops.request import CropRequest, check_reference, crop_options, open_folders
from familiar.library.crops.selection import FaceSelector
from familiar.library.models import known_model
from familiar.library.named_paths import expanded
from familiar.library.photo_folders import folder_at, named_folders
from familiar.library.scoring import Scorer, model_for


@dataclass(frozen=True, slots=True, kw_only=True)
class CroppedFolder:
    """A folder of crops: those that were added now, and all that its faces.json says."""

    folder: Path
    added: tuple[CroppedFace, ...]
    manifest: CropManifest

    @property
    def person(self) -> str | None:
        """Whose faces they are; None where the face in a photo was looked for."""
        reference = self.manifest.reference
        return reference.person if isinstance(reference, PersonReference) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class CropResult:
    """What came of cropping.

    Attributes:
        folders: one for each person.
        failed: crops that could not be made, or were taken back, each with the reason as its error.
        unread: files that can't be read, each with the reason.
    """

    folders: tuple[CroppedFolder, ...]
    failed: tuple[Step, ...]
    unread: tuple[Unmatched, ...]


def request_of(
    people: str | Sequence[str],
    *,
    to: str | Path,
    folders: Sequence[str | Path],
    recursive: bool,
    reference: str | Path | None,
    largest: bool,
    threshold: float | None,
    all_faces: bool,
    min_size: int,
    min_sharpness: float,
    margin: float,
    square: bool,
    aligned: bool,
    size: int | None,
    enlarge: bool,
    format_: Literal["jpg", "png", "webp"],
    quality: int | None,
) -> CropRequest:
    """Return what is asked for, checked; the arguments and errors are those of `Library.crop`."""
    photo = None if reference is None else expanded(reference)
    names = check_reference([people] if isinstance(people, str) else people, photo, largest=largest)
    check_limits(threshold=threshold)
    options = crop_options(
        all_faces=all_faces,
        min_size=min_size,
        min_sharpness=min_sharpness,
        margin=margin,
        square=square,
        aligned=aligned,
        size=size,
        enlarge=enlarge,
        format_=format_,
        quality=quality,
    )
    where = named_folders(map(expanded, folders))
    return CropRequest(
        people=names,
        reference=photo,
        largest=largest,
        folders=tuple(one.model_copy(update={"recursive": recursive and one.recursive}) for one in where),
        to=expanded(to),
        threshold=threshold,
        options=options,
    )


def crop(session: Session, request: CropRequest) -> CropResult:
    """Crop faces; `Library.crop` says more."""
    model = session.model
    store = session.store(create=bool(request.folders and not request.people))
    references = _references(session, request)
    folders = open_folders(store, request, references)
    candidates = _candidates(session, request, folders)
    if request.people:
        session.rematch()
    for one in {reference.model for reference in references} - {model}:
        session.encode_missing(known_model(one), list(candidates.photos))
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
    """Return whom to look for.

    Raises:
        UsageError: a person is not known, or has no references.
        FamiliarError: the photo of reference has no face, or several.
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
            nearest=matching.nearest,
            is_matched=model in store.references.engines_of(store.people.find(name).id),
        )
        for name in request.people
    ]


def _face_in(session: Session, photo: Path, *, largest: bool) -> FaceToCrop:
    if photo.is_dir():
        raise UsageError(f"{photo}: is a folder; name a photo of the face to look for.")
    (indexed,) = session.index([folder_at(photo, files=True)])
    if indexed.photo is None:
        raise FamiliarError(f"{indexed.path}: can't be looked at: {indexed.reason}.")
    found = session.store().photos.load(indexed.photo)
    face = choose_face(indexed.path, found, largest=largest)
    return FaceToCrop(indexed.path, found, face, threshold=session.settings.matching.threshold)


def _candidates(session: Session, request: CropRequest, folders: Sequence[CropFolder]) -> CropCandidates:
    if request.folders:
        return photos_seen(session.store(), session.index(request.folders), session.model)
    return known_photos(session.store(), session.model, apart_from=[folder.path for folder in folders])


def _save(session: Session, recorder: Recorder) -> list[Step]:
    """Write down the crops; those that can't be written down are taken back, the newest first, and returned.

    Raises:
        FamiliarError: nothing can be written down, even so.
    """
    taken: list[Step] = []
    while True:
        try:
            recorder.save()
        except FamiliarError as error:
            steps = recorder.forget_newest(max(1, len(taken)))  # as many again each time
            if not steps:
                told = f" {len(taken)} crops of this run were taken back." if taken else ""
                raise FamiliarError(f"{error}{told}") from error
            taken += [_told(step, error) for step in session.handover.take_back(steps)]
        else:
            return taken


def _told(step: Step, error: FamiliarError) -> Step:
    """Return a step that was to be taken back with what came of it."""
    if step.state == "undone":
        return replace(step, error=f"taken back: {error}")
    return replace(step, error=f"{error} It has no entry there, and could not be taken back: {step.error}.")
