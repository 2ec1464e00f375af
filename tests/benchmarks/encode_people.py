"""Encode a folder with one folder of photos a person, for `matching_quality.py`.

    uv run python tests/benchmarks/encode_people.py ../shared/photos/lfw lfw.npz

The person is the face nearest to the centre of each photo; photos without a face are counted.
"""

import asyncio
import math
import sys
from pathlib import Path

import numpy as np
import platformdirs

from familiar.errors import SetAsideError
from familiar.model import Face, Photo
from familiar.settings import VisionSettings
from familiar.vision.workers.pool import Workers


def central(photo: Photo) -> Face | None:
    def from_centre(face: Face) -> float:
        x, y = (face.box.left + face.box.right) / 2, (face.box.top + face.box.bottom) / 2
        return math.hypot(x - photo.width / 2, y - photo.height / 2)

    return min(photo.faces, key=from_centre, default=None)


async def encode(paths: list[Path]) -> list[Face | None]:
    async with Workers(
        models=platformdirs.user_cache_path("familiar") / "models", settings=VisionSettings()
    ) as workers:
        slots = asyncio.Semaphore(2 * workers.count)

        async def see(path: Path) -> Face | None:
            async with slots:
                try:
                    return central(await workers.look(path, await workers.fingerprint(path)))
                except SetAsideError:
                    return None

        return list(await asyncio.gather(*map(see, paths)))


def main() -> None:
    folder, output = map(Path, sys.argv[1:])
    paths = sorted(path for path in folder.glob("*/*") if path.is_file())
    found = [(face, path.parent.name) for face, path in zip(asyncio.run(encode(paths)), paths, strict=True) if face]
    np.savez(
        output, embedding=np.stack([face.embedding for face, _ in found]), person=np.array([name for _, name in found])
    )
    print(f"{len(paths)} photos, {len(found)} with a face, {len({name for _, name in found})} people")


if __name__ == "__main__":
    main()
