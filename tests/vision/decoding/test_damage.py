"""Of a picture whose file is cut short, what is there is decoded, and what is missing is told."""

import io
import re
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pillow_heif
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from skimage import data as sk

from familiar.errors import SetAsideError
from familiar.vision.decoding.damage import Damage
from familiar.vision.decoding.pictures import Picture, decode, prepare_decoders

prepare_decoders()

PHOTO = Image.fromarray(sk.astronaut()).resize((384, 256))  # type: ignore[no-untyped-call]

FORMATS: Mapping[str, tuple[str, dict[str, Any]]] = {
    "JPEG": ("JPEG", {}),
    "JPEG with restarts": ("JPEG", {"restart_marker_rows": 2}),
    "JPEG without subsampling": ("JPEG", {"subsampling": 0}),
    "PNG": ("PNG", {}),
    "TIFF": ("TIFF", {}),
    "BMP": ("BMP", {}),
    "GIF": ("GIF", {"interlace": 0}),
    "WebP": ("WEBP", {}),
    "HEIC": ("HEIF", {}),
}

CUT = "damaged: the file is cut short, and nothing can be decoded"

TRAILERS = {"JPEG": 2, "PNG": 12, "GIF": 1, "WebP": 1, "HEIC": 1}
"""Bytes at the end of files without which the picture is whole: markers, checksums, padding."""


def encoded(name: str, image: Image.Image = PHOTO, **options: Any) -> bytes:
    format_, usual = FORMATS[name]
    output = io.BytesIO()
    image.save(output, format_, **{**usual, **options})
    return output.getvalue()


def decoded(data: bytes, at_least: int | None = None) -> Picture:
    return decode(data, max_megapixels=200, at_least=at_least)


def damage_of(data: bytes) -> Damage:
    damage = decoded(data).damage
    assert damage is not None
    return damage


def present(picture: Picture) -> npt.NDArray[np.bool_]:
    """Return which pixels are outside of the missing area."""
    assert picture.damage is not None
    area = picture.damage.area
    rows, columns = np.mgrid[: picture.image.height, : picture.image.width] + 0.5
    across, down = columns / picture.image.width, rows / picture.image.height
    if area is None:
        return np.ones_like(across, bool)
    return np.asarray((abs(across - area.x) > area.width / 2) | (abs(down - area.y) > area.height / 2))


@pytest.mark.parametrize("name", TRAILERS)
def test_a_file_that_lacks_only_its_end_marker_has_a_whole_picture(name: str) -> None:
    data = encoded(name)
    found = decoded(data[: -TRAILERS[name]])
    assert found.damage is None
    assert np.array_equal(np.asarray(found.image), np.asarray(decoded(data).image))


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("kept", [0.3, 0.6, 0.9])
def test_of_a_file_that_is_cut_short_the_pixels_outside_of_the_missing_area_are_those_of_the_picture(
    name: str, kept: float
) -> None:
    data = encoded(name)
    found = decoded(data[: int(len(data) * kept)])
    assert found.damage is not None
    assert 0 < found.damage.missing < 1
    assert abs(found.damage.missing - (1 - kept)) < 0.2
    there = present(found)
    assert there.any()
    assert np.array_equal(np.asarray(found.image)[there], np.asarray(decoded(data).image)[there])
    assert found.image.size == (found.width, found.height) == PHOTO.size


def test_a_jpeg_that_is_cut_right_before_or_behind_a_restart_is_damaged() -> None:
    data = encoded("JPEG with restarts")
    restarts = [found.start() for found in re.finditer(rb"\xff[\xd0-\xd7]", data[data.rfind(b"\xff\xda") :])]
    assert len(restarts) > 3
    for restart in restarts:
        end = data.rfind(b"\xff\xda") + restart
        for cut in (end, end + 1, end + 2):
            found = decoded(data[:cut])
            assert found.damage is not None
            there = present(found)
            assert np.array_equal(np.asarray(found.image)[there], np.asarray(decoded(data).image)[there])


@settings(max_examples=60, deadline=None)
@given(st.integers(2, 40_000), st.sampled_from(["JPEG", "JPEG with restarts", "PNG"]), st.booleans())
def test_wherever_a_file_is_cut_nothing_is_shown_that_is_not_its_picture(
    cut: int, name: str, progressive: bool
) -> None:
    data = encoded(name, progressive=progressive)
    try:
        found = decoded(data[:-cut])
    except SetAsideError:
        return
    pixels, whole = np.asarray(found.image), np.asarray(decoded(data).image)
    if found.damage is None:
        assert np.array_equal(pixels[:-24], whole[:-24]), "all but the last block is there"
    elif found.damage.missing:
        assert progressive or np.array_equal(pixels[present(found)], whole[present(found)])


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_missing_area_is_that_of_the_upright_picture(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encoded("JPEG", exif=exif)
    found, whole = decoded(data[: len(data) * 6 // 10]), decoded(data)
    there = present(found)
    assert 0.3 < there.mean() < 0.8
    assert np.array_equal(np.asarray(found.image)[there], np.asarray(whole.image)[there])
    grey = np.asarray(found.image, int)[~there]
    assert np.median(grey) == 128


def test_of_a_progressive_jpeg_finer_details_are_missing_first() -> None:
    data = encoded("JPEG", progressive=True)
    assert decoded(data[:-2]).damage is None
    for kept in (0.5, 0.8, 0.99):
        assert damage_of(data[: int(len(data) * kept)]) == Damage(missing=0.0, area=None)
    early = damage_of(data[: int(len(data) * 0.05)])
    assert early.missing > 0
    assert early.area is not None


def test_of_a_progressive_jpeg_with_all_averages_and_nothing_else_the_details_are_missing() -> None:
    data = encoded("JPEG", progressive=True)
    second = data.find(b"\xff\xda", data.find(b"\xff\xda") + 2)
    assert damage_of(data[: data.rfind(b"\xff\xc4", 0, second)]) == Damage(missing=0.0, area=None)


def test_a_jpeg_with_a_plane_after_the_other_has_all_of_its_area_when_the_first_is_there() -> None:
    data = plane_after_plane(PHOTO)
    assert decoded(data).damage is None
    assert damage_of(data[: int(len(data) * 0.95)]) == Damage(missing=0.0, area=None)


def plane_after_plane(image: Image.Image) -> bytes:
    """Return a JPEG that is not progressive, with one scan for each of its three components."""
    greys = [encoded("JPEG", plane) for plane in image.convert("YCbCr").split()]
    starts = [grey.index(b"\xff\xda") for grey in greys]
    frame, ends = greys[0].index(b"\xff\xc0"), b"\xff\xd9"
    head = greys[0][:frame] + b"\xff\xc0\x00\x11" + greys[0][frame + 4 : frame + 9]  # precision, height, width
    head += b"\x03\x01\x11\x00\x02\x11\x00\x03\x11\x00" + greys[0][frame + 13 : starts[0]]
    scans = (grey[start:].removesuffix(ends) for grey, start in zip(greys, starts, strict=True))
    numbered = (scan[:5] + bytes((number,)) + scan[6:] for number, scan in enumerate(scans, 1))
    return head + b"".join(numbered) + ends


def test_a_reduced_picture_has_the_damage_of_the_whole_one() -> None:
    data = encoded("JPEG", PHOTO.resize((3072, 2048)))
    cut = data[: len(data) // 2]
    whole, reduced = decoded(cut), decoded(cut, at_least=700)
    assert reduced.image.size == (768, 512)
    assert reduced.damage == whole.damage
    assert reduced.again is not None
    assert reduced.again(2000).damage == whole.damage


@pytest.mark.parametrize("name", ["JPEG", "PNG", "WebP", "HEIC"])
def test_zeros_in_the_place_of_what_a_copy_has_not_yet_are_missing(name: str) -> None:
    data = encoded(name)
    kept = len(data) // 2
    blank = data[:kept] + bytes(len(data) - kept)
    assert damage_of(blank).missing == pytest.approx(damage_of(data[:kept]).missing, abs=0.01)


def test_zeros_behind_a_whole_picture_are_nothing() -> None:
    data = encoded("JPEG")
    assert decoded(data + bytes(1000)).damage is None
    assert decoded(data[:-2] + bytes(1000)).damage is None


@pytest.mark.parametrize("orientation", range(1, 9))
def test_of_a_heic_with_tiles_those_that_are_missing_are_told(
    monkeypatch: pytest.MonkeyPatch, orientation: int
) -> None:
    monkeypatch.setattr(pillow_heif.options, "GRID_TILE_SIZE", 64)
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encoded("HEIC", exif=exif)
    whole = decoded(data)
    assert whole.damage is None
    for kept in (0.4, 0.6, 0.9):
        found = decoded(data[: int(len(data) * kept)])
        there = present(found)
        assert found.damage is not None
        assert 0 < there.mean() <= 1 - found.damage.missing < 1
        assert found.damage.missing == pytest.approx(1 - kept, abs=0.15)
        assert np.array_equal(np.asarray(found.image)[there], np.asarray(whole.image)[there])
    with pytest.raises(SetAsideError, match=CUT):
        decoded(data[: len(data) // 20])


def test_damage_in_the_middle_of_a_png_is_told_as_well() -> None:
    data = encoded("PNG")
    second = data.index(b"IDAT", data.index(b"IDAT") + 1)
    assert 0.1 < damage_of(data[:second] + b"\xff" + data[second + 1 :]).missing < 0.9


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda: encoded("JPEG")[:300], "damaged or not a picture|not a picture in a known format"),
        (lambda: encoded("PNG")[:60], "damaged or not a picture: image file is truncated"),
        (lambda: encoded("HEIC")[:300], CUT),
        (lambda: b"\xff\xd8" + bytes(5000), CUT),
    ],
)
def test_a_file_without_any_row_of_its_picture_is_set_aside(make: Callable[[], bytes], reason: str) -> None:
    with pytest.raises(SetAsideError, match=reason):
        decoded(make())
