"""How long it takes to match many faces with many references, in processor seconds.

    uv run python tests/benchmarks/matching_speed.py FACES.npz...

FACES.npz is what `encode_people.py` writes for SFace. Where there are fewer faces than needed, copies of them are
turned to other places of the space. Photos, store and log are not in it.
"""

import argparse
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.clustering import Labels, enlarged, load
from familiar.embedding_models import SFACE
from familiar.identity.gallery import Gallery
from familiar.identity.matching import match
from familiar.identity.people import KnownPerson
from familiar.model import Embeddings
from familiar.settings import MatchingSettings

SETUPS = ((100_000, 100, 5), (1_000, 1_000, 100))
"""Faces, people, and references of each."""

_PHOTOS = 5


def gallery_of(embeddings: Embeddings, person: Labels, people: int, each: int) -> Gallery:
    """Return people with references of one person each, of whom at least five photos are there.

    Where there are fewer people than needed, the same ones are turned to other places of the space.
    """
    generator = np.random.default_rng(1)
    names = [name for name, count in zip(*np.unique(person, return_counts=True), strict=True) if count >= _PHOTOS]
    chosen = np.isin(person, names)
    whole, _ = enlarged(embeddings[chosen], person[chosen], -(-people // len(names)) * int(chosen.sum()))
    known = []
    for start in range(0, len(whole), int(chosen.sum())):
        for name in names:
            own = start + np.flatnonzero(person[chosen] == name)
            picked = generator.choice(own, each, replace=len(own) < each)
            known.append(KnownPerson(name=f"{start} {name}", threshold=None, references=whole[picked]))
    return Gallery.of(known[:people], SFACE.calibration)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("faces", nargs="+", type=Path)
    embeddings, person = load(parser.parse_args().faces, SFACE)
    for faces, people, each in SETUPS:
        gallery, (whole, _) = gallery_of(embeddings, person, people, each), enlarged(embeddings, person, faces)
        match(whole[:10], gallery, MatchingSettings())  # libraries are loaded
        began = time.process_time()
        match(whole[:faces], gallery, MatchingSettings())
        seconds = time.process_time() - began
        print(f"{faces:,} faces, {people * each:,} references of {people:,} people: {seconds:.1f} processor seconds")


if __name__ == "__main__":
    main()
