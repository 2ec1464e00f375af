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
from familiar.vision.sidecars import SidecarFaces, listen, orientation_of, render
from familiar.xmp.document import read
from support.sidecars import DIGIKAM, LIGHTROOM

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
