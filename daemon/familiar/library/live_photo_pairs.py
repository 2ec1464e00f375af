"""Which video is the clip of which still (pure)."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

from familiar.clip_names import nearness
from familiar.media import LONGEST_CLIP, LONGEST_IDENTIFIED_CLIP
from familiar.model import Shot

_ZONES = timedelta(hours=26)
"""How much the clocks of two zones may differ: cameras write local time, and videos often UTC."""


def pairs_of(stills: Mapping[Path, Shot], videos: Mapping[Path, Shot]) -> dict[Path, Path]:
    """Return the still of each clip, by their paths; a still has one clip at most.

    Those with one identifier come first, then those with the nearest names.
    """
    fitting = sorted(
        (not _have_one_identifier(stills[still], videos[video]), near, still.name, video.name, still, video)
        for still in stills
        for video in videos
        if (near := nearness(still, video)) is not None and are_of_one_moment(stills[still], videos[video])
    )
    pairs: dict[Path, Path] = {}
    for *_, still, video in fitting:
        if video not in pairs and still not in pairs.values():
            pairs[video] = still
    return pairs


def are_of_one_moment(still: Shot, video: Shot) -> bool:
    """Return whether a video may be the clip of a still, whatever their names are.

    Identifiers decide if both have one; otherwise the video is short, and the cameras' dates do not differ.
    """
    if video.duration is None:
        return False
    if still.content_id is not None and video.content_id is not None:
        return _have_one_identifier(still, video) and video.duration <= LONGEST_IDENTIFIED_CLIP
    return video.duration <= LONGEST_CLIP and (
        still.taken is None or video.taken is None or abs(still.taken - video.taken) <= _ZONES
    )


def _have_one_identifier(still: Shot, video: Shot) -> bool:
    return still.content_id is not None and still.content_id == video.content_id
