import io
import struct
from datetime import datetime
from pathlib import Path
from threading import Event, Thread

import numpy as np
import pillow_heif
import pytest
from PIL import Image

from familiar.errors import GoneError, RetryError, SetAsideError
from familiar.filesystem.reading import read_bytes
from familiar.vision.decoding.pictures import Picture, decode, decode_raw, prepare_decoders
from support.raws import write_raw

prepare_decoders()


def picture(width: int = 60, height: int = 40) -> Image.Image:
    """Dark above, bright below, red on the left: which way up it is can be seen."""
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[height // 2 :] = 200
    pixels[:, : width // 3, 0] = 255
    return Image.fromarray(pixels)


def encoded(image: Image.Image, name: str, **options: object) -> bytes:
    output = io.BytesIO()
    image.save(output, name, **options)
    return output.getvalue()


def decoded(data: bytes, at_least: int | None = None) -> Picture:
    return decode(data, max_megapixels=200, at_least=at_least)


@pytest.mark.parametrize(
    ("name", "side", "options", "more"),
    [("AVIF", 1200, {"speed": 10, "max_threads": 1}, 0), ("HEIF", 600, {}, 1)],  # libde265 has one, and waits for it
)
def test_a_picture_is_decoded_by_one_thread_as_there_is_a_worker_for_each_core(
    monkeypatch: pytest.MonkeyPatch, name: str, side: int, options: dict[str, int], more: int
) -> None:
    monkeypatch.setattr(pillow_heif.options, "GRID_TILE_SIZE", 150)
    noise = Image.fromarray(np.random.default_rng(1).integers(0, 255, (side, side, 3), np.uint8))
    data, threads, is_over = encoded(noise, name, **options), Path("/proc/self/task"), Event()
    most = [0]

    def count() -> None:
        while not is_over.is_set():
            most[0] = max(most[0], len(list(threads.iterdir())))

    counting = Thread(target=count)
    counting.start()
    before = len(list(threads.iterdir()))
    decoded(data)
    is_over.set()
    counting.join()
    assert most[0] - before <= more


@pytest.mark.parametrize("name", ["JPEG", "PNG", "WEBP", "TIFF", "GIF", "BMP", "HEIF", "AVIF"])
def test_each_format_is_decoded_to_rgb(name: str) -> None:
    found = decoded(encoded(picture(), name))
    assert found.format == name
    assert (found.width, found.height, found.image.mode, found.scale) == (60, 40, "RGB", 1)
    assert np.abs(np.asarray(found.image, int)[[5, 35], [50, 50]] - [[0] * 3, [200] * 3]).max() < 30


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "CMYK", "YCbCr", "I;16", "I", "F"])
def test_each_mode_is_brought_to_rgb_without_clipping(mode: str) -> None:
    if mode == "I;16":
        image = Image.fromarray(np.asarray(picture().convert("L"), np.uint16) * 257)
    elif mode == "I":
        image = Image.fromarray(np.asarray(picture().convert("L"), np.int32) * 257)
    else:
        image = picture().convert(mode)
    found = np.asarray(decoded(encoded(image, "TIFF")).image, int)
    assert found.shape == (40, 60, 3)
    assert found[5, 50].mean() < 60
    assert found[35, 50].mean() > 140


@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
def test_grey_of_fewer_bits_than_are_stored_is_as_bright_as_it_is_meant(bits: int) -> None:
    largest = 2**bits - 1
    grey = np.linspace(0, largest, 64 * 64).reshape(64, 64).astype(np.uint16)
    for name in ("TIFF", "PNG"):
        found = np.asarray(decoded(encoded(Image.fromarray(grey), name)).image, int)[..., 0]
        assert (found[0, 0], found[-1, -1]) == (0, 255)
        assert np.abs(found - grey * (255 / largest)).max() <= 1


def test_grey_whose_least_value_is_white_is_no_negative() -> None:
    grey = np.linspace(0, 4095, 64 * 64).reshape(64, 64).astype(np.uint16)
    found = decoded(encoded(Image.fromarray(grey), "TIFF", tiffinfo={262: 0})).image
    assert (found.getpixel((0, 0)), found.getpixel((63, 63))) == ((255, 255, 255), (0, 0, 0))


def test_what_is_transparent_is_white() -> None:
    image = Image.new("RGBA", (8, 8), (255, 0, 0, 0))
    assert decoded(encoded(image, "PNG")).image.getpixel((4, 4)) == (255, 255, 255)


def test_of_an_animated_picture_the_first_is_taken() -> None:
    first, second = Image.new("RGB", (9, 9), "red"), Image.new("RGB", (9, 9), "blue")
    data = encoded(first, "GIF", save_all=True, append_images=[second])
    assert decoded(data).image.getpixel((4, 4)) == pytest.approx((255, 0, 0), abs=3)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_picture_is_turned_upright(orientation: int) -> None:
    turns = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}  # the transposition that undoes the upright one
    image = picture(240, 160)
    stored = image.transpose(Image.Transpose(turns[orientation])) if orientation > 1 else image
    exif = Image.Exif()
    exif[0x0112] = orientation
    found = decoded(encoded(stored, "JPEG", quality=95, exif=exif))
    assert (found.width, found.height) == (240, 160) == found.image.size
    assert np.abs(np.asarray(found.image, int) - np.asarray(image, int)).mean() < 8


@pytest.mark.parametrize(
    ("text", "taken"),
    [
        ("2026:05:01 12:30:00", datetime(2026, 5, 1, 12, 30)),
        ("0000:00:00 00:00:00", None),
        ("0001:01:01 00:00:00", None),
        ("yesterday", None),
    ],
)
def test_the_time_is_read_if_it_makes_sense(text: str, taken: datetime | None) -> None:
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0x9003] = text
    assert decoded(encoded(picture(), "JPEG", exif=exif)).taken == taken


def test_a_photo_with_broken_exif_is_a_photo_all_the_same(shared_photos: Path) -> None:
    (path,) = shared_photos.rglob("exif-syntaxerror.jpg")
    found = decoded(path.read_bytes())
    assert found.width > 100
    assert (found.taken, found.taken_source) == (datetime(2015, 5, 27, 10, 42, 4), "xmp")


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_tiff_is_turned_upright_once(orientation: int) -> None:
    image = Image.new("L", (80, 40))
    image.paste(255, (60, 4, 76, 10))
    exif = Image.Exif()
    exif[0x0112] = orientation
    upright = []
    for name in ("TIFF", "PNG"):
        file = io.BytesIO()
        image.save(file, name, exif=exif)
        upright.append(decoded(file.getvalue()))
    assert upright[0].image.getbbox() == upright[1].image.getbbox()
    assert (upright[0].width, upright[0].height) == upright[0].image.size == upright[1].image.size


def test_a_large_jpeg_is_decoded_at_reduced_scale_and_keeps_its_own_measures() -> None:
    found = decoded(encoded(picture(4000, 3000), "JPEG"), at_least=900)
    assert (found.width, found.height) == (4000, 3000)
    assert found.image.size == (1000, 750)
    assert found.scale == 0.25


def test_of_an_mpo_the_first_picture_is_decoded_at_reduced_scale() -> None:
    data = encoded(picture(4000, 3000), "MPO", save_all=True, append_images=[picture(400, 300)])
    found = decoded(data, at_least=900)
    assert (found.format, found.width, found.height, found.image.size) == ("MPO", 4000, 3000, (1000, 750))
    assert found.again is not None
    assert found.again(4000).image.size == (4000, 3000)


def test_an_mpo_that_ends_in_its_second_picture_has_the_first_one() -> None:
    data = encoded(picture(), "MPO", save_all=True, append_images=[picture(400, 300)])
    found = decoded(data[:-500])
    assert (found.format, found.image.size, found.damage) == ("MPO", (60, 40), None)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "P", "I;16"])
def test_a_picture_of_more_pixels_than_are_used_is_reduced_in_each_format(mode: str) -> None:
    small = picture(100, 65)
    if mode == "I;16":
        image = Image.fromarray(np.asarray(small.convert("L"), np.uint16) * 257).resize(
            (9000, 5850), Image.Resampling.BOX
        )
    else:
        image = small.convert(mode).resize((9000, 5850), Image.Resampling.NEAREST)
    found = decoded(encoded(image, "PNG", compress_level=1), at_least=1000)
    assert (found.width, found.height, found.image.size, found.image.mode) == (9000, 5850, (1125, 732), "RGB")
    pixels = np.asarray(found.image, int)
    assert pixels[100, 1000].mean() < 60
    assert pixels[600, 1000].mean() > 140


def bomb() -> bytes:
    """A BMP of a few bytes that says it has 40,000 × 40,000 pixels."""
    header = struct.pack("<IiiHHIIiiII", 40, 40000, 40000, 1, 24, 0, 0, 0, 0, 0, 0)
    return b"BM" + struct.pack("<IHHI", 54, 0, 0, 54) + header


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "the file is empty"),
        (b"Dear Eileen,", "not a picture in a known format"),
        (bomb(), "40000 × 40000 is 1600 megapixels; the limit is 200"),
    ],
)
def test_anything_but_a_photo_is_set_aside_with_its_reason(data: bytes, reason: str) -> None:
    with pytest.raises(SetAsideError) as caught:
        decoded(data)
    assert str(caught.value) == reason


def test_a_file_that_can_not_be_read_now_is_told_from_one_that_is_gone(tmp_path: Path) -> None:
    with pytest.raises(GoneError):
        read_bytes(tmp_path / "missing.jpg")
    with pytest.raises(RetryError, match="can't be read: Is a directory"):
        read_bytes(tmp_path)


@pytest.mark.parametrize(("orientation", "turn"), [(1, 0), (3, 180), (6, 90), (8, 270)])
def test_of_a_raw_file_the_embedded_picture_is_shown_upright(
    tmp_path: Path, obama: Path, orientation: int, turn: int
) -> None:
    with Image.open(obama) as image:
        upright = image.convert("RGB")
    upright.rotate(turn, expand=True).save(tmp_path / "stored.png")
    raw = write_raw(tmp_path / "IMG_1.dng", tmp_path / "stored.png", orientation=orientation)
    found = decode_raw(raw.read_bytes(), max_megapixels=200)
    assert (found.format, found.width, found.height) == ("RAW", *upright.size)
    assert found.taken == datetime(2019, 7, 14, 10)
    assert np.abs(np.asarray(found.image, int) - np.asarray(upright, int)).mean() < 3


def test_an_invalid_raw_file_or_one_without_a_picture_is_set_aside(tmp_path: Path, obama: Path) -> None:
    data = write_raw(tmp_path / "IMG_1.dng", obama).read_bytes()
    for damaged in (b"", data[:1000], obama.read_bytes(), b"II*\0" + bytes(100)):
        with pytest.raises(
            SetAsideError, match="the file is empty|not a known RAW format|has no embedded picture"
        ) as refused:
            decode_raw(damaged, max_megapixels=200)
        assert "b'" not in str(refused.value)
