"""Faces side by side in one picture."""

import io

from PIL import Image

from familiar.vision.faces.montage import TILE, montage


def square(colour: str, edge: int = 40) -> bytes:
    output = io.BytesIO()
    Image.new("RGB", (edge, edge), colour).save(output, "PNG")
    return output.getvalue()


def test_faces_stand_in_rows_in_their_order_and_keep_their_colours() -> None:
    whole = montage([square("red"), square("lime", 300), None, square("blue")], columns=3)
    assert whole.size == (3 * (TILE + 4) + 4, 2 * (TILE + 4) + 4)
    middle = TILE // 2 + 4
    colours = [
        whole.getpixel((middle + column * (TILE + 4), middle + row * (TILE + 4)))
        for row, column in ((0, 0), (0, 1), (1, 0))
    ]
    assert colours == [(255, 0, 0), (0, 255, 0), (0, 0, 255)]


def test_fewer_faces_than_columns_make_a_narrow_picture_and_none_an_empty_one() -> None:
    assert montage([square("red")], columns=8).size == (TILE + 8, TILE + 8)
    assert montage([], columns=8).size == (TILE + 8, TILE + 8)
