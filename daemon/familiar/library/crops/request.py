"""What is requested when a data set is made, and the folders that it goes into."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from familiar.errors import UsageError
from familiar.library.arguments import check_number
from familiar.library.crops.folder import CropFolder
from familiar.library.crops.options import (
    EVERY,
    CropOptions,
    RecordedOptions,
    Taken,
    checked_options,
)
from familiar.library.crops.reference import CropReference
from familiar.library.folder_names import folder_names
from familiar.library.locations import check_apart
from familiar.model import Crop
from familiar.names import name_key
from familiar.settings import FolderSettings
from familiar.store.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class CropRequest:
    """A request for crops: people, photos, target folder and options.

    Either `people` are named, or a photo of `reference`. Without `folders` all known photos are taken. `threshold` is
    None where matching decides.
    """

    people: tuple[str, ...]
    reference: Path | None
    largest: bool
    folders: tuple[FolderSettings, ...]
    to: Path
    threshold: float | None
    options: CropOptions


def checked_request(request: CropRequest) -> CropRequest:
    """Return a request with each person once, and the quality that is used.

    Raises:
        UsageError: neither people nor a photo of reference are named, or both are; two options do not go together, or a
            number is out of its limits.
    """
    if bool(request.people) == (request.reference is not None):
        raise UsageError("Give either --person NAME, or --reference PHOTO of the face to look for.")
    if request.largest and request.reference is None:
        raise UsageError("--largest requires --reference.")
    check_number("threshold", request.threshold, 0, EVERY, includes_low=False)
    people = tuple({name_key(name): name for name in request.people}.values())
    return replace(request, people=people, options=checked_options(request.options))


def open_folders(store: Store, request: CropRequest, references: Sequence[CropReference]) -> list[CropFolder]:
    """Return the folders of crops, one for each reference, with their manifests.

    Raises:
        UsageError: one is in a scanned folder, is a file, or has other crops.
    """
    names = folder_names([one.person or "" for one in references], taken=())
    folders = []
    for one in references:
        wish = request.to / names[one.person or ""] if len(references) > 1 else request.to
        path = check_apart(wish, [folder.path for folder in request.folders])
        opened = CropFolder(path, one, _options_for(one, request))
        if opened.missing:
            opened.forget(store.journal.undone_targets(path, Crop))
        folders.append(opened)
    return folders


def _options_for(one: CropReference, request: CropRequest) -> RecordedOptions:
    if request.threshold is None:
        threshold = one.threshold
        faces: Taken = "matched" if one.is_matched else "within"
    else:
        threshold = request.threshold
        faces = "every" if threshold == EVERY else "within"
    return RecordedOptions(**asdict(request.options), threshold=threshold, faces=faces)
