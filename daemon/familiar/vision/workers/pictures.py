"""Picture files of photos, videos and faces, which worker processes make: crops, and pictures for a page.

Heavy libraries are imported inside of functions, as in `tasks`.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from familiar.errors import FamiliarError, SetAsideError
from familiar.model import Crop
from familiar.vision.workers.contents import decoded, from_first, memory_noted, opened_video
from familiar.vision_options import VisionOptions

if TYPE_CHECKING:
    from familiar.vision.decoding.pictures import Picture


def crop(path: Path, hash_: str, wishes: Sequence[Crop], options: VisionOptions) -> list[bytes | FamiliarError]:
    """Return the picture files of faces of one photo or video, in their order, or why one can't be cropped.

    Raises:
        GoneError, RetryError, ChangedError, SetAsideError: as `look` gives.
    """
    with memory_noted(options):
        return _crop(path, hash_, wishes, options)


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureTask:
    """Pictures of one photo or video, or of faces in it, for a page.

    `paths` are those where it may be, `size` is its width and height in pixels before a sidecar turns it.
    """

    paths: Sequence[Path]
    hash: str
    size: tuple[int, int]
    wishes: Sequence[Crop]


def picture(task: PictureTask, options: VisionOptions) -> list[bytes | FamiliarError]:
    """Return pictures of one photo, as `crop` does, from the first of its paths that can be read.

    A JPEG is decoded at reduced scale where its pictures are smaller: they may differ slightly from those of `crop`. A
    damaged photo is shown as far as it can be decoded. Where all are of one time in a video, any time will do.

    Raises:
        GoneError, RetryError, ChangedError, SetAsideError: as `look` gives; it is none of its paths.
    """
    with memory_noted(options):
        return from_first(task.paths, lambda path: _crop(path, task.hash, task.wishes, options, size=task.size))


def _crop(
    path: Path,
    hash_: str,
    wishes: Sequence[Crop],
    options: VisionOptions,
    *,
    size: tuple[int, int] | None = None,
) -> list[bytes | FamiliarError]:
    """Crop as `crop` does; with the `size` of the photo, a JPEG is decoded at the scale that is needed."""
    from familiar.vision.faces.turned import turned, turned_along  # noqa: PLC0415

    times = [wish.time for wish in wishes if wish.time is not None]
    if not times:
        picture = decoded(path, hash_, options, at_least=None if size is None else _needed(wishes, size))
        shown = {turn: turned(picture, turn) for turn in {wish.turn for wish in wishes}}
        whole = (picture.width, picture.height)
        placed = [turned_along(wish, wish.turn, whole) for wish in wishes]
        return [_cut(shown[wish.turn], wish, for_page=size is not None) for wish in placed]
    cut: dict[int, bytes | FamiliarError] = {}
    with opened_video(path, hash_, options) as video:
        if size is not None and len(set(times)) == 1:
            still = video.frame_shown_at(times[0]).picture
            return [_cut(still, wish, for_page=True) for wish in wishes]
        for frame in video.frames_at(times):
            own = [number for number, wish in enumerate(wishes) if wish.time == frame.time]
            cut.update((number, _cut(frame.picture, wishes[number], for_page=size is not None)) for number in own)
    return [cut[number] for number in range(len(wishes))]


def _needed(wishes: Sequence[Crop], size: tuple[int, int]) -> int:
    """Return the pixels of the longer side of a photo of this size that pictures of it need."""
    from familiar.vision.faces.crops import needed  # noqa: PLC0415

    return max(1, math.ceil(max(needed(wish, size) for wish in wishes) * max(size)))


def _cut(picture: "Picture", wish: Crop, *, for_page: bool) -> bytes | FamiliarError:
    """Return a picture file; for a page, of a picture at whatever scale, and also where a part is missing."""
    from familiar.vision.faces import crops as cropping  # noqa: PLC0415

    try:
        if for_page and wish.is_quick:
            return cropping.crop_reduced(picture.image, wish, (picture.width, picture.height))
        return cropping.crop(picture.image, wish, damage=picture.damage)
    except SetAsideError as error:
        return error
