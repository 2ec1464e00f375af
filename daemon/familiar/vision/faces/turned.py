"""Pictures that are turned otherwise than their files say, and the faces in them.

The boxes and landmarks of faces are places in the picture that the file itself shows; only while faces are looked for,
encoded or cut out is it turned.
"""

from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from familiar.identity.regions import stored, stored_size, upright
from familiar.model import Area, Box, Crop, Face
from familiar.vision.decoding.pictures import Picture, turned_image

if TYPE_CHECKING:
    from collections.abc import Callable

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
    return face if turn is None else _moved(face, size, stored_size(*size, turn), lambda area: upright(area, turn))


def turned_back(face: Placed, turn: int | None, size: tuple[int, int]) -> Placed:
    """Return a face of the turned picture, whose width and height is `size`, in the picture before it was turned."""
    return face if turn is None else _moved(face, size, stored_size(*size, turn), lambda area: stored(area, turn))


def _moved(face: Placed, size: tuple[int, int], other: tuple[int, int], move: "Callable[[Area], Area]") -> Placed:
    def moved(x: float, y: float) -> tuple[int, int]:
        point = move(Area(x=x / size[0], y=y / size[1], width=0, height=0))
        return round(point.x * other[0]), round(point.y * other[1])

    corners = [moved(face.box.left, face.box.top), moved(face.box.right, face.box.bottom)]
    (left, right), (top, bottom) = sorted(x for x, _ in corners), sorted(y for _, y in corners)
    box = Box(left=left, top=top, right=right, bottom=bottom)
    return replace(face, box=box, landmarks=tuple(moved(x, y) for x, y in face.landmarks))
