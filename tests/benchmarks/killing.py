"""Kill a scan at random moments, again and again, and compare what it leaves with an undisturbed run.

    uv run python tests/benchmarks/killing.py [--kills 200] [--photos 100]

Uses the shared photos; the rules copy, crop and move. Prints how far the kills came, and whether both trees are the
same, byte for byte.
"""

import argparse
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.killing_household import add_people, household_with, kill, shared_faces
from support.household import Household, command


def prepare(base: Path, faces: Path, count: int) -> Household:
    household = household_with(base, sorted(faces.glob("*/*.jpg"))[:count], {})
    out = household.out
    household.rule(
        {"name": "album", "when": {"person": "any"}, "then": [{"copy": f"{out}/people/{{person}}/"}]},
        {"name": "faces", "when": {"face": {"min_size": 1}}, "then": [{"crop": {"to": f"{out}/faces/", "size": 64}}]},
        {"name": "tidy", "then": [{"move": f"{out}/done/"}]},
    )
    add_people(household, faces)
    return household


def disturb(household: Household, kills: int) -> int:
    """Kill a scan so many times; return how many of the kills found it at work.

    Half of the moments are spread over start and first photos, the other half are within the first operations.
    """
    moments, at_work = random.Random(5), 0
    for number in range(kills):
        process = subprocess.Popen(
            command("scan", "--log-format", "json", "--log-level", "info"),
            env=household.whole_environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        assert process.stderr is not None
        if number % 2:
            time.sleep(moments.uniform(0.3, 2.5))
        else:
            for line in process.stderr:
                if b'"plan.made"' in line or b'"operation.' in line:
                    break
            time.sleep(moments.uniform(0, 0.03))
        at_work += kill(process)
        process.stderr.close()
    return at_work


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--photos", type=int, default=100)
    wanted = parser.parse_args()
    faces = shared_faces()
    base = Path(tempfile.mkdtemp(prefix="familiar-killing-"))
    try:
        calm = prepare(base / "calm", faces, wanted.photos)
        calm.scan()
        disturbed = prepare(base / "disturbed", faces, wanted.photos)
        at_work = disturb(disturbed, wanted.kills)
        left = len(list(disturbed.inbox.rglob("*.jpg")))
        disturbed.scan()
        one, other = calm.tree(), disturbed.tree()
        different = sorted(name for name in one.keys() | other.keys() if one.get(name) != other.get(name))
        rests = list(disturbed.base.rglob(".familiar-*"))
        print(f"{wanted.kills} kills, {at_work} of them at work; {left} photos were left to the last run")
        print(
            f"files: {len(one)} and {len(other)}; different: {different or 'none'}; temporary files: {rests or 'none'}"
        )
    finally:
        shutil.rmtree(base)


if __name__ == "__main__":
    main()
