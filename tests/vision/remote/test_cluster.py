"""Photos are analysed by workers of Dask: real schedulers and workers on this machine, which come, go and fail."""

import asyncio
import os
import re
import shutil
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, TypeVar

import pytest
from distributed import Client

from conftest import put, put_variants
from familiar.errors import FamiliarError, GoneError
from familiar.filesystem.reading import fingerprint
from familiar.model import Photo
from familiar.remote_state import RemoteState, RemoteWorker
from familiar.settings import VisionSettings, WorkerSettings
from familiar.vision.remote import calls, connection
from familiar.vision.remote.cluster import Cluster
from familiar.vision.remote.installation import installation_here
from familiar.vision.remote.pool import RemoteWorkers
from familiar.vision.workers.pool import Workers
from familiar.vision.workers.tasks import EncodeTask
from support.dask_cluster import DaskCluster, running_cluster
from support.household import Household
from support.photos import MODELS
from support.pool import Pool

VISION = VisionSettings(workers=1)

T = TypeVar("T")


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaskCluster]:
    with running_cluster(tmp_path_factory.mktemp("dask")) as started:
        yield started


@pytest.fixture
def album(tmp_path: Path, astronaut: Path) -> list[Path]:
    folder = tmp_path / "album"
    folder.mkdir()
    put_variants(astronaut, folder, 12)
    return sorted(folder.iterdir())


@asynccontextmanager
async def remote(settings: WorkerSettings, **options: Any) -> AsyncIterator[RemoteWorkers]:
    async with RemoteWorkers(settings=VISION, models=MODELS, remote=settings, **options) as workers:
        yield workers


async def looked(workers: Workers, path: Path) -> Photo | FamiliarError:
    try:
        return await workers.look(path, fingerprint(path))
    except FamiliarError as error:
        return error


async def all_looked(workers: Workers, paths: Sequence[Path]) -> list[Photo | FamiliarError]:
    return await asyncio.gather(*(looked(workers, path) for path in paths))


def in_bits(found: Photo | FamiliarError) -> object:
    """Return all that was found, comparable to the last bit."""
    if isinstance(found, FamiliarError):
        return type(found), str(found)
    faces = [
        {one.name: getattr(face, one.name) for one in fields(face)} | {"embedding": face.embedding.tobytes()}
        for face in found.faces
    ]
    return {one.name: getattr(found, one.name) for one in fields(found)} | {"faces": faces}


async def until(what: Callable[[], T | None]) -> T:
    async with asyncio.timeout(60):
        while not (found := what()):  # noqa: ASYNC110 - it is in another process
            await asyncio.sleep(0.05)
    return found


def state_of(workers: Workers) -> RemoteState | None:
    return workers.health().remote


def by_name(state: RemoteState | None) -> dict[str, RemoteWorker]:
    return {} if state is None else {worker.name: worker for worker in state.workers}


def photos_of(workers: Workers, name: str) -> int:
    """Return how many photos a worker has answered, 0 for one that is not there."""
    found = by_name(state_of(workers)).get(name)
    return 0 if found is None else found.photos


def ready(workers: Workers, *names: str) -> Callable[[], bool]:
    def are_ready() -> bool:
        found = by_name(state_of(workers))
        return all(name in found and found[name].state == "ready" for name in names)

    return are_ready


def test_what_workers_elsewhere_find_is_to_the_last_bit_what_is_found_here(
    cluster: DaskCluster, pool: Pool, album: list[Path], couple: Path, tmp_path: Path
) -> None:
    cluster.need("one", "two")
    bad = tmp_path / "bad.jpg"
    bad.write_bytes(b"no picture")
    cut = tmp_path / "cut.jpg"
    cut.write_bytes(couple.read_bytes()[:-5000])
    os.utime(cut, (time.time() + 1e4,) * 2)  # it may still arrive
    paths = [*album[:3], couple, bad]

    async def elsewhere() -> tuple[Any, ...]:
        async with remote(cluster.settings()) as workers:
            found = await all_looked(workers, paths)
            with pytest.raises(GoneError):
                await workers.look(tmp_path / "gone.jpg", "0" * 64)
            incomplete = await looked(workers, cut)
            first = found[0]
            assert isinstance(first, Photo)
            tasks = [EncodeTask(path=paths[0], hash=first.hash, faces=first.faces)]
            (again,) = await workers.encode(tasks)
            (local,) = await super(RemoteWorkers, workers).encode(tasks)
            photos = sum(worker.photos for worker in by_name(state_of(workers)).values())
            return found, incomplete, again, local, photos

    found, incomplete, again, local, photos = asyncio.run(elsewhere())
    assert list(map(in_bits, found)) == list(map(in_bits, pool(lambda workers: all_looked(workers, paths))))
    assert [type(one).__name__ for one in found[3:]] == ["Photo", "SetAsideError"]
    assert str(incomplete).endswith("may still arrive; after 60 minutes without a change it is used without that")
    assert again.embeddings.tobytes() == local.embeddings.tobytes()
    assert again.qualities == local.qualities
    assert photos == 7


def test_a_worker_that_is_killed_costs_only_what_it_has_and_one_that_comes_gets_photos(
    cluster: DaskCluster, album: list[Path]
) -> None:
    cluster.need("one", "two")

    async def look() -> tuple[list[Photo | FamiliarError], RemoteState | None, int]:
        async with remote(cluster.settings()) as workers:
            workers.warm_up()
            await until(ready(workers, "one", "two"))
            looking = asyncio.create_task(all_looked(workers, album * 4))
            await until(lambda: by_name(state_of(workers))["two"].in_flight)
            cluster.kill("two")
            found = await looking
            return found, state_of(workers), workers.health().deaths

    found, state, deaths = asyncio.run(look())
    assert all(isinstance(one, Photo) and len(one.faces) == 1 for one in found)
    assert list(by_name(state)) == ["one"]
    assert deaths == 0  # no process here had to help


def test_what_a_worker_is_sent_is_kept_in_a_folder_that_dask_removes_if_it_is_killed(cluster: DaskCluster) -> None:
    cluster.need("one")
    with Client(cluster.address, security=connection._security(cluster.settings())) as client:  # type: ignore[no-untyped-call]
        folder = Path(client.submit(calls.scratch_folder, pure=False).result(timeout=60))
    assert folder.is_dir()
    cluster.need()
    assert folder.is_dir()
    cluster.need("one")
    with Client(cluster.address, security=connection._security(cluster.settings())) as client:  # type: ignore[no-untyped-call]
        client.wait_for_workers(1, timeout=60)
    assert not folder.exists()


def test_a_worker_whose_answers_are_nonsense_gets_no_more_photos_and_nothing_of_it_is_run(
    cluster: DaskCluster, album: list[Path], tmp_path: Path
) -> None:
    cluster.need()
    burst = tmp_path / "burst"
    preload = tmp_path / "nonsense.py"
    preload.write_text(
        "import os\n"
        "from familiar.vision.remote import calls\n"
        "class Bomb:\n"
        f"    def __reduce__(self): return os.mkdir, ({str(burst)!r},)\n"
        "async def look(settings, threads, orders):\n"
        "    return Bomb()\n"
        "calls.look = look\n"
        "look.__module__, look.__qualname__ = calls.__name__, 'look'\n"
    )
    cluster.start("liar", preload=preload)

    async def look() -> tuple[Photo | FamiliarError, RemoteWorker]:
        async with remote(cluster.settings(unavailable="local")) as workers:
            workers.warm_up()
            await until(ready(workers, "liar"))
            return await looked(workers, album[0]), by_name(state_of(workers))["liar"]

    found, liar = asyncio.run(look())
    assert isinstance(found, Photo)  # by this machine
    assert (liar.state, liar.photos) == ("failing", 0)
    assert liar.reason == "it answered a value that is not plain data"
    assert not burst.exists()


def test_a_worker_that_the_scheduler_can_not_connect_to_gets_no_photos_with_the_reason(
    cluster: DaskCluster, album: list[Path]
) -> None:
    cluster.need()
    cluster.start("apart", contact="tls://127.0.0.1:9")

    async def look() -> tuple[Photo | FamiliarError, RemoteWorker]:
        async with remote(cluster.settings(unavailable="local")) as workers:
            workers.warm_up()
            await until(lambda: "apart" in by_name(state_of(workers)))
            async with asyncio.timeout(60):
                return await looked(workers, album[0]), by_name(state_of(workers))["apart"]

    found, apart = asyncio.run(look())
    cluster.need()
    assert isinstance(found, Photo)  # by this machine
    assert (apart.state, apart.photos) == ("failing", 0)
    assert apart.reason == "the scheduler can't fetch what it answers: can it connect to the worker?"


def test_a_worker_of_another_version_or_model_is_refused_by_name(cluster: DaskCluster) -> None:
    cluster.need("one")

    async def ask() -> RemoteWorker:
        here = installation_here(VISION)
        other = replace(here, familiar="9.9", model="other", packages={**here.packages, "pillow": "1.0"})
        asked = Cluster(settings=cluster.settings(), vision=VISION, here=other, patience=0)
        keeping = asyncio.create_task(asked.keep())
        try:
            return await until(lambda: next((one for one in asked.shown().workers if one.state == "refused"), None))
        finally:
            keeping.cancel()
            await asyncio.gather(keeping, return_exceptions=True)

    refused, here = asyncio.run(ask()), installation_here(VISION)
    assert refused.version == here.familiar
    assert refused.reason == (
        f"familiar is {here.familiar}, not 9.9; the model is {here.model}, not other; "
        f"pillow is {here.packages['pillow']}, not 1.0"
    )


def test_where_the_scheduler_hangs_photos_are_analysed_here_and_elsewhere_again_when_it_answers(
    cluster: DaskCluster, album: list[Path]
) -> None:
    cluster.need("one")

    async def look() -> None:
        async with remote(cluster.settings(unavailable="local", timeout=1)) as workers:
            workers.warm_up()
            await until(ready(workers, "one"))
            with cluster.hanging():
                found = await all_looked(workers, album[:2])
                state = state_of(workers)
                assert state is not None
                assert state.reason is not None  # no answer, or no connection, after a second
                assert re.match(rf"{cluster.address}: .* [12] s", state.reason)
            assert all(isinstance(one, Photo) for one in found)
            async with asyncio.timeout(60):
                while photos_of(workers, "one") == 0:  # an answer may still take longer than a second
                    await until(ready(workers, "one"))
                    await looked(workers, album[0])

    asyncio.run(look())


def test_photos_wait_for_a_scheduler_that_hangs_and_are_analysed_elsewhere_when_it_answers(
    cluster: DaskCluster, album: list[Path]
) -> None:
    cluster.need("one")

    async def look() -> None:
        async with remote(cluster.settings(timeout=1)) as workers:
            workers.warm_up()
            await until(ready(workers, "one"))
            with cluster.hanging():
                looking = asyncio.create_task(all_looked(workers, album[:2]))
                await until(lambda: (state := state_of(workers)) is not None and state.reason is not None)
                assert not looking.done()
            assert all(isinstance(one, Photo) for one in await looking)
            assert by_name(state_of(workers))["one"].photos == 2

    asyncio.run(look())


def test_a_file_in_a_shared_folder_is_read_there_and_sent_where_that_is_not_possible(
    cluster: DaskCluster, album: list[Path], tmp_path: Path
) -> None:
    cluster.need("one")
    there = tmp_path / "there"
    there.mkdir()
    shutil.copy(album[0], there)
    shutil.copy(album[2], there / album[1].name)  # another photo of that name

    async def look() -> list[Photo | FamiliarError]:
        shared = {str(album[0].parent): str(there)}
        async with remote(cluster.settings(shared=shared)) as workers:
            found = await all_looked(workers, album[:3])
            assert by_name(state_of(workers))["one"].photos == 3
            return found

    found = asyncio.run(look())
    assert [one.hash for one in found if isinstance(one, Photo)] == [fingerprint(path) for path in album[:3]]


def test_a_daemon_tells_of_its_workers_in_the_log_the_heartbeat_the_status_and_by_doctor(
    cluster: DaskCluster, household: Household, astronaut: Path
) -> None:
    cluster.need("one")
    workers = cluster.settings().model_dump(mode="json", exclude_defaults=True)
    household.configure({"workers": workers, "log": {"heartbeat": 1}})
    with household.running() as daemon:
        daemon.wait_for("service.ready")
        put(astronaut, household.inbox)
        joined = daemon.wait_for("remote.joined", worker="one")
        assert joined["version"] == installation_here(VISION).familiar
        daemon.wait_for("remote.usable", scheduler=cluster.address)
        assert daemon.wait_for("photo.seen")["faces"] == 1
        (beaten,) = daemon.wait_for("service.heartbeat", done=1)["remote"]
        assert (beaten["address"], beaten["state"], beaten["photos"]) == (joined["address"], "ready", 1)
        (finding,) = [one for one in household.json("doctor", check=False) if one["subject"].startswith("worker ")]
        assert (finding["verdict"], finding["subject"]) == ("good", f"worker {joined['address']} (one)")
        cluster.kill("one")
        daemon.wait_for("remote.left", address=joined["address"])
        reason = f"{cluster.address}: the scheduler has no workers; its log says which it has turned away"
        daemon.wait_for("remote.unusable", reason=reason)
        until_shown = time.monotonic() + 20
        while (shown := household.json("status")["remote"])["reason"] is None and time.monotonic() < until_shown:
            time.sleep(0.2)
        assert shown == {"scheduler": cluster.address, "reason": reason, "waits": True, "workers": []}
        put_variants(astronaut, household.inbox, 1)
        daemon.wait_for("service.heartbeat", pending=1, remote_trouble=reason, seconds_left=None)
        told = household.ask("status").stdout
        assert f"Dask: no worker can be used: {reason}" in told
        assert "1 pending, 0 failed; they wait for a worker of Dask" in told
        cluster.start("far", zone="Asia/Tokyo")
        told = daemon.wait_for("remote.refused", worker="far")["reason"]
        assert re.fullmatch(r"the time zone is \+0900 \(\w+\), not \S+ \(\w+\)", told)
        cluster.kill("far")
        listed = household.ask("workers", "list", check=False)
        assert (listed.returncode, listed.stdout) == (1, f"Dask: no worker can be used: {reason}\n")
