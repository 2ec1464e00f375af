import re
from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from familiar.errors import SetAsideError, UsageError
from familiar.model import Area, Region, SidecarContent
from familiar.names import check_name
from familiar.xmp.document import merge, read
from familiar.xmp.rdf import NAMESPACES, Packet
from support.sidecars import DARKTABLE, DIGIKAM, LIGHTROOM, PLAIN

PLACE = Area(x=0.5, y=0.25, width=0.1, height=0.2)
ANN = SidecarContent(names=("Ann",), regions=(Region(name="Ann", area=PLACE),), width=300, height=400)
NOTHING = SidecarContent()
THEIRS = (DIGIKAM, LIGHTROOM, DARKTABLE, PLAIN)


def written(wanted: SidecarContent, data: bytes | None = None, orientation: int = 1) -> bytes:
    result = merge(data, wanted, orientation)
    assert result is not None
    return result


def properties(data: bytes) -> Counter[str]:
    """Return each property of a packet as text; of those that familiar writes to, what others have in them."""
    found: Counter[str] = Counter()
    lists = {
        f"{{{NAMESPACES[prefix]}}}{local}"
        for prefix, local in (
            ("dc", "subject"),
            ("lr", "hierarchicalSubject"),
            ("digiKam", "TagsList"),
            ("mwg-rs", "Regions"),
        )
    }
    root = etree.fromstring(data)
    for description in root.iter(f"{{{NAMESPACES['rdf']}}}Description"):
        if description.getparent().tag != f"{{{NAMESPACES['rdf']}}}RDF":
            continue
        found.update(f"{name}={value}" for name, value in description.attrib.items())
        for child in description:
            if child.tag in lists:
                found.update(f"{child.tag}: {canonical(item)}" for item in child.iter(f"{{{NAMESPACES['rdf']}}}li"))
            elif isinstance(child.tag, str):
                found[canonical(child)] += 1
    return found


def canonical(element: Any) -> str:
    text: str = etree.tostring(element, method="c14n", exclusive=True, with_tail=False).decode()
    return text


def test_a_new_sidecar_says_who_is_where_for_every_program() -> None:
    packet = Packet(written(ANN))
    assert packet.items("dc:subject") == ["Ann"]
    assert packet.items("lr:hierarchicalSubject") == ["People|Ann"]
    assert packet.items("digiKam:TagsList") == ["People/Ann"]
    found = read(written(ANN))
    assert [(region.name, region.area, region.ours) for region in found.regions] == [("Ann", PLACE, True)]
    assert found.size == (300, 400)


def test_regions_are_those_of_the_picture_as_it_is_stored() -> None:
    found = read(written(ANN, orientation=6))
    assert found.regions[0].area == Area(x=0.25, y=0.5, width=0.2, height=0.1)
    assert found.size == (400, 300)


def test_where_nothing_is_to_be_said_no_sidecar_is_made() -> None:
    assert merge(None, NOTHING, 1) is None


def test_a_video_has_names_alone() -> None:
    text = written(SidecarContent(names=("Ann",))).decode()
    assert "Ann" in text
    assert "Regions" not in text


@pytest.mark.parametrize("theirs", THEIRS)
def test_a_sidecar_of_another_program_keeps_every_property(theirs: bytes) -> None:
    merged = written(ANN, theirs)
    assert properties(theirs) - properties(merged) == Counter()
    assert {region.name for region in read(theirs).regions} < {region.name for region in read(merged).regions}


@pytest.mark.parametrize("theirs", THEIRS)
def test_what_was_written_is_taken_out_again_and_nothing_else(theirs: bytes) -> None:
    assert properties(written(NOTHING, written(ANN, theirs))) == properties(theirs)


@pytest.mark.parametrize("theirs", [*THEIRS, None])
def test_twice_is_once(theirs: bytes | None) -> None:
    once = written(ANN, theirs)
    assert merge(once, ANN, 1) is once


@pytest.mark.parametrize("theirs", THEIRS)
def test_nothing_to_say_leaves_the_bytes_as_they_are(theirs: bytes) -> None:
    assert merge(theirs, NOTHING, 1) is theirs


def test_a_corrected_name_takes_the_place_of_the_one_that_familiar_wrote() -> None:
    eve = SidecarContent(names=("Eve",), regions=(Region(name="Eve", area=PLACE),), width=300, height=400)
    merged = written(eve, written(ANN, DIGIKAM))
    assert b"Ann" not in merged
    assert properties(DIGIKAM) - properties(merged) == Counter()
    assert "Eve" in {region.name for region in read(merged).regions}


def test_a_keyword_that_was_there_before_stays_when_the_name_is_corrected() -> None:
    theirs = PLAIN.replace(b"sea", b"Ann")
    assert Packet(written(NOTHING, written(ANN, theirs))).items("dc:subject") == ["Ann", "beach, and more"]


def test_a_face_that_somebody_else_named_is_left_to_them() -> None:
    (region, *_) = read(LIGHTROOM).regions
    ann = SidecarContent(names=("Ann",), regions=(Region(name="Ann", area=region.area),), width=300, height=400)
    assert merge(LIGHTROOM, ann, 1) is LIGHTROOM
    both = SidecarContent(
        names=("Ann", "Bob"), regions=(*ann.regions, Region(name="Bob", area=PLACE)), width=9, height=9
    )
    assert Packet(written(both, LIGHTROOM)).items("dc:subject") == ["Bob"]


def test_a_region_of_ours_gives_way_to_one_that_somebody_else_drew_on_the_same_face() -> None:
    theirs = written(ANN).replace(b"Ann</mwg-rs:Name>", b"Eve</mwg-rs:Name>")
    drawn = theirs[theirs.index(b"<rdf:li rdf:parse") : theirs.index(b"</rdf:Bag>\n    </mwg-rs:RegionList>")]
    merged = written(
        ANN, written(ANN).replace(b"</rdf:Bag>\n    </mwg-rs:RegionList>", drawn + b"</rdf:Bag></mwg-rs:RegionList>")
    )
    assert [region.name for region in read(merged).regions] == ["Eve"]
    assert b"Ann</rdf:li>" not in merged


def test_a_region_of_ours_that_was_renamed_elsewhere_is_theirs() -> None:
    renamed = written(ANN).replace(b"<mwg-rs:Name>Ann", b"<mwg-rs:Name>Eve")
    assert [(region.name, region.ours) for region in read(renamed).regions] == [("Eve", False)]
    assert [region.name for region in read(written(ANN, renamed)).regions] == ["Eve"]


def test_a_region_of_ours_whose_mark_is_lost_and_whose_sides_were_rounded_is_ours_still() -> None:
    bare = re.sub(rb"<mwg-rs:Extensions.*?</mwg-rs:Extensions>", b"", written(ANN), flags=re.DOTALL)
    bare = bare.replace(b"0.250000", b"0.251")
    assert [region.ours for region in read(bare).regions] == [False]
    assert [region.ours for region in read(bare, ANN.regions).regions] == [True]
    assert read(merge(bare, NOTHING, 1, ANN) or b"").regions == ()


def test_the_forms_in_which_programs_write_regions_are_all_read() -> None:
    assert [region.name for region in read(DIGIKAM).regions] == ["Käthe O'Neil"]
    assert [region.name for region in read(LIGHTROOM).regions] == [
        "Bob",
        "Zoë",
    ]  # no pet, no focus, no one without name
    assert read(DIGIKAM).size == (400, 300)


@pytest.mark.parametrize("side", [b"nan", b"inf", b"-1", b"7", b"", b"1e999", b"0x1"])
def test_a_region_that_is_nowhere_is_passed_over_and_kept(side: bytes) -> None:
    odd = DIGIKAM.replace(b'stArea:w="0.2"', b'stArea:w="' + side + b'"')
    assert read(odd).regions == ()
    assert properties(odd) - properties(written(ANN, odd)) == Counter()


HEAD = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
LAUGHS = b"".join(
    b'<!ENTITY l%d "%s">' % (number, b"&l%d;" % (number - 1) * 10 if number else b"lol") for number in range(10)
)


@pytest.mark.parametrize(
    ("hostile", "reason"),
    [
        (b"", "not readable XML"),
        (b"\0" * 1000, "not readable XML"),
        (b"\x89PNG\r\n\x1a\n", "not readable XML"),
        (DIGIKAM[:700], "not readable XML"),
        (DIGIKAM + DIGIKAM, "not readable XML"),
        (HEAD + b"<a>" * 100_000, "not readable XML"),
        (b"<!DOCTYPE x [" + LAUGHS + b"]>" + HEAD + b"&l9;</rdf:RDF></x:xmpmeta>", "not readable XML|document type"),
        (b'<!DOCTYPE x [<!ENTITY a SYSTEM "/etc/passwd">]>' + HEAD + b"&a;</rdf:RDF></x:xmpmeta>", "document type"),
        (b"<html/>", "no rdf:RDF"),
    ],
    ids=["empty", "zeros", "picture", "half", "twice", "deep", "laughs", "file", "html"],
)
def test_a_file_that_is_not_xmp_is_refused_and_never_written(hostile: bytes, reason: str) -> None:
    with pytest.raises(SetAsideError, match=reason):
        read(hostile)
    with pytest.raises(SetAsideError, match=reason):
        merge(hostile, ANN, 1)


def usable(name: str) -> bool:
    try:
        return check_name(name) == name
    except UsageError:
        return False


names = st.text(min_size=1, max_size=20).filter(usable) | st.sampled_from(
    ["A|B", "AC/DC", '"Q" & <b>', "d'Arc, Jeanne", "👩‍👩‍👧", "]]>", "\ufffe!", "\N{SNOWMAN}\u0301", "People|x/y"]
)


@given(st.lists(names, min_size=1, max_size=4, unique=True), st.sampled_from([*THEIRS, None]))
def test_any_name_comes_back_from_a_sidecar(chosen: list[str], theirs: bytes | None) -> None:
    places = [Area(x=0.05 + 0.1 * number, y=0.9, width=0.05, height=0.05) for number in range(len(chosen))]
    regions = tuple(Region(name=name, area=area) for name, area in zip(chosen, places, strict=True))
    merged = written(SidecarContent(names=tuple(chosen), regions=regions, width=10, height=10), theirs)
    expected = [name.replace("\ufffe", "\ufffd").replace("\uffff", "\ufffd") for name in chosen]
    assert [region.name for region in read(merged).regions if region.ours] == expected
    assert set(expected) <= set(Packet(merged).items("dc:subject"))
    levels = [tag.split("/") for tag in Packet(merged).items("digiKam:TagsList") if tag.startswith("People/")]
    assert all(len(level) == 2 for level in levels)
    assert properties(written(NOTHING, merged)) == properties(theirs or written(NOTHING, written(ANN)))
