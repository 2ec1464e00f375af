"""Hand work to the running daemon, or do it here: carrying out and undoing plans, and matching faces again.

A daemon that runs owns the store's state folder, and all effects are its: a command records what is to be done and
waits. Without one, the command takes the folder for as long as it works. The setting `wait_for_daemon` limits each
wait: for the folder, for one plan, for one undo, and for the matching of faces.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Coroutine, Iterable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from familiar.effects.disks import Disks
from familiar.effects.journal import Step
from familiar.effects.undo import Obstacle, Undo
from familiar.errors import FamiliarError, StoreError
from familiar.library.live_photos import claim_clip, plan_for_clip
from familiar.library.operations import OperationRunner
from familiar.library.progress import Count, Progress
from familiar.library.recognition import Recogniser
from familiar.model import Plan
from familiar.state import BusyError, holder, locked
from familiar.store.store import Store

_PAUSE = 0.05
"""Seconds between two looks at what another process does."""

_ENDED = frozenset({"done", "kept", "refused", "failed"})
_TO_UNDO = frozenset({"undo", "undoing"})


class Runners(Protocol):
    """Creates runners of operations."""

    def __call__(self, tasks: int) -> AbstractAsyncContextManager[tuple[OperationRunner, int]]:
        """Yield a runner for this many plans, and the number of plans to prepare ahead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Undone:
    """The result of an undo: the steps, why some could not be undone (by operation), and the obstacles.

    With `obstacles` nothing was touched. With `completes_interrupted` the steps are those of an earlier undo that was
    interrupted, and nothing else was undone.
    """

    steps: tuple[Step, ...]
    failures: dict[int, str]
    obstacles: tuple[Obstacle, ...] = ()
    completes_interrupted: bool = False


class Handover:
    """Decides whether this process or the daemon acts, and waits for it."""

    def __init__(
        self,
        *,
        state: Path,
        store: Store,
        runners: Runners,
        run: Callable[[Coroutine[Any, Any, None]], None],
        progress: Progress,
        wait: float,
    ) -> None:
        """Take the state folder with its store, the runners of operations, and the runner of coroutines.

        `wait` is the time to wait without progress, in seconds.
        """
        self._state = state
        self._store = store
        self._runners = runners
        self._run = run
        self._progress = progress
        self._wait = wait

    def carry_out(self, plans: Sequence[int], on_ended: Callable[[int], None] = lambda _plan: None) -> list[Step]:
        """Carry out plans, and then those of the clips of live photos; return all steps with their results.

        What fails or waits for now stays in the journal, and is tried again by the daemon, or the next scan. A daemon
        that runs carries the plans out; the end of another command is waited for.

        Raises:
            BusyError: another command has the state folder for too long.
            FamiliarError: the daemon has done nothing for too long.
        """
        with self._turn() as ours:
            return self._with_clips(plans, on_ended, ours=ours)

    def carry_out_now(
        self, plans: Iterable[tuple[int, Path, Plan]], on_ended: Callable[[int], None] = lambda _plan: None
    ) -> list[Step]:
        """Record plans, each for a photo at a path, as one batch, and carry them out as `carry_out` does.

        What can't be done now is not tried again later: whoever asked for it sees it, and decides. `on_ended` is called
        for each plan when it is over. What a command that was killed had begun is completed first.

        Raises:
            BusyError, FamiliarError: as `carry_out` does.
        """
        with self._turn() as ours:
            if ours:
                self._settle()
            written = self._store.journal.record_batch(plans)
            try:
                return self._with_clips(written, on_ended, ours=ours)
            finally:
                self._store.journal.abandon(written, "the command ended before this operation")

    def settle(self) -> None:
        """Complete the operations of killed commands; a running daemon has already done so.

        Call this before selecting files by path, as a file may be about to be moved.

        Raises:
            BusyError: another command has the state folder for too long.
        """
        with self._turn() as ours:
            if ours:
                self._settle()

    def take_back(self, steps: Sequence[Step]) -> list[Step]:
        """Undo steps of the caller, newest first; return them with their results.

        What can't be undone stays done, with the reason as its error.
        """
        with self._turn() as ours:
            self._undo(steps, ours=ours)
        return [self._store.journal.step(step.id) for step in steps]

    def undo(self, select: Callable[[], Sequence[Step]]) -> Undone:
        """Undo the steps that `select` returns, the newest first; if one of them can't be undone, touch nothing.

        What a command that was killed had begun counts as done. An undo that was interrupted is completed, and nothing
        else is undone then.
        """
        with self._turn() as ours:
            if ours:
                self._settle()
            interrupted = self._store.journal.undo_requests() if ours else []
            steps = interrupted or select()
            obstacles = () if interrupted else self._undoing.obstacles(steps)
            failures = {} if obstacles else self._undo(steps, ours=ours)
        return Undone(
            steps=tuple(steps),
            failures=failures,
            obstacles=tuple(obstacles),
            completes_interrupted=bool(interrupted),
        )

    def rematch(self, recogniser: Recogniser, on_progress: Callable[[int], None] = lambda _done: None) -> bool:
        """Match all known faces again if people have changed; return False if the daemon has not done it in time.

        A running daemon does it automatically, within a second. `on_progress` gets the number of faces that are done,
        now and then.
        """
        if not recogniser.is_stale:
            return True
        if holder(self._state) is None:
            with self._progress("matching faces") as count:

                def tell(done: int, total: int) -> None:
                    count(done, total)
                    on_progress(done)

                recogniser.rematch(tell)
            return True
        deadline = time.monotonic() + self._wait
        while not recogniser.knows_people and time.monotonic() < deadline:
            time.sleep(_PAUSE)
            on_progress(0)
        return recogniser.knows_people

    def await_daemon_with(self, model: str) -> int | None:
        """Wait until the daemon, if it runs, encodes faces by this model; return its pid, or None if none runs.

        The end of a scan, or of another command that has the state folder, is waited for.

        Raises:
            FamiliarError: that takes too long.
        """
        deadline = time.monotonic() + self._wait
        while (pid := holder(self._state)) is not None and not self._store.models.is_carried(model, pid):
            if time.monotonic() > deadline:
                raise FamiliarError(
                    f"The process {pid} has the library, and has not begun to use the model for {self._wait:.0f} s. "
                    "It is chosen; run this again to have all faces encoded."
                )
            time.sleep(_PAUSE)
        return pid

    def daemon_with(self, model: str) -> int | None:
        """Return the pid of a daemon that encodes faces by this model, or None if none does."""
        pid = holder(self._state)
        return pid if pid is not None and self._store.models.is_carried(model, pid) else None

    @contextmanager
    def _turn(self) -> Iterator[bool]:
        """Wait for the state folder; yield whether it is ours, or the daemon's, which carries out recorded plans.

        As long as it is ours, nothing is written to the store if the folder's lock is gone.

        Raises:
            BusyError: another command has it for too long.
        """
        deadline = time.monotonic() + self._wait
        with ExitStack() as stack:
            while True:
                try:
                    lock = stack.enter_context(locked(self._state))
                except BusyError as busy:
                    if busy.lasts:
                        break
                    if time.monotonic() > deadline:
                        raise
                    time.sleep(_PAUSE)
                else:
                    stack.enter_context(self._store.watching(lock.anchor))
                    yield True
                    return
        yield False

    def _settle(self) -> None:
        """Complete the started operations of killed commands, and abandon the rest; requires the state folder."""
        begun = self._store.journal.settle_batches()
        if begun:
            self._with_clips(begun, lambda _plan: None, ours=True)

    def _with_clips(self, plans: Sequence[int], on_ended: Callable[[int], None], *, ours: bool) -> list[Step]:
        """Carry out plans, and those of the clips that belong to their stills."""
        steps = self._all(plans, on_ended, ours=ours)
        return steps + self._all(list(_record_clips(self._store, steps)), on_ended, ours=ours)

    def _all(self, plans: Sequence[int], on_ended: Callable[[int], None], *, ours: bool) -> list[Step]:
        if plans and ours:
            with self._progress("carrying out") as count:
                self._run(self._perform(plans, on_ended, count))
        elif plans and not self._await_daemon(plans, on_ended):
            with locked(self._state) as lock, self._store.watching(lock.anchor):
                return self._all(plans, on_ended, ours=True)
        return [step for plan_id in plans for step in self._store.journal.steps(plan_id)]

    async def _perform(self, plans: Sequence[int], on_ended: Callable[[int], None], count: Count) -> None:
        async with self._runners(len(plans)) as (runner, at_once):
            # Crops are rendered in advance by all workers; operations run one after the other.
            ahead: deque[tuple[int, asyncio.Task[dict[int, bytes]]]] = deque()
            rest = iter(plans)
            for number in range(1, len(plans) + 1):
                while len(ahead) < at_once and (plan_id := next(rest, None)) is not None:
                    ahead.append((plan_id, asyncio.create_task(_render(self._store, runner, plan_id))))
                plan_id, rendered = ahead.popleft()
                await runner.perform(plan_id, await rendered)
                on_ended(plan_id)
                count(number, len(plans))

    def _await_daemon(self, plans: Sequence[int], on_ended: Callable[[int], None]) -> bool:
        """Wait until the daemon has carried out the plans; return False if it has ended before."""
        with self._progress("carried out by the daemon") as count:
            for number, plan_id in enumerate(plans, start=1):
                if not self._await(partial(self._has_ended, plan_id)):
                    return False
                on_ended(plan_id)
                count(number, len(plans))
        return True

    def _undo(self, steps: Sequence[Step], *, ours: bool) -> dict[int, str]:
        """Undo steps, newest first, here or by the daemon; return why some can't be undone, by operation."""
        self._store.journal.request_undo([step.id for step in steps])
        if ours:
            return _undo(self._undoing, steps)
        for step in steps:
            if not self._await(partial(self._is_answered, step.id)):
                with locked(self._state) as lock, self._store.watching(lock.anchor):
                    _undo(self._undoing, self._store.journal.undo_requests())
        now = [self._store.journal.step(step.id) for step in steps]
        return {step.id: step.error or "failed" for step in now if step.state != "undone"}

    @property
    def _undoing(self) -> Undo:
        return Undo(self._store.journal, Disks(self._store.places), kinds=self._store.kinds)

    def _has_ended(self, plan_id: int) -> bool:
        """Return whether nothing of a plan is left to be done now."""
        steps = self._store.journal.steps(plan_id)
        return any(step.state == "failed" or step.is_waiting for step in steps) or all(
            step.state in _ENDED for step in steps
        )

    def _is_answered(self, step_id: int) -> bool:
        """Return whether a step was undone, or is known to stay done."""
        return self._store.journal.step(step_id).state not in _TO_UNDO

    def _await(self, has_ended: Callable[[], bool]) -> bool:
        """Wait until the daemon has done it; return False if the daemon has stopped.

        Raises:
            FamiliarError: it takes too long.
        """
        deadline = time.monotonic() + self._wait
        while not has_ended():
            if time.monotonic() > deadline:
                raise FamiliarError(f"The daemon has made no progress for {self._wait:.0f} s; see its log.")
            if holder(self._state) is None:
                return has_ended()
            time.sleep(_PAUSE)
        return True


async def _render(store: Store, runner: OperationRunner, plan_id: int) -> dict[int, bytes]:
    steps = store.journal.steps(plan_id)
    if not steps:
        return {}
    plan = Plan(operations=tuple(step.operation for step in steps))
    return await runner.render(plan, steps[0].path, steps[0].photo_hash)


def _record_clips(store: Store, steps: Sequence[Step]) -> Iterator[int]:
    """Record a plan for each clip of a live photo whose still has been put somewhere."""
    for still in dict.fromkeys(step.source or step.path for step in steps):
        clip = claim_clip(store, still)
        if clip is not None and clip.photo_id is not None:
            made, follows = plan_for_clip(store, clip.path, store.photos.load(clip.photo_id).shot)
            if made.operations:
                yield store.journal.record(clip.photo_id, clip.path, made, follows=follows)


def _undo(undo: Undo, steps: Sequence[Step]) -> dict[int, str]:
    failures = {}
    for step in steps:
        try:
            undo.undo(step)
        except StoreError:
            raise
        except FamiliarError as error:
            failures[step.id] = str(error)
    return failures
