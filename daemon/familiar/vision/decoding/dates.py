"""When a photo was taken, from all metadata in its file. Runs in worker processes only: the bytes are not trusted."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from PIL import Image, IptcImagePlugin
from PIL.ImageFile import ImageFile

from familiar.errors import SetAsideError
from familiar.model import DateSource
from familiar.xmp.dates import DateMeaning, packet_dates, parse_date

_EXIF_IFD = 0x8769
_EXIF: dict[DateMeaning, int] = {"taken": 0x9003, "digitized": 0x9004, "modified": 0x0132}
"""DateTimeOriginal and DateTimeDigitized (EXIF 2.3, 4.6.5), DateTime (4.6.4)."""

_IPTC: dict[DateMeaning, tuple[tuple[int, int], tuple[int, int]]] = {
    "taken": ((2, 55), (2, 60)),
    "digitized": ((2, 62), (2, 63)),
}
"""Date and time of creation and of digital creation (IPTC-IIM 4.2, 6)."""

_XMP_TAG = 700
"""The tag of TIFF with an XMP packet (XMP, part 3, 1.1.3)."""


def read_date(image: Image.Image, exif: Image.Exif | None) -> tuple[datetime | None, DateSource | None]:
    """Return the local time at which a photo was taken, and where that is written; None and None if nowhere.

    The order is that of the Metadata Working Group (Guidelines 2.0, 5.3): the moment of the photo, then that of its
    digital form, then that of its last change; each from EXIF, from IPTC, then from XMP. What is damaged says nothing.
    IPTC and XMP are not read if EXIF has the moment.
    """
    readers: tuple[tuple[DateSource, Callable[[], Mapping[DateMeaning, datetime]]], ...] = (
        ("camera", lambda: {} if exif is None else _exif_dates(exif)),
        ("iptc", lambda: _iptc_dates(image)),
        ("xmp", lambda: _xmp_dates(image)),
    )
    found: list[tuple[DateSource, Mapping[DateMeaning, datetime]]] = []
    for source, reader in readers:
        dates = reader()
        if "taken" in dates:
            return dates["taken"], source
        found.append((source, dates))
    digitized = next(((dates["digitized"], source) for source, dates in found if "digitized" in dates), None)
    modified = next((dates["modified"] for _, dates in found if "modified" in dates), None)
    return digitized or (modified, None if modified is None else "modified")


def _exif_dates(exif: Image.Exif) -> dict[DateMeaning, datetime]:
    try:
        details = exif.get_ifd(_EXIF_IFD)
    except Exception:  # noqa: BLE001 - it raises SyntaxError and more on real files
        details = {}
    texts = {meaning: exif.get(tag) if meaning == "modified" else details.get(tag) for meaning, tag in _EXIF.items()}
    return _parsed(texts)


def _iptc_dates(image: Image.Image) -> dict[DateMeaning, datetime]:
    try:
        found = (IptcImagePlugin.getiptcinfo(image) if isinstance(image, ImageFile) else None) or {}
        return _parsed(
            {meaning: f"{_ascii(found.get(day))} {_ascii(found.get(time))}" for meaning, (day, time) in _IPTC.items()}
        )
    except Exception:  # noqa: BLE001 - as above
        return {}


def _ascii(value: Any) -> str:
    """Return the first text of an entry; in a date, a month or day of 00 is unknown, and counts as the first one."""
    first = value[0] if isinstance(value, list) and value else value
    text = first.decode("ascii", "replace") if isinstance(first, bytes) else ""
    if len(text) != len("YYYYMMDD"):
        return text
    return "".join([text[:4], *("01" if part == "00" else part for part in (text[4:6], text[6:]))])


def _xmp_dates(image: Image.Image) -> dict[DateMeaning, datetime]:
    try:
        data = image.info.get("xmp") or image.info.get("XML:com.adobe.xmp")
        if data is None and image.format == "TIFF":
            data = image.getexif().get(_XMP_TAG)
        if not data:
            return {}
        return packet_dates((data.encode() if isinstance(data, str) else bytes(data)).strip(b"\0 \r\n\t"))
    except (SetAsideError, ValueError, TypeError, SyntaxError, OSError):
        return {}


def _parsed(texts: Mapping[DateMeaning, Any]) -> dict[DateMeaning, datetime]:
    moments = {meaning: parse_date(_text(text)) for meaning, text in texts.items() if text is not None}
    return {meaning: moment for meaning, moment in moments.items() if moment is not None}


def _text(value: Any) -> str:
    return value.decode("ascii", "replace") if isinstance(value, bytes) else str(value)
