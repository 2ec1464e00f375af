"""What owners say of their photos, in sidecars."""

from dataclasses import replace
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from familiar.model import Area, Region, SidecarContent
from familiar.photo_details import Caption, Granularity, License, OwnDate, Place
from familiar.xmp.dates import packet_dates
from familiar.xmp.document import merge
from familiar.xmp.rdf import Packet
from support.sidecars import DARKTABLE, DIGIKAM, LIGHTROOM, PLAIN

SAID = Caption(
    title="Sea & <Sky> 🌊",
    description="A day.\nAnd a night.",
    tags=("Seaside", "a|b/c"),
    albums=("Summer/2019",),
    taken=OwnDate(moment=datetime(2004, 5, 6, 7, 8, 9)),
    place=Place(latitude=48.8583, longitude=-2.2945),
    license=License(name="CC BY 4.0", url="https://creativecommons.org/licenses/by/4.0/"),
)
SINGLE = (
    "dc:title",
    "dc:description",
    "photoshop:DateCreated",
    "exif:DateTimeOriginal",
    "exif:GPSLatitude",
    "exif:GPSLongitude",
    "xmpRights:UsageTerms",
    "xmpRights:WebStatement",
)
KEYWORDS = ("dc:subject", "lr:hierarchicalSubject", "digiKam:TagsList")


def content(caption: Caption | None, *names: str) -> SidecarContent:
    return SidecarContent(names=names, caption=caption)


def written(caption: Caption | None, data: bytes | None = None, *names: str) -> bytes:
    result = merge(data, content(caption, *names), 1)
    assert result is not None
    return result


def values(data: bytes) -> dict[str, list[str]]:
    packet = Packet(data)
    return {name: packet.items(name) for name in (*SINGLE, *KEYWORDS)}


def test_a_caption_is_written_in_the_properties_that_other_programs_read() -> None:
    assert values(written(SAID, None, "Ann")) == {
        "dc:title": ["Sea & <Sky> 🌊"],
        "dc:description": ["A day.\nAnd a night."],
        "photoshop:DateCreated": ["2004-05-06T07:08:09"],
        "exif:DateTimeOriginal": ["2004-05-06T07:08:09"],
        "exif:GPSLatitude": ["48,51.498000N"],
        "exif:GPSLongitude": ["2,17.670000W"],
        "xmpRights:UsageTerms": ["CC BY 4.0"],
        "xmpRights:WebStatement": ["https://creativecommons.org/licenses/by/4.0/"],
        "dc:subject": ["Ann", "Seaside", "a|b/c"],
        "lr:hierarchicalSubject": ["People|Ann", "Seaside", "a｜b／c", "Albums|Summer／2019"],
        "digiKam:TagsList": ["People/Ann", "Seaside", "a｜b／c", "Albums/Summer／2019"],
    }
    assert b'<rdf:li xml:lang="x-default">Sea &amp; &lt;Sky&gt;' in written(SAID)


@pytest.mark.parametrize(
    ("granularity", "text"),
    [("second", "1839-03-01T00:00:00"), ("month", "1839-03"), ("year", "1839"), ("circa", "1839")],
)
def test_a_date_is_written_as_exactly_as_it_is_known(granularity: Granularity, text: str) -> None:
    data = written(Caption(taken=OwnDate(moment=datetime(1839, 3, 1), granularity=granularity)))
    found = values(data)
    assert (found["photoshop:DateCreated"], found["exif:DateTimeOriginal"]) == ([text], ["1839-03-01T00:00:00"])
    assert packet_dates(data)["taken"] == datetime(1839, 3 if "-" in text else 1, 1)


@pytest.mark.parametrize(
    ("latitude", "longitude", "texts"),
    [
        (0.0, 0.0, ("0,0.000000N", "0,0.000000E")),
        (-90.0, 180.0, ("90,0.000000S", "180,0.000000E")),
        (59.99999999999, -0.000001, ("60,0.000000N", "0,0.000060W")),
    ],
)
def test_a_place_is_written_in_degrees_and_minutes(latitude: float, longitude: float, texts: tuple[str, str]) -> None:
    found = values(written(Caption(place=Place(latitude=latitude, longitude=longitude))))
    assert (*found["exif:GPSLatitude"], *found["exif:GPSLongitude"]) == texts


@pytest.mark.parametrize("data", [None, DIGIKAM, LIGHTROOM, DARKTABLE, PLAIN])
def test_a_caption_follows_changes_and_is_taken_out_again(data: bytes | None) -> None:
    first = written(SAID, data)
    assert written(SAID, first) == first, "twice is once"
    other = replace(SAID, title="Another", description="", place=None, tags=("Seaside", "new"), albums=())
    changed = values(written(other, first))
    before = {name: [] for name in (*SINGLE, *KEYWORDS)} if data is None else values(data)
    assert changed["dc:title"] == (before["dc:title"] or ["Another"])
    assert changed["exif:GPSLatitude"] == before["exif:GPSLatitude"]
    assert changed["digiKam:TagsList"] == [*before["digiKam:TagsList"], "Seaside", "new"]
    assert values(written(None, written(other, first))) == before
    assert b"familiar:Wrote" not in written(None, first)


def test_what_another_program_says_stays_and_nothing_is_written_beside_it() -> None:
    theirs = written(
        Caption(title="Theirs", taken=OwnDate(moment=datetime(1999, 1, 1)), place=Place(latitude=1, longitude=2))
    )
    theirs = theirs.replace(b"familiar:Wrote", b"familiar:Other").replace(b"exif:GPSLongitude", b"exif:GPSAltitude")
    found = values(written(SAID, theirs))
    assert found["dc:title"] == ["Theirs"]
    assert found["photoshop:DateCreated"] == ["1999-01-01T00:00:00"]
    assert (found["exif:GPSLatitude"], found["exif:GPSLongitude"]) == (["1,0.000000N"], [])
    assert found["dc:description"] == [SAID.description]


def test_a_title_that_somebody_has_changed_is_theirs() -> None:
    edited = written(SAID).replace("Sea &amp; &lt;Sky&gt; 🌊".encode(), b"My own title")
    assert values(written(replace(SAID, title="New"), edited))["dc:title"] == ["My own title"]
    assert values(written(None, edited))["dc:title"] == ["My own title"]


def test_a_text_that_another_program_has_made_an_attribute_is_still_familiars_own() -> None:
    data = written(Caption(place=Place(latitude=1, longitude=2))).decode()
    for name in ("exif:GPSLatitude", "exif:GPSLongitude"):
        start, end = data.index(f"<{name}"), data.index(f"</{name}>") + len(f"</{name}>")
        text = data[data.index(">", start) + 1 : data.index("</", start)]
        data = data[:start] + data[end:]
        attribute = f'rdf:about="" xmlns:exif="http://ns.adobe.com/exif/1.0/" {name}="{text}"'
        attribute = attribute if "xmlns:exif" not in data else f'rdf:about="" {name}="{text}"'
        data = data.replace('rdf:about=""', attribute, 1)
    found = values(written(Caption(place=Place(latitude=3, longitude=4)), data.encode()))
    assert (found["exif:GPSLatitude"], found["exif:GPSLongitude"]) == (["3,0.000000N"], ["4,0.000000E"])


def test_names_and_regions_are_merged_as_without_a_caption() -> None:
    place = Area(x=0.5, y=0.25, width=0.1, height=0.2)
    named = SidecarContent(names=("Ann",), regions=(Region(name="Ann", area=place),), width=300, height=400)
    both = merge(None, replace(named, caption=SAID), 1)
    alone = merge(both, named, 1)
    assert alone is not None
    assert values(alone) == values(merge(None, named, 1) or b"")


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


@given(TEXTS, TEXTS, st.lists(TEXTS, max_size=3), st.lists(TEXTS, max_size=3))
def test_any_text_is_written_once_and_taken_out_again(
    title: str, description: str, tags: list[str], albums: list[str]
) -> None:
    caption = Caption(title=title, description=description, tags=tuple(tags), albums=tuple(albums))
    first = merge(None, content(caption), 1)
    assert merge(first, content(caption), 1) == first
    if first is not None:
        assert values(merge(first, content(None), 1) or b"") == {name: [] for name in (*SINGLE, *KEYWORDS)}
