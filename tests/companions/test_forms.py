"""How the names of companions are made of those of photos."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from familiar.companions.fields import FIELDS
from familiar.companions.forms import Form

LONG = "Urlaub in Knaufspesch in der Schneifel (38)"

PAIRS = [
    ("{name}.pp3", "a.NEF", "a.NEF.pp3", "b.NEF", "b.NEF.pp3"),
    ("{stem}.wav", "DSC_0001.NEF", "DSC_0001.WAV", "b (2).NEF", "b (2).WAV"),
    ("{stem}.aae", "IMG_1.JPG", "img_1.aae", "b.JPG", "b.aae"),
    ("{stem}.aae", "é.heic", unicodedata.normalize("NFD", "é") + ".AAE", "b.heic", "b.AAE"),
    ("{apple}.aae", "IMG_1234.HEIC", "IMG_O1234.AAE", "IMG_5678.HEIC", "IMG_O5678.AAE"),
    ("{apple}.aae", "IMG_1234.HEIC", "IMG_O1234.AAE", "Ann (2).HEIC", "Ann (2)_O.AAE"),
    ("{apple}.aae", "Ann.HEIC", "Ann_O.AAE", "Eve.HEIC", "Eve_O.AAE"),
    ("{gopro}.lrv", "GX010123.MP4", "GL010123.LRV", "GX010124.MP4", "GL010124.LRV"),
    ("{gopro}.lrv", "GX010123.MP4", "GL010123.LRV", "sea.MP4", "sea.LRV"),
    ("{version}.xmp", "a.NEF", "a_01.NEF.xmp", "b.NEF", "b_01.NEF.xmp"),
    ("{stem}M01.xml", "C0001.MP4", "C0001M01.XML", "b.MP4", "bM01.XML"),
    ("{takeout}.json", "a.jpg", "a.jpg.json", "b.jpg", "b.jpg.json"),
    ("{takeout}.json", "a.jpg", "a.json", "b.jpg", "b.jpg.json"),
    ("{takeout}.json", "a.jpg", "a.jpg.supplemental-metadata.json", "b.jpg", "b.jpg.supplemental-metadata.json"),
    ("{takeout}.json", "a.jpg", "a.supplemental-metadata.json", "b.jpg", "b.jpg.supplemental-metadata.json"),
    ("{takeout}.json", "a(1).jpg", "a.jpg(1).json", "b.jpg", "b.jpg.json"),
    ("{takeout}.json", "a(1).jpg", "a(1).jpg.json", "b.jpg", "b.jpg.json"),
    ("{takeout}.json", "a(1).jpg", "a.supplemental-metadata(1).json", "b.jpg", "b.jpg.supplemental-metadata.json"),
    ("{takeout}.json", "img(18).jpg", "img(18).jpg.supple(18).json", "b.jpg", "b.jpg.supplemental-metadata.json"),
    ("{takeout}.json", "a-edited.jpg", "a.jpg.json", "b-edited.jpg", "b.jpg.json"),
    ("{takeout}.json", "a-edited.jpg", "a.jpg.json", "b.jpg", "b.jpg.json"),
    ("{takeout}.json", "a-bearbeitet(1).jpg", "a.jpg(1).json", "b.jpg", "b.jpg.json"),
    ("{takeout}.json", "a(1)-editat(1).jpg", "a(1).jpg.supplemental-metadata(1).json", "b.jpg",
     "b.jpg.supplemental-metadata.json"),
    ("{takeout}.json", "a-" + unicodedata.normalize("NFD", "modifié") + ".jpg", "a.jpg.json", "b.jpg", "b.jpg.json"),
    ("{takeout}.json", f"{LONG}.JPG", f"{LONG}.JP.json", "b.JPG", "b.JPG.json"),
    ("{takeout}.json", "Screenshot_20220207_102421_com.snapchat.android.jpg",
     "Screenshot_20220207_102421_com.snapchat.androi.json", "b.jpg", "b.jpg.json"),
    ("{takeout}.json", "D7157814-D2D5-4A62-AFCE-9CF465CB7D66.jpeg",
     "D7157814-D2D5-4A62-AFCE-9CF465CB7D66.jpeg.supp.json", "b.jpeg", "b.jpeg.supplemental-metadata.json"),
    ("{takeout}.json", "123456789123456789123456789123456789_DSCN0091(1).JPG",
     "123456789123456789123456789123456789_DSCN0091.JP.supplemental-meta(1).json", "b.JPG",
     "b.JPG.supplemental-metadata.json"),
    ("{takeout}.json", "123456789123456789123456789123456789_DSCN0098-ha.JPG",
     "123456789123456789123456789123456789_DSCN0098.JPG.su.json", "b.JPG", "b.JPG.supplemental-metadata.json"),
]  # fmt: skip


@pytest.mark.parametrize(("form", "photo", "companion", "other", "follows"), PAIRS)
def test_a_companion_keeps_its_form_beside_its_photo(
    form: str, photo: str, companion: str, other: str, follows: str
) -> None:
    one = Form(form)
    assert one.renamed(companion, photo, photo) == companion
    assert one.renamed(companion, photo, other) == follows
    assert one.renamed(follows, other, other) == follows
    assert one.owners(companion, [photo, companion, "z.jpg"]) == {photo}


@pytest.mark.parametrize(
    ("form", "photo", "other"),
    [
        ("{name}.pp3", "a.NEF", "a.pp3"),
        ("{stem}.wav", "DSC_0001.NEF", "DSC_00011.WAV"),
        ("{stem}.wav", "a.jpg", ".wav"),
        ("{apple}.aae", "IMG_1234.HEIC", "IMG_E1234.AAE"),
        ("{apple}.aae", "IMG_1234.HEIC", "IMG_O12345.AAE"),
        ("{gopro}.lrv", "GX010123.MP4", "GL010124.LRV"),
        ("{version}.xmp", "a.NEF", "a_1.NEF.xmp"),
        ("{version}.xmp", "a.NEF", "a_01.JPG.xmp"),
        ("{takeout}.json", "a.jpg", "a.jpg(1).json"),
        ("{takeout}.json", "a(1).jpg", "a.jpg.json"),
        ("{takeout}.json", "a(1).jpg", "a.jpg(2).json"),
        ("{takeout}.json", "a.jpg", "a.png.json"),
        ("{takeout}.json", "a.jpg", "a.jpg.metadata.json"),
        ("{takeout}.json", "a.jpg", "a-edited.jpg.json"),
        ("{takeout}.json", "a-b.jpg", "a.jpg.json"),
        ("{takeout}.json", "ab.jpg", "a.json"),
        ("{takeout}.json", "metadata.jpg", "a.json"),
    ],
)
def test_other_names_do_not_belong_to_a_photo(form: str, photo: str, other: str) -> None:
    assert Form(form).renamed(other, photo, photo) is None
    assert Form(form).owners(other, [photo]) == frozenset()


@pytest.mark.parametrize(
    ("form", "companion", "among", "owners"),
    [
        ("{stem}.wav", "a.wav", "a.NEF a.JPG a.wav b.JPG", {"a.NEF", "a.JPG"}),
        ("{stem}.aae", "a.aae", "a.HEIC a.MOV", {"a.HEIC"}),
        ("{stem}.thm", "a.thm", "a.AVI b.AVI", {"a.AVI"}),
        ("{takeout}.json", "a.jpg.json", "a.jpg a-edited.jpg a(1).jpg a-editado.jpg", {"a.jpg", "a-edited.jpg",
         "a-editado.jpg"}),
        ("{takeout}.json", "a.HEIC.json", "a.HEIC a.MP4", {"a.HEIC"}),
    ],
)  # fmt: skip
def test_a_companion_belongs_to_all_photos_of_its_name_and_to_videos_only_without_a_photo(
    form: str, companion: str, among: str, owners: set[str]
) -> None:
    assert Form(form).owners(companion, among.split()) == owners


NAMES = st.text(st.characters(exclude_characters="/\0"), min_size=1, max_size=60).filter(lambda name: name not in "..")


@given(
    field=st.sampled_from(list(FIELDS)),
    photo=NAMES.map(lambda name: f"{name}.jpg"),
    other=NAMES.map(lambda name: f"{name}.jpg"),
    text=NAMES,
)
def test_whatever_follows_another_name_belongs_to_it(field: str, photo: str, other: str, text: str) -> None:
    form = Form(f"{field}.aae")
    for name in (f"{text}.aae", f"{FIELDS[field].begin(photo)}.aae"):
        follows = form.renamed(name, photo, other)
        if follows is not None:
            assert form.renamed(follows, other, other) is not None
            assert follows.endswith(".aae")
