"""Make worse copies of photos, find the faces in them anew, and encode these, for `face_quality.py`.

    uv run python tests/benchmarks/encode_worse.py FOLDER WORSE.npz [COPIES] [PHOTOS]

FOLDER has a folder of photos for each person. Of each photo COPIES (2) copies are made: reduced until the face has 9 to
80 pixels, blurred, both, or cut off through the face, at random. PHOTOS are the most of a person (4); people with fewer
than three are left out. The person is the largest face of a photo, and in a copy the one at that place.

WORSE.npz has a row for each face that was found: `embedding` (SFace), the `length` that the network gave it, `dlib`,
`person`, `photo`, `kind` ("whole" or how it was made worse), `box`, `size`, `sharpness`, `score`, `landmarks`, and
`shape` (width and height of the photo).
"""

import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import platformdirs
from PIL import Image, ImageFilter

from familiar.model import Face
from familiar.settings import VisionSettings
from familiar.vision.decoding.pictures import Picture
from familiar.vision.engines.engine import Engine
from familiar.vision.engines.selection import load_engine

MODELS = platformdirs.user_cache_path("familiar") / "models"
COPIES, PHOTOS, FEWEST = 2, 4, 3
LEAST_OVERLAP = 0.25
"""Share of their union that a face of a copy has in common with where the face was."""

Corners = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """A worse copy of a photo, and where its face should be."""

    kind: str
    image: Image.Image
    box: Corners


def corners(face: Face) -> Corners:
    return face.box.left, face.box.top, face.box.right, face.box.bottom


def reduced(image: Image.Image, box: Corners, edge: float, kind: str = "reduced") -> Copy:
    ratio = edge / (box[2] - box[0])
    size = (max(8, round(image.width * ratio)), max(8, round(image.height * ratio)))
    left, top, right, bottom = (side * ratio for side in box)
    return Copy(kind=kind, image=image.resize(size, Image.Resampling.LANCZOS), box=(left, top, right, bottom))


def blurred(image: Image.Image, box: Corners, share: float) -> Copy:
    return Copy(kind="blurred", image=image.filter(ImageFilter.GaussianBlur((box[2] - box[0]) * share)), box=box)


def cut(image: Image.Image, box: Corners, share: float, side: int) -> Copy:
    """Cut a share of the face off at the left, the top, the right or the bottom."""
    edge = (box[2] - box[0], box[3] - box[1])[side % 2] * share
    frame = [0, 0, image.width, image.height]
    frame[side] = round(box[side] + edge if side < 2 else box[side] - edge)
    left, top, right, bottom = frame
    inside = (max(box[0], left), max(box[1], top), min(box[2], right), min(box[3], bottom))
    where = (inside[0] - left, inside[1] - top, inside[2] - left, inside[3] - top)
    return Copy(kind="cut", image=image.crop((left, top, right, bottom)), box=where)


def worse(image: Image.Image, box: Corners, random: np.random.Generator) -> Copy:
    def between(low: float, high: float) -> float:
        return float(np.exp(random.uniform(np.log(low), np.log(high))))

    match random.integers(4):
        case 0:
            return reduced(image, box, between(9, 72))
        case 1:
            return blurred(image, box, between(0.01, 0.14))
        case 2:
            return cut(image, box, float(random.uniform(0.1, 0.65)), int(random.integers(4)))
        case _:
            soft = blurred(image, box, between(0.01, 0.08)).image
            return reduced(soft, box, between(14, 80), kind="reduced and blurred")


def overlap(one: Corners, other: Corners) -> float:
    width, height = (min(one[at + 2], other[at + 2]) - max(one[at], other[at]) for at in (0, 1))
    if width <= 0 or height <= 0:
        return 0.0
    areas = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (one, other))
    return width * height / (areas - width * height)


def picture_of(image: Image.Image) -> Picture:
    return Picture(image=image, width=image.width, height=image.height, format="PNG", taken=None)


def row(path: Path, kind: str, picture: Picture, face: Face, sface: Engine, dlib: Engine) -> dict[str, Any]:
    (encoded,), (by_dlib,) = sface.encode([(picture, [face])]), dlib.encode([(picture, [face])])
    return {
        "embedding": encoded.embeddings[0],
        "length": encoded.lengths[0],
        "dlib": by_dlib.embeddings[0],
        "person": path.parent.name,
        "photo": f"{path.parent.name}/{path.name}",
        "kind": kind,
        "box": corners(face),
        "size": face.size,
        "sharpness": face.sharpness,
        "score": face.score,
        "landmarks": face.landmarks,
        "shape": (picture.width, picture.height),
    }


def photos_of(folder: Path, most: int) -> list[Path]:
    people = [sorted(path for path in person.iterdir() if path.is_file()) for person in sorted(folder.iterdir())]
    return [path for photos in people if len(photos) >= FEWEST for path in photos[:most]]


def main() -> None:
    folder, output = map(Path, sys.argv[1:3])
    copies, most = (int(sys.argv[at]) if len(sys.argv) > at else usual for at, usual in ((3, COPIES), (4, PHOTOS)))
    settings = (VisionSettings.model_validate({"model": name}) for name in ("sface", "dlib"))
    sface, dlib = (load_engine(chosen.options, MODELS)[0] for chosen in settings)
    random = np.random.default_rng(5)
    rows: list[dict[str, Any]] = []
    made, found = Counter[str](), Counter[str]()
    for path in photos_of(folder, most):
        with Image.open(path) as opened:
            image = opened.convert("RGB")
        (faces,) = sface.find([picture_of(image)])
        if not faces:
            continue
        face = max(faces, key=lambda one: one.size)
        rows.append(row(path, "whole", picture_of(image), face, sface, dlib))
        for copy in (worse(image, corners(face), random) for _ in range(copies)):
            made[copy.kind] += 1
            picture = picture_of(copy.image)
            overlaps = [(overlap(corners(one), copy.box), one) for one in sface.find([picture])[0]]
            share, best = max(overlaps, key=lambda pair: pair[0], default=(0.0, face))
            if share >= LEAST_OVERLAP:
                found[copy.kind] += 1
                rows.append(row(path, copy.kind, picture, best, sface, dlib))
    arrays: dict[str, Any] = {name: np.array([one[name] for one in rows]) for name in rows[0]}
    np.savez(output, **arrays)
    print(f"{len(rows)} faces; found in copies:", ", ".join(f"{kind} {found[kind]} of {made[kind]}" for kind in made))


if __name__ == "__main__":
    main()
