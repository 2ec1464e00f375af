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

from benchmarks.clustering import enlarged, load
from familiar.embedding_models import SFACE
from familiar.identity.gallery import Gallery
from familiar.identity.matching import match
from familiar.identity.people import KnownPerson
from familiar.model import Embeddings
from familiar.settings import MatchingSettings

SETUPS = ((100_000, 100, 5), (1_000, 1_000, 100))
"""Faces, people, and references of each."""


def gallery_of(references: Embeddings, people: int, each: int) -> Gallery:
    known = [
        KnownPerson(name=f"{number:05}", threshold=None, references=references[number * each : (number + 1) * each])
        for number in range(people)
    ]
    return Gallery.of(known, SFACE.calibration)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("faces", nargs="+", type=Path)
    embeddings, people = load(parser.parse_args().faces, SFACE)
    embeddings = embeddings[np.argsort(people, kind="stable")]  # references of one person stand together
    for faces, count, each in SETUPS:
        whole = enlarged(embeddings, max(faces, count * each))
        gallery = gallery_of(whole[: count * each], count, each)
        match(whole[:10], gallery, MatchingSettings())  # libraries are loaded
        began = time.process_time()
        match(whole[-faces:], gallery, MatchingSettings())
        seconds = time.process_time() - began
        print(f"{faces:,} faces, {count * each:,} references of {count:,} people: {seconds:.1f} processor seconds")


if __name__ == "__main__":
    main()
