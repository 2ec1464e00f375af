"""Make faces that are hardly one out of good ones, and encode them, for `clustering.py --junk`.

    uv run python tests/benchmarks/encode_junk.py FOLDER FACES.npz JUNK.npz [COUNT]

FACES.npz is what `encode_people.py` writes of FOLDER. One face in three is blurred until its features are gone, one is
reduced to a few pixels, and of one only a half is left, as at the border of a photo. They are encoded where the face
was found. JUNK.npz has the arrays `embedding` (SFace), `dlib` and `person`.
"""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import platformdirs
from PIL import Image, ImageDraw, ImageFilter

from familiar.embedding_models import DLIB, SFACE
from familiar.model import Box, Face
from familiar.settings import VisionSettings
from familiar.vision.decoding.pictures import Picture
from familiar.vision.engines.selection import load_engine

MODELS = platformdirs.user_cache_path("familiar") / "models"
COUNT = 400
SMALLEST = 9
"""Edge in pixels that a face is reduced to."""


def blurred(image: Image.Image, box: Box) -> Image.Image:
    return image.filter(ImageFilter.GaussianBlur(box.width / 10))


def tiny(image: Image.Image, box: Box) -> Image.Image:
    ratio = SMALLEST / box.width
    small = image.resize((max(1, round(image.width * ratio)), max(1, round(image.height * ratio))))
    return small.resize(image.size, Image.Resampling.BICUBIC)


def halved(image: Image.Image, box: Box) -> Image.Image:
    cut = image.copy()
    middle = (box.left + box.right) // 2
    ImageDraw.Draw(cut).rectangle((middle, 0, image.width, image.height), fill=(0, 0, 0))
    return cut


DEGRADED: tuple[Callable[[Image.Image, Box], Image.Image], ...] = (blurred, tiny, halved)


def face_of(data: Any, row: int) -> Face:
    left, top, right, bottom = (int(side) for side in data["box"][row])
    return Face(
        box=Box(left=left, top=top, right=right, bottom=bottom),
        landmarks=tuple((int(x), int(y)) for x, y in data["landmarks"][row]),
        embedding=data["embedding"][row],
        size=int(data["size"][row]),
        sharpness=float(data["sharpness"][row]),
        engine=SFACE.id,
    )


def main() -> None:
    folder, faces, output = map(Path, sys.argv[1:4])
    count = int(sys.argv[4]) if len(sys.argv) > 4 else COUNT
    data = np.load(faces)
    engines = {
        name: load_engine(VisionSettings.model_validate({"model": model.name}).options, MODELS)[0]
        for name, model in (("embedding", SFACE), ("dlib", DLIB))
    }
    rows = np.random.default_rng(1).permutation(len(data["person"]))[:count]
    found: dict[str, list[Any]] = {name: [] for name in engines}
    for number, row in enumerate(rows):
        face = face_of(data, int(row))
        image = DEGRADED[number % len(DEGRADED)](Image.open(folder / str(data["photo"][row])).convert("RGB"), face.box)
        picture = Picture(image=image, width=image.width, height=image.height, format="PNG", taken=None)
        for name, engine in engines.items():
            found[name].append(engine.encode([(picture, [face])])[0].embeddings[0])
    np.savez(output, person=data["person"][rows], embedding=np.stack(found["embedding"]), dlib=np.stack(found["dlib"]))


if __name__ == "__main__":
    main()
