"""Face regions in and out of a picture's orientation, and which detected face each region is (pure).

Regions in metadata refer to the picture as it is stored, before its orientation is applied (Metadata Working Group,
Guidelines for Handling Image Metadata 2.0, 5.9): a photo taken with a rotated camera has rotated regions.
"""

from collections.abc import Sequence

from familiar.model import Area, Box

UPRIGHT = 1
"""The EXIF orientation of a picture that is stored upright."""

TURNED = frozenset({5, 6, 7, 8})
"""EXIF orientations in which width and height change places (EXIF 2.3, 4.6.4)."""

_INVERSE = {6: 8, 8: 6}
"""The orientations that are undone by another one: a turn by a quarter. Every other one is undone by itself."""

_NEAR = 1e-6
_SAME = 0.9
"""Share of the common part of two areas (intersection over union) at which they are the same, except for rounding."""


def area_of(box: Box, width: int, height: int) -> Area:
    """Return a box in a picture of this size as shares of it; parts outside of the picture are cut off."""
    left, right = (min(max(side, 0), width) for side in (box.left, box.right))
    top, bottom = (min(max(side, 0), height) for side in (box.top, box.bottom))
    return Area(
        x=(left + right) / 2 / width,
        y=(top + bottom) / 2 / height,
        width=(right - left) / width,
        height=(bottom - top) / height,
    )


def upright(area: Area, orientation: int) -> Area:
    """Return where an area of the stored picture is when the picture is shown upright."""
    x, y = area.x, area.y
    places = {
        2: (1 - x, y),
        3: (1 - x, 1 - y),
        4: (x, 1 - y),
        5: (y, x),
        6: (1 - y, x),
        7: (1 - y, 1 - x),
        8: (y, 1 - x),
    }
    x, y = places.get(orientation, (x, y))
    width, height = (area.height, area.width) if orientation in TURNED else (area.width, area.height)
    return Area(x=x, y=y, width=width, height=height)


def stored(area: Area, orientation: int) -> Area:
    """Return where an area of the upright picture is in the picture as it is stored; the inverse of `upright`."""
    return upright(area, inverse(orientation))


def inverse(orientation: int) -> int:
    """Return the orientation that undoes another one."""
    return _INVERSE.get(orientation, orientation)


def turned_box(box: Box, turn: int | None, width: int, height: int) -> Box:
    """Return a box in a picture of this width and height when that is turned as an orientation says it."""
    if turn is None or not width or not height:
        return box
    across, down = stored_size(width, height, turn)
    corners = [
        upright(Area(x=x / width, y=y / height, width=0, height=0), turn)
        for x, y in ((box.left, box.top), (box.right, box.bottom))
    ]
    (left, right), (top, bottom) = sorted(one.x for one in corners), sorted(one.y for one in corners)
    return Box(
        left=round(left * across), top=round(top * down), right=round(right * across), bottom=round(bottom * down)
    )


def turn_between(one: int, other: int) -> int:
    """Return the orientation by which a picture is to be turned that is upright by one, to be upright by the other."""
    corner = Area(x=0.1, y=0.2, width=0, height=0)  # any place that each orientation moves to another one
    aim = upright(corner, other)
    return next(turn for turn in range(UPRIGHT, 9) if _is_at(upright(upright(corner, one), turn), aim))


def _is_at(area: Area, other: Area) -> bool:
    return abs(area.x - other.x) < _NEAR and abs(area.y - other.y) < _NEAR


def stored_size(width: int, height: int, orientation: int) -> tuple[int, int]:
    """Return width and height of the stored picture whose upright one has these; and the other way round."""
    return (height, width) if orientation in TURNED else (width, height)


def overlap(one: Area, other: Area) -> float:
    """Return how much two areas have in common: intersection over union, 0 to 1."""
    across = _common(one.x, one.width, other.x, other.width)
    common = across * _common(one.y, one.height, other.y, other.height)
    union = one.width * one.height + other.width * other.height - common
    return common / union if union > 0 else 0.0


def is_same(one: Area, other: Area) -> bool:
    """Return whether two areas are the same, except for the rounding of programs that rewrite them."""
    return overlap(one, other) >= _SAME


def show_one_face(one: Area, other: Area) -> bool:
    """Return whether two areas mark the same face: the centre of each is inside the other.

    Programs draw their boxes tighter or wider, some with the hair, some without the chin.
    """
    return _holds(one, other) and _holds(other, one)


def faces_of(regions: Sequence[Area], faces: Sequence[Area]) -> dict[int, int]:
    """Return the face of each region that shows one, by their places; the best fits first, each only once."""
    pairs = [
        (overlap(region, face), number, place)
        for number, region in enumerate(regions)
        for place, face in enumerate(faces)
        if show_one_face(region, face)
    ]
    found: dict[int, int] = {}
    for _, number, place in sorted(pairs, key=lambda pair: (-pair[0], *pair[1:])):
        if number not in found and place not in found.values():
            found[number] = place
    return found


def _common(one: float, length: float, other: float, other_length: float) -> float:
    begin = max(one - length / 2, other - other_length / 2)
    return max(0.0, min(one + length / 2, other + other_length / 2) - begin)


def _holds(area: Area, other: Area) -> bool:
    return abs(area.x - other.x) <= area.width / 2 and abs(area.y - other.y) <= area.height / 2
