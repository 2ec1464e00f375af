"""The picture that a camera embedded in a RAW file. Runs in worker processes only: the bytes are not trusted.

It needs `rawpy`, an extra; without it RAW files are skipped (`settings.Settings.watched`).
"""

import io
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt
from PIL import Image

from familiar.errors import SetAsideError

_ORIENTATIONS = {3: 3, 5: 8, 6: 6}
"""EXIF's orientation for LibRaw's `flip`: a half turn, a quarter to the left, a quarter to the right."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Embedded:
    """A picture file, its EXIF orientation, and when it was taken (local time)."""

    data: bytes
    orientation: int
    taken: datetime | None


def embedded_picture(data: bytes) -> Embedded:
    """Return the embedded picture of a RAW file as a JPEG or PNG.

    Raises:
        SetAsideError: the file is not a RAW file known to LibRaw, has no picture in it, or rawpy is missing.
    """
    try:
        import rawpy  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise SetAsideError("RAW files need rawpy, which is not installed (docs/detection.md, RAW files)") from error
    try:
        with rawpy.imread(io.BytesIO(data)) as raw:
            thumbnail, flip, taken = raw.extract_thumb(), raw.sizes.flip, raw.other.timestamp
    except MemoryError:
        raise
    except (rawpy.LibRawNoThumbnailError, rawpy.LibRawUnsupportedThumbnailError) as error:
        raise SetAsideError("this RAW file has no embedded picture") from error
    except Exception as error:
        raise SetAsideError(f"not a known RAW format, or damaged: {_said(error)}") from error
    return Embedded(
        data=thumbnail.data if isinstance(thumbnail.data, bytes) else _as_png(thumbnail.data),
        orientation=_ORIENTATIONS.get(flip, 1),
        taken=_local(taken),
    )


def _said(error: Exception) -> str:
    """Return the message of LibRaw, which rawpy passes on as bytes."""
    text = error.args[0] if error.args else ""
    return (text.decode("utf-8", "replace") if isinstance(text, bytes) else str(error)) or type(error).__name__


def _as_png(pixels: npt.NDArray[np.uint8]) -> bytes:
    output = io.BytesIO()
    Image.fromarray(pixels).save(output, "PNG", compress_level=1)
    return output.getvalue()


def _local(taken: datetime | None) -> datetime | None:
    """Return the time that the camera wrote: LibRaw reads it as local time, and gives 1970 if there is none."""
    if taken is None or taken.year <= 1970:  # noqa: PLR2004 - see above
        return None
    return taken.astimezone().replace(tzinfo=None)
