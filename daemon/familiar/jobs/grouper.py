"""Group the faces in the store regularly, in a separate process."""

import asyncio
import json
from collections.abc import Callable, Sequence
from datetime import timedelta

from familiar.events import EventLog
from familiar.library.clusters.grouping import basis_of_round
from familiar.settings import ClusteringSettings
from familiar.store.store import Store

_GIVING_WAY = ("nice", "-n", "19")
"""Lets all other processes of the machine go first."""

_LOOK_AGAIN = 60.0
"""Most seconds until it is looked again whether there is something new."""

_AFTER_FAILURE = 3600.0
"""Seconds after a round that failed."""


class Grouper:
    """A job: regularly starts a low-priority process that groups faces."""

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

    async def advance(self, _now: float) -> None:
        """Start a round if `every` has passed since the last one, and there are changes."""
        if self._settings.every is None or self._round is not None or self._clock() < self._not_before:
            return
        every = timedelta(hours=self._settings.every)
        self._not_before = self._clock() + min(every.total_seconds(), _LOOK_AGAIN)
        last = self._store.rounds.last()
        if last is None:
            if not self._store.rounds.has_faces(self._model):
                return
        else:
            since = self._store.now() - last[0]  # negative if the clock was ahead at that time
            if timedelta(0) <= since < every or last[1] == self._basis():
                return
        self._round = asyncio.create_task(self._run())

    @property
    def is_idle(self) -> bool:
        """Whether no round is in progress."""
        return self._round is None

    async def close(self) -> None:
        """Cancel a running round; nothing of it is written."""
        if self._round is not None:
            self._round.cancel()
            await asyncio.gather(self._round, return_exceptions=True)

    def _basis(self) -> str:
        return basis_of_round(self._store, self._settings, self._model)

    async def _run(self) -> None:
        started = self._clock()
        try:
            found = json.loads(await self._output())
        except (OSError, ValueError) as error:
            self._not_before = self._clock() + _AFTER_FAILURE
            self._log.emit("clusters.failed", error=str(error))
        else:
            self._log.emit("clusters.updated", **found, seconds=self._clock() - started)
        self._round = None

    async def _output(self) -> str:
        """Return what the command prints.

        Raises:
            OSError: it can't be run, or it failed.
        """
        process = await asyncio.create_subprocess_exec(
            *_GIVING_WAY, *self._command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
        )
        try:
            output, errors = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if process.returncode != 0:
            raise OSError(errors.decode(errors="replace").strip() or "it was killed")
        return output.decode()
