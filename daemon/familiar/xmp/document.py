"""The content of a sidecar: read from XMP, and merged into the data of other programs.

familiar's own entries are marked in the file, so that they can be told from those of others wherever the file is
carried: regions by an extension, which the guidelines of the Metadata Working Group allow, and keywords by a list of
their own. Only these are ever taken out again.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from familiar.identity.regions import is_same, show_one_face, stored, stored_size
from familiar.model import Area, Region, SidecarContent
from familiar.photo_details import Caption
from familiar.xmp.captions import keywords_of, merge_caption
from familiar.xmp.rdf import (
    Element,
    Packet,
    add_field,
    add_structure,
    clean,
    container_of,
    field,
    field_text,
    items_of,
    make_structure,
    remove,
)

_KEYWORDS = {
    "dc:subject": ("rdf:Bag", "{}"),
    "lr:hierarchicalSubject": ("rdf:Bag", "People|{}"),
    "digiKam:TagsList": ("rdf:Seq", "People/{}"),
}
"""The lists of keywords, each with its kind, and how it has a person."""

_LEVELS = str.maketrans({"|": "\uff5c", "/": "\uff0f"})
"""What separates levels in hierarchical keywords; in a name their full-width forms replace it."""

_WROTE = "familiar:Wrote"
_MARK = "familiar:wrote"
_REGIONS, _LIST = "mwg-rs:Regions", "mwg-rs:RegionList"
_SIDES = {"x": "stArea:x", "y": "stArea:y", "width": "stArea:w", "height": "stArea:h"}


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundRegion:
    """A face with a name in a sidecar; `ours` says that familiar wrote it. The area is that of the stored picture."""

    name: str
    area: Area
    ours: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SidecarRegions:
    """The named faces in a sidecar, and width and height of their stored picture, if given."""

    regions: tuple[FoundRegion, ...] = ()
    size: tuple[int, int] | None = None


def stored_regions(sidecar_content: SidecarContent, orientation: int) -> list[Region]:
    """Return the regions of the stored picture, with names valid in XML."""
    return [
        Region(name=clean(region.name), area=stored(region.area, orientation)) for region in sidecar_content.regions
    ]


def read(data: bytes, former: Sequence[Region] = ()) -> SidecarRegions:
    """Return the named faces in a sidecar; `former` are regions (of the stored picture) that familiar wrote before.

    Raises:
        SetAsideError: it is not XMP, or is damaged.
    """
    packet = Packet(data)
    whole = packet.find(_REGIONS)
    regions = tuple(region for _, region in _regions(packet, former))
    return SidecarRegions(regions=regions, size=None if whole is None else _size(whole))


def merge(
    data: bytes | None, wanted: SidecarContent, orientation: int, former: SidecarContent | None = None
) -> bytes | None:
    """Return a sidecar with the wanted content and the data of other programs; the same bytes if nothing changes.

    Args:
        data: the present sidecar; None if there is none.
        wanted: the content to write.
        orientation: of the stored picture (EXIF).
        former: what familiar wrote before, for files in which another program did not keep the marks of regions.

    Returns:
        None if there is no sidecar, and nothing to write.

    Raises:
        SetAsideError: it is not XMP, or is damaged.
    """
    packet = Packet(data)
    known = stored_regions(former, orientation) if former is not None else []
    theirs = [region for _, region in _regions(packet, known) if not region.ours]
    named = stored_regions(wanted, orientation)
    free = [one for one in named if not any(show_one_face(one.area, other.area) for other in theirs)]
    kept = {one.name for one in free} | {one.name for one in theirs}
    elsewhere = {one.name for one in named} - kept
    changed = _merge_regions(packet, free, known, stored_size(wanted.width, wanted.height, orientation))
    names = [name for name in map(clean, wanted.names) if name not in elsewhere]
    changed = _merge_marked(packet, names, wanted.caption) or changed
    return packet.to_bytes() if changed else data


def written(data: bytes | None, wanted: SidecarContent, orientation: int, former: SidecarContent) -> SidecarContent:
    """Return the wanted content that is marked as familiar's own in the merged sidecar."""
    found = () if data is None else read(data, stored_regions(former, orientation)).regions
    ours = [one for one in found if one.ours]
    regions = tuple(
        region
        for region, named in zip(wanted.regions, stored_regions(wanted, orientation), strict=True)
        if any(one.name == named.name and is_same(one.area, named.area) for one in ours)
    )
    return replace(wanted, regions=regions)


def _merge_marked(packet: Packet, names: Sequence[str], caption: Caption | None) -> bool:
    """Merge what is marked by entries of a list: keywords, and a caption; return whether anything has changed."""
    ours = packet.items(_WROTE)
    left = [*_merge_keywords(packet, names, caption, ours), *merge_caption(packet, caption, ours)]
    packet.remove_items(_WROTE, [entry for entry in ours if entry not in left])
    packet.add_items(_WROTE, [entry for entry in left if entry not in ours], container="rdf:Bag")
    return left != ours


def _merge_keywords(packet: Packet, names: Sequence[str], caption: Caption | None, ours: Sequence[str]) -> list[str]:
    """Merge keywords, and return the marks of those that are familiar's own."""
    left = []
    said = list(zip(*keywords_of(caption, _LEVELS), strict=True)) or [()] * len(_KEYWORDS)
    for (property_, (container, pattern)), more in zip(_KEYWORDS.items(), said, strict=True):
        own = [entry.removeprefix(f"{property_} ") for entry in ours if entry.startswith(f"{property_} ")]
        leveled = pattern != "{}"
        named = [pattern.format(name.translate(_LEVELS) if leveled else name) for name in names]
        wanted = list(dict.fromkeys([*named, *filter(None, more)]))
        there = packet.items(property_)
        fresh = [keyword for keyword in wanted if keyword not in there]
        packet.add_items(property_, fresh, container=container)
        packet.remove_items(property_, [keyword for keyword in own if keyword not in wanted])
        left += [f"{property_} {word}" for word in wanted if word in fresh or (word in own and word in there)]
    return left


def _merge_regions(packet: Packet, wanted: Sequence[Region], former: Sequence[Region], size: tuple[int, int]) -> bool:
    missing, removed = list(wanted), False
    for item, region in _regions(packet, former):
        same = [one for one in missing if one.name == region.name and is_same(one.area, region.area)]
        if region.ours and same:
            missing.remove(same[0])
        elif region.ours:
            remove(item)
            removed = True
    whole = packet.find(_REGIONS)
    if missing:
        _add_regions(packet, missing, size)
    elif removed and whole is not None and not _items(whole):
        remove(whole)
    return removed or bool(missing)


def _add_regions(packet: Packet, missing: Sequence[Region], size: tuple[int, int]) -> None:
    whole = packet.find(_REGIONS)
    if whole is None:
        whole = packet.add(_REGIONS)
        make_structure(whole)
        applied = add_field(whole, "mwg-rs:AppliedToDimensions")
        for short, text in (("stDim:w", str(size[0])), ("stDim:h", str(size[1])), ("stDim:unit", "pixel")):
            add_field(applied, short, text)
    make_structure(whole)
    element = field(whole, _LIST)
    container = packet.list_of(add_field(whole, _LIST, "") if element is None else element, _LIST, "rdf:Bag")
    for region in missing:
        _add_region(container, region)


def _add_region(container: Element, region: Region) -> None:
    item = add_structure(container)
    add_field(item, "mwg-rs:Name", region.name)
    add_field(item, "mwg-rs:Type", "Face")
    area = add_field(item, "mwg-rs:Area")
    for side, short in _SIDES.items():
        add_field(area, short, f"{getattr(region.area, side):.6f}")
    add_field(area, "stArea:unit", "normalized")
    add_field(add_field(item, "mwg-rs:Extensions"), _MARK, region.name)


def _regions(packet: Packet, former: Sequence[Region]) -> list[tuple[Element, FoundRegion]]:
    """Return the faces with a name in a packet, each with its element."""
    whole = packet.find(_REGIONS)
    found = ((item, _read_region(item, former)) for item in ([] if whole is None else _items(whole)))
    return [(item, region) for item, region in found if region is not None]


def _items(regions: Element) -> list[Element]:
    element = field(regions, _LIST)
    return [] if element is None or container_of(element) is None else items_of(element)


def _read_region(item: Element, former: Sequence[Region]) -> FoundRegion | None:
    """Return a named face; None for an invalid or another region."""
    name, kind, area = field_text(item, "mwg-rs:Name"), field_text(item, "mwg-rs:Type"), _read_area(item)
    if not name or not name.strip() or kind not in {None, "Face"} or area is None:
        return None
    extensions = field(item, "mwg-rs:Extensions")
    marked = extensions is not None and field_text(extensions, _MARK) == name
    known = any(one.name == name and is_same(one.area, area) for one in former)
    return FoundRegion(name=name, area=area, ours=marked or known)


def _read_area(item: Element) -> Area | None:
    element = field(item, "mwg-rs:Area")
    if element is None or field_text(element, "stArea:unit") not in {None, "normalized"}:
        return None
    try:
        sides = {side: float(field_text(element, short) or "") for side, short in _SIDES.items()}
    except ValueError:
        return None
    is_inside = all(0 <= sides[side] <= 1 for side in ("x", "y"))
    return Area(**sides) if is_inside and 0 < sides["width"] <= 1 and 0 < sides["height"] <= 1 else None


def _size(regions: Element) -> tuple[int, int] | None:
    applied = field(regions, "mwg-rs:AppliedToDimensions")
    if applied is None:
        return None
    try:
        width, height = (int(float(field_text(applied, short) or "")) for short in ("stDim:w", "stDim:h"))
    except (ValueError, OverflowError):
        return None
    return (width, height) if width > 0 and height > 0 else None
