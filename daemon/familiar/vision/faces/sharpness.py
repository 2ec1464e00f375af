"""How sharp a face is."""

import numpy as np
from PIL import Image

from familiar.model import Box
from familiar.vision.decoding.pictures import Pixels

_EDGE = 128
"""All faces are resized to this many pixels a side, so that large and small ones are comparable."""


def sharpness(pixels: Pixels, box: Box) -> float:
    """Return the variance of the Laplacian of a face's grey values (Pech-Pacheco and others, 2000).

    The face is resampled to 128 × 128 pixels first. Faces in focus give some hundreds, soft ones some tens; an
    enlarged tiny or a blurred face gives less than 20.

    Args:
        pixels: the picture, shape (height, width, 3), uint8.
        box: the face, in pixels of that picture.
    """
    face = Image.fromarray(pixels[box.top : box.bottom, box.left : box.right])
    if 0 in face.size:
        return 0.0
    grey = np.asarray(face.convert("L").resize((_EDGE, _EDGE), Image.Resampling.BILINEAR), dtype=np.int16)
    middle = grey[1:-1]
    laplacian = grey[:-2, 1:-1] + grey[2:, 1:-1]
    laplacian += middle[:, :-2]
    laplacian += middle[:, 2:]
    laplacian -= 4 * middle[:, 1:-1]
    values = laplacian.astype(np.float32)
    square = float(np.vdot(values, values)) / values.size
    return round(square - float(laplacian.mean()) ** 2, 2)
