"""Group the faces in the store, here; and let the daemon have it done from time to time, in a process of its own."""

import asyncio
import json
from collections.abc import Callable, Sequence
from datetime import timedelta

from familiar.events import EventLog
from familiar.settings import ClusteringSettings
from familiar.store.clusters.rounds import GroupingResult
from familiar.store.store import Store

_GIVING_WAY = ("nice", "-n", "19")
"""Lets all other processes of the machine go first."""

_LOOK_AGAIN = 60.0
"""Most seconds until it is looked again whether there is something new."""

_AFTER_FAILURE = 3600.0
"""Seconds after a round that failed."""


def regroup(store: Store, settings: ClusteringSettings, model: str) -> GroupingResult:
    """Group the faces that nobody is known to be, and write down what came of it.

    The store is not locked meanwhile; what somebody else decides before the end stays as they decided it.
    """
    from familiar.identity.clustering.grouping import group  # noqa: PLC0415 - the daemon never loads its libraries

    basis = _basis(store, settings, model)
    faces = store.rounds.to_group(model, min_size=settings.min_size, same_photo=settings.same_photo)
    return store.rounds.apply(group(faces, settings), model, basis=basis, same_photo=settings.same_photo)


def _basis(store: Store, settings: ClusteringSettings, model: str) -> str:
    return store.rounds.basis(model) + settings.model_dump_json()


class Grouper:
    """Has faces grouped when it is time for it, by a process of its own that gives way to all others."""

    def __init__(
        self,
        *,
        store: Store,
        settings: ClusteringSettings,
        model: str,
        command: Sequence[str],
        log: EventLog,
        clock: Callable[[], float],
    ) -> None:
        """Take the store, the settings, the model in use, the command that does a round and prints JSON, and a clock.

        The clock gives monotonic seconds.
        """
        self._store = store
        self._settings = settings
        self._model = model
        self._command = command
        self._log = log
        self._clock = clock
        self._round: asyncio.Task[None] | None = None
        self._not_before = 0.0

    def advance(self) -> None:
        """Begin a round if `every` has passed since the last one, and there is something new."""
        if self._settings.every is None or self._round is not None or self._clock() < self._not_before:
            return
        every = timedelta(hours=self._settings.every)
        self._not_before = self._clock() + min(every.total_seconds(), _LOOK_AGAIN)
        last = self._store.rounds.last()
        if last is not None:
            since = self._store.now() - last[0]  # negative where a clock that ran ahead said when that was
            if timedelta(0) <= since < every or last[1] == _basis(self._store, self._settings, self._model):
                return
        self._round = asyncio.create_task(self._run())

    async def close(self) -> None:
        """Break off a round that is under way; nothing of it is written."""
        if self._round is not None:
            self._round.cancel()
            await asyncio.gather(self._round, return_exceptions=True)

    async def _run(self) -> None:
        started = self._clock()
        process = await asyncio.create_subprocess_exec(
            *_GIVING_WAY, *self._command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
        )
        try:
            output, errors = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if process.returncode == 0:
            self._log.emit("clusters.updated", **json.loads(output), seconds=self._clock() - started)
        else:
            self._not_before = self._clock() + _AFTER_FAILURE
            self._log.emit("clusters.failed", error=errors.decode(errors="replace").strip() or "it was killed")
        self._round = None
