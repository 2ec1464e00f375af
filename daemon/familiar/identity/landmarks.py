"""The five points of a face that dlib finds, and how they lie in a face that looks straight ahead."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self, TypeAlias

import numpy as np
import numpy.typing as npt

from familiar.errors import SetAsideError

Landmarks: TypeAlias = Sequence[tuple[int, int]]
"""Outer and inner corner of the one eye, of the other eye, and the base of the nose, as x and y in pixels."""

MEAN_FACE = (
    (0.8595674595992, 0.2134981538014),
    (0.6460604764104, 0.2289674387677),
    (0.1205750620789, 0.2137274526848),
    (0.3340850613712, 0.2290642403242),
    (0.4901123135679, 0.6277975316475),
)
"""The corners of the eyes, and the base of the nose, in a face of edge 1 (`dlib/image_transforms/interpolation.h`)."""

_MEAN = np.array([complex(*point) for point in MEAN_FACE])

_INSIDE = np.array([complex(x, y) for x in np.arange(0.05, 1, 0.1) for y in np.arange(0.05, 1, 0.1)])
"""A hundred points that are spread evenly over a face of edge 1."""


def similarity(landmarks: Landmarks, edge: float = 1.0, margin: float = 0.0) -> tuple[complex, complex]:
    """Return turn and start that bring the mean face, of this edge and within its margin, nearest to the landmarks.

    With points as complex numbers, a point q of the mean face lies at `turn * q + start`, and the least squares have
    one line (Umeyama, 1991, without reflection).

    Raises:
        SetAsideError: there are not five landmarks, or all are at one point.
    """
    if len(landmarks) != len(MEAN_FACE):
        raise SetAsideError(f"a face with {len(landmarks)} landmarks can't be aligned; {len(MEAN_FACE)} are needed")
    chip = np.array([complex(x + margin, y + margin) for x, y in MEAN_FACE]) * edge
    photo = _points(landmarks)
    own = chip - chip.mean()
    turn = complex((own.conj() * (photo - photo.mean())).sum() / (abs(own) ** 2).sum())
    if turn == 0:
        raise SetAsideError("a face with all landmarks at one point can't be aligned")
    return turn, complex(photo.mean()) - turn * complex(chip.mean())


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """Where a face is, by its landmarks: the mean face lies nearest to them at `turn * mean + start`."""

    landmarks: Landmarks
    turn: complex
    start: complex

    @classmethod
    def of(cls, landmarks: Landmarks) -> Self:
        """Find it; raises as `similarity`."""
        turn, start = similarity(landmarks)
        return cls(landmarks=landmarks, turn=turn, start=start)

    @property
    def deviation(self) -> float:
        """How far the landmarks are from those of the mean face, as a share of its edge.

        It grows with the turn of the head to a side, up or down, and where the landmarks are those of no face.
        """
        return float(np.sqrt((abs((_points(self.landmarks) - self.start) / self.turn - _MEAN) ** 2).mean()))

    def share_outside(self, *, width: int, height: int) -> float:
        """Return the share of the face that is outside of its photo of this size, 0 to 1."""
        points = self.turn * _INSIDE + self.start
        inside = (points.real >= 0) & (points.real < width) & (points.imag >= 0) & (points.imag < height)
        return 1 - float(np.count_nonzero(inside)) / len(points)


def _points(landmarks: Landmarks) -> npt.NDArray[np.complex128]:
    return np.array([complex(x, y) for x, y in landmarks])
