"""What the owner of a photo says of it on Flickr, as properties of XMP that other programs read.

A property is familiar's own as long as it says what familiar wrote, of which a digest is kept in the file. Properties
of one thing, such as latitude and longitude, belong together: none is written beside one of another program.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence

from familiar.photo_details import Caption, OwnDate
from familiar.xmp.rdf import Packet, clean

_GROUPS = (
    ("dc:title",),
    ("dc:description",),
    ("photoshop:DateCreated", "exif:DateTimeOriginal"),
    ("exif:GPSLatitude", "exif:GPSLongitude"),
    ("xmpRights:UsageTerms", "xmpRights:WebStatement"),
)
_WITH_LANGUAGE = frozenset({"dc:title", "dc:description", "xmpRights:UsageTerms"})
"""Properties that have a text for each language."""

_PARTIAL = {"second": "%Y-%m-%dT%H:%M:%S", "month": "%Y-%m", "year": "%Y", "circa": "%Y"}
"""What is known of a date (XMP, part 1, 8.2.1.2)."""


def merge_caption(packet: Packet, caption: Caption | None, ours: Sequence[str]) -> list[str]:
    """Write a caption into a packet, beside what other programs wrote, or remove what familiar wrote.

    Args:
        packet: the packet.
        caption: what the owner says; None for nothing.
        ours: the marks of what familiar wrote before, among others.

    Returns:
        The marks of what familiar has written.
    """
    wanted = {} if caption is None else {name: clean(text) for name, text in _properties(caption) if text}
    marks = []
    for group in _GROUPS:
        is_theirs = any(_is_theirs(packet, name, ours) for name in group)
        for name in group:
            text = None if is_theirs else wanted.get(name)
            _write(packet, name, text, ours)
            marks += [] if text is None else [_mark(name, text)]
    return marks


def keywords_of(caption: Caption | None, levels: Mapping[int, str]) -> Iterator[tuple[str, str, str]]:
    """Give each tag and each album as keywords of each kind: plain, with levels by `|`, and by `/`.

    `levels` replaces what separates levels. An album has no plain keyword: it is no subject.
    """
    if caption is None:
        return
    for tag in map(clean, caption.tags):
        yield tag, tag.translate(levels), tag.translate(levels)
    for album in map(clean, caption.albums):
        yield "", f"Albums|{album.translate(levels)}", f"Albums/{album.translate(levels)}"


def _properties(caption: Caption) -> Iterator[tuple[str, str]]:
    yield "dc:title", caption.title
    yield "dc:description", caption.description
    if caption.taken is not None:
        yield from _dates(caption.taken)
    if caption.place is not None:
        yield "exif:GPSLatitude", _degrees(caption.place.latitude, "NS")
        yield "exif:GPSLongitude", _degrees(caption.place.longitude, "EW")
    if caption.license is not None:
        yield "xmpRights:UsageTerms", caption.license.name
        yield "xmpRights:WebStatement", caption.license.url


def _dates(taken: OwnDate) -> Iterator[tuple[str, str]]:
    """Give a date as exact as it is known, and its first moment, for programs that need one."""
    moment = taken.moment
    partial = moment.strftime(_PARTIAL[taken.granularity].replace("%Y", f"{moment.year:04}"))
    yield "photoshop:DateCreated", partial
    yield "exif:DateTimeOriginal", moment.replace(microsecond=0).isoformat()


def _degrees(value: float, directions: str) -> str:
    """Return degrees and minutes with a direction, 48,51.498000N (XMP, part 2, 1.2.7.4)."""
    minutes = round(abs(value) * 60, 6)
    return f"{int(minutes // 60)},{minutes % 60:.6f}{directions[value < 0]}"


def _is_theirs(packet: Packet, name: str, ours: Sequence[str]) -> bool:
    """Return whether another program has given a property, or changed it."""
    return any(_mark(name, text) not in ours for text in packet.items(name))


def _write(packet: Packet, name: str, text: str | None, ours: Sequence[str]) -> None:
    there = [one for one in packet.items(name) if _mark(name, one) in ours]
    if there == ([] if text is None else [text]):
        return
    if there:
        packet.drop(name)
    if text is not None:
        packet.set_text(name, text, with_language=name in _WITH_LANGUAGE)


def _mark(name: str, text: str) -> str:
    return f"{name} {hashlib.sha256(text.encode()).hexdigest()[:16]}"
