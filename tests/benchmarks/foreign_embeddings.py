"""Measure how far embeddings of the face_recognition library are from familiar's, and how well they do as references.

    uv run python tests/benchmarks/foreign_embeddings.py FOLDER

The folder has one folder of photos a person. Of the first people with enough photos some are taken, and of those
the photos in which both find one face.
"""

import asyncio
import sys
import warnings
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import platformdirs

warnings.simplefilter("ignore")  # the library's own
import face_recognition  # noqa: E402

from familiar.embedding_models import DLIB  # noqa: E402
from familiar.errors import SetAsideError  # noqa: E402
from familiar.identity.gallery import Gallery  # noqa: E402
from familiar.identity.matching import match  # noqa: E402
from familiar.identity.people import KnownPerson  # noqa: E402
from familiar.model import Photo  # noqa: E402
from familiar.settings import MatchingSettings, VisionSettings  # noqa: E402
from familiar.vision.workers.local import LocalWorkers  # noqa: E402

PEOPLE, PHOTOS, REGISTERED, RUNS = 25, 6, 15, 20
OURS = {
    "familiar's": VisionSettings(),
    "without the mirror image": VisionSettings(mirror=False),
    "and by HOG": VisionSettings(mirror=False, detector="hog"),
}

Array: TypeAlias = npt.NDArray[Any]


async def look(paths: list[Path], settings: VisionSettings) -> list[Photo | None]:
    models = platformdirs.user_cache_path("familiar") / "models"
    async with LocalWorkers(models=models, settings=settings) as workers:

        async def see(path: Path) -> Photo | None:
            try:
                return await workers.look(path, await workers.fingerprint(path))
            except SetAsideError:
                return None

        return list(await asyncio.gather(*map(see, paths)))


def measure(folder: Path) -> tuple[Array, Array, dict[str, Array]]:
    """Return who is in each photo, the embeddings of face_recognition, and those of familiar by each setting."""
    people = [each for each in sorted(folder.iterdir()) if len(list(each.iterdir())) >= PHOTOS][:PEOPLE]
    paths = [path for each in people for path in sorted(each.iterdir())[:PHOTOS]]
    ours = {name: asyncio.run(look(paths, settings)) for name, settings in OURS.items()}
    names, theirs = [], []
    found: dict[str, list[Array]] = {name: [] for name in OURS}
    for number, path in enumerate(paths):
        encoded = face_recognition.face_encodings(face_recognition.load_image_file(str(path)))
        faces = {name: (photos[number] or _NOTHING).faces for name, photos in ours.items()}
        if len(encoded) == 1 and all(len(own) == 1 for own in faces.values()):
            names.append(path.parent.name)
            theirs.append(encoded[0])
            for name, own in faces.items():
                found[name].append(own[0].embedding)
    return np.array(names), np.stack(theirs), {name: np.stack(own) for name, own in found.items()}


def missed(names: Array, references: Array, faces: Array, count: int) -> tuple[float, int]:
    """Return the share of faces of registered people that do not match them, and how many others match somebody."""
    known = wrong = strangers = 0
    for seed in range(RUNS):
        random = np.random.default_rng(seed)
        registered = random.permutation(np.unique(names))[:REGISTERED]
        chosen = {name: random.choice(np.flatnonzero(names == name), count, replace=False) for name in registered}
        gallery = Gallery.of(
            [
                KnownPerson(name=name, threshold=None, references=references[rows].astype(np.float32))
                for name, rows in chosen.items()
            ],
            DLIB.calibration,
        )
        others = np.setdiff1d(np.arange(len(names)), np.concatenate(list(chosen.values())))
        for row, found in zip(
            others, match(faces[others].astype(np.float32), gallery, MatchingSettings()), strict=True
        ):
            person = found.person if found is not None and found.accepted else None
            known += names[row] in registered
            wrong += names[row] in registered and person != names[row]
            strangers += names[row] not in registered and person is not None
    return wrong / known, strangers


_NOTHING = Photo(hash="", format="", width=0, height=0, taken=None, engine="")


def main() -> None:
    names, theirs, ours = measure(Path(sys.argv[1]))
    print(f"{len(names)} photos of {len(np.unique(names))} people\n")
    print("| distance of face_recognition's from | median | largest |\n| --- | --- | --- |")
    for name, own in ours.items():
        apart = np.linalg.norm(theirs - own, axis=1)
        print(f"| {name} | {np.median(apart):.3f} | {apart.max():.3f} |")
    faces = ours["familiar's"]
    print("\n| references | missed with familiar's (strangers) | with face_recognition's |\n| --- | --- | --- |")
    for count in (1, 3, 4):
        cells = [f"{100 * share:.1f} % ({others})" for share, others in (
            missed(names, faces, faces, count), missed(names, theirs, faces, count)
        )]  # fmt: skip
        print(f"| {count} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
