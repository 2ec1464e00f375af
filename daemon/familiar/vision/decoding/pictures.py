"""Decode a photo's bytes into an upright RGB picture. Runs in worker processes only: the bytes are not trusted."""

import importlib
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import BinaryIO, TypeAlias

import numpy as np
import numpy.typing as npt
import pillow_heif
from PIL import AvifImagePlugin, Image, UnidentifiedImageError

from familiar.errors import SetAsideError
from familiar.identity.regions import stored_size
from familiar.media import jpeg_xl_plugin
from familiar.model import DateSource
from familiar.vision.decoding.colours import to_rgb
from familiar.vision.decoding.damage import Damage, rescue
from familiar.vision.decoding.endings import ends_early
from familiar.vision.decoding.heif import read_turn
from familiar.vision.decoding.loading import LoadedPicture, load_picture, orientation_in, read_exif
from familiar.vision.decoding.raws import embedded_picture

Pixels: TypeAlias = npt.NDArray[np.uint8]
"""An RGB picture, shape (height, width, 3), uint8."""

_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What makes a picture upright, by its EXIF orientation (EXIF 2.3, 4.6.4)."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Picture:
    """An upright RGB picture, maybe decoded at reduced scale.

    `width` and `height` are those of the upright original, `scale` is pixels here for one pixel there (at most 1).
    `damage` is what is missing, None for a whole picture. `again` decodes it again with at least this many pixels of
    the longer side; None if there are no more.
    """

    image: Image.Image
    format: str
    width: int
    height: int
    taken: datetime | None
    taken_source: DateSource | None = None
    content_id: str | None = None
    damage: Damage | None = None
    again: "Callable[[int], Picture] | None" = None

    @property
    def scale(self) -> float:
        """Pixels of `image` for one pixel of the original."""
        return self.image.width / self.width


def prepare_decoders() -> None:
    """Register the formats, once a process; the limit on pixels is `decode`'s own."""
    pillow_heif.register_heif_opener()
    pillow_heif.options.DECODE_THREADS = 0  # beside the one that asks; else four, in each worker
    plugin = jpeg_xl_plugin()
    if plugin is not None:
        with suppress(ImportError):
            importlib.import_module(plugin)
    AvifImagePlugin.DEFAULT_MAX_THREADS = 1  # else one for each core, in each worker
    Image.MAX_IMAGE_PIXELS = None
    warnings.simplefilter("ignore")  # warnings of decoders are no use here: they decode, or they raise


def decode(data: bytes, *, max_megapixels: int, at_least: int | None = None) -> Picture:
    """Decode a photo; of an animated one, the first picture.

    Args:
        data: the file's bytes.
        max_megapixels: larger pictures are refused before they are decoded.
        at_least: a JPEG may be decoded at reduced scale, as long as its longer side keeps this many pixels.

    Raises:
        SetAsideError: it is not a picture, is damaged, or is too large.
    """
    return _decode(data, max_megapixels, at_least)


def decode_raw(data: bytes, *, max_megapixels: int, at_least: int | None = None) -> Picture:
    """Decode the picture that a camera embedded in a RAW file; as `decode` otherwise."""
    if not data:
        raise SetAsideError("the file is empty")
    embedded = embedded_picture(data)
    picture = _decode(embedded.data, max_megapixels, at_least, orientation=embedded.orientation)
    if embedded.taken is not None and picture.taken_source in {None, "modified"}:
        picture = replace(picture, taken=embedded.taken, taken_source="camera")
    return replace(picture, format="RAW")


def _decode(data: bytes, max_megapixels: int, at_least: int | None, *, orientation: int = 1) -> Picture:
    """Decode a picture; `orientation` holds where it does not say its own."""
    if not data:
        raise SetAsideError("the file is empty")
    with _set_aside():
        loaded, damage = _load(data, max_megapixels, at_least, orientation)
        width, height = stored_size(*loaded.size, loaded.orientation)
        upright = turned_image(to_rgb(loaded.image), loaded.orientation)
        return Picture(
            image=upright,
            format=loaded.format,
            width=width,
            height=height,
            taken=loaded.taken,
            taken_source=loaded.taken_source,
            content_id=loaded.content_id,
            damage=damage,
            again=partial(_decode, data, max_megapixels, orientation=orientation) if upright.width < width else None,
        )


def _load(
    data: bytes, max_megapixels: int, at_least: int | None, orientation: int
) -> tuple[LoadedPicture, Damage | None]:
    """Load a picture, or what is there of it, if the decoder does not come to its end."""

    def load(data: bytes, at_least: int | None, fill: int | None) -> LoadedPicture:
        return load_picture(data, max_megapixels=max_megapixels, at_least=at_least, orientation=orientation, fill=fill)

    if ends_early(data):
        return rescue(data, at_least, load, SetAsideError("damaged: the file is cut short, and nothing can be decoded"))
    try:
        return load(data, at_least, None), None
    except (SetAsideError, MemoryError):
        raise
    except Exception as error:  # noqa: BLE001 - Pillow raises nearly every built-in exception on damaged files
        return rescue(data, at_least, load, error)


@contextmanager
def _set_aside() -> Iterator[None]:
    """Translate whatever a decoder raises: Pillow raises nearly every built-in exception on damaged files."""
    try:
        yield
    except (SetAsideError, MemoryError):
        raise
    except UnidentifiedImageError as error:
        raise SetAsideError("not a picture in a known format") from error
    except Exception as error:
        raise SetAsideError(f"damaged or not a picture: {error or type(error).__name__}") from error


def read_orientation(file: BinaryIO) -> int | None:
    """Return the EXIF orientation of the stored picture, even if the decoder applies it.

    Raises:
        SetAsideError: it is not a picture, or is damaged.
    """
    with _set_aside(), Image.open(file) as image:
        if image.format != "HEIF":
            return orientation_in(read_exif(image))
        file.seek(0)
        return read_turn(file) or image.info.get("original_orientation")


def turned_image(image: Image.Image, orientation: int) -> Image.Image:
    """Return a picture turned and mirrored as an EXIF orientation says it."""
    # HEIF and AVIF decoders rotate the picture themselves, and set orientation 1.
    turn = _TURNS.get(orientation)
    return image if turn is None else image.transpose(turn)
