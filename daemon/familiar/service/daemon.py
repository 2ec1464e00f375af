"""The loop that runs it all, in the one thread that owns the store and the effects."""

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from familiar.errors import StoreError, StoreReplacedError, StoreUnavailableError
from familiar.events import EventLog
from familiar.library.operations import OperationRunner
from familiar.library.reencoding import Reencoder
from familiar.library.sidecars.reader import SidecarReader
from familiar.library.sidecars.writer import SidecarWriter
from familiar.service.grouping import Grouper
from familiar.service.handler import Handler
from familiar.service.intake import Intake
from familiar.service.systemd import Notifier
from familiar.store.files import FileRow
from familiar.store.store import Store
from familiar.vision.workers.pool import Workers

if TYPE_CHECKING:
    from familiar.flickr.sync.job import FlickrSync

WINDOW = 64
"""Files under way at once: as far as the others get ahead of the slowest one."""
_TICK = 1.0
_LOOK_AT_DISKS = 5.0
"""Seconds between two looks for disks that operations wait for."""
_WARM_UP = 3.0
"""Seconds before a file has settled at which workers start, so that they are ready when it has."""
_STORE_RETRY = 10.0
"""Seconds until the store is tried again that could not be written."""
_PAUSE = 10.0
"""Times that matching all faces took: as long as sidecars bring names in, they are matched again after that."""
_STOP_WITHIN = 8.0
"""Seconds that running tasks of the workers get to end when the daemon stops."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far the work is: files handled since the start, and files that wait or are under way."""

    done: int
    waiting: int


class Daemon:
    """Runs until it is told to stop, or (`until_idle`) until nothing is left to do."""

    def __init__(
        self,
        *,
        store: Store,
        workers: Workers,
        intake: Intake,
        handler: Handler,
        runner: OperationRunner,
        sidecar_writer: SidecarWriter,
        sidecar_reader: SidecarReader,
        reencoder: Reencoder,
        grouper: Grouper,
        flickr: "FlickrSync | None" = None,
        reload: Callable[[], bool],
        look_at_rules: Callable[[], None],
        log: EventLog,
        notifier: Notifier,
        clock: Callable[[], float],
        heartbeat: float,
        report: Callable[[Progress], None] | None = None,
    ) -> None:
        """Take the rooms.

        `reload` reads settings and rules anew, and says whether settings have changed, so that the daemon must be put
        together anew; `look_at_rules` reads rules whose file has changed; `clock` gives monotonic seconds; `heartbeat`
        is the time between two of them, in seconds.
        """
        self._store = store
        self._workers = workers
        self._intake = intake
        self._handler = handler
        self._runner = runner
        self._sidecar_writer = sidecar_writer
        self._sidecar_reader = sidecar_reader
        self._rematch_at = float("-inf")
        self._reencoder = reencoder
        self._grouper = grouper
        self._flickr = flickr
        self._must_reencode = True
        self._reload = reload
        self._look_at_rules = look_at_rules
        self._again = False
        self._log = log
        self._notifier = notifier
        self._clock = clock
        self._period = heartbeat
        self._report = report
        self._in_flight: dict[int, asyncio.Task[None]] = {}
        self._turn = asyncio.Event()
        self._turn.set()
        self._window = max(WINDOW, workers.slots)
        self._stop = asyncio.Event()
        self._wake = asyncio.Event()
        self._trouble: StoreError | None = None
        self._must_rescan = False
        self._disks_at = float("-inf")
        self._deaths = 0
        self._fell_back = False
        self._ends = False
        self._beat = (clock(), 0)

    async def run(self, *, until_idle: bool = False) -> bool:
        """Work until stopped; return whether to begin again with new settings.

        What is in flight at the end is given back: it waits in the store for the next start.

        Raises:
            StoreReplacedError: the store was deleted, moved or replaced; nothing more was done.
        """
        started = self._clock()
        self._ends = until_idle
        self._listen_to_signals()
        with self._telling_of_loss():
            await self._rematch()
            await self._runner.begin()
        try:
            with self._telling_of_loss():
                self._intake.start(self._wake_from_thread(asyncio.get_running_loop()))
                if self._flickr is not None:
                    self._flickr.start(self._wake.set)
                self._log.emit("service.ready", seconds=self._clock() - started)
                self._notifier.ready()
                await self._work(until_idle=until_idle)
        finally:
            await self._wind_up()
        return self._again

    def stop(self, reason: str) -> None:
        """Ask the loop to end."""
        if not self._stop.is_set():
            self._log.emit("service.stopping", reason=reason)
            self._notifier.stopping()
            self._stop.set()
            self._wake.set()

    @property
    def was_stopped(self) -> bool:
        """Whether it was asked to end before it was idle."""
        return self._stop.is_set()

    @property
    def _roots(self) -> list[int]:
        """Ids of the roots whose files are handled."""
        return [*self._intake.online_roots, *(self._flickr.roots if self._flickr is not None else ())]

    def _wake_from_thread(self, loop: asyncio.AbstractEventLoop) -> Callable[[], None]:
        def wake() -> None:
            with suppress(RuntimeError):  # the loop has ended, and nobody waits
                loop.call_soon_threadsafe(self._wake.set)

        return wake

    @contextmanager
    def _telling_of_loss(self) -> Iterator[None]:
        """Tell of a store that was replaced, before anything else ends: from then on nothing can be written."""
        try:
            yield
        except StoreReplacedError as error:
            self._log.emit("store.replaced", path=error.path, reason=error.reason)
            self._notifier.status(f"stopped: {error.path} {error.reason}")
            self._notifier.stopping()
            raise

    async def _work(self, *, until_idle: bool) -> None:
        while not self._stop.is_set():
            now = self._clock()
            try:
                await self._work_once(now)
                if until_idle and self._is_idle() and self._is_settled():
                    return
                if not until_idle and not self._in_flight:
                    self._reencoder.advance(self._wake.set)
                if not until_idle and self._is_idle():
                    self._grouper.advance()
                await self._sleep(now)
            except StoreUnavailableError as error:
                self._log.emit("store.failed", error=str(error), retry_in=_STORE_RETRY)
                self._notifier.ping()
                self._must_rescan = True
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._stop.wait(), _STORE_RETRY)

    async def _work_once(self, now: float) -> None:
        self._store.check_in_place()
        if self._trouble is not None:
            trouble, self._trouble = self._trouble, None
            raise trouble
        if self._must_rescan:
            self._intake.rescan()
            self._must_rescan = False
        if self._must_reencode and not await self._renew_references():
            return  # told to stop
        self._must_reencode = False
        self._look_at_rules()
        self._intake.tick(now)
        if now - self._disks_at >= _LOOK_AT_DISKS:
            self._disks_at = now
            self._runner.look_after_disks()
        await self._heed_other_processes()
        if self._flickr is not None:
            await self._flickr.tick(now)
        self._dispatch(now)
        await self._sidecar_reader.advance()
        await self._sidecar_writer.advance()
        self._look_after_workers(now)
        self._notifier.ping()
        self._heartbeat(now)
        if self._report is not None:
            self._report(self._progress())

    async def _sleep(self, now: float) -> None:
        if not self._sidecar_writer.is_idle and not self._handler.recogniser.is_stale:
            self._wake.set()
        due = self._store.files.next_settled(roots=self._roots)
        seconds = _TICK if due is None else min(_TICK, max(due - now, 0.01))
        try:
            await asyncio.wait_for(self._wake.wait(), seconds)
        except TimeoutError:
            return
        self._wake.clear()

    def _dispatch(self, now: float) -> None:
        self._store.files.retry(now)
        if len(self._in_flight) >= self._window:
            return
        for file in self._store.files.pending(roots=self._roots, limit=self._window):
            if file.id in self._in_flight:
                continue
            if len(self._in_flight) >= self._window:
                return
            before, self._turn = self._turn, asyncio.Event()
            self._in_flight[file.id] = asyncio.create_task(self._pass(file, before, self._turn))

    async def _pass(self, file: FileRow, before: asyncio.Event, own: asyncio.Event) -> None:
        try:
            await self._handler.handle(file, before)
            await before.wait()
        except StoreError as error:
            self._trouble = error
        finally:
            del self._in_flight[file.id]
            own.set()
            self._wake.set()

    async def _renew_references(self) -> bool:
        """Bring the references to the model in use before any photo is decided; return False if told to stop."""
        renewal = asyncio.create_task(self._reencoder.reencode_references())
        try:
            while not renewal.done() and not self._stop.is_set():
                await asyncio.wait({renewal}, timeout=_TICK)
                self._notifier.ping()
        finally:
            renewal.cancel()
            (outcome,) = await asyncio.gather(renewal, return_exceptions=True)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome is None

    async def _heed_other_processes(self) -> None:
        await self._rematch()
        await self._runner.perform_open()

    async def _rematch(self) -> None:
        if not self._handler.recogniser.is_stale or self._is_too_soon():
            return
        started = self._clock()
        rematch = self._handler.recogniser.rematch(lambda _done: self._notifier.ping())
        seconds = self._clock() - started
        self._rematch_at = self._clock() + _PAUSE * seconds
        self._log.emit("people.rematched", people=rematch.people, faces=rematch.faces, seconds=seconds)

    def _is_too_soon(self) -> bool:
        """Say whether sidecars alone changed people, with more to come: each by itself would match all faces again."""
        return self._clock() < self._rematch_at and self._sidecar_reader.caused(self._store.people.version)

    def _look_after_workers(self, now: float) -> None:
        due = self._store.files.next_settled(roots=self._roots)
        if due is not None and due - now < _WARM_UP:
            self._workers.warm_up()
        health = self._workers.health()
        if health.fallback is not None and not self._fell_back:
            self._log.emit("engine.fell_back", reason=health.fallback)
            self._fell_back = True
        if health.deaths > self._deaths:
            self._log.emit("worker.died", deaths=health.deaths - self._deaths, reason=health.last_death)
            self._deaths = health.deaths

    def _heartbeat(self, now: float) -> None:
        since, done_then = self._beat
        if now - since < self._period:
            return
        tally, waiting = self._handler.tally, self._store.files.waiting()
        handled = tally.done + tally.set_aside
        self._beat = (now, handled)
        self._log.emit(
            "service.heartbeat",
            queue=self._intake.queued,
            settling=waiting["settling"],
            pending=waiting["pending"],
            in_flight=len(self._in_flight),
            done=tally.done,
            failed=tally.failed,
            set_aside=tally.set_aside,
            rate=(handled - done_then) * 60 / (now - since),
            roots=self._intake.root_states(),
        )
        if self._flickr is not None:
            self._flickr.tell()
        self._notifier.status(f"{handled} photos handled, {waiting['pending']} pending")

    def _progress(self) -> Progress:
        tally, waiting = self._handler.tally, self._store.files.waiting()
        return Progress(done=tally.done + tally.set_aside + tally.failed, waiting=sum(waiting.values()))

    def _is_idle(self) -> bool:
        roots = self._roots
        return (
            self._intake.is_idle
            and (self._flickr is None or not self._ends or self._flickr.is_idle)
            and self._sidecar_reader.is_idle
            and not self._in_flight
            and self._store.files.next_settled(roots=roots) is None
            and not self._store.files.pending(roots=roots, limit=1)
        )

    def _is_settled(self) -> bool:
        """Say whether all that follows from what was handled is done."""
        return not self._handler.recogniser.is_stale and self._sidecar_writer.is_idle

    def _listen_to_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop, number.name)
        loop.add_signal_handler(signal.SIGHUP, self._hang_up)

    def _hang_up(self) -> None:
        self._notifier.reloading()
        if self._reload():
            self._again = True
            self._stop.set()
        else:
            self._must_rescan = True
            self._notifier.ready()
        self._wake.set()

    async def _wind_up(self) -> None:
        started = self._clock()
        given_back = list(self._in_flight.values())
        for task in given_back:
            task.cancel()
        await asyncio.gather(*given_back, return_exceptions=True)
        await self._reencoder.close()
        await self._grouper.close()
        if self._flickr is not None:
            await self._flickr.close()
        self._intake.stop()
        await asyncio.to_thread(self._workers.close, within=_STOP_WITHIN)
        self._log.emit("service.stopped", given_back=len(given_back), seconds=self._clock() - started)
