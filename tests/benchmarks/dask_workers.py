"""Compare two workers of Dask on this machine with two worker processes: photos a second, and processor seconds.

    uv run python tests/benchmarks/dask_workers.py FOLDER [--most N] [--runs N] [--shared]

Both analyse the same photos in turn; the best of the runs counts, as other programs disturb the others. Processor
seconds are those of all processes: for Dask also of the scheduler and the workers. At the end a worker is killed while
it has photos, and it is told how many photos have a verdict.
"""

import argparse
import asyncio
import hashlib
import os
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from familiar.errors import FamiliarError
from familiar.model import Photo
from familiar.settings import VisionSettings
from familiar.vision.workers.pool import Workers
from familiar.vision.workers.pools import start_workers
from support.dask_cluster import DaskCluster, running_cluster
from support.photos import MODELS
from support.process_tree import processor_seconds, tree_of


async def look(workers: Workers, photos: Sequence[tuple[Path, str]]) -> list[Photo | FamiliarError]:
    places = asyncio.Semaphore(workers.slots)

    async def one(path: Path, hash_: str) -> Photo | FamiliarError:
        async with places:
            try:
                return await workers.look(path, hash_)
            except FamiliarError as error:
                return error

    return await asyncio.gather(*(one(*photo) for photo in photos))


async def measure(workers: Workers, photos: Sequence[tuple[Path, str]]) -> tuple[float, float]:
    """Return the seconds on the clock and of processors."""
    clock, used = time.perf_counter(), processor_seconds(tree_of(os.getpid()))
    await look(workers, photos)
    return time.perf_counter() - clock, processor_seconds(tree_of(os.getpid())) - used


async def compare(
    cluster: DaskCluster, photos: Sequence[tuple[Path, str]], runs: int, shared: Mapping[str, str]
) -> None:
    settings = VisionSettings(workers=2)
    async with (
        start_workers(settings=settings, models=MODELS) as local,
        start_workers(settings=settings, models=MODELS, remote=cluster.settings(shared=shared)) as dask,
    ):
        both = {"two worker processes": local, "two workers of Dask": dask}
        found = {name: await look(workers, photos) for name, workers in both.items()}
        best = {name: (float("inf"), float("inf")) for name in both}
        for _ in range(runs):
            for name, workers in both.items():
                best[name] = min(best[name], await measure(workers, photos))
        print("| | s | photos/s | processor s |\n| --- | --- | --- | --- |")
        for name, (clock, used) in best.items():
            print(f"| {name} | {clock:.2f} | {len(photos) / clock:.1f} | {used:.2f} |")
        (clock, used), (dask_clock, dask_used) = best.values()
        print(f"\nDask / local: {clock / dask_clock:.3f} by the clock, {used / dask_used:.3f} by processor seconds")
        faces = [sum(len(one.faces) for one in each if isinstance(one, Photo)) for each in found.values()]
        print(f"faces: {faces[0]} and {faces[1]}")
        await kill_one(cluster, dask, photos)


async def kill_one(cluster: DaskCluster, dask: Workers, photos: Sequence[tuple[Path, str]]) -> None:
    def done() -> int:
        remote = dask.health().remote
        return 0 if remote is None else sum(worker.photos for worker in remote.workers)

    before, looking = done(), asyncio.create_task(look(dask, photos))
    while done() < before + len(photos) // 3:  # noqa: ASYNC110 - it is in other processes
        await asyncio.sleep(0.01)
    remote = dask.health().remote
    assert remote is not None, "it is connected"
    had = next(worker.in_flight for worker in remote.workers if worker.name == "two")
    cluster.kill("two")
    found = await looking
    print(f"killed with {had} photos in flight; of {len(photos)} photos {len(found)} have a verdict")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--most", type=int, default=200)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--shared", action="store_true", help="photos are read from the folder, and not sent")
    arguments = parser.parse_args()
    files = sorted(path for path in arguments.folder.rglob("*") if path.is_file())[: arguments.most]
    photos = [(path, hashlib.sha256(path.read_bytes()).hexdigest()) for path in files]
    with tempfile.TemporaryDirectory() as folder, running_cluster(Path(folder)) as cluster:
        cluster.need("one", "two")
        folder_there = str(arguments.folder.absolute())
        shared = {folder_there: folder_there} if arguments.shared else {}
        asyncio.run(compare(cluster, photos, arguments.runs, shared))


if __name__ == "__main__":
    main()
