"""Pictures that a sidecar turns, with real faces, in worker processes."""

import hashlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageChops, ImageStat

from familiar.identity.regions import area_of, stored, stored_size, upright
from familiar.model import Area, Box, Crop, Face, Photo
from familiar.vision.decoding.pictures import turned_image
from familiar.vision.faces.turned import turned_along, turned_back
from familiar.vision.workers.tasks import EncodedFaces, EncodeTask
from support.pool import Pool

INVERSE = {6: 8, 8: 6}

sides = st.integers(0, 90)


def on_its_side(photo: Path, target: Path, turn: int) -> Path:
    """Store a photo so that this orientation makes it upright, without saying so."""
    with Image.open(photo) as image:
        turned_image(image.convert("RGB"), INVERSE.get(turn, turn)).save(target)
    return target


def seen(pool: Pool, path: Path, turn: int | None = None) -> Photo:
    return pool(lambda workers: workers.look(path, hash_of(path), turn=turn))


def hash_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def difference(one: bytes, other: bytes, folder: Path) -> float:
    (folder / "one.png").write_bytes(one)
    (folder / "other.png").write_bytes(other)
    with Image.open(folder / "one.png") as left, Image.open(folder / "other.png") as right:
        assert left.size == right.size
        return float(max(ImageStat.Stat(ImageChops.difference(left, right)).mean))


@given(left=sides, top=sides, turn=st.integers(1, 8), size=st.tuples(st.integers(100, 999), st.integers(100, 999)))
def test_a_face_that_is_turned_along_and_back_is_where_it_was(
    left: int, top: int, turn: int, size: tuple[int, int]
) -> None:
    face = Face(
        box=Box(left=left, top=top, right=left + 10, bottom=top + 7),
        landmarks=((left, top), (left + 3, top + 5)),
        embedding=np.zeros(4, np.float32),
        size=10,
        sharpness=1.0,
        engine="test",
    )
    along = turned_along(face, turn, size)
    back = turned_back(along, turn, stored_size(*size, turn))
    assert (back.box, back.landmarks) == (face.box, face.landmarks)
    area, aim = area_of(along.box, *stored_size(*size, turn)), upright(area_of(face.box, *size), turn)
    assert (area.x, area.y) == pytest.approx((aim.x, aim.y), abs=0.01)


@pytest.mark.parametrize("turn", [2, 3, 6, 7, 8])
def test_a_face_in_a_turned_photo_is_found_encoded_and_cut_out_as_in_the_upright_one(
    pool: Pool, astronaut: Path, tmp_path: Path, turn: int
) -> None:
    plain = on_its_side(astronaut, tmp_path / "plain.png", 1)
    aside = on_its_side(astronaut, tmp_path / "aside.png", turn)
    upright_photo, photo = seen(pool, plain), seen(pool, aside, turn)
    (face,), (found,) = upright_photo.faces, photo.faces
    assert photo.turn == turn
    with Image.open(aside) as image:
        assert (photo.width, photo.height) == image.size
    assert float(np.linalg.norm(found.embedding - face.embedding)) < 0.01
    area = area_of(found.box, photo.width, photo.height)
    aim = stored(area_of(face.box, upright_photo.width, upright_photo.height), turn)
    assert (area.x, area.y) == pytest.approx((aim.x, aim.y), abs=0.01)

    task = EncodeTask(path=aside, hash=hash_of(aside), faces=(found,), turn=turn)
    (encoded,) = pool(lambda workers: workers.encode([task]))
    assert isinstance(encoded, EncodedFaces)
    assert float(np.linalg.norm(encoded.embeddings[0] - face.embedding)) < 0.05
    assert encoded.qualities[0] == pytest.approx(face.quality, abs=0.05)

    for shape in ({}, {"landmarks": True}):

        def cut(path: Path, one: Face, turn: int | None, shape: dict[str, bool] = shape) -> bytes:
            landmarks = one.landmarks if shape else ()
            wish = Crop(
                target=Path("/a.png"), rule="r", box=one.box, margin=0.4, size=64, landmarks=landmarks, turn=turn
            )
            return pool(lambda workers: workers.crop(path, hash_of(path), wish))

        assert difference(cut(plain, face, None), cut(aside, found, turn), tmp_path) < 6


def test_a_place_in_a_picture_without_a_turn_stays(tmp_path: Path) -> None:
    crop = Crop(target=tmp_path, rule="r", box=Box(left=1, top=2, right=3, bottom=4), margin=0, size=None)
    assert turned_along(crop, None, (9, 9)) is crop
    assert turned_back(crop, None, (9, 9)) is crop
    assert upright(Area(x=0.1, y=0.2, width=0, height=0), 1) == Area(x=0.1, y=0.2, width=0, height=0)
