"""Workers that can't be started: they are tried again after increasing waits, and not for each photo."""

from collections.abc import Callable
from typing import Self

from familiar.backoff import Backoff
from familiar.errors import WorkersError

_WAITS = Backoff(first=5.0, longest=3600.0)
"""Short at first: a system that has no room for processes may have some again in a moment."""


def not_started(reason: str) -> str:
    """Return what is said where the processes are at fault, not a network that they load."""
    return f"worker processes can't be started: {reason}"


class NoWorkersError(Exception):
    """All workers have ended, or none can be started; the task was not done, and is not the reason.

    `is_final` says that a new attempt would end in the same way: the workers themselves, or the system, have told so.
    """

    def __init__(self, reason: str, *, is_final: bool) -> None:
        """Take a message for users."""
        super().__init__(reason)
        self.is_final = is_final

    def anew(self) -> Self:
        """Return a copy, for each task that is told."""
        return type(self)(str(self), is_final=self.is_final)


def refused(error: OSError | RuntimeError) -> NoWorkersError:
    """Return the error for a process, or a thread for one, that the system has refused to start."""
    return NoWorkersError(not_started(getattr(error, "strerror", None) or str(error)), is_final=True)


class StartFailures:
    """Remembers why workers could not be started, and until when they are not tried again."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """Take a clock that gives monotonic seconds."""
        self._clock = clock
        self._error: WorkersError | None = None
        self._count = 0
        self._until = float("-inf")

    @property
    def hold(self) -> bool:
        """Whether workers are not to be started now."""
        return self._error is not None and self._clock() < self._until

    def check(self) -> None:
        """Raise the same error again while workers are not to be started.

        Raises:
            WorkersError: they are not.
        """
        if self._error is not None and self.hold:
            raise self._error

    def refuse(self, reason: str) -> WorkersError:
        """Return the error for workers that could not be started; one for all tasks that waited for them."""
        if self._error is None or not self.hold:
            wait = _WAITS.after(self._count)
            self._count += 1
            self._until = self._clock() + wait
            self._error = WorkersError(reason, wait)
        return self._error

    def forget(self) -> None:
        """Note that a worker runs."""
        self._error, self._count = None, 0
