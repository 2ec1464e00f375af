"""How well `familiar models measure` finds the length of SFace, on photos composed of faces of a data set.

    uv run python tests/benchmarks/measured_lengths.py FILE

FILE is what encode_people.py writes. Each photo shows three people; printed are the middle 95 of 100 deviations from
the right length, and how often the interval contains that.
"""

import argparse

import numpy as np

from familiar.embedding_models import SFACE
from familiar.identity.scale import measured_length, strangers

_SETS, _TOGETHER = 100, 3
_CASES = ((1360, 1000), (1360, 2000), (60, 2000), (20, 1000), (20, 4000))
"""How many people there are, and how many pairs of faces."""


def main() -> None:
    """Print a line for each case, without and with one person twice in 1 of 100 pairs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file")
    data = np.load(parser.parse_args().file, allow_pickle=True)
    random, right = np.random.default_rng(3), SFACE.length
    assert right is not None
    faces = {person: np.flatnonzero(data["person"] == person) for person in np.unique(data["person"])}
    for people, pairs in _CASES:
        for twice in (0.0, 0.01):
            lengths, within = [], 0
            for _ in range(_SETS):
                pool = random.permutation([one for one in faces if people > 1000 or len(faces[one]) > 2])[:people]
                shown = [random.choice(pool, _TOGETHER, replace=False) for _ in range(pairs // _TOGETHER)]
                chosen = [random.choice(faces[person]) for photo in shown for person in photo]
                photos = np.repeat(np.arange(len(shown)), _TOGETHER)
                cosines = strangers(photos, data["embedding"][chosen])
                for one in cosines:
                    same = random.random(len(one)) < twice
                    one[same] = random.normal(0.6, 0.12, same.sum())
                found = measured_length(cosines)
                assert found.length is not None
                assert found.low is not None
                assert found.high is not None
                lengths.append(100 * (found.length / right - 1))
                within += found.low <= right <= found.high
            low, high = np.quantile(lengths, [0.025, 0.975])
            print(f"{people} people, {pairs} pairs, twice {twice}: {low:+.1f} to {high:+.1f} %, within {within} of 100")


if __name__ == "__main__":
    main()
