"""What a listing tells of a photo in its owner's words; what can't be right counts as not said."""

import html
import math
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from familiar.photo_details import Granularity, OwnDate, PhotoDetails, Place

EXTRAS = ("date_taken", "description", "geo", "license")
"""The extras of a listing that have these details; each entry has a title."""

_DATE = re.compile(r"(\d{4})-(\d\d)-(\d\d)(?:[ T](\d\d):(\d\d):(\d\d))?")
_EARLIEST = 1825
"""The first year that Flickr takes."""
_GRANULARITIES: tuple[Granularity, ...] = ("second", "month", "year", "circa")
_FROM: Mapping[Granularity, int] = {"second": 0, "month": 4, "year": 6, "circa": 8}
"""The numbers of Flickr from which on a date is no better than this."""
_LONGEST = 1 << 16
"""Characters of a text that are read."""
_LICENSE = re.compile(r"\d{1,4}")
_BREAKS = frozenset({"br", "p", "div", "li", "blockquote"})
_TAG = re.compile(r"<(?:(?P<closes>/?)(?P<name>[A-Za-z][A-Za-z0-9]*)(?P<attributes>(?:[\s/][^<>]*)?)|![^<>]*)>")
_HREF = re.compile(r"""\bhref\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""", re.IGNORECASE)


def read_details(photo: Mapping[str, Any]) -> PhotoDetails:
    """Return what an entry of a listing says."""
    license_ = str(photo.get("license", ""))
    return PhotoDetails(
        title=read_text(photo.get("title")),
        description=plain_text(read_text(photo.get("description"))),
        taken=_taken(photo),
        place=_place(photo),
        license=license_ if _LICENSE.fullmatch(license_) else "",
    )


def read_text(value: Any) -> str:
    """Return a text, alone or in `_content`, without what can't be stored."""
    text = value.get("_content", "") if isinstance(value, Mapping) else value
    if not isinstance(text, str | int | float):
        return ""
    return str(text)[:_LONGEST].replace("\0", "").encode("utf-8", "replace").decode("utf-8").strip()


def plain_text(markup: str) -> str:
    """Return a description without its markup: with its lines, and the addresses of links behind their texts.

    It takes time in proportion to the length, whatever somebody wrote; what is no tag is text.
    """
    text, end, address, began = "", 0, "", 0
    for mark in _TAG.finditer(markup):
        text += html.unescape(markup[end : mark.start()])
        end = mark.end()
        closes, name = bool(mark["closes"]), (mark["name"] or "").lower()
        if name == "a" and not closes:
            address, began = _address_in(mark["attributes"]), len(text)
        elif name == "a":
            text += _behind_link(text[began:], address)
            address = ""
        elif name in _BREAKS and text:
            text += "\n"
    text += html.unescape(markup[end:])
    lines = (line.strip() for line in text.split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def _address_in(attributes: str) -> str:
    found = _HREF.search(attributes)
    return html.unescape(found[1] or found[2] or found[3] or "") if found else ""


def _behind_link(shown: str, address: str) -> str:
    """Return what is to follow the text of a link: its address, unless that is the text."""
    is_told = address.startswith(("http://", "https://")) and shown.strip() != address
    return f" ({address})" if is_told else ""


def _taken(photo: Mapping[str, Any]) -> OwnDate | None:
    """Return when a photo was taken; None where Flickr says that nobody knows, and shows the time of the upload."""
    if str(photo.get("datetakenunknown", "0")) not in {"0", ""}:
        return None
    found = _DATE.fullmatch(str(photo.get("datetaken", "")).strip())
    if found is None:
        return None
    year, month, day, hour, minute, second = (int(part or 0) for part in found.groups())
    if year < _EARLIEST:
        return None
    granularity = _granularity(photo.get("datetakengranularity"), month=month, day=day)
    try:
        moment = datetime(year, month or 1, day or 1, hour, minute, second)  # noqa: DTZ001 - local
    except ValueError:
        return None
    if granularity != "second":
        moment = datetime(year, moment.month if granularity == "month" else 1, 1)  # noqa: DTZ001
    return OwnDate(moment=moment, granularity=granularity)


def _granularity(value: Any, *, month: int, day: int) -> Granularity:
    number = int(value) if str(value).isdecimal() and len(str(value)) < len("100") else 0
    told = [granularity for granularity in _GRANULARITIES if _FROM[granularity] <= number][-1]
    least: Granularity = "year" if month == 0 else "month" if day == 0 else "second"
    return max(told, least, key=_GRANULARITIES.index)


def _place(photo: Mapping[str, Any]) -> Place | None:
    """Return where a photo was taken; of one without a place Flickr says 0, with an accuracy of 0."""
    try:
        latitude, longitude = float(photo["latitude"]), float(photo["longitude"])
    except (KeyError, TypeError, ValueError, OverflowError):
        return None
    is_nowhere = latitude == longitude == 0 and str(photo.get("accuracy", "0")) in {"0", ""}
    if is_nowhere or not (math.isfinite(latitude) and abs(latitude) <= 90 and abs(longitude) <= 180):  # noqa: PLR2004 - degrees
        return None
    return Place(latitude=latitude, longitude=longitude)
