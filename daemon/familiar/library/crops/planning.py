"""Plan the crops for all folders of one command; photos used by several folders are decoded once."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from familiar.errors import FamiliarError
from familiar.library.crops.candidates import CropCandidates
from familiar.library.crops.folder import CropFolder
from familiar.library.crops.manifest import Unmatched, shown_path
from familiar.library.crops.selection import FaceSelector
from familiar.library.survey import unusable
from familiar.model import Crop, Plan
from familiar.plurals import counted


def plan_crops(
    chooser: FaceSelector, folders: Sequence[CropFolder], sources: CropCandidates
) -> list[tuple[int, Path, Plan]]:
    """Return one plan for each photo; the folders record the missing photos, and why.

    Raises:
        FamiliarError: no photo has a face.
    """
    crops: dict[int, list[Crop]] = {}
    places: dict[int, Path] = {}
    for folder in folders:
        findings = chooser.choose(folder.sought, folder.settings, sources.photos)
        if not findings.faces:
            raise FamiliarError(_nothing(sources))
        for photo, found in findings.found.items():
            path = places.get(photo) or sources.path_of(photo)
            if path is None:
                folder.leave_out(_gone(sources, photo))
                continue
            places[photo] = path
            crops.setdefault(photo, []).extend(
                folder.plan(sources.photos[photo], path, found, sources.copies_of(photo, path))
            )
        for unmatched in _without(sources, findings.reasons):
            folder.leave_out(unmatched)
    return [(photo, places[photo], Plan(operations=tuple(wishes))) for photo, wishes in crops.items() if wishes]


def _without(sources: CropCandidates, reasons: Mapping[int, str]) -> Iterator[Unmatched]:
    """Yield the photos without crops, and the files that could not be read."""
    for photo, reason in reasons.items():
        path = sources.paths[photo][0]
        yield Unmatched(
            path=shown_path(path),
            hash=sources.photos[photo].hash,
            reason=reason,
            copies=sources.copies_of(photo, path),
        )
    yield from sources.unread


def _gone(sources: CropCandidates, photo: int) -> Unmatched:
    path = sources.paths[photo][0]
    return Unmatched(path=shown_path(path), hash=sources.photos[photo].hash, reason="it no longer lies there")


def _nothing(sources: CropCandidates) -> str:
    """Return why there is no face at all."""
    unread = unusable([(one.path, one.reason) for one in sources.unread])
    if photos := len(sources.photos):
        return f"No face found in {counted(photos, 'photo')}; nothing was written.{unread}"
    if unread:
        return f"Nothing was written.{unread}"
    return "No photo is known: `familiar scan ~/Pictures`, or name a folder."
