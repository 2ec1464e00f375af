"""The workers of a scheduler, in one event loop: which are there, which may analyse photos, and which photos each has.

Each photo is given to one known worker: if that is lost, only what it had is given to others. A worker gets at
most twice as many calls as it makes side by side, so that none waits for a slow one.
"""

import asyncio
import math
import time
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn, TypeVar

from familiar.backoff import Backoff
from familiar.remote_state import RemoteState, WorkerState
from familiar.settings import VisionSettings, WorkerSettings
from familiar.vision.remote import calls
from familiar.vision.remote.answers import (
    InvalidAnswerError,
    SharedFileError,
    UnusableWorkerError,
    WorkerAnswer,
    read_answers,
    read_installation,
)
from familiar.vision.remote.connection import ListedWorker, LostAnswerError, SchedulerConnection, UnreachableError
from familiar.vision.remote.installation import Installation, difference
from familiar.vision.remote.orders import FailedError, LostError, NoWorkerError, Order
from familiar.vision.remote.worker import AHEAD, KnownWorker

_LOOK = 1.0
"""Seconds between two requests for the list of workers, which also show whether the scheduler answers."""

_WAITS = Backoff(first=1.0, longest=30.0)
"""Between two tries to reach the scheduler."""

_GREETING = 120.0
"""Seconds in which a worker has to load its networks, and to describe its installation."""

_AGAIN = 60.0
"""Seconds after which a worker that was refused or has failed is asked again."""

_SILENT = 60.0
"""Seconds without a sign of life after which the photos of a worker are given to others."""

_TOGETHER = 8
"""Orders in one call."""

_MORE = 60.0
"""Seconds that a call may take beyond the time for its photos: files travel."""

T = TypeVar("T")


class Cluster:
    """The workers of one scheduler."""

    def __init__(
        self, *, settings: WorkerSettings, vision: VisionSettings, here: Installation, patience: float
    ) -> None:
        """Take the settings, and what workers must be equal to.

        Tasks are given back after `patience` seconds in which no worker can be used.
        """
        self._settings = settings
        self._vision = vision.model_dump_json()
        self._here = here
        self._patience = patience
        self._connection: SchedulerConnection | None = None
        self._workers: dict[str, KnownWorker] = {}
        self._photos: Counter[str] = Counter()
        self._trouble = "connecting"
        self._is_tried = False
        self._unusable_since: float | None = time.monotonic()
        self._waiting: deque[Order[Any]] = deque()
        self._tasks: set[asyncio.Task[None]] = set()
        self.settled = asyncio.Event()
        """Set when all workers that were there at first have been asked, or the scheduler could not be reached."""
        self.state: RemoteState | None = None
        """The present state, which any thread may read; None before anything is known."""

    async def keep(self) -> NoReturn:
        """Stay connected, and keep the list of workers up to date."""
        failures = 0
        while True:
            try:
                connection = self._connection = await SchedulerConnection.open(self._settings)
                failures = 0
                await self._stay(connection)
            except Exception as error:  # noqa: BLE001 - what Dask raises is no reason to wait for ever
                self._trouble = _reason_of(error)
            self._is_tried = True
            self._note_change()
            await asyncio.sleep(_WAITS.after(failures))
            failures += 1

    async def _stay(self, connection: SchedulerConnection) -> NoReturn:
        """Keep the list of workers up to date until the scheduler is lost; the reason is known before that is told."""
        try:
            await self._attend(connection)
        except Exception as error:
            self._trouble = _reason_of(error)
            raise
        finally:
            self._lose_all()
            await connection.close()

    async def do(self, order: "Order[T]") -> T:
        """Give an order to some worker, and return its result.

        Raises:
            NoWorkerError: no worker can be used.
            FailedError: its worker was lost, gave an invalid answer, or none within the time limit.
            Exception: as its `prepare` and `read` do.
        """
        self._waiting.append(order)
        self._note_change()
        try:
            return await order.done
        finally:
            if order in self._waiting:  # it was not given to a worker
                self._waiting.remove(order)

    def _give_out(self) -> None:
        """Give orders to free workers, or give them back where there has been none for too long."""
        while self._waiting and (worker := self._free_worker()) is not None:
            orders = self._next_orders()
            worker.calls += 1
            worker.in_flight += sum(order.photos for order in orders)
            task = asyncio.create_task(self._have_done(worker, orders))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        if self._has_waited_enough:
            while self._waiting:
                self._waiting.popleft().fail(NoWorkerError(self._reason))

    def _free_worker(self) -> "KnownWorker | None":
        free = (worker for worker in self._workers.values() if worker.is_free)
        return min(free, key=lambda worker: worker.load, default=None)

    def _next_orders(self) -> "list[Order[Any]]":
        """Take what the next worker gets in one call: more if much waits, as a call costs as much as a small photo."""
        calls_at_once = AHEAD * sum(worker.listed.threads for worker in self._workers.values())
        most = min(_TOGETHER, math.ceil(len(self._waiting) / calls_at_once))
        orders = [self._waiting.popleft()]
        while self._waiting and len(orders) < most and self._waiting[0].fits(orders):
            orders.append(self._waiting.popleft())
        return orders

    async def _have_done(self, worker: KnownWorker, orders: "Sequence[Order[Any]]") -> None:
        """Give some orders to a worker in one call, and settle them by its answers."""
        photos = sum(order.photos for order in orders)
        try:
            prepared = [order for order in orders if await order.is_prepared()]
            if prepared:
                answers = read_answers(await self._answer(worker, prepared), len(prepared))
                for order, answer in zip(prepared, answers, strict=True):
                    self._settle(worker, order, answer)
        except InvalidAnswerError as error:
            self._distrust(worker, f"it answered {error}", orders)
        except LostAnswerError as error:
            self._distrust(worker, str(error), orders)
        except UnreachableError as error:
            for order in orders:
                order.fail(LostError(str(error)))
        except FailedError as error:
            for order in orders:
                order.fail(error)
        except Exception as error:  # noqa: BLE001 - nobody waits for ever
            self._distrust(worker, repr(error), orders)
        finally:
            worker.calls -= 1
            worker.in_flight -= photos
            self._note_change()

    @property
    def _loss(self) -> FailedError:
        return LostError("the scheduler was lost") if self._connection is None else FailedError("the worker was lost")

    def _settle(self, worker: KnownWorker, order: "Order[Any]", answer: WorkerAnswer) -> None:
        """Give an order its result, or the error in the answer of a worker."""
        try:
            found = order.read(answer)
        except InvalidAnswerError as error:
            self._distrust(worker, f"it answered {error}", [order])
            return
        except UnusableWorkerError as error:
            self._distrust(worker, str(error), [order])
            return
        except SharedFileError as error:
            order.fail(error)
            return
        except Exception as error:  # noqa: BLE001 - it is raised where the order was given
            order.fail(error)
        else:
            order.succeed(found)
        self._photos[worker.listed.address] += order.photos
        worker.ended.extend([time.monotonic()] * order.photos)

    async def _answer(self, worker: KnownWorker, orders: "Sequence[Order[Any]]") -> object:
        """Return the answer of a worker, unless that is lost first."""
        connection, listed, lost = self._connection, worker.listed, worker.lost
        if connection is None or self._workers.get(listed.address) is not worker:
            raise self._loss
        given = [order.given for order in orders]
        call = connection.call(listed.address, orders[0].function, self._vision, listed.threads, given)
        answer, loss = asyncio.create_task(call), asyncio.create_task(lost.wait())
        seconds = _MORE + AHEAD * sum(order.seconds for order in orders)
        try:
            await asyncio.wait((answer, loss), timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
            if answer.done():
                return answer.result()
            if lost.is_set():
                raise self._loss
            raise InvalidAnswerError(f"nothing in {seconds:g} s")
        finally:
            await _cancelled(answer, loss)

    @property
    def _is_settled(self) -> bool:
        return self._is_tried and not self._has("joining")

    @property
    def _has_waited_enough(self) -> bool:
        if self._unusable_since is None or not self._is_settled:
            return False
        return time.monotonic() - self._unusable_since >= self._patience

    def _has(self, state: WorkerState) -> bool:
        return any(worker.state == state for worker in self._workers.values())

    @property
    def _reason(self) -> str | None:
        """Why no worker can be used; None if one can."""
        if self._has("ready"):
            return None
        if self._connection is None:
            return f"{self._settings.scheduler}: {self._trouble}"
        if not self._workers:
            return f"{self._settings.scheduler}: the scheduler has no workers; its log says which it has turned away"
        worker = next(iter(self._workers.values()))
        return f"{worker.listed.address}: {worker.reason or 'loading its networks'}"

    async def _attend(self, connection: SchedulerConnection) -> NoReturn:
        while True:
            self._compare(await connection.listed(), connection)
            self._is_tried = True
            self._note_change()
            await asyncio.sleep(_LOOK)

    def _compare(self, listed: Mapping[str, ListedWorker], connection: SchedulerConnection) -> None:
        """Take over the list of workers."""
        now = time.monotonic()
        for address in self._workers.keys() - listed.keys():
            self._workers.pop(address).lose()
        for address, one in listed.items():
            worker = self._workers.get(address)
            if worker is None:
                worker = self._workers[address] = KnownWorker(listed=one, seen_at=now)
                self._greet(worker, connection)
            worker.note(one, now)
            if worker.state == "ready" and now - worker.seen_at > _SILENT:
                self._distrust(worker, f"it has been silent for {_SILENT:g} s")
                worker.lose()
            elif worker.state in {"refused", "failing"} and now >= worker.ask_at:
                worker.ask_at = now + _GREETING + _AGAIN
                self._greet(worker, connection)

    def _greet(self, worker: KnownWorker, connection: SchedulerConnection) -> None:
        task = asyncio.create_task(self._ask(worker, connection))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _ask(self, worker: KnownWorker, connection: SchedulerConnection) -> None:
        """Ask a worker for its installation, and decide whether it gets photos."""
        listed, state, reason = worker.listed, worker.state, worker.reason
        try:
            async with asyncio.timeout(_GREETING):
                answer = await connection.call(listed.address, calls.describe, self._vision, listed.threads)
            there = read_installation(read_answers(answer, 1)[0])
        except (LostAnswerError, UnreachableError) as error:
            state, reason = "failing", str(error)
        except TimeoutError:
            state, reason = "failing", f"it did not load its networks in {_GREETING:g} s"
        except UnusableWorkerError as error:
            state, reason = "refused", str(error)
        except InvalidAnswerError as error:
            state, reason = "refused", f"it answered: {error}"
        except Exception as error:  # noqa: BLE001 - as above
            state, reason = "failing", repr(error)
        else:
            worker.version, reason = there.familiar, difference(self._here, there)
            state = "ready" if reason is None else "refused"
        worker.state, worker.reason = state, reason
        worker.ask_at = worker.seen_at = time.monotonic()
        worker.ask_at += _AGAIN
        self._note_change()

    def _distrust(self, worker: KnownWorker, reason: str, orders: "Sequence[Order[Any]]" = ()) -> None:
        """Give a worker no photos for some time; these orders of it fail, and are given to others."""
        worker.state, worker.reason = "failing", reason
        worker.ask_at = time.monotonic() + _AGAIN
        for order in orders:
            order.fail(FailedError(reason))

    def _lose_all(self) -> None:
        self._connection = None
        for worker in self._workers.values():
            worker.lose()
        self._workers.clear()
        self._note_change()

    def _note_change(self) -> None:
        """Give orders to workers that are free now, and update the state."""
        if self._reason is None:
            self._unusable_since = None
        elif self._unusable_since is None:
            self._unusable_since = time.monotonic()
        self._give_out()
        if self._is_settled:
            self.settled.set()
        if self.settled.is_set():
            self.state = self.shown()

    def shown(self) -> RemoteState:
        """Return the present state."""
        now = time.monotonic()
        return RemoteState(
            scheduler=str(self._settings.scheduler),
            reason=self._reason,
            waits=self._reason is not None and self._settings.unavailable == "wait",
            workers=tuple(
                worker.shown(self._photos[address], now) for address, worker in sorted(self._workers.items())
            ),
        )


async def _cancelled(*tasks: "asyncio.Task[Any]") -> None:
    """Cancel tasks, and wait for that."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _reason_of(error: Exception) -> str:
    return str(error) if isinstance(error, UnreachableError) else repr(error)
