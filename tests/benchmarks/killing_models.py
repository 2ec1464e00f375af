"""Kill changes of the model at random moments, again and again, and compare what is left with an undisturbed change.

    uv run python tests/benchmarks/killing_models.py [--kills 50] [--photos 400]

Uses the shared photos. A killed change goes on to the same model or, now and then, to another one; the last one ends
with SFace. Prints how far the kills came, and whether faces, references, matches and clusters are the same.
"""

import argparse
import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.killing_household import add_people, household_with, kill, shared_faces
from familiar.embedding_models import DLIB
from familiar.store.store import STORE_NAME
from support.household import Household, command

TABLES = {
    "faces": "SELECT id, photo_id, engine, embedding FROM faces ORDER BY id",
    "references": "SELECT id, person_id, face_id, engine, embedding FROM face_references ORDER BY id",
    "matches": "SELECT face_id, person_id, round(distance, 4), ambiguous, accepted FROM matches ORDER BY face_id",
    "clusters": "SELECT face_id, cluster_id FROM cluster_faces ORDER BY face_id",
    "kept": f"SELECT face_id, embedding FROM face_embeddings WHERE model = '{DLIB.id}' ORDER BY face_id",  # noqa: S608
}


def rows(household: Household, query: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(household.state / STORE_NAME)) as connection:
        return connection.execute(query).fetchall()


def prepare(base: Path, faces: Path, count: int) -> Household:
    household = household_with(base, sorted(faces.glob("*/*.jpg"))[:count], {"model": "dlib"})
    household.scan()
    add_people(household, faces)
    household.call("clusters", "run")
    household.configure({"vision": {"workers": 2}})
    return household


def disturb(household: Household, kills: int, seconds: float) -> tuple[int, int]:
    """Kill changes of the model so many times; return how many kills came amid the work, and changes to another one.

    A quarter of the moments is spread over the time that a change takes, the others follow the first change of a face.
    """
    moments, amid, changes, wanted = random.Random(5), 0, 0, "sface"
    for number in range(kills):
        if number % 5 == 4:
            wanted, changes = moments.choice(["sface", "dlib", "dlib-plain"]), changes + 1
        process = subprocess.Popen(
            command("models", "use", wanted),
            env=household.whole_environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        before, deadline = engines(household), time.monotonic() + 100
        if number % 4 == 3:
            time.sleep(moments.uniform(0, seconds))
        else:
            while engines(household) == before and process.poll() is None and time.monotonic() < deadline:
                time.sleep(0.002)
            time.sleep(moments.uniform(0, 0.3))
        amid += kill(process) and len(engines(household)) > 1
        if rows(household, "PRAGMA integrity_check") != [("ok",)]:
            sys.exit("the store is damaged")
    return amid, changes


def engines(household: Household) -> dict[str, int]:
    return dict(rows(household, "SELECT engine, count(*) FROM faces GROUP BY engine"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--photos", type=int, default=400)
    wanted = parser.parse_args()
    faces = shared_faces()
    base = Path(tempfile.mkdtemp(prefix="familiar-killing-"))
    try:
        disturbed = prepare(base / "disturbed", faces, wanted.photos)
        (base / "calm").mkdir()
        calm = Household(base=base / "calm")
        shutil.copytree(disturbed.state, calm.state)
        before = {name: rows(disturbed, query) for name, query in TABLES.items()}
        begun = time.monotonic()
        calm.call("models", "use", "sface")
        amid, changes = disturb(disturbed, wanted.kills, time.monotonic() - begun)
        left = engines(disturbed)
        disturbed.call("models", "use", "sface")
        one, other = ({name: rows(each, query) for name, query in TABLES.items()} for each in (calm, disturbed))
        different = [name for name in TABLES if one[name] != other[name]]
        print(f"{wanted.kills} kills, {amid} amid the work, {changes} changes to another model; then faces: {left}")
        print(f"after the last run: {engines(disturbed)}; different from an undisturbed change: {different or 'none'}")
        kept = dict(other["kept"])
        lost = [id_ for id_, _, _, embedding in before["faces"] if kept.get(id_) != embedding]
        print(f"embeddings of before that are lost: {lost or 'none'}")
    finally:
        shutil.rmtree(base)


if __name__ == "__main__":
    main()
