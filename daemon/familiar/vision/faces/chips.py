"""Cut faces out of a picture as a network was trained to see them: turned and scaled by their landmarks."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import dlib
import numpy as np

from familiar.identity.landmarks import MEAN_FACE
from familiar.vision.decoding.pictures import Pixels

Chips: TypeAlias = Pixels
"""Aligned faces, shape (n, edge, edge, 3), RGB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChipLayout:
    """How a network was trained to see faces.

    `edge` is that of the picture in pixels; `points` are where dlib's five landmarks belong in it, as x and y: outer
    and inner corner of the one eye, of the other eye, and the base of the nose.
    """

    edge: int
    points: tuple[tuple[float, float], ...]

    @property
    def face(self) -> float:
        """Edge in pixels of a face, as dlib's boxes have it, that fills its chip without being enlarged."""
        return _spread(self.points) / _spread(MEAN_FACE)

    def cut(self, pixels: Pixels, shapes: Sequence[Any]) -> Chips:
        """Return the aligned pictures of faces with these landmarks (`dlib.full_object_detection`).

        dlib averages pixels where a face is made smaller; what is outside of the picture is black.
        """
        places = dlib.dpoints([dlib.dpoint(x, y) for x, y in self.points])
        size = dlib.chip_dims(self.edge, self.edge)
        chips = [
            dlib.extract_image_chip(
                pixels, dlib.chip_details(places, dlib.dpoints([dlib.dpoint(p) for p in shape.parts()]), size)
            )
            for shape in shapes
        ]
        return np.stack(chips) if chips else np.empty((0, self.edge, self.edge, 3), np.uint8)


def _spread(points: Sequence[tuple[float, float]]) -> float:
    """Return the square root of the sum of the squared distances of points from their middle."""
    return float(np.linalg.norm(np.asarray(points) - np.mean(points, axis=0)))


DLIB_LAYOUT = ChipLayout(edge=150, points=tuple((100 * x + 25, 100 * y + 25) for x, y in MEAN_FACE))
"""The mean face with a margin of a quarter, as `dlib.get_face_chip` cuts it."""

ARCFACE_LAYOUT = ChipLayout(edge=112, points=((79.5, 52.7), (65.9, 53.2), (31.1, 53.1), (44.8, 53.3), (55.5, 79.4)))
"""As ArcFace, SFace and their kin see faces. Their own five points are others (middles of the eyes, tip of the nose,
corners of the mouth); these are where dlib's are in faces that were aligned by those."""
