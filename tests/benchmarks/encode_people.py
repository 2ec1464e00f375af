"""Encode a folder with one folder of photos a person, for `matching_quality.py` and others.

    uv run python tests/benchmarks/encode_people.py ../shared/photos/lfw lfw.npz [MODEL]

MODEL is sface, dlib (the default) or dlib-plain. The person is the face nearest to the centre of each photo; photos
without a face are counted. The archive has a row for each face: `embedding` on familiar's scale, `length` that the
network gave it, `person`, `photo` (its path in the folder), `box` (left, top, right, bottom), `size`, `sharpness`,
`landmarks` (5 points), and `dlib`, the embedding of dlib's network with the mirror image, of the same face.
"""

import asyncio
import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import platformdirs

from familiar.errors import FamiliarError, SetAsideError
from familiar.model import Embedding, Face, Photo
from familiar.settings import VisionSettings
from familiar.vision.workers.local import LocalWorkers
from familiar.vision.workers.tasks import EncodeTask

MODELS = platformdirs.user_cache_path("familiar") / "models"


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoded:
    """The central face of a photo, and its embedding by dlib's network."""

    path: Path
    face: Face
    dlib: Embedding


def central(photo: Photo) -> Face | None:
    def from_centre(face: Face) -> float:
        x, y = (face.box.left + face.box.right) / 2, (face.box.top + face.box.bottom) / 2
        return math.hypot(x - photo.width / 2, y - photo.height / 2)

    return min(photo.faces, key=from_centre, default=None)


def settings_of(model: str) -> VisionSettings:
    return VisionSettings.model_validate({"model": model.removesuffix("-plain"), "mirror": model != "dlib-plain"})


async def encode(paths: Sequence[Path], model: str) -> list[Encoded]:
    """Look at photos, and encode the same faces by dlib's network, too."""
    async with (
        LocalWorkers(models=MODELS, settings=settings_of(model)) as workers,
        LocalWorkers(models=MODELS, settings=settings_of("dlib")) as others,
    ):
        slots = asyncio.Semaphore(2 * workers.count)

        async def see(path: Path) -> Encoded | None:
            async with slots:
                try:
                    hash_ = await workers.fingerprint(path)
                    face = central(await workers.look(path, hash_))
                except SetAsideError:
                    return None
                if face is None:
                    return None
                (by_dlib,) = await others.encode([EncodeTask(path=path, hash=hash_, faces=[face])])
                if isinstance(by_dlib, FamiliarError):
                    return None
                return Encoded(path=path, face=face, dlib=by_dlib.embeddings[0])

        return [found for found in await asyncio.gather(*map(see, paths)) if found]


def lengths(found: Sequence[Encoded], model: str) -> npt.NDArray[np.float32]:
    """Return the lengths that the network gives the embeddings, which the product does not keep."""
    from familiar.vision.decoding.pictures import decode
    from familiar.vision.engines.selection import load_engine

    engine, _ = load_engine(settings_of(model).options, MODELS)

    def length(one: Encoded) -> float:
        picture = decode(one.path.read_bytes(), max_megapixels=200, at_least=2000)
        return float(engine.encode([(picture, [one.face])])[0].lengths[0])

    return np.array([length(one) for one in found], np.float32)


def main() -> None:
    folder, output = map(Path, sys.argv[1:3])
    model = sys.argv[3] if len(sys.argv) > 3 else "dlib"
    paths = sorted(path for path in folder.glob("*/*") if path.is_file())
    found = asyncio.run(encode(paths, model))
    faces = [one.face for one in found]
    np.savez(
        output,
        embedding=np.stack([face.embedding for face in faces]),
        length=lengths(found, model),
        person=np.array([one.path.parent.name for one in found]),
        photo=np.array([str(one.path.relative_to(folder)) for one in found]),
        box=np.array([(face.box.left, face.box.top, face.box.right, face.box.bottom) for face in faces]),
        size=np.array([face.size for face in faces]),
        sharpness=np.array([face.sharpness for face in faces]),
        landmarks=np.array([face.landmarks for face in faces]),
        dlib=np.stack([one.dlib for one in found]),
    )
    print(f"{len(paths)} photos, {len(found)} with a face, {len({one.path.parent for one in found})} people")


if __name__ == "__main__":
    main()
