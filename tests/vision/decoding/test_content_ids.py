"""The identifiers of live photos, from real files."""

import io
from pathlib import Path

import pillow_heif
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from familiar.vision.decoding.content_ids import still_identifier
from familiar.vision.decoding.pictures import decode, prepare_decoders
from familiar.vision.decoding.videos import open_video
from support.live_photos import exif_of, maker_note, write_clip, write_still

IDENTIFIER = "F0B8BB4B-8C4A-4C7B-8D5A-6D2F6C1B2A31"


def with_note(note: object) -> Image.Exif:
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0x927C] = note
    return exif


def test_a_still_and_its_clip_say_which_live_photo_they_are_of(tmp_path: Path) -> None:
    still = write_still(tmp_path / "IMG_1.jpg", identifier=IDENTIFIER)
    assert decode(still.read_bytes(), max_megapixels=1).content_id == IDENTIFIER
    clip = write_clip(tmp_path / "IMG_1.mov", None, identifier=IDENTIFIER)
    with clip.open("rb") as file, open_video(file, max_megapixels=1) as video:
        assert video.content_id == IDENTIFIER


def test_a_heic_file_says_it_too() -> None:
    prepare_decoders()
    coded = io.BytesIO()
    pillow_heif.from_pillow(Image.new("RGB", (64, 64))).save(coded, exif=exif_of(identifier=IDENTIFIER).tobytes())
    assert decode(coded.getvalue(), max_megapixels=1).content_id == IDENTIFIER


def test_others_have_none(tmp_path: Path) -> None:
    assert decode(write_still(tmp_path / "a.jpg").read_bytes(), max_megapixels=1).content_id is None
    with write_clip(tmp_path / "a.mov", None).open("rb") as file, open_video(file, max_megapixels=1) as video:
        assert video.content_id is None


@pytest.mark.parametrize("order", [">", "<"])
def test_a_maker_note_is_read_in_either_order_of_bytes(order: str) -> None:
    assert still_identifier(with_note(maker_note(IDENTIFIER, order=order))) == IDENTIFIER


def test_a_note_that_was_cut_off_has_none() -> None:
    note = maker_note(IDENTIFIER)
    assert {still_identifier(with_note(note[:length])) for length in range(len(note))} == {None}


@given(tail=st.binary(max_size=80))
def test_whatever_follows_the_head_of_a_note_harms_nothing(tail: bytes) -> None:
    found = still_identifier(with_note(b"Apple iOS\0\0\x01MM" + tail))
    assert found is None or found.isascii()
