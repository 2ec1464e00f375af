import io
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

from familiar.vision.decoding.pictures import decode, prepare_decoders
from familiar.xmp.dates import parse_date

prepare_decoders()

NOON = datetime(2018, 1, 20, 11, 46)


def packet(**properties: str) -> bytes:
    given = " ".join(f'{name.replace("_", ":")}="{text}"' for name, text in properties.items())
    return f"""<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about=""
xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/" xmlns:xmp="http://ns.adobe.com/xap/1.0/"
xmlns:exif="http://ns.adobe.com/exif/1.0/" {given}/></rdf:RDF></x:xmpmeta><?xpacket end="w"?>""".encode()


def exif(**texts: str) -> Image.Exif:
    made = Image.Exif()
    for name, text in texts.items():
        if name == "modified":
            made[0x0132] = text
        else:
            made.get_ifd(0x8769)[{"taken": 0x9003, "digitized": 0x9004}[name]] = text
    return made


def iptc(**texts: str) -> bytes:
    numbers = {"date": 55, "time": 60, "digital_date": 62}
    entries = b"".join(
        bytes((0x1C, 2, numbers[name])) + len(text).to_bytes(2, "big") + text.encode() for name, text in texts.items()
    )
    resource = b"8BIM\x04\x04\0\0" + len(entries).to_bytes(4, "big") + entries + b"\0" * (len(entries) % 2)
    data = b"Photoshop 3.0\0" + resource
    return b"\xff\xed" + (len(data) + 2).to_bytes(2, "big") + data


def found(format_: str = "JPEG", *, segment: bytes = b"", **options: Any) -> tuple[datetime | None, str | None]:
    output = io.BytesIO()
    Image.new("RGB", (64, 64)).save(output, format_, **options)
    data = output.getvalue()
    seen = decode(data[:2] + segment + data[2:] if segment else data, max_megapixels=1)
    return seen.taken, seen.taken_source


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2018:01:20 11:46:00", NOON),
        ("2018-01-20T11:46:00Z", NOON),
        ("2018-01-20T11:46:00+02:00", NOON),
        ("2018-01-20 11:46:00", NOON),
        ("2018/01/20 11:46:00", NOON),
        ("2018.01.20 11:46:00", NOON),
        ("2018:01:20 11:46", NOON),
        ("2018-01-20T11:46", NOON),
        ("2018:01:20T11:46:00.123456", NOON),
        ("2018: 1:20 11:46:00", NOON),
        ("2018-1-20 11:46:00\0\0", NOON),
        ("20180120 114600+0100", NOON),
        ("20180120T114600", NOON),
        ("2018:01:20 11:46:60", datetime(2018, 1, 20, 11, 46, 59)),
        ("2018:01:20", datetime(2018, 1, 20)),
        ("2018-01-20Z", datetime(2018, 1, 20)),
        ("2018:01:20   :  :  ", datetime(2018, 1, 20)),
        ("2018-01", datetime(2018, 1, 1)),
        ("2018", datetime(2018, 1, 1)),
        ("20180120", datetime(2018, 1, 20)),
        ("2018:02:30 11:46:00", None),
        ("2018:01:20 25:46:00", None),
        ("    :  :     :  :  ", None),
        ("0000:00:00 00:00:00", None),
        ("0001-01-01T00:00:00Z", None),
        ("20.01.2018 11:46", None),
        ("123456789", None),
        ("", None),
    ],
)
def test_a_date_is_read_in_each_form_that_real_files_have(text: str, moment: datetime | None) -> None:
    assert parse_date(text) == moment


@given(moment=st.datetimes(min_value=datetime(1826, 1, 1)), dash=st.sampled_from(":-/."), gap=st.sampled_from("T "))
def test_each_moment_is_read_in_each_form(moment: datetime, dash: str, gap: str) -> None:
    date = f"{moment.year:04}{dash}{moment.month:02}{dash}{moment.day:02}"
    assert parse_date(f"{date}{gap}{moment.time().isoformat()}Z") == moment.replace(microsecond=0)


@given(text=st.text(alphabet="0123456789:-/.TZ +\0", max_size=30) | st.text(max_size=30))
def test_no_text_is_more_than_no_date(text: str) -> None:
    moment = parse_date(text)
    assert moment is None or moment.year >= 1826


def test_a_date_comes_from_the_first_of_all_metadata_that_has_one() -> None:
    all_texts = {"taken": "2001:01:01 00:00:00", "digitized": "2004:01:01 00:00:00", "modified": "2006:01:01 00:00:00"}
    of_iptc = iptc(date="20020000", time="000000+0000")
    of_xmp = packet(photoshop_DateCreated="2003-01-01", xmp_CreateDate="2005-01-01", xmp_ModifyDate="2007-01-01")
    without = {name: text for name, text in all_texts.items() if name != "taken"}
    expected = [
        (found(exif=exif(**all_texts), segment=of_iptc, xmp=of_xmp), 2001, "camera"),
        (found(exif=exif(**without), segment=of_iptc, xmp=of_xmp), 2002, "iptc"),
        (found(exif=exif(**without), xmp=of_xmp), 2003, "xmp"),
        (found(exif=exif(**without), xmp=packet(xmp_CreateDate="2005-01-01")), 2004, "camera"),
        (found(exif=exif(modified="2006:01:01 00:00:00"), xmp=packet(xmp_CreateDate="2005")), 2005, "xmp"),
        (found(exif=exif(modified="2006:01:01 00:00:00"), xmp=packet(xmp_ModifyDate="2007")), 2006, "modified"),
        (found(xmp=packet(xmp_ModifyDate="2007-01-01")), 2007, "modified"),
        (found(segment=iptc(digital_date="20080101")), 2008, "iptc"),
        (found(xmp=packet(exif_DateTimeOriginal="2009-01-01T00:00:00+09:00")), 2009, "xmp"),
    ]
    assert [(seen, source) for seen, source in [one for one, *_ in expected]] == [
        (datetime(year, 1, 1), source) for _, year, source in expected
    ]
    assert found() == (None, None)


@pytest.mark.parametrize("format_", ["JPEG", "PNG", "WEBP", "TIFF", "HEIF", "AVIF"])
def test_xmp_is_read_in_each_format(format_: str) -> None:
    data = packet(photoshop_DateCreated="2018-01-20T11:46:00Z")
    options: dict[str, Any] = {"xmp": data}
    if format_ == "PNG":
        options = {"pnginfo": PngImagePlugin.PngInfo()}
        options["pnginfo"].add_itxt("XML:com.adobe.xmp", data.decode())
    if format_ == "TIFF":
        options = {"tiffinfo": {700: data}}
    assert found(format_, **options) == (NOON, "xmp")


@pytest.mark.parametrize("damage", [b"<x", b"<a/>", b"\xff" * 40, packet()[:-60], b"<!DOCTYPE a><a/>"])
def test_damaged_metadata_say_nothing_and_the_next_are_read(damage: bytes) -> None:
    assert found(xmp=damage, exif=exif(modified="2018:01:20 11:46:00")) == (NOON, "modified")
    assert found(
        xmp=damage, segment=b"\xff\xed\0\x20Photoshop 3.0\0" + b"8BIM\x04\x04\0\0\xff\0\xff\xff" + b"x" * 4
    ) == (
        None,
        None,
    )
