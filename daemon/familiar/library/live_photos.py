"""Live photos: a still and a short clip next to it, whose names belong together, are one photo.

The clip has no faces of its own, and rules do not apply to it: it follows its still. When its still goes, it is a video
of its own again.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal, TypeAlias

from familiar.clip_names import nearness
from familiar.events import NO_LOG, EventLog
from familiar.library.live_photo_pairs import pairs_of
from familiar.media import is_photo, is_video
from familiar.model import PhotoOperation, Plan, Shot
from familiar.rules.planning import following
from familiar.store.files import FileRow
from familiar.store.store import Store

StillState: TypeAlias = Literal["none", "waits", "handled"]

_WITHOUT_EFFECT = frozenset({"refused", "undo", "undoing", "undone"})


def state_of_still(store: Store, video: Path) -> StillState:
    """Return the state of the still that a video may belong to, by its name; it may have been moved since."""
    states = {_state(store, still) for still in _stills_named_as(store, video)}
    return "handled" if "handled" in states else "waits" if "waits" in states else "none"


def handled_still(store: Store, video: Path) -> Path | None:
    """Return the present or former path of the handled still that is named as a video is, the nearest one first."""
    handled = (still for still in _stills_named_as(store, video) if _state(store, still) == "handled")
    return next((still.path for still in handled), None)


def still_of(store: Store, video: Path, shot: Shot | None = None) -> FileRow | None:
    """Return the handled still of a clip, at its present or former path; None for a video of its own.

    `shot` tells of a video that the store does not know yet.
    """
    family = store.files.namesakes(video)
    still = _pairs(store, family, {} if shot is None else {video: shot}).get(video)
    return next((file for file in family if file.path == still), None)


def plan_for_clip(store: Store, clip: Path, shot: Shot) -> tuple[Plan, int | None]:
    """Return the plan for a clip, with the operations of its still, and the id of the still's last plan."""
    still = still_of(store, clip, shot)
    steps = [] if still is None else store.journal.steps_at(still.path)
    done = [step for step in steps if step.state not in _WITHOUT_EFFECT]
    if still is None or not done:
        return Plan(), None
    operations = (
        replace(step.operation, target=step.target or step.operation.target)
        for step in done
        if isinstance(step.operation, PhotoOperation)
    )
    return following(operations, still.path, clip), done[0].plan_id


def claim_clip(store: Store, still: Path) -> FileRow | None:
    """Return the clip that belongs to the still that is or was at this path.

    A short video that arrived before its still was handled as a separate video, and becomes a clip.
    """
    return _claim_clip(store, still, store.files.namesakes(still))


def sort_video(store: Store, video: Path, photo_id: int, log: EventLog = NO_LOG) -> bool:
    """Make a known video the clip of the still beside it, or a clip that has lost its still a video of its own.

    Return whether it has become another one; it is to be handled as that.
    """
    kind = store.photos.kind_of(photo_id)
    shot, paths = store.photos.shot(photo_id), {video, *store.files.paths_of(photo_id)}
    belongs = any(still_of(store, path, shot) is not None for path in paths)
    if kind == "video" and belongs:
        store.photos.make_clip(photo_id)
        log.emit("clip.joined", photo=photo_id, path=video)
    elif kind == "clip" and not belongs:
        store.photos.make_video(photo_id)
        log.emit("clip.parted", photo=photo_id, path=video)
    else:
        return False
    store.photos.mark_unhandled(photo_id)
    return True


def review(store: Store, path: Path, log: EventLog = NO_LOG, *, takes_clip_along: bool = False) -> None:
    """Join and part stills and videos that are named as the file at `path`, after it has come, changed or gone.

    A still that was handled just now `takes_clip_along`: its clip is handled again, after it.
    """
    family = store.files.namesakes(path) if is_photo(path) or is_video(path) else []
    if not any(is_video(file.path) for file in family):
        return
    with store.writing():
        taken = _claim_clip(store, path, family, log) if takes_clip_along else None
        if taken is not None and taken.photo_id is not None:
            store.photos.mark_unhandled(taken.photo_id)
            store.files.mark_pending(taken.id)
        videos = [file for file in family if is_video(file.path) and file.state == "done" and not file.left_out]
        for video in videos:
            if video != taken and video.photo_id is not None and sort_video(store, video.path, video.photo_id, log):
                store.files.mark_pending(video.id)


def mark_gone(store: Store, path: Path, log: EventLog = NO_LOG) -> bool:
    """Record that nothing is at `path` any more; return whether a file was known there.

    A clip whose still is gone becomes a video.
    """
    with store.writing():
        was_known = store.files.mark_gone(path)
        if was_known:
            review(store, path, log)
        return was_known


def leave_out(store: Store, path: Path, log: EventLog) -> None:
    """Record that the settings exclude the file at `path`; a clip whose still they exclude becomes a video."""
    with store.writing():
        if store.files.leave_out(path):
            review(store, path, log)


def _claim_clip(store: Store, still: Path, family: Sequence[FileRow], log: EventLog = NO_LOG) -> FileRow | None:
    pairs = _pairs(store, family)
    clip = next((file for file in family if pairs.get(file.path) == still), None)
    if clip is not None and clip.photo_id is not None and store.photos.kind_of(clip.photo_id) == "video":
        store.photos.make_clip(clip.photo_id)
        log.emit("clip.joined", photo=clip.photo_id, path=clip.path)
    return clip


def _pairs(store: Store, family: Sequence[FileRow], unknown: dict[Path, Shot] | None = None) -> dict[Path, Path]:
    stills, videos = {}, {}
    for file in family:
        shot = None if file.photo_id is None else store.photos.shot(file.photo_id)
        if shot is None:
            continue
        if is_photo(file.path) and shot.kind == "photo" and _state(store, file) == "handled":
            stills[file.path] = shot
        elif is_video(file.path) and shot.kind != "photo" and file.state != "gone" and not file.left_out:
            videos[file.path] = shot
    return pairs_of(stills, videos | (unknown or {}))


def _stills_named_as(store: Store, video: Path) -> list[FileRow]:
    """Return the files whose clip a video may be by its name, those with the nearest names first."""
    near = ((nearness(file.path, video), file) for file in store.files.namesakes(video) if is_photo(file.path))
    return [file for _, file in sorted((one for one in near if one[0] is not None), key=lambda one: one[0] or 0)]


def _state(store: Store, still: FileRow) -> StillState:
    if still.left_out:
        return "none"
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
