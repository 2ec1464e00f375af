"""Serve the review page beside the daemon, in a process of its own, which never blocks the event loop."""

import asyncio
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable, Sequence
from contextlib import suppress

from familiar.backoff import Backoff
from familiar.events import EventLog

_RETRIES = Backoff(first=2.0, longest=300.0)
_LASTING = 60.0
"""Seconds after which a server that ends is started again as if it were the first time."""

_STOP_WITHIN = 5.0
"""Seconds for requests that are in progress when the daemon stops."""

_LAST_WORDS = 1.0
"""Seconds in which a process ends after it has written why."""

_LONGEST = 4000
"""Bytes of a message that are logged at once."""


class ReviewPage:
    """A job: keeps a process running that serves the page.

    The process prints the address as soon as it serves, and ends with its standard input: also when the daemon is
    killed.
    """

    def __init__(self, *, command: Sequence[str], log: EventLog, clock: Callable[[], float]) -> None:
        """Take the command that serves the page, and a clock that gives monotonic seconds."""
        self._command = command
        self._log = log
        self._clock = clock
        self._serving: asyncio.Task[None] | None = None
        self._process: Process | None = None
        self._is_closing = False
        self._failures = 0
        self._not_before = 0.0

    async def advance(self, now: float) -> None:
        """Start the process if it does not run, and was not tried just now."""
        if self._serving is None and now >= self._not_before:
            self._serving = asyncio.create_task(self._serve())

    @property
    def is_idle(self) -> bool:
        """Always true: nothing waits for it."""
        return True

    async def close(self) -> None:
        """End the process; requests in progress get some seconds."""
        self._is_closing = True
        if self._serving is None:
            return
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()
            await _ends(self._process, within=_STOP_WITHIN)
        self._serving.cancel()
        await asyncio.gather(self._serving, return_exceptions=True)

    async def _serve(self) -> None:
        began = self._clock()
        try:
            error = await self._run()
        except OSError as failure:
            error = str(failure)
        if self._is_closing:
            return
        self._failures = 0 if self._clock() - began > _LASTING else self._failures
        wait = _RETRIES.after(self._failures)
        self._failures += 1
        self._not_before = self._clock() + wait
        self._log.emit("review.failed", error=error, retry_in=wait)
        self._process = self._serving = None

    async def _run(self) -> str:
        """Run the process to its end; return what it said last.

        Raises:
            OSError: it can't be started.
        """
        self._process = process = await asyncio.create_subprocess_exec(
            *self._command, stdin=PIPE, stdout=PIPE, stderr=PIPE
        )
        try:
            _, said = await asyncio.gather(self._log_address(process), self._log_errors(process))
            status = await process.wait()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        return said or f"it ended with {status}"

    async def _log_address(self, process: Process) -> None:
        assert process.stdout is not None
        while line := await process.stdout.readline():
            self._log.emit("review.served", address=line.decode(errors="replace").strip())

    async def _log_errors(self, process: Process) -> str:
        """Log what goes wrong while it serves; return what it says before it ends."""
        assert process.stderr is not None
        while part := await process.stderr.read(_LONGEST):
            said = part.decode(errors="replace").strip()
            if await _ends(process, within=_LAST_WORDS):
                return said
            self._log.emit("review.error", error=said)
        return ""


async def _ends(process: Process, *, within: float) -> bool:
    """Wait for the end of a process for some seconds; return whether it came."""
    with suppress(TimeoutError):
        await asyncio.wait_for(asyncio.shield(process.wait()), within)
    return process.returncode is not None
