"""How fast all faces are encoded by another model, and taken back from the store.

    uv run python tests/benchmarks/reencoding.py [--photos 1000] [--model sface] [--faces 100000]

Uses the shared photos. Processor seconds are those of all processes, with decoding and the store, and without the
start: that is measured with one photo and taken off. Going back is measured in a made-up store of so many faces.
"""

import argparse
import resource
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from familiar.embedding_models import DLIB, SFACE
from familiar.store.store import STORE_NAME, Store
from support.household import Household, command
from support.large_store import fill
from support.photos import shared_folder


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Wall-clock and processor seconds."""

    wall: float
    processors: float


def cost_of(household: Household, *arguments: str) -> Cost:
    """Run a command to its end, with all of its workers."""
    begun, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command(*arguments), env=household.whole_environment(), check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    return Cost(wall=time.monotonic() - begun, processors=used)


def household_of(base: Path, photos: list[Path]) -> Household:
    base.mkdir()
    household = Household(base=base, settle=0)
    household.configure({"vision": {"model": "dlib"}})
    for photo in photos:
        folder = household.inbox / photo.parent.name
        folder.mkdir(exist_ok=True)
        shutil.copy(photo, folder)
    cost_of(household, "scan")
    household.configure({})
    return household


def faces(household: Household) -> int:
    with closing(sqlite3.connect(household.state / STORE_NAME)) as connection:
        return int(connection.execute("SELECT count(*) FROM faces").fetchone()[0])


def encode(base: Path, photos: list[Path], model: str) -> None:
    one, many = household_of(base / "one", photos[:1]), household_of(base / "many", photos)
    start, whole = (cost_of(household, "models", "use", model) for household in (one, many))
    count = faces(many) - faces(one)
    seconds = whole.processors - start.processors
    print(f"{model}: start {start.processors:.1f} processor seconds; {count} faces {seconds:.1f}")
    print(f"{count / seconds:.1f} faces a second of one core; 100,000: {100_000 / count * seconds / 60:.0f} min of it")
    back = cost_of(many, "models", "use", "dlib")
    print(f"back to dlib: {back.processors:.1f} processor seconds, {back.wall:.1f} s")


def go_back(base: Path, count: int) -> None:
    """Go back in a store of many faces, all of which the other model has encoded before."""
    base.mkdir()
    household = Household(base=base)
    household.make_store()
    with Store(household.state / STORE_NAME) as store:
        fill(store, photos=count, faces=count, people=200)
        store._db.conn.execute(
            "INSERT INTO face_embeddings (model, face_id, embedding) SELECT ?, id, embedding FROM faces", (SFACE.id,)
        )
        store.models.use(DLIB.id)
    cost = cost_of(household, "models", "use", "sface")
    with closing(sqlite3.connect(household.state / STORE_NAME)) as connection:
        assert connection.execute("SELECT DISTINCT engine FROM faces").fetchall() == [(SFACE.id,)]
    print(f"back to a model that has encoded {count} faces: {cost.processors:.1f} processor seconds, {cost.wall:.1f} s")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=int, default=1000)
    parser.add_argument("--model", default="sface")
    parser.add_argument("--faces", type=int, default=100_000)
    wanted = parser.parse_args()
    shared = shared_folder("photos")
    if shared is None:
        sys.exit("the shared photos are missing")
    photos = sorted((shared / "lfw").glob("*/*.jpg"))[: wanted.photos]
    base = Path(tempfile.mkdtemp(prefix="familiar-reencoding-"))
    try:
        go_back(base / "back", wanted.faces)
        encode(base, photos, wanted.model)
    finally:
        shutil.rmtree(base)


if __name__ == "__main__":
    main()
