import os
from pathlib import Path

import pillow_heif
import pytest
from PIL import Image, ImageDraw

from familiar.errors import GoneError, SetAsideError
from familiar.identity.regions import area_of
from familiar.model import Area, Box, Region, SidecarContent
from familiar.vision import sidecars
from familiar.vision.decoding.pictures import decode
from familiar.vision.sidecars import SidecarFaces, listen, orientation_of, render, turn_of
from familiar.xmp.document import read
from support.raws import write_raw
from support.sidecars import DIGIKAM, LIGHTROOM, exiftools, turning

NOTHING = SidecarContent()
SPOT = (240, 24, 288, 56)
"""Where the stored pictures of these tests have a white spot, of 320 × 160 pixels."""


def stored(path: Path, orientation: int) -> Path:
    """Store a picture with a spot, which is to be turned to be upright."""
    image = Image.new("RGB", (320, 160))
    ImageDraw.Draw(image).rectangle((*SPOT[:2], SPOT[2] - 1, SPOT[3] - 1), fill="white")
    exif = Image.Exif()
    exif[0x0112] = orientation
    if path.suffix == ".heic":
        made = pillow_heif.from_bytes("RGB", image.size, image.tobytes())
        made[0].info["exif"] = exif.tobytes()
        made.save(path, quality=90)
    else:
        image.save(path, exif=exif, quality=95)
    return path


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("suffix", [".jpg", ".heic", ".avif", ".tiff"])
def test_what_is_seen_upright_is_written_where_it_is_stored_and_read_back(
    tmp_path: Path, suffix: str, orientation: int
) -> None:
    photo = stored(tmp_path / f"a{suffix}", orientation)
    picture = decode(photo.read_bytes(), max_megapixels=1)
    bright = picture.image.convert("L").point(lambda grey: 255 * (grey > 127)).getbbox()
    assert bright is not None
    area = area_of(Box(left=bright[0], top=bright[1], right=bright[2], bottom=bright[3]), *picture.image.size)
    wanted = SidecarContent(
        names=("Ann",), regions=(Region(name="Ann", area=area),), width=picture.width, height=picture.height
    )
    written = render(photo, tmp_path / "a.xmp", wanted, NOTHING).after
    assert written is not None
    found = read(written)
    assert found.size == (320, 160)
    place = found.regions[0].area
    expected = (264 / 320, 40 / 160, 48 / 320, 32 / 160)
    assert (place.x, place.y, place.width, place.height) == pytest.approx(expected, abs=0.02)

    theirs = tmp_path / "theirs.xmp"
    theirs.write_bytes(written.replace(b"familiar:wrote", b"familiar:other"))
    (region,) = listen(photo, theirs, (picture.width, picture.height), NOTHING).regions
    assert (region.area.x, region.area.y) == pytest.approx((area.x, area.y), abs=1e-5)


def test_faces_drawn_on_a_picture_of_another_shape_are_not_placed(tmp_path: Path) -> None:
    photo, sidecar = stored(tmp_path / "a.jpg", 6), tmp_path / "a.xmp"
    sidecar.write_bytes(LIGHTROOM)
    assert listen(photo, sidecar, (160, 320), NOTHING) == SidecarFaces(misplaced=2)
    sidecar.write_bytes(LIGHTROOM.replace(b'stDim:w="400" stDim:h="300"', b'stDim:w="3200" stDim:h="1600"'))
    assert [region.name for region in listen(photo, sidecar, (160, 320), NOTHING).regions] == ["Bob", "Zoë"]


@pytest.mark.parametrize("orientation", [1, 6])
def test_faces_whose_picture_was_turned_without_its_size_are_placed_and_told(tmp_path: Path, orientation: int) -> None:
    photo, sidecar = stored(tmp_path / "a.jpg", orientation), tmp_path / "a.xmp"
    size = (160, 320) if orientation == 6 else (320, 160)
    sidecar.write_bytes(LIGHTROOM.replace(b'stDim:w="400" stDim:h="300"', b'stDim:w="3200" stDim:h="1600"'))
    as_it_is = listen(photo, sidecar, size, NOTHING)
    sidecar.write_bytes(LIGHTROOM.replace(b'stDim:w="400" stDim:h="300"', b'stDim:w="1600" stDim:h="3200"'))
    turned = listen(photo, sidecar, size, NOTHING)
    assert (turned.regions, turned.turned, turned.misplaced) == (as_it_is.regions, 2, 0)
    assert as_it_is.turned == 0


def test_what_familiar_wrote_is_not_told(tmp_path: Path) -> None:
    photo, sidecar = stored(tmp_path / "a.jpg", 6), tmp_path / "a.xmp"
    wanted = SidecarContent(
        names=("Ann",),
        regions=(Region(name="Ann", area=Area(x=0.5, y=0.5, width=0.2, height=0.2)),),
        width=160,
        height=320,
    )
    written = render(photo, sidecar, wanted, NOTHING).after or b""
    for text in (written, written.replace(b"familiar:wrote", b"familiar:other")):
        sidecar.write_bytes(text)
        assert listen(photo, sidecar, (160, 320), wanted) == SidecarFaces()


def test_a_sidecar_that_is_missing_large_or_no_file_is_told(tmp_path: Path) -> None:
    photo, sidecar = stored(tmp_path / "a.jpg", 1), tmp_path / "a.xmp"
    with pytest.raises(GoneError):
        listen(photo, sidecar, (320, 160), NOTHING)
    os.mkfifo(sidecar)
    with pytest.raises(SetAsideError, match="is not a regular file"):
        render(photo, sidecar, NOTHING, NOTHING)
    sidecar.unlink()
    with sidecar.open("wb") as file:
        file.truncate(sidecars.MAX_BYTES + 1)
    with pytest.raises(SetAsideError, match="is larger than 32 MiB, the limit for sidecars"):
        listen(photo, sidecar, (320, 160), NOTHING)


def test_a_photo_that_can_not_be_opened_has_no_orientation(tmp_path: Path) -> None:
    photo = tmp_path / "a.jpg"
    photo.write_bytes(DIGIKAM)
    with pytest.raises(SetAsideError, match="not a picture"):
        orientation_of(photo)
    with pytest.raises(GoneError):
        orientation_of(tmp_path / "gone.jpg")


@pytest.mark.parametrize(
    ("suffix", "own", "given", "turn"),
    [
        (".jpg", None, 6, 6),
        (".png", None, 3, 3),
        (".tiff", None, 8, 8),
        (".webp", None, 2, 2),
        (".jpg", None, 1, None),
        (".jpg", 1, 6, None),
        (".jpg", 8, 6, None),
        (".tiff", 6, 8, None),
        (".heic", 1, 6, None),
        (".jpg", None, None, None),
    ],
)
def test_a_sidecar_turns_a_photo_that_says_no_orientation_itself(
    tmp_path: Path, suffix: str, own: int | None, given: int | None, turn: int | None
) -> None:
    photo = tmp_path / f"a{suffix}"
    if own is None:
        Image.new("RGB", (60, 40)).save(photo)
    else:
        stored(photo, own)
    (tmp_path / "a.xmp").write_bytes(DIGIKAM if given is None else turning(given))
    assert turn_of(photo, [tmp_path / "missing.xmp", tmp_path / "a.xmp"]) == turn


def test_of_a_raw_file_a_sidecar_says_how_it_is_turned_whatever_the_camera_wrote(tmp_path: Path) -> None:
    pytest.importorskip("rawpy")
    Image.new("RGB", (60, 40)).save(tmp_path / "a.jpg")
    raw, sidecar = write_raw(tmp_path / "a.dng", tmp_path / "a.jpg", orientation=6), tmp_path / "a.xmp"
    turns = []
    for given in (6, 8, 1):
        sidecar.write_bytes(turning(given))
        turns.append(turn_of(raw, [sidecar]))
    assert turns == [None, 3, 8]


def test_of_several_sidecars_the_first_that_says_an_orientation_holds(tmp_path: Path) -> None:
    photo, sidecars_ = tmp_path / "a.jpg", [tmp_path / name for name in ("a.jpg.xmp", "a.xmp", "b.xmp")]
    Image.new("RGB", (60, 40)).save(photo)
    for sidecar, data in zip(sidecars_, (DIGIKAM, turning(6), turning(8)), strict=True):
        sidecar.write_bytes(data)
    assert turn_of(photo, sidecars_) == 6


@pytest.mark.parametrize("text", [b"9", b"0", b"-6", b"six", b"", "٦".encode(), b"66666666666666666666666"])
def test_what_is_no_orientation_turns_nothing(tmp_path: Path, text: bytes) -> None:
    photo, sidecar = tmp_path / "a.jpg", tmp_path / "a.xmp"
    Image.new("RGB", (60, 40)).save(photo)
    sidecar.write_bytes(turning(6).replace(b'Orientation="6"', b'Orientation="' + text + b'"'))
    assert turn_of(photo, [sidecar]) is None


def test_an_orientation_in_the_xmp_of_the_file_itself_is_its_own(tmp_path: Path) -> None:
    photo, sidecar = tmp_path / "a.jpg", tmp_path / "a.jpg.xmp"
    Image.new("RGB", (60, 40)).save(photo, xmp=turning(6))
    assert decode(photo.read_bytes(), max_megapixels=1).width == 40
    sidecar.write_bytes(turning(3))
    assert turn_of(photo, [sidecar]) is None


def test_faces_as_exiftool_writes_them_are_placed_in_the_stored_picture(tmp_path: Path) -> None:
    """`exiftool -regioninfo` takes the size from the command line: that of the picture as it is shown."""
    photo, sidecar = stored(tmp_path / "a.jpg", 6), tmp_path / "a.jpg.xmp"
    sidecar.write_bytes(exiftools("Ann", area=(0.3, 0.5, 0.1, 0.2), size=(160, 320)))
    found = listen(photo, sidecar, (160, 320), NOTHING)
    (region,) = found.regions
    assert (region.name, found.turned, found.misplaced) == ("Ann", 1, 0)
    assert (region.area.x, region.area.y) == pytest.approx((0.5, 0.3))
