"""Workers that can't be started: they are tried again after increasing waits, and not for each photo."""

from collections.abc import Callable

from familiar.backoff import Backoff
from familiar.errors import WorkersError

_WAITS = Backoff(first=5.0, longest=3600.0)
"""Short at first: a system that has no room for processes may have some again in a moment."""


def not_started(reason: str) -> str:
    """Return what is said where the processes are at fault, not a network that they load."""
    return f"worker processes can't be started: {reason}"


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
