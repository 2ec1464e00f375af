"""Live photos: a still and a short clip next to it, with the same name except for the suffix, are one photo.

The clip has no faces of its own, and rules do not apply to it: it follows its still.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal, TypeAlias

from familiar.media import LONGEST_CLIP, is_photo, is_video
from familiar.model import Photo, PhotoOperation, Plan
from familiar.rules.planning import following
from familiar.store.files import FileRow
from familiar.store.store import Store

_ZONES = timedelta(hours=26)
"""How much the clocks of two zones may differ: cameras write local time, and videos often UTC."""

StillState: TypeAlias = Literal["none", "waits", "handled"]

_WITHOUT_EFFECT = frozenset({"refused", "undo", "undoing", "undone"})


def state_of_still(store: Store, video: Path) -> StillState:
    """Return the state of the still that belongs to a video, which may have been moved since."""
    states = {_state(store, still) for still in _stills(store, video)}
    return "handled" if "handled" in states else "waits" if "waits" in states else "none"


def handled_still(store: Store, video: Path) -> Path | None:
    """Return the present or former path of the handled still of a video."""
    return next((still.path for still in _stills(store, video) if _state(store, still) == "handled"), None)


def plan_for_clip(store: Store, clip: Path) -> tuple[Plan, int | None]:
    """Return the plan for a clip, with the operations of its still, and the id of the still's last plan."""
    for still in _stills(store, clip):
        steps = [step for step in store.journal.steps_at(still.path) if step.state not in _WITHOUT_EFFECT]
        if steps:
            done = (
                replace(step.operation, target=step.target or step.operation.target)
                for step in steps
                if isinstance(step.operation, PhotoOperation)
            )
            return following(done, still.path, clip), steps[0].plan_id
    return Plan(), None


def claim_clip(store: Store, still: Path) -> FileRow | None:
    """Return the clip that belongs to the still that is or was at this path.

    A short video that arrived before its still was handled as a separate video, and becomes a clip.
    """
    if not is_photo(still):
        return None
    for file in store.files.of_stem(still):
        if file.photo_id is None or file.state == "gone" or not is_video(file.path):
            continue
        of_still = store.files.at(still)
        known = None if of_still is None else of_still.photo_id
        if known is not None and not _are_of_one_moment(_date(store, known), _date(store, file.photo_id)):
            continue
        if store.photos.make_clip(file.photo_id, longest=LONGEST_CLIP):
            return file
    return None


def is_clip_of_still(store: Store, video: Path, clip: Photo) -> bool:
    """Return whether a short video may belong to a still of its name: it does not if it is of another day."""
    taken = clip.taken if clip.taken_source == "camera" else None
    photos = [still.photo_id for still in _stills(store, video) if _state(store, still) == "handled"]
    dates = [None if photo is None else _date(store, photo) for photo in photos]
    return not dates or any(_are_of_one_moment(date, taken) for date in dates)


def _are_of_one_moment(still: datetime | None, video: datetime | None) -> bool:
    return still is None or video is None or abs(still - video) <= _ZONES


def _date(store: Store, photo: int) -> datetime | None:
    """Return when the camera took a photo or video, as far as it says so."""
    taken, source = store.photos.date_of(photo)
    return taken if source == "camera" else None


def take_clip_along(store: Store, still: Path) -> None:
    """Handle a clip that arrived before its still again, after the still."""
    clip = claim_clip(store, still)
    if clip is not None and clip.photo_id is not None:
        store.photos.mark_unhandled(clip.photo_id)
        store.files.mark_pending(clip.id)


def _stills(store: Store, video: Path) -> list[FileRow]:
    return [file for file in store.files.of_stem(video) if is_photo(file.path)]


def _state(store: Store, still: FileRow) -> StillState:
    if still.state in {"settling", "pending", "failed"}:
        return "waits"
    if still.state == "gone":
        moved = any(
            step.state == "done" and isinstance(step.operation, PhotoOperation) and step.operation.moves_photo
            for step in store.journal.steps_at(still.path)
        )
        return "handled" if moved else "none"
    is_seen = still.photo_id is not None and store.photos.kind_of(still.photo_id) == "photo"
    return "handled" if is_seen else "none"
