"""Measure detectors: true faces found, false alarms, processor time, by preset and scale.

    uv run python tests/benchmarks/detection.py ../shared/photos [--most N] [--only DETECTOR]

The folder has `groups` with a table of the truth as in `tests/support/ground_truth.py`, `people`, `lfw`, where the
named face is in the middle, and `dense`, where each photo has one, of which every few photos are taken. Pictures
without a face are those of scikit-image, and noise. A face is found if a box holds its point; what is left over in
`groups` is extra. Photos are decoded as the daemon does; the time is that of decoding and detection, without encoding.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter

from familiar.model import Box
from familiar.settings import VisionSettings
from familiar.vision.decoding.pictures import Picture, decode, prepare_decoders
from familiar.vision.engines.engine import Detection, Detector
from familiar.vision.engines.selection import load_detector

sys.path.insert(0, str(Path(__file__).parents[1]))

from support.ground_truth import compare, read_truth

DECODED = 1000
"""As `familiar.vision.workers.tasks` decodes."""

SETTINGS: tuple[Mapping[str, object], ...] = (
    *({"detector": "yunet", "preset": preset} for preset in ("fast", "balanced", "thorough")),
    *({"detector": "yunet", "max_size": size} for size in (960, 1280)),
    {"detector": "yunet", "upsample": 1},
    *({"detector": "mtcnn", "preset": preset} for preset in ("fast", "balanced", "thorough")),
    {"detector": "hog", "preset": "balanced"},
    {"detector": "cnn", "preset": "fast"},
)

WITHOUT_FACES = (
    *("brick", "cell", "chelsea", "clock", "coffee", "coins", "colorwheel", "grass", "gravel", "hubble_deep_field"),
    *("immunohistochemistry", "logo", "moon", "page", "retina", "rocket", "text"),
)
"""Pictures of scikit-image; of `camera`, `astronaut` and `stereo_motorcycle`, two show people."""


class Measurement:
    """A detector with what it has taken so far."""

    def __init__(self, detector: Detector, settings: VisionSettings) -> None:
        self._detector = detector
        self._at_least = max(settings.max_size, DECODED)
        self._seconds = 0.0
        self._photos = 0

    def boxes(self, path: Path) -> list[Box]:
        """Return the faces in a photo, in its own pixels."""
        begin = time.process_time()
        picture = decode(path.read_bytes(), max_megapixels=200, at_least=self._at_least)
        found = self.faces(picture.image)
        self._seconds += time.process_time() - begin
        self._photos += 1
        return [_box(face, picture) for face in found]

    def faces(self, image: Image.Image) -> list[Detection]:
        """Return the faces in a picture."""
        return self._detector.detect([image])[0]

    def milliseconds(self) -> float:
        """Return the mean time a photo since it was asked for the last time."""
        mean = 1000 * self._seconds / max(self._photos, 1)
        self._seconds, self._photos = 0.0, 0
        return mean


def _box(face: Detection, picture: Picture) -> Box:
    left, top, right, bottom = (round(side / picture.scale) for side in face.box)
    return Box(left=left, top=top, right=right + 1, bottom=bottom + 1)


def pictures_without_faces() -> list[Image.Image]:
    from skimage import data

    pictures = [Image.fromarray(getattr(data, name)()).convert("RGB") for name in WITHOUT_FACES]
    random = np.random.default_rng(0)
    for radius in (0, 1, 2, 4, 8, 16, 32):
        for size in ((240, 320), (768, 1024), (1500, 2000)):
            noise = Image.fromarray(random.integers(0, 256, (*size, 3), np.uint8)).filter(
                ImageFilter.GaussianBlur(radius)
            )
            pictures.append(noise)
    return pictures


def row(measurement: Measurement, photos: Path, most: int) -> list[str]:
    """Measure on all photos; return the cells of the table."""
    truth = read_truth(photos / "groups" / "truth.csv")
    judged = [compare(measurement.boxes(path), points) for path, points in truth.items()]
    groups = [
        str(sum(hit for hit, _ in judged)),
        str(sum(over for _, over in judged)),
        f"{measurement.milliseconds():.0f}",
    ]
    people = [measurement.boxes(path) for path in sorted((photos / "people").glob("*/*"))]
    faces = [str(sum(map(len, people))), f"{measurement.milliseconds():.0f}"]
    middle = count(photos / "lfw", most, lambda path: holds(measurement.boxes(path), Image.open(path).size))
    named = count(photos / "dense", most, lambda path: bool(measurement.boxes(path)))
    false = sum(len(measurement.faces(picture)) for picture in pictures_without_faces())
    return [*groups, *faces, middle, named, str(false)]


def count(folder: Path, most: int, is_found: Callable[[Path], bool]) -> str:
    paths = sorted(folder.glob("*/*"))
    chosen = paths[:: max(1, len(paths) // most)]
    return f"{sum(map(is_found, chosen))} of {len(chosen)}"


def holds(boxes: Sequence[Box], size: tuple[int, int]) -> bool:
    x, y = size[0] / 2, size[1] / 2
    return any(box.left <= x < box.right and box.top <= y < box.bottom for box in boxes)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", type=Path)
    parser.add_argument("--most", type=int, default=400, help="photos of lfw, and of dense")
    parser.add_argument("--only", help="measure one detector")
    options = parser.parse_args()
    prepare_decoders()
    heads = ("detector", "upsample", "max_size", "groups", "extra", "ms", "people", "ms", "lfw", "dense", "false")
    print(f"| {' | '.join(heads)} |\n|{' --- |' * len(heads)}")
    with tempfile.TemporaryDirectory() as models:
        for chosen in SETTINGS:
            if options.only in {None, chosen["detector"]}:
                settings = VisionSettings.model_validate(chosen)
                measurement = Measurement(load_detector(settings.options, Path(models)), settings)
                cells = row(measurement, options.photos, options.most)
                scale = (settings.detector, str(settings.upsample), str(settings.max_size))
                print(f"| {' | '.join((*scale, *cells))} |", flush=True)


if __name__ == "__main__":
    main()
