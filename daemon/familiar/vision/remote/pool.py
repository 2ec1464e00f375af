"""The pool in which workers of Dask analyse photos, and processes of this machine do everything else."""

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

from familiar.embedding_models import Model
from familiar.errors import FamiliarError, WorkerLimitError, WorkersError
from familiar.filesystem.reading import read_bytes
from familiar.model import Photo
from familiar.settings import VisionSettings, WorkerSettings
from familiar.vision.chosen_model import chosen_model
from familiar.vision.remote import calls
from familiar.vision.remote.answers import SharedFileError, WorkerAnswer, read_encoded, read_photo
from familiar.vision.remote.cluster import Cluster
from familiar.vision.remote.cluster_thread import ClusterThread
from familiar.vision.remote.installation import installation_here
from familiar.vision.remote.orders import FailedError, LostError, NoWorkerError, Order
from familiar.vision.workers.local import LocalWorkers
from familiar.vision.workers.pool import Health
from familiar.vision.workers.tasks import EncodedFaces, EncodeTask, IndexTask, unchanged_for

_LARGEST = 128 << 20
"""Bytes of the largest file that is sent; a scheduler has all in memory that is under way."""

_TRIES = 3
"""How many workers may fail with a photo before this machine analyses it."""

_PATIENCE = 120.0
"""Seconds without a worker after which photos are given back: some networks drop for a minute."""

_IDLE = 60.0
"""Seconds without a photo after which the connection is closed."""

_RETRY = 10.0
"""Seconds after which photos that were given back are tried again."""

_RUNS = 4
"""How often a worker may run into its time limit with a photo: each of two tries, the second one with more memory."""

T = TypeVar("T")

_Give: TypeAlias = Callable[[Sequence[Path], Sequence[bytes | None]], object]
"""Makes what a worker is given of paths there, and contents."""


class _HereError(Exception):
    """This machine is to do it."""


class RemoteWorkers(LocalWorkers):
    """Workers of Dask for finding and encoding faces, and processes of this machine for all else.

    Those of this machine also analyse what is too large to be sent, and what the others fail with.
    """

    def __init__(
        self,
        *,
        settings: VisionSettings,
        models: Path,
        remote: WorkerSettings,
        tasks: int | None = None,
        networks: bool = True,
        clock: Callable[[], float] = time.monotonic,
        patience: float = _PATIENCE,
    ) -> None:
        """Take what `LocalWorkers` takes, and which workers of Dask there are.

        They are waited for `patience` seconds before photos are given back, if they are to be waited for.
        """
        super().__init__(settings=settings, models=models, tasks=tasks, networks=networks, clock=clock)
        self.count = max(self.count, remote.at_once // 2)
        self._remote = remote
        self._patience = patience if remote.unavailable == "wait" else 0.0
        self._thread: ClusterThread | None = None
        self._sent = 0
        self._sent_at = clock()
        self._ending: list[threading.Thread] = []
        self._refusal = WorkersError("", _RETRY)

    @property
    def slots(self) -> int:
        """As many as the settings say."""
        return self._remote.at_once

    async def look_at(self, task: IndexTask) -> Photo:
        """Do a task of `look`, elsewhere or here."""

        def read(answer: WorkerAnswer) -> Photo:
            return read_photo(answer, hash_=task.hash, turn=task.turn, path=str(task.path), model=self._model)

        def give(paths: Sequence[Path], contents: Sequence[bytes | None]) -> object:
            return replace(task, path=paths[0], unchanged_for=unchanged_for(task.path)), contents[0]

        try:
            return await self._elsewhere([task.path], calls.look, give, read)
        except (_HereError, WorkerLimitError):
            return await super().look_at(task)

    async def encode(
        self, tasks: Sequence[EncodeTask], settings: VisionSettings | None = None
    ) -> list[EncodedFaces | FamiliarError]:
        """Encode faces, elsewhere or here; those of another model are encoded here."""

        def read(answer: WorkerAnswer) -> list[EncodedFaces | FamiliarError]:
            paths, faces = [str(task.path) for task in tasks], [len(task.faces) for task in tasks]
            return read_encoded(answer, faces=faces, paths=paths, model=self._model)

        def give(paths: Sequence[Path], contents: Sequence[bytes | None]) -> object:
            return [replace(task, path=path) for task, path in zip(tasks, paths, strict=True)], contents

        if settings is None:
            try:
                return await self._elsewhere([task.path for task in tasks], calls.encode, give, read)
            except WorkersError:
                raise
            except (_HereError, FamiliarError):
                pass  # this machine finds out which of them is at fault
        return await super().encode(tasks, settings)

    def warm_up(self) -> None:
        """Start the workers here, and connect to the others."""
        super().warm_up()
        self._connected()

    def health(self) -> Health:
        """Return the state of all workers; an idle connection is closed."""
        if self._thread is not None and not self._sent and self._clock() - self._sent_at > _IDLE:
            self._disconnect()
        return replace(super().health(), remote=None if self._thread is None else self._thread.state)

    def close(self, within: float = 0.0) -> None:
        """End all workers here, and the connection to the others."""
        self._disconnect()
        super().close(within)
        for thread in self._ending:
            thread.join()

    async def _elsewhere(
        self,
        paths: Sequence[Path],
        function: Callable[..., Any],
        give: _Give,
        read: Callable[[WorkerAnswer], T],
    ) -> T:
        """Give files to a worker of Dask; each is sent, or read from a shared folder.

        Raises:
            _HereError: this machine is to do it.
            WorkersError: no worker can be used, and they are to be waited for.
        """
        there = [self._path_there(path) for path in paths]
        failures = 0
        while failures < _TRIES:
            size = self._size(path for path, other in zip(paths, there, strict=True) if other is None)
            make = partial(
                Order,
                function=function,
                prepare=partial(_given, paths, tuple(there), give),
                read=read,
                size=size,
                photos=len(paths),
                seconds=_RUNS * sum(map(self._limit, paths)),
                alone=failures > 0,
            )
            try:
                return await self._done(make)
            except LostError:
                continue
            except FailedError:
                failures += 1
            except SharedFileError:
                there = [None] * len(paths)
            except NoWorkerError as error:
                if self._remote.unavailable == "wait":
                    raise self._refused(f"no worker of Dask can be used: {error}") from error
                break
        raise _HereError

    async def _done(self, make: Callable[[], Order[T]]) -> T:
        """Run an order in the thread of the cluster, which also makes it."""

        async def do(cluster: Cluster) -> T:
            return await cluster.do(make())

        self._sent += 1
        try:
            return await self._connected().run(do)
        finally:
            self._sent -= 1
            self._sent_at = self._clock()

    def _path_there(self, path: Path) -> Path | None:
        """Return the path of a file where the workers have it; None if that is in no shared folder."""
        for here, there in self._remote.shared.items():
            if path.is_relative_to(here):
                return there / path.relative_to(here)
        return None

    def _size(self, paths: Iterable[Path]) -> int:
        """Return the bytes of files.

        Raises:
            _HereError: they are too many to be sent.
        """
        try:
            size = sum(path.stat().st_size for path in paths)
        except OSError:  # reading them will tell
            return 0
        if size > _LARGEST:
            raise _HereError
        return size

    def _refused(self, reason: str) -> WorkersError:
        """Return the error for all that waits; one for each reason, so that it is reported once."""
        if str(self._refusal) != reason:
            self._refusal = WorkersError(reason, _RETRY, lasts=True)
        return self._refusal

    @cached_property
    def _model(self) -> Model:
        return chosen_model(self._settings)

    def _connected(self) -> ClusterThread:
        if self._thread is None:
            self._thread = ClusterThread(self._cluster)
            self._sent_at = self._clock()
        return self._thread

    def _cluster(self) -> Cluster:
        return Cluster(
            settings=self._remote,
            vision=self._settings,
            here=installation_here(self._settings),
            patience=self._patience,
        )

    def _disconnect(self) -> None:
        thread, self._thread = self._thread, None
        if thread is not None:
            self._ending = [ending for ending in self._ending if ending.is_alive()]
            self._ending.append(threading.Thread(target=thread.end, name="end dask"))
            self._ending[-1].start()


def _given(paths: Sequence[Path], there: Sequence[Path | None], give: _Give) -> object:
    """Return what is given to a worker: paths there, and contents of files that are not there."""
    pairs = list(zip(paths, there, strict=True))
    contents = [read_bytes(path) if other is None else None for path, other in pairs]
    return give([other or path for path, other in pairs], contents)
