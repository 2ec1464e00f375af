"""When a photo was taken, as texts in metadata say it."""

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Literal, TypeAlias

DateMeaning: TypeAlias = Literal["taken", "digitized", "modified"]
"""What a date in metadata is about: the moment of the photo, of its digital form, or of its last change."""

_PROPERTIES: dict[DateMeaning, tuple[str, ...]] = {
    "taken": ("photoshop:DateCreated", "exif:DateTimeOriginal"),
    "digitized": ("xmp:CreateDate", "exif:DateTimeDigitized"),
    "modified": ("xmp:ModifyDate", "tiff:DateTime"),
}
"""The properties of XMP with each date (Metadata Working Group, Guidelines 2.0, 5.3); `exif:` is their older name."""

_ZONE = r"(?:Z|[+-]\d\d:?\d\d)?"
_FORMS = tuple(
    re.compile(date + time, re.DOTALL)
    for date, time in (
        (
            r"(\d{4})(?:[:/.-] ?(\d\d?)(?:[:/.-] ?(\d\d?))?)?",
            r"(?:[T ]+(\d\d?):(\d\d)(?::(\d\d))?(?!\d).*|[T :]*" + _ZONE + ")",
        ),
        (r"(\d{4})(\d\d)(\d\d)", r"(?:[T ]*(\d\d):?(\d\d):?(\d\d)?(?!\d).*|[T :]*" + _ZONE + ")"),
    )
)
"""A date with separators, and one without; each may have a time, and a time may have fractions and a zone."""

_FIRST_PHOTO = 1826


def parse_date(text: object) -> datetime | None:
    """Return the local time that a text in metadata says, or None if it says none.

    EXIF has `2018:01:20 11:46:00`; XMP has ISO 8601, maybe without day, month or time, which then are the first ones;
    IPTC has digits alone. Real files have each form in each place. Digits count as they are: a zone is left out, as
    cameras write local time. Cameras without a clock write 0000 and 0001: no year before the first photo is one.
    """
    stripped = str(text).strip("\0 \t\r\n")
    for form in _FORMS:
        found = form.fullmatch(stripped)
        if found is not None:
            return _moment(*found.groups())
    return None


def packet_dates(data: bytes) -> dict[DateMeaning, datetime]:
    """Return the dates in an XMP packet.

    Raises:
        SetAsideError: it is not XMP, or is damaged.
    """
    from familiar.xmp.rdf import Packet  # noqa: PLC0415 - it loads lxml

    packet = Packet(data)
    dates = {
        meaning: _first(text for property_ in properties for text in packet.items(property_))
        for meaning, properties in _PROPERTIES.items()
    }
    return {meaning: moment for meaning, moment in dates.items() if moment is not None}


def _first(texts: Iterable[str]) -> datetime | None:
    return next((moment for text in texts if (moment := parse_date(text)) is not None), None)


def _moment(year: str, month: str | None, day: str | None, *time: str | None) -> datetime | None:
    hour, minute, second = (int(number or 0) for number in time)
    try:
        moment = datetime(int(year), int(month or 1), int(day or 1), hour, minute, min(second, 59))  # noqa: DTZ001 - local
    except ValueError:
        return None
    return moment if moment.year >= _FIRST_PHOTO else None
