"""Pictures that are turned otherwise than their files say, and the faces in them.

The boxes and landmarks of faces are places in the picture that the file itself shows; only while faces are looked for,
encoded or cut out is it turned.
"""

from dataclasses import replace
from typing import TypeVar

from familiar.identity.regions import inverse, stored_size, turned_box, upright
from familiar.model import Box, Crop, Face
from familiar.vision.decoding.pictures import Picture, turned_image

Placed = TypeVar("Placed", Face, Crop)


def turned(picture: Picture, turn: int | None) -> Picture:
    """Return a picture turned and mirrored as an EXIF orientation says it."""
    if turn is None:
        return picture
    width, height = stored_size(picture.width, picture.height, turn)
    again, damage = picture.again, picture.damage
    if damage is not None and damage.area is not None:
        damage = replace(damage, area=upright(damage.area, turn))
    return replace(
        picture,
        image=turned_image(picture.image, turn),
        width=width,
        height=height,
        damage=damage,
        again=None if again is None else lambda at_least: turned(again(at_least), turn),
    )


def turned_along(face: Placed, turn: int | None, size: tuple[int, int]) -> Placed:
    """Return a face in the turned picture; `size` is width and height of the picture before it is turned."""
    if turn is None:
        return face
    points = (turned_box(Box(left=x, top=y, right=x, bottom=y), turn, *size) for x, y in face.landmarks)
    return replace(
        face,
        box=turned_box(face.box, turn, *size),
        landmarks=tuple((point.left, point.top) for point in points),
    )


def turned_back(face: Placed, turn: int | None, size: tuple[int, int]) -> Placed:
    """Return a face of the turned picture, whose width and height is `size`, in the picture before it was turned."""
    return turned_along(face, None if turn is None else inverse(turn), size)
