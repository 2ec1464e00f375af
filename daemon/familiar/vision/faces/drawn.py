"""Faces that no detector found, in a box that a person has drawn around one."""

from dataclasses import replace

from familiar.identity.regions import area_of, faces_of
from familiar.model import Box, Face
from familiar.vision.decoding.pictures import Picture
from familiar.vision.engines.engine import Engine

_MARGIN = 0.6
"""What the detector sees around the box on each side, as a share of its longer side."""

_LEAST_QUALITY = 0.15
"""Boxes without a face have less than half of that, boxes drawn around one four times as much, where the model tells
what is no face by the length of its embedding."""


def find_in_box(engine: Engine, picture: Picture, box: Box) -> Face | None:
    """Return the face in a box, in pixels of the upright original of a picture; None if there is none."""
    around = _around(box, picture)
    (found,) = engine.find([_part(picture, around)])
    areas = [area_of(_moved(face, around).box, picture.width, picture.height) for face in found]
    best = faces_of([area_of(box, picture.width, picture.height)], areas).get(0)
    if best is not None:
        return _moved(found[best], around)
    if engine.model.raw_length is None:
        return None
    face = engine.find_at(picture, box)
    return face if face.has_quality(_LEAST_QUALITY) else None


def _around(box: Box, picture: Picture) -> Box:
    extra = round(_MARGIN * max(box.width, box.height))
    return Box(
        left=max(0, box.left - extra),
        top=max(0, box.top - extra),
        right=min(picture.width, box.right + extra),
        bottom=min(picture.height, box.bottom + extra),
    )


def _part(picture: Picture, area: Box) -> Picture:
    """Return a part of a picture as one of its own."""
    scale = picture.scale
    left, top, right, bottom = (round(side * scale) for side in (area.left, area.top, area.right, area.bottom))
    image = picture.image.crop((left, top, max(right, left + 1), max(bottom, top + 1)))
    return Picture(image=image, format=picture.format, width=area.width, height=area.height, taken=None)


def _moved(face: Face, area: Box) -> Face:
    """Return a face of a part in the whole picture."""
    box = face.box
    return replace(
        face,
        box=Box(
            left=box.left + area.left,
            top=box.top + area.top,
            right=box.right + area.left,
            bottom=box.bottom + area.top,
        ),
        landmarks=tuple((x + area.left, y + area.top) for x, y in face.landmarks),
    )
