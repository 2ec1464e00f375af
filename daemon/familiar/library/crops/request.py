"""What is asked for when a data set is made, and the folders that it goes into."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from familiar.errors import UsageError
from familiar.library.crops.folder import CropFolder
from familiar.library.crops.options import EVERY, CropOptions, Taken, check_limits
from familiar.library.crops.reference import CropReference
from familiar.library.folder_names import folder_names
from familiar.library.locations import check_apart
from familiar.model import Crop
from familiar.names import name_key
from familiar.settings import FolderSettings
from familiar.store.store import Store
from familiar.vision.faces.crops import QUALITY


@dataclass(frozen=True, slots=True, kw_only=True)
class CropRequest:
    """Whose faces are cropped, out of which photos, into which folder, and how.

    Either `people` are named, or a photo of `reference`. Without `folders` all known photos are taken. `threshold` is
    None where matching decides; that of `options` is set for each person.
    """

    people: tuple[str, ...]
    reference: Path | None
    largest: bool
    folders: tuple[FolderSettings, ...]
    to: Path
    threshold: float | None
    options: CropOptions


def crop_options(
    *,
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
) -> CropOptions:
    """Return the settings of a data set, which each person's threshold is still to come into.

    Raises:
        UsageError: two do not go together, or a number is out of its limits.
    """
    if aligned and not square:
        raise UsageError("--aligned makes squares: leave out --original.")
    if format_ == "png" and quality is not None:
        raise UsageError("--quality is for jpg and webp: png keeps all pixels as they are.")
    check_limits(min_size=min_size, min_sharpness=min_sharpness, margin=margin, size=size, quality=quality)
    return CropOptions(
        threshold=EVERY,
        faces="every",
        all_faces=all_faces,
        min_size=min_size,
        min_sharpness=min_sharpness,
        margin=margin,
        shape="square" if square else "original",
        aligned=aligned,
        size=size,
        enlarge=enlarge,
        format=format_,
        quality=None if format_ == "png" else quality or QUALITY,
    )


def check_reference(people: Sequence[str], reference: Path | None, *, largest: bool) -> tuple[str, ...]:
    """Return the people who are named, each once.

    Raises:
        UsageError: neither people nor a photo of reference are named, or both are.
    """
    if bool(people) == (reference is not None):
        raise UsageError("Name either --person NAME, or --reference PHOTO of the face to look for.")
    if largest and reference is None:
        raise UsageError("--largest is about the photo of --reference.")
    return tuple({name_key(name): name for name in people}.values())


def open_folders(store: Store, request: CropRequest, references: Sequence[CropReference]) -> list[CropFolder]:
    """Return the folders of crops, one for each reference, with what is known of them.

    Raises:
        UsageError: one lies in a folder that is looked through, is a file, or has other crops.
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


def _options_for(one: CropReference, request: CropRequest) -> CropOptions:
    if request.threshold is None:
        taken: Taken = "matched" if one.is_matched else "within"
        return replace(request.options, threshold=one.threshold, faces=taken)
    taken = "every" if request.threshold == EVERY else "within"
    return replace(request.options, threshold=request.threshold, faces=taken)
