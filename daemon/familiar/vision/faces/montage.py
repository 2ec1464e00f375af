"""Faces side by side in one picture, with their numbers."""

import io
from collections.abc import Sequence

from PIL import Image, ImageDraw, ImageFont

TILE = 128
"""Edge of a face in pixels."""

_GAP = 4
_BACKGROUND = (24, 24, 24)
_LABEL = 18


def montage(pictures: Sequence[bytes | None], *, columns: int) -> Image.Image:
    """Return faces in rows, each with its number from 1 on; None is one that can't be shown.

    Args:
        pictures: picture files that a worker made, squares of any size.
        columns: faces in a row.
    """
    columns = min(columns, max(len(pictures), 1))
    rows = -(-max(len(pictures), 1) // columns)
    step = TILE + _GAP
    whole = Image.new("RGB", (columns * step + _GAP, rows * step + _GAP), _BACKGROUND)
    draw = ImageDraw.Draw(whole)
    font = ImageFont.load_default(_LABEL - 4)
    for number, picture in enumerate(pictures):
        left, top = _GAP + number % columns * step, _GAP + number // columns * step
        if picture is not None:
            with Image.open(io.BytesIO(picture)) as face:
                whole.paste(face.convert("RGB").resize((TILE, TILE), Image.Resampling.LANCZOS), (left, top))
        else:
            draw.text((left + TILE // 2, top + TILE // 2), "gone", fill="white", font=font, anchor="mm")
        label = str(number + 1)
        width = int(draw.textlength(label, font=font)) + 8
        draw.rectangle((left, top, left + width, top + _LABEL), fill=_BACKGROUND)
        draw.text((left + 4, top + 1), label, fill="white", font=font)
    return whole
