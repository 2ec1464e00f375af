import asyncio
import hashlib
import io
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from familiar.embedding_models import DLIB_PLAIN, SFACE
from familiar.errors import (
    ChangedError,
    FamiliarError,
    GoneError,
    IncompleteError,
    RetryError,
    SetAsideError,
    WorkerLimitError,
    WorkersError,
)
from familiar.model import Box, Crop, Photo
from familiar.settings import VisionSettings
from familiar.vision.chosen_model import chosen_model, settings_for
from familiar.vision.remote.answers import photo_answer
from familiar.vision.workers.local import LocalWorkers
from familiar.vision.workers.pictures import PictureTask
from familiar.vision.workers.tasks import EncodeTask
from support.own_network import DIMENSION, own_network
from support.photos import MODELS
from support.pool import Pool
from support.videos import write_video
from support.worker_processes import is_alive, kill, processes_of, servers_of, workers_of


def hash_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def seen_by(pool: Pool, path: Path) -> Photo:
    return pool(lambda workers: workers.look(path, hash_of(path)))


def peak_mebibytes(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / 1024


def test_where_there_is_one_worker_a_photo_does_not_wait_for_a_video_and_both_are_seen_as_usual(
    pool: Pool, astronaut: Path, tmp_path: Path
) -> None:
    video = write_video(tmp_path / "video.mp4", [(astronaut, 12)])

    async def look_at_both() -> tuple[str, list[Photo]]:
        async with LocalWorkers(models=MODELS, settings=VisionSettings(workers=1)) as workers:
            await asyncio.gather(*map(workers.fingerprint, (video, astronaut)))  # so that they have started
            seeing = asyncio.create_task(workers.look(video, hash_of(video)))
            photo = await workers.look(astronaut, hash_of(astronaut))
            first = "video" if seeing.done() else "photo"
            return first, [photo, await seeing]

    first, seen = asyncio.run(look_at_both())
    assert first == "photo"
    assert list(map(photo_answer, seen)) == [photo_answer(seen_by(pool, path)) for path in (astronaut, video)]


def test_a_photo_is_fingerprinted_seen_and_cropped_in_a_worker(pool: Pool, astronaut: Path) -> None:
    assert pool(lambda workers: workers.fingerprint(astronaut)) == hash_of(astronaut)
    photo = pool(lambda workers: workers.look(astronaut, hash_of(astronaut)))
    (face,) = photo.faces
    assert (photo.format, photo.width, face.engine) == ("JPEG", 512, SFACE.id)
    wish = Crop(target=Path("/face.png"), rule="r", box=face.box, margin=0.4, size=32)
    assert pool(lambda workers: workers.crop(astronaut, hash_of(astronaut), wish)).startswith(b"\x89PNG")


def test_several_crops_of_a_photo_come_in_order_and_one_that_fails_does_not_harm_the_others(
    pool: Pool, astronaut: Path
) -> None:
    box = Box(left=177, top=66, right=267, bottom=156)
    names = ("/a.png", "/b.gif", "/c.jpg")
    wishes = [Crop(target=Path(name), rule="r", box=box, margin=0.4, size=32) for name in names]
    first, second, third = pool(lambda workers: workers.crops(astronaut, hash_of(astronaut), wishes))
    assert isinstance(first, bytes)
    assert first.startswith(b"\x89PNG")
    assert isinstance(second, SetAsideError)
    assert isinstance(third, bytes)
    assert third.startswith(b"\xff\xd8")
    with pytest.raises(SetAsideError, match=r"can't be written as '\.gif'"):
        pool(lambda workers: workers.crop(astronaut, hash_of(astronaut), wishes[1]))


def test_workers_that_only_crop_start_without_networks(astronaut: Path) -> None:
    little = VisionSettings(workers=1, engine="dlib").model_copy(update={"memory_limit": 90})
    wish = Crop(target=Path("/a.png"), rule="r", box=Box(left=1, top=1, right=9, bottom=9), margin=0, size=None)

    async def crop() -> bytes:
        async with LocalWorkers(models=MODELS, settings=little, networks=False) as workers:
            return await workers.crop(astronaut, hash_of(astronaut), wish)

    assert asyncio.run(crop()).startswith(b"\x89PNG")


def test_pictures_for_a_page_come_from_the_first_path_that_can_be_read(
    pool: Pool, astronaut: Path, tmp_path: Path
) -> None:
    box = Box(left=177, top=66, right=267, bottom=156)
    wish = Crop(target=Path("a.png"), rule="", box=box, margin=0.3, size=48, square=True)
    (tmp_path / "other.jpg").write_bytes(b"other")
    paths = (tmp_path / "gone.jpg", tmp_path / "other.jpg", astronaut)
    task = PictureTask(paths=paths, hash=hash_of(astronaut), size=(512, 320), wishes=[wish, wish])
    one, other = pool(lambda workers: workers.pictures(task))
    assert one == other
    assert isinstance(one, bytes)
    assert Image.open(io.BytesIO(one)).size == (48, 48)
    with pytest.raises(ChangedError):
        pool(lambda workers: workers.pictures(replace(task, paths=paths[:2])))
    with pytest.raises(GoneError):
        pool(lambda workers: workers.pictures(replace(task, paths=())))


@pytest.mark.parametrize("batch", [1, 3])
def test_faces_of_several_photos_are_encoded_in_one_go_and_one_that_can_not_be_read_does_not_harm_the_others(
    pool: Pool, astronaut: Path, couple: Path, tmp_path: Path, batch: int
) -> None:
    seen = {path: seen_by(pool, path) for path in (astronaut, couple)}
    tasks = [EncodeTask(path=path, hash=photo.hash, faces=photo.faces) for path, photo in seen.items()]
    gone, changed = replace(tasks[0], path=tmp_path / "gone.jpg"), replace(tasks[1], hash="0" * 64)

    async def encode() -> Any:
        async with LocalWorkers(models=MODELS, settings=VisionSettings(workers=1, batch=batch)) as workers:
            one, *wrong, two = await workers.encode([tasks[0], gone, changed, tasks[1]])
            plain = settings_for(DLIB_PLAIN, VisionSettings())
            return one, two, wrong, (await workers.encode([tasks[0]], plain))[0]

    one, two, wrong, plain = asyncio.run(encode())
    for encoded, photo in ((one, seen[astronaut]), (two, seen[couple])):
        assert np.abs(encoded.embeddings - [face.embedding for face in photo.faces]).max() < 0.02
        assert encoded.qualities == pytest.approx([face.quality for face in photo.faces], abs=0.05)
    assert [type(error) for error in wrong] == [GoneError, ChangedError]
    assert np.linalg.norm(plain.embeddings - one.embeddings) > 0.01  # of another model
    assert plain.qualities == [face.quality for face in seen[astronaut].faces]  # SFace knows more of it


def test_content_that_changed_since_its_fingerprint_is_not_looked_at(pool: Pool, astronaut: Path) -> None:
    with pytest.raises(ChangedError, match="changed while it was handled"):
        pool(lambda workers: workers.look(astronaut, "0" * 64))


def test_missing_and_unreadable_files_are_told_apart(pool: Pool, tmp_path: Path) -> None:
    with pytest.raises(GoneError):
        pool(lambda workers: workers.fingerprint(tmp_path / "missing.jpg"))
    with pytest.raises(RetryError, match="can't be read: Is a directory"):
        pool(lambda workers: workers.fingerprint(tmp_path))


def test_hostile_files_get_a_verdict_each_and_the_good_ones_are_seen(
    pool: Pool, shared_photos: Path, astronaut: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    hostile = sorted((shared_photos / "hostile").iterdir())
    paths = [path for bad in hostile for path in (bad, astronaut)]

    async def look(workers: LocalWorkers, path: Path) -> Photo | FamiliarError:
        try:
            return await workers.look(path, await workers.fingerprint(path))
        except FamiliarError as error:
            return error

    async def look_at_all(workers: LocalWorkers) -> list[Photo | FamiliarError]:
        return await asyncio.gather(*(look(workers, path) for path in paths))

    verdicts = pool(look_at_all)
    odd = [verdict for verdict in verdicts if not isinstance(verdict, Photo | SetAsideError | IncompleteError)]
    assert odd == []
    assert all(isinstance(verdict, Photo) and len(verdict.faces) == 1 for verdict in verdicts[1::2])
    assert sum(isinstance(verdict, SetAsideError) for verdict in verdicts[::2]) > len(hostile) / 2
    assert max(peak_mebibytes(pid) for pid in workers_of(os.getpid())) < 1500
    assert capfd.readouterr() == ("", "")


def test_every_good_file_of_each_format_is_decoded(pool: Pool, shared_photos: Path) -> None:
    for path in sorted((shared_photos / "formats").iterdir()):
        assert pool(lambda workers, path=path: workers.look(path, hash_of(path))).width > 0  # type: ignore[misc]


def test_a_photo_whose_worker_is_killed_is_looked_at_again(astronaut: Path) -> None:
    before = set(workers_of(os.getpid()))

    async def look(workers: LocalWorkers) -> Photo:
        await workers.fingerprint(astronaut)
        (worker,) = set(workers_of(os.getpid())) - before
        task = asyncio.create_task(workers.look(astronaut, hash_of(astronaut)))
        await asyncio.sleep(0.2)
        os.kill(worker, signal.SIGKILL)
        return await task

    with_one = Pool()
    with_one.workers = LocalWorkers(models=MODELS, settings=VisionSettings(workers=1, detector="cnn", upsample=2))
    try:
        photo = with_one(look)
        assert len(photo.faces) == 1
        health = with_one.workers.health()
        assert (health.deaths, health.last_death) == (1, "SIGKILL")
    finally:
        with_one.workers.close()
        with_one.loop.close()
    assert set(workers_of(os.getpid())) == before


def test_a_photo_that_takes_too_long_is_set_aside(astronaut: Path) -> None:
    settings = VisionSettings(workers=1, time_limit=0.05, detector="cnn", upsample=2)

    async def look() -> None:
        async with LocalWorkers(models=MODELS, settings=settings) as workers:
            await workers.look(astronaut, hash_of(astronaut))

    with pytest.raises(SetAsideError, match=r"it took longer than 0\.05 s"):
        asyncio.run(look())


def test_a_photo_that_needs_more_memory_than_allowed_is_set_aside(astronaut: Path) -> None:
    settings = VisionSettings(workers=1, memory_limit=500, large_memory_limit=500, detector="cnn", upsample=3)

    async def look() -> None:
        async with LocalWorkers(models=MODELS, settings=settings) as workers:
            await workers.look(astronaut, hash_of(astronaut))

    with pytest.raises(SetAsideError, match="it needs more memory than large_memory_limit .500 MB|crashed its worker"):
        asyncio.run(look())


def test_large_photos_get_more_memory_one_after_the_other_and_small_ones_do_not_wait(
    tmp_path: Path, astronaut: Path
) -> None:
    large = [tmp_path / f"{number}.png" for number in range(2)]
    for number, path in enumerate(large):
        Image.new("RGBA", (6500, 4000), (9, 9, 9, 100 + number)).save(path, compress_level=1)
    most: list[int] = []

    async def look() -> list[Photo]:
        settings = VisionSettings(workers=2, memory_limit=500)
        async with LocalWorkers(models=MODELS, settings=settings) as workers:
            sampling = asyncio.create_task(sample())
            photos = await asyncio.gather(*(workers.look(path, hash_of(path)) for path in [*large, astronaut]))
            sampling.cancel()
            return photos

    async def sample() -> None:
        while True:
            workers = workers_of(os.getpid())
            found = [private_mebibytes(pid) for worker in workers for pid in (worker, *children_of(worker))]
            most.append(sum(mebibytes > 500 for mebibytes in found))
            await asyncio.sleep(0.005)

    assert [photo.width for photo in asyncio.run(look())] == [6500, 6500, 512]
    assert max(most) == 1


def test_a_large_photo_gets_more_memory_for_each_kind_of_task(tmp_path: Path) -> None:
    path = tmp_path / "large.png"
    Image.new("RGBA", (6500, 4000), (9, 9, 9, 100)).save(path, compress_level=1)
    wish = Crop(target=Path("/a.png"), rule="r", box=Box(left=1, top=1, right=9, bottom=9), margin=0, size=None)
    settings = VisionSettings(workers=1, memory_limit=500)

    async def use() -> None:
        async with LocalWorkers(models=MODELS, settings=settings) as workers:
            assert (await workers.check(path)).width == 6500
            assert (await workers.crop(path, hash_of(path), wish)).startswith(b"\x89PNG")
            (encoded,) = await workers.encode([EncodeTask(path=path, hash=hash_of(path), faces=())])
            assert not isinstance(encoded, FamiliarError)

    asyncio.run(use())


def children_of(pid: int) -> list[int]:
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def private_mebibytes(pid: int) -> float:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0  # it has ended
    return int(next((line for line in lines if line.startswith("VmData")), "VmData: 0").split()[1]) / 1024


def test_idle_workers_end_and_start_again(astronaut: Path) -> None:
    now = [0.0]

    async def use() -> None:
        workers = LocalWorkers(models=MODELS, settings=VisionSettings(workers=1), clock=lambda: now[0])
        before = set(workers_of(os.getpid()))
        await workers.fingerprint(astronaut)
        assert set(workers_of(os.getpid())) > before
        now[0] = 61
        assert not workers.health().running
        for _ in range(200):
            if set(workers_of(os.getpid())) == before:
                break
            await asyncio.sleep(0.05)
        assert set(workers_of(os.getpid())) == before
        assert await workers.fingerprint(astronaut) == hash_of(astronaut)
        await asyncio.to_thread(workers.close)

    asyncio.run(use())


def test_ctrl_c_does_not_reach_workers_that_are_just_starting(astronaut: Path) -> None:
    script = (
        "import asyncio, os, signal, sys, time; from pathlib import Path\n"
        "from familiar.settings import VisionSettings; from familiar.vision.workers.local import LocalWorkers\n"
        "def main():\n"
        " signal.signal(signal.SIGINT, lambda *_: None)\n"
        " workers = LocalWorkers(models=Path(sys.argv[1]), settings=VisionSettings(workers=1)); workers.warm_up()\n"
        " for _ in range(25): os.killpg(0, signal.SIGINT); time.sleep(0.02)\n"
        " asyncio.run(workers.fingerprint(Path(sys.argv[2]))); print(workers.health().deaths); workers.close()\n"
        "if __name__ == '__main__': main()"
    )
    result = subprocess.run(
        [sys.executable, "-c", script, str(MODELS), str(astronaut)],
        capture_output=True,
        text=True,
        start_new_session=True,
        check=True,
    )
    assert (result.stdout, result.stderr) == ("0\n", "")


def test_workers_end_with_their_parent_however_it_ends(astronaut: Path) -> None:
    script = (
        "import asyncio, sys; from pathlib import Path\n"
        "from familiar.settings import VisionSettings; from familiar.vision.workers.local import LocalWorkers\n"
        "async def use():\n"
        " workers = LocalWorkers(models=Path(sys.argv[2]), settings=VisionSettings(workers=2))\n"
        " await workers.fingerprint(Path(sys.argv[1])); print('ready', flush=True); await asyncio.sleep(60)\n"
        "if __name__ == '__main__': asyncio.run(use())"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, str(astronaut), str(MODELS)], stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        pids = workers_of(process.pid)
        assert pids
        process.kill()
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline and any(is_alive(pid) for pid in pids):
        time.sleep(0.02)
    assert not any(is_alive(pid) for pid in pids)


def test_an_idle_worker_that_was_killed_is_replaced(astronaut: Path) -> None:
    async def use() -> None:
        before = set(workers_of(os.getpid()))
        async with LocalWorkers(models=MODELS, settings=VisionSettings(workers=1)) as workers:
            for _ in range(3):
                assert await workers.fingerprint(astronaut) == hash_of(astronaut)
                for pid in set(workers_of(os.getpid())) - before:
                    os.kill(pid, signal.SIGKILL)
                await asyncio.sleep(0.5)
            assert await workers.fingerprint(astronaut) == hash_of(astronaut)

    asyncio.run(use())


def test_a_worker_that_is_recycled_loses_no_task(astronaut: Path) -> None:
    async def use() -> None:
        async with LocalWorkers(models=MODELS, settings=VisionSettings(workers=2, recycle=3)) as workers:
            found = await asyncio.gather(*(workers.fingerprint(astronaut) for _ in range(25)))
            assert set(found) == {hash_of(astronaut)}
            assert workers.health().deaths == 0

    asyncio.run(use())


_LIMITED = """
import resource
from familiar.settings import VisionSettings
from familiar.vision.workers.memory import limit_memory

resource.setrlimit(resource.RLIMIT_DATA, (2_000_000_000, 2_000_000_000))
limit_memory(VisionSettings(memory_limit=1000, large_memory_limit=4000).options)
print(*resource.getrlimit(resource.RLIMIT_DATA))
"""


def test_a_lower_limit_of_the_system_on_memory_stays() -> None:
    told = subprocess.run([sys.executable, "-c", _LIMITED], capture_output=True, text=True, check=True).stdout
    assert told.split() == [str(1000 << 20), "2000000000"]


def test_workers_that_can_not_start_are_told_with_the_reason(astronaut: Path) -> None:
    too_little = VisionSettings(workers=1, engine="dlib").model_copy(update={"memory_limit": 60})

    async def use() -> None:
        async with LocalWorkers(models=MODELS, settings=too_little) as workers:
            await workers.fingerprint(astronaut)

    with pytest.raises(
        WorkersError, match="worker processes can't be started: they need more memory than memory_limit .60 MB"
    ):
        asyncio.run(use())


def test_where_onnx_runtime_can_not_be_used_dlib_takes_its_place(astronaut: Path, tmp_path: Path) -> None:
    (tmp_path / "models").write_text("a file where the folder should be")
    settings = VisionSettings(workers=1, model="dlib")

    async def use() -> tuple[Photo, str | None]:
        async with LocalWorkers(models=tmp_path / "models", settings=settings) as workers:
            photo = await workers.look(astronaut, hash_of(astronaut))
            return photo, workers.health().fallback

    photo, fallback = asyncio.run(use())
    assert fallback == f"ONNX Runtime can't be used: {tmp_path / 'models'}: File exists"
    assert (len(photo.faces), photo.engine) == (1, "dlib-resnet-v1-mirrored dlib hog upsample=1 max_size=1200")


def test_workers_that_were_warmed_up_are_there_before_the_first_task(astronaut: Path) -> None:
    async def use() -> None:
        before = set(workers_of(os.getpid()))
        async with LocalWorkers(models=MODELS, settings=VisionSettings(workers=2)) as workers:
            workers.warm_up()
            for _ in range(200):
                if len(set(workers_of(os.getpid())) - before) == 2:
                    break
                await asyncio.sleep(0.05)
            assert len(set(workers_of(os.getpid())) - before) == 2
            assert await workers.fingerprint(astronaut) == hash_of(astronaut)

    asyncio.run(use())


def test_photos_that_are_looked_at_together_get_a_verdict_each(
    astronaut: Path, couple: Path, meadow: Path, tmp_path: Path
) -> None:
    (tmp_path / "damaged.jpg").write_bytes(astronaut.read_bytes()[:500])
    paths = [astronaut, tmp_path / "damaged.jpg", couple, meadow, tmp_path / "gone.jpg", astronaut]
    hashes = [hash_of(path) if path.is_file() else "0" * 64 for path in paths]

    async def look() -> list[Photo | BaseException]:
        async with LocalWorkers(models=MODELS, settings=VisionSettings(workers=1, batch=4)) as workers:
            assert workers.slots == 8
            looks = (workers.look(path, hash_) for path, hash_ in zip(paths, hashes, strict=True))
            return await asyncio.gather(*looks, return_exceptions=True)

    seen = asyncio.run(look())
    assert [len(photo.faces) for photo in seen if isinstance(photo, Photo)] == [1, 2, 0, 1]
    assert (type(seen[1]), type(seen[4])) == (SetAsideError, GoneError)


def test_of_photos_that_are_looked_at_together_only_the_one_that_takes_too_long_is_set_aside(
    astronaut: Path, tmp_path: Path
) -> None:
    with Image.open(astronaut) as image:
        image.resize((3000, 3000)).save(tmp_path / "slow.png", compress_level=1)
        image.resize((64, 64)).save(tmp_path / "quick.png")  # in a hundredth of the time that it may take
    paths = [tmp_path / "quick.png", tmp_path / "slow.png", tmp_path / "quick.png"]

    async def look() -> list[Photo | BaseException]:
        settings = VisionSettings(workers=1, batch=3, time_limit=1, detector="cnn", max_size=20000)
        async with LocalWorkers(models=MODELS, settings=settings) as workers:
            await workers.fingerprint(astronaut)  # the worker has started
            return await asyncio.gather(*(workers.look(path, hash_of(path)) for path in paths), return_exceptions=True)

    seen = asyncio.run(look())
    assert [type(result) for result in seen] == [Photo, WorkerLimitError, Photo]


def test_where_each_network_runs_can_be_asked(pool: Pool) -> None:
    told = pool(lambda workers: workers.devices())
    assert told.startswith("detection on the CPU, embeddings on the CPU with the weights of /")


def test_a_network_that_is_never_loaded_ends_its_worker(
    monkeypatch: pytest.MonkeyPatch, astronaut: Path, tmp_path: Path
) -> None:
    monkeypatch.setattr("familiar.vision.workers.processes._LOADING", 0.01)
    settings = VisionSettings(workers=1, time_limit=0.05)
    before = servers_of(os.getpid())

    async def use() -> None:
        async with LocalWorkers(models=tmp_path, settings=settings) as workers:
            await workers.fingerprint(astronaut)

    with pytest.raises(
        WorkersError, match=r"^worker processes can't be started: loading the networks takes longer than 0\.06 s$"
    ):
        asyncio.run(use())
    assert servers_of(os.getpid()) == before


def test_workers_whose_network_breaks_later_are_refused_once_for_all_photos_and_tried_again(
    astronaut: Path, tmp_path: Path
) -> None:
    file, now = tmp_path / "own.onnx", [0.0]
    file.write_bytes(whole := own_network().SerializeToString())
    asked = VisionSettings(workers=2, model="own", model_file=file, model_dimension=DIMENSION)
    settings = settings_for(chosen_model(asked), asked)

    async def use() -> None:
        before = processes_of(os.getpid())
        async with LocalWorkers(models=tmp_path / "models", settings=settings, clock=lambda: now[0]) as workers:

            async def look() -> Photo:
                return await workers.look(astronaut, hash_of(astronaut))

            assert len((await look()).faces) == 1
            for other in (own_network(weights=2.0).SerializeToString(), b"no network"):
                file.write_bytes(other)
                kill(processes_of(os.getpid()) - before)  # the server has read the file, and does not do so again
                refused = await asyncio.gather(*(look() for _ in range(12)), return_exceptions=True)
                assert {type(error) for error in refused} == {WorkersError}
                assert len(set(map(id, refused))) == 1
                assert f"{file} has the SHA-256 " in str(refused[0])
                deaths = workers.health().deaths
                with pytest.raises(WorkersError):
                    await workers.fingerprint(astronaut)
                workers.warm_up()
                assert workers.health().deaths == deaths
                file.write_bytes(whole)
                now[0] += 5
                assert len((await look()).faces) == 1

    asyncio.run(use())


@pytest.fixture
def gpu_build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let it look as if ONNX Runtime's build for GPUs were installed: workers load their networks themselves."""
    package = tmp_path / "packages" / "onnxruntime_gpu-1.0.dist-info"
    package.mkdir(parents=True)
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: onnxruntime-gpu\nVersion: 1.0\n")
    monkeypatch.syspath_prepend(package.parent)


@pytest.mark.usefixtures("gpu_build")
def test_with_the_build_for_gpus_each_worker_loads_its_networks(astronaut: Path) -> None:
    async def use() -> list[Photo]:
        async with LocalWorkers(models=MODELS, settings=VisionSettings(workers=2, batch=1)) as workers:
            return await asyncio.gather(*(workers.look(astronaut, hash_of(astronaut)) for _ in range(4)))

    assert [len(photo.faces) for photo in asyncio.run(use())] == [1] * 4


@pytest.mark.usefixtures("gpu_build")
def test_where_no_worker_can_load_its_networks_all_photos_are_told_once(astronaut: Path, tmp_path: Path) -> None:
    file = tmp_path / "own.onnx"
    file.write_bytes(b"no network")
    settings = VisionSettings(workers=2, batch=1, model="own", model_file=file)

    async def use() -> list[Photo | BaseException]:
        async with LocalWorkers(models=tmp_path / "models", settings=settings) as workers:
            looks = (workers.look(astronaut, hash_of(astronaut)) for _ in range(5))
            return await asyncio.gather(*looks, return_exceptions=True)

    refused = set(asyncio.run(use()))
    assert [(type(error), str(error)) for error in refused] == [
        (WorkersError, f"the model own can't be used: {file}: not an ONNX file, or not whole")
    ]
