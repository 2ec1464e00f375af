"""What runs in a worker of Dask: it passes photos to worker processes of familiar, with the limits of all others.

The process of Dask itself decodes nothing.
"""

import asyncio
import os
import tempfile
from collections.abc import Awaitable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path

import platformdirs
from distributed import get_worker

from familiar.errors import (
    ChangedError,
    FamiliarError,
    GoneError,
    IncompleteError,
    RetryError,
    WorkerLimitError,
    WorkersError,
)
from familiar.media import is_raw, is_video
from familiar.settings import VisionSettings
from familiar.vision.remote.answers import (
    UnusableWorkerError,
    WorkerAnswer,
    encoded_answer,
    error_answer,
    installation_answer,
    photo_answer,
    unusable_answer,
    written,
)
from familiar.vision.remote.installation import installation_here
from familiar.vision.remote.orders import MOST_TOGETHER
from familiar.vision.workers.local import LocalWorkers
from familiar.vision.workers.tasks import EncodeTask, IndexTask

_LOOK = 30.0
"""Seconds between two looks whether the worker processes are idle."""

_watched: dict[LocalWorkers, "asyncio.Task[None]"] = {}


async def describe(settings: str, threads: int) -> bytes:
    """Return what the results depend on here, after the networks were loaded.

    The settings are those of `vision`, as JSON; there are as many worker processes as `threads`.
    """
    return written([await _answered(_describe(settings, threads))])


async def look(settings: str, threads: int, orders: Sequence[tuple[IndexTask, bytes | None]]) -> bytes:
    """Analyse photos and videos, each of which is given with its content, or is here at the path of its task."""
    workers = _workers(settings, threads)
    return written(await asyncio.gather(*(_answered(_look(workers, *order)) for order in orders)))


async def encode(
    settings: str, threads: int, orders: Sequence[tuple[Sequence[EncodeTask], Sequence[bytes | None]]]
) -> bytes:
    """Encode the faces in photos again, each of which is given as in `look`; those of an order in one go."""
    workers = _workers(settings, threads)
    return written(await asyncio.gather(*(_answered(_encode(workers, *order)) for order in orders)))


async def _answered(answer: Awaitable[WorkerAnswer]) -> WorkerAnswer:
    """Return an answer, or why there is none."""
    try:
        return await answer
    except Exception as error:  # noqa: BLE001 - its class may be unknown where it is read
        return unusable_answer(str(error) or repr(error))


async def _describe(settings: str, threads: int) -> WorkerAnswer:
    await asyncio.to_thread(check_room)
    workers = _workers(settings, threads)
    await workers.devices()
    if workers.fallback is not None:
        raise UnusableWorkerError(f"the engine that is configured can't be used: {workers.fallback}")
    return installation_answer(installation_here(VisionSettings.model_validate_json(settings)))


async def _look(workers: LocalWorkers, task: IndexTask, content: bytes | None) -> WorkerAnswer:
    with ExitStack() as files:
        path = await asyncio.to_thread(files.enter_context, _at_hand(task.path, content))
        try:
            return photo_answer(await workers.look_at(replace(task, path=path)))
        except FamiliarError as error:
            return error_answer(_of_photo(error, content), str(path))
        except Exception as error:  # noqa: BLE001 - the photo is the reason, and is left to the machine that asks
            return error_answer(WorkerLimitError(repr(error)), str(path))


async def _encode(workers: LocalWorkers, tasks: Sequence[EncodeTask], contents: Sequence[bytes | None]) -> WorkerAnswer:
    with ExitStack() as files:
        given = [(task.path, content) for task, content in zip(tasks, contents, strict=True)]
        paths = [await asyncio.to_thread(files.enter_context, _at_hand(*one)) for one in given]
        try:
            found = await workers.encode([replace(task, path=path) for task, path in zip(tasks, paths, strict=True)])
        except FamiliarError:
            raise
        except Exception as error:  # noqa: BLE001 - as above
            return error_answer(WorkerLimitError(repr(error)), str(paths[0]))
    answers = [
        _of_photo(one, content) if isinstance(one, FamiliarError) else one
        for one, content in zip(found, contents, strict=True)
    ]
    return encoded_answer(answers, list(map(str, paths)))


def _of_photo(error: FamiliarError, content: bytes | None) -> FamiliarError:
    """Return an error that is about the photo; raises one that is about this machine.

    A file in a shared folder that can't be read, or is another one than was meant, has a `RetryError`.
    """
    if isinstance(error, WorkersError):
        raise error
    if not isinstance(error, GoneError | RetryError) or isinstance(error, IncompleteError):
        return error
    if content is None:
        return RetryError(str(error))
    if isinstance(error, ChangedError):
        return error
    raise error


@contextmanager
def _at_hand(path: Path, content: bytes | None) -> Iterator[Path]:
    """Give the path of a file here: a copy for as long as it is needed, where the content is given."""
    if content is None:
        yield path
        return
    suffix = path.suffix if is_raw(path) or is_video(path) else ""
    with ExitStack() as files:
        try:
            file = files.enter_context(_scratch_file(suffix))
            file.write(content)
            file.flush()
        except OSError as error:
            raise _unwritable(error) from error
        yield Path(file.name)


def check_room() -> None:
    """Check that what is sent in one call can be written.

    Raises:
        UnusableWorkerError: it can't, as on a full disk.
    """
    try:
        with _scratch_file() as file:
            os.posix_fallocate(file.fileno(), 0, MOST_TOGETHER)
    except OSError as error:
        raise _unwritable(error) from error


def _scratch_file(suffix: str = "") -> "tempfile._TemporaryFileWrapper[bytes]":
    return tempfile.NamedTemporaryFile(prefix="familiar-", suffix=suffix, dir=scratch_folder())


def _unwritable(error: OSError) -> UnusableWorkerError:
    folder = scratch_folder() or tempfile.gettempdir()
    return UnusableWorkerError(f"photos can't be written to {folder}: {error.strerror}")


def scratch_folder() -> str | None:
    """Return the folder of this worker, or None if this process is none.

    When a worker starts, Dask removes the folders of those that were killed.
    """
    try:
        return str(get_worker().local_directory)
    except ValueError:
        return None


@cache
def _pool(settings: str, threads: int) -> LocalWorkers:
    chosen = VisionSettings.model_validate_json(settings).model_copy(update={"workers": threads})
    folder = os.environ.get("CACHE_DIRECTORY") or platformdirs.user_cache_path("familiar")
    return LocalWorkers(settings=chosen, models=Path(folder) / "models")


def _workers(settings: str, threads: int) -> LocalWorkers:
    """Return the worker processes, which end when they have had nothing to do for some time."""
    workers = _pool(settings, threads)
    if workers not in _watched:
        _watched[workers] = asyncio.create_task(_watch(workers))
    return workers


async def _watch(workers: LocalWorkers) -> None:
    try:
        while True:
            await asyncio.sleep(_LOOK)
            if not workers.health().running:
                return
    finally:
        del _watched[workers]
