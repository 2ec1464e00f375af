"""Follow faces through the frames of a video: each person is one face, with their best frame."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from familiar.embedding_models import Calibration
from familiar.model import Box, Face

_OVERLAP = 0.3
"""Least share of their union that two such faces have in common."""


@dataclass(slots=True)
class _Track:
    best: Face
    last: Face
    frame: int
    times: list[float]


class Tracks:
    """The people in a video, as its frames come one by one.

    Faces that overlap in consecutive frames may be farther apart than others of one person: people do not change
    places at once.
    """

    def __init__(self, calibration: Calibration) -> None:
        """Start without people; the calibration is that of the model of the faces."""
        self._calibration = calibration
        self._tracks: list[_Track] = []
        self._frame = 0

    def add(self, time: float, faces: Sequence[Face]) -> None:
        """Take in the faces of the next frame, at `time` seconds; each goes to another person."""
        self._frame += 1
        distances = [
            (self._distance(track, face), row, column)
            for row, track in enumerate(self._tracks)
            for column, face in enumerate(faces)
        ]
        taken_tracks: set[int] = set()
        taken_faces: set[int] = set()
        for distance, row, column in sorted(distances):
            if distance < 1 and row not in taken_tracks and column not in taken_faces:
                self._follow(self._tracks[row], faces[column], time)
                taken_tracks.add(row)
                taken_faces.add(column)
        for column, face in enumerate(faces):
            if column not in taken_faces:
                seen = replace(face, time=time)
                self._tracks.append(_Track(best=seen, last=seen, frame=self._frame, times=[time]))

    def faces(self) -> tuple[Face, ...]:
        """Return the best face of each person, with the times of all, in the order in which they appear."""
        return tuple(replace(track.best, times=tuple(track.times)) for track in self._tracks)

    def _distance(self, track: _Track, face: Face) -> float:
        """Return how far a face is from a person, as a share of what one person may be."""
        apart = min(_apart(track.best, face), _apart(track.last, face))
        follows = track.frame == self._frame - 1 and _overlap(track.last.box, face.box) >= _OVERLAP
        return apart / (self._calibration.following if follows else self._calibration.same_person)

    def _follow(self, track: _Track, face: Face, time: float) -> None:
        seen = replace(face, time=time)
        track.last, track.frame = seen, self._frame
        track.times.append(time)
        if _quality(seen) > _quality(track.best):
            track.best = seen


def _quality(face: Face) -> float:
    return float(face.size * np.sqrt(max(face.sharpness, 0.0)))


def _apart(one: Face, other: Face) -> float:
    return float(np.linalg.norm(one.embedding - other.embedding))


def _overlap(one: Box, other: Box) -> float:
    width = min(one.right, other.right) - max(one.left, other.left)
    height = min(one.bottom, other.bottom) - max(one.top, other.top)
    if width <= 0 or height <= 0:
        return 0.0
    common = width * height
    return common / (one.width * one.height + other.width * other.height - common)
